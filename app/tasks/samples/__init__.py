"""The bundled `sample` dataset of each task: toy rows, so that a task trains in seconds with nothing else at hand.

One module per kind of row (`reviews`, `newswires`, `digits`, `houses`). Each has `rows()`, which returns its
columns by name, all train rows before all test rows, the same values on every call. Every row is written or
generated here; none comes from a published corpus.
"""

import importlib
from collections.abc import Callable
from typing import Any


def drawn_by(module: str) -> Callable[[], dict[str, Any]]:
    """The `rows` of a module of this package, which is imported when they are asked for: its phrases are long."""

    def rows() -> dict[str, Any]:
        found: dict[str, Any] = importlib.import_module(f"app.tasks.samples.{module}").rows()
        return found

    return rows
