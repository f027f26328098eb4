"""Seats, runs and the worker's end of the link, with a link that the tests speak for."""

import sys
import threading
import time
from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.domain.asks import Asks, Load, Node
from app.domain.runs import Change
from app.services.execution import Claim
from app.worker import ray_executor, ray_trainer
from app.worker.executors import KEPT_SECONDS
from app.worker.protocols import Assignment
from app.worker.ray_channel import Channel, last_line
from app.worker.ray_executor import RayExecutor
from app.worker.ray_trainer import RayTrainer
from tests.support.tasks import TASKS

ONE = Asks(1, 2**30, 0)
ENDS = "import sys; sys.exit(sys.argv[1] or 1)"  # having printed it
SAYS = "import sys; [print(line, flush=True) for line in sys.argv[1].split(';')]"


class Link:
    """Stands in for the process: has what it was asked, and may answer."""

    def __init__(self, executor: RayExecutor, *nodes: Node) -> None:
        self.channel = executor._channel
        self.sent: list[tuple[str, int]] = []
        self.on_kill: Callable[[int], None] = lambda _: None
        self.channel.nodes = list(nodes)
        self.channel.keep = lambda: None  # type: ignore[method-assign]
        self.channel._send = self._hear  # type: ignore[method-assign]

    def _hear(self, order: dict[str, Any]) -> None:
        self.sent.append((order["do"], order["number"]))
        if order["do"] == "kill":
            self.on_kill(order["number"])

    def say(self, number: int, **what: Any) -> None:
        self.channel._heed({"number": number, **what})


@pytest.fixture
def executor() -> RayExecutor:
    pytest.importorskip("ray", reason="Ray tests need Ray: pip install -e .[ray]")
    return RayExecutor(Assignment("", "", "", "", "", 0, "", 0, "info"), "auto", lambda _: Load())


def begin(executor: RayExecutor, run_id: str, task: str = "planar", sweep: str | None = None) -> RayTrainer:
    recipe = TASKS.get(task).presets["best" if task == "digits" else "baseline"]  # with convolutions, and without
    run: Any = SimpleNamespace(id=run_id, sweep=sweep, trial=sweep, recipe=recipe.recipe, validation=recipe.validation)
    trainer = executor.start(Claim(run=run, lease_id="l"))
    assert isinstance(trainer, RayTrainer)
    return trainer


def waiting_seat(executor: RayExecutor, link: Link, sweep: str, since: float) -> RayTrainer:
    """One that has carried out a trial."""
    seat = begin(executor, f"r-{sweep}", sweep=sweep)
    link.say(seat.number, placed=True)
    link.say(seat.number, ended=0, waits=True)
    seat.let_go()
    seat.waits_since = time.monotonic() - since
    return seat


def test_runs_that_lack_a_gpu_go_back_at_once_and_others_are_claimed(executor: RayExecutor) -> None:
    link = Link(executor, Node(8, 2**36, 1))
    first = begin(executor, "r-1", "digits")
    assert first.wait(0) is None
    for number in (2, 3):
        further = begin(executor, f"r-{number}", "digits")
        assert further.wait(0) is not None
        loss = further.loss()
        assert loss is not None
        assert (Change.RELEASED, "ClusterFull") == (loss.change, loss.error.type)

    assert executor.is_ready(), "only one CPU is asked for"
    assert ["r-2", "r-3"] == list(executor.passed_over())
    assert begin(executor, "r-4").wait(0) is None
    link.say(first.number, ended=0, waits=False)
    link.say(first.number, gone=True)
    assert [] == list(executor.passed_over())
    assert begin(executor, "r-2", "digits").wait(0) is None
    assert ["r-2", "r-3"] == list(executor.passed_over())


def test_a_run_for_which_ray_found_no_room_is_passed_over(executor: RayExecutor) -> None:
    link = Link(executor, Node(8, 2**36, 0))
    trainer = begin(executor, "r-1")
    link.say(trainer.number, lost="asks for too much", found_place=False, hopeless=False)
    link.say(trainer.number, gone=True)

    assert ["r-1"] == list(executor.passed_over())


def test_nodes_that_return_are_none_that_come(executor: RayExecutor) -> None:
    """What befell the run is noted while the head is silent, or some nodes are back already."""
    told: dict[str, Any] = {"problem": None, "left_out": [], "versions": {}}
    small = [8, 2**36, 0]
    silent = {**told, "nodes": [], "problem": "its head has not answered for 15 seconds"}
    for number, meanwhile in enumerate((silent, {**told, "nodes": [small]})):
        link = Link(executor, *[Node(8, 2**36, 0)] * 2)
        trainer = begin(executor, f"r-{number}")
        link.say(trainer.number, lost="asks for too much", found_place=False, hopeless=False)
        link.say(trainer.number, gone=True)
        link.channel._heed({"cluster": meanwhile})
        executor.warm()
        link.channel._heed({"cluster": {**told, "nodes": [small, small]}})

        assert f"r-{number}" in executor.passed_over()

    link.channel._heed({"cluster": {**told, "nodes": [small, small, small]}})
    assert [] == list(executor.passed_over())


def test_cpus_are_counted_as_they_are_asked_for(executor: RayExecutor) -> None:
    """Without a GPU a run with convolutions asks for two."""
    Link(executor, Node(4, 2**36, 0))
    begin(executor, "r-1", "digits")
    assert executor.is_ready()
    begin(executor, "r-2", "digits")

    assert not executor.is_ready()


def test_nobody_waits_for_the_ends_of_idle_seats(executor: RayExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their node may be silent, and every watcher of the worker has a lease to renew."""
    monkeypatch.setattr(ray_trainer, "KILL_SECONDS", 5.0)
    link = Link(executor, Node(8, 2**36, 0))
    seats = [waiting_seat(executor, link, f"s-{number}", KEPT_SECONDS + 1) for number in range(2)]
    began = time.monotonic()
    executor.warm()

    assert time.monotonic() - began < 1
    assert [("kill", each.number) for each in seats] == [each for each in link.sent if each[0] == "kill"]
    assert [] == executor._given


def test_a_trial_that_is_cancelled_while_it_is_given_a_seat_leaves_none_behind(executor: RayExecutor) -> None:
    link = Link(executor, Node(1, 2**36, 0))
    seat = waiting_seat(executor, link, "s-1", 0.0)
    asked = executor._channel.take(ONE)
    asked.give({"run_id": "r-2"}, "s-1", {})
    executor._given.append(asked)
    seat.waits_since -= ray_executor.PATIENCE + 1
    asked_first = threading.Event()
    ends = threading.Event()

    def end_place(number: int) -> None:
        ends.wait(5)
        link.say(number, gone=True)

    def end(number: int) -> None:
        if number == seat.number:
            link.say(number, gone=True)
        elif not asked_first.is_set():
            asked_first.set()
            threading.Thread(target=end_place, args=(number,)).start()

    place = asked.number
    link.on_kill = end
    executor.warm()
    assert asked_first.wait(5)
    cancel = threading.Thread(target=asked.kill)
    cancel.start()
    until(lambda: 2 == link.sent.count(("kill", place)))
    ends.set()
    cancel.join(5)

    assert not asked.alive
    assert link.sent[-1] == ("kill", seat.number)
    assert ("give", seat.number) not in link.sent
    assert executor.is_ready()


def test_a_trial_without_a_place_takes_a_seat_of_its_sweep(executor: RayExecutor) -> None:
    link = Link(executor, Node(1, 2**36, 0))
    seat = waiting_seat(executor, link, "s-1", ray_executor.PATIENCE + 1)
    asked = executor._channel.take(ONE)
    asked.give({"run_id": "r-2"}, "s-1", {})
    executor._given.append(asked)
    place = asked.number
    link.on_kill = lambda number: link.say(number, gone=True)
    executor.warm()
    until(lambda: ("give", seat.number) in link.sent)

    assert ("kill", place) in link.sent
    assert asked.alive
    until(lambda: [asked] == executor._given and not executor._moving)


def test_a_trial_whose_new_seat_ends_meanwhile_goes_back_to_the_queue(executor: RayExecutor) -> None:
    link = Link(executor, Node(1, 2**36, 0))
    seat = waiting_seat(executor, link, "s-1", 0.0)
    asked = executor._channel.take(ONE)
    asked.give({"run_id": "r-2"}, "s-1", {})

    def end(number: int) -> None:
        link.say(seat.number, gone=True)
        link.say(number, gone=True)

    link.on_kill = end

    assert not executor._channel.replace(asked, seat)
    loss = asked.loss()
    assert loss is not None
    assert Change.RELEASED == loss.change


def test_a_run_that_only_a_lost_node_could_hold_waits_for_it(executor: RayExecutor) -> None:
    link = Link(executor)
    told: dict[str, Any] = {"problem": None, "left_out": [], "versions": {}}
    link.channel._heed({"cluster": {**told, "nodes": [[2, 2**36, 0], [1, 2**30, 0]]}})
    ends = []
    for asks in (Asks(2, 2**35, 0), Asks(2, 2**40, 0)):
        trainer = link.channel.take(asks)
        trainer.give({"run_id": "r-1"}, None, {})
        link.channel._heed({"cluster": {**told, "nodes": [[1, 2**30, 0]]}})
        link.say(trainer.number, lost="asks for more", found_place=False, hopeless=True)
        loss = trainer.loss()
        assert loss is None or loss.error
        ends.append(loss and loss.error.type)

    assert ["ClusterFull", "ClusterTooSmall"] == ends


def test_a_place_on_a_node_that_was_dead_costs_no_attempt(executor: RayExecutor) -> None:
    link = Link(executor, Node(1, 2**36, 0))
    trainer = begin(executor, "r-1")
    link.say(trainer.number, lost="its node has died", found_place=False, hopeless=False, infrastructure=True)
    link.say(trainer.number, gone=True)
    loss = trainer.loss()
    assert loss is not None

    assert (Change.RELEASED, "ClusterAway") == (loss.change, loss.error.type)
    assert not executor.passed_over(), "there may be room for it on another one"


def test_nothing_is_claimed_after_the_end(executor: RayExecutor) -> None:
    link = Link(executor, Node(1, 2**36, 0))
    assert executor.is_ready()
    executor.close()
    assert not executor.is_ready()
    link.channel._heed({"cluster": {"problem": None, "left_out": [], "versions": {}, "nodes": [[1, 2**36, 0]]}})

    assert not executor.is_ready(), "the link said so before it ended"
    assert not link.channel.take(ONE).alive


def test_a_node_that_is_left_out_is_logged_once() -> None:
    channel = Channel("auto")
    told: dict[str, Any] = {
        "problem": None,
        "left_out": ["node 10.0.0.3 cannot carry out runs: no"],
        "versions": {},
        "nodes": [[1, 1, 0]],
    }
    with capture_logs() as logs:
        for _ in range(2):
            channel._heed({"cluster": told})

    assert [("cluster.node_left_out", told["left_out"]) for _ in "1"] == [(e["event"], [e["reason"]]) for e in logs]
    assert 1 == len(channel.nodes)


@pytest.mark.parametrize("said", ['{"trace": "Traceback\\nKeyError: 1"}', "no JSON", '{"strange": 1}'])
def test_what_goes_wrong_in_the_link_is_in_the_log_and_ends_it(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Channel, "command", [sys.executable, "-c", SAYS, said])
    channel = Channel("auto")
    channel.nodes = [Node(1, 1, 0)]
    trainer = channel.take(ONE)
    trainer._begun = True
    with capture_logs() as logs:
        channel.keep()
        assert trainer.wait(20) is not None

    loss = trainer.loss()
    assert loss is not None
    assert "ClusterAway" == loss.error.type
    assert ["link.failed", "cluster.away"] == [entry["event"] for entry in logs]


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (
            "a GCS may have been killed. See elsewhere.",
            "its head stayed away for a minute, and Ray has ended the link to it",
        ),
        ("first\n no memory ", "no memory"),
        ("", "the link to it ended with status 1"),
    ],
)
def test_why_ray_ended_the_link_is_one_line(printed: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Channel, "command", [sys.executable, "-c", ENDS, printed])
    channel = Channel("auto")
    with capture_logs() as logs:
        channel.keep()
        until(lambda: logs)

    assert [("cluster.away", reason)] == [(entry["event"], entry["reason"]) for entry in logs]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        (["ValueError: no such address"], "ValueError: no such address"),
        (
            [
                "[2026-11-28 10:59:01,312 C 7 9] core_worker.cc:2840: The raylet of this node is gone. ",
                "*** StackTrace Information ***",
                "/opt/venv/lib/python3.11/site-packages/ray/_raylet.so(+0x151d6aa) [0x7fd824c1d6aa] ray::operator<<()",
                "/lib/x86_64-linux-gnu/libc.so.6(+0x1098ec) [0x7fd8249278ec]",
                "",
            ],
            "The raylet of this node is gone.",
        ),
        (
            ["(raylet) [2026-11-28 10:59:01,312 E 7 9] rpc.cc:60: away (GCS may have been killed)", "  @ 0x7f"],
            "a minute",
        ),
        (["/lib/libc.so.6(+0x1098ec) [0x7fd8249278ec]"], ""),
    ],
)
def test_what_ended_a_link_is_told_and_not_where_in_its_program(printed: list[str], told: str) -> None:
    line = last_line(StringIO("\n".join(printed)))

    assert told in line
    assert told == line or "its head stayed away" in line
