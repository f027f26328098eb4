"""Which clusters suit a worker, and what is said of those that do not."""

import pytest

from app.domain.asks import Asks, Node
from app.worker.ray_nodes import misfit, no_room, versions

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


def test_a_node_without_tensorflow_or_densely_is_told() -> None:
    missing = misfit(OWN, {"10.0.0.2": OWN})
    broken = misfit(OWN, {"10.0.0.2": "ModuleNotFoundError: No module named 'app'"})

    assert "node 10.0.0.2 has no Keras: install Densely there with its extra `train`" == missing
    assert "node 10.0.0.2 cannot carry out runs: ModuleNotFoundError: No module named 'app'" == broken


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
