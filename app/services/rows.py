"""The rows of datasets, and what models make of them: the wrong ones first."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.datasets import browsing
from app.datasets.browsing import Selected
from app.datasets.catalog import DatasetCatalog
from app.errors import DatasetInvalid, InvalidInput, Overloaded, Unavailable
from app.inference.predictor import Predictor
from app.kinds.base import Split, Task
from app.services.datasets import DatasetService
from app.services.prediction import PredictionService
from app.wire.datasets import DatasetRow
from app.wire.declarations import DatasetInfo

MOST_PREDICTED = 20_000  # rows of a dataset that a model is asked about, the first ones
AT_ONCE = 500
KEPT = 16  # orders in memory
MOST_ORDERS = 4  # made or waited for at once, so that threads are left for other requests
LOOK_SECONDS = 0.2  # between two looks whether somebody still waits

Which = tuple[Split | None, str | None]  # the split, and the label that the dataset gives
HasLeft = Callable[[], bool]  # whether the client has gone, so that the work is for nobody


@dataclass(frozen=True)
class Order:
    """Rows as they are shown with a model's predictions: their numbers, and which are wrong, if any can be."""

    rows: NDArray[np.int64]
    wrong: NDArray[np.bool_] | None


class RowService:
    """Pages through rows."""

    def __init__(self, datasets: DatasetService, catalog: DatasetCatalog, prediction: PredictionService) -> None:
        self._datasets = datasets
        self._catalog = catalog
        self._prediction = prediction
        self._orders: OrderedDict[Any, Order] = OrderedDict()
        self._ordering = Lock()  # one at a time: it takes a core for a second, or more
        self._turns = BoundedSemaphore(MOST_ORDERS)

    def page(
        self,
        name: str,
        version: int | None,
        split: Split | None,
        label: str | None,
        limit: int,
        cursor: int | None,
        model: int | str | None = None,
        wrong: bool | None = None,
        has_left: HasLeft = lambda: False,
    ) -> tuple[list[DatasetRow], int | None]:
        """Rows in their order; with `model` the wrong ones first, or those alone.

        Raises:
            NotFound: there is no such dataset, or no such model of its task.
            InvalidInput: `wrong` without a model, or of numbers, which are never all right.
            Conflict: the rows are not on this machine.
            Unavailable: they cannot be read, no model answers, or the client has gone meanwhile.
            Overloaded: too many are asked for that nobody has asked for yet.
        """
        task, info = self._datasets.find(name, version)
        if wrong is not None and model is None:
            raise InvalidInput("needs `model`", field="wrong")
        try:
            if model is not None:
                predictor = self._prediction.find(task.name, model)
                return self._judged(task, info, predictor, (split, label), limit, cursor or 0, wrong, has_left)
            found = browsing.select(self._catalog, task, info, split, label, cursor or 0, limit + 1)
        except DatasetInvalid as error:
            raise Unavailable(error.message) from error
        rows = _rows(task, found)
        return rows[:limit], rows[limit].row if len(rows) > limit else None

    def _judged(
        self,
        task: Task,
        info: DatasetInfo,
        predictor: Predictor,
        which: Which,
        limit: int,
        start: int,
        wrong: bool | None,
        has_left: HasLeft,
    ) -> tuple[list[DatasetRow], int | None]:
        order = self._order(task, info, predictor, which, has_left)
        if wrong is not None and order.wrong is None:
            raise InvalidInput("is for labels; numbers come with the largest errors first", field="wrong")
        numbers = order.rows if wrong is None or order.wrong is None else order.rows[order.wrong == wrong]
        chosen = numbers[start : start + limit].tolist()
        found = browsing.take(self._catalog, task, info, chosen)
        answers = predictor.of_columns(found.columns) if chosen else []
        rows = [
            row.model_copy(update={"prediction": answer, "wrong": _is_wrong(task, answer, row.answer)})
            for row, answer in zip(_rows(task, found), answers, strict=True)
        ]
        return rows, start + limit if start + limit < len(numbers) else None

    def _order(self, task: Task, info: DatasetInfo, predictor: Predictor, which: Which, has_left: HasLeft) -> Order:
        key = (info.name, info.upload, predictor.manifest.id, which)
        if known := self._orders.get(key):
            return known
        if not self._turns.acquire(blocking=False):
            raise Overloaded(f"{MOST_ORDERS} lists of rows with predictions are being made already")
        try:
            with self._turn(has_left):
                if (known := self._orders.get(key)) is None:
                    known = self._orders[key] = self._ordered(task, info, predictor, which, has_left)
                    while len(self._orders) > KEPT:
                        self._orders.popitem(last=False)
            return known
        finally:
            self._turns.release()

    @contextmanager
    def _turn(self, has_left: HasLeft) -> Iterator[None]:
        """The turn to make an order, which nobody takes who has gone."""
        while not self._ordering.acquire(timeout=LOOK_SECONDS):
            _stay(has_left)
        try:
            yield
        finally:
            self._ordering.release()

    def _ordered(self, task: Task, info: DatasetInfo, predictor: Predictor, which: Which, has_left: HasLeft) -> Order:
        numbers: list[int] = []
        badness: list[float] = []
        for found in browsing.stream(self._catalog, task, info, *which, AT_ONCE):
            _stay(has_left)
            for answer, true in zip(predictor.of_columns(found.columns), found.target, strict=True):
                badness.append(_badness(task, answer, true))
            numbers += found.rows
            if len(numbers) >= MOST_PREDICTED:
                break
        scores = np.array(badness, dtype=np.float64)
        places = np.argsort(-scores, kind="stable")
        rows = np.array(numbers, dtype=np.int64)[places]
        return Order(rows, scores[places] > 0 if task.labels else None)


def _stay(has_left: HasLeft) -> None:
    """Go on, unless it would be for nobody."""
    if has_left():
        raise Unavailable("whoever asked has gone")


def _badness(task: Task, answer: dict[str, Any], true: Any) -> float:
    """Of labels 0 where they are right, else the more the surer the model was; of numbers how far off."""
    if _is_wrong(task, answer, _plain(true)):
        return 1.0 + float(answer.get("probability") or 0.0)
    value = answer.get("value")
    return 0.0 if task.labels or value is None else abs(float(value) - float(true))


def _is_wrong(task: Task, answer: dict[str, Any], true: Any) -> bool | None:
    if not task.labels:
        return None
    if isinstance(true, list):
        return set(map(str, answer.get("labels") or [])) != set(map(str, true))
    return str(answer["label"]) != str(true)


def _rows(task: Task, found: Selected) -> list[DatasetRow]:
    as_input = _INPUTS[task.kind]
    return [
        DatasetRow(
            row=number,
            split=split,
            input=as_input({name: _plain(column[place]) for name, column in found.columns.items()}),
            answer=_plain(found.target[place]),
        )
        for place, (number, split) in enumerate(zip(found.rows, found.splits, strict=True))
    ]


def _plain(value: Any) -> Any:
    """As JSON has it; NaN is a missing number."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - NaN
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value


def _of_point(values: dict[str, Any]) -> dict[str, Any]:
    return {"point": list(values.values())}


_INPUTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "text": lambda values: {name: value for name, value in values.items() if value is not None},
    "image": dict,
    "table": lambda values: {"features": {name: value for name, value in values.items() if value is not None}},
    "plane": _of_point,
}
