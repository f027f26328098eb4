"""Rows of named values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, create_model

from app.domain.recipes import Features
from app.domain.tables import MixedColumns, Raw, Standardized
from app.encoding.encoder import Columns, Encoder
from app.encoding.mixed import MixedEncoder, width_of
from app.encoding.parts import ColumnSpec
from app.encoding.rows import Encoded, FloatMatrix, dense
from app.encoding.table import fitted, loaded
from app.kinds.answers import Effects, named_effects
from app.kinds.columns import field_names, form
from app.kinds.numeric import NumericTask
from app.wire.declarations import AnyColumn, CategoryColumn, Label, NumberColumn, TableKind
from app.wire.predictions import Input, InputWarning, NamedEffects

WIDEST = 10_000  # numbers of an encoded row
INLINE = 500  # microseconds that the event loop spends on rows


class TableTask(NumericTask):
    """Columns of numbers, categories, flags and dates; those that are all needed numbers may be seen as they are."""

    feature_kinds = (Standardized, Raw, MixedColumns)
    Explanation = NamedEffects

    def _input_form(self) -> type[Input]:
        """`features`, a field for each column."""
        columns = self._declared
        self.ranges = {
            column.name: column.range for column in columns if isinstance(column, NumberColumn) and column.range
        }
        self.optional_columns = tuple(column.name for column in columns if not column.required)
        self._fields = field_names(columns)
        features = form(f"{self.word}Features", columns)
        return create_model(f"{self.word}Input", __base__=Input, __doc__=self.description, features=(features, ...))

    @property
    def _declared(self) -> tuple[AnyColumn, ...]:
        assert isinstance(self.declaration.kind, TableKind)
        return self.declaration.kind.columns

    def _columns(self) -> tuple[str, ...]:
        """The columns by name."""
        return tuple(column.name for column in self._declared)

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """Every column; None for what is missing."""
        return {name: [getattr(item.features, field) for item in inputs] for name, field in self._fields.items()}

    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """What is to be known of the training split: of numbers mean, deviation, bounds; of categories which."""
        assert isinstance(features, Standardized | Raw | MixedColumns)
        if isinstance(features, MixedColumns):
            return MixedEncoder.fit(features, self._specs(features), columns)
        return fitted(features, [column.name for column in self._seen(features)], columns)

    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """That of any kind of features."""
        if saved["kind"] == MixedEncoder.kind:
            return MixedEncoder.from_json(saved)
        encoder = loaded(saved)
        encoder.fills = bool(self.optional_columns)
        return encoder

    def _seen(self, features: Standardized | Raw | MixedColumns) -> list[AnyColumn]:
        """The columns that are not left out."""
        return [column for column in self._declared if column.name not in features.exclude]

    def _specs(self, features: MixedColumns) -> list[ColumnSpec]:
        return [
            ColumnSpec(
                column.name, column.kind, column.required, column.values if isinstance(column, CategoryColumn) else ()
            )
            for column in self._seen(features)
        ]

    def input_width(self, features: Features) -> int:
        """One number per number that is not left out; of other columns the most that they may need."""
        assert isinstance(features, Standardized | Raw | MixedColumns)
        if isinstance(features, MixedColumns):
            return width_of(features, self._specs(features))
        return len(self._seen(features))

    def check_features(self, features: Features) -> tuple[str, str] | None:
        """The excluded columns must exist, and not be all; the others must suit the features, and not be too wide."""
        if reason := super().check_features(features):
            return reason
        assert isinstance(features, Standardized | Raw | MixedColumns)
        if unknown := set(features.exclude) - set(self.input_columns):
            return "exclude", f"there is no column {min(unknown)!r}; columns are {', '.join(self.input_columns)}"
        seen = self._seen(features)
        if not seen:
            return "exclude", "at least one column must stay"
        if isinstance(features, MixedColumns):
            width = self.input_width(features)
            told = (
                f"a row would have {width:,} numbers; the limit is {WIDEST:,}: exclude columns, or lower `categories`"
            )
            return ("", told) if width > WIDEST else None
        if unfit := [column.name for column in seen if column.kind != "number" or not column.required]:
            told = f"column {unfit[0]!r} is no number, or may be missing: exclude it, or take features of kind columns"
            return "", told
        return None

    def restore(self, encoder: Any, row: NDArray[np.float64]) -> dict[str, Any]:
        """The columns that the network sees, in their own units; null for what is missing or cannot be told."""
        if isinstance(encoder, MixedEncoder):
            return {"features": encoder.restore(row)}
        return {"features": dict(zip(encoder.columns, np.round(encoder.undo(row), 6).tolist(), strict=True))}

    def usual(self, encoder: Any) -> FloatMatrix | None:
        """The training split's means."""
        usual: FloatMatrix | None = encoder.usual
        return usual

    def groups(self, encoder: Any) -> NDArray[np.int64] | None:
        """Of columns that take several places."""
        return encoder.groups if isinstance(encoder, MixedEncoder) else None

    def takes_long(self, encoder: Any, inputs: Sequence[Any]) -> bool:
        """Many columns, or many rows."""
        return isinstance(encoder, MixedEncoder) and encoder.microseconds(len(inputs)) > INLINE

    def explanation(self, encoder: Any, item: Any, effects: Effects, label: Label | None) -> BaseModel:
        """The effect of each column."""
        if isinstance(encoder, MixedEncoder):
            return named_effects(effects, encoder.names, label)
        return super().explanation(encoder, item, effects, label)

    def warnings(self, encoder: Any, encoded: Encoded, columns: Columns) -> dict[int, list[InputWarning]]:
        """Numbers that no row of the training split has, and categories."""
        del columns
        found: dict[int, list[InputWarning]] = {}
        for row, name, message in encoder.doubts(dense(encoded)):
            found.setdefault(row, []).append(InputWarning(field=f"features.{name}", message=message))
        return found
