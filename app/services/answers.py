"""What a model answered on the test split, row by row, as it was kept when the model was published."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import MILLION, Evaluation
from app.artifacts.store import ArtifactStore
from app.db import models
from app.db.engine import Database
from app.errors import NotFound
from app.wire.declarations import Label

BLOCK = 5_000  # rows that become Python objects at once

Columns = dict[str, list[Any]]  # by name, one entry per row


@dataclass(frozen=True)
class Answers:
    """The rows from `first` to `stop`, without the latter."""

    labels: Sequence[Label]  # empty for a regression
    evaluation: Evaluation
    first: int
    stop: int

    @property
    def following(self) -> int | None:
        """The row after these, if there is one."""
        return self.stop if self.stop < len(self.evaluation.target) else None

    def rows(self) -> list[dict[str, Any]]:
        """Each in the form of `Answer`."""
        names = [str(label) for label in self.labels]
        found = []
        for start, stop in self._blocks():
            columns, every = self._plain(start, stop), self._of_each_label(start, stop)
            if self.labels:
                told = [None] * (stop - start) if every is None else every.tolist()
                columns["probabilities"] = [row and dict(zip(names, row, strict=True)) for row in told]
            found += [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        return found

    def kinds(self) -> dict[str, Any]:
        """The columns' names, and what stands in them: int, float, str, or a list of one of these."""
        label = int if all(isinstance(label, int) for label in self.labels) else str
        said: Any = list[label] if self.evaluation.target.ndim == 2 else label  # type: ignore[valid-type]
        kinds: dict[str, Any] = {"row": int, "target": said, "predicted": said, "probability": float}
        if not self.labels:
            return {"row": int, "target": float, "predicted": float}
        kept = self.evaluation.millionths
        names = self.labels if kept is not None and kept.ndim == 2 else ()
        return kinds | {f"probability_{name}": float for name in names}

    def columns(self) -> Iterator[Columns]:
        """Block by block, in the order of `kinds`: a column for each label whose probabilities were kept."""
        for start, stop in self._blocks():
            columns, every = self._plain(start, stop), self._of_each_label(start, stop)
            if every is not None:
                columns |= {f"probability_{label}": every[:, place].tolist() for place, label in enumerate(self.labels)}
            yield columns

    def _blocks(self) -> Iterator[tuple[int, int]]:
        return ((start, min(start + BLOCK, self.stop)) for start in range(self.first, self.stop, BLOCK))

    def _plain(self, start: int, stop: int) -> Columns:
        """All columns but the probabilities of each label."""
        target, predicted = self.evaluation.target[start:stop], self.evaluation.predicted[start:stop]
        columns = {
            "row": list(range(start, stop)),
            "target": self._said(target),
            "predicted": self._said(predicted),
        }
        if self.labels:
            columns["probability"] = self._of_the_answer(start, stop)
        return columns

    def _said(self, part: NDArray[Any]) -> list[Any]:
        """Labels for positions, lists of labels for rows of truth values; the values of a regression."""
        if not self.labels:
            return [round(value, 6) if math.isfinite(value) else None for value in part.tolist()]
        if part.ndim == 2:
            return [[self.labels[place] for place in np.flatnonzero(row).tolist()] for row in part]
        return [self.labels[place] for place in part.tolist()]

    def _of_the_answer(self, start: int, stop: int) -> list[float | None]:
        kept = self.evaluation.millionths
        if kept is None:
            return [None] * (stop - start)
        every, predicted = self._of_each_label(start, stop), self.evaluation.predicted[start:stop]
        if every is None:
            likely = kept[start:stop] / MILLION
        elif predicted.ndim == 2:
            likely = every.max(axis=1)
        else:
            likely = every[np.arange(stop - start), predicted]
        found: list[float | None] = likely.tolist()
        return found

    def _of_each_label(self, start: int, stop: int) -> NDArray[np.float64] | None:
        """(rows, labels) probabilities; a network of one output tells that of the second label."""
        kept = self.evaluation.millionths
        if kept is None or kept.ndim == 1:
            return None
        part = kept[start:stop]
        return (part if part.shape[1] > 1 else np.column_stack([MILLION - part, part])) / MILLION


class AnswerService:
    """Finds the answers of a model."""

    def __init__(self, database: Database, store: ArtifactStore) -> None:
        self._database = database
        self._store = store

    def find(self, model_id: str, first: int, most: int | None) -> Answers:
        """The answers from row `first` on, at most so many.

        Raises:
            NotFound: there is no such model, or no answers were kept with it.
            ArtifactInvalid: its files are missing or damaged.
        """
        with self._database.read() as tx:
            row: Any = models.find(tx, model_id)
        if row is None:
            raise NotFound(f"there is no model {model_id!r}")
        evaluation = self._store.evaluation(row.task, model_id)
        if evaluation is None:
            raise NotFound(f"model {model_id} was made by a release that kept no answers")
        rows = len(evaluation.target)
        first = min(first, rows)
        stop = rows if most is None else min(first + most, rows)
        return Answers(self._store.manifest(row.task, model_id).labels, evaluation, first, stop)
