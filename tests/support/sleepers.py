"""Real workers whose trainers only sleep, for tests of what happens to processes."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from app.db import run_queries
from app.db.engine import Database
from app.settings import REPOSITORY, Settings
from app.wire.runs import Run
from tests.support.sleepy import ASLEEP

StartWorker = Callable[[], psutil.Process]

LONG = 120.0  # seconds: Ray takes 15 to find a node lost


@contextmanager
def workers(settings: Settings, log: Path, **environment: str) -> Iterator[StartWorker]:
    """What starts them, with these variables besides; what they log goes to `log`. All are killed at the end."""
    places = {"DENSELY_HOME": str(settings.home), "DENSELY_MODELS_DIR": str(settings.models_dir)}
    started: list[psutil.Process] = []

    def start() -> psutil.Process:
        command = [sys.executable, "-m", "tests.support.sleepy"]
        with log.open("ab") as file:
            own = {**os.environ, **places, **environment}
            started.append(psutil.Popen(command, cwd=REPOSITORY, env=own, stderr=file))
        return started[-1]

    try:
        yield start
    finally:
        for process in started:
            with suppress(psutil.NoSuchProcess):
                process.kill()
            process.wait(30)


def asleep(settings: Settings) -> list[int]:
    """Ids of the trainers of these workers, wherever they are: other tests may have theirs at the same time."""
    mine = [ASLEEP, str(settings.home)]
    return [each.pid for each in psutil.process_iter(["cmdline"]) if (each.info["cmdline"] or [])[-2:] == mine]


def run_of(database: Database, run_id: str) -> Run:
    """As the table has it now."""
    with database.read() as tx:
        return run_queries.get(tx, run_id)


def until(condition: Callable[[], object]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
