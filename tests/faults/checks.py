"""What must hold after all faults: asked of the database and the disk when everything has ended."""

import json
import math
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.db.tables import epochs, events, models, runs, webhooks
from app.domain.runs import FINAL, TRANSITIONS, Change, RunStatus
from app.errors import ArtifactInvalid
from benchmarks.service import REPOSITORY
from tests.faults.traffic import Runs

LOST = ("WorkerLost", "TrainerLost")  # errors of a run whose every attempt met a fault
CRASHES = {"no model of this database", "a model that was never published", "of no run that waits or is going"}
# Lines of a log that tell of a mistake, or of a database that could not be had though it was there.
BAD_LINES = ("Traceback", "database.away", "worker.waiting", "webhooks.waiting", "refresh.failed", "events.waiting")
OLD = 2 * 86_400.0  # seconds: older than what anybody may still be working on


def of_runs(database: Database, asked: Runs) -> Iterator[str]:
    """Each accepted run has ended once, as its events tell it, and has one model if it succeeded."""
    with database.read() as tx:
        rows = {row.id: row for row in tx.execute(select(runs))}
        published = Counter(tx.execute(select(models.c.run_id).where(models.c.run_id.is_not(None))).scalars())
        told = tx.execute(select(events).order_by(events.c.id)).all()
        recorded = tx.execute(select(epochs.c.run_id, epochs.c.fit, epochs.c.epoch)).all()
    if set(asked.accepted.values()) != set(rows) or len(asked.accepted) != len(rows):
        yield f"{len(asked.accepted)} runs were accepted, {len(rows)} are there"
    for run_id, row in rows.items():
        expected = 1 if row.status == RunStatus.SUCCEEDED else 0
        if published[run_id] != expected:
            yield f"run {run_id} is {row.status} and has {published[run_id]} models"
        if row.status not in FINAL:
            yield f"run {run_id} is still {row.status}"
        if row.status == RunStatus.FAILED and not (row.error_type in LOST and row.attempt == row.max_attempts):
            yield f"run {run_id} failed: {row.error_type}: {row.error_message}"
        if row.status == RunStatus.CANCELLED and run_id not in asked.to_cancel:
            yield f"run {run_id} is cancelled, which nobody asked for"
        if run_id in asked.endless and row.status != RunStatus.CANCELLED:
            yield f"run {run_id} was to be cancelled long before its end, and is {row.status}"
        own = [event for event in told if event.run_id == run_id]
        yield from _of_events(run_id, row.status, [event.data for event in own if event.type == "status"])
        yield from _of_epochs(run_id, own)
        yield from _of_history(run_id, own, [(e.fit, e.epoch) for e in recorded if e.run_id == run_id])


def _of_events(run_id: str, status: str, told: list[Mapping[str, Any]]) -> Iterator[str]:
    """The status events are a way through the table of transitions, to where the run stands."""
    at, attempts = RunStatus.QUEUED, 0
    for event in told[1:]:
        change = Change(event["change"])
        if TRANSITIONS.get((at, change)) != event["status"]:
            yield f"run {run_id} was {at} when it was {change}"
        at = RunStatus(event["status"])
        attempts += change is Change.CLAIMED
        if change is Change.CLAIMED and event["attempt"] != attempts:
            yield f"run {run_id}: attempt {event['attempt']} was claimed as the {attempts}th"
    if at != status:
        yield f"run {run_id} is {status}, and its last event says {at}"


def _of_epochs(run_id: str, told: Sequence[Row[Any]]) -> Iterator[str]:
    """An attempt's epochs come one after the other: out of their order, two trainers have written."""
    attempt, last = 0, (0.0, 0)
    for event in told:
        if event.type == "status" and event.data.get("change") == Change.CLAIMED:
            attempt, last = attempt + 1, (0.0, 0)
        elif event.type == "epoch":
            at = (event.data["fold"] or math.inf, event.data["epoch"])  # the fit that is published comes last
            if at <= last:
                yield f"run {run_id}: attempt {attempt} recorded (fold, epoch) {at} after {last}"
                return
            last = at


def _of_history(run_id: str, told: Sequence[Row[Any]], kept: list[tuple[int, int]]) -> Iterator[str]:
    """Each epoch of the history was told, and each fit has all of its epochs, from the first on, once."""
    happened = {(event.data["fold"] or 0, event.data["epoch"]) for event in told if event.type == "epoch"}
    if silent := set(kept) - happened:
        yield f"run {run_id}: no event tells of (fit, epoch) {min(silent)}, nor of {len(silent) - 1} others"
    for fit in {fit for fit, _ in kept}:
        numbers = sorted(epoch for of, epoch in kept if of == fit)
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"run {run_id}: the history of fit {fit} has the epochs {numbers}"


def of_events(database: Database, read: list[int]) -> Iterator[str]:
    """A client that reconnected was told every event, once and in order."""
    with database.read() as tx:
        there = list(tx.execute(select(events.c.id).order_by(events.c.id)).scalars())
    if missed := set(there) - set(read):
        yield f"a stream missed {len(missed)} of {len(there)} events, the first is {min(missed)}"
    if read[1:] != sorted(set(read[1:])):
        yield "a stream told events out of their order, or twice"


def of_webhooks(database: Database, delivered: set[str]) -> Iterator[str]:
    """Each was delivered, or will be."""
    with database.read() as tx:
        for row in tx.execute(select(webhooks)):
            if row.next_try_at is None and row.run_id not in delivered:
                yield f"the webhook of run {row.run_id} is settled, and was never delivered"


def of_files(database: Database, settings: Mapping[str, str], counts: dict[str, int]) -> Iterator[str]:
    """Every model has its files, whole; `densely gc` finds what crashes leave, and after it there is nothing else."""
    store = ArtifactStore(Path(settings["DENSELY_MODELS_DIR"]))
    yield from _of_places(database, store)
    with database.read() as tx:
        rows = {(row.task, row.id) for row in tx.execute(select(models))}
        last = {row.id: row.attempt for row in tx.execute(select(runs))}
    for path in [*store.root.glob("*/*"), *Path(settings["DENSELY_HOME"]).glob("checkpoints/*")]:
        os.utime(path, (time.time() - OLD,) * 2)
    for leftover in _gc(settings):
        counts[f"left: {leftover['reason']}"] = counts.get(f"left: {leftover['reason']}", 0) + 1
        if leftover["reason"] not in CRASHES or leftover["kept"]:
            yield f"{leftover['path']}: {leftover['reason']}"
    if left := _gc(settings):
        yield f"`densely gc` leaves {left}"
    if there := set(store.published()) ^ rows:
        yield f"files and rows of models do not agree: {sorted(there)}"
    for task, model_id in sorted(rows):
        try:
            store.verify(task, model_id)
            made = store.manifest(task, model_id)
            if made.run_id in last and made.attempt != last[made.run_id]:
                yield f"model {model_id} is of attempt {made.attempt}, and attempt {last[made.run_id]} ended the run"
        except ArtifactInvalid as error:
            yield f"model {model_id}: {error.message}"


def _of_places(database: Database, store: ArtifactStore) -> Iterator[str]:
    """Files come before their row: a model's folder got its place, which its ctime tells, before the run ended."""
    with database.read() as tx:
        ended = {
            row.run_id: row.at.timestamp()
            for row in tx.execute(select(events).where(events.c.type == "status"))
            if row.data.get("change") == Change.PUBLISHED
        }
        rows = tx.execute(select(models).where(models.c.run_id.in_(sorted(ended)))).all()
    for row in rows:
        folder = store.path(row.task, row.id)
        if folder.exists() and (late := folder.stat().st_ctime - ended[row.run_id]) > 0:
            yield f"model {row.id} was in place {late:.4f} seconds after the run had ended"


def _gc(settings: Mapping[str, str]) -> list[dict[str, Any]]:
    """What `densely gc` removes."""
    command = [sys.executable, "-m", "app.cli", "--json", "gc", "--yes"]
    done = subprocess.run(
        command, env={**os.environ, **settings}, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["leftovers"]
    return found


def of_log(text: str) -> Iterator[str]:
    """No mistake, and no database that could not be had."""
    for number, line in enumerate(text.splitlines()):
        if any(bad in line for bad in BAD_LINES):
            yield f"log, line {number + 1}: {line[:300]}"
