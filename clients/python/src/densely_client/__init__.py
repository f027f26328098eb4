"""The Python client of Densely: `Densely` waits for its answers, `AsyncDensely` has the same methods with `await`.

    from densely_client import Densely

    with Densely("http://127.0.0.1:8000") as client:
        print(client.predict("sentiment", text="A wonderful film.").label)
        run = client.train("sentiment", dataset="sample").wait(progress=True)
        print(run.metrics.test, run.history[-1])

Errors: `densely_client.errors`, with a drawing of the tree. `forms` has what the service sends, `calls` describes every
request once, `inputs` and `bodies` make JSON of what is given, `connection` says where it goes, `retries` says what is
repeated and when, `events` follows runs. `asynchronous` is the side with `await`; `sync` is generated from it.
"""

from densely_client import errors, forms
from densely_client.asynchronous.client import AsyncDensely
from densely_client.asynchronous.runs import AsyncRun
from densely_client.asynchronous.sweeps import AsyncSweep
from densely_client.errors import (
    ApiError,
    DenselyError,
    RunCancelled,
    RunFailed,
    ServiceUnreachable,
    SweepCancelled,
    SweepFailed,
)
from densely_client.events import Event
from densely_client.retries import Retries, Time
from densely_client.sync.client import Densely
from densely_client.sync.runs import Run
from densely_client.sync.sweeps import Sweep
from densely_client.version import VERSION as __version__  # noqa: N811 - what Python calls it

__all__ = [
    "ApiError",
    "AsyncDensely",
    "AsyncRun",
    "AsyncSweep",
    "Densely",
    "DenselyError",
    "Event",
    "Retries",
    "Run",
    "RunCancelled",
    "RunFailed",
    "ServiceUnreachable",
    "Sweep",
    "SweepCancelled",
    "SweepFailed",
    "Time",
    "__version__",
    "errors",
    "forms",
]
