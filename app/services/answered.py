"""What `/predict` has answered, in plain numbers: an answer takes 35 microseconds or more, and counting it one."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from app.inference.predictor import FAR, Predictor
from app.metrics import catalog
from app.metrics.catalog import Labels, Metric
from app.metrics.tally import OTHER, Sample, Tally

MOST_LABELS = 200  # of a model that are told apart, and
MOST_MODELS = 500  # that are
ROUTE = "/predict"
_NOVEL = FAR.partition("{")[0]
_DURATIONS, _SHARES, _SMALL_SHARES = catalog.DURATIONS, catalog.SHARES, catalog.SMALL_SHARES


class _Seen:
    """A histogram of one thing."""

    __slots__ = ("counts", "total")

    def __init__(self, metric: Metric) -> None:
        self.counts = [0] * (len(metric.buckets) + 1)
        self.total = 0.0

    def values(self) -> list[float]:
        return [*self.counts, self.total]


class _Model:
    """What one model has answered."""

    __slots__ = ("abouts", "confidence", "labels", "requests", "rows", "unknown_words")

    def __init__(self) -> None:
        self.requests = self.rows = 0
        self.labels: dict[Any, int] = {}
        self.confidence = _Seen(catalog.CONFIDENCE)
        self.unknown_words = _Seen(catalog.UNKNOWN_WORDS)
        self.abouts: dict[str, int] = {}

    def add(self, predictions: Sequence[Mapping[str, Any]]) -> None:
        """These answers, each as its kind decodes it."""
        self.rows += len(predictions)
        labels, sure, unknown = self.labels, self.confidence, self.unknown_words
        for prediction in predictions:
            if "probability" in prediction:
                label, probability = prediction["label"], prediction["probability"]
                if label in labels:
                    labels[label] += 1
                else:
                    self._add_label(label)
                sure.counts[bisect_left(_SHARES, probability)] += 1
                sure.total += probability
            elif "labels" in prediction:
                self._add_several(prediction)
            if "known_words" in prediction:
                share = 1 - prediction["known_words"]
                unknown.counts[bisect_left(_SMALL_SHARES, share)] += 1
                unknown.total += share
            if prediction["warnings"]:
                for warning in prediction["warnings"]:
                    about = _about(warning)
                    self.abouts[about] = self.abouts.get(about, 0) + 1

    def _add_label(self, label: Any) -> None:
        name = label if label in self.labels or len(self.labels) < MOST_LABELS else OTHER
        self.labels[name] = self.labels.get(name, 0) + 1

    def _add_several(self, prediction: Mapping[str, Any]) -> None:
        for label in prediction["labels"] or (None,):
            self._add_label(label)
        if prediction["top"]:
            probability = prediction["top"][0]["probability"]
            self.confidence.counts[bisect_left(_SHARES, probability)] += 1
            self.confidence.total += probability


class _Counts:
    """Of all models; for one thread at a time."""

    def __init__(self) -> None:
        self.models: dict[tuple[str, int], _Model] = {}
        self.seconds = _Seen(catalog.REQUEST_SECONDS)

    def add(
        self, predictor: Predictor, predictions: Sequence[Mapping[str, Any]], seconds: float, requests: int = 1
    ) -> None:
        """The answers to so many requests, each of which took so long."""
        key = (predictor.task.name, predictor.version)
        model = self.models.get(key)
        if model is None:
            key = key if len(self.models) < MOST_MODELS else (OTHER, 0)
            model = self.models.setdefault(key, _Model())
        model.requests += requests
        model.add(predictions)
        self.seconds.counts[bisect_left(_DURATIONS, seconds)] += requests
        self.seconds.total += seconds * requests

    def samples(self) -> Iterator[Sample]:
        """Copies, each made in one step, so that whoever counts meanwhile is not in the way."""
        yield Sample(catalog.REQUEST_SECONDS.name, (ROUTE,), self.seconds.values())
        for (task, version), model in list(self.models.items()):
            yield from _samples_of(model, (task, str(version)))


class Answered:
    """Counts answers of `/predict`."""

    def __init__(self, tally: Tally) -> None:
        """`tally`: whose samples they are among."""
        self._here, self._elsewhere = _Counts(), _Counts()
        self._lock = Lock()  # over the latter
        self.add = self._here.add  # on the event loop's thread only
        tally.follow(self._here.samples)
        tally.follow(self._elsewhere.samples)

    def add_from_thread(
        self, predictor: Predictor, predictions: Sequence[Mapping[str, Any]], seconds: float, requests: int = 1
    ) -> None:
        """The same, from any thread."""
        with self._lock:
            self._elsewhere.add(predictor, predictions, seconds, requests)


Count = Callable[[Predictor, Sequence[Mapping[str, Any]], float], None]


def _samples_of(model: _Model, names: Labels) -> Iterator[Sample]:
    yield Sample(catalog.REQUESTS.name, ("POST", ROUTE, *names, "200"), [model.requests])
    yield Sample(catalog.ROWS.name, names, [model.rows])
    for label, number in list(model.labels.items()):
        yield Sample(catalog.LABELS.name, (*names, "" if label is None else str(label)), [number])
    for about, number in list(model.abouts.items()):
        yield Sample(catalog.WARNINGS.name, (*names, about), [number])
    for metric, seen in ((catalog.CONFIDENCE, model.confidence), (catalog.UNKNOWN_WORDS, model.unknown_words)):
        if any(seen.counts):
            yield Sample(metric.name, names, seen.values())


def _about(warning: Any) -> str:
    if warning.field == "model":
        return "model"
    return "novelty" if warning.message.startswith(_NOVEL) else "input"
