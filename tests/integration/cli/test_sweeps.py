"""`densely sweep` and `densely sweeps`, of sweeps whose trials end as a formula says."""

import json
import signal
from pathlib import Path

import httpx
import pytest

from app.db.engine import Database
from app.services.sweeps.driver import SweepDriver
from tests.integration.cli.conftest import Densely, one_line, start
from tests.integration.finished import Finished
from tests.support.clock import FakeClock
from tests.support.scripted import ScriptedServer, answer
from tests.support.sweeps import searched
from tests.support.tasks import TASKS
from tests.support.trials import end_next

SPACE = ["--vary", "optimizer.learning_rate=log:1e-4..1", "--vary", "layers.0.units=4,8"]
SWEEP = ["sweep", "planar", "--dataset", "moons", *SPACE, "--activate", "never", "--seed", "1"]


def ended(database: Database, clock: FakeClock) -> None:
    """Every sweep goes on to its end."""
    driver = SweepDriver(database, clock, TASKS, 3)
    while driver.advance() or end_next(database, clock):
        pass


@pytest.fixture
def sweep_id(densely: Densely, database: Database, clock: FakeClock) -> str:
    """A sweep that has ended."""
    done = densely(*SWEEP, "--trials", "12", "--name", "how wide?")
    assert 0 == done.returncode, done.stderr
    ended(database, clock)
    return done.stdout.strip()


def test_a_sweep_is_listed_shown_and_removed(densely: Densely, sweep_id: str, tmp_path: Path) -> None:
    assert [sweep_id, "planar", "how", "wide?"] == densely("sweeps").stdout.splitlines()[1].split()[:4]
    shown = densely("sweeps", "show", sweep_id, "--rows", "3").stdout

    assert "12 of 12 trials" in shown
    assert "by which it was chosen, so better than it is" in shown
    assert "accuracy 0.5" in shown  # on the test split
    assert "guessing" in shown
    assert "importance  " in shown
    file = tmp_path / "a.png"
    assert 0 == densely("sweeps", "show", sweep_id, "--picture", "parallel", "--output", str(file)).returncode
    assert b"\x89PNG" == file.read_bytes()[:4]
    data = json.loads(densely("sweeps", "show", sweep_id, "--json").stdout)
    assert (sweep_id, 12) == (data["id"], len(data["leaderboard"]))
    assert f"{sweep_id} is deleted\n" == densely("sweeps", "delete", sweep_id).stdout
    assert "no sweeps\n" == densely("sweeps").stdout


def test_watching_tells_each_better_trial_and_what_was_found(densely: Densely, sweep_id: str) -> None:
    done = densely("sweeps", "watch", sweep_id)
    lines = done.stdout.splitlines()

    assert (0, "") == (done.returncode, done.stderr)
    assert "trial 0: val_accuracy 0." in lines[0]
    assert any("optimizer.learning_rate=" in line for line in lines)
    assert any("of the recipe as it was" in line for line in lines)
    assert "succeeded" in lines
    events = [json.loads(line) for line in densely("sweeps", "watch", sweep_id, "--json").stdout.splitlines()]
    assert ("succeeded", sweep_id) == (events[0]["status"], events[-1]["id"])


def test_a_search_around_a_run_is_proposed_and_begun(densely: Densely, finished: Finished) -> None:
    run_id = finished.claimed("planar").run().id
    proposed = json.loads(densely("sweep", "--around", run_id, "--propose").stdout)
    assert "optimizer.learning_rate" in proposed["space"]
    words = ("--around", run_id, "--trials", "3", "--epochs", "2", "--pruner", "none")
    begun = densely("sweep", *words, "--json").stdout
    plan = json.loads(begun)["plan"]

    assert (3, 2, None) == (plan["budget"]["trials"], plan["recipe"]["epochs"], plan["pruner"])
    assert set(proposed["space"]) == set(plan["space"])
    cancelled = densely("sweeps", "cancel", json.loads(begun)["id"])
    assert "cancelled" in cancelled.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sweep", "planar"], "nothing varies"),
        (["sweep"], "name a TASK, or --around RUN"),
        (["sweep", "planar", "--propose", "--vary", "a=1"], "--propose goes with --around"),
        (["sweep", "planar", "--vary", "epochs=9..x"], "--vary epochs=9..x: '9..x' is no range"),
    ],
)
def test_wrong_usage_is_one_line(densely: Densely, words: list[str], told: str) -> None:
    done = densely(*words)

    assert (2, True) == (done.returncode, one_line(done.stderr))
    assert told in done.stderr


def test_what_the_service_refuses_names_the_field(densely: Densely) -> None:
    done = densely("sweep", "planar", "--vary", "layers.0.unit=1,2")

    assert (1, True) == (done.returncode, one_line(done.stderr))
    assert "layers.0.unit" in done.stderr


def test_a_sweep_that_failed_is_exit_code_4(densely: Densely) -> None:
    error = {"type": "NoTrialSucceeded", "message": "all 12 trials failed"}
    body = {**searched(12).model_dump(mode="json"), "status": "failed", "error": error}
    with ScriptedServer([answer(200, body)]) as server:
        done = densely("sweeps", "watch", "s-made-up", "--url", server.url)

    assert 4 == done.returncode
    assert "sweep s-made-up is failed: NoTrialSucceeded: all 12 trials failed\n" == done.stderr


def test_ctrl_c_leaves_the_sweep_going(client: httpx.Client, tmp_path: Path) -> None:
    settings = {"DENSELY_URL": str(client.base_url), "DENSELY_HOME": str(tmp_path)}
    process = start(*SWEEP, "--watch", **settings)
    sweep_id = process.stdout.readline().strip()
    assert "running\n" == process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert 130 == process.returncode
    assert err == (
        f"sweep {sweep_id} goes on; look with `densely sweeps show {sweep_id}`, "
        f"end it with `densely sweeps cancel {sweep_id}`\n"
    )
    assert "running" == client.get(f"/sweeps/{sweep_id}").json()["status"]
