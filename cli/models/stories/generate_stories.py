#!/usr/bin/env python3
"""Writes small English stories, one per paragraph block, from a grammar: words in story_world.py, plots in story_plots*.py.

    python3 generate_stories.py --count 5            print five stories
    python3 generate_stories.py --count 60000 --output corpus.txt

The same seed gives the same stories. No two stories of one run are alike.
"""

import argparse
import random
import re
import sys

import story_pieces
import story_plots  # noqa: F401 - registers its plots
import story_plots_more  # noqa: F401
import story_world as w

SEPARATOR = "\n<|story|>\n"
CHOICE = re.compile(r"\[([^\[\]]*)\]")
SPEAKER = re.compile(r" ((he|she|it|they|everyone|the [a-z ]{1,24}?) )?"
                     r"(said|asked|cried|shouted|whispered|thought|sighed|begged|laughed|called)\b")
INTERRUPTED = re.compile(r'," [^".!?]*, $')
SLOT = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
PRONOUNS = {
    "she": {"he": "she", "him": "her", "his": "her", "own": "hers", "self": "herself"},
    "he": {"he": "he", "him": "him", "his": "his", "own": "his", "self": "himself"},
    "it": {"he": "it", "him": "it", "his": "its", "own": "its", "self": "itself"},
}


class Character:
    """A person or an animal: a name (or "the little fox"), a kind ("fox"), and pronouns."""

    def __init__(self, name, kind, pronoun, adjective="", intro=None):
        self.name, self.kind, self.pronoun, self.adjective = name, kind, pronoun, adjective
        self.intro = intro or name
        self.named = name[0].isupper()
        self.unnamed_hero = not self.named and bool(adjective)

    def get(self, attribute):
        if attribute in PRONOUNS["he"]:
            return PRONOUNS[self.pronoun][attribute]
        if attribute == "call":  # how others address the character
            return self.name if self.named else self.name.replace("the ", "")
        if attribute == "the":
            return "the " + self.kind
        return getattr(self, attribute)


class Story:
    """One story in the making. Plots call say, may and paragraph; templates refer to the cast and to values."""

    def __init__(self, rng):
        self.rng = rng
        self.values = {}
        self.paragraphs = [[]]
        self.last = None  # the character mentioned last: only that one may become a pronoun

    def character(self, key, kind, pronoun):
        """Adds someone known by kind only: "the king"."""
        self.values[key] = Character("the " + kind, kind, pronoun, "", "a " + kind)

    def guide(self, character):
        """Makes {g} and {who} this character."""
        self.put(g=character, g_who=character)

    def pick(self, options):
        return self.rng.choice(options)

    def put(self, **values):
        self.values.update(values)

    def say(self, *templates):
        """Adds one of the templates as a sentence (or several)."""
        self.paragraphs[-1].append(self.fill(self.pick(templates)))

    def may(self, chance, *templates):
        if self.rng.random() < chance:
            self.say(*templates)

    def paragraph(self):
        if self.paragraphs[-1]:
            self.paragraphs.append([])

    def fill(self, template):
        """[a|b] picks one; {h} is a name, {h.he} a pronoun, {S} and {F} a name or a pronoun, whichever is clear."""
        text = template
        for _ in range(6):  # nested choices, and choices that values bring along
            while CHOICE.search(text):
                text = CHOICE.sub(lambda m: self.pick(m.group(1).split("|")), text)
            if not SLOT.search(text):
                break
            text = SLOT.sub(self._slot, text)
        return polish(text)

    def _slot(self, match):
        key, attribute = match.group(1), match.group(2)
        if key in ("S", "F"):
            return self._subject(self.values["h" if key == "S" else "f"])
        if key == "who":  # the friend, or whoever takes that part: by introduction the first time
            guide = self.values.get("g_who", self.values["f"])
            self.last = guide
            known, self.met = self.met, True
            return guide.name if known else guide.intro
        value = self.values[key]
        if not isinstance(value, Character):
            return value
        if attribute is None or attribute in ("intro", "the"):
            self.last = value
        if attribute is None:
            return self._name(value)
        return value.get(attribute)

    def _subject(self, character):
        if self.last is character and self.rng.random() < 0.9:
            return character.get("he")
        self.last = character
        if character.named and character.adjective and self.rng.random() < 0.12:
            return "the " + character.adjective + " " + character.kind
        return self._name(character)

    def _name(self, character):
        """A name; for the nameless, "the little fox" or just "the fox"."""
        return character.get("the") if character.unnamed_hero and self.rng.random() < 0.5 else character.name

    def text(self):
        return "\n\n".join(" ".join(p) for p in self.paragraphs if p)


def polish(text):
    """Articles and capitals: "a old owl" -> "an old owl"; a sentence and a speech begin with a capital."""
    text = re.sub(r"\b([Aa]) (?=(?!un[ei]|us[eu]|one\b)[aeiou])", r"\1n ", text)
    out, quoted, start = [], False, True
    for i, c in enumerate(text):
        if c == '"':
            quoted = not quoted
            # a speech begins with a capital, unless it goes on after "...," said she, "..."
            start = start or quoted and not INTERRUPTED.search(text, 0, i)
            if not quoted:  # after a closing quote comes who said it, or a new sentence
                start = text[i - 1] in ".!?" and not SPEAKER.match(text, i + 1)
        elif start and c.isalpha():
            c, start = c.upper(), False
        elif c in ".!?" and i + 1 < len(text) and text[i + 1] == " ":
            start = True
        out.append(c)
    return "".join(out)


def make_hero(story):
    """Picks the world, the hero and the hero's home."""
    r = story.rng
    world = r.choices(["village", "forest", "farm", "castle", "wonder"], [44, 32, 8, 8, 8])[0]
    girl = r.random() < 0.5
    pronoun = "she" if girl else "he"
    child_name = story.pick(w.GIRLS if girl else w.BOYS)
    animal_name = story.pick(w.SHE_ANIMAL_NAMES if girl else w.HE_ANIMAL_NAMES)
    forest = world == "forest"
    if world == "village":
        adjective, kind, name = story.pick(w.CHILD_ADJECTIVES), "girl" if girl else "boy", child_name
    elif world == "castle":
        kind, pronoun = story.pick(w.ROYALS)
        name = story.pick(w.GIRLS if pronoun == "she" else w.BOYS)
        adjective = story.pick(["young", "kind", "little", "clever"])
    else:
        kind = story.pick({"forest": w.FOREST_ANIMALS, "farm": w.FARM_ANIMALS, "wonder": w.WONDERS}[world])
        adjective = story.pick(w.ANIMAL_ADJECTIVES)
        name = child_name if world == "wonder" else animal_name
    unnamed = world != "village" and r.random() < 0.2
    hero = Character("the " + adjective + " " + kind if unnamed else name, kind, pronoun, adjective)
    phrase = "a " + adjective + " " + kind
    hero.intro = phrase if unnamed else phrase + story.pick([" named ", " called ", " named "]) + name
    homes = {"village": w.HUMAN_HOMES, "forest": w.FOREST_HOMES, "farm": ["on a farm", "on a small farm", "in an old barn"],
             "castle": w.ROYAL_HOMES, "wonder": w.WONDER_HOMES}[world]
    regions = w.FOREST_REGIONS if forest else w.HUMAN_REGIONS
    story.put(h=hero, home=story.pick(homes), region=story.pick(regions), trait=story.pick(w.TRAITS),
              hobby=story.pick(w.HOBBIES))
    story.forest = forest
    story.places = r.sample(w.FOREST_PLACES if forest else w.HUMAN_PLACES, 4)
    story.spots = r.sample(w.FOREST_SPOTS if forest else w.HUMAN_SPOTS, 3)
    helpers = r.sample(w.FOREST_HELPERS if forest or r.random() < 0.2 else w.VILLAGE_HELPERS, 3)
    helpers = [Character("the " + noun, noun, p, "", "a " + noun) for noun, p in helpers if noun.split()[-1] != kind]
    story.put(a=helpers[0], b=helpers[1], **{"to%d" % i: p[0] for i, p in enumerate(story.places)},
              **{"at%d" % i: p[1] for i, p in enumerate(story.places)},
              **{"spot%d" % i: s for i, s in enumerate(story.spots)})
    relative, p = story.pick(w.FAMILY)
    story.put(m=Character(PRONOUNS[pronoun]["his"] + " " + relative, relative, p))
    story.put(sad=story.pick(w.FEEL_SAD), junk=story.pick(w.JUNK), shop=story.pick(w.SHOPS), food=story.pick(w.FOODS),
              later=story.pick(["spring", "May", "June"]))
    story.put(friend=make_friend(story, kind, name, world))
    story.values["f"] = story.values["friend"]


def make_friend(story, hero_kind, hero_name, world):
    """A friend for the hero, never of the same name, and seldom of the same kind."""
    r = story.rng
    girl = r.random() < 0.5
    if world in ("village", "castle", "wonder") and r.random() < 0.5:
        name = story.pick([n for n in (w.GIRLS if girl else w.BOYS) if n != hero_name])
        adjective, kind = story.pick(w.CHILD_ADJECTIVES), "girl" if girl else "boy"
    else:
        name = story.pick([n for n in (w.SHE_ANIMAL_NAMES if girl else w.HE_ANIMAL_NAMES) if n != hero_name])
        kinds = w.FOREST_ANIMALS if world == "forest" else w.FARM_ANIMALS + ["mouse", "hedgehog", "squirrel", "rabbit", "frog"]
        adjective, kind = story.pick(w.ANIMAL_ADJECTIVES), story.pick([k for k in kinds if k != hero_kind])
    friend = Character(name, kind, "she" if girl else "he", adjective)
    friend.intro = "a " + adjective + " " + kind + story.pick([" named ", " called "]) + name
    return friend


def make_weather(story):
    weather = story.pick(list(w.WEATHERS))
    season = story.pick(w.WEATHER_SEASONS.get(weather, w.SEASONS))
    story.put(weather=weather, season=season, sky=story.pick(w.WEATHERS[weather]))
    story.day = story.pick(["one day", "one day", "one {weather} day", "one {weather} morning", "one {weather} afternoon",
                            "one {season} morning", "one day in {season}", "on a {weather} morning", "on a {weather} day in {season}"])


def opening(story):
    """Introduces the hero. The plot begins after it, with {day}."""
    hero = story.values["h"]
    frames = [
        (34, "once upon a time, there was {h.intro}. {S} lived {home}."),
        (14, "once upon a time, there was {h.intro} who lived {home}."),
        (8, "once upon a time, {h.intro} lived {home}."),
        (10, "once upon a time, in {region}, there [lived|was] {h.intro}."),
        (10, "there once was {h.intro} who lived {home}."),
        (6, "there was once {h.intro}. {S} lived {home}."),
        (10, "in {region}, there lived {h.intro}."),
        (6, "in a small village, there lived {h.intro}." if not story.forest else "deep in the forest, there lived {h.intro}."),
        (6, "long ago, {h.intro} lived {home}."),
        (5, "long, long ago, in {region}, there lived {h.intro}."),
        (5, "far away, behind [seven hills|the blue mountains|the wide sea], there lived {h.intro}."),
        (6, "this is the story of {h.intro}."),
        (8, "{h.intro} lived {home}."),
        (5, "every [morning|evening], {h.intro} [sat at the window|looked up at the sky|went for a walk] and dreamed of adventures."),
    ]
    if hero.named:
        frames += [(10, "{h} was a {h.adjective} {h.kind} who lived {home}."), (6, "{h} was a {h.adjective} {h.kind}. {S} lived {home}."),
                   (0 if hero.kind in ("girl", "boy") else 6, "{h} the {h.kind} lived {home}.")]
    story.say(story.rng.choices([f[1] for f in frames], [f[0] for f in frames])[0])
    kind = story.rng.random()
    if kind < 0.3:
        story.say("{S} was {trait}.", "everyone [said|knew] that {h} was {trait}.")
    elif kind < 0.6:
        story.say("{S} [loved|liked] {hobby}.", "more than anything, {S} [loved|liked] {hobby}.")
    elif kind < 0.75:
        story.say("{S} was {trait}, and {h.he} loved {hobby}.")
    elif kind < 0.88 and "f" in story.needs:
        story.say("{h.his} best friend was {f.intro}.", "{S} had a good friend, {f.intro}.",
                  "{S} and {f.intro} were best friends.")
        story.met = True


def begin(story, plot):
    """The opening and the first words of the plot: mostly an introduction, sometimes straight into the day."""
    story.met = False
    story.needs = plot.needs
    make_hero(story)
    make_weather(story)
    direct = story.rng.random()
    if direct < 0.8:
        opening(story)
        if story.rng.random() < 0.6:
            story.paragraph()
        story.put(day=story.fill(story.day).replace("One ", "one ", 1).replace("On ", "on ", 1))
        story.last = None
    else:
        story.say("[one day|one {weather} morning|one {weather} day|on a {weather} {season} day], {h.intro} [woke up early|was playing {at0}"
                  "|was walking {at0}|sat {at0}|went out to play|looked out of the door].",
                  "it was a {weather} [day|morning] in {season}, and {h.intro} [was on the way to {to0}|was sitting {at0}|had nothing to do].",
                  "it was a {weather} [day|morning]. {h.intro} [was on the way to {to0}|was playing {at0}|wanted to go out].",
                  "{h.intro} was [sitting|walking|playing] {at0} one {weather} [day|morning|afternoon].")
        story.may(0.4, "{sky}.")
        story.put(day=story.pick(["on that day", "that day", "a little later", "soon after that", "that very day"]))


def make_story(rng):
    story = Story(rng)
    plot = rng.choice(story_pieces.PLOTS)
    begin(story, plot)
    plot(story)
    return story.text()


def stories(count, seed):
    """Yields `count` different stories of 60 to 185 words."""
    rng, seen = random.Random(seed), set()
    while len(seen) < count:
        text = make_story(rng)
        if 60 <= len(text.split()) <= 185 and text not in seen:
            seen.add(text)
            yield text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", help="a file; standard output without it")
    args = parser.parse_args()
    out = open(args.output, "w", encoding="utf-8") if args.output else sys.stdout
    with out:
        for text in stories(args.count, args.seed):
            out.write(text + SEPARATOR)


if __name__ == "__main__":
    main()
