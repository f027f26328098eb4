"""How long a store that is away is waited for, and that this is told."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.errors import StoreAway
from app.storage import remote
from app.storage.remote import Remote
from tests.support.clock import FakeClock


@pytest.mark.parametrize(("seconds", "tries"), [(25.0, 3), (65.0, 1)], ids=["several tries", "one takes all the time"])
def test_a_wait_is_told_before_it_is_given_up(monkeypatch: pytest.MonkeyPatch, seconds: float, tries: int) -> None:
    clock = FakeClock()
    monkeypatch.setattr(remote, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.advance))
    told: list[float] = []
    asked: list[float] = []
    objects: Any = SimpleNamespace(is_closed=False)

    def away() -> None:
        asked.append(clock.monotonic())
        clock.advance(seconds)
        raise StoreAway("the object store does not answer")

    with pytest.raises(StoreAway):
        Remote(objects, SimpleNamespace(), 60.0, told.append).patiently(away)  # type: ignore[arg-type]

    assert (tries, [0.0]) == (len(asked), told)
