"""Templates of the toy newswires, by topic: headlines, opening sentences and the sentences that follow.

One template a line. Slots that name something ({company}, {country}, {high}) keep their value through a story;
slots that only count ({pct}, {mln}) are drawn anew each time. `newswires.py` fills them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """The templates of one topic, one a line."""

    headlines: str
    openings: str
    details: str


EARN = Topic(
    headlines="""
{company} {quarter} QTR NET RISES {pct} PCT
{company} REPORTS {quarter} QUARTER LOSS
{company} <{ticker}> {quarter} QTR NET
{company} RAISES QUARTERLY DIVIDEND
{company} SEES HIGHER {year} EARNINGS
{company} NINE MONTHS PROFIT {high} MLN DLRS
{company} SETS TWO-FOR-ONE STOCK SPLIT
{company} YEAR SHR {cts} CTS VS {cts} CTS
""",
    openings="""
{company} said {quarter} quarter net profit rose to {high} mln dlrs from {low} mln dlrs a year earlier.
{company} reported a {quarter} quarter net loss of {low} mln dlrs, or {cts} cts a share.
Shr {cts} cts vs {cts} cts. Net {high} mln vs {low} mln. Revs {bln} bln vs {bln} bln. Avg shrs {mln} mln.
{company} said its board raised the quarterly dividend to {cts} cts a share from {cts} cts.
{company} said it expects {year} earnings to be {pct} pct above the previous year's result.
Pretax profit of {company} for the nine months was {high} mln dlrs against {low} mln dlrs.
""",
    details="""
Qtly div {cts} cts vs {cts} cts prior. Pay {month} {day}. Record {month} {day}.
Revenues of the {quarter} quarter climbed {pct} pct to {mln} mln dlrs, helped by higher sales volume.
Operating net excludes a gain of {mln} mln dlrs, or {cts} cts a share, from discontinued operations.
Year-ago earnings include a charge of {low} mln dlrs for the closing of a plant in {city}.
The company blamed the lower margins on start-up costs and a higher tax rate.
Oper shr {cts} cts vs {cts} cts. Oper net {high} mln vs {low} mln. Sales {mln} mln vs {mln} mln.
The results include an extraordinary credit of {mln} mln dlrs from a tax loss carryforward.
Backlog at year end stood at {mln} mln dlrs, up {pct} pct, the chairman told the annual meeting.
Analysts had expected earnings of {cts} to {cts} cts a share for the quarter.
The company said it would also buy back shares if profits keep growing at this pace.
Per share figures are adjusted for a stock split paid in {month}.
Net income for the full year was {high} mln dlrs, a record, on turnover of {bln} bln dlrs.
""",
)

ACQ = Topic(
    headlines="""
{company} TO ACQUIRE {rival}
{company} BIDS {mln} MLN DLRS FOR {rival}
{rival} REJECTS {company} OFFER
{company} COMPLETES PURCHASE OF {rival} UNIT
INVESTORS RAISE STAKE IN {rival} TO {pct} PCT
{company}, {rival} AGREE TO MERGE
{rival} SAYS IT HOLDS TALKS ON TAKEOVER
{company} EXTENDS TENDER OFFER FOR {rival}
""",
    openings="""
{company} said it agreed to acquire {rival} for {price} dlrs a share in cash, or about {mln} mln dlrs.
{company} began a tender offer for all outstanding shares of {rival} at {price} dlrs each.
{rival} said its board rejected as inadequate an unsolicited takeover bid from {company}.
{company} said it completed the purchase of the {city} unit of {rival} for an undisclosed sum.
An investor group told the Securities and Exchange Commission that it holds {pct} pct of {rival}.
{company} and {rival} signed a letter of intent to merge in an exchange of stock.
""",
    details="""
The merger is subject to approval by shareholders of both companies and by regulators.
The offer expires on {month} {day} unless extended, and is conditional on {mln} mln shares being tendered.
{company} already owns {pct} pct of the common stock, bought in the open market since {month}.
Each share of {rival} would be exchanged for {cts} hundredths of a share of the acquiring company.
The group may seek control, seats on the board, or a leveraged buyout, the filing said.
{rival} has retained an investment bank to study alternatives, including a sale to a white knight.
The acquisition is to be financed with bank loans and the sale of {mln} mln dlrs in debentures.
A federal judge in {city} denied a request to block the takeover under the antitrust laws.
{rival}, which employs {count} people, makes {product} and had sales of {mln} mln dlrs last year.
Under a definitive agreement the buyer also assumes {mln} mln dlrs of debt of the acquired firm.
The company said it adopted a shareholder rights plan to defend itself against hostile suitors.
It said the divestiture of the {product} business is part of its restructuring.
""",
)

CRUDE = Topic(
    headlines="""
{country} CUTS CRUDE OIL OUTPUT
OPEC OUTPUT SEEN AT {mln} MLN BPD IN {month}
{company} RAISES CRUDE OIL POSTED PRICES
{country} FINDS OIL IN NEW OFFSHORE WELL
U.S. CRUDE STOCKS FALL {mln} MLN BARRELS
{country} LIFTS OFFICIAL OIL PRICE TO {barrel} DLRS
{company} TO SHUT REFINERY IN {city}
TANKER HIT IN GULF, OIL FUTURES JUMP
""",
    openings="""
{country} cut crude oil production to {bpd} barrels per day in {month}, the oil minister said.
OPEC output averaged {mln} mln barrels per day in {month}, above the agreed ceiling, a survey showed.
{company} said it raised its posted price for crude oil by {cts} cts a barrel to {barrel} dlrs.
{country} said a new offshore well tested at {bpd} barrels of oil per day.
U.S. crude oil inventories fell by {mln} mln barrels in the week, an industry institute said.
Oil prices rose above {barrel} dlrs a barrel after reports of an attack on a tanker in the Gulf.
""",
    details="""
The grade most traded, light sweet crude for {month} delivery, settled at {barrel} dlrs a barrel.
The minister said the cartel must keep to its quota of {bpd} barrels per day to defend prices.
Traders said North Sea cargoes for {month} loading changed hands at {barrel} dlrs.
The refinery in {city} has a capacity of {bpd} barrels per day and will close for maintenance.
Distillate stocks rose by {mln} mln barrels while gasoline stocks were little changed.
The field lies {count} kms off the coast, and its recoverable reserves are put at {mln} mln barrels.
A pipeline carrying {bpd} barrels per day to the export terminal was damaged, sources said.
An emergency meeting of oil ministers may be called if spot prices stay under {barrel} dlrs.
Refiners complained that netback contracts left them with losses on heavy fuel oil.
The company will drill {small} more exploration wells with its concession partners this year.
Iraq and Iran were said to be loading fewer tankers because of raids on shipping.
Energy analysts said demand for petroleum products is seasonally weak in the second quarter.
""",
)

GRAIN = Topic(
    headlines="""
{country} BUYS {tonnes} TONNES OF WHEAT
{country} TENDERS FOR {crop}
U.S. {crop} EXPORTS SEEN RISING
{country} {crop} HARVEST ESTIMATED LOWER
USDA REPORTS SALE OF {tonnes} TONNES {crop}
EC GRANTS LICENCES FOR {crop} EXPORTS
RAIN DELAYS {crop} PLANTING IN {country}
{country} TO LIFT GRAIN SUPPORT PRICE
""",
    openings="""
{country} bought {tonnes} tonnes of U.S. wheat for {month} shipment, export sources said.
{country} is tendering for {tonnes} tonnes of {crop} for delivery in {month}, traders said.
The {country} {crop} harvest is estimated at {mln} mln tonnes, down {pct} pct from last year.
The U.S. Agriculture Department said private exporters sold {tonnes} tonnes of {crop} to {country}.
The European Community granted licences for the export of {tonnes} tonnes of {crop}.
Farmers in {country} have planted only {pct} pct of the {crop} area because of heavy rain.
""",
    details="""
The grain is to be shipped from the Gulf under the export enhancement program, with a bonus in kind.
{crop} futures on the Chicago Board of Trade gained {cts} cts a bushel on the news.
Ending stocks of {crop} are forecast at {mln} mln bushels, the department said.
Dry weather has hurt winter crops in the main growing belt, and yields may fall by {pct} pct.
The subsidy was set at {price} dlrs a tonne for soft wheat, against {price} dlrs a week ago.
Soviet buyers were said to look for corn and soybeans as well as feed barley.
Elevators are full after the record crop, and barge freight on the river is expensive.
The grain board said farmers would receive {price} dlrs a tonne in initial payments.
Acreage set aside under the farm program rose to {mln} mln acres, growers said.
Importers also asked for optional origin sorghum and rice in lots of {tonnes} tonnes.
Loading of {tonnes} tonnes of maize was held up by a strike of dockers in {city}.
The cooperative said its silos hold enough grain to feed livestock until {month}.
""",
)

MONEY_FX = Topic(
    headlines="""
DOLLAR FALLS TO {yen} YEN IN TOKYO
{bank} INTERVENES TO SUPPORT DOLLAR
U.K. MONEY MARKET GIVEN {mln} MLN STG HELP
STERLING FIRMS AGAINST MARK AND DOLLAR
{country} DEVALUES CURRENCY BY {pct} PCT
CENTRAL BANKS BUY DOLLARS, DEALERS SAY
MONETARY OFFICIALS SEEK CURRENCY STABILITY
{country} TO LET CURRENCY FLOAT
""",
    openings="""
The dollar fell to {yen} yen in Tokyo from {yen} at the previous close, dealers said.
The {bank} intervened in the foreign exchange market to support the dollar, dealers said.
The Bank of England said it gave the money market {mln} mln stg of assistance in band one bills.
Sterling firmed to {mark} marks and {usd} dlrs in active foreign exchange trading.
{country} devalued its currency by {pct} pct against a basket of currencies, the central bank said.
Finance ministers of the leading industrial nations agreed to keep currencies near current levels.
""",
    details="""
The {bank} was seen buying dollars at around {yen} yen, one foreign exchange dealer said.
The dollar ended in {city} at {mark} marks after an opening at {mark}.
The bank revised its estimate of the shortage in the money market to {mln} mln stg.
Dealers said central bank intervention slowed the fall but did not reverse the trend.
Speculators sold dollars after the finance minister said the yen had further to rise.
Sterling's trade-weighted index stood at {index}, up from {index} at the start.
Bills maturing and the take-up of treasury bills will drain {mln} mln stg from the system.
The accord on exchange rates leaves the target zones secret, monetary officials said.
The franc came under pressure within the European Monetary System, trading near its floor.
Foreign exchange reserves rose by {mln} mln dlrs in {month} because of heavy intervention.
Importers bought marks and Swiss francs as a hedge against a weaker dollar.
Traders are waiting for the interest rate decision before they take new currency positions.
""",
)

INTEREST = Topic(
    headlines="""
{bank} CUTS DISCOUNT RATE TO {rate} PCT
{house} RAISES PRIME RATE TO {rate} PCT
{country} BANKS LOWER LENDING RATES
{bank} LEAVES INTEREST RATES UNCHANGED
TREASURY BILL RATE AVERAGES {rate} PCT
FED EXPECTED TO ADD RESERVES
CALL MONEY RATE RISES IN {city}
{country} MORTGAGE RATES SEEN FALLING
""",
    openings="""
The {bank} cut its discount rate to {rate} pct from {rate} pct, effective {month} {day}.
{house} said it raised its prime lending rate to {rate} pct from {rate} pct.
Commercial banks in {country} will lower their base lending rates by {fraction} point.
The {bank} left its key interest rates unchanged after its regular council meeting.
The weekly treasury bill auction produced an average rate of {rate} pct, against {rate} pct.
The Federal Reserve is expected to add reserves through customer repurchase agreements, economists said.
""",
    details="""
The prime rate had stood at {rate} pct since {month}, and other banks are likely to follow.
Federal funds were trading at {rate} pct in the morning, unchanged from the average of the day before.
The lombard rate remains at {rate} pct, a spokesman of the {bank} said.
Economists said a lower discount rate would help the economy without rekindling inflation.
Three-month deposits were quoted at {rate} pct, and overnight money at {rate} pct.
The yield on the long bond eased to {rate} pct as hopes for cheaper credit grew.
Home loan rates of building societies could fall by {fraction} point by {month}.
The central bank accepted bids for securities repurchase pacts at a fixed rate of {rate} pct.
The call money rate rose by {fraction} point because of tight liquidity at the end of the month.
Higher rates are needed to slow the growth of the money supply, the governor told bankers.
The tender attracted bids of {bln} bln, and the allotment was made at the lowest yield.
A stronger dollar would give the authorities more room to ease credit, analysts said.
""",
)

TRADE = Topic(
    headlines="""
{country} TRADE SURPLUS WIDENS IN {month}
U.S. TO IMPOSE TARIFFS ON {country} GOODS
{country} TRADE DEFICIT {mln} MLN DLRS
GATT TO STUDY COMPLAINT AGAINST {country}
{country} PROTESTS CURBS ON {product}
SENATE PANEL BACKS TOUGHER TRADE BILL
{country} EXPORTS RISE {pct} PCT IN {month}
EC, {country} AVERT TRADE WAR
""",
    openings="""
{country} had a trade surplus of {mln} mln dlrs in {month}, compared with {mln} mln dlrs a year ago.
The U.S. plans to impose tariffs of up to {pct} pct on {product} from {country}, officials said.
{country} posted a trade deficit of {mln} mln dlrs in {month}, government figures showed.
A GATT panel will study a complaint that {country} restricts imports of {product}.
A Senate panel approved a bill that would force retaliation against unfair trade practices.
Exports of {country} rose {pct} pct in {month} while imports fell, the trade ministry said.
""",
    details="""
Imports were valued at {bln} bln dlrs and exports at {bln} bln dlrs, both seasonally adjusted.
The trade representative said the sanctions would stay until the market is open to foreign {product}.
The White House threatened to veto protectionist amendments to the bill.
The bilateral imbalance with the United States reached {bln} bln dlrs last year.
Trade negotiators meet in {city} in {month} for a new round on farm subsidies and services.
The ministry accused its partner of dumping {product} below cost on third markets.
Quotas on textiles and steel cover {pct} pct of the goods in dispute, exporters said.
Lawmakers said the trade gap costs jobs and that free trade must also be fair trade.
The surplus with the European Community narrowed as manufacturers moved production abroad.
Customs duties on {product} will be reduced by {pct} pct under the pact, diplomats said.
The import of {product} will need a licence, a step called a violation of the accord.
A weaker dollar has yet to help exporters, the commerce secretary told Congress.
""",
)

GOLD = Topic(
    headlines="""
GOLD FIXED AT {oz} DLRS IN LONDON
{company} TO OPEN GOLD MINE IN {country}
{company} REPORTS GOLD DRILLING RESULTS
GOLD RISES TO {oz} DLRS ON INFLATION FEARS
{country} GOLD OUTPUT FALLS {pct} PCT
MINERS STRIKE AT {company} GOLD SHAFTS
{company} GOLD RESERVES RAISED
{country} MINT TO SELL BULLION COINS
""",
    openings="""
Gold was fixed at {oz} dlrs an ounce in London, up from {oz} dlrs at the previous fixing.
{company} said it will open a gold mine in {country} at a cost of {mln} mln dlrs.
{company} said drilling cut {small} feet of ore grading {grade} ounces of gold a ton.
Gold bullion rose to {oz} dlrs an ounce on fears of inflation and a lower dollar, dealers said.
Gold output of {country} fell {pct} pct in {month} to {tonnes} ounces, the chamber of mines said.
Miners went on strike at the gold shafts of {company}, union and company officials said.
""",
    details="""
The mine is expected to produce {tonnes} ounces of gold a year from an open pit.
Proven reserves are put at {mln} mln tons of ore with an average grade of {grade} ounces a ton.
Silver followed gold and was quoted at {cts} cts above the last fix an ounce.
Dealers said investors in Zurich bought bullion and platinum as a safe haven.
Heap leaching keeps the cost of production below {price} dlrs an ounce, the company said.
Assays from the property near {city} show gold in {small} of the holes drilled so far.
The coin contains one ounce of fine gold and will be sold at a premium over the bullion price.
Rock bursts underground forced the closing of two shafts and cost {small} kilos of the metal.
On the Comex in New York the {month} gold contract closed at {oz} dlrs.
The partners hold {pct} pct each of the joint venture and will build a mill on the vein.
Refined gold sales by the central bank reached {tonnes} ounces last year.
Jewelry demand from Asia supported the metal, while mining shares were mixed.
""",
)

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
