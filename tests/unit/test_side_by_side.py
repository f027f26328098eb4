"""How many runs a worker trains at once."""

import os
import threading
from pathlib import Path
from threading import Event

import pytest

from app.worker import side_by_side
from app.worker.side_by_side import TRAINER_MEMORY, cores, has_room, run_all, threads_each, usual_trainers


def container(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> None:
    """Limits as a container has them."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content + "\n")
    monkeypatch.setattr(side_by_side, "CGROUP", folder)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)


@pytest.mark.parametrize(
    ("quota", "memory", "expected"),
    [
        ("max 100000", "max", (64, None)),
        ("400000 100000", "max", (4, 2)),
        ("50000 100000", "max", (1, 1)),
        ("1600000 100000", str(3 * TRAINER_MEMORY), (16, 3)),
        ("1600000 100000", "1000", (16, 1)),
    ],
)
def test_a_container_has_what_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, memory: str, expected: tuple[int, int | None]
) -> None:
    container(tmp_path, monkeypatch, cpu_max=quota, memory_max=memory)

    assert expected[0] == cores()
    if expected[1] is not None:
        assert expected[1] == usual_trainers()


def test_there_is_room_where_another_trainer_has_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for used, room in ((0, has_room()), (TRAINER_MEMORY, False)):
        limit = str(2 * TRAINER_MEMORY)
        container(tmp_path, monkeypatch, cpu_max="max 100000", memory_max=limit, memory_current=str(used))
        assert room == has_room()


def test_trainers_together_have_no_more_threads_than_there_are_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container(tmp_path, monkeypatch, cpu_max="800000 100000")

    assert [None, 4, 2, 1] == [threads_each(trainers) for trainers in (1, 2, 3, 20)]


class Slot:
    """Ends by itself, or when it is stopped."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.stopped = False

    def run(self, stop: Event) -> None:
        if self.error:
            raise self.error
        self.stopped = stop.wait(60)


@pytest.mark.parametrize("broken", [0, 1])
def test_an_error_of_one_stops_the_others_and_is_told(broken: int) -> None:
    slots = [Slot(), Slot()]
    slots[broken].error = ValueError("this one")

    with pytest.raises(ValueError, match="this one"):
        run_all(slots.__getitem__, lambda: 2, Event())
    assert slots[1 - broken].stopped


def test_one_that_cannot_begin_stops_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a container may have so many threads and no more: nobody closes what the others still use."""
    slots = [Slot(), Slot()]
    begun: list[threading.Thread] = []
    start = threading.Thread.start

    def start_one(thread: threading.Thread) -> None:
        if begun:
            raise RuntimeError("can't start new thread")
        begun.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    stop = Event()
    try:
        with pytest.raises(RuntimeError, match="can't start new thread"):
            run_all(slots.__getitem__, lambda: 2, stop)
        assert [True, False] == [each.stopped for each in slots]
        assert not begun[0].is_alive()
    finally:
        stop.set()


def test_more_join_when_more_are_wanted_and_none_twice() -> None:
    """As when a cluster has a node more, or one less."""
    stop = Event()
    begun: list[int] = []
    wanted = iter((1, 3, 2, 4))

    def how_many() -> int:
        if (number := next(wanted, None)) is None:
            stop.set()
        return number or 0

    def slot(number: int) -> Slot:
        begun.append(number)
        return Slot()

    run_all(slot, how_many, stop, look=0.0)

    assert [0, 1, 2, 3] == begun
