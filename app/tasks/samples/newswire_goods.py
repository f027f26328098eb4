"""Templates of the toy newswires on goods and trade, one a line; `newswire_phrases` explains the slots."""

from app.tasks.samples.newswire_topic import Topic

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
