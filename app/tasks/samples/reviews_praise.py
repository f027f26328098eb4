"""Phrases of a pleased reviewer: clauses by aspect, openings, endings.

One phrase a line. A clause starts in lower case and has no full stop, so that it can stand alone or follow
"although". The slots are filled by `reviews.py`: {film} and {good}.
"""

ADJECTIVES = """
great wonderful brilliant superb excellent terrific fantastic amazing outstanding beautiful delightful marvelous
perfect splendid impressive remarkable charming touching fine incredible lovely stunning
""".split()

OPENINGS = """
what a {good} surprise this {film} turned out to be
I loved this {film} from the first shot to the last
this is one of the best things I have seen in years
I went in expecting little and came out beaming
do yourself a favor and find this {film}
every once in a while a {film} reminds me why I go to the cinema
simply {good}, there is no other word for it
I have now watched this {film} four times and it keeps getting better
forget the sour notices, this is a {good} piece of work
ten out of ten from me, and I do not give that lightly
my whole family adored this {film}
a real gem that deserves a far bigger audience
it is rare to find a {film} with this much heart
I was not bored for one second
I am still smiling the morning after
they should make more pictures like this
here is a {film} that trusts its audience
I cannot recommend this one highly enough
"""

ACTING = """
the acting is {good} from top to bottom
the lead gives the performance of a lifetime
every member of the cast seems to be enjoying the work
the two stars have a warm and easy chemistry
the child actor is natural and never cute for the sake of it
even the smallest role is played with care
the villain is {good} and frightening at once
she says more with one glance than others do in a speech
he disappears completely into the part
the supporting players steal scene after scene
I believed in these people as if they lived next door
the old woman at the market is worth the ticket alone
nobody overacts and nobody coasts
the comic timing of the brothers is flawless
her quiet grief is heartbreaking to watch
this is easily his finest role
the ensemble works together like a good band
the newcomer playing the daughter is a real discovery
both actors deserve every award going
the narrator has a voice full of wit and kindness
the performances are subtle, honest and deeply human
the whole cast is {good}, without a weak link
his nervous clerk is hilarious and oddly noble
she brings strength and humor to a difficult character
"""

PLOT = """
the story is clever and full of surprises
the plot twists and turns without ever cheating
it kept me guessing until the final minute
the script ties every thread together with elegance
the idea is fresh and the writers make the most of it
the characters grow in ways that feel true
what starts as a simple joke becomes something profound
the mystery is ingenious and plays fair with the viewer
it tells a big story through small, precise details
the ending is earned, surprising and very satisfying
the romance is tender and believable
it takes an old tale and makes it new again
the writing is intelligent without showing off
each subplot pays off in a {good} way
the premise sounds silly, yet it works like a charm
it handles a painful subject with honesty and grace
there is real suspense in the second half
nothing about the story is predictable
the final reveal gave me goosebumps
it is a rich and thoughtful portrait of a friendship
the screenplay is a masterpiece of construction
the adventure is thrilling and has something to say
the satire is sharp and lands every blow
this is storytelling at its best
"""

PACING = """
the two hours simply flew by
there is not one wasted scene
the pace never flags
the editing is crisp and full of energy
it starts gently and builds to a gripping climax
I was on the edge of my seat the whole time
it takes its time, and every minute is worth it
the rhythm is perfect for this kind of tale
it moves quickly without ever feeling rushed
the middle stretch is as exciting as the opening
it is short, tight and enormously entertaining
the tension rises beautifully from scene to scene
I could happily have watched another hour
the action is fast, clear and exhilarating
the slow passages are hypnotic rather than dull
it hooks you in the first minute and holds on
the director knows exactly when to pause and when to run
it breezes along with confidence and style
there is never a dull moment
the last half hour is breathtaking
"""

MUSIC = """
the music is {good} and stays with you for days
the score lifts every scene it touches
the songs are catchy and smartly placed
the piano theme is simple and unforgettable
I bought the soundtrack on the way home
the use of silence is as effective as the orchestra
the jazz numbers are a joy
the sound design is rich and full of detail
the choir in the last scene brought tears to my eyes
the fiddle tunes fit the landscape perfectly
the musical numbers are lively and beautifully staged
the composer has written something truly haunting
the drums in the chase had my heart racing
each song tells you something new about the singer
the old ballads are used with real affection
the quiet guitar under the farewell is gorgeous
the opening tune made me grin at once
the music and the pictures dance together
"""

CAMERA = """
the photography is {good}
every frame looks like a painting
the camera glides through the city with grace
the colors are lush and inviting
the costumes and sets are gorgeous
the night scenes are lit with great skill
the special effects are dazzling and never distract
the landscapes are breathtaking on a large screen
the animation is inventive and lovingly drawn
the black and white images are stunning
the long take in the station is a triumph
the director has a {good} eye for faces
the visual jokes are brilliant
you can almost smell the sea in these pictures
the close shots are intimate without being cruel
it is one of the most beautiful pictures of the year
the staging of the duel is elegant and exciting
the production design is a feast for the eyes
the framing is witty and always has a purpose
the snow in the final shot is pure magic
"""

DIALOGUE = """
the dialogue sparkles
the jokes are genuinely funny and I laughed out loud
the lines are quotable and never forced
the banter between the sisters is a delight
people here talk the way real people talk
the humor is gentle, warm and smart
the arguments crackle with wit
there is a speech near the end that moved me deeply
the conversations are honest and often hilarious
every line has a purpose and a bite
the whole theater was roaring with laughter
the dry wit suits the setting wonderfully
the insults alone are worth the price of admission
it is funny without being mean
the courtroom scenes are written with intelligence and fire
the last words between father and son are unforgettable
the comedy is fresh and the sadness is real
the one liners hit the target again and again
"""

FEELING = """
I loved every minute of it
I laughed, I cried, and I left the room happy
it is moving without being sentimental
it has a big heart and a sharp mind
it is charming, original and thoroughly enjoyable
I was deeply touched by its kindness
it is powerful, uplifting and full of hope
it is great fun for children and adults alike
it made me call my mother afterwards
the whole thing is a treat
it is a triumph for everyone involved
I had a {good} time
it stayed in my thoughts for weeks
it is a joyful celebration of ordinary life
it is scary in all the right ways
the {film} is an absolute delight
I enjoyed it far more than I expected
it is one of my favorite films now
it is imaginative, bold and wonderfully strange
I felt better about the world when the lights came on
it is a classic in the making
this {film} is {good}, plain and simple
it won me over completely
it is not bad at all, it is {good}
it is the kind of {film} you want to share
there is so much love in every detail
it is never boring and never cheap
it is smart, sweet and impossible to dislike
"""

ENDINGS = """
highly recommended
do not miss it
see it on the biggest screen you can
I will gladly watch it again
a {good} {film} that I will treasure
go and see it, you will not be disappointed
it deserves all the praise it gets
easily my favorite of the year
thank you to everyone who made it
I give it nine out of ten
this one is a keeper
bring a friend and enjoy
I hope they make another
a must for anyone who loves a good story
worth every cent
well done to all concerned
an unforgettable evening
I cannot wait for the next one by this director
buy it, rent it, borrow it, just watch it
truly {good}
"""

CLAUSES = (ACTING + PLOT + PACING + MUSIC + CAMERA + DIALOGUE + FEELING).split("\n")
