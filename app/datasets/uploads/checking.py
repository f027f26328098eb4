"""The second pass through a file: every row is checked, and what is needed of those that can be used is kept."""

from array import array
from contextlib import ExitStack
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.datasets.uploads.columns import Convert, converter, plain, splits, target_converter
from app.datasets.uploads.keys import Keys, keys_of
from app.datasets.uploads.profile import Overview
from app.datasets.uploads.reading import Batch
from app.datasets.uploads.roles import Input, Layout
from app.datasets.uploads.signs import SAMPLE, SAMPLE_CELLS
from app.datasets.uploads.split import Mask, Strata
from app.datasets.uploads.tally import Tally
from app.datasets.uploads.writing import Waiting
from app.wire.datasets import MOST_FAULTS, Fault, ImportPlan
from app.wire.declarations import ImageKind

CANDIDATES = 5  # rows of a label from which an example may be taken
MOST_CANDIDATES = 60
LONG_EXAMPLE = 1_500  # characters of a text


class Check:
    """What is known of the rows so far."""

    def __init__(
        self, layout: Layout, overview: Overview, plan: ImportPlan, image: ImageKind | None, files: ExitStack
    ) -> None:
        """`image` is how pictures are scaled, of a task of pictures; `files` are closed at the end."""
        self.layout, self._plan, self._image = layout, plan, image
        self._random = np.random.default_rng(plan.seed)
        drawn = min(SAMPLE, SAMPLE_CELLS // max(1, len(layout.inputs)))
        self._share = min(1.0, drawn / max(1, overview.rows))
        profiles, target = overview.profiles, layout.target
        self._target = target_converter(target)
        self._inputs: list[tuple[Input, Convert]] = [(column, converter(column, image)) for column in layout.inputs]
        self.tallies = {
            column.name: Tally(column.name, _role(column), profiles[column.source], column.role)
            for column in layout.inputs
        }
        kind = "number" if target.kind in {"number", "rating"} else "category"
        self.tallies[target.name] = Tally(target.name, "label", profiles[target.source], kind)
        self._strata = _Strata(layout, overview)
        self._keys = array("Q")
        self._codes = array(self._strata.typecode)
        self._sides = bytearray()
        self.faults: list[Fault] = []
        self.skipped = self.rows = 0
        self.sample: dict[str, list[Any]] = {column.name: [] for column in layout.inputs}
        self.answers: list[Any] = []
        self._candidates: list[tuple[int, Any, dict[str, Any]]] = []
        keeps_target = target.kind == "several_of"
        self.waiting = Waiting(files, plan.folder) if plan.out or keeps_target else None

    def add(self, batch: Batch) -> None:
        """Check some more rows."""
        bad = {-1 - place: fault for place, fault in enumerate(batch.faults)}
        columns = [
            self._converted(batch, column.source, column.title, convert, bad) for column, convert in self._inputs
        ]
        target = self.layout.target
        answers = self._converted(batch, target.source, target.title, self._target, bad)
        sides = None
        if self.layout.split is not None:
            sides = self._converted(batch, self.layout.split, "split", splits, bad)
        self._note(bad)
        if usable := self._usable(len(batch.lines), bad):
            columns, answers = [pc.filter(each, usable[0]) for each in columns], pc.filter(answers, usable[0])
            sides = None if sides is None else pc.filter(sides, usable[0])
        if len(answers):
            self._keep(columns, answers, sides)

    def _converted(self, batch: Batch, source: int, title: str, convert: Convert, bad: dict[int, Fault]) -> Any:
        values, faults = convert(batch.columns[source])
        for row, reason in faults.items():
            name = batch.files[row] if batch.files else title
            bad.setdefault(row, Fault(line=batch.lines[row], column=name, message=reason))
        return values

    def _note(self, bad: dict[int, Fault]) -> None:
        self.skipped += len(bad)
        if bad and len(self.faults) < MOST_FAULTS:
            ordered = sorted(bad.values(), key=lambda fault: fault.line or 0)
            self.faults += ordered[: MOST_FAULTS - len(self.faults)]

    @staticmethod
    def _usable(rows: int, bad: dict[int, Fault]) -> list[Any]:
        places = [row for row in bad if row >= 0]
        if not places:
            return []
        mask = np.ones(rows, dtype=bool)
        mask[places] = False
        return [pa.array(mask)]

    def _keep(self, columns: list[Any], answers: Any, sides: Any) -> None:
        inputs = [column for column, _ in self._inputs]
        self._keys.frombytes(keys_of(list(zip(inputs, columns, strict=True)), len(answers), self._plan.seed).tobytes())
        self._codes.frombytes(self._strata.of(answers).tobytes())
        if sides is not None:
            self._sides += pc.equal(sides, "test").to_numpy(zero_copy_only=False).astype(np.uint8).tobytes()
        named = dict(zip((column.name for column in inputs), columns, strict=True))
        for name, values in [*named.items(), (self.layout.target.name, answers)]:
            self.tallies[name].update(values)
        self._draw(named, answers)
        if self.waiting:
            kept = {**named, self.layout.target.name: answers} if self._plan.out else {self.layout.target.name: answers}
            self.waiting.add(pa.RecordBatch.from_pydict(kept))
        self.rows += len(answers)

    def _draw(self, columns: dict[str, Any], answers: Any) -> None:
        """Some rows for a closer look, and some that may be examples."""
        drawn = np.flatnonzero(self._random.random(len(answers)) < self._share)
        places = pa.array(drawn)
        found = answers.take(places).to_pylist()
        self.answers += found
        for column, _ in self._inputs:
            if column.role != "image":
                self.sample[column.name] += columns[column.name].take(places).to_pylist()
        for row, answer in zip(drawn.tolist(), found, strict=True):
            if len(self._candidates) >= MOST_CANDIDATES:
                return
            about = (answer[0] if answer else None) if isinstance(answer, list) else answer
            self._consider(row, None if isinstance(about, float) else about, columns)

    def _consider(self, row: int, about: Any, columns: dict[str, Any]) -> None:
        """A row as an example for a label, or for any number."""
        most = CANDIDATES if about is not None else MOST_CANDIDATES // 3
        if sum(known == about for _, known, _ in self._candidates) >= most:
            return
        values = {name: column[row].as_py() for name, column in columns.items()}
        if not any(isinstance(value, str) and len(value) > LONG_EXAMPLE for value in values.values()):
            self._candidates.append((self.rows + row, about, values))

    @property
    def keys(self) -> Keys:
        """(rows,), of the inputs."""
        return np.frombuffer(self._keys, dtype=np.uint64)

    @property
    def codes(self) -> Strata:
        """(rows,), the stratum of each: of one label its place among the labels."""
        return np.frombuffer(self._codes, dtype=self._codes.typecode)

    @property
    def sides(self) -> Mask:
        """(rows,), whether the file says that a row is of the test."""
        return np.frombuffer(self._sides, dtype=np.uint8).astype(bool)

    def examples(self, test: Mask, most: int = 4) -> list[dict[str, Any]]:
        """Inputs of test rows, of different labels where there are."""
        rows = [one for one in self._candidates if test[one[0]]] or self._candidates
        firsts, seen = [], set()
        for one in rows:
            if one[1] is None or one[1] not in seen:
                seen.add(one[1])
                firsts.append(one)
        return [self._input(values) for _, _, values in firsts[:most]]

    def _input(self, values: dict[str, Any]) -> dict[str, Any]:
        if self.layout.kind == "plane":
            return {"point": [values["x"], values["y"]]}
        if self.layout.kind == "image":
            return {"image": plain(values["pixels"], self.layout.inputs[0], self._image)}
        there = {name: value for name, value in values.items() if value is not None}
        return {"features": there} if self.layout.kind == "table" else there


def _role(column: Input) -> Any:
    return column.role


class _Strata:
    """The groups of rows of which the split takes as many each: by label, by the rarest of several, by size."""

    def __init__(self, layout: Layout, overview: Overview) -> None:
        self._target = layout.target
        profile = overview.profiles[layout.target.source]
        labels = layout.target.labels
        self._labels = pa.array(labels, pa.int64() if layout.target.are_whole else pa.string())
        self._places = {label: place for place, label in enumerate(labels)}
        self._counts = {str(value): rows for value, rows in (profile.items or profile.values or {}).items()}
        self._bounds = np.quantile(profile.kept, np.linspace(0.1, 0.9, 9)) if profile.kept else np.zeros(0)
        self.typecode = "H" if len(labels) < 65_000 else "I"

    def of(self, answers: Any) -> Strata:
        """The stratum of each row."""
        if self._target.kind == "one_of":
            found = pc.index_in(answers, value_set=self._labels).to_numpy(zero_copy_only=False)
        elif self._target.kind == "several_of":
            found = np.array([self._rarest(labels) for labels in answers.to_pylist()])
        else:
            found = np.searchsorted(self._bounds, answers.to_numpy(zero_copy_only=False))
        strata: Strata = found.astype(self.typecode)
        return strata

    def _rarest(self, labels: list[str]) -> int:
        if not labels:
            return len(self._places)
        return self._places[min(labels, key=lambda label: self._counts.get(label, 0))]
