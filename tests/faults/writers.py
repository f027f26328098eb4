"""Many processes that do nothing but write to one database: each must get its turn, and none an error."""

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import count

from app.db import events, runs
from app.db.engine import Database
from app.domain.clock import utc_now
from app.errors import Unavailable
from tests.support.queue import queue_run

PROCESSES = 8


@dataclass(frozen=True)
class Written:
    """What one process has done."""

    transactions: int
    longest: float  # seconds that one took, with its waiting
    refused: list[str]  # messages of those that failed


def write(database: Database, processes: int = PROCESSES, *, turns: int = 0, seconds: float = 0.0) -> list[Written]:
    """Each writes `turns` times, or for so many `seconds`; returns what each did."""
    run_ids = [queue_run(database, utc_now) for _ in range(processes)]
    url = database.engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        working = [pool.submit(_write, url, run_id, turns, seconds) for run_id in run_ids]
        return [each.result() for each in as_completed(working)]


def _write(url: str, run_id: str, turns: int, seconds: float) -> Written:
    """What a worker and a trainer write most often: a line of a run's log, in a transaction of its own."""
    database = Database(url)
    longest, done, refused = 0.0, 0, []
    for number in _rounds(turns, seconds):
        began = time.perf_counter()
        try:
            with database.write() as tx:
                events.add_one(tx, run_id, "log", utc_now(), {"message": f"line {number}"})
                runs.claimed_by(tx, "nobody")
            done += 1
        except Unavailable as error:
            refused.append(f"{error.message}: {error.__cause__}")
        longest = max(longest, time.perf_counter() - began)
    database.close()
    return Written(done, longest, refused)


def _rounds(turns: int, seconds: float) -> Iterator[int]:
    end = time.monotonic() + seconds
    for number in count():
        if number >= turns and time.monotonic() >= end:
            return
        yield number
