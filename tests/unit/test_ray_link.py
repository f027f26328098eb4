"""Which nodes a link asks, and for how long it waits for their answers."""

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray tests need Ray: pip install -e .[ray]")

from app.worker import ray_link, ray_nodes


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
