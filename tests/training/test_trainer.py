"""How a trainer's run ends when it cannot be finished."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from app import logs
from app.db import models, run_queries
from app.db.engine import Database
from app.domain.optimizers import SGD
from app.services.attempts import Attempt
from app.settings import Settings
from app.storage import filesystems
from app.training import trainer
from app.training.pipeline import Workplace
from app.wire.runs import Run
from tests.support.artifacts import add_model
from tests.support.tasks import TASKS


def carry_out(
    attempt: Attempt, settings: Settings, place: Workplace, monkeypatch: pytest.MonkeyPatch, store_url: str = ""
) -> int:
    """What the trainer process does with the message of its worker; the logging stays that of the tests."""
    monkeypatch.setattr(logs, "configure", lambda _: None)
    return trainer.train(
        {
            "run_id": attempt.run_id, "lease_id": attempt.lease_id, "database_url": settings.url, "log_level": "info",
            "models_dir": str(place.store.root), "datasets_dir": str(place.catalog.folder),
            "uploads_dir": str(place.checkpoints / "uploads"),
            "encoded_dir": str(place.checkpoints / "encoded"), "encoded_cache_mib": 0,
            "checkpoints_dir": str(place.checkpoints), "checkpoint_seconds": place.checkpoint_seconds,
            "devices": "1", "store_url": store_url, "store_cache_mib": 0,
        }
    )  # fmt: skip


def start_trainer(redirected: str = "", stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """A trainer process, as a worker starts it."""
    command = ["/bin/sh", "-c", f'exec "$0" -m app.training.trainer {redirected}', sys.executable]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE)


def test_a_trainer_whose_worker_was_killed_while_it_started_ends_without_a_word() -> None:
    """Nobody reads what it has to say; its standard input may still be open for a moment."""
    read, write = os.pipe()
    os.close(read)
    with start_trainer(stdout=write) as trainer_process:
        os.close(write)
        assert trainer_process.stderr is not None
        said = trainer_process.stderr.read()

        assert (0, b"") == (trainer_process.wait(120), said)


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full"])
def test_a_trainer_gets_ready_where_nobody_hears_it(redirected: str) -> None:
    with start_trainer(redirected) as trainer_process:
        hello, _ = trainer_process.communicate(timeout=120)

    assert "CPU:0" in json.loads(hello)["devices"]
    assert 0 == trainer_process.returncode


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_loss_that_is_no_number_fails_the_run_and_keeps_the_epochs_before_it(
    seeds: int,
    begin: Callable[..., Attempt],
    run_of: Callable[[Attempt], Run],
    place: Workplace,
    settings: Settings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message names the epoch and the likely cause; the active model stays, and nothing is published."""
    rival = add_model(database, place.store, "housing", test_metric=1e9)
    baseline = TASKS.get("housing").presets["baseline"].recipe
    hot = baseline.model_copy(update={"optimizer": SGD(learning_rate=10.0), "layers": (), "batch_size": 404})
    attempt = begin(recipe=hot, seeds=seeds, activate="always")

    assert 0 == carry_out(attempt, settings, place, monkeypatch)

    run = run_of(attempt)
    assert ("failed", None) == (run.status, run.model_id)
    assert run.error is not None
    with database.read() as tx:
        epochs = run_queries.epochs_of(tx, attempt.run_id)
        active: dict[str, Any] = models.active(tx)
    kept = [epoch.epoch for epoch in epochs]
    assert list(range(1, len(kept) + 1)) == kept
    assert 0 < len(kept) < hot.epochs
    assert run.error.message.startswith(f"loss is no longer a number in epoch {len(kept) + 1}: ")
    assert ("Diverged", True) == (run.error.type, "the learning rate, 10," in run.error.message)
    assert {"housing": rival.id} == {task: row.id for task, row in active.items()}
    assert [("housing", rival.id)] == list(place.store.published())
    assert [] == list((place.store.root / ".staging").glob("*"))


def test_where_what_the_store_takes_is_not_installed_the_run_says_so(
    begin: Callable[..., Attempt],
    run_of: Callable[[Attempt], Run],
    place: Workplace,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempt = begin(dataset="sample")
    monkeypatch.setitem(filesystems._PACKAGES, "s3", "no_such_package")

    assert 0 == carry_out(attempt, settings, place, monkeypatch, store_url="s3://bucket")
    run = run_of(attempt)
    assert "failed" == run.status
    assert run.error is not None
    assert "DENSELY_STORE_URL begins with s3://, which needs no_such_package" in run.error.message


def test_without_a_driver_for_the_database_the_log_says_so_in_a_line(
    begin: Callable[..., Attempt], settings: Settings, place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = begin(dataset="sample")
    elsewhere = settings.model_copy(update={"database_url": "oracle://nowhere/db"})
    with capture_logs() as logged:
        assert 1 == carry_out(attempt, elsewhere, place, monkeypatch)

    assert ["run.cannot_begin"] == [entry["event"] for entry in logged]


def test_a_run_that_has_ended_leaves_no_checkpoint(
    begin: Callable[..., Attempt], settings: Settings, place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a node of a cluster the worker cannot remove it."""
    attempt = begin(dataset="gone-long-ago")
    left = place.checkpoints / attempt.run_id
    left.mkdir(parents=True)
    other = place.checkpoints / "r-another"
    other.mkdir()

    assert 0 == carry_out(attempt, settings, place, monkeypatch)
    assert not left.exists()
    assert other.exists()


def test_a_run_that_fails_on_a_folder_tells_no_path(
    begin: Callable[..., Attempt],
    run_of: Callable[[Attempt], Run],
    place: Workplace,
    settings: Settings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither its error nor its events say where the models are: the worker's log does, with the run's id."""
    attempt = begin(dataset="sample")
    place.store.root.mkdir(parents=True, exist_ok=True)
    (place.store.root / ".staging").write_text("a file where a folder has to be")

    assert 0 == carry_out(attempt, settings, place, monkeypatch)

    run = run_of(attempt)
    assert "failed" == run.status
    assert run.error is not None
    assert "NotADirectoryError" == run.error.type
    assert "Not a directory: a file or folder of the worker; its log says which" == run.error.message
    with database.read() as tx:
        events = run_queries.events_of(tx, attempt.run_id, 100, 0)
    told = capsys.readouterr().out
    assert str(place.store.root) not in repr(events)
    assert str(place.store.root) in told
    assert attempt.run_id in told
