"""Predictors in memory: the active ones by task, others by id as they are asked for."""

from collections import OrderedDict
from threading import Lock

from app.inference.predictor import Predictor


class PredictorCache:
    """Reads take no lock: `active` is replaced as a whole, never changed in place."""

    def __init__(self, size: int) -> None:
        """`size`: predictors kept besides the active ones, the least recently used dropped first."""
        self.active: dict[str, Predictor] = {}  # by task
        self.broken: dict[str, str] = {}  # task -> why its active model cannot be loaded
        self._size = size
        self._recent: OrderedDict[str, Predictor] = OrderedDict()  # by model id
        self._lock = Lock()

    def set_active(self, active: dict[str, Predictor], broken: dict[str, str]) -> None:
        """Take over the present active predictors."""
        self.active, self.broken = active, broken

    def get(self, model_id: str) -> Predictor | None:
        """The predictor with this id, if it is in memory."""
        for predictor in self.active.values():
            if predictor.manifest.id == model_id:
                return predictor
        with self._lock:
            recent = self._recent.get(model_id)
            if recent is not None:
                self._recent.move_to_end(model_id)
            return recent

    def add(self, predictor: Predictor) -> None:
        """Keep a predictor that was asked for."""
        with self._lock:
            self._recent[predictor.manifest.id] = predictor
            self._recent.move_to_end(predictor.manifest.id)
            while len(self._recent) > self._size:
                self._recent.popitem(last=False)
