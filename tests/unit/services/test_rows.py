"""Rows with predictions: few lists are made at once, and those that are there wait for none."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.datasets import browsing
from app.errors import Overloaded, Unavailable
from app.services import rows
from app.services.rows import Order, RowService


def test_who_asks_for_one_more_list_is_refused_and_a_known_one_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Any = None
    service, go_on = RowService(nothing, nothing, nothing), Event()
    made = Order(np.array([1]), None)

    def ordered(_service: Any, _task: Any, info: Any, *_: Any) -> Order:
        assert info.name == "known" or go_on.wait(30)
        return made

    def ask(name: str) -> Order:
        info: Any = SimpleNamespace(name=name, upload=None)
        predictor: Any = SimpleNamespace(manifest=SimpleNamespace(id="m"))
        return service._order(nothing, info, predictor, (None, None), lambda: False)

    monkeypatch.setattr(RowService, "_ordered", ordered)
    ask("known")
    with ThreadPoolExecutor(rows.MOST_ORDERS) as threads:
        waiting = [threads.submit(ask, f"other{number}") for number in range(rows.MOST_ORDERS)]
        while service._turns._value:
            pass

        assert made is ask("known")
        with pytest.raises(Overloaded):
            ask("one more")
        go_on.set()
        assert [made] * rows.MOST_ORDERS == [each.result() for each in waiting]
    assert made is ask("one more")


def test_a_list_that_nobody_waits_for_any_more_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Any = None
    service, gone = RowService(nothing, nothing, nothing), Event()
    asked: list[int] = []
    few: Any = SimpleNamespace(columns={}, target=[], rows=[])

    def stream(*_: Any) -> Any:
        for number in range(3):
            asked.append(number)
            yield few
            gone.set()  # during the first ones

    monkeypatch.setattr(browsing, "stream", stream)
    info: Any = SimpleNamespace(name="mine", upload=None)
    predictor: Any = SimpleNamespace(manifest=SimpleNamespace(id="m"), of_columns=lambda _: [])

    with pytest.raises(Unavailable):
        service._order(nothing, info, predictor, (None, None), gone.is_set)
    assert [0, 1] == asked
    with service._ordering, pytest.raises(Unavailable):  # nor waited for
        service._order(nothing, info, predictor, (None, None), gone.is_set)
    assert rows.MOST_ORDERS == service._turns._value
