"""Plots, second half: something planted, found, built, mended, carried or sung."""

import story_world as w
from story_pieces import glad, good_night, moral, plot, treasure


@plot("f")
def plant(s):
    seed, grown, end = s.pick(w.SEEDS)
    s.put(seed=seed, grown=grown, end=end)
    s.say("{day}, {h} found a [small|strange|lonely] {seed} {at0}.", "{day}, {a.intro} gave {h} a {seed}. \"[plant it and wait|take good care of it],\" said {a}.")
    s.say("{S} dug a little hole, put the {seed} into the ground and gave it some water.", "{S} planted it in a [sunny|quiet] place and watered it.")
    s.say("the next morning, {S} [ran out|went] to look, but nothing had happened. [the day after, there was still nothing.|After a week, there was still nothing.]",
          "every [morning|day], {S} went to look, but there was [only brown earth|nothing to see].")
    s.may(0.7, "\"why does it not grow?\" {h.he} asked.", "\"[nothing will ever grow here|it will never grow],\" laughed {who}.",
          "\"be patient,\" said {m}. \"it is still asleep.\"")
    s.paragraph()
    s.say("but {h} did not give up. {S} [watered it every day|sang to it every evening|pulled out the weeds and waited].", "{S} watered the ground when it was dry and covered it when it was cold.")
    s.say("then, one morning, there was a tiny green leaf! [it grew and grew|every day it grew a little].", "and one day in {later}, something green looked out of the earth. it grew and grew.")
    s.say("in the end, it was a [wonderful|tall|beautiful|mighty] {grown}. {end}.", "it became the [biggest|finest] {grown} that anyone had ever seen. {end}.")
    s.paragraph()
    glad(s)
    s.say("{h} was {glad}.", "\"[you were right to wait|you never gave up],\" said everyone.")
    moral(s, "patience", 0.7)
    good_night(s, 0.3)


@plot("f", 2)
def newcomer(s):
    if s.met:
        s.say("but they had not always been friends. when {f} was new there, {f.he} did not know anyone.", "it had begun when {f} came to live nearby.")
    else:
        s.say("{day}, somebody new came to live nearby. it was {who}.", "{day}, {h} saw [someone new|a stranger] {at0}. it was {who}.",
              "{day}, {who} moved in next door.")
    s.say("{F} was very shy and [did not talk to anyone|always sat alone {at1}|looked at the ground].", "{F} looked different from all the others, and nobody wanted to play with {f.him}.")
    s.say("\"[look at those funny shoes|what a strange voice {f.he} has|{f.he} is not one of us],\" said the others.", "{h} [knew how that felt|felt sorry for {f.him}|thought about it for a long time].")
    s.paragraph()
    greeting = "my name is {h}. " if s.values["h"].named else ""
    s.say("{h} [went|walked] over and said, \"hello! %s[do you want to play|do you want to see {to2}|will you be my friend]?\"" % greeting,
          "{h} [took a {food} and knocked at the door|brought a {food}]. \"welcome!\" {h.he} said.")
    s.say("{f} looked up and smiled for the first time.", "at first, {f} said nothing. then {f.he} smiled [a little|a shy smile].")
    s.say("they [played|talked|explored {to2}] until [it was dark|the sun went down|the stars came out]. {f} could [tell wonderful stories|walk on {f.his} hands|sing like a bird|do magic tricks|find paths that nobody knew].",
          "it turned out that {f} could [tell wonderful stories|build anything out of wood|sing like a bird|do magic tricks].")
    s.may(0.6, "soon the others [came to listen|wanted to join in too].", "when the others saw that, they came and [said that they were sorry|wanted to play too].")
    s.paragraph()
    s.say("from that day on, {h} and {f} were [the best of friends|always together].", "\"I am glad that you came here,\" said {h}. \"so am I,\" said {f}.")
    moral(s, "friend", 0.6)
    good_night(s, 0.3)


@plot("f", 2)
def storm(s):
    s.put(roof=s.pick(["roof", "door", "wall", "chimney"]))
    s.say("{day}, a [big|terrible|wild] storm came. the wind [howled|roared] [all night|for hours], and the rain [fell in buckets|beat against the walls].",
          "{day}, the sky turned [black|dark grey], and a [big|wild] storm began.")
    s.say("in the morning, the {roof} of {h.his} home was gone.", "when it was over, {h.his} home was [gone|full of water|in pieces].")
    s.say("\"where will I [sleep|live] now?\" [asked|cried] {h}. {S} was {sad}.", "{h} [sat down in the mud|stood in the rain] and did not know what to do.")
    s.paragraph()
    s.say("{who} [saw it|heard about it] and came at once. \"[you can stay with me|do not worry, we will help],\" {f.he} said.")
    s.say("then {a.intro} brought [wood|nails and a hammer|straw], and {b.intro} brought [a long rope|hot soup|dry blankets].", "soon {a.intro} and {b.intro} came to help too.")
    s.say("{a} [sawed|carried the wood], {f} [held the ladder|hammered], and {h} [did everything that was needed|worked from morning till night].", "they worked [all day|for three days], and they sang while they worked.")
    s.say("when the sun [went down|came out again], {h.his} home was [stronger and nicer than before|even better than before].", "in the end, there was a new home, [with a blue door|with a big window|warm and dry].")
    s.paragraph()
    s.say("{h} [invited everyone|made a big pot of soup for everyone] to say thank you.", "\"thank you, [my friends|all of you],\" said {h}. \"[alone I could not have done it|I could not have done it alone].\"")
    s.may(0.5, "and when the next storm came, nobody was afraid.", "that night, the wind blew again, but inside it was warm and full of laughter.")
    moral(s, "help", 0.4)
    good_night(s, 0.2)


@plot("f")
def noise(s):
    sound, cause, deed = s.pick(w.NOISES)
    s.put(sound=sound, cause=cause, deed=deed)
    s.say("one [dark|quiet|{season}] night, {h} [woke up|could not sleep]. {S} heard {sound}.", "that night, when everyone was asleep, {h} heard {sound}.", "in the middle of the night, {h} was woken by {sound}.")
    s.say("\"[what is that|who is there]?\" [whispered|asked] {h}. [nobody answered.|There was no answer.|But it did not stop.]", "was it [a ghost|a monster|a robber]? {h} [pulled the blanket up to {h.his} nose|held {h.his} breath].")
    if s.met or s.rng.random() < 0.5:
        s.say("{S} woke {h.his} friend {f}. \"do you hear that?\" {h.he} asked.")
        s.say("together they [took a lantern|lit a candle] and [tiptoed|crept] outside.", "hand in hand, they [tiptoed|crept] to the door.")
    else:
        s.say("but {S} was too curious to stay in bed. {S} [took a lantern|lit a candle] and [tiptoed|crept] outside.", "then {S} took all {h.his} courage, [took a lantern|put on a coat] and went to look.")
    s.paragraph()
    s.say("the sound came from [behind the house|the bushes|under the window]. [step by step, it got louder.|It got louder and louder.]")
    s.say("and what was it? it was only {cause}!", "and there it was: {cause}!")
    s.say("{h} began to laugh. {S} {deed}.", "\"so it was you!\" said {h}, and {h.he} {deed}.")
    s.paragraph()
    s.say("then {S} went back to bed and slept until [the sun was high|the morning].", "in the morning, {h} told {m} about it, and they laughed together.")
    moral(s, "brave", 0.6)
    s.may(0.4, "after that, the night did not seem so scary anymore.", "and whenever {h} heard a strange sound, {h.he} went to look first.")


@plot("f")
def treasure_map(s):
    thing, meaning = s.pick(w.TREASURE_FINDS)
    s.put(thing=thing, meaning=meaning, mapfind=s.pick(w.MAP_FINDS))
    s.say("{day}, {h} found an old map {mapfind}. there was a big red cross on it.", "{day}, {h} found a piece of paper {mapfind}. it was a treasure map!")
    s.say("{S} showed it to {who}. \"[let us find the treasure|a real treasure map]!\" {f.he} [cried|said].",
          "\"look, a treasure!\" said {h} to {who}. they packed [bread and apples|a rope and a lamp] and set off.")
    s.say("first they went to {to1}. then they [counted a hundred steps|turned left] and came to {to2}.", "the map led them past {to1}, and then to {to2}.")
    s.say("on the way, they met {a.intro}. \"only those who stay together will find it,\" said {a}.", "[there was a wide river|a fallen tree was in the way|a big stone was in the way], but together they found a way.",
          "\"I am tired,\" said {f}. \"only a little farther,\" said {h}.")
    s.paragraph()
    s.say("at last, they came to the place with the cross. they searched [everywhere|for a long time], and then they found {thing}.")
    s.say("\"[is that all|no gold]?\" asked {f}. but {h} [smiled|looked closer]. {meaning}.", "there was no gold. but {h} [laughed|was not sad]. {meaning}.")
    s.paragraph()
    s.say("\"this is better than gold,\" said {h}, and {f} nodded.", "and that was better than all the gold in the world.", "\"the best part was looking for it with you,\" said {f}.")
    moral(s, "friends", 0.5)
    good_night(s, 0.5)


@plot("f")
def baking(s):
    s.put(cake=s.pick(w.CAKES), g=s.values["f" if s.met else "m"])
    i = s.rng.sample(w.INGREDIENTS, 2)
    s.put(i=i[0], j=i[1])
    s.say("{day}, {h} wanted to bake a {cake} for {g}.", "{day}, {h} was going to bake a {cake}.")
    s.say("but there was no {i} [in the house|left]. {S} went to {a.intro}. \"do you have some {i}?\" {h.he} asked.", "but when {h.he} looked on the shelf, there was no {i}. so {S} asked {a.intro} for some.")
    s.say("\"[I do|of course],\" said {a}, \"but I need [some {j}|a little {j}] first.\" so {h} went to {b.intro}.", "\"here you are,\" said {a}. \"but will you bring me a piece of the {cake}?\" {h} promised it.")
    if s.values["j"] in s.paragraphs[-1][-1].split("said")[-1]:
        s.say("{b} gave {h.him} the {j}, and {h} took it to {a} and got the {i}.", "{b} was happy to help. {h} took the {j} to {a}, and {a} gave {h.him} the {i}.")
    s.paragraph()
    s.say("at last, {h} mixed everything in a big bowl and put the {cake} into the oven. soon the whole house smelled [sweet|wonderful].", "then {S} stirred and kneaded and baked. [there was flour on {h.his} nose.|There was flour everywhere.]")
    s.may(0.5, "the {cake} was a little [crooked|burned on one side], but that did not matter.", "the {cake} was so [big|beautiful] that {h} could not eat it alone.")
    s.say("{h} invited {a} and {g}, and they all [sat around the table|ate together].",
          "just then, there was a knock at the door. it was {a}. \"it smells so good here!\" {a.he} said. {h} laughed and cut the {cake}.")
    s.paragraph()
    s.say("\"this is the best {cake} in the world,\" [said {a}|everyone said].", "soon there was nothing left but crumbs.")
    moral(s, "share", 0.6)
    good_night(s, 0.5)


@plot("f", 1)
def moon(s):
    s.put(star=s.pick(["moon", "moon", "brightest star", "evening star"]))
    s.say("{h} wanted to touch the {star}. it looked so [near|close|bright] [over the hills|above the trees].", "every night, {h} looked at the {star}. \"I want to [touch|hold] it just once,\" {h.he} said.")
    s.say("one [clear|warm|quiet] night, {S} climbed [the highest hill|the tallest tree], but the {star} was still too far away.", "one night, {S} put [a ladder|three chairs] on top of the roof, but the {star} was still too far away.")
    s.say("{S} asked {a.intro} for help. \"[nobody can reach it|it is too high for all of us],\" said {a}.", "\"you will need a very long ladder,\" laughed {a.intro}.")
    s.may(0.6, "{S} was {sad}.", "but {h} did not give up.")
    s.paragraph()
    s.say("then {who} came by. \"come with me to the [pond|lake],\" {f.he} said. \"I want to show you something.\"")
    s.say("there, in the [still|dark|quiet] water, was the {star}. {h} [bent down|reached out] and touched it, and it [trembled|danced] on the water.")
    s.say("\"it came down to me!\" [whispered|cried|laughed] {h}.", "\"it is cold and wet,\" laughed {h}.")
    s.paragraph()
    s.say("they sat by the water [all night|for a long time], [side by side|and said nothing], until [the sun rose|{h} fell asleep].")
    s.say("after that, {h} often went there to [say good night to|visit] the {star}.", "and whenever {h} was sad, {h.he} went there and looked into the water.")
    moral(s, "friends", 0.3)


@plot("")
def journey(s):
    s.put(carry=s.pick(["a letter", "a basket of medicine", "a pot of honey", "an important message", "a warm cake", "a box with a golden ribbon"]),
          far=s.pick(["on the other side of the mountain", "at the end of the long road", "behind the big forest", "on the far side of the river"]))
    s.say("{day}, {m} said, \"please take {carry} to {b}. {b.he} lives {far}.\"")
    s.say("{h} had never gone so far alone, but {h.he} [nodded|said yes] and set off.", "\"I can do that!\" said {h}, and {h.he} set off [at once|early in the morning].")
    s.say("first {S} came to [a wide river|a deep river]. [the bridge was broken|there was no bridge], so {h.he} [jumped from stone to stone|made a raft of branches].", "first, the wind tried to blow {h.him} away, but {h.he} [held on tight|walked on with small steps].")
    s.say("then {S} met {a.intro}. \"[stay and play with me|come and rest with me],\" said {a}. \"[later|on the way back],\" said {h}. \"somebody is waiting.\"",
          "then it began to [rain|snow|get dark]. {h} [hid|put] {carry} under {h.his} coat and went on.")
    s.may(0.5, "{h.his} feet hurt, but {S} [sang a song|thought of {m}] and did not stop.")
    s.paragraph()
    s.say("in the evening, {S} [knocked at the door|arrived at last]. {b} opened the door and [smiled|could hardly believe it].")
    s.say("\"you came all this way for me?\" asked {b}. \"[come in and warm yourself|you must be hungry].\"", "\"[how brave you are|what a brave {h.kind} you are]!\" said {b}, and gave {h.him} hot [soup|tea|chocolate].")
    s.say("{h} slept by the fire, and the next day {h.he} [walked|went] home, [much taller than before|proud and happy].", "the way home was short, because {h} sang all the way.")
    moral(s, "brave", 0.5)
    good_night(s, 0.3)


@plot("f", 2)
def sick_friend(s):
    friend = "{f}" if s.met else "{h.his} friend {f}"
    s.say("{day}, %s was sick. {F} had to stay in bed and could not play." % friend,
          "{day}, {h} waited for %s, but {f.he} did not come. {f.he} was sick in bed." % friend)
    s.say("\"[I must do something|I want to cheer {f.him} up],\" thought {h}.", "{h} was {sad}. {S} wanted to help {f}.")
    s.say("{S} went to {to1} to [pick flowers|look for herbs], and {h.he} asked {a.intro} what to do. \"[hot soup and good stories|warm tea and a lot of laughter],\" said {a}. \"that is the best medicine.\"",
          "{S} cooked a pot of soup and [carried it carefully|took it] all the way to {f}.")
    s.paragraph()
    s.say("when {h} came in, {f} [was lying in bed with a red nose|looked very tired]. \"I brought you something,\" said {h}.", "\"knock, knock!\" said {h}. {f} [opened one eye|looked up from the pillow].")
    s.say("{h} [told funny stories|sang silly songs|made funny faces], and {f} [laughed until the bed shook|had to laugh].", "{S} sat by the bed all [day|afternoon] and [told {f.him} stories|held {f.his} hand].")
    s.say("the next [morning|day], {f} was [already a little better|much better].", "after three days, {f} was [well|healthy] again.")
    s.paragraph()
    s.say("but then it was {h} who had to [sneeze|stay in bed]. and who came with [soup|tea] and stories? {f}, of course!", "\"you are the best medicine,\" said {f}.", "soon they were [playing|running around] {at1} again, as if nothing had happened.")
    moral(s, "friends", 0.5)
    good_night(s, 0.25)


@plot("f")
def boat(s):
    s.put(built=s.pick(["a boat", "a raft", "a flying machine", "a tree house", "a snow castle" if s.values["weather"] == "snowy" else "a little bridge", "a wagon"]))
    s.say("{day}, {h} had an idea. \"I will build {built}!\" {h.he} said.", "{h} had a dream: {h.he} wanted to build {built}.")
    s.say("\"[that will never work|you are much too small for that],\" said {a.intro}.", "everyone laughed, only {who} did not. \"I will help you,\" {f.he} said.")
    s.say("{S} gathered [wood|branches|old boards] {at1} and began to work.", "{S} drew a plan and collected everything that {h.he} could find {at1}.")
    s.say("but on the first day, everything [fell apart|broke]. [on the second day, the rain came.|On the second day, it happened again.]", "it was hard work. [once it fell apart, and once it almost fell on {h.his} foot.|Twice it fell apart.]")
    s.paragraph()
    s.say("{h} [thought and thought|slept on it], and in the morning {h.he} knew what was wrong.",
          "{b.intro} watched {h.him} for a while. \"tie it with a strong rope,\" said {b}. \"then it will hold.\"")
    s.say("after [a week|many days], it was [finished|ready]. everyone came to see it.", "and at last, the work was done.")
    s.say("\"[hold your breath|now watch]!\" said {h}. and it [worked|held]!", "{h} was afraid that it would break, but it was [strong and beautiful|as strong as a tree].")
    s.paragraph()
    s.say("everyone [cheered|clapped and cheered]. \"%s!\" they said." % s.pick(["you did it", "how clever you are", "we were wrong"]),
          "all day long, they [played|laughed] with it, until the sun went down.")
    moral(s, "try", 0.6)
    good_night(s, 0.3)


@plot("f")
def quarrel(s):
    treasure(s)
    intro = "{f}" if s.met else "{h.his} friend {f}"
    s.say("{day}, {h} and %s found a {o} {at0}. \"I saw it first!\" said {h}. \"no, it was me!\" said {f}." % intro, "{day}, {h} and %s both wanted the same {o}. {h} pulled on one side, and {f} pulled on the other." % intro)
    s.say("they [shouted at each other|pulled and pulled]. [then each of them went home alone|at last, they did not talk anymore].", "\"I will never play with you again!\" [shouted|said] {f}, and went [home|away].")
    s.say("{h} [sat|played] alone {at1}, but it was no fun. {S} felt {sad}.", "now {h} had the {n}, but [nobody to play with|{h.he} was all alone].")
    s.paragraph()
    s.say("{a.intro} [saw|noticed] that. \"what is more important,\" asked {a}, \"a {n} or a friend?\"", "\"a {n} cannot laugh with you,\" said {m}.")
    s.say("{h} [thought about it|knew the answer]. {S} took the {n} and went to {f}.", "{h} stood up at once and ran to {f}.")
    s.say("\"I am sorry,\" said {h}. \"[you can have it|let us share it].\" \"I am sorry too,\" said {f}.", "on the way, {h.he} met {f}, who was coming to say sorry too. they both had to laugh.")
    s.paragraph()
    s.say("from then on, {h} had the {n} on one day and {f} had it on the next.", "after that, they always [shared everything|shared the {n}].", "and they never [quarreled|fought] about a {n} again.")
    moral(s, "share", 0.6)
    good_night(s, 0.3)


@plot("")
def sad_king(s):
    s.put(ruler=s.pick([x for x in ("king", "queen", "old dragon", "giant") if x.split()[-1] != s.values["h"].kind]), show=s.pick(["sang a funny song", "told the joke about the frog and the hat", "slipped on a banana peel", "danced with a broom", "fell into the soup"]))
    s.character("k", s.values["ruler"], "she" if s.values["ruler"] == "queen" else "he")
    s.say("{day}, the news came that the {ruler} [could not laugh anymore|had not smiled for a year]. \"whoever makes {k.him} laugh will get a wish,\" it was said.",
          "in those days, there was a {ruler} who never laughed. {day}, {h} decided to visit {k.him}.")
    s.say("many came and tried. {a.intro} [did tricks|told jokes], and {b.intro} [danced on one leg|made funny faces], but {k} [only sighed|did not even smile].", "the best clowns in the land had tried it, but {k} only [sighed|looked out of the window].")
    s.paragraph()
    s.say("then it was {h}'s turn. {S} [bowed|was very nervous]. {S} {show}.", "{h} came in and {show}.")
    s.say("for a moment, it was very quiet. then {k} began to [giggle|smile], and then {k.he} laughed until the walls shook.",
          "first {k} looked surprised. then {k.he} laughed and laughed until [tears ran down {k.his} cheeks|{k.his} tummy hurt].")
    s.say("\"why were you so sad?\" asked {h}. \"because [nobody ever comes just to play|I have no friend],\" said {k}.", "\"I had forgotten how good it feels,\" said {k}. \"what do you wish for?\"")
    s.paragraph()
    s.say("\"I wish to be your friend,\" said {h}. and that was the best wish of all.", "so {h} came back every [week|Sunday], and they [played|laughed] together.")
    moral(s, "friend", 0.4)
    good_night(s, 0.5)
