"""Pages of listed origins may call the service, whatever the answer is and however it is given; others may not."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from app.main import create_app
from app.settings import Settings
from tests.support.artifacts import add_model
from tests.support.server import LiveServer, settings_in
from tests.support.tasks import TASKS
from tests.support.wire import exchange

KEY = "correct-horse-battery"
OURS, BELOW, FOREIGN = "https://app.example.org", "https://shop.team.example.com", "https://evil.example.net"
ASKING = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
EXPOSED = ("X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "Location")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, httpx.Client]]:
    """With the origins alone, with a key besides, and without origins."""
    folder = tmp_path_factory.mktemp("cors")
    plain = settings_in(folder)
    migrate.upgrade(plain.url)
    database = Database(plain.url)
    for task in TASKS.all:
        add_model(database, ArtifactStore(plain.models_dir), task)
    listed: dict[str, Any] = {"cors_origins": (OURS, "https://*.example.com")}
    changes = {"listed": listed, "guarded": {**listed, "api_keys": (KEY,)}, "off": {}}
    running = {name: LiveServer(create_app(plain.model_copy(update=change))) for name, change in changes.items()}
    yield {name: server.client for name, server in running.items()}
    for server in running.values():
        server.close()
    database.close()


def vary_of(answer: httpx.Response) -> set[str]:
    """The names in `Vary`, of all its lines."""
    return {name.strip().lower() for name in answer.headers.get("vary", "").split(",") if name}


def is_let_in(answer: httpx.Response, origin: str) -> bool:
    """Whether a browser shows the answer to a page of this origin."""
    return answer.headers.get_list("access-control-allow-origin") == [origin]


CALLS: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "an inline prediction": ("POST", "/predict", {"json": {"task": "sentiment", "text": "fine"}}, 200),
    "a large prediction": ("POST", "/predict", {"json": {"task": "sentiment", "text": "fine " * 15_000}}, 200),
    "a wrong prediction": ("POST", "/predict", {"json": {"task": "sentiment"}}, 422),
    "no JSON": ("POST", "/predict", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
    "a form": ("POST", "/predict", {"data": {"a": "b"}}, 415),
    "a list": ("GET", "/tasks", {}, 200),
    "a wrong run": ("POST", "/train", {"json": {"task": "sentiment", "epochs": 1}}, 422),
    "what is not there": ("GET", "/runs/none", {}, 404),
    "no route": ("GET", "/none", {}, 404),
    "another method": ("DELETE", "/tasks", {}, 405),
    "no body": ("HEAD", "/health/ready", {}, 200),
    "the client": ("GET", "/client/densely.js", {}, 200),
}


@pytest.mark.parametrize("origin", [OURS, BELOW])
@pytest.mark.parametrize("name", CALLS)
def test_every_answer_is_shown_to_pages_of_listed_origins(
    servers: dict[str, httpx.Client], name: str, origin: str
) -> None:
    method, path, given, status = CALLS[name]
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site", **given.get("headers", {})}

    found = servers["listed"].request(method, path, **{**given, "headers": headers})

    assert status == found.status_code
    assert is_let_in(found, origin)
    assert "origin" in vary_of(found)
    exposed = {each.strip() for each in found.headers["access-control-expose-headers"].split(",")}
    assert exposed.issuperset(EXPOSED)
    assert "access-control-allow-credentials" not in found.headers


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "origin", [FOREIGN, "null", "https://example.com", "https://example.org.evil.net", "x" * 400, ""]
)
def test_no_answer_is_shown_to_others(servers: dict[str, httpx.Client], name: str, origin: str) -> None:
    method, path, given, _ = CALLS[name]
    headers = {"Origin": origin, **given.get("headers", {})} if origin else given.get("headers", {})

    found = servers["listed"].request(method, path, **{**given, "headers": headers})

    assert "access-control-allow-origin" not in found.headers
    assert "origin" in vary_of(found)


@pytest.mark.parametrize("name", CALLS)
def test_without_origins_nothing_is_said(servers: dict[str, httpx.Client], name: str) -> None:
    method, path, given, _ = CALLS[name]
    headers = {"Origin": OURS, **given.get("headers", {})}

    found = servers["off"].request(method, path, **{**given, "headers": headers})

    assert not [field for field in found.headers if field.startswith("access-control")]
    assert "origin" not in vary_of(found)


@pytest.mark.parametrize("path", ["/predict", "/train", "/runs", "/events", "/none"])
def test_a_preflight_is_answered_before_a_key_is_looked_at(servers: dict[str, httpx.Client], path: str) -> None:
    found = servers["guarded"].options(path, headers={"Origin": OURS, **ASKING})

    assert 204 == found.status_code
    assert is_let_in(found, OURS)
    assert "POST" in found.headers["access-control-allow-methods"]
    allowed = {each.strip().lower() for each in found.headers["access-control-allow-headers"].split(",")}
    assert allowed.issuperset({"authorization", "content-type", "x-api-key", "idempotency-key", "last-event-id"})
    assert int(found.headers["access-control-max-age"])
    assert "*" not in str(found.headers)


def test_a_foreign_preflight_is_refused_with_a_reason(servers: dict[str, httpx.Client]) -> None:
    found = servers["listed"].options("/predict", headers={"Origin": FOREIGN, **ASKING})

    assert 403 == found.status_code
    assert "DENSELY_CORS_ORIGINS" in found.json()["detail"]
    assert "access-control-allow-origin" not in found.headers


def test_a_key_is_asked_for_all_the_same_and_the_page_is_told(servers: dict[str, httpx.Client]) -> None:
    body = {"task": "sentiment", "text": "fine"}

    refused = servers["guarded"].post("/predict", json=body, headers={"Origin": OURS})
    let_in = servers["guarded"].post("/predict", json=body, headers={"Origin": OURS, "Authorization": f"Bearer {KEY}"})

    assert (401, 200) == (refused.status_code, let_in.status_code)
    assert is_let_in(refused, OURS)
    assert is_let_in(let_in, OURS)


@pytest.mark.parametrize("path", ["/runs/none/cancel", "/runs/none/retry"])
def test_listed_pages_may_change_things_and_others_may_not(servers: dict[str, httpx.Client], path: str) -> None:
    answers = [
        servers["listed"].post(path, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
        for origin in (OURS, FOREIGN)
    ]

    assert [404, 403] == [answer.status_code for answer in answers]


def test_what_a_connection_is_rejected_with_is_shown_too(servers: dict[str, httpx.Client]) -> None:
    client = servers["listed"]
    head = f"POST /train HTTP/1.1\r\nHost: localhost\r\nOrigin: {OURS}\r\nContent-Type: application/json\r\n"

    (answer,) = exchange(str(client.base_url), [(head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n").encode()])

    assert 400 == answer.status
    assert OURS == answer.headers["access-control-allow-origin"]
    assert "Origin" == answer.headers["vary"]


@pytest.mark.parametrize("given", [" https://App.Example.org/ ", "https://app.example.org:443"])
def test_an_origin_is_compared_as_browsers_write_it(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSELY_CORS_ORIGINS", given)

    assert (OURS,) == Settings().cors_origins


@pytest.mark.parametrize(
    "given", ["*", "https://*", "app.example.org", "https://app.example.org/path", "ftp://a.b", "null", "https://a b.c"]
)
def test_what_is_no_origin_is_refused_at_the_start(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSELY_CORS_ORIGINS", f"{OURS},{given}")

    with pytest.raises(ValidationError, match="is no origin"):
        Settings()


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://*.org", False), ("http://*.org:8080", False), ("https://*.org/", False), ("https://*.[::1]", False),
        ("https://*.example.org", True), ("http://*.localhost:5173", True), ("https://example", True),
    ],
)  # fmt: skip
def test_a_wildcard_needs_a_name_of_ones_own(given: str, monkeypatch: pytest.MonkeyPatch, *, taken: bool) -> None:
    """Anybody gets a name below `.org`; `localhost` is this machine."""
    monkeypatch.setenv("DENSELY_CORS_ORIGINS", given)

    with nullcontext() if taken else pytest.raises(ValidationError, match=r"write https://\*\.example\.org"):
        assert (given,) == Settings().cors_origins


def test_long_answers_are_compressed_where_that_is_asked_for(servers: dict[str, httpx.Client]) -> None:
    client = servers["listed"]

    with client.stream("GET", "/openapi.json", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    plain = client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    short = client.get("/health/live", headers={"Accept-Encoding": "gzip"})

    assert "gzip" == answer.headers["content-encoding"]
    assert len(packed) * 4 < len(plain.content)
    assert {"accept-encoding", "origin"} <= vary_of(answer)
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in short.headers
