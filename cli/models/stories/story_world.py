"""The words of the stories: who lives in them, where, and what they own, fear, wish for and learn.

Every list is plain data. A template may use [this|or that] for alternatives; see generate_stories.Story.fill.
"""

GIRLS = ("Lily Anna Mia Rosa Ella Nora Clara Maya Ruby Ivy Lucy Zoe Emma Sara Hana Tessa Molly Daisy Alice Nina "
         "Eva Grace June Freya").split()
BOYS = ("Tom Ben Max Leo Sam Jack Oscar Finn Noah Henry Theo Hugo Adam Omar Luca Peter Felix Milo Will Emil "
        "Arlo Kofi George Daniel").split()
SHE_ANIMAL_NAMES = "Poppy Hazel Clover Willow Dot Pearl Bella Nutmeg Tilly Luna Honey Maple Pip Olive Bramble".split()
HE_ANIMAL_NAMES = "Bruno Rusty Otto Pepper Bobo Chester Basil Biscuit Hopper Moss Rocky Tiny Barney Acorn Figaro".split()

CHILD_ADJECTIVES = ["little", "small", "young", "kind", "cheerful", "clever", "quiet", "curious"]
ANIMAL_ADJECTIVES = ["little", "small", "young", "shy", "clever", "brave", "curious", "gentle", "round", "cheerful"]

FOREST_ANIMALS = ["fox", "rabbit", "bear", "hedgehog", "mouse", "squirrel", "badger", "deer", "frog", "otter",
                  "mole", "beaver", "raccoon", "turtle"]
FARM_ANIMALS = ["dog", "cat", "duck", "goat", "pony", "lamb", "piglet", "donkey", "hen", "puppy", "kitten", "cow"]
WONDERS = ["dragon", "robot", "giant", "wizard", "knight", "elf"]
ROYALS = [("princess", "she"), ("prince", "he"), ("king", "he"), ("queen", "she")]

# Grown-ups and wise animals who give help or advice: (noun, pronoun)
VILLAGE_HELPERS = [("baker", "he"), ("old farmer", "he"), ("miller", "he"), ("gardener", "she"), ("old woman", "she"),
                   ("teacher", "she"), ("fisherman", "he"), ("postman", "he"), ("shoemaker", "he"), ("doctor", "she"),
                   ("carpenter", "she"), ("shepherd", "he"), ("blacksmith", "he"), ("librarian", "she"), ("sailor", "he")]
FOREST_HELPERS = [("old owl", "he"), ("wise owl", "she"), ("old turtle", "he"), ("big brown bear", "he"),
                  ("grey goose", "she"), ("tall heron", "she"), ("black crow", "he"), ("busy bee", "she"),
                  ("old toad", "he"), ("green lizard", "he"), ("white swan", "she"), ("robin", "she"), ("woodpecker", "he"),
                  ("snail", "he"), ("blackbird", "she")]

HUMAN_REGIONS = ["a small village", "a quiet village by the sea", "a little town", "a village at the foot of a mountain",
                 "a town with narrow streets", "a faraway land", "a green valley", "a fishing village", "a snowy land"]
FOREST_REGIONS = ["a deep green forest", "a quiet forest", "a sunny meadow", "a wood full of tall trees",
                  "a forest by a river", "a green valley", "a forest far away"]
HUMAN_HOMES = ["in a small house near the river", "in a little white house", "in a cottage at the edge of the forest",
               "on a farm", "in a house with a red door", "next to the bakery", "in a tiny house on a hill",
               "in a tall house by the sea", "above a little shop", "in a cottage with a big garden"]
FOREST_HOMES = ["in a hollow tree", "under an old oak tree", "in a cozy burrow", "in a little house made of sticks",
                "beside a clear stream", "at the edge of the meadow", "near a quiet pond", "in a warm den under the roots",
                "behind a waterfall", "at the foot of a hill"]
ROYAL_HOMES = ["in a castle on a hill", "in a big stone castle", "in a palace by the sea", "in a tower with a golden roof"]
WONDER_HOMES = ["in a cave in the mountains", "in an old tower", "in a little house behind the hills",
                "in a cottage at the edge of the forest", "on top of a mountain", "in an empty castle"]

# (where one goes, how it is said when one is there)
HUMAN_PLACES = [("the market", "at the market"), ("the river", "by the river"), ("the old bridge", "on the old bridge"),
                ("the hill", "on the hill"), ("the pond", "by the pond"), ("the park", "in the park"), ("the mill", "at the mill"),
                ("the beach", "on the beach"), ("the forest", "in the forest"), ("the meadow", "in the meadow"),
                ("the village square", "in the village square"), ("the harbor", "at the harbor"), ("the field", "in the field"),
                ("the orchard", "in the orchard"), ("the lake", "by the lake")]
FOREST_PLACES = [("the meadow", "in the meadow"), ("the stream", "by the stream"), ("the pond", "by the pond"),
                 ("the big rock", "by the big rock"), ("the waterfall", "near the waterfall"), ("the hill", "on the hill"),
                 ("the clearing", "in the clearing"), ("the old oak tree", "under the old oak tree"), ("the river", "by the river"),
                 ("the berry bushes", "by the berry bushes"), ("the valley", "in the valley"), ("the lake", "by the lake")]

HUMAN_SPOTS = ["under the bed", "behind the door", "in the kitchen", "under the table", "in the garden", "behind the barn",
               "under the bridge", "in the tall grass", "on the shelf", "in the cellar", "beside the well", "in the attic",
               "under the apple tree", "inside an old basket", "behind the stove"]
FOREST_SPOTS = ["in the tall grass", "under a bush", "behind a rock", "in a hollow log", "under the fallen leaves",
                "between the roots", "beside the stream", "in a pile of sticks", "behind the ferns", "under a big mushroom",
                "near the berry bushes", "in the mud by the pond", "among the flowers"]

TRAITS = ["kind and gentle", "very curious", "always cheerful", "a little shy", "clever and quick", "brave and kind",
          "full of questions", "never in a hurry", "always ready to help", "a dreamer", "quiet but very clever",
          "full of funny ideas", "a bit clumsy but very kind", "small but brave", "a little stubborn", "good at listening"]
HOBBIES = ["to sing", "to dance in the rain", "to collect shiny stones", "to draw pictures", "to climb trees",
           "to watch the clouds", "to listen to stories", "to count the stars", "to pick flowers", "to build little boats",
           "to explore new places", "to play hide and seek", "to look for shells", "to bake", "to read", "to run in the wind",
           "to tell jokes", "to watch the birds", "to jump in puddles", "to swim in the lake", "to play the drum",
           "to make up songs", "to look at the moon", "to plant flowers"]

COLORS = ["red", "blue", "green", "yellow", "purple", "white", "orange", "pink", "golden", "silver"]
# Things one can own, carry and lose. "C" stands for a color.
TREASURES = ["C scarf", "C hat", "C ball", "C kite", "C umbrella", "C ribbon", "C toy boat", "C mitten", "C blanket", "C button",
             "silver bell", "wooden flute", "golden key", "picture book", "teddy bear", "brass compass", "glass marble",
             "tin whistle", "music box", "little drum", "lucky coin", "small lantern", "seashell necklace", "wooden horse",
             "pocket watch", "walking stick", "warm coat", "leather bag", "feather pen", "shiny medal"]
GIVERS = ["grandmother", "grandfather", "mother", "father", "aunt", "uncle", "best friend", "big sister", "big brother"]
FAMILY = [("mother", "she"), ("father", "he"), ("grandmother", "she"), ("grandfather", "he"), ("big sister", "she"),
          ("big brother", "he"), ("aunt", "she"), ("uncle", "he")]

FOODS = ["apple pie", "honey cake", "loaf of warm bread", "pot of soup", "plum cake", "carrot cake", "big pancake",
         "cherry pie", "basket of berries", "bowl of strawberries", "nut cake", "jar of honey", "pumpkin pie", "lemon cake"]
INGREDIENTS = ["flour", "sugar", "butter", "milk", "honey", "salt", "cream", "cinnamon"]
CAKES = ["apple pie", "honey cake", "plum cake", "carrot cake", "cherry pie", "nut cake", "pumpkin pie", "lemon cake",
         "birthday cake", "loaf of bread", "chocolate cake"]

# weather word -> things one sees or hears then
WEATHERS = {
    "sunny": ["The sun was shining", "The sky was blue", "Birds were singing in the trees"],
    "rainy": ["The rain tapped on the leaves", "There were puddles everywhere", "Soft rain was falling"],
    "windy": ["The wind blew through the trees", "The leaves danced in the wind", "The clouds raced across the sky"],
    "snowy": ["Snow covered the ground", "The world was white and quiet", "Snowflakes fell from the sky"],
    "foggy": ["A grey fog lay over everything", "It was hard to see the path", "The fog was as thick as milk"],
    "warm": ["The air smelled of flowers", "Bees were humming", "A soft breeze was blowing"],
    "cold": ["There was frost on the grass", "The air was cold and clear", "The puddles were frozen"],
    "bright": ["The sun was shining", "There was not a cloud in the sky", "Everything looked fresh and new"],
    "cloudy": ["Grey clouds covered the sky", "The sky was grey", "The sun was hiding behind the clouds"],
}
SEASONS = ["spring", "summer", "autumn", "winter"]
WEATHER_SEASONS = {"snowy": ["winter"], "warm": ["spring", "summer"], "cold": ["autumn", "winter"], "foggy": ["autumn"],
                   "sunny": ["spring", "summer", "autumn"]}

# fear: (of what, when it comes, what it feels like, what helps, how it ends)
FEARS = [
    ("the dark", "[the candle went out|the lamp went out|the night was very black]", "{S} [could not see anything|pulled the blanket over {h.his} head|did not dare to move]",
     "[Look up|Look outside], the stars are little lamps", "Now {S} [loved the night and all its stars|was not afraid of the dark anymore]"),
    ("thunder", "[a big storm came|dark clouds rolled over the hills]", "{S} [hid under the table|put {h.his} hands over {h.his} ears|began to tremble]",
     "Thunder is only the sky playing its drum", "When the thunder came again, {S} [laughed and clapped along|just smiled]"),
    ("deep water", "[everyone went to swim in the lake|the others jumped into the river]", "{S} [stayed on the shore|only put one foot in the water]",
     "Hold on to me, and we will go slowly", "Soon {S} was [splashing and laughing|swimming like a fish]"),
    ("high places", "[the only way led over a high bridge|a ball landed on the roof]", "{h.his} [knees began to shake|head began to spin]",
     "Do not look down, look at me", "Step by step, {S} [went up|went on], and [the view was beautiful|nothing bad happened]"),
    ("speaking in front of others", "[it was time for the big festival|it was {h.his} turn to sing for everyone]", "{S} [forgot every word|turned red and looked at the ground]",
     "Just look at me and pretend that we are alone", "{S} [sang|spoke] louder and louder, and everybody clapped"),
    ("the big dog next to the bridge", "[{S} had to cross the bridge|the big dog came running]", "{S} [stood as still as a stone|wanted to run away]",
     "He barks because he is lonely", "{S} [held out a hand|said hello], and the big dog [wagged its tail|licked {h.his} nose]"),
    ("the old empty house", "[a ball flew over the wall of the old house|a cat cried inside the old house]", "{h.his} heart [beat fast|went boom, boom, boom]",
     "We can go in together, hand in hand", "Inside there was nothing but [dust and a family of mice|old chairs and sunlight]"),
    ("the wind at night", "[the wind howled around the house|the wind shook all the windows]", "{S} [could not sleep|hid under the blanket]",
     "The wind is only singing, listen to its song", "{S} listened, and the wind [sang {h.him} to sleep|sounded like a song]"),
]

# skill: (to do, doing, what goes wrong, how it looks when it works, what the teacher says)
SKILLS = [
    ("swim", "swimming", "[{S} swallowed a lot of water|{S} sank like a stone]", "{S} swam [all the way across the pond|around the whole lake]", "Move your legs like a frog"),
    ("whistle", "whistling", "[only air came out|it sounded like an old kettle]", "a clear, bright whistle [came out|rang through the air]", "Make your mouth small and blow softly"),
    ("skate on the ice", "skating", "[{S} fell on {h.his} bottom|{S} slid into a pile of snow]", "{S} glided over the ice [like a bird|in a big circle]", "Bend your knees and do not hurry"),
    ("bake bread", "baking", "[the bread was as hard as a stone|the bread came out black]", "the bread was [soft and golden|warm and smelled wonderful]", "Good bread needs time"),
    ("fly a kite", "flying a kite", "[the kite fell into a bush|the string got all tangled]", "the kite rose [high above the trees|up to the clouds]", "Wait for the wind and then run"),
    ("play the flute", "playing the flute", "[it squeaked like a mouse|all the birds flew away]", "a sweet song [filled the air|came out of the flute]", "Play one note at a time"),
    ("climb the tall tree", "climbing", "[{S} slipped and landed in the leaves|the first branch was too high]", "{S} sat at the very top [and could see the whole valley|and waved]", "Always hold on with three of your four"),
    ("dance", "dancing", "[{S} tripped over {h.his} own feet|{S} bumped into everyone]", "{S} danced [all night long|as light as a feather]", "Listen to the music first"),
    ("paint", "painting", "[the picture looked like a muddy puddle|the paint ran everywhere]", "the picture was [full of light|so lovely that everyone stopped to look]", "Look closely before you paint"),
    ("read", "reading", "[the letters jumped around like fleas|{S} mixed up all the letters]", "{S} read a whole page [without any help|out loud]", "Read one small word after another"),
    ("jump over the stream", "jumping", "[{S} landed in the water with a splash|{S} stopped at the last moment]", "{S} flew through the air and landed [on the other side|on soft grass]", "Look at the other side and not at the water"),
    ("row a boat", "rowing", "[the boat only turned in circles|the boat bumped into the reeds]", "the boat went [straight across the lake|as straight as an arrow]", "Pull with both arms at the same time"),
]

# noise at night: (sound, what it turns out to be, what the hero does about it)
NOISES = [
    ("a strange knocking", "a branch that tapped on the window", "tied the branch back with a piece of string"),
    ("a soft crying", "a kitten that had lost its mother", "gave it some warm milk"),
    ("a loud rumbling", "an old bear who was snoring", "put a blanket over him"),
    ("a scratching at the door", "a hedgehog who was looking for a dry place", "made it a bed of leaves"),
    ("a quiet humming", "a bee that was stuck in a jar", "opened the jar and let it go"),
    ("a splashing sound", "a little duck that was taking a bath in the rain barrel", "laughed and said good night to it"),
    ("a strange whistling", "the wind that blew through an old bottle", "put the bottle away"),
    ("a tiny bell", "a lost lamb with a bell around its neck", "took it back to its mother"),
    ("a thump, thump, thump", "a rabbit that was dancing in the moonlight", "danced along"),
    ("a long, deep hoot", "a young owl that was trying to sing", "clapped for it"),
]

# a creature in need: (noun, trouble, rescue, how it pays back)
TROUBLES = [
    ("bird", "had a broken wing", "[made a soft nest|wrapped the wing in a soft cloth] and brought it seeds every day", "showed {h.him} the way home from high above"),
    ("butterfly", "was caught in a spider web", "[carefully|gently] pulled the sticky threads away", "led {h.him} out of the dark forest"),
    ("mouse", "was stuck in a deep hole", "[let down a long stick|let down a rope] and pulled it out", "chewed through the net with its sharp teeth"),
    ("fish", "was lying on the sand", "[carried it back to the water|put it back into the river]", "brought {h.his} lost ring back from the bottom of the river"),
    ("lamb", "was caught in the thorns", "[pulled the thorns away one by one|cut the thorns]", "kept {h.him} warm all night long"),
    ("kitten", "was sitting high up in a tree and could not get down", "[climbed up|fetched a ladder] and carried it down", "woke {h.him} up when the kitchen began to burn"),
    ("puppy", "had a thorn in its foot", "[pulled the thorn out|took the thorn out very gently]", "found {h.him} when {S} was lost in the fog"),
    ("bee", "had fallen into the pond", "[held out a leaf|held out a stick] so that it could climb out", "led {h.him} to a tree full of honey"),
    ("duckling", "could not find its mother", "carried it along the river until they [heard|found] the mother duck", "called all the ducks to pull {h.his} boat out of the mud"),
    ("squirrel", "had its tail stuck under a heavy branch", "[lifted the branch|pushed the branch away]", "brought {h.him} a pile of nuts when the winter came"),
]

# seed: (what was planted, what it becomes, what everyone does with it)
SEEDS = [
    ("seed", "sunflower", "It was taller than the house, and [birds came from far away to see it|it turned its face to the sun]"),
    ("bean", "beanstalk", "It was full of beans, and there was [soup for everyone|enough for the whole winter]"),
    ("apple seed", "apple tree", "It was full of [sweet red apples|golden apples], and everyone got one"),
    ("acorn", "oak tree", "Birds built their nests in it, and [children|little ones] played in its shade"),
    ("pumpkin seed", "pumpkin", "It was so big that [ten friends|nobody] could [hardly lift it|barely carry it], and they made soup for everyone"),
    ("cherry stone", "cherry tree", "In spring it was white with flowers, and in summer it was full of cherries"),
    ("tiny seed", "rose bush", "Its roses were [red|white|yellow], and the whole place smelled sweet"),
]

# magic: (thing, wish that seems good, how it goes wrong)
WISHES = [
    ("to be very tall", "[{S} could not fit through the door|{h.his} bed was much too short]"),
    ("to have all the cake in the world", "[there was cake in every room and no place to sleep|{S} ate until {h.his} tummy hurt]"),
    ("that everything would turn to gold", "[even {h.his} soup was hard and cold|the flowers were gold too, and they had no smell]"),
    ("to fly", "[the wind blew {h.him} far away from home|{S} could not come down again]"),
    ("for a day without night", "[nobody could sleep|the owls were sad and everyone was tired]"),
    ("to be invisible", "[nobody said hello|nobody could see {h.him}, and nobody talked to {h.him}]"),
    ("for snow in summer", "[all the flowers froze|the bees were cold and the berries were frozen]"),
    ("to never work again", "[the days became long and boring|there was nothing to do and nothing to be proud of]"),
    ("for a hundred toys", "[there was no room left to play|{S} did not know what to play with]"),
]
MAGIC_THINGS = ["a magic lamp", "a magic ring", "a magic stone", "a magic feather", "a talking fish", "a golden bell", "an old magic wand",
                "a tiny fairy in a bottle", "a magic shell", "a wishing well"]

TREASURE_FINDS = [
    ("an old wooden box full of letters", "the letters told the story of two friends who had lived there long ago"),
    ("a bag of seeds", "They planted the seeds, and soon there were flowers everywhere"),
    ("a small mirror", "Under it was written: Here you can see the greatest treasure of all"),
    ("a chest full of old books", "From then on, they read a new story every evening"),
    ("a little golden cup", "They used it at every birthday after that"),
    ("a box of old toys", "They cleaned the toys and gave them to everyone who had none"),
    ("a clear spring of fresh water", "It was the sweetest water that they had ever tasted"),
    ("a hidden garden full of fruit trees", "They shared the fruit with everyone"),
]
MAP_FINDS = ["in an old book", "in a bottle on the shore", "behind a loose stone", "inside an old hat", "under the floor", "in a hollow tree",
             "in the pocket of an old coat"]

MORALS = {
    "help": ["a little help can go a long way", "kindness always comes back", "even the smallest friend can be a great help",
             "nobody is too small to help", "helping others makes you happy"],
    "share": ["things are better when they are shared", "sharing makes everything taste better", "half of something with a friend is better than all of it alone",
              "a happy friend is worth more than a full plate"],
    "try": ["everything is hard before it is easy", "you only lose when you stop trying", "small steps lead to big things", "practice is the best teacher"],
    "truth": ["the truth is lighter to carry than a lie", "it is always best to tell the truth", "everyone makes mistakes, and it is good to say so"],
    "brave": ["being brave means being afraid and going on", "fear gets smaller when you look at it", "with a friend beside you, nothing is too scary"],
    "content": ["the best things were already at home", "you do not need magic to be happy", "it is good to be just who you are"],
    "friends": ["friends are the best treasure of all", "a good friend is worth more than gold", "everything is better with a friend"],
    "friend": ["friends are the best treasure of all", "a friend can be found in any place", "it only takes one hello to make a friend"],
    "patience": ["good things take time", "patience makes the sweetest fruit", "you cannot hurry a flower"],
}

FEEL_SAD = ["sad", "very sad", "lonely", "worried", "unhappy", "upset"]
FEEL_GLAD = ["happy", "very happy", "glad", "proud", "so happy that {h.he} danced", "full of joy", "as happy as could be"]
JUNK = ["an old shoe", "a rusty spoon", "a sleepy beetle", "a pile of dry leaves", "an empty box", "a broken cup"]
SHOPS = ["market", "toy shop", "little shop in the village"]
