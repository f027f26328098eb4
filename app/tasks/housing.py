"""Housing: what is the median price of homes in a part of town?"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from app.domain.numbers import Number
from app.domain.recipes import Features, Raw, Standardized
from app.encoding.encoder import Columns, Encoder
from app.encoding.rows import Encoded, FloatMatrix, dense
from app.encoding.table import fitted, loaded
from app.kinds.answers import EXPLAINED, InputWarning, NamedEffects, Warnings
from app.kinds.base import SAMPLE, DatasetInfo, Input, Label, Options
from app.kinds.forms import Range
from app.kinds.numeric import NumericTask
from app.tasks._presets.housing import PRESETS

# Far beyond any town, and small enough that a standardised value stays a number in float32.
Amount = Annotated[Number, Field(ge=-1e6, le=1e6)]

FEATURES = {
    "CRIM": "crime rate per person and year",
    "ZN": "share of residential land for lots over 25,000 square feet, %",
    "INDUS": "share of land for business other than retail, %",
    "CHAS": "1 if the tract borders the Charles River, else 0",
    "NOX": "nitric oxides, parts per 10 million",
    "RM": "rooms per home, mean",
    "AGE": "share of owner-occupied homes built before 1940, %",
    "DIS": "weighted distance to five employment centres, miles",
    "RAD": "index of access to radial highways, 1 to 24",
    "TAX": "property tax, dollars per 10,000 dollars of value",
    "PTRATIO": "pupils per teacher",
    "B": "1000 (share of Black residents - 0.63)²; see the task's notice",
    "LSTAT": "share of residents of lower status, %",
}


# As the published table has them: least, greatest and a sensible step.
_TABLE = {
    "CRIM": (0, 90, 0.01), "ZN": (0, 100, 0.5), "INDUS": (0, 28, 0.1), "CHAS": (0, 1, 1), "NOX": (0.38, 0.88, 0.001),
    "RM": (3.5, 9, 0.01), "AGE": (0, 100, 0.1), "DIS": (1, 12.5, 0.01), "RAD": (1, 24, 1), "TAX": (180, 720, 1),
    "PTRATIO": (12, 22, 0.1), "B": (0, 397, 0.1), "LSTAT": (1, 38, 0.01),
}  # fmt: skip
RANGES = {name: Range(least=least, greatest=most, step=step) for name, (least, most, step) in _TABLE.items()}


class HousingFeatures(BaseModel):
    """The thirteen columns of the Boston housing table, all needed."""

    model_config = ConfigDict(extra="forbid")
    CRIM: Amount = Field(description=FEATURES["CRIM"])
    ZN: Amount = Field(description=FEATURES["ZN"])
    INDUS: Amount = Field(description=FEATURES["INDUS"])
    CHAS: Amount = Field(description=FEATURES["CHAS"])
    NOX: Amount = Field(description=FEATURES["NOX"])
    RM: Amount = Field(description=FEATURES["RM"])
    AGE: Amount = Field(description=FEATURES["AGE"])
    DIS: Amount = Field(description=FEATURES["DIS"])
    RAD: Amount = Field(description=FEATURES["RAD"])
    TAX: Amount = Field(description=FEATURES["TAX"])
    PTRATIO: Amount = Field(description=FEATURES["PTRATIO"])
    B: Amount = Field(description=FEATURES["B"])
    LSTAT: Amount = Field(description=FEATURES["LSTAT"])


class HousingInput(Input):
    """A part of town."""

    features: HousingFeatures


class HousingPrediction(TypedDict):
    """What the network makes of a part of town."""

    value: Annotated[float, Field(description="median price of owner-occupied homes, in `unit`")]
    unit: Annotated[str, Field(description="unit of `value`")]
    warnings: Warnings
    explanation: NotRequired[Annotated[NamedEffects, Field(description=EXPLAINED)]]


class Housing(NumericTask):
    """The classic Boston housing notebook."""

    kind = "table"
    name = "housing"
    title = "Boston housing prices"
    description = "Estimates the median home price in a part of 1970s Boston from thirteen figures."
    notice = (
        "The Boston table has a column, B, derived from the racial make-up of towns; several libraries withdrew the "
        'dataset for it. Densely keeps the table because users of the notebooks ask for it. A recipe with "features": '
        '{"kind": "standardized", "exclude": ["B"]} trains without the column. Not for real decisions about homes.'
    )
    Input = HousingInput
    Prediction = HousingPrediction
    example = {
        "features": {
            "CRIM": 0.03, "ZN": 0, "INDUS": 7.0, "CHAS": 0, "NOX": 0.47, "RM": 6.4, "AGE": 65, "DIS": 4.9,
            "RAD": 2, "TAX": 240, "PTRATIO": 17.8, "B": 396.9, "LSTAT": 9.1,
        }
    }  # fmt: skip
    datasets = (
        DatasetInfo("boston_housing", "Boston housing: 506 parts of town, 1970s", 404, 102, published="boston_housing"),
        DatasetInfo(SAMPLE, "Sample: towns invented by a formula for Densely, not real data", 400, 100),
    )
    input_columns = tuple(FEATURES)
    target = "MEDV"
    unit = "thousands of 1970s US dollars"
    value_title = "Median home price"
    ranges = RANGES
    heads = ("regression",)
    feature_kinds = (Standardized, Raw)
    pictures = ("predictions",)
    presets = PRESETS

    def rows(self, dataset: str) -> dict[str, Any]:
        """The sample: towns invented by a formula."""
        del dataset
        from app.tasks._samples import houses

        return houses.rows()

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """Thirteen columns of numbers."""
        return {name: [getattr(item.features, name) for item in inputs] for name in FEATURES}

    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """What is to be known of the training split: mean, deviation, bounds."""
        assert isinstance(features, Standardized | Raw)
        return fitted(features, [name for name in FEATURES if name not in features.exclude], columns)

    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """That of either kind of features."""
        return loaded(saved)

    def input_width(self, features: Features) -> int:
        """One number per column that is not left out."""
        assert isinstance(features, Standardized | Raw)
        return len(FEATURES) - len(set(features.exclude))

    def check_features(self, features: Features) -> tuple[str, str] | None:
        """The excluded columns must exist, and not be all."""
        if reason := super().check_features(features):
            return reason
        assert isinstance(features, Standardized | Raw)
        if unknown := set(features.exclude) - set(FEATURES):
            return "exclude", f"there is no column {min(unknown)!r}; columns are {', '.join(FEATURES)}"
        return None if self.input_width(features) else ("exclude", "at least one column must stay")

    def restore(self, encoder: Any, row: NDArray[np.float64]) -> dict[str, Any]:
        """The columns that the network sees, in their own units."""
        return {"features": dict(zip(encoder.columns, np.round(encoder.undo(row), 6).tolist(), strict=True))}

    def usual(self, encoder: Any) -> FloatMatrix | None:
        """The training split's means."""
        usual: FloatMatrix | None = encoder.usual
        return usual

    def warnings(self, encoder: Any, encoded: Encoded) -> dict[int, list[InputWarning]]:
        """Figures that no town of the training split has."""
        if encoder.span is None:  # of a model that was made without
            return {}
        rows, (low, high) = dense(encoded), encoder.span
        found: dict[int, list[InputWarning]] = {}
        for row, place in np.argwhere((rows < low) | (rows > high)).tolist():
            name, (least, most) = encoder.columns[place], (bound[place] for bound in encoder.bounds)
            message = f"lies outside the training rows' range, {least:g} to {most:g}"
            found.setdefault(row, []).append(InputWarning(field=f"features.{name}", message=message))
        return found

    def decode(
        self, outputs: FloatMatrix, encoded: Encoded, labels: Sequence[Label], options: Options
    ) -> list[HousingPrediction]:
        """`outputs` (rows, 1): thousands of dollars."""
        del encoded, labels, options
        return [{"value": round(value, 4), "unit": self.unit, "warnings": []} for value in outputs[:, 0].tolist()]
