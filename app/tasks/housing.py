"""Housing: what is the median price of homes in a part of town?"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from app.domain.optimizers import RMSprop
from app.domain.recipes import Dense, Features, KFold, NoValidation, Preset, Recipe, Standardized, Validation
from app.tasks._answers import EXPLAINED, InputWarning, NamedEffects, Warnings
from app.tasks._rows import Encoded, FloatMatrix, dense
from app.tasks.base import SAMPLE, Columns, DatasetInfo, Encoder, Input, Label, Number, Options, Task

# Far beyond any town, and small enough that a standardised value stays a number in float32.
Amount = Annotated[Number, Field(ge=-1e6, le=1e6)]

FARTHEST = 1e6  # deviations from the mean; farther values count as so far, which keeps float32 finite

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


def _preset(description: str, epochs: int, validation: Validation) -> Preset:
    """The notebook's network for so many epochs."""
    recipe = Recipe(
        features=Standardized(),
        layers=(Dense(units=64), Dense(units=64)),
        head="regression",
        loss="mse",
        optimizer=RMSprop(),
        epochs=epochs,
        batch_size=16,
    )
    return Preset(description=description, recipe=recipe, validation=validation)


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


class Standardizer:
    """(value - mean) / deviation, both learnt from the training split; population deviation, as NumPy's `std`."""

    def __init__(
        self,
        columns: Sequence[str],
        mean: Sequence[float],
        std: Sequence[float],
        bounds: Sequence[Sequence[float]] | None = None,
    ) -> None:
        """A column that never varies has deviation 1, so that it becomes zero instead of NaN.

        `bounds`: the least and the greatest value of each column in the training split.
        """
        if not len(columns) == len(mean) == len(std):
            raise ValueError("columns, mean and std differ in length")
        self.columns = list(columns)
        self.mean: NDArray[np.float64] = np.array(mean, dtype=np.float64)
        self.std: NDArray[np.float64] = np.array(std, dtype=np.float64)
        self.bounds = [[float(value) for value in row] for row in bounds] if bounds else None
        # Encoded as any row is: a training row's own values lie within them to the last bit.
        self.span = (
            self.encode({name: column for name, *column in zip(self.columns, *self.bounds, strict=True)})
            if self.bounds
            else None
        )

    @property
    def width(self) -> int:
        """Numbers per encoded row."""
        return len(self.columns)

    def encode(self, columns: Columns) -> FloatMatrix:
        """(rows, columns) float32."""
        values = np.column_stack([np.asarray(columns[name], dtype=np.float64) for name in self.columns])
        with np.errstate(over="ignore"):  # a deviation may be next to nothing
            scaled = (values - self.mean) / self.std
        rows: FloatMatrix = np.clip(scaled, -FARTHEST, FARTHEST).astype(np.float32)
        return rows

    def to_json(self) -> dict[str, Any]:
        """The content of `preprocessing.json`."""
        return {
            "kind": "standardized",
            "columns": self.columns,
            "mean": self.mean.tolist(),
            "std": self.std.tolist(),
            "bounds": self.bounds,
        }


class Housing(Task):
    """The classic Boston housing notebook."""

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
    heads = ("regression",)
    feature_kinds = (Standardized,)
    pictures = ("predictions",)
    presets = {
        "baseline": _preset(
            "Two hidden layers of 64 units, 130 epochs on all training rows: the notebook's final network",
            130,
            NoValidation(),
        ),
        "kfold-100": _preset("The same for 100 epochs on each of 4 folds, then on all rows", 100, KFold(folds=4)),
        "kfold-500": _preset("For 500 epochs on each of 4 folds, to see when it overfits", 500, KFold(folds=4)),
    }

    def rows(self, dataset: str) -> dict[str, Any]:
        """The sample: towns invented by a formula."""
        del dataset
        from app.tasks._samples import houses

        return houses.rows()

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """Thirteen columns of numbers."""
        return {name: [getattr(item.features, name) for item in inputs] for name in FEATURES}

    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """Mean and deviation of the training split."""
        assert isinstance(features, Standardized)
        names = [name for name in FEATURES if name not in features.exclude]
        values = np.column_stack([np.asarray(columns[name], dtype=np.float64) for name in names])
        # Not `std > 0`: the mean of equal values has a rounding error, and so has their deviation.
        varies = np.ptp(values, axis=0) > 1e-9 * np.maximum(1.0, np.abs(values).max(axis=0))
        std = np.where(varies, values.std(axis=0), 1.0)
        mean = np.where(varies, values.mean(axis=0), values[0])
        return Standardizer(names, mean.tolist(), std.tolist(), [values.min(axis=0), values.max(axis=0)])

    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """The saved mean and deviation."""
        return Standardizer(saved["columns"], saved["mean"], saved["std"], saved.get("bounds"))

    def input_width(self, features: Features) -> int:
        """One number per column that is not left out."""
        assert isinstance(features, Standardized)
        return len(FEATURES) - len(set(features.exclude))

    def check_features(self, features: Features) -> tuple[str, str] | None:
        """The excluded columns must exist, and not be all."""
        if reason := super().check_features(features):
            return reason
        assert isinstance(features, Standardized)
        if unknown := set(features.exclude) - set(FEATURES):
            return "exclude", f"there is no column {min(unknown)!r}; columns are {', '.join(FEATURES)}"
        return None if self.input_width(features) else ("exclude", "at least one column must stay")

    def restore(self, encoder: Any, row: NDArray[np.float64]) -> dict[str, Any]:
        """The columns that the network sees, in their own units."""
        values = np.round(row * encoder.std + encoder.mean, 6)
        return {"features": dict(zip(encoder.columns, values.tolist(), strict=True))}

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
