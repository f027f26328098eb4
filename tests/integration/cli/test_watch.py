"""`densely train --watch` and `densely runs watch`: to the end, to Ctrl-C, and while the service is away."""

import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.wire.runs import RunError
from tests.integration.cli.conftest import Densely, one_line, start
from tests.integration.finished import Finished
from tests.support.scripted import ScriptedServer, answer, hang_up, stream

EPOCHS = [{"loss": 0.7, "accuracy": 0.5}, {"loss": 0.6, "accuracy": 0.6}]
RUNNING = b'id: 1\nevent: status\ndata: {"run_id": "r-1", "status": "running"}\n\n'
END = b'id: 2\nevent: status\ndata: {"run_id": "r-1", "status": "succeeded"}\n\n'
NONSENSE = answer(200, b"<html>", "text/html")


@pytest.fixture
def run_body(finished: Finished, client: httpx.Client) -> Any:
    """A run as the service tells it."""
    return client.get(f"/runs/{finished.claimed('planar').run().id}").json()


def test_watching_a_run_that_fails_is_exit_code_4(densely: Densely, finished: Finished) -> None:
    attempt = finished.claimed("planar", EPOCHS)
    attempt.fail(RunError(type="Diverged", message="the loss is no longer a number"))
    run_id = attempt.run().id
    done = densely("runs", "watch", run_id)

    assert 4 == done.returncode
    assert f"run {run_id} is failed: Diverged: the loss is no longer a number\n" == done.stderr
    assert "epoch 2: loss 0.6 accuracy 0.6" in done.stdout
    events = [json.loads(line) for line in densely("runs", "watch", run_id, "--json").stdout.splitlines()]
    told = [event["type"] for event in events if event["type"] != "progress"]
    assert ["status", "status", "epoch", "epoch", "status"] == told
    assert "Diverged" in densely("runs", "show", run_id).stdout


def test_ctrl_c_leaves_the_run_going_and_says_how_to_look_and_to_end_it(client: httpx.Client, tmp_path: Path) -> None:
    """The run's id is the first thing that is printed."""
    settings = {"DENSELY_URL": str(client.base_url), "DENSELY_HOME": str(tmp_path)}
    process = start("train", "planar", "--dataset", "moons", "--watch", **settings)
    run_id = process.stdout.readline().strip()
    assert run_id.startswith("r-")
    assert "queued\n" == process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    (run,) = client.get("/runs").json()["items"]

    assert (130, run_id, "queued") == (process.returncode, run["id"], run["status"])
    assert err == (
        f"run {run_id} goes on; look with `densely runs show {run_id}`, end it with `densely runs cancel {run_id}`\n"
    )


def test_watching_outlasts_a_restart(densely: Densely, run_body: Any) -> None:
    run, ended = answer(200, {**run_body, "id": "r-1"}), answer(200, {**run_body, "id": "r-1", "status": "succeeded"})
    answers = [run, stream(RUNNING), *[hang_up] * 4, stream(END), hang_up, ended]
    with ScriptedServer(answers) as server:
        done = densely("train", "planar", "--watch", "--url", server.url)

    assert (0, "") == (done.returncode, done.stderr)
    assert ["r-1", "running", "succeeded"] == done.stdout.splitlines()[:3]
    assert [None, "1", "1", "1", "1", "1"] == [asked.headers.get("last-event-id") for asked in server.asked[1:7]]


@pytest.mark.parametrize("words", [["train", "planar", "--watch"], ["runs", "watch", "r-1"]])
def test_a_service_that_is_gone_for_good_leaves_the_run_and_its_id(
    densely: Densely, run_body: Any, words: list[str]
) -> None:
    """Here something else has its port now, so that there is nothing to wait for."""
    for form in ([], ["--json"]):
        with ScriptedServer([answer(200, {**run_body, "id": "r-1"}), stream(RUNNING), NONSENSE]) as server:
            done = densely(*words, *form, "--url", server.url)

        assert (3, True) == (done.returncode, one_line(done.stderr))
        assert "run r-1 goes on; look with `densely runs show r-1`" in done.stderr
        if words[0] == "train":
            assert "r-1" in done.stdout.splitlines()[0]
