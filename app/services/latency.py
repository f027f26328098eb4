"""How fast a model answers on this machine: measured when somebody asks, in a twentieth of a second."""

import os
import platform
from collections import OrderedDict
from threading import Lock
from time import perf_counter, thread_time

import numpy as np

from app.domain.clock import Clock
from app.inference.predictor import Predictor
from app.wire.predictions import Options
from app.wire.reports import Latency

SECONDS = 0.03  # of single rows, and
BATCH_SECONDS = 0.02  # of many at once: a process that serves has this much to spare, once for each model
PATIENCE = 0.5  # seconds of a clock that these may take on a busy machine
TURN = 0.2  # seconds that somebody waits for another measurement, which usually takes a quarter of that
MOST_CALLS = 300
MOST_ROWS = 64  # at once
KEPT = 1_000  # models


class LatencyService:
    """Measures predictors, each once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[str, Latency] = OrderedDict()  # by model id
        self._measuring = Lock()  # one at a time: two would measure each other

    def of(self, predictor: Predictor) -> Latency | None:
        """How long its task's example takes, as it was measured first; None while others are measured.

        Nobody waits long for them: whoever does has a thread that others need.
        """
        model_id = predictor.manifest.id
        if (known := self._known.get(model_id)) is not None:
            return known
        if not self._measuring.acquire(timeout=TURN):
            return None
        try:
            if (known := self._known.get(model_id)) is None:  # nobody has measured it meanwhile
                known = self._known[model_id] = self._measured(predictor)
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
            return known
        finally:
            self._measuring.release()

    def _measured(self, predictor: Predictor) -> Latency:
        _timed(predictor, 1, 0.0, 1)  # the first call is slower than all that follow
        times = _timed(predictor, 1, SECONDS, MOST_CALLS)
        median, most = np.percentile(times, (50, 99)).tolist()
        rows = max(1, min(MOST_ROWS, int(BATCH_SECONDS / median)))
        batch = float(np.median(_timed(predictor, rows, BATCH_SECONDS, MOST_CALLS)))
        return Latency(
            p50_ms=round(median * 1e3, 4),
            p99_ms=round(most * 1e3, 4),
            rows_per_second=round(rows / batch, 1),
            when=self._clock(),
            device=f"{platform.machine()}, {os.cpu_count()} cores",
        )


def _timed(predictor: Predictor, rows: int, seconds: float, most: int) -> list[float]:
    """How long each call with so many rows takes, until this much of a core's time is used up; of one call at least.

    A core's, since on a busy machine most of a call's time may be others', and one such call says little.
    """
    inputs = [predictor.task.Input.model_validate(predictor.task.example)] * rows
    options, end = Options(), thread_time() + seconds
    found: list[float] = []
    before = perf_counter()
    while not found or (thread_time() < end and len(found) < most and sum(found) < PATIENCE):
        predictor.predict(inputs, options)
        after = perf_counter()
        found.append(after - before)
        before = after
    return found
