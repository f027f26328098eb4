"""Completion by the shell's own way: what a Tab key gets from a service that answers, and from one that does not."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.settings import Settings
from tests.integration.finished import Finished, answers_of
from tests.support.clock import FakeClock

Complete = Callable[..., list[str]]


def complete(line: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """What a shell is told for the end of this line, as the installed script of bash asks for it."""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_DENSELY_COMPLETE": "complete_bash"}
    environment = {**os.environ, **settings, **words}
    code = "from app.cli import app; app(prog_name='densely')"
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def completed(client: httpx.Client, tmp_path: Path) -> Complete:
    def ask(line: str, **settings: str) -> list[str]:
        done = complete(line, **{"DENSELY_URL": str(client.base_url), "DENSELY_HOME": str(tmp_path), **settings})
        assert "" == done.stderr
        return done.stdout.split()

    return ask


@pytest.fixture
def ids(client: httpx.Client, database: Database, clock: FakeClock, settings: Settings) -> tuple[str, str, str]:
    """Of a run, its model and a sweep."""
    run = Finished(database, ArtifactStore(settings.models_dir), clock).run(
        "planar", answers_of("planar"), [{"loss": 0.5}]
    )
    space = {"batch_size": {"kind": "choice", "values": [8, 16]}}
    sweep = client.post("/sweeps", json={"task": "planar", "dataset": "moons", "space": space}).json()["id"]
    return run, client.get(f"/runs/{run}").json()["model_id"], sweep


def test_names_of_tasks_presets_and_datasets_are_completed(completed: Complete) -> None:
    assert {"digits", "housing", "newswire", "planar", "sentiment"} == set(completed("densely train "))
    assert ["planar"] == completed("densely predict pl")
    assert ["planar"] == completed("densely runs --task pl")
    assert "capacity-3" in completed("densely train planar --preset cap")
    assert [] == completed("densely train housing --preset cap")
    assert {"moons", "circles", "xor", "sample"} <= set(completed("densely train planar --dataset "))
    assert ["moons"] == completed("densely datasets show moo")


def test_ids_of_runs_models_and_sweeps_are_completed(completed: Complete, ids: tuple[str, str, str]) -> None:
    run, model, sweep = ids

    assert run in completed("densely runs show ")
    assert [run] == completed(f"densely runs watch {run[:9]}")
    assert [run] == completed(f"densely compare r-other {run[:9]}")
    assert [model] == completed(f"densely activate {model[:9]}")
    assert [model] == completed(f"densely models show {model[:9]}")
    assert [sweep] == completed(f"densely sweeps show {sweep[:9]}")
    assert [] == completed("densely runs show x")


def test_the_service_of_the_line_is_asked(completed: Complete, client: httpx.Client) -> None:
    url = str(client.base_url)

    assert [] == completed("densely predict pl", DENSELY_URL="http://127.0.0.1:9")
    assert ["planar"] == completed(f"densely --url {url} predict pl", DENSELY_URL="http://127.0.0.1:9")
    assert ["planar"] == completed(f"densely train --url {url} pl", DENSELY_URL="http://127.0.0.1:9")


def test_without_an_answer_in_time_there_is_nothing_and_nothing_is_said(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # takes connections, and never answers
        begun = time.monotonic()
        done = complete("densely train ", DENSELY_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")

    assert ("", "") == (done.stdout.strip(), done.stderr)
    sys.stdout.write(f"{time.monotonic() - begun:.1f} s\n")  # a second of waiting, and the start of an interpreter
    wrong = complete("densely train ", DENSELY_PORT="none", DENSELY_HOME=str(tmp_path))
    assert ("", "") == (wrong.stdout.strip(), wrong.stderr)
