"""What runs ask of a cluster."""

import pytest

from app.domain.asks import PROGRAM, Asks, Load, Node, asks_of
from app.domain.recipes import NoValidation
from tests.support.tasks import TASKS

SMALL, CARD = Node(4, 2**34, 0), Node(8, 2**36, 1)
MOST = 2**33


def asked(task: str, preset: str, nodes: list[Node], load: Load | None = None, most: int = MOST) -> Asks:
    recipe = TASKS.get(task).presets[preset].recipe
    return asks_of(recipe, NoValidation(), load or Load(), nodes, most)


@pytest.mark.parametrize(
    ("task", "preset", "nodes", "cpus", "gpus"),
    [
        ("planar", "baseline", [SMALL, CARD], 1, 0),
        ("housing", "baseline", [SMALL], 1, 0),
        ("digits", "best", [SMALL], 2, 0),
        ("digits", "best", [Node(1, 2**34, 0)], 1, 0),
        ("digits", "best", [SMALL, CARD], 1, 1),
        ("digits", "best", [], 1, 0),
    ],
)
def test_convolutions_ask_for_a_gpu_if_there_is_one_and_others_for_a_core(
    task: str, preset: str, nodes: list[Node], cpus: int, gpus: int
) -> None:
    found = asked(task, preset, nodes)

    assert (cpus, gpus) == (found.cpus, found.gpus)


def test_memory_follows_rows_and_weights_up_to_what_a_run_may_take() -> None:
    nothing_known = asked("sentiment", "baseline", [SMALL])
    measured = asked("sentiment", "baseline", [SMALL], Load(rows=400_000, numbers=200, weights=160_000, outputs=33))

    assert PROGRAM == nothing_known.memory
    assert 2.06 * 2**30 < measured.memory < 3 * 2**30, "400,000 texts took 2.06 GiB"
    assert MOST == asked("sentiment", "baseline", [SMALL], Load(rows=10**9, numbers=200)).memory


def test_a_trial_takes_over_a_seat_that_has_what_it_asks_for() -> None:
    assert Asks(2, 2**31, 0).cover(Asks(1, 2**30, 0))
    assert not Asks(1, 2**30, 0).cover(Asks(1, 2**31, 0))
    assert not Asks(1, 2**30, 1).cover(Asks(1, 2**30, 0)), "a GPU is not for those that want none"
    assert "1 CPU, 1.5 GiB of memory and no GPU" == str(Asks(1, 3 * 2**29, 0))
    assert "2 CPUs, 1.0 GiB of memory and 1 GPU" == str(Asks(2, 2**30, 1))
