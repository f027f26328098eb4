"""Points of the plane."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.domain.numbers import Number
from app.domain.recipes import Coordinates, Features
from app.encoding.coordinates import CoordinateEncoder
from app.encoding.encoder import Columns, Encoder
from app.kinds.base import Plot
from app.kinds.numeric import NumericTask
from app.wire.declarations import PlaneKind
from app.wire.predictions import Input, NamedEffects

Coordinate = Annotated[Number, Field(ge=-1e3, le=1e3)]


class PointInput(Input):
    """A point of the plane."""

    point: Annotated[list[Coordinate], Field(min_length=2, max_length=2)] = Field(
        description="two numbers from -1,000 to 1,000"
    )


class PlaneTask(NumericTask):
    """Points of two classes, whose boundary can be looked at."""

    feature_kinds = (Coordinates,)
    dataset_plots = ("points",)
    Explanation = NamedEffects

    def _input_form(self) -> type[Input]:
        """A point, whatever the task."""
        assert isinstance(self.declaration.kind, PlaneKind)
        self.ranges = dict.fromkeys(CoordinateEncoder.columns, self.declaration.kind.range)
        return PointInput

    def _columns(self) -> tuple[str, ...]:
        """Two, one for each coordinate."""
        return CoordinateEncoder.columns

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The boundary first."""
        return ("boundary", *super().plots)

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """A column for each coordinate."""
        return {name: [item.point[place] for item in inputs] for place, name in enumerate(self.input_columns)}

    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """Nothing is learnt."""
        del features, columns
        return CoordinateEncoder()

    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """The one encoder there is."""
        if saved["kind"] != "coordinates":
            raise ValueError(f"unknown preprocessing {saved['kind']!r}")
        return CoordinateEncoder()

    def input_width(self, features: Features) -> int:
        """Two coordinates."""
        del features
        return 2

    def restore(self, encoder: Any, row: NDArray[np.float64]) -> dict[str, Any]:
        """The point itself."""
        del encoder
        return {"point": row.tolist()}
