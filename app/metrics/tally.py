"""What a process has counted since it started, in plain numbers.

Counts of `prometheus_client` take 2 to 5 microseconds each, with the look-up of their labels and, between processes, a
mapped file; an answer of `/predict` has eight things to count, and takes 35 at the least. Here whoever counts much
keeps plain numbers (one microsecond for all eight), and is asked for them when they are read.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, NamedTuple

from app.metrics.catalog import Labels, Metric

MOST_SERIES = 2_000  # of a metric in a process; further labels count as OTHER
OTHER = "other"


class Sample(NamedTuple):
    """A series: of a histogram the count of each bucket (not of those below it too), and the sum of what was seen."""

    name: str
    labels: Labels
    values: list[float]


Key = tuple[str, Labels]


class Tally:
    """Counts, from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._series: dict[Metric, dict[Labels, list[float]]] = {}
        self._sources: list[Callable[[], Iterable[Sample]]] = []

    def add(self, metric: Metric, labels: Labels = (), amount: float = 1) -> None:
        """To a counter."""
        with self._lock:
            self._values(metric, labels)[0] += amount

    def observe(self, metric: Metric, labels: Labels, value: float) -> None:
        """Once, for a histogram."""
        place = bisect_left(metric.buckets, value)
        with self._lock:
            values = self._values(metric, labels)
            values[place] += 1
            values[-1] += value

    def observe_as(self, metric: Metric, *labels_and_value: Any) -> None:
        """The same with the labels and the value one after the other, as `functools.partial` gives them."""
        *labels, value = labels_and_value
        self.observe(metric, tuple(labels), value)

    def follow(self, source: Callable[[], Iterable[Sample]]) -> None:
        """Have these among the samples; called in any thread."""
        self._sources.append(source)

    def samples(self) -> list[Sample]:
        """All there is now."""
        with self._lock:
            own = [
                Sample(metric.name, labels, list(values))
                for metric, table in self._series.items()
                for labels, values in table.items()
            ]
        return own + [sample for source in self._sources for sample in source()]

    def _values(self, metric: Metric, labels: Labels) -> list[float]:
        table = self._series.setdefault(metric, {})
        if (found := table.get(labels)) is not None:
            return found
        if len(table) >= MOST_SERIES:
            labels = (OTHER,) * len(labels)
        return table.setdefault(labels, [0] * metric.width)


def added(samples: Iterable[Sample]) -> dict[Key, list[float]]:
    """The samples of several processes as one; those of another form than the first of their key are left out."""
    total: dict[Key, list[float]] = {}
    for name, labels, values in samples:
        present = total.get((name, labels))
        if present is None:
            total[name, labels] = list(values)
        elif len(present) == len(values):
            total[name, labels] = [a + b for a, b in zip(present, values, strict=True)]
    return total
