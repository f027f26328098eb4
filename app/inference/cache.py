"""Predictors in memory: the active ones by task, others by id as they are asked for."""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from types import MappingProxyType
from typing import Any

from app.inference.predictor import Predictor

NONE: Mapping[str, Any] = MappingProxyType({})


class PredictorCache:
    """Reads take no lock: `active` is replaced as a whole, never changed in place."""

    def __init__(self, size: int) -> None:
        """`size`: predictors kept besides the active ones, the least recently used dropped first."""
        self.active: dict[str, Predictor] = {}  # by task
        self.broken: dict[str, str] = {}  # task -> why its active model cannot be loaded
        self.waiting: Mapping[str, Any] = {}  # rows of active models that are loaded when first asked for, by task
        self._by_id: dict[str, Predictor] = {}  # the active ones
        self._size = size
        self._recent: OrderedDict[str, Predictor] = OrderedDict()  # by model id
        self._lock = Lock()

    def set_active(
        self, active: dict[str, Predictor], broken: dict[str, str], waiting: Mapping[str, Any] = NONE
    ) -> None:
        """Take over the present active predictors."""
        self._by_id = {predictor.manifest.id: predictor for predictor in active.values()}
        self.active, self.broken, self.waiting = active, broken, waiting

    def get(self, model_id: str) -> Predictor | None:
        """The predictor with this id, if it is in memory."""
        if predictor := self._by_id.get(model_id):
            return predictor
        with self._lock:
            recent = self._recent.get(model_id)
            if recent is not None:
                self._recent.move_to_end(model_id)
            return recent

    def forget(self) -> None:
        """Keep the active ones alone."""
        with self._lock:
            self._recent.clear()

    def add(self, predictor: Predictor) -> None:
        """Keep a predictor that was asked for."""
        with self._lock:
            self._recent[predictor.manifest.id] = predictor
            self._recent.move_to_end(predictor.manifest.id)
            while len(self._recent) > self._size:
                self._recent.popitem(last=False)
