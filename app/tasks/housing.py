"""Housing: what is the median price of homes in a part of town?"""

from app.tasks.presets.housing import PRESETS
from app.tasks.samples import drawn_by
from app.wire.declarations import SAMPLE, DatasetInfo, Declaration, NumberAnswer, NumberColumn, TableKind
from app.wire.pieces import Example, Range


def _figure(name: str, description: str, least: float, greatest: float, step: float) -> NumberColumn:
    """A column, and where its values lie in the published table."""
    return NumberColumn(name=name, description=description, range=Range(least=least, greatest=greatest, step=step))


TASK = Declaration(
    name="housing",
    title="Boston housing prices",
    description="Estimates the median home price in a part of 1970s Boston from thirteen figures.",
    notice=(
        "The Boston table has a column, B, derived from the racial make-up of towns; several libraries withdrew the "
        'dataset for it. Densely keeps the table because users of the notebooks ask for it. A recipe with "features": '
        '{"kind": "standardized", "exclude": ["B"]} trains without the column. Not for real decisions about homes.'
    ),
    kind=TableKind(
        columns=(
            _figure("CRIM", "crime rate per person and year", 0, 90, 0.01),
            _figure("ZN", "share of residential land for lots over 25,000 square feet, %", 0, 100, 0.5),
            _figure("INDUS", "share of land for business other than retail, %", 0, 28, 0.1),
            _figure("CHAS", "1 if the tract borders the Charles River, else 0", 0, 1, 1),
            _figure("NOX", "nitric oxides, parts per 10 million", 0.38, 0.88, 0.001),
            _figure("RM", "rooms per home, mean", 3.5, 9, 0.01),
            _figure("AGE", "share of owner-occupied homes built before 1940, %", 0, 100, 0.1),
            _figure("DIS", "weighted distance to five employment centres, miles", 1, 12.5, 0.01),
            _figure("RAD", "index of access to radial highways, 1 to 24", 1, 24, 1),
            _figure("TAX", "property tax, dollars per 10,000 dollars of value", 180, 720, 1),
            _figure("PTRATIO", "pupils per teacher", 12, 22, 0.1),
            _figure("B", "1000 (share of Black residents - 0.63)²; see the task's notice", 0, 397, 0.1),
            _figure("LSTAT", "share of residents of lower status, %", 1, 38, 0.01),
        )
    ),
    answer=NumberAnswer(title="Median home price", unit="thousands of 1970s US dollars", column="MEDV"),
    examples=(
        Example(
            title="Example",
            input={
                "features": {
                    "CRIM": 0.03,
                    "ZN": 0,
                    "INDUS": 7.0,
                    "CHAS": 0,
                    "NOX": 0.47,
                    "RM": 6.4,
                    "AGE": 65,
                    "DIS": 4.9,
                    "RAD": 2,
                    "TAX": 240,
                    "PTRATIO": 17.8,
                    "B": 396.9,
                    "LSTAT": 9.1,
                }
            },
        ),
    ),
    presets=PRESETS,
    datasets=(
        DatasetInfo("boston_housing", "Boston housing: 506 parts of town, 1970s", 404, 102, published="boston_housing"),
        DatasetInfo(
            SAMPLE, "Sample: towns invented by a formula for Densely, not real data", 400, 100, is_built_in=True
        ),
    ),
)

ROWS = {SAMPLE: drawn_by("houses")}
