"""Several workers on one queue, as processes."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from app.db.engine import Database
from app.db.tables import events, runs
from app.domain.clock import utc_now
from app.domain.runs import RunStatus
from app.settings import Settings
from tests.conftest import DATABASE
from tests.support import postgres
from tests.support.queue import queue_run

FEW, MANY = 300, 2_000  # runs of eight workers: in every run of the tests, and in `make postgres`


@contextmanager
def workers(url: str, folder: Path, count: int, *more: str) -> Iterator[list["subprocess.Popen[str]"]]:
    """Each notes what it executes in one file; waits for them at the end."""
    command = [sys.executable, "-m", "tests.support.instant", url, str(folder)]
    started = [
        subprocess.Popen([*command, f"w-{number}", *more], stderr=subprocess.PIPE, text=True) for number in range(count)
    ]
    try:
        yield started
    finally:
        for worker in started:
            _, stderr = worker.communicate(timeout=120)
            assert 0 == worker.returncode, stderr


def check_each_once(database: Database, folder: Path, queued: list[str]) -> None:
    executed = Counter((folder / "executed.txt").read_text(encoding="utf-8").split())
    assert dict.fromkeys(queued, 1) == dict(executed)
    with database.read() as tx:
        statuses = tx.execute(select(runs.c.status, func.count()).group_by("status")).all()
        claims = [e.data["attempt"] for e in tx.execute(select(events)) if e.data.get("change") == "claimed"]
    assert [(RunStatus.SUCCEEDED, len(queued))] == statuses
    assert [1] * len(queued) == claims


def wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_four_workers_execute_each_of_200_runs_exactly_once(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    queued = [queue_run(database, utc_now) for _ in range(200)]
    with workers(settings.url, tmp_path, 4):
        pass

    check_each_once(database, tmp_path, queued)


def test_eight_workers_that_are_woken_execute_each_run_exactly_once(
    cluster: postgres.Cluster, template_of_postgresql: str, tmp_path: Path
) -> None:
    """On PostgreSQL: half of the runs wait when the workers come, half are queued while they work or are idle."""
    count = MANY if DATABASE == "postgresql" else FEW
    url = cluster.new_database(template_of_postgresql)
    database = Database(url)
    queued = [queue_run(database, utc_now) for _ in range(count // 2)]
    began = time.monotonic()

    def ended() -> bool:
        with database.read() as tx:
            return count == tx.execute(select(func.count()).where(runs.c.status == RunStatus.SUCCEEDED)).scalar_one()

    with workers(url, tmp_path, 8, "woken") as started:
        queued += [queue_run(database, utc_now) for _ in range(count - len(queued))]
        wait_until(ended, 600)
        sys.stdout.write(f"{count} runs by eight workers: {time.monotonic() - began:.1f} s\n")
        for worker in started:
            worker.terminate()

    check_each_once(database, tmp_path, queued)
    database.close()
    cluster.drop(url)
