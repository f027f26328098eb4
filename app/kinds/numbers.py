"""Answers that are numbers."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from app.encoding.rows import FloatMatrix
from app.kinds.answers import answer_form
from app.kinds.labels import Facts
from app.wire.declarations import Label, NumberAnswer, RatingAnswer
from app.wire.predictions import Options


class NumberAnswers:
    """Network outputs as values with a unit."""

    def __init__(self, answer: NumberAnswer | RatingAnswer) -> None:
        self._title = answer.title
        self._unit = answer.unit
        self._bounds = (answer.least, answer.greatest) if isinstance(answer, RatingAnswer) else None

    def schema(self, name: str, facts: dict[str, Any], explanation: Any) -> Any:
        """The form of an answer, a TypedDict of this name; `facts` are the fields that the kind adds."""
        within = f", from {self._bounds[0]:g} to {self._bounds[1]:g}" if self._bounds else ""
        fields: dict[str, Any] = {
            "value": Annotated[float, Field(description=f"{self._title}, in `unit`{within}")],
            "unit": Annotated[str, Field(description="unit of `value`")],
        }
        return answer_form(name, fields | facts, explanation)

    def decode(
        self, outputs: FloatMatrix, labels: Sequence[Label], options: Options, facts: Facts | None
    ) -> list[dict[str, Any]]:
        """The answers to some rows; `outputs` (rows, 1) are in the unit."""
        del labels, options
        outputs = self.within(outputs)
        return [
            {"value": round(value, 4), "unit": self._unit, **(facts[place] if facts else {}), "warnings": []}
            for place, value in enumerate(outputs[:, 0].tolist())
        ]

    def within(self, outputs: FloatMatrix) -> FloatMatrix:
        """The outputs, or for those beyond a rating's bounds the nearer bound."""
        return outputs if self._bounds is None else outputs.clip(*self._bounds)

    def withhold(self, answer: dict[str, Any]) -> None:
        """A number is given however novel the input is."""

    def soften(self, answer: dict[str, Any], sureness: float, options: Options) -> None:
        """A number says nothing of how sure it is."""
