"""Answers that are one of several labels."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Annotated, Any, Literal

from pydantic import Field

from app.encoding.rows import FloatMatrix
from app.kinds.answers import DECIMALS, answer_form, as_probability
from app.wire.declarations import Label, OneOf
from app.wire.predictions import Abstained, LabelScore, Options

MOST_NAMED = 20  # labels that a schema lists

Fact = dict[str, Any]  # what the kind adds to an answer
Facts = list[Fact]  # one for each row


def _sure(row: Sequence[float], order: Sequence[int]) -> Iterator[int]:
    """The places of the probabilities above 0.5, given the order of all, best first."""
    return takewhile(lambda place: row[place] > 0.5, order)


class LabelAnswers:
    """Network outputs as labels with their probabilities."""

    def __init__(self, answer: OneOf) -> None:
        self._labels = answer.labels
        self._is_pair = len(answer.labels) == 2
        self._gives_labels, self._gives_top, self._gives_all = (
            name in answer.shows for name in ("labels", "top", "probabilities")
        )
        self._names = [str(label) for label in answer.labels]
        # Labels that count from 0 are places in a list.
        self._in_order = bool(answer.labels) and answer.labels == tuple(range(len(answer.labels)))

    def schema(self, name: str, facts: dict[str, Any], explanation: Any) -> Any:
        """The form of an answer, a TypedDict of this name; `facts` are the fields that the kind adds."""
        plain: Any = type(self._labels[0]) if self._labels else str  # a task without rows has no labels yet
        named: Any = Literal[self._labels] if 0 < len(self._labels) <= MOST_NAMED else plain
        fields: dict[str, Any] = {
            "label": Annotated[named | None, Field(description="null if the model abstains")],
            "probability": Annotated[float, Field(description="of the most probable label, 0 to 1")],
        }
        if self._gives_labels:
            told = "of probability above 0.5, best first: of a multilabel model any number, else up to one"
            fields["labels"] = Annotated[list[plain], Field(description=f"the labels {told}")]
        if self._gives_top:
            told = "the `top_k` most probable labels, best first"
            fields["top"] = Annotated[list[LabelScore], Field(description=told)]
        if self._gives_all:
            form = list[float] if self._in_order else dict[str, float]
            told = f"of the labels {self._labels[0]} to {self._labels[-1]}, in order" if self._in_order else "by label"
            fields["probabilities"] = Annotated[form, Field(description=told)]
        return answer_form(name, fields | facts | {"abstained": Abstained}, explanation)

    def decode(
        self, outputs: FloatMatrix, labels: Sequence[Label], options: Options, facts: Facts | None
    ) -> list[dict[str, Any]]:
        """The answers to some rows.

        `outputs`: (rows, labels), a probability for each of `labels`, which the training split had; of a multilabel
        head they do not add up to 1. Of two labels (rows, 1) will do: the probability of the second. The task may
        have got further labels since the model was made.
        """
        if self._is_pair or outputs.shape[1] == 1:
            labels = self._labels if self._is_pair else tuple(labels)
            rows = [(1 - value, value) for value in outputs[:, -1].tolist()]
            ranked = [(1, 0) if row[1] > 0.5 else (0, 1) for row in rows]
        else:
            labels = tuple(labels)
            rows, ranked = outputs.tolist(), (-outputs).argsort(axis=1, kind="stable").tolist()
        return [
            self._answer(labels, row, order, options, facts[place] if facts else {})
            for place, (row, order) in enumerate(zip(rows, ranked, strict=True))
        ]

    def _answer(
        self, labels: Sequence[Label], row: Sequence[float], order: Sequence[int], options: Options, facts: Fact
    ) -> dict[str, Any]:
        """The answer to one row of probabilities of `labels`, given the order of its places, best first."""
        first = order[0]
        # Rounding takes as long as all else here: of all, if they are told, else of the few that are.
        told = [round(value, DECIMALS) for value in row] if self._gives_all else []
        probability = told[first] if told else round(row[first], DECIMALS)
        abstained = options.abstain(probability)
        answer: dict[str, Any] = {"label": None if abstained else labels[first], "probability": probability}
        if self._gives_labels:
            answer["labels"] = [] if abstained else [labels[i] for i in _sure(row, order)]
        if self._gives_top:
            best = order[: options.top_k]
            answer["top"] = [{"label": labels[i], "probability": round(row[i], DECIMALS)} for i in best]
        if self._gives_all:
            answer["probabilities"] = self._every(labels, told)
        answer |= facts
        answer["abstained"] = abstained
        answer["warnings"] = []
        return answer

    def _every(self, labels: Sequence[Label], told: list[float]) -> list[float] | dict[str, float]:
        """The probability of every label; 0 for those that the training split did not have."""
        if labels != self._labels:
            found = dict(zip(labels, told, strict=True))
            told = [found.get(label, 0.0) for label in self._labels]
        return told if self._in_order else dict(zip(self._names, told, strict=True))

    def soften(self, answer: dict[str, Any], sureness: float, options: Options) -> None:
        """Make an answer as sure as it should be if its input was read right with this probability only.

        If it was not, every label is as likely as any other.
        """
        even = (1 - sureness) / len(self._labels)

        def soft(share: float) -> float:
            return as_probability(sureness * share + even)

        answer["probability"] = soft(answer["probability"])
        if self._gives_all:
            every = answer["probabilities"]
            answer["probabilities"] = (
                [soft(share) for share in every]
                if isinstance(every, list)
                else {label: soft(share) for label, share in every.items()}
            )
        for score in answer.get("top", ()):
            score["probability"] = soft(score["probability"])
        if "labels" in answer and answer["probability"] <= 0.5:
            answer["labels"] = []
        if options.abstain(answer["probability"]):
            answer.update(label=None, abstained=True)

    def withhold(self, answer: dict[str, Any]) -> None:
        """Give no label."""
        answer.update(label=None, abstained=True)
        if "labels" in answer:
            answer["labels"] = []
