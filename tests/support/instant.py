"""A worker whose trainers do nothing but end their run, at once: for the queue under load."""

import sys
from pathlib import Path
from threading import Event
from typing import Any

from app.artifacts.store import ArtifactStore
from app.db import runs
from app.db.engine import Database
from app.domain.clock import utc_now
from app.domain.runs import Metrics
from app.processes import Stop, stop_on_signals
from app.services.execution import Claim, WorkerService
from app.services.wakeups import Wakeups
from app.worker.loop import Worker, WorkerLimits
from app.worker.protocols import Loss, Trainer


class EndedTrainer:
    """A trainer that had nothing left to do when it was started."""

    def wait(self, seconds: float) -> int | None:
        del seconds
        return 0

    def loss(self) -> Loss | None:
        return None

    def kill(self) -> None:
        pass

    def let_go(self) -> None:
        pass

    def memory(self) -> int:
        return 0


class InstantExecutor:
    """Writes the run's id to a file, then ends the run in the database, as a trainer would."""

    def __init__(self, database: Database, executed: Path) -> None:
        self._database = database
        self._executed = executed

    def is_ready(self) -> bool:
        return True

    def passed_over(self) -> tuple[str, ...]:
        return ()

    def warm(self) -> None:
        pass

    def start(self, claim: Claim) -> Trainer:
        with self._executed.open("a", encoding="utf-8") as file:
            file.write(f"{claim.run.id}\n")  # one short write in append mode is not torn
        with self._database.write() as tx:
            runs.publish(tx, claim.run.id, claim.lease_id, utc_now(), Metrics())
        return EndedTrainer()

    def facts(self) -> dict[str, Any]:
        return {"devices": [], "versions": {}}

    def memory(self) -> int:
        return 0

    def close(self) -> None:
        pass


class UntilIdle(Event):
    """Stops the worker when it first finds no run."""

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        self.set()
        return True


def main(url: str, folder: str, worker_id: str, *more: str) -> None:
    """Work until the queue is empty; with one more word, until SIGTERM, as a worker does that is woken."""
    database = Database(url)
    home = Path(folder)
    stop: Event = UntilIdle()
    wakeups = Wakeups(database)
    if more:
        stop = Stop()
        stop_on_signals(stop)
        wakeups.start()
    Worker(
        WorkerService(database, utc_now, worker_id, lease_seconds=30),
        InstantExecutor(database, home / "executed.txt"),
        ArtifactStore(home / "models"),
        home / "checkpoints",
        WorkerLimits(poll=0.01, heartbeat=5, lease=30, run_time=60, run_memory=2**40),
        wakeups=wakeups,
    ).run(stop)
    wakeups.close()
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
