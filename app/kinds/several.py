"""Answers that are any number of several labels."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from app.encoding.rows import FloatMatrix
from app.kinds.answers import DECIMALS, answer_form
from app.kinds.labels import MOST_NAMED, Facts
from app.wire.declarations import Label, SeveralOf
from app.wire.predictions import LabelScore, Options

SURE = 0.5  # probability above which a row has a label


class SeveralAnswers:
    """Network outputs as all the labels that a row has."""

    def __init__(self, answer: SeveralOf) -> None:
        self._labels = answer.labels

    def schema(self, name: str, facts: dict[str, Any], explanation: Any) -> Any:
        """The form of an answer, a TypedDict of this name; `facts` are the fields that the kind adds."""
        named: Any = Literal[self._labels] if 0 < len(self._labels) <= MOST_NAMED else str
        told = "of probability above 0.5, and of at least `min_confidence` if that is given, best first; may be empty"
        fields: dict[str, Any] = {
            "labels": Annotated[list[named], Field(description=f"the labels {told}")],
            "top": Annotated[list[LabelScore], Field(description="the `top_k` most probable labels, best first")],
        }
        return answer_form(name, fields | facts, explanation)

    def decode(
        self, outputs: FloatMatrix, labels: Sequence[Label], options: Options, facts: Facts | None
    ) -> list[dict[str, Any]]:
        """The answers to some rows; `outputs` (rows, labels), a probability for each of `labels`."""
        ranked = (-outputs).argsort(axis=1, kind="stable").tolist()
        found = []
        for place, (row, order) in enumerate(zip(outputs.tolist(), ranked, strict=True)):
            told = [(labels[i], row[i], round(row[i], DECIMALS)) for i in order]
            found.append(
                {
                    "labels": [label for label, sure, shown in told if sure > SURE and not options.abstain(shown)],
                    "top": [{"label": label, "probability": shown} for label, _, shown in told[: options.top_k]],
                    **(facts[place] if facts else {}),
                    "warnings": [],
                }
            )
        return found

    def withhold(self, answer: dict[str, Any]) -> None:
        """Give no label."""
        answer["labels"] = []

    def soften(self, answer: dict[str, Any], sureness: float, options: Options) -> None:
        """Only pictures are read with doubts, and they have one label."""
