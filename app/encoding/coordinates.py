"""Points of the plane."""

from typing import Any

import numpy as np

from app.encoding.encoder import Columns
from app.encoding.rows import Encoded


class CoordinateEncoder:
    """The two numbers as they are."""

    width = 2
    columns = ("x1", "x2")

    def encode(self, columns: Columns) -> Encoded:
        """(rows, 2) float32."""
        return np.column_stack([np.asarray(columns[name], dtype=np.float32) for name in self.columns])

    def to_json(self) -> dict[str, Any]:
        """The content of `preprocessing.json`."""
        return {"kind": "coordinates", "columns": list(self.columns)}
