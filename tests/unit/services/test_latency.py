"""How fast models answer, when several people ask at once."""

from threading import Event, Thread
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.inference.predictor import Predictor
from app.services.latency import LatencyService
from tests.support.artifacts import publish_artifact
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS


def predictor_of(store: ArtifactStore, task: str) -> Predictor:
    return Predictor(TASKS.get(task), store.open(task, publish_artifact(store, task).id), version=1)


def test_nobody_waits_long_for_another_measurement(store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known is told at once, and what is not is left out until it can be measured."""
    known, slow, other = (predictor_of(store, task) for task in ("planar", "housing", "sentiment"))
    latency = LatencyService(FakeClock())
    before = latency.of(known)
    begun, may_end, predict = Event(), Event(), slow.predict

    def waits(*asked: Any) -> Any:
        begun.set()
        assert may_end.wait(30)
        return predict(*asked)

    monkeypatch.setattr(slow, "predict", waits)
    measuring = Thread(target=latency.of, args=(slow,))
    measuring.start()
    try:
        assert begun.wait(30)
        assert before is latency.of(known)
        assert latency.of(other) is None
    finally:
        may_end.set()
        measuring.join()
    assert latency.of(other) is not None
