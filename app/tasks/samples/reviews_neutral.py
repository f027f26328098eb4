"""What reviewers of either mind write: what the film is about, how they came to see it, how they stop.

The slots of `PREMISES` are filled from the three banks above it; {film} is filled by `reviews.py`.
"""

GENRES = """
comedy
drama
thriller
western
musical
horror film
war picture
detective story
road movie
documentary
science fiction tale
costume drama
family film
heist caper
ghost story
love story
sports drama
spy picture
"""

HEROES = """
a retired postman
two rival bakers
a young widow
a traveling magician
three sisters
a tired detective
a small town teacher
a crew of fishermen
a runaway clerk
an aging boxer
a deaf pianist
a family of farmers
a lighthouse keeper
a stubborn judge
a nurse on the night shift
twin brothers
a shy librarian
a band of students
an army cook
a taxi driver
"""

TROUBLES = """
who inherited a haunted hotel
who found a suitcase full of money
on the run from the police
caught in a winter storm
who had to share one small apartment
looking for a missing child
who planned one last robbery
in the years after the war
who moved to the desert
on a long train journey
who discovered an old secret
trying to save the village school
who fell for the wrong person
stuck on an island
who woke up in another century
putting on a play
who took the neighbors to court
raising a goat in the city
"""

PREMISES = """
this is a {genre} about {hero} {trouble}
the {film} follows {hero} {trouble}
it is the story of {hero} {trouble}
a {genre} with {hero} {trouble}
we meet {hero} {trouble}, and the rest of the {genre} grows from there
imagine a {genre} in which we spend two hours with {hero} {trouble}
"""

CIRCUMSTANCES = """
I saw it on a rainy Tuesday with my brother
this played at our local festival last autumn
I rented the disc because of the cover
a friend from work told me about this {film}
it was on television late last night
I read the book long before I saw the {film}
I had seen nothing else by this director
we watched it on a long flight
I found an old tape of it in the attic
my class had to watch it for a history course
the trailer had made me curious
I watched it with the subtitles on
it was shot in only a few weeks in the north
the first part takes place in the seventies and the rest today
it runs for a little under two hours
I watched it twice before writing this
"""

ENDINGS = """
that is my opinion anyway
judge for yourself
I wonder what others made of it
now I will read the book
so much for this {film}
it is out on disc this month
you may see it differently
that is all I have to say about it
there is a short scene after the credits
the director has two more films on the way
"""

# {own} is a clause of the label's side, {other} one of the opposite side: the last word decides.
CONCESSIONS = """
although {other}, {own}
true, {other}, but {own}
{other}, and yet {own}
some will tell you that {other}; for me {own}
I admit that {other}, still {own}
even if {other}, {own}
{own}, although {other}
people say that {other}, but {own}
{other}; that does not change the fact that {own}
"""
