"""Templates of the toy newswires on companies and money, one a line; `newswire_phrases` explains the slots."""

from app.tasks.samples.newswire_topic import Topic

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
