"""The thread that refreshes: who asks waits as long as is said, and nothing keeps the next one from asking."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from app.services import meanwhile
from app.services.meanwhile import Meanwhile
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

    asked = Meanwhile(refresh)
    asked.ask()
    assert began.wait(LONG)
    asked.ask()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(asked.ask, LONG)
        goes_on.set()
        waiting.result(LONG)

    assert [0, 1] == done


def test_one_that_has_stalled_keeps_nobody_longer_than_its_patience() -> None:
    """Counted from its beginning, so that those who come one after the other wait as long as one."""
    clock, began, goes_on = FakeClock(), Event(), Event()

    def refresh() -> None:
        began.set()
        goes_on.wait(LONG)

    asked = Meanwhile(refresh, clock.monotonic)
    asked.ask()
    assert began.wait(LONG)
    clock.advance(LONG)

    asked.ask(LONG)
    asked.ask(LONG)

    assert not goes_on.is_set()
    goes_on.set()


def test_an_error_is_told_once_and_the_next_one_is_served() -> None:
    """Whatever it is."""
    errors: list[Exception] = [KeyError("a"), KeyError("a"), ValueError("b")]
    asked = Meanwhile(lambda: (_ for _ in ()).throw(errors.pop(0)))

    with capture_logs() as lines:
        for _ in range(3):
            asked.ask(LONG)

    assert [] == errors
    assert ["refresh.failed"] * 2 == [line["event"] for line in lines]


def test_a_thread_that_cannot_begin_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    asked = Meanwhile(lambda: done.append("refreshed"))

    class NoMore(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(meanwhile, "Thread", NoMore)
        with pytest.raises(RuntimeError):
            asked.ask()
    asked.ask(LONG)

    assert ["refreshed"] == done
