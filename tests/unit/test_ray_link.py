"""Which nodes a link asks, for how long it waits for their answers, and what it tells of a head that gives none."""

import contextlib
import threading
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray tests need Ray: pip install -e .[ray]")

import ray
from ray.exceptions import RayError

from app.worker import ray_link, ray_nodes
from app.worker.ray_watch import Watch

ORDER = {"number": 1, "asks": {"cpus": 1, "memory": 1, "gpus": 0}, "message": {}, "command": None, "place": 60.0}


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Of one node, which answers nothing."""
    node = {"Alive": True, "Resources": {"CPU": 2.0}, "NodeID": "a", "NodeManagerAddress": "10.0.0.2"}
    made = SimpleNamespace(
        __version__="2", nodes=lambda: [node], wait=lambda answers, **_: ([], answers), cancelled=[], asked=[]
    )
    made.cancel = lambda answer, **_: made.cancelled.append(answer)
    monkeypatch.setattr(ray_link, "ray", made)

    def ask(_: Any, name: str) -> int:
        made.asked.append(name)
        return len(made.asked)

    monkeypatch.setattr(ray_link.Nodes, "_ask", ask)
    return made


def test_a_silent_node_has_its_time_to_answer_and_one_question_at_once(silent: SimpleNamespace) -> None:
    now = [0.0]
    told: list[dict[str, Any]] = []
    nodes = ray_link.Nodes(told.append, "sqlite", "", lambda: now[0])

    for _ in range(round(5 * ray_link.PROBE)):
        nodes.look()
        assert len(silent.asked) - len(silent.cancelled) <= 1
        now[0] += 1

    assert 3 <= len(silent.cancelled) <= 5, "each had as long as it may take"
    assert ["did not tell its versions within 60 seconds" in line for line in told[0]["cluster"]["left_out"]] == [True]
    assert ray_link.PROBE > ray_nodes.AGAIN


def test_a_silent_head_is_told_once_and_so_is_its_return(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    said: list[Any] = []
    nodes = ray_link.Nodes(said.append, "sqlite", "", lambda: now[0])
    node = {"NodeID": "n-1", "NodeManagerAddress": "10.0.0.3", "Alive": True, "Resources": {"CPU": 2, "memory": 9}}
    monkeypatch.setattr(ray, "nodes", lambda: [node])
    nodes._answers.due({"n-1": "10.0.0.3"})  # it has been asked
    nodes._answers.take("n-1", dict.fromkeys(ray_nodes.TITLES, "1") | ray_nodes.versions())
    nodes.look()
    for now[0] in (ray_link.SILENT, ray_link.SILENT + 1, ray_link.SILENT + 2):
        nodes.mind_head()
    nodes.look()
    nodes.mind_head()

    told = [(each["cluster"]["nodes"], each["cluster"]["problem"]) for each in said]
    assert [([[2, 9, 0]], None), ([], "its head has not answered for 15 seconds"), ([[2, 9, 0]], None)] == told


def test_a_head_that_has_just_answered_is_not_told_to_be_silent(silent: SimpleNamespace) -> None:
    now = [0.0]
    said: list[Any] = []
    nodes = ray_link.Nodes(said.append, "sqlite", "", lambda: now[0])
    nodes.look()
    nodes._answers.take("a", dict.fromkeys(ray_nodes.TITLES, "1") | ray_nodes.versions())
    nodes.look()
    now[0] += ray_link.SILENT + 1

    class Late(contextlib.nullcontext[None]):
        """A lock that whoever watches the head gets after the answer has come."""

        def __enter__(self) -> None:
            nodes._lock = threading.Lock()
            nodes.look()

    nodes._lock = Late()  # type: ignore[assignment]
    nodes.mind_head()

    assert [None] == [each["cluster"]["problem"] for each in said]


@pytest.mark.parametrize(
    ("reason", "is_silent", "is_placed", "is_infrastructure"),
    [
        ("The actor died because its node has died.", False, False, True),
        ("The actor died because its node has died.", False, True, False),
        ("There was timeout in getting the actor handle", True, False, True),
        ("Its process exited", False, False, False),
    ],
)
def test_a_run_without_a_place_pays_nothing_for_a_node_or_head_that_is_gone(
    reason: str, is_silent: bool, is_placed: bool, is_infrastructure: bool
) -> None:
    said: list[Any] = []
    watch = Watch(ORDER, said.append, SimpleNamespace(present=[], shunned=[], is_silent=is_silent))
    watch._is_placed = is_placed

    def fail() -> None:
        raise RayError(reason)

    watch._asked_for = fail  # type: ignore[method-assign]
    watch.run()

    assert [(not is_infrastructure, is_infrastructure)] == [
        (each["found_place"], each["infrastructure"]) for each in said if "lost" in each
    ]
