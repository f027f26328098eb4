"""Tasks whose encoded rows are the numbers of their inputs, which can be turned back."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from app.encoding.rows import Encoded, dense
from app.errors import InvalidInput
from app.kinds.base import Task
from app.wire.encodings import NamedValues, Restored, Values


class NumericTask(Task):
    """A task whose model sees as many numbers as the input has."""

    Encoding = NamedValues
    Codes = Values
    Decoding = Restored

    def encoding(self, encoder: Any, item: Any, encoded: Encoded) -> BaseModel:
        """How a model sees an instance of `Input`, whose row is `encoded`."""
        del item
        values = [round(value, 6) for value in dense(encoded)[0].tolist()]
        return NamedValues(values=values, columns=list(getattr(encoder, "columns", ())))

    def decoding(self, encoder: Any, codes: Any) -> BaseModel:
        """An instance of `Codes` turned back.

        Raises:
            InvalidInput: there are not as many as this encoder makes.
        """
        if len(codes.values) != encoder.width:
            raise InvalidInput(f"takes {encoder.width} numbers, got {len(codes.values)}", field="values")
        return Restored(input=self.restore(encoder, np.asarray(codes.values, dtype=np.float64)))

    @abstractmethod
    def restore(self, encoder: Any, row: NDArray[np.float64]) -> dict[str, Any]:
        """The fields of the input whose encoded row, (width,), this is."""
