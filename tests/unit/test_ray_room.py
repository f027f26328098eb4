"""Which runs are passed over while a cluster is full."""

from app.domain.asks import Asks, Node
from app.worker.ray_room import FULL_SECONDS, LONGEST, PassedOver, lacking_gpus, slots_of

NODES = [Node(8, 2**36, 1)]
CARD = Asks(1, 2**30, 1)


def test_a_gpu_that_this_workers_runs_have_is_not_waited_for() -> None:
    assert 8 == slots_of(NODES)
    assert lacking_gpus(CARD, 0, NODES) is None
    assert lacking_gpus(Asks(1, 2**30, 0), 1, NODES) is None
    assert "this worker's other runs have all 1 GPUs" in (lacking_gpus(CARD, 1, NODES) or "")


def test_runs_that_lack_a_gpu_are_passed_over_until_one_is_free() -> None:
    passed = PassedOver(lambda: 0.0)
    for run_id in ("r-1", "r-2"):
        passed.add(run_id, CARD, NODES, is_own=True)

    assert ["r-1", "r-2"] == passed.now(1, NODES)
    assert [] == passed.now(0, NODES)
    assert ["r-1", "r-2"] == passed.now(1, NODES), "the first was claimed: the others need not be tried"


def test_a_run_for_which_others_left_no_room_is_passed_over_for_longer_each_time() -> None:
    now = [0.0]
    passed = PassedOver(lambda: now[0])
    waits = []
    for _ in range(6):
        passed.add("r-1", Asks(1, 2**30, 0), NODES)
        began = now[0]
        while passed.now(0, NODES):
            now[0] += FULL_SECONDS / 2
        waits.append(now[0] - began)

    assert [FULL_SECONDS * times for times in (1, 2, 4, 8)] + [LONGEST, LONGEST] == waits
    for _ in range(2_000):  # as after weeks without room
        passed.add("r-1", Asks(1, 2**30, 0), NODES)
    assert ["r-1"] == passed.now(0, NODES)


def test_no_run_waits_for_a_gpu_that_has_left_the_cluster() -> None:
    """Claimed anew, it asks for none."""
    passed = PassedOver(lambda: 0.0)
    passed.add("r-1", CARD, NODES, is_own=True)

    assert ["r-1"] == passed.now(1, NODES)
    assert [] == passed.now(1, [Node(8, 2**36, 0)])


def test_a_node_that_comes_ends_the_passing_over_of_a_run_that_it_could_hold() -> None:
    passed = PassedOver(lambda: 0.0)
    passed.add("r-1", Asks(1, 2**37, 0), NODES)

    assert ["r-1"] == passed.now(0, NODES)
    assert ["r-1"] == passed.now(0, [*NODES, *NODES]), "as small as the one that there was"
    assert [] == passed.now(0, [*NODES, Node(1, 2**37, 0)])
    assert ["r-1"] == passed.now(0, []), "the node has gone again"
