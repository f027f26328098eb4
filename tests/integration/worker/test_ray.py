"""Bad days of a Ray cluster: of nodes, of the link, of the worker; trainers that only sleep stand in for real ones."""

import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from app.db.engine import Database
from app.domain.asks import Load
from app.domain.runs import Change
from app.errors import Unusable
from app.services.execution import Claim
from app.settings import Settings
from app.worker.protocols import Assignment
from app.worker.ray_channel import Channel
from app.worker.ray_executor import RayExecutor
from tests.support import sleepers
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.ray_cluster import RayCluster
from tests.support.sleepers import LONG, StartWorker, asleep, run_of, until
from tests.support.tasks import TASKS

COMMAND = [sys.executable, str(Path(__file__).parents[2] / "support" / "obedient.py")]
WITHOUT_KERAS = """
from importlib import metadata
metadata.version = lambda name, found=metadata.version: found(name if name != "keras" else "no-such-package")
"""
SLOTS = 6  # of the cluster's two nodes


class Bench:
    """An executor over the cluster, and where its trainers leave their ids."""

    def __init__(self, two_nodes: RayCluster, folder: Path, place: float = LONG) -> None:
        self.folder = folder
        assignment = replace(Assignment("", "", "", "", "", 0, "", 0, "info"), checkpoints_dir=str(folder))
        self.load = Load()
        self.executor = RayExecutor(assignment, two_nodes.address, lambda _: self.load, place=place)
        self.wait_for_cluster()

    def wait_for_cluster(self) -> None:
        self.until(self.executor.is_ready)

    def until(self, condition: Callable[[], object]) -> None:
        """While the executor is kept going, as by the worker's loop."""

        def holds() -> object:
            self.executor.warm()
            return condition()

        until(holds)

    def begin(self, run_id: str, sweep: str | None = None) -> Any:
        preset = TASKS.get("planar").presets["baseline"]
        run: Any = SimpleNamespace(
            id=run_id, sweep=sweep, trial=sweep, recipe=preset.recipe, validation=preset.validation
        )
        return self.executor.start(Claim(run=run, lease_id="l"))

    def pid(self, run_id: str) -> int:
        path = self.folder / run_id
        until(lambda: path.exists() and path.read_text())
        return int(path.read_text().split()[0])


@pytest.fixture
def bench_of(
    two_nodes: RayCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[float], Bench]]:
    monkeypatch.setattr(RayExecutor, "command", COMMAND)
    made: list[Bench] = []

    def make(place: float = LONG) -> Bench:
        made.append(Bench(two_nodes, tmp_path, place))
        return made[-1]

    yield make
    for bench in made:
        bench.executor.close()


def test_a_run_that_never_has_room_fails_and_one_that_has_none_now_waits_in_the_queue_or_for_a_seat(
    bench_of: Callable[[float], Bench],
) -> None:
    bench = bench_of(1.0)
    bench.load = Load(weights=2**40)
    bench.executor._run_memory = 2**40
    large = bench.begin("sleep-60")
    assert large.wait(LONG) is not None
    loss = large.loss()
    assert (Change.ERRORED, "ClusterTooSmall") == (loss.change, loss.error.type)
    assert "1024.0 GiB of memory and no GPU on one node, which none of the cluster's 2 nodes has" in loss.error.message

    bench.load, bench.executor._place = Load(), LONG
    begun = [bench.begin(f"sleep-6{number}") for number in range(SLOTS)]
    for number in range(SLOTS):
        bench.pid(f"sleep-6{number}")
    assert not bench.executor.is_ready()
    bench.executor._place = 1.0
    further = bench.begin("sleep-66")
    assert further.wait(LONG) is not None
    loss = further.loss()
    assert (Change.RELEASED, "ClusterFull") == (loss.change, loss.error.type)
    assert "0 CPUs" in loss.error.message

    bench.executor._place = LONG
    begun[0].kill()
    first = bench.begin("sleep-3", "s-1")
    bench.pid("sleep-3")  # else the other one may have its place
    second = bench.begin("trial-2", "s-1")
    assert 0 == first.wait(LONG)
    first.let_go()
    bench.until(lambda: second.wait(0) == 0)
    assert bench.pid("sleep-3") == bench.pid("trial-2"), "whoever has no place takes a seat that waits"


def test_with_a_node_its_trainers_are_lost_and_all_others_go_on(
    two_nodes: RayCluster, bench_of: Callable[[float], Bench]
) -> None:
    third = two_nodes.add(1)
    two_nodes.wait(third)
    bench = bench_of(LONG)
    bench.until(lambda: SLOTS + 1 == bench.executor.slots())
    trainers = {number: bench.begin(f"sleep-6{number}") for number in range(SLOTS + 1)}
    until(lambda: all(trainer.hello for trainer in trainers.values()))
    [lost] = [number for number, trainer in trainers.items() if trainer.hello["node"] == third]
    pid = bench.pid(f"sleep-6{lost}")
    two_nodes.kill(third)

    assert trainers[lost].wait(LONG) is not None
    loss = trainers[lost].loss()
    assert (None, "TrainerLost") == (loss.change, loss.error.type)
    assert "node" in loss.error.message
    until(lambda: not psutil.pid_exists(pid))
    assert {None} == {trainer.wait(0) for number, trainer in trainers.items() if number != lost}
    bench.until(lambda: SLOTS == bench.executor.slots())
    assert {f"CPU:0 on {ip}" for ip in ("127.0.0.2", "127.0.0.3")} <= set(bench.executor.facts()["devices"])


def test_a_node_without_keras_gets_no_runs_and_the_others_go_on(
    two_nodes: RayCluster, bench_of: Callable[[float], Bench], tmp_path: Path
) -> None:
    folder = tmp_path / "startup"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WITHOUT_KERAS, encoding="utf-8")
    third = two_nodes.add(8, environment={"PYTHONPATH": str(folder)})
    two_nodes.wait(third)
    try:
        with capture_logs() as logs:
            bench = bench_of(LONG)
        assert 2 == len(bench.executor._channel.nodes)
        [left_out] = [entry["reason"] for entry in logs if entry["event"] == "cluster.node_left_out"]
        assert f"node {third} has no Keras: install Densely there with its extra `train`" == left_out
        for number in range(SLOTS):
            bench.begin(f"sleep-6{number}")
        for number in range(SLOTS):
            bench.pid(f"sleep-6{number}")
        bench.executor._place = 1.0
        further = bench.begin("sleep-66")
        assert further.wait(LONG) is not None
        assert "ClusterFull" == further.loss().error.type
    finally:
        two_nodes.kill(third)


def test_when_the_link_is_gone_runs_are_given_back_and_a_new_link_carries_on(
    bench_of: Callable[[float], Bench],
) -> None:
    """Ray ends it when the cluster has been away for a minute; once for going and once for coming back is told."""
    bench = bench_of(LONG)
    trainers = [bench.begin(f"sleep-6{number}") for number in range(2)]
    pids = [bench.pid(f"sleep-6{number}") for number in range(2)]
    with capture_logs() as logs:
        process: Any = bench.executor._channel._process
        process.kill()
        for trainer in trainers:
            assert trainer.wait(LONG) is not None
            loss = trainer.loss()
            assert (Change.RELEASED, "ClusterAway") == (loss.change, loss.error.type)
        assert not bench.executor.is_ready()
        assert bench.begin("sleep-69").wait(0) is not None, "nothing is begun without a link"
        until(lambda: not any(map(psutil.pid_exists, pids)))
        bench.wait_for_cluster()
    again = bench.begin("end-0")

    assert 0 == again.wait(LONG)
    assert ["cluster.away", "cluster.back"] == [entry["event"] for entry in logs]


def test_a_wrong_address_is_one_line_and_no_run_is_claimed() -> None:
    channel = Channel("127.0.0.2:9")
    with capture_logs() as logs:
        channel.keep()
        until(lambda: logs)
        channel._not_before = 0.0
        until(lambda: channel._process is not None and channel._process.poll() is not None)
        channel.keep()
        channel.close()

    assert [] == channel.nodes
    assert [("cluster.away", "no Ray cluster answers at 127.0.0.2:9: Connection refused")] == [
        (entry["event"], entry["reason"]) for entry in logs
    ]


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(Unusable, match=r"pip install 'densely\[ray\]'"):
        RayExecutor(Assignment("", "", "", "", "", 0, "", 0, "info"), "auto", lambda _: Load())


def test_without_its_cluster_a_worker_has_one_that_waits_for_it_and_claims_nothing() -> None:
    executor = RayExecutor(Assignment("", "", "", "", "", 0, "", 0, "info"), "127.0.0.2:9", lambda _: Load())
    assert 1 == executor.slots()
    assert not executor.is_ready()


@pytest.fixture
def start_worker(
    settings: Settings, database: Database, two_nodes: RayCluster, tmp_path: Path
) -> Iterator[StartWorker]:
    """Starts a worker whose trainers sleep, on the cluster."""
    quick = {"DENSELY_POLL_SECONDS": "0.05", "DENSELY_LEASE_SECONDS": "2", "DENSELY_HEARTBEAT_SECONDS": "0.5"}
    cluster = {"DENSELY_EXECUTOR": "ray", "DENSELY_RAY_ADDRESS": two_nodes.address}
    with sleepers.workers(settings, tmp_path / "log", **quick, **cluster) as start:
        yield start


def test_a_run_outlives_its_worker_and_returns_to_the_queue_when_it_is_stopped(
    start_worker: StartWorker, settings: Settings, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """Killed: it costs an attempt, as on one machine, and nothing is left on the nodes. Stopped: it costs none."""
    run_id = queue_run(database, clock)
    worker = start_worker()
    until(lambda: run_of(database, run_id).status == "running" and asleep(settings))
    before = asleep(settings)
    worker.kill()
    worker.wait(30)
    until(lambda: not set(before) & set(asleep(settings)))
    again = start_worker()
    until(lambda: run_of(database, run_id).attempt == 2 and asleep(settings))
    again.send_signal(signal.SIGTERM)

    assert 0 == again.wait(60), (tmp_path / "log").read_text()
    run = run_of(database, run_id)
    assert ("queued", 2, 4) == (run.status, run.attempt, run.max_attempts)
    until(lambda: not asleep(settings))
    assert "Traceback" not in (tmp_path / "log").read_text()
