"""The Python client: `Densely` waits for its answers, `AsyncDensely` has the same methods with `await`.

    from app.client import Densely

    with Densely("http://127.0.0.1:8000") as client:
        print(client.predict.sentiment("A wonderful film.").label)
        run = client.train("sentiment", dataset="sample").wait(progress=True)
        print(run.metrics.test, run.history[-1])

Errors: `app.client.errors`, with a drawing of the tree. `calls` describes every request once, `bodies` makes JSON of
what it is given, `connection` says where it goes, `transport` sends it in two ways, `retries` says what is repeated and
when, `events` follows runs.
"""

from app.client import errors
from app.client.asynchronous import AsyncDensely
from app.client.errors import ApiError, RunCancelled, RunFailed, ServiceUnreachable
from app.client.events import Event
from app.client.retries import Retries, Time
from app.client.run import AsyncRun, Run
from app.client.sync import Densely

__all__ = [
    "ApiError",
    "AsyncDensely",
    "AsyncRun",
    "Densely",
    "Event",
    "Retries",
    "Run",
    "RunCancelled",
    "RunFailed",
    "ServiceUnreachable",
    "Time",
    "errors",
]
