"""Limits of requests over time: told in every answer, counted together in all processes, the same on either way."""

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from app.domain.clock import utc_now
from app.domain.keys import ApiKey
from app.errors import RateLimited, Unavailable
from app.main import create_app
from app.rates import Rate
from app.server import counters
from app.server.counters import SharedCounters
from app.server.rates import Rates
from app.services.keys import KeyService, KeySpec
from tests.support.artifacts import add_model
from tests.support.server import LiveServer, settings_in

FINE = {"task": "planar", "point": [0.5, 0.5]}
WEEK = "604800"


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    """A service of five requests an address, of which a key has three; its week has not just begun."""
    plain = settings_in(tmp_path).model_copy(update={"rate_per_address": "5/7d"})
    migrate.upgrade(plain.url)
    database = Database(plain.url)
    add_model(database, ArtifactStore(plain.models_dir), "planar")
    keys = KeyService(database, utc_now)
    secrets = {name: keys.create(KeySpec(name, ["admin"], rate=rate))[0] for name, rate in RATES.items()}
    server = LiveServer(create_app(plain))
    yield server.client, secrets
    server.close()
    database.close()


RATES = {"three": "3/7d", "free": None}


def ask(client: httpx.Client, secret: str, *, inline: bool = True, **more: Any) -> httpx.Response:
    """A prediction, answered inline or in a cycle of its own."""
    body = {"json": FINE} if inline else {"json": {**FINE, "explain": True, "model": 1}}
    return client.post("/predict", headers={"X-API-Key": secret}, **body, **more)


@pytest.mark.parametrize("inline", [True, False])
def test_a_key_has_so_many_and_is_told_what_is_left(
    limited: tuple[httpx.Client, dict[str, str]], *, inline: bool
) -> None:
    client, secrets = limited
    answers = [ask(client, secrets["three"], inline=inline) for _ in range(4)]
    left = [next(part for part in answer.headers["ratelimit"].split(", ") if "key" in part) for answer in answers]

    assert [200, 200, 200, 429] == [answer.status_code for answer in answers]
    assert ["2", "1", "0", "0"] == [part.split(";")[1].removeprefix("r=") for part in left]
    assert f'"key";q=3;w={WEEK}' in answers[0].headers["ratelimit-policy"]
    refused = answers[3]
    assert 0 < int(refused.headers["retry-after"]) <= int(WEEK)
    assert "this API key may send 3/7d requests" in refused.json()["detail"]
    assert refused.headers["x-request-id"] == refused.json()["request_id"]


def test_an_address_has_so_many_whatever_key_it_sends(limited: tuple[httpx.Client, dict[str, str]]) -> None:
    client, secrets = limited
    wrong = [ask(client, "dk_of-nobody-that-is-known").status_code for _ in range(3)]
    right = [ask(client, secrets["free"]).status_code for _ in range(3)]
    other = client.get("/tasks", headers={"X-API-Key": secrets["free"]})

    assert [401] * 3 == wrong
    assert [200, 200, 429] == right
    assert 429 == other.status_code
    assert f'"address";q=5;w={WEEK}' == other.headers["ratelimit-policy"]
    assert 200 == client.get("/health/live").status_code


def test_a_request_that_leaves_the_short_way_is_counted_once(limited: tuple[httpx.Client, dict[str, str]]) -> None:
    """A body of the right form that cannot be answered is submitted inline, and told in a cycle."""
    client, secrets = limited
    wrong = client.post("/predict", json={"task": "planar", "point": [1]}, headers={"X-API-Key": secrets["three"]})
    right = ask(client, secrets["three"])

    assert (422, 200) == (wrong.status_code, right.status_code)
    assert '"key";r=2' in ", ".join(wrong.headers.get_list("ratelimit"))
    assert '"key";r=1' in ", ".join(right.headers.get_list("ratelimit"))


def test_what_a_key_is_refused_counts_once_for_its_address(limited: tuple[httpx.Client, dict[str, str]]) -> None:
    client, secrets = limited
    for _ in range(4):  # the fourth is too much for the key
        last = ask(client, secrets["three"])
    left = client.get("/tasks", headers={"X-API-Key": secrets["free"]})

    assert 429 == last.status_code
    assert '"address";r=0' in left.headers["ratelimit"]  # five in all


def test_a_network_of_ipv6_is_one_address(tmp_path: Path) -> None:
    rates = Rates(SharedCounters(tmp_path / "rates"), Rate(2, 604_800))
    rates.take_of_address("2001:db8:1:2::1")
    rates.take_of_address("2001:db8:1:2:ffff::2")

    assert rates.take_of_address("2001:db8:1:3::1")
    assert rates.take_of_address("::ffff:192.0.2.1")
    with pytest.raises(RateLimited):
        rates.take_of_address("2001:db8:1:2::3")


def test_where_nothing_can_be_counted_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    rates = Rates(SharedCounters(tmp_path / "file" / "rates"), Rate(2, 10))

    with pytest.raises(Unavailable, match="DENSELY_HOME"):
        rates.take_of_address("192.0.2.1")


def test_windows_end(tmp_path: Path) -> None:
    now = [1_000.0]
    rates = Rates(SharedCounters(tmp_path / "rates"), now=lambda: now[0])
    key = ApiKey("k-1", "", frozenset({"predict"}), rate=Rate(2, 10))
    rates.take_of_key(key)
    rates.take_of_key(key)
    with pytest.raises(RateLimited) as refused:
        rates.take_of_key(key)
    now[0] = 1_010.0

    assert "10" == refused.value.fields["Retry-After"]
    assert (b"ratelimit", b'"key";r=1;t=10') in rates.take_of_key(key)


def _count(path: Path, times: int) -> None:
    shared = SharedCounters(path)
    for _ in range(times):
        shared.add("together", 2e9, 1e9)


def test_processes_count_together(tmp_path: Path) -> None:
    path = tmp_path / "rates"
    started = [multiprocessing.get_context("spawn").Process(target=_count, args=(path, 500)) for _ in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join()

    assert (2_000, 1) == SharedCounters(path).add("together", 2e9, 1e9)


def test_more_counters_than_there_are_places_do_no_harm(tmp_path: Path) -> None:
    shared = SharedCounters(tmp_path / "rates")
    for number in range(2 * counters.SLOTS):
        assert shared.add(f"address/{number}", 2e9 + number, 1e9) == (0, 1)

    assert (1, 1) == shared.add(f"address/{2 * counters.SLOTS - 1}", 2e9 + 2 * counters.SLOTS - 1, 1e9)


@pytest.mark.parametrize("given", ["50/s", "1000/10m", "20000/d", "3/7d"])
def test_a_rate_is_written_as_it_was_read(given: str) -> None:
    assert given == str(Rate.of(given))


def let_in(rates: Rates, key: ApiKey) -> bool:
    """Whether one more request is."""
    try:
        rates.take_of_key(key)
    except RateLimited:
        return False
    return True


@pytest.mark.parametrize("requests", [3, 40, 100, 2_000])
@pytest.mark.parametrize("processes", [1, 2, 8])
def test_what_is_taken_at_once_never_exceeds_a_limit_and_leaves_little_of_it(
    tmp_path: Path, requests: int, processes: int
) -> None:
    """Each of several processes takes from the common count; the client's connections are at all but one of them."""
    counters = SharedCounters(tmp_path / "rates")
    found = [Rates(counters, now=lambda: 1_000.0, processes=processes) for _ in range(processes)]
    key = ApiKey("k-1", "", frozenset({"predict"}), rate=Rate(requests, 10))
    given = int(let_in(found[0], key))  # which takes some, and is not asked again
    others = found[1:] or found

    given += sum(let_in(others[turn % len(others)], key) for turn in range(2 * requests))

    assert requests * 0.95 <= given <= requests
    assert not any(let_in(each, key) for each in others)


def test_of_one_process_every_answer_tells_one_less(tmp_path: Path) -> None:
    rates = Rates(SharedCounters(tmp_path / "rates"), now=lambda: 1_000.0)
    key = ApiKey("k-1", "", frozenset({"predict"}), rate=Rate(200, 10))
    told = [dict(rates.take_of_key(key))[b"ratelimit"] for _ in range(200)]

    assert [b'"key";r=%d;t=10' % left for left in range(199, -1, -1)] == told
