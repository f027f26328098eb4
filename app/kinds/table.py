"""Rows of named numbers."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, create_model

from app.domain.numbers import Number
from app.domain.recipes import Features, Raw, Standardized
from app.encoding.encoder import Columns, Encoder
from app.encoding.rows import Encoded, FloatMatrix, dense
from app.encoding.table import fitted, loaded
from app.kinds.numeric import NumericTask
from app.wire.declarations import FARTHEST, Declaration, NumberColumn, TableKind
from app.wire.predictions import Input, InputWarning, NamedEffects

Amount = Annotated[Number, Field(ge=-FARTHEST, le=FARTHEST)]


class TableTask(NumericTask):
    """Numeric columns, all needed, standardised or as they are."""

    feature_kinds = (Standardized, Raw)
    Explanation = NamedEffects

    def _input_form(self) -> type[Input]:
        """`features`, a field for each column."""
        numbers = _numbers_of(self.declaration)
        self.ranges = {column.name: column.range for column in numbers if column.range}
        columns: Any = {column.name: (Amount, Field(description=column.description)) for column in numbers}
        form = create_model(
            f"{self.word}Features", __config__=ConfigDict(extra="forbid"), __doc__="The columns, all needed.", **columns
        )
        return create_model(f"{self.word}Input", __base__=Input, __doc__=self.description, features=(form, ...))

    def _columns(self) -> tuple[str, ...]:
        """The numbers by name."""
        return tuple(column.name for column in _numbers_of(self.declaration))

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """A column for each number."""
        return {name: [getattr(item.features, name) for item in inputs] for name in self.input_columns}

    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """What is to be known of the training split: mean, deviation, bounds."""
        assert isinstance(features, Standardized | Raw)
        return fitted(features, [name for name in self.input_columns if name not in features.exclude], columns)

    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """That of either kind of features."""
        return loaded(saved)

    def input_width(self, features: Features) -> int:
        """One number per column that is not left out."""
        assert isinstance(features, Standardized | Raw)
        return len(self.input_columns) - len(set(features.exclude))

    def check_features(self, features: Features) -> tuple[str, str] | None:
        """The excluded columns must exist, and not be all."""
        if reason := super().check_features(features):
            return reason
        assert isinstance(features, Standardized | Raw)
        if unknown := set(features.exclude) - set(self.input_columns):
            return "exclude", f"there is no column {min(unknown)!r}; columns are {', '.join(self.input_columns)}"
        return None if self.input_width(features) else ("exclude", "at least one column must stay")

    def restore(self, encoder: Any, row: NDArray[np.float64]) -> dict[str, Any]:
        """The columns that the network sees, in their own units."""
        return {"features": dict(zip(encoder.columns, np.round(encoder.undo(row), 6).tolist(), strict=True))}

    def usual(self, encoder: Any) -> FloatMatrix | None:
        """The training split's means."""
        usual: FloatMatrix | None = encoder.usual
        return usual

    def warnings(self, encoder: Any, encoded: Encoded, columns: Columns) -> dict[int, list[InputWarning]]:
        """Numbers that no row of the training split has."""
        del columns
        if encoder.span is None:  # of a model that was made without
            return {}
        rows, (low, high) = dense(encoded), encoder.span
        found: dict[int, list[InputWarning]] = {}
        for row, place in np.argwhere((rows < low) | (rows > high)).tolist():
            name, (least, most) = encoder.columns[place], (bound[place] for bound in encoder.bounds)
            message = f"lies outside the training rows' range, {least:g} to {most:g}"
            found.setdefault(row, []).append(InputWarning(field=f"features.{name}", message=message))
        return found


def _numbers_of(declaration: Declaration) -> tuple[NumberColumn, ...]:
    assert isinstance(declaration.kind, TableKind)
    return declaration.kind.columns
