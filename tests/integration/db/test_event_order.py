"""Whoever reads events by id, while several processes write them, misses none."""

import multiprocessing
from typing import Any

from app.db import events
from app.db.engine import Database
from app.domain.clock import utc_now
from app.services.attempts import Attempt
from app.services.execution import WorkerService
from app.wire.runs import Progress
from tests.support.queue import queue_run

WRITERS = 4
TRANSACTIONS = 60  # per writer


def write(url: str, number: int, barrier: Any) -> None:
    """A run's epochs, five to a transaction."""
    database = Database(url)
    claim = WorkerService(database, utc_now, f"w-{number}", 600).claim()
    assert claim is not None
    attempt = Attempt(database, utc_now, claim.run.id, claim.lease_id)
    barrier.wait(60)
    for epoch in range(1, TRANSACTIONS * 5 + 1):
        attempt.record_epoch(0, epoch, 0.1, {"loss": 1.0}, Progress(epoch=epoch, epochs=TRANSACTIONS * 5))
        if epoch % 5 == 0:
            attempt.flush()
    database.close()


def test_ids_become_visible_in_their_order(database: Database, url: str) -> None:
    """A reader that goes on after the last id it saw ends up with every row, while four processes commit at once."""
    for _ in range(WRITERS):
        queue_run(database, utc_now)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(WRITERS + 1)
    writers = [context.Process(target=write, args=(url, number, barrier)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    seen: list[int] = []
    barrier.wait(60)
    going = True
    while going:
        going = any(writer.is_alive() for writer in writers)
        while True:
            with database.read() as tx:
                found = events.after(tx, seen[-1] if seen else 0, 500)
            if not found:
                break
            seen += [row.id for row in found]

    for writer in writers:
        writer.join(60)
    assert [0] * WRITERS == [writer.exitcode for writer in writers]
    with database.read() as tx:
        everything = [row.id for row in events.after(tx, 0, 10**6)]
    assert len(everything) >= WRITERS * TRANSACTIONS * 5
    assert everything == seen
