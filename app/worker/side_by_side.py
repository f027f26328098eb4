"""Several runs at once in one worker process: how many, and what each of them needs."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Protocol

import psutil

TRAINER_MEMORY = 2 * 2**30  # bytes: TensorFlow takes 0.65 GiB, the rest is for rows and weights
MOST = 64
LOOK = 1.0  # seconds between two looks at how many are wanted
CGROUP = Path("/sys/fs/cgroup")


class Runs(Protocol):
    """Something that goes on until it is stopped."""

    def run(self, stop: Event) -> None:
        """Until `stop` is set."""


def cores() -> int:
    """Those that this process may use, also within a container."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read("cpu.max").partition(" ")
    return max(1, min(here, int(quota) // int(period))) if quota.isdigit() else here


def usual_trainers() -> int:
    """One for every two cores, as far as memory reaches: `/predict`, the worker and the database need some too."""
    memory = min(int(psutil.virtual_memory().total), _container_memory())
    return max(1, min(cores() // 2, memory // TRAINER_MEMORY, MOST))


def _container_memory() -> int:
    """Bytes that the container may use in all (cgroup v2)."""
    most = _read("memory.max")
    return int(most) if most.isdigit() else sys.maxsize


def _read(name: str) -> str:
    try:
        return (CGROUP / name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def threads_each(trainers: int) -> int | None:
    """That an operation of each trainer takes, so that together they take no more than there are; None: all."""
    return None if trainers == 1 else max(1, cores() // trainers)


def has_room() -> bool:
    """Whether another trainer has its memory now."""
    used = _read("memory.current")
    left = _container_memory() - int(used) if used.isdigit() else sys.maxsize
    return min(int(psutil.virtual_memory().available), left) > TRAINER_MEMORY


def one_at_a_time(action: Callable[[], object]) -> Callable[[], None]:
    """The same, for whom several threads ask."""
    lock = threading.Lock()

    def locked() -> None:
        with lock:
            action()

    return locked


def run_all(worker: Callable[[int], Runs], wanted: Callable[[], int], stop: Event, look: float = LOOK) -> None:
    """So many as are wanted, each in a thread, until `stop` is set; an error stops them all, and none goes on after it.

    `worker` makes the one of a number, from 0 on. More are begun when more are wanted; none is ended before `stop`:
    whether one that is not wanted any more does something, it has to know itself. `look`: seconds between two looks.

    Raises:
        Exception: that error: of one of them, or because one could not be begun.
    """
    errors: list[BaseException] = []
    threads: list[threading.Thread] = []

    def run(runs: Runs) -> None:
        try:
            runs.run(stop)
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)
            stop.set()

    try:
        while not stop.is_set():
            for number in range(len(threads), wanted()):
                thread = threading.Thread(target=run, args=(worker(number),))
                thread.start()
                threads.append(thread)
            stop.wait(look)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]
