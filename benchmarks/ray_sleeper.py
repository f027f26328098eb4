"""A worker whose trials sleep instead of training: see `ray_sweep`. As `trainer` it is what its nodes start."""

import json
import sys
import time

from app.db.engine import Database
from app.domain.clock import utc_now
from app.domain.runs import FitMetrics, Metrics
from app.services.attempts import Attempt
from app.settings import Settings
from app.worker.__main__ import work
from app.worker.ray_executor import RayExecutor
from benchmarks.ray_sweep import seconds_of


def train() -> None:
    """Trial after trial; a run of any other kind ends without one."""
    _say({"devices": ["CPU:0"], "versions": {}})
    for line in sys.stdin:
        order = json.loads(line)
        if not order["keep"]:
            return
        database = Database(order["database_url"])
        attempt = Attempt(database, utc_now, order["run_id"], order["lease_id"])
        trial = attempt.run().trial
        assert trial is not None
        time.sleep(seconds_of(trial.number))
        name = trial.metric.removeprefix("val_")
        attempt.measured(Metrics(validation={name: 1.0}, fits=[FitMetrics(epochs=1, temperature=1.0)]))
        database.close()
        _say({"ended": 0})


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:] == ["trainer"]:
        train()
    else:
        RayExecutor.command = [sys.executable, "-m", "benchmarks.ray_sleeper", "trainer"]
        work(Settings())
