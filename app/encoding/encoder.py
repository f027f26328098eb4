"""What every encoder does: raw columns in, rows of numbers out."""

from collections.abc import Mapping
from typing import Any, Protocol

from app.encoding.rows import Encoded

Columns = Mapping[str, Any]  # column name -> list or array with one entry per row


class Encoder(Protocol):
    """Raw columns to network inputs; learnt from a training split, saved with the model."""

    @property
    def width(self) -> int:
        """Numbers per encoded row."""

    def encode(self, columns: Columns) -> Encoded:
        """The rows as the first layer takes them."""

    def to_json(self) -> dict[str, Any]:
        """What `preprocessing.json` keeps: enough for `Task.load_encoder`."""
