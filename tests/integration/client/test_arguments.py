"""What callers have at hand is taken, or refused by name before anything is sent; which proxies are asked."""

import asyncio
import datetime as dt
import pathlib
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest

from densely_client import AsyncDensely, Densely, errors
from tests.integration.client.conftest import Connect
from tests.support.scripted import ScriptedServer, answer

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_numpys_numbers_and_arrays_are_taken_wherever_a_number_or_a_list_is(
    densely: Any, examples: dict[str, dict[str, Any]], client: httpx.Client
) -> None:
    pixels = np.array(examples["digits"]["pixels"])
    plain = densely.predict.digits(examples["digits"]["pixels"])
    for given in (pixels, pixels.astype(np.uint8), list(pixels), pixels.reshape(-1)):
        assert plain == densely.predict.digits(given)
    features = {name: np.float64(value) for name, value in examples["housing"]["features"].items()}
    assert densely.predict.housing(examples["housing"]["features"]) == densely.predict.housing(features)
    points = np.array([[0.25, 0.5], [1, -1]])
    assert densely.predict.many("planar", points.tolist()) == densely.predict.many("planar", points)
    assert densely.predict.planar(0.25, 0.5) == densely.predict.planar(*points[0])
    asked = {"model": np.int64(1), "min_confidence": np.float32(0.5), "explain": np.True_}
    assert 1 == densely.predict.sentiment("fine", **asked).model.version
    run = densely.train("planar", seed=np.int64(7), seeds=np.int32(2), recipe={"epochs": np.int32(3)}, tags={"a": "b"})
    told = client.get(f"/runs/{run.id}").json()

    assert (7, 2, 3) == (told["seed"], told["seeds"], told["recipe"]["epochs"])
    assert [run.id] == [each.id for each in densely.runs.list(limit=np.int64(1))]


def test_other_values_get_the_form_that_json_has(connect: Connect) -> None:
    given = {
        "path": pathlib.PurePosixPath("/a/b"), "day": dt.date(2026, 1, 2), "at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        "set": {3}, "pair": (1, 2), "range": range(2), "exact": Decimal("0.5"), "id": UUID(int=1), "none": None,
        "nested": [{"deep": np.array([[1]])}],
    }  # fmt: skip
    with ScriptedServer([answer(200, {"task": "t", "model": {"id": "m", "version": 1}, "encoding": {}})]) as server:
        connect(server.url).tasks.encode("planar", **given)

    assert {
        "path": "/a/b", "day": "2026-01-02", "at": "2026-01-02T00:00:00+00:00", "set": [3], "pair": [1, 2],
        "range": [0, 1], "exact": 0.5, "id": str(UUID(int=1)), "none": None, "nested": [{"deep": [[1]]}],
    } == server.asked[0].body  # fmt: skip


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("point", "field", "told"),
    [
        ((float("nan"), 0), "point.0", "must be a finite number; got nan"),
        ((0, np.float32("inf")), "point.1", "must be a finite number; got inf"),
        ((0, b"x"), "point.1", "bytes has no form in JSON"),
        ((0, object()), "point.1", "object has no form in JSON"),
        ((0, "\ud800"), None, "a text is not Unicode"),
        ((0, CIRCLE), None, "Circular"),
        ((0, DEEP), None, "nested too deeply"),
    ],
)
def test_what_has_no_form_in_json_is_refused_before_it_is_sent(
    connect: Connect, point: tuple[Any, Any], field: str | None, told: str
) -> None:
    with pytest.raises(errors.InvalidArgument, match=told) as caught:
        connect("http://127.0.0.1:9").predict("planar", point=point)

    assert ([field] if field else []) == [each.field for each in caught.value.errors]


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://h:99999", "http://h:abc", "http://a..b", f"http://{'a' * 70}", "ftp://x", "http://", "x"],
)
def test_a_url_that_is_none_is_refused(connect: Connect, url: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="is no URL of a service"):
        connect(url)


@pytest.mark.parametrize("key", ["schlüssel-aus-köln", "two\nlines"])
def test_a_key_that_no_header_can_hold_is_refused(connect: Connect, key: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="printable ASCII") as caught:
        connect("http://127.0.0.1:9", api_key=key)

    assert ["api_key"] == [each.field for each in caught.value.errors]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "nonsense://x"])
def test_no_proxy_is_asked_for_this_machine(
    connect: Connect, client: httpx.Client, monkeypatch: pytest.MonkeyPatch, name: str, proxy: str
) -> None:
    monkeypatch.setenv(name, proxy)
    for host in ("127.0.0.1", "localhost"):
        assert connect(f"http://{host}:{client.base_url.port}").ready().ready


def test_a_proxy_is_asked_for_other_machines_unless_it_should_not_be(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As users of httpx expect; `trust_env=False` and NO_PROXY keep it out."""
    with ScriptedServer([answer(200, {"ready": True, "tasks": {}})]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert connect("http://densely.invalid").ready().ready
        assert ["http://densely.invalid/health/ready"] == [asked.path for asked in proxy.asked]
        for options, excluded in (({"trust_env": False}, ""), ({}, ".invalid")):
            monkeypatch.setenv("NO_PROXY", excluded)
            with pytest.raises(errors.ServiceUnreachable):
                connect("http://densely.invalid", retries=0, **options).ready()
        assert 1 == len(proxy.asked)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "nonsense://x"])
def test_a_proxy_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """Here no SOCKS library is installed. Where NO_PROXY excludes the service, it does not matter."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    for kind in (Densely, AsyncDensely):
        with pytest.raises(errors.InvalidArgument, match="proxy and certificates of the environment"):
            kind("http://densely.invalid")
    monkeypatch.setenv("NO_PROXY", "densely.invalid")
    Densely("http://densely.invalid").close()
    asyncio.run(AsyncDensely("https://densely.invalid").close())


def test_retries_may_be_numpys_number(client: httpx.Client) -> None:
    with Densely(str(client.base_url), retries=np.int64(0)) as densely:  # type: ignore[arg-type]
        assert densely.ready().ready
