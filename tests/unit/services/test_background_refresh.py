"""The thread that refreshes: who asks waits as long as is said, and nothing keeps the next one from asking."""

import threading
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from app.services import background_refresh
from app.services.background_refresh import BackgroundRefresh
from tests.support.clock import FakeClock

LONG = 20.0  # seconds, which no test takes


def test_whoever_asks_during_a_refresh_gets_one_that_begins_later() -> None:
    """The present one may have looked already; several that ask share the next."""
    began, goes_on = Event(), Event()
    done: list[int] = []

    def refresh() -> None:
        began.set()
        assert goes_on.wait(LONG)
        done.append(len(done))

    asked = BackgroundRefresh(refresh)
    asked.ask()
    assert began.wait(LONG)
    asked.ask()
    asked.ask()
    goes_on.set()
    for thread in threading.enumerate():
        if thread.name == "refresh":
            thread.join(LONG)

    assert [0, 1] == done


def test_one_that_has_stalled_keeps_nobody_longer_than_its_patience() -> None:
    """Counted from its beginning, so that those who come one after the other wait as long as one."""
    clock, began, goes_on = FakeClock(), Event(), Event()
    done: list[str] = []

    def refresh() -> None:
        began.set()
        goes_on.wait(LONG)
        done.append("refreshed")

    asked = BackgroundRefresh(refresh, clock.monotonic)
    asked.ask()
    assert began.wait(LONG)
    clock.advance(3 * LONG)

    asked.ask(2 * LONG)
    asked.ask(2 * LONG)

    assert [] == done
    goes_on.set()


def test_patience_is_for_each_refresh_that_is_waited_for() -> None:
    """The present one takes nearly all of it, and the next one may take as long again."""
    clock, began = FakeClock(), Event()
    turns = [Event(), Event()]
    done: list[int] = []

    def refresh() -> None:
        number = len(done)
        began.set()
        assert turns[number].wait(LONG)
        if number == 0:
            clock.advance(0.9)
            turns[1].set()
        done.append(number)

    asked = BackgroundRefresh(refresh, clock.monotonic)
    asked.ask()
    assert began.wait(LONG)
    clock.advance(0.9)
    threading.Timer(0.2, turns[0].set).start()  # by then more than what was left is over

    asked.ask(1.0)

    assert [0, 1] == done


def test_an_error_is_told_once_and_the_next_one_is_served() -> None:
    """Whatever it is."""
    errors: list[Exception] = [KeyError("a"), KeyError("a"), ValueError("b")]
    asked = BackgroundRefresh(lambda: (_ for _ in ()).throw(errors.pop(0)))

    with capture_logs() as lines:
        for _ in range(3):
            asked.ask(LONG)

    assert [] == errors
    assert ["refresh.failed"] * 2 == [line["event"] for line in lines]


def test_a_thread_that_cannot_begin_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    asked = BackgroundRefresh(lambda: done.append("refreshed"))

    class NoMore(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(background_refresh, "Thread", NoMore)
        with pytest.raises(RuntimeError):
            asked.ask()
    asked.ask(LONG)

    assert ["refreshed"] == done
