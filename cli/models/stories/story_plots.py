"""Plots, first half: something lost, feared, shared, given, learned, broken or won."""

import story_world as w
from story_pieces import glad, good_night, helper, moral, plot, treasure


@plot("f", 2)
def lost_thing(s):
    treasure(s)
    s.put(giver=s.pick(w.GIVERS), find=s.pick([x for x in (w.FOREST_SPOTS if s.forest else w.HUMAN_SPOTS) if x not in s.spots]))
    s.say("{h} had a {o}, and {h.he} [took it everywhere|loved it very much|never went out without it]. [It was a gift from {h.his} {giver}.|It was {h.his} favorite thing in the world.]",
          "{h.his} favorite thing was a {o} from {h.his} {giver}.", "{h.his} {giver} had given {h.him} a {o}.")
    s.say("but {day}, the {n} was gone.", "{day}, {h} could not find the {n} anywhere.", "{day}, {S} [looked around|woke up] and saw that the {n} was gone.")
    s.may(0.7, "\"[oh no|oh dear], where is my {n}?\" [cried|asked|said] {h}.", "{S} [felt|was] {sad}.", "tears ran down {h.his} cheeks.")
    s.say("{S} looked {spot0}. {S} looked {spot1}. [But the {n} was not there.|It was not there.|Nothing!]",
          "first {h.he} looked {spot0}, and then {h.he} looked {spot1}, but [it was not there|there was no {n}|{h.he} found nothing].",
          "{S} searched {spot0} and {spot1}, but [there was nothing there|all {h.he} found was {junk}].")
    s.paragraph()
    helper = s.pick(["f", "a"])
    s.put(g=s.values[helper])
    if helper == "f" and s.met:
        s.say("{f} saw that {h} was sad. \"[What is wrong|why are you crying], {h.call}?\" {f.he} asked.",
              "then {f} came by. \"[what is the matter|what are you looking for], {h.call}?\" {f.he} asked.")
    else:
        s.say("then {g.intro} came by. \"[what is the matter|what are you looking for|why are you so sad]?\" asked {g}.",
              "on the way to {to1}, {S} met {g.intro}. \"[can I help you|have you lost something]?\" asked {g}.")
    s.say("\"I have lost my {n},\" said {h}.", "{S} told {g.him} about the {n}.", "\"my {n} is gone,\" said {h}. \"have you seen it?\"")
    s.say("\"[when did you see it last|where did you play yesterday]?\" asked {g}. {h} thought for a moment. \"{at1}!\" {h.he} said.",
          "\"[do not worry|do not cry], [we will find it together|I will help you look],\" said {g}.",
          "\"I think I saw something {at1},\" said {g}. \"come with me!\"")
    s.say("together they [went|ran|walked] to {to1}[ and looked everywhere|, side by side].", "so they [went|ran] to {to1} together.")
    s.say("and there, {find}, [was|lay] the {n}!", "they looked and looked. at last, {g} found the {n} {find}.",
          "there was the {n}, {find}, and [a little mouse|a tiny kitten|a baby bird] was sleeping on it.")
    s.paragraph()
    glad(s)
    s.say("{h} was {glad}. \"thank you, [my friend|{g.call}]!\" {h.he} said.", "\"you found it! thank you!\" [cried|said] {h}, and {h.he} hugged {g}.",
          "{h} hugged the {n} and then {h.he} hugged {g}.")
    s.say("from that day on, {S} [took good care of the {n}|always kept the {n} in a safe place].",
          "after that, {h} and {g} [were good friends|met every day].", "{h} never lost the {n} again.",
          "that evening, {h} and {g} [drank tea|shared a cake] together.")
    moral(s, "help", 0.25)


@plot("f", 2)
def afraid(s):
    fear, event, feel, advice, end = s.pick(w.FEARS)
    s.put(fear=fear, event=event, feel=feel, advice=advice, end=end)
    s.say("{h} had one [big|small] problem: {h.he} was afraid of {fear}.", "but {h} was [very |]afraid of {fear}.",
          "there was only one thing that {h} did not like: {fear}.", "nobody knew that {h} was afraid of {fear}.")
    s.may(0.4, "{S} told nobody about it.", "the others sometimes laughed at {h.him}.", "\"I will never be brave,\" {h.he} thought.")
    s.say("{day}, {event}. {feel}.")
    s.may(0.5, "\"I cannot do it,\" {h.he} [whispered|said].", "\"I am so afraid,\" {h.he} whispered.", "\"help!\" {h.he} cried.")
    s.paragraph()
    helper(s)
    s.say("{who} [came and sat down next to {h}|heard {h.him} and came quickly|took {h.him} by the hand].")
    s.say("\"[it is all right to be afraid|I was afraid of {fear} too, once],\" said {g}. \"{advice}.\"", "\"{advice},\" said {g} [softly|with a smile|in a quiet voice].")
    s.say("{h} took a deep breath.", "{h} [nodded|closed {h.his} eyes and counted to three|was not sure, but {h.he} wanted to try].", "{h}'s heart beat fast, but {h.he} tried.")
    s.say("{end}.")
    s.paragraph()
    s.say("\"you did it!\" [cried|said] {g}.", "\"I did it!\" [cried|shouted] {h}.", "\"that was not so bad,\" said {h}.")
    moral(s, "brave", 0.6)
    s.say("from that day on, {S} was not [so |]afraid of {fear} anymore.", "after that, {S} [helped others|told others not to worry] when they were afraid.",
          "that evening, {h} was [very proud|proud and happy].")
    good_night(s, 0.3)


@plot("f", 2)
def share(s):
    s.put(food=s.pick(w.FOODS))
    s.say("{day}, {h} [got a {food} from {m}|made a {food}|found a {food} on the table]. it [smelled wonderful|looked so good].",
          "{day}, {m} gave {h} a {food}. \"[it is for you|enjoy it],\" {m.he} said.")
    s.say("{h} wanted to eat it all alone, so {h.he} [hid {spot0}|went to {to1}, where nobody could see {h.him}].",
          "\"this is mine, all mine!\" {h.he} thought.", "{S} [sat down {at1}|sat down in the sun] to eat.")
    s.say("[just then|at that moment|but then], {who} came along. \"I [am so hungry|have not eaten all day],\" {f.he} said.",
          "[just then|a moment later], {who} [passed by|came by] and looked at the {food}. {f.his} tummy rumbled.")
    s.paragraph()
    if s.rng.random() < 0.5:
        s.say("{h} [held the {food} tight|turned away]. \"[there is not enough for two|I do not want to share],\" {h.he} said.")
        s.say("{f} [said nothing and walked away|looked down and went away|only nodded and left].")
        s.say("but now the {food} did not taste good anymore. {S} felt {sad}.", "{h} took one bite, but it [tasted of nothing|did not taste good].")
        s.say("so {h} ran after {f}. \"wait!\" {h.he} called. \"[let us eat it together|half of it is for you]!\"",
              "\"I was wrong,\" {h.he} thought. {S} [ran to {f}|went to find {f}] and [gave {f.him} the bigger half|shared the {food} with {f.him}].")
    else:
        s.say("{h} looked at the {food}, and then {h.he} looked at {f}. \"[come and sit with me|let us share],\" {h.he} said.",
              "{h} [thought for a moment|smiled]. \"there is enough for both of us,\" {h.he} said.")
        s.say("they [shared the {food}|ate together] and [laughed|told each other stories] until [the sun went down|there was not a crumb left].")
    s.paragraph()
    s.say("the next day, {f} came back with [a basket of apples|a bag of nuts|a jar of honey|fresh bread]. \"now it is my turn to share,\" {f.he} said.",
          "\"that was the best {food} ever,\" said {f}.", "\"thank you,\" said {f}. \"you are a good friend.\"",
          "when winter came and {h} had nothing to eat, {f} [brought {h.him} soup every day|shared everything with {h.him}].")
    moral(s, "share", 0.7)
    good_night(s, 0.2)


@plot("")
def gift(s):
    treasure(s)
    s.put(made=s.pick(["a crown of flowers", "a picture of the two of them", "a little wooden bird", "a song", "a warm pair of socks",
                       "a necklace of shells", "a lamp made of paper", "a book with all their stories", "a cake with berries"]))
    s.say("{day}, {h} remembered that {m} had a birthday the next day. \"I need a gift,\" {h.he} thought.",
          "{day}, it was {m}'s birthday, and {h} wanted to give {m.him} something [very |]special.")
    s.say("{S} wanted to buy a {o}, but {h.he} had [no money|only one small coin].", "at the {shop}, there was a lovely {o}, but it cost [too much|ten coins], and {h} had only one.")
    s.may(0.6, "{S} felt {sad}.", "\"what can I do?\" {h.he} [asked|sighed].")
    s.paragraph()
    s.say("on the way home, {S} met {a.intro}. \"[the best gifts are made with your own hands|a gift does not have to cost anything],\" said {a}.",
          "{S} asked {a.intro} for advice. \"[make something yourself|give something from your heart],\" said {a}.")
    s.say("that gave {h} an idea. {S} worked all [day|night|afternoon] and made {made}.",
          "so {h} went to {to1}, [gathered what {h.he} needed|thought for a while], and made {made}.")
    s.paragraph()
    s.say("when {m} saw it, {m.his} eyes [shone|filled with happy tears]. \"[this is the best gift of all|nobody ever gave me anything so beautiful],\" {m.he} said.",
          "\"happy birthday!\" [said|cried] {h}. {m} [laughed with joy|smiled from ear to ear] and hugged {h.him}.")
    s.say("{m} [kept|treasured] it for many years.", "they [danced|sang|ate cake] together until [late|the stars came out].",
          "and {h} was happier than the one who had the birthday.")
    good_night(s)


@plot("")
def rescue(s):
    noun, trouble, help_, payback = s.pick(w.TROUBLES)
    s.put(c=noun, trouble=trouble, rescue=help_, payback=payback)
    s.say("{day}, {h} [was walking to {to0}|was on the way to {to0}|was walking {at0}] when {h.he} heard a [small|tiny|weak] voice. \"help me, please!\" it said.",
          "{day}, {h} went to {to0}. there {h.he} heard somebody [cry|call for help].", "{day}, {S} found something strange {at0}.")
    s.say("it was a [little|small|tiny] {c} that {trouble}.", "a [little|small] {c} {trouble}.")
    s.may(0.5, "\"[poor thing|you poor little {c}]!\" said {h}. \"[I will help you|do not be afraid].\"", "\"do not worry, I am here,\" said {h}.")
    s.say("{S} {rescue}.")
    s.say("\"thank you,\" said the {c}. \"[one day I will help you too|I will never forget this].\"",
          "the {c} was [free|well] again. \"if you ever need me, just call,\" it said.")
    s.may(0.5, "{h} laughed. \"you are so small,\" {h.he} said. \"how could you help me?\"", "{h} smiled and waved goodbye.")
    s.paragraph()
    s.say("[many days|some weeks|a whole year] later, {h} was in trouble. then the little {c} came and {payback}.",
          "and one day, it was {h} who needed help. the {c} came at once and {payback}.",
          "[not long after that|a few days later], {h} needed help {h.self}. the {c} remembered {h.him} and {payback}.")
    s.say("\"you saved me!\" [said|cried] {h}. \"[we are friends|friends help each other],\" said the {c}.",
          "\"now we are even,\" said the {c}. \"no,\" said {h}, \"now we are friends.\"")
    moral(s, "help", 0.6)
    good_night(s, 0.25)


@plot("f", 2)
def learn(s):
    do, doing, fail, success, advice = s.pick(w.SKILLS)
    s.put(do=do, doing=doing, fail=fail, success=success, advice=advice)
    s.say("there was one thing that {h} wanted more than all the rest: to learn to {do}.", "{day}, {h} saw someone {at0} who was very good at {doing}. \"I want to learn that too!\" {h.he} said.",
          "all the others could {do}, only {h} could not.")
    s.say("{S} tried it, but {fail}.", "the first time, {fail}.")
    s.say("{S} tried again, but [it was no better|it went wrong again].", "the second time was [no better|even worse].", "\"I will never learn it,\" {h.he} [sighed|said], and {h.he} wanted to give up.")
    s.paragraph()
    helper(s)
    s.say("{who} had watched {h.him}. \"[do not give up|nobody can do it the first time],\" said {g}. \"{advice}.\"",
          "then {who} came along. \"{advice},\" said {g}. \"[I will show you|and never give up].\"")
    s.say("so {h} practiced every [day|morning|evening]. [when it rained, {h.he} practiced at home.|Some days were good and some days were bad.|Slowly, it got better.]",
          "{h} listened well. {S} practiced for [a week|many days|a whole month].")
    s.say("and then, one [fine|bright|quiet] morning, {success}!", "at last, {success}!", "and suddenly, {success}!")
    s.paragraph()
    s.say("\"look! I can do it!\" [shouted|cried] {h}.", "everyone [clapped and cheered|was amazed].", "{g} [clapped|smiled]. \"I knew that you could do it,\" {g.he} said.")
    moral(s, "try", 0.6)
    s.say("now {h} [teaches|helps] others who want to learn to {do}.", "after that, {S} never gave up so easily again.", "{h} was [proud and happy|so proud that {h.he} could not stop smiling].")


@plot("f")
def broken(s):
    s.put(thing=s.pick(["blue vase", "big mirror", "best teapot", "old clock", "window", "white plate", "garden fence", "glass bowl", "flower pot", "music box"]),
          way=s.pick(["was playing ball in the house", "was running around the house", "was dancing in the kitchen", "was jumping on the bed", "was not looking where {h.he} went"]),
          hide=s.pick(["in a box", "under the bed", "behind the stove", "in the garden", "under a blanket"]))
    window = s.values["thing"] in ("window", "garden fence")
    s.say("{day}, {h} {way}. [crash|bang|crack]! {m}'s {thing} was broken.", "{day}, {h} {way}, and [suddenly|all at once] {m}'s {thing} broke.")
    s.say("\"oh no!\" {h.he} [whispered|thought]. \"{m.he} will be so angry.\"", "{h}'s heart beat fast. nobody had seen it.")
    if window:
        s.say("{S} ran away as fast as {h.he} could.", "{S} went to {h.his} room and [closed the door|said nothing].")
    else:
        s.say("{S} hid the pieces {hide}.", "quickly, {S} put the pieces {hide}.")
    s.paragraph()
    s.say("\"do you know what happened to my {thing}?\" asked {m} [in the evening|later]. \"[no|it was the cat|it was the wind],\" said {h}.",
          "when {m} asked about the {thing}, {h} said, \"[it was the cat|it was the wind|I do not know].\"")
    s.say("but that night, {h} could not sleep. {h.his} tummy hurt.", "{S} could not eat, and {h.he} could not play. the lie was [as heavy as a stone|like a stone in {h.his} shoe].")
    s.may(0.4, "\"[tell the truth, and you will feel better|a lie only grows],\" said {who}, {h.his} friend.")
    s.say("in the morning, {S} went to {m}. \"I broke the {thing},\" {h.he} said. \"I am so sorry.\"", "at last, {h} told {m} everything. \"it was me,\" {h.he} said[, and began to cry| in a small voice].")
    s.paragraph()
    s.say("{m} [hugged {h.him}|took {h.him} in {m.his} arms]. \"[thank you for telling me|that was brave of you],\" {m.he} said. \"[we can fix it together|the truth is worth more than a {thing}].\"",
          "\"I knew it,\" said {m} with a smile. \"I was only waiting for you to tell me.\"")
    s.say("together they [mended|repaired] the {thing}[, and it was almost as good as new| with glue and patience].")
    moral(s, "truth", 0.7)
    good_night(s, 0.3)


@plot("")
def wish(s):
    want, wrong = s.pick(w.WISHES)
    s.put(want=want, wrong=wrong, magic=s.pick(w.MAGIC_THINGS))
    s.say("{day}, {h} found {magic} {at0}.", "{day}, {h} went to {to0}, and there {h.he} found {magic}.")
    s.say("\"you may make one wish,\" said a [soft|deep|strange] voice.", "\"[make a wish|wish for something], and it will come true,\" [said|whispered] a voice.",
          "\"I will give you one wish,\" said a [tiny|strange] voice. \"think well!\"")
    s.say("{h} did not think for long. {S} wished {want}.", "{h} [jumped for joy|laughed]. {S} wished {want}.")
    s.may(0.5, "[puff|whoosh|bing]! the wish came true.", "there was a flash of light, and the wish came true.")
    s.say("at first, it was [wonderful|a lot of fun].", "for one [day|hour], {h} was very happy.")
    s.say("but [soon|then|after a while], {wrong}.")
    s.may(0.5, "{S} [felt|was] {sad}.", "\"this is not what I wanted,\" said {h}.")
    s.paragraph()
    s.say("{S} [ran|went] back to {to0}. \"please make everything as it was before,\" {h.he} said.",
          "\"please take the wish back!\" [begged|cried] {h}.", "{S} asked {a.intro} for help. \"ask for your old life back,\" said {a}. so {h} did.")
    s.say("the voice laughed kindly. \"[you are wise now|so be it],\" it said, and everything was as before.", "and [bing|puff|whoosh], everything was as it had been.")
    s.paragraph()
    s.say("{h} [went|ran] home, and everything looked [new and beautiful|better than before].", "never had {h.his} [own bed|supper|home] felt so good.",
          "{S} [hugged {m}|told {m} about it], and they [laughed|laughed together for a long time].")
    moral(s, "content", 0.7)
    good_night(s)


@plot("f")
def lost_way(s):
    s.put(follow=s.pick(["a blue butterfly", "a white rabbit", "a strange song", "a shiny beetle", "the sound of a bell", "a red balloon", "a cloud that looked like a ship"]))
    s.say("{day}, {h} [followed|went after] {follow}, [deeper and deeper into the woods|farther and farther from home].",
          "{day}, {h} saw {follow}. {S} [ran|went] after it, [over the hill and into the woods|farther and farther, and forgot the time].")
    s.say("when {h.he} [looked around|stopped], all the trees looked the same.", "then {h.he} [stopped|stood still]. {S} did not know the way back.")
    s.say("it was getting [dark|late|cold], and {h} was {sad}. \"how will I get home?\" {h.he} [asked|said].", "\"I am lost,\" {h.he} [whispered|said], and {h.he} [began to cry|sat down on a stone].")
    s.paragraph()
    s.say("\"[who is crying there|are you lost, little one|what are you doing here so late]?\" asked a voice. it was {a.intro}.", "then a small light came closer. it was {a.intro} with a lantern.")
    s.say("\"[follow the stream|follow the big star|go where the moss grows], and you will come to {to1},\" said {a}. \"[the rest you know|from there you can see your home].\"",
          "\"I know the way,\" said {a}. \"[stay close to me|come with me].\" they walked and walked until they came to {to1}.")
    s.say("{h} [walked bravely through the night|was not afraid anymore]. and there, behind the last tree, was home!", "at last, {h} saw a light in a window. [it was home|home at last]!")
    s.paragraph()
    s.say("{m} was waiting at the door. \"there you are!\" {m.he} cried, and hugged {h}.", "{m} [put a warm blanket around {h.him}|gave {h.him} hot soup]. \"I was so worried,\" {m.he} said.")
    s.say("the next day, {h} brought {a} [a cake|some flowers|a basket of berries] to say thank you.", "after that, {S} always [left a trail of stones|told someone where {h.he} was going].",
          "{h} and {a} [stayed friends|met often after that].")
    good_night(s, 0.4)


@plot("f", 2)
def race(s):
    s.put(contest=s.pick(["race", "big race", "sack race", "running race"]), prize=s.pick(["a golden cup", "a big cake", "a silver medal", "a basket of apples", "a blue ribbon"]))
    s.say("{day}, there was a {contest} {at0}. the prize was {prize}.", "every {season}, there was a {contest} {at0}, and the winner got {prize}.")
    if s.met:
        s.say("{h} and {f} both wanted to win.", "{f} was the fastest of all, and {h} had never won anything.")
    else:
        s.say("{f.intro} was there too. \"[nobody is faster than me|I will win, as always],\" {f.he} said.", "{h} had to race against {f.intro}, who had never lost.")
    s.say("\"[one, two, three|ready, steady], go!\" [shouted|called] {a.intro}, and off they went.", "{a.intro} [waved a flag|rang a bell], and everyone started.")
    s.paragraph()
    if s.rng.random() < 0.5:
        s.say("{h} was [in front|ahead] and could already see the finish. then {h.he} heard a cry. {f} had [fallen|hurt {f.his} foot].")
        s.say("{h} [stopped|thought of {prize}, but only for a moment]. {S} turned around and [helped {f} up|ran back to help {f}].")
        s.say("they [came in|reached the finish] last, arm in arm, but everyone [clapped|cheered] for them.", "together, step by step, they went to the finish. the others had arrived long before.")
        s.say("\"the prize goes to the one with the biggest heart,\" said {a}, and gave the prize to {h}.", "\"you could have won,\" said {f}. \"I won a friend,\" said {h}.")
        moral(s, "friends", 0.4)
    else:
        s.say("{f} was [soon |]far ahead. {F} was so sure that {f.he} [lay down for a nap|stopped to eat some berries|stopped to talk to everyone].")
        s.say("but {h} [went on and on|did not stop], [one step after another|slow but steady].")
        s.say("when {f} [woke up|looked up], {h} was already at the finish.", "{f} ran as fast as {f.he} could, but it was too late.")
        s.say("\"you won!\" said {f}. \"[I was too proud|next time I will not stop].\" {h} [shared|wanted to share] the prize with {f.him}.", "{h} got the prize, and {f} was the first to [clap|shake {h.his} hand].")
        moral(s, "try", 0.5)
    good_night(s, 0.4)
