"""Four workers on one queue."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from sqlalchemy import func, select

from app.db.engine import Database
from app.db.tables import events, runs
from app.domain.clock import utc_now
from app.domain.runs import RunStatus
from app.settings import Settings
from tests.support.queue import queue_run

WORKERS, RUNS = 4, 200


def test_four_workers_execute_each_of_200_runs_exactly_once(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    queued = [queue_run(database, utc_now) for _ in range(RUNS)]
    command = [sys.executable, "-m", "tests.support.instant", settings.url, str(tmp_path)]
    workers = [
        subprocess.Popen([*command, f"w-{number}"], stderr=subprocess.PIPE, text=True) for number in range(WORKERS)
    ]
    for worker in workers:
        _, stderr = worker.communicate(timeout=120)
        assert 0 == worker.returncode, stderr

    executed = Counter((tmp_path / "executed.txt").read_text(encoding="utf-8").split())
    assert dict.fromkeys(queued, 1) == dict(executed)
    with database.read() as tx:
        assert [(RunStatus.SUCCEEDED, RUNS)] == tx.execute(select(runs.c.status, func.count()).group_by("status")).all()
        claims = [e.data["attempt"] for e in tx.execute(select(events)) if e.data.get("change") == "claimed"]
    assert [1] * RUNS == claims
