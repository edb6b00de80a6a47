"""What the plots share: their register, and pieces of telling.

Slots of the templates: {h} hero, {f} friend, {who} the friend with an introduction where the story has not met it yet,
{a} {b} helpers, {m} a relative of the hero, {S} {F} hero or friend as a subject, {day} the words that begin the plot,
{to0}.. and {at0}.. places, {spot0}.. hiding places.
"""

import story_world as w

PLOTS = []


def plot(needs="", weight=1):
    """Registers a plot; `needs` names the characters ("f") that the opening may introduce for it."""
    def register(function):
        function.needs = needs
        PLOTS.extend([function] * weight)
        return function
    return register


def treasure(s):
    """{o}: "red scarf" at first, {n}: "scarf" later."""
    words = s.pick(w.TREASURES).split()
    words[0] = words[0] if words[0] != "C" else s.pick(w.COLORS)
    s.put(o=" ".join(words), n=" ".join(words[1:]) if s.rng.random() < 0.5 else " ".join(words))


def helper(s):
    """{g}: who helps in this plot; {who} introduces the same one."""
    s.guide(s.values["f"] if s.met else s.values[s.pick("afm")])


def glad(s):
    s.put(glad=s.pick(w.FEEL_GLAD))


def moral(s, key, chance=0.4):
    s.put(moral=s.pick(w.MORALS[key]))
    s.may(chance, "{h} had learned that {moral}.", "and so {h} learned that {moral}.", "from then on, {h} knew that {moral}.",
          "\"now I know that {moral},\" [said {h}|thought {h}].", "that day, {h} learned that {moral}.")


def good_night(s, chance=0.35):
    s.may(chance, "that night, {h} [slept very well|fell asleep with a smile|dreamed sweet dreams].",
          "when the moon came up, {S} fell asleep with a smile.", "in the evening, {h} told {m} all about it.",
          "and they all lived happily ever after.", "it was the best day of the whole {season}.",
          "and if you listen well, you can still hear {h} laugh.", "and {h} never forgot that day.")
