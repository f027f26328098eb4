"""The topics of the toy newswires, and the words that fill their templates.

One template a line. Slots that name something ({company}, {country}, {high}) keep their value through a story;
slots that only count ({pct}, {mln}) are drawn anew each time. `newswires.py` fills them.
"""

from app.tasks.samples.newswire_finance import ACQ, EARN, INTEREST, MONEY_FX
from app.tasks.samples.newswire_goods import CRUDE, GOLD, GRAIN, TRADE

TOPICS = {
    "earn": EARN,
    "acq": ACQ,
    "crude": CRUDE,
    "grain": GRAIN,
    "money-fx": MONEY_FX,
    "interest": INTEREST,
    "trade": TRADE,
    "gold": GOLD,
}

# Sentences that any story may carry: they tell nothing about its topic.
COMMON = """
A spokesman declined to comment further.
Officials were not immediately available for comment.
He gave no further details.
The statement was issued after the close of business in {city}.
The announcement had been expected by most analysts.
No decision is likely before {month}, sources close to the matter said.
"""

NAMES = """
Halbrook Dunmere Castlewick Ostrander Penfallow Quillmark Ravensholt Tarnwell Westerby Yarrowton Ellingsford
Brackwater Corvane Dellmoor Fennimark Glaswyn Hartsmoor Ivermont Jessborough Kestrelline Lornbridge Merrowdale
""".split()
TRADES = "Industries Foods Resources Petroleum Electronics Mining Paper Chemical Stores Minerals Energy".split()
FORMS = "Inc Corp Ltd Co Plc".split()
HOUSES = ("Harbor Trust", "Old Prairie Bank", "Seventh Street Bancorp", "Mariner National", "Lakeshore Savings Bank")
BANKS = ("Bundesbank", "Bank of Japan", "Federal Reserve", "Bank of France", "Bank of England", "Bank of Canada")
COUNTRIES = (
    "Brazil", "Canada", "Japan", "France", "Egypt", "Mexico", "Australia", "Indonesia", "Nigeria", "Norway",
    "Venezuela", "South Korea", "Taiwan", "Argentina", "Turkey", "Ecuador",
)  # fmt: skip
CITIES = ("London", "Houston", "Toronto", "Chicago", "New York", "Paris", "Zurich", "Sydney", "Tokyo", "Denver")
CROPS = ("corn", "wheat", "barley", "soybeans", "sorghum", "oats")
PRODUCTS = ("semiconductors", "machine tools", "auto parts", "textiles", "steel pipe", "footwear", "citrus juice")
QUARTERS = ("first", "second", "third", "fourth")
MONTHS = ("January", "February", "March", "April", "May", "June", "September", "October", "November", "December")
