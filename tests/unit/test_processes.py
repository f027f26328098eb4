"""`densely up` keeps its processes running, and gives up on one that cannot start."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.processes import (
    CANNOT_START,
    MOST_QUICK_DEATHS,
    QUICK_DEATH,
    Child,
    Stop,
    _stop,
    family_of,
    run,
    stop_on_signals,
)

DIES = "raise SystemExit(3)\n"
LIVES = "import signal\nsignal.pause()\n"  # until SIGTERM

MakeChild = Callable[[str], Child]


@pytest.fixture
def child_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeChild]:
    """Makes a child that runs this source text."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made: list[Child] = []

    def make(source: str) -> Child:
        module = f"module_{len(made)}"
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        made.append(Child(f"child {len(made)}", module))
        return made[-1]

    yield make
    _stop(made)


def wait_of(child: Child, after: float = 0.0) -> int:
    """The exit status, once it has one; to the child it is as if that took `after` seconds."""
    assert child.process is not None
    status = child.process.wait(timeout=30)
    child.started = time.monotonic() - after  # an overloaded machine changes nothing
    return status


def test_a_child_that_was_never_started_is_left_alone(child_of: MakeChild) -> None:
    child = child_of(LIVES)
    child.revive()

    assert child.process is None


def test_a_living_process_is_left_alone(child_of: MakeChild) -> None:
    child = child_of(LIVES)
    child.start()
    before = child.process
    child.revive()

    assert before is child.process
    assert 0 == child.quick_deaths


def test_a_dead_process_is_started_again(child_of: MakeChild) -> None:
    child = child_of(LIVES)
    child.start()
    before = child.process
    assert before is not None
    before.kill()
    wait_of(child)
    child.revive()

    assert child.process is not None
    assert before.pid != child.process.pid
    assert child.process.poll() is None


def test_repeated_quick_deaths_are_given_up_on(child_of: MakeChild) -> None:
    """The last allowed death raises, and starts nothing."""
    child = child_of(DIES)
    child.start()
    for _ in range(MOST_QUICK_DEATHS - 1):
        assert 3 == wait_of(child)
        child.revive()
    assert 3 == wait_of(child)
    last = child.process

    with pytest.raises(RuntimeError, match="child 0 ended 3 times"):
        child.revive()
    assert last is child.process


def test_a_death_after_a_while_starts_the_count_anew(child_of: MakeChild) -> None:
    child = child_of(DIES)
    child.start()
    for _ in range(MOST_QUICK_DEATHS - 1):
        wait_of(child)
        child.revive()
    wait_of(child, after=QUICK_DEATH)
    child.revive()

    assert 0 == child.quick_deaths


@pytest.fixture
def _signals() -> Iterator[None]:
    """`run` takes over the signals; afterwards they are as before."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals")
def test_when_one_is_given_up_on_the_others_are_stopped_too(child_of: MakeChild) -> None:
    """A half of the service is no service: the exit status says so."""
    lives, dies = child_of(LIVES), child_of(DIES)

    assert 1 == run([lives, dies])
    assert -signal.SIGTERM == wait_of(lives)


@pytest.mark.usefixtures("_signals")
def test_asked_to_stop_it_stops_its_children_and_ends_well(child_of: MakeChild, tmp_path: Path) -> None:
    lives = child_of(f"import os, signal\nos.kill({os.getpid()}, signal.SIGTERM)\nsignal.pause()\n")

    assert 0 == run([lives])
    assert -signal.SIGTERM == wait_of(lives)


@pytest.mark.usefixtures("_signals")
def test_a_child_that_cannot_start_is_given_up_on_at_once(child_of: MakeChild) -> None:
    """It has said why; twice more would say the same."""
    child = child_of(f"raise SystemExit({CANNOT_START})\n")
    child.start()
    wait_of(child)

    with pytest.raises(RuntimeError, match="child 0 cannot start"):
        child.revive()


@pytest.mark.usefixtures("_signals")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_what_was_to_be_ignored_stays_ignored(number: signal.Signals) -> None:
    """As `nohup` and a shell's `&` have it; otherwise it stops."""
    signal.signal(number, signal.SIG_IGN)
    stop = Stop()
    stop_on_signals(stop)
    signal.raise_signal(number)
    assert not stop.is_set()

    signal.signal(number, signal.SIG_DFL)
    stop_on_signals(stop)
    signal.raise_signal(number)
    assert stop.is_set()


def test_a_name_stands_for_its_addresss_family() -> None:
    assert socket.AF_INET6 == family_of("::1", 80)
    assert socket.AF_INET == family_of("127.0.0.1", 80)
    for name in ("a..b", "no.such.host.invalid"):
        with pytest.raises(OSError, match=r".+"):
            family_of(name, 80)


def test_a_signal_within_a_signal_still_stops() -> None:
    """Ctrl-C reaches a process twice under `make`: the second must not wait for a lock that the first holds."""
    stop = Stop()
    before = signal.signal(signal.SIGUSR1, lambda *_: stop.set())
    try:
        with stop._cond:  # type: ignore[attr-defined]  # where the main thread, or another handler, may just be
            signal.raise_signal(signal.SIGUSR1)
            assert stop.is_set()
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert stop.wait(0)


def test_waiting_ends_when_it_is_set_or_in_time() -> None:
    stop = Stop()
    assert not stop.wait(0.01)

    threading.Timer(0.05, stop.set).start()

    assert stop.wait(10)
    for _ in range(100_000):
        stop.set()
    assert stop.wait()
