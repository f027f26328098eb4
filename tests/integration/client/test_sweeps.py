"""Sweeps in both clients, against a server that tells of them as the service does."""

from typing import Any

import pytest

from densely_client import Retries, SweepCancelled, SweepFailed
from densely_client.forms import Axis
from tests.integration.client.conftest import Connect, Waits
from tests.support.scripted import ScriptedServer, answer, problem
from tests.support.sweeps import drawn, row, searched, sweep_of


def told(**changed: Any) -> dict[str, Any]:
    """A sweep of 12 trials, as JSON."""
    return {**searched(12).model_dump(mode="json"), **changed}


def one_look(**changed: Any) -> Any:
    return answer(200, told(**changed))


@pytest.fixture
def at_once() -> Retries:
    """Waits take no time, and the clock moves by as much."""
    return Waits().retries(base=0.001)


def test_a_sweep_is_asked_for_with_its_space_and_one_key(connect: Connect, at_once: Retries) -> None:
    busy = problem(503, "unavailable", Retry_After="0")
    space = {"optimizer.learning_rate": Axis(kind="log_range", low=1e-4, high=0.1), "epochs": {"kind": "choice"}}
    with ScriptedServer([busy, one_look()]) as server:
        client = connect(server.url, retries=at_once)
        sweep = client.sweeps.create("planar", space, budget={"trials": 5}, seed=1, prune=False)
        assert "s-made-up" == sweep.id
    keys = {asked.headers["idempotency-key"] for asked in server.asked}

    assert 1 == len(keys)
    assert {
        "task": "planar",
        "space": {
            "optimizer.learning_rate": {"kind": "log_range", "low": 1e-4, "high": 0.1},
            "epochs": {"kind": "choice"},
        },
        "budget": {"trials": 5},
        "seed": 1,
        "pruner": None,
    } == server.asked[1].body


def test_who_waits_looks_again_over_a_restart(connect: Connect, at_once: Retries) -> None:
    away = problem(503, "unavailable", Retry_After="0")
    with ScriptedServer([one_look(status="running"), one_look(status="running"), away, one_look()]) as server:
        sweep = connect(server.url, retries=at_once).sweeps.get("s-made-up")
        assert not sweep.is_over
        assert "succeeded" == sweep.wait(timeout=10).status

    assert 4 == len(server.asked)


def test_what_did_not_succeed_is_raised_with_its_reason(connect: Connect) -> None:
    error = {"type": "NoTrialSucceeded", "message": "all 20 trials failed"}
    with ScriptedServer([one_look(status="failed", error=error)]) as server:
        sweep = connect(server.url).sweeps.get("s-made-up")
        with pytest.raises(SweepFailed, match="all 20 trials failed"):
            sweep.wait()
        assert "failed" == sweep.wait(check=False).status
    with ScriptedServer([one_look(status="cancelled")]) as server, pytest.raises(SweepCancelled):
        connect(server.url).sweeps.get("s-made-up").wait()


def test_a_sweep_that_takes_too_long_goes_on(connect: Connect, at_once: Retries) -> None:
    with ScriptedServer([one_look(status="running")]) as server, pytest.raises(TimeoutError, match="is running"):
        connect(server.url, retries=at_once).sweeps.get("s-made-up").wait(timeout=2.5)

    assert 3 < len(server.asked) < 7


def test_progress_is_one_line(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedServer([one_look()]) as server:
        connect(server.url).sweeps.get("s-made-up").wait(progress=True)

    assert "100% succeeded, trial 12/12" in capsys.readouterr().err


def test_the_table_has_a_column_for_every_field(connect: Connect) -> None:
    """In the order in which trials were asked for, whatever the leaderboard's is; None where a trial has it not."""
    parameters = drawn(searched(1).plan.model_dump(mode="json")["space"], 12)
    rows = [row(number, each, number / 10) for number, each in enumerate(parameters)]
    body = sweep_of(rows[::-1]).model_dump(mode="json")
    with ScriptedServer([answer(200, body)]) as server:
        table = connect(server.url).sweeps.get("s-made-up").table

    assert list(range(12)) == [each["number"] for each in table]
    columns = ["number", "status", "pruned", "val_accuracy", *body["plan"]["space"], "epochs", "seconds", "run_id"]
    assert {tuple(columns)} == {tuple(each) for each in table}
    assert {None} < {each["layers.1.rate"] for each in table}


def test_calls_have_their_paths(connect: Connect, run_body: Any) -> None:
    page = answer(200, {"items": [told()], "next": None})
    runs = answer(200, {"items": [run_body], "next": None})
    gone = answer(204)
    picture = answer(200, b"png", "image/png")
    script = [page, one_look(), answer(202, {}), one_look(status="cancelled"), runs, picture, gone]
    with ScriptedServer(script) as server:
        client = connect(server.url)
        assert ["s-made-up"] == [each.id for each in client.sweeps.list("planar", "running", limit=3)]
        sweep = client.sweeps.cancel("s-made-up")
        assert "cancelled" == sweep.status
        assert [run_body["id"]] == [run.id for run in sweep.runs()]
        assert b"png" == sweep.picture("parallel", "png")
        client.sweeps.delete("s-made-up")

    assert [
        "GET /sweeps?limit=3&task=planar&status=running",
        "GET /sweeps/s-made-up",
        "POST /sweeps/s-made-up/cancel",
        "GET /sweeps/s-made-up",
        "GET /runs?limit=50&sweep=s-made-up",
        "GET /sweeps/s-made-up/parallel.png",
        "DELETE /sweeps/s-made-up",
    ] == [f"{asked.method} {asked.path}" for asked in server.asked]


def test_a_sweep_around_a_run_is_sent_as_it_was_proposed(connect: Connect, run_body: Any) -> None:
    proposed = {"task": "planar", "space": {"batch_size": {"kind": "choice", "values": [16, 32]}}, "pruner": None}
    with ScriptedServer([answer(200, run_body), answer(200, proposed), one_look()]) as server:
        client = connect(server.url)
        request = client.runs.get("r-1").space()
        client.sweeps.start(request, budget={"trials": 3})

    assert f"/runs/{run_body['id']}/space" == server.asked[1].path
    assert {**proposed, "budget": {"trials": 3}} == server.asked[2].body
