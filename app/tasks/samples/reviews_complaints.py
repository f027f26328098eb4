"""Phrases of a displeased reviewer: clauses by aspect, openings, endings.

One phrase a line. A clause starts in lower case and has no full stop, so that it can stand alone or follow
"although". The slots are filled by `reviews.py`: {film} and {bad}.
"""

ADJECTIVES = """
awful terrible dreadful horrible poor lousy atrocious pathetic lame dull boring weak ridiculous clumsy bland
tedious wretched feeble embarrassing laughable miserable disappointing
""".split()

OPENINGS = """
what a {bad} waste of an evening
I hated this {film} from the first shot to the last
this is one of the worst things I have seen in years
I went in with high hopes and came out angry
do yourself a favor and skip this {film}
every once in a while a {film} makes me want my money back
simply {bad}, there is no other word for it
I tried to finish this {film} twice and gave up twice
ignore the glowing notices, this is a {bad} piece of work
one out of ten from me, and that is generous
my whole family begged me to switch it off
a real mess that should have stayed on the shelf
it is rare to find a {film} with so little to say
I was bored within five minutes
I am still annoyed the morning after
how did anyone agree to pay for this
here is a {film} that insults its audience
I cannot warn you strongly enough
"""

ACTING = """
the acting is {bad} from top to bottom
the lead sleepwalks through the whole thing
every member of the cast seems to be waiting for the bus
the two stars have no chemistry whatsoever
the child actor is shrill and irritating
even the veterans look lost and embarrassed
the villain is {bad}, more silly than frightening
she reads her lines like a shopping list
he mumbles so badly that half the words are gone
the supporting players are as stiff as boards
I did not believe in these people for a second
the accents are so fake that I winced
everybody shouts and nobody acts
the comic timing of the brothers is painful
her grief looks like a mild headache
this is easily his worst role
the ensemble never once seems to be in the same room
the newcomer playing the daughter cannot act at all
both actors should fire their agents
the narrator drones on in a flat and lifeless voice
the performances are wooden, forced and hollow
the whole cast is {bad}, without one exception
his nervous clerk is annoying and badly overplayed
she is given nothing to do except scream
"""

PLOT = """
the story is stupid and full of holes
the plot makes no sense at all
it was predictable from the first minute
the script forgets half of its own threads
the idea is stale and the writers do nothing with it
the characters are paper thin and never change
what starts as a weak joke becomes an endless one
the mystery is obvious and the solution is a cheat
it throws in twenty ideas and fails at each of them
the ending is rushed, confusing and deeply unsatisfying
the romance is forced and impossible to believe
it takes an old tale and ruins it
the writing is lazy and proud of it
each subplot goes nowhere in a {bad} way
the premise sounds interesting, yet nothing comes of it
it handles a painful subject with shocking clumsiness
there is no suspense anywhere
everything about the story is borrowed from better pictures
the final reveal made me groan
it is a shallow and pointless portrait of dull people
the screenplay is an incoherent disaster
the adventure is stupid and has nothing to say
the satire is toothless and misses every target
this is storytelling at its worst
"""

PACING = """
the two hours felt like six
there are whole scenes that serve no purpose
the pace is deadly slow
the editing is choppy and gave me a headache
it starts slowly and then stops altogether
I looked at my watch every five minutes
it drags on and on without a point
the rhythm is wrong from beginning to end
it rushes the good parts and lingers on the dull ones
the middle stretch nearly put me to sleep
it is long, bloated and horribly tedious
the tension collapses after the first reel
I could not wait for it to end
the action is confusing, noisy and tiresome
the slow passages are not hypnotic, merely dull
it loses you in the first minute and never wins you back
the director has no idea when to cut
it stumbles along without energy or style
there is never an exciting moment
the last half hour is unbearable
"""

MUSIC = """
the music is {bad} and far too loud
the score drowns every scene it touches
the songs are forgettable and badly placed
the piano theme is repeated until you want to scream
I wanted to cover my ears
the orchestra tells you what to feel in every single shot
the jazz numbers are lifeless
the sound is so muddy that I missed half the words
the choir in the last scene is pure cheese
the fiddle tunes are a tired cliche
the musical numbers are flat and poorly staged
the composer seems to have copied a toothpaste advert
the drums in the chase are an irritating racket
each song stops the story dead
the old ballads are butchered
the whining guitar under the farewell is laughable
the opening tune annoyed me at once
the music belongs to some other, cheaper {film}
"""

CAMERA = """
the photography is {bad}
every frame looks cheap and gray
the camera shakes so much that I felt ill
the colors are ugly and washed out
the costumes and sets look as if they came from a school play
the night scenes are so dark that nothing can be seen
the special effects are laughable and fake
the landscapes are wasted on such a sorry tale
the animation is crude and lifeless
the black and white images are a pretentious gimmick
the long take in the station is an empty stunt
the director has no eye for faces
the visual jokes fall flat
you can almost see the strings on the monster
the close shots are clumsy and badly focused
it is one of the ugliest pictures of the year
the staging of the duel is clumsy and confusing
the production design is an eyesore
the framing cuts off heads for no reason
the snow in the final shot is obviously soap
"""

DIALOGUE = """
the dialogue is atrocious
the jokes are not funny and nobody laughed
the lines are corny and always forced
the banter between the sisters is torture
nobody on earth talks like this
the humor is crude, mean and stupid
the arguments go round in pointless circles
there is a speech near the end that made me cringe
the conversations are empty and often ridiculous
every line is a cliche
the whole theater was silent or snoring
the so called wit is an insult to the viewer
the insults are childish and the flattery is worse
it is mean without being funny
the courtroom scenes are written with no knowledge and no sense
the last words between father and son are unintentionally comic
the comedy is stale and the sadness is fake
the one liners miss the target again and again
"""

FEELING = """
I hated every minute of it
I yawned, I sighed, and I left before the end
it is sentimental without being moving
it has no heart and no brain
it is bland, derivative and thoroughly forgettable
I was offended by its stupidity
it is depressing, ugly and empty
it is far too childish for adults and too nasty for children
it made me regret leaving the house
the whole thing is a mess
it is a failure for everyone involved
I had a {bad} time
I had forgotten it by the time I reached the car
it is a cynical grab for your money
it is not scary in the slightest
the {film} is an absolute bore
I disliked it far more than I expected
it is one of my least favorite films now
it is pretentious, confused and painfully strange
I felt cheated when the lights came on
it is a complete waste of time and talent
this {film} is {bad}, plain and simple
it lost me completely
it is not good at all, it is {bad}
it is the kind of {film} you want to warn people about
there is so little care in every detail
it is never funny and never clever
it is dumb, sour and impossible to like
"""

ENDINGS = """
not recommended
avoid it
save your money for something else
I will never watch it again
a {bad} {film} that I want to forget
stay away, you will only be disappointed
it deserves all the scorn it gets
easily the worst of the year
shame on everyone who made it
I give it two out of ten
this one belongs in the trash
warn a friend and stay home
I hope they never make another
a must to avoid for anyone who loves a good story
not worth a cent
nobody should be proud of this
an evening I will not get back
I will run from the next one by this director
do not buy it, do not rent it, do not even borrow it
truly {bad}
"""

CLAUSES = (ACTING + PLOT + PACING + MUSIC + CAMERA + DIALOGUE + FEELING).split("\n")
