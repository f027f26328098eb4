"""Which clusters suit a worker, and what is said of those that do not."""

import pytest

from app.domain.asks import Asks, Node
from app.worker.ray_nodes import AGAIN, Answers, misfit, no_room, probe, versions

OWN = {"densely": "1.0", "python": "3.11.7"}
NODE = {**OWN, "keras": "3.15.0", "tensorflow": "2.21.0"}


def test_a_worker_needs_no_tensorflow_of_its_own() -> None:
    assert misfit(OWN, {"10.0.0.2": NODE, "10.0.0.3": NODE}) is None
    assert misfit(OWN, {}) is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"densely": "1.1"}, "node 10.0.0.3 has Densely 1.1, and others 1.0: "),
        ({"python": "3.12.1"}, "node 10.0.0.3 has Python 3.12.1, and others 3.11.7: "),
        ({"tensorflow": "2.20.0"}, "node 10.0.0.3 has TensorFlow 2.20.0, and others 2.21.0: "),
    ],
)
def test_other_versions_are_told_with_the_node_that_has_them(changed: dict[str, str], told: str) -> None:
    found = misfit(OWN, {"10.0.0.2": NODE, "10.0.0.3": {**NODE, **changed}})

    assert found is not None
    assert found.startswith(told)
    assert "\n" not in found


def test_a_node_without_tensorflow_or_densely_is_told_and_left_out() -> None:
    answers = Answers(OWN)
    names = {"a": "10.0.0.2", "b": "10.0.0.3", "c": "10.0.0.4"}
    assert ["a", "b", "c"] == answers.due(names)
    assert not answers.knows("c")
    answers.take("a", OWN)
    answers.take("b", "ModuleNotFoundError: No module named 'app'")
    answers.take("c", NODE)

    assert {
        "a": "node 10.0.0.2 has no Keras: install Densely there with its extra `train`",
        "b": "node 10.0.0.3 cannot carry out runs: ModuleNotFoundError: No module named 'app'",
    } == answers.left_out(names)
    assert answers.misfit(names) is None, "the third goes on"


def test_a_node_that_failed_to_answer_or_does_not_suit_is_asked_again_after_a_while() -> None:
    now = [0.0]
    answers = Answers(OWN, lambda: now[0])
    names = {"a": "10.0.0.2", "b": "10.0.0.3"}
    answers.due(names)
    answers.take("a", NODE)
    answers.take("b", "it did not tell its versions within 60 seconds")
    assert [] == answers.due(names)
    now[0] += AGAIN
    assert ["b"] == answers.due(names)
    answers.take("b", {**NODE, "keras": "3.14.0"})
    assert answers.misfit(names) is not None
    now[0] += AGAIN
    assert ["a", "b"] == answers.due(names), "either may be the wrong one"
    answers.take("b", NODE)

    assert (None, {}) == (answers.misfit(names), answers.left_out(names))
    now[0] += 10 * AGAIN
    assert [] == answers.due(names)
    assert [] == answers.due({"a": "10.0.0.2"})
    assert ["b"] == answers.due(names), "a node that comes back is another one"


def test_a_node_that_lacks_what_the_database_or_the_store_takes_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert versions() == probe("sqlite", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    assert "PostgreSQL needs its driver: pip install 'densely[postgres]'" == probe("postgresql+psycopg", "")
    assert "DENSELY_STORE_URL begins with s3://, which needs s3fs: pip install 'densely[s3]'" == probe("sqlite", "s3")


def test_what_is_here_is_what_the_trainers_would_use() -> None:
    assert {"densely", "python", "keras", "tensorflow"} == set(versions())


def test_what_no_node_has_is_told_from_what_is_in_use() -> None:
    asks = Asks(1, 2**32, 0)
    small, large = Node(8, 2**31, 0), Node(2, 2**33, 0)

    never, could = no_room(asks, [small], {}, 60)
    assert not could
    assert (
        "asks for 1 CPU, 4.0 GiB of memory and no GPU on one node, which none of the cluster's 1 nodes has: "
        "the largest has 8 CPUs, 2.0 GiB of memory and no GPU"
    ) == never
    later, could = no_room(asks, [small, large], {"CPU": 3.0, "memory": 2.0**31}, 60)
    assert could
    assert later.endswith("within 60 seconds: all nodes together have 3 CPUs, 2.0 GiB of memory and no GPU left")
