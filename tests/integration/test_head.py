"""HEAD is GET without a body, wherever there is GET; all other methods are refused in order."""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.integration.finished import Finished, answers_of, model_of
from tests.support.trials import ended_sweep

EPOCHS = [{"loss": 0.5, "accuracy": 0.7}]
PLAIN = {"Accept-Encoding": "identity"}
CHANGING = ("date", "x-request-id", "transfer-encoding")  # the last is of a body only


@pytest.fixture
def paths(client: httpx.Client, finished: Finished) -> list[str]:
    """One for each GET that there is, and the static files."""
    run, other = (finished.run("planar", answers_of("planar"), EPOCHS) for _ in range(2))
    known = {
        "run_id": run,
        "model_id": model_of(run),
        "task": "planar",
        "dataset": "sample",
        "form": "svg",
        "name": "moons",
        "sweep_id": ended_sweep(client, finished.database),
    }
    # Of pictures, by what they are of.
    kinds = {"datasets": "labels", "models": "confusion", "tasks": "points", "compare": "boundaries", "sweeps": "best"}
    described = client.get("/openapi.json").json()["paths"]
    gets = [path for path, item in described.items() if "get" in item and path != "/metrics"]  # it counts each look
    found = [path.format(**known, kind=kinds.get(re.split(r"[/.]", path)[1])) for path in gets]
    found = [f"{path}?runs={run},{other}" if path.startswith("/compare") else path for path in found]
    static = ["/", "/web/js/main.js", "/docs", "/openapi.json", "/static-offline-docs/swagger-ui.css"]
    return found + static


def compared(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in CHANGING}


def test_head_has_the_headers_of_get_and_no_body(client: httpx.Client, paths: list[str]) -> None:
    assert len(paths) > 20
    for path in paths:
        get, head = (
            client.request(method, path, headers={"Accept-Encoding": "identity"}) for method in ("GET", "HEAD")
        )
        assert 200 == get.status_code == head.status_code, path
        assert compared(get) == compared(head), path
        assert str(len(get.content)) == head.headers["content-length"], path
        assert head.headers["x-request-id"]
        assert b"" == head.content


@pytest.mark.parametrize("path", ["/runs/r-nobody", "/nothing", "/runs?limit=0", "/web/none.js"])
def test_head_of_what_is_refused_is_that_of_get(client: httpx.Client, path: str) -> None:
    get, head = client.get(path), client.head(path)

    assert 400 <= get.status_code == head.status_code < 500
    assert compared(get) == compared(head)
    assert b"" == head.content


@pytest.mark.parametrize("path", ["/events", "/runs/{}/events"])
def test_head_of_a_stream_ends_at_once_and_leaves_the_connection_open(
    client: httpx.Client, finished: Finished, path: str
) -> None:
    run = finished.claimed("sentiment").run_id
    port = client.base_url.port
    assert port is not None
    request = f"HEAD {path.format(run)} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request.encode() * 2 + b"GET /health/live HTTP/1.1\r\nHost: x.localhost\r\n\r\n")
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        told = b""
        while part := connection.recv(65536):
            told += part
    assert 4 == told.count(b"HTTP/1.1 ")
    assert 2 == told.count(b"content-type: text/event-stream")
    assert b"retry:" not in told
    assert told.endswith(b'{"live":true}')


def test_head_needs_a_key_where_get_does(client_for: Callable[[Settings], httpx.Client], settings: Settings) -> None:
    client = client_for(settings.model_copy(update={"api_keys": ("0123456789abcdef",)}))

    assert 401 == client.head("/runs").status_code
    assert 200 == client.head("/health/live").status_code
    assert 200 == client.head("/runs", headers={"X-API-Key": "0123456789abcdef"}).status_code


@pytest.mark.parametrize(
    "command", [["wget", "--spider", "-q", "-T", "5", "-t", "1"], ["curl", "-fsI", "-m", "5", "--noproxy", "*"]]
)
def test_programs_that_look_whether_something_is_there_find_it(client: httpx.Client, command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    url = f"http://127.0.0.1:{client.base_url.port}"

    for path, found in (("/tasks", True), ("/", True), ("/nothing", False)):
        done = subprocess.run([*command, url + path], check=False, capture_output=True, timeout=20)
        assert found == (done.returncode == 0)


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
TAKEN = {
    "/predict": {"POST"}, "/train": {"POST"}, "/runs": {"GET", "HEAD"}, "/tasks/digits/active-model": {"PUT"},
    "/runs/r-x/cancel": {"POST"}, "/health/live": {"GET", "HEAD"}, "/docs": {"GET", "HEAD"}, "/": {"GET", "HEAD"},
    "/openapi.json": {"GET", "HEAD"}, "/web/js/main.js": {"GET", "HEAD"}, "/client/densely.js": {"GET", "HEAD"},
    "/static-offline-docs/swagger-ui.css": {"GET", "HEAD"},
}  # fmt: skip


@pytest.mark.parametrize("path", TAKEN)
def test_a_method_that_a_path_does_not_take_is_told_those_that_it_does(client: httpx.Client, path: str) -> None:
    for method in METHODS:
        answer = client.request(method, path)
        if method in TAKEN[path]:
            assert 405 != answer.status_code
            continue
        assert 405 == answer.status_code, method
        assert TAKEN[path] == set(answer.headers["allow"].split(", "))
        check_problem(answer, b"" if method == "HEAD" else None)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", [b"/nothing", b"/runs/", b"//runs", b"/tasks/x/", b"/runs/a/b/c", b"/web/", b"*"])
def test_an_unknown_path_is_not_found_by_any_method(client: httpx.Client, method: str, target: bytes) -> None:
    answer = client.request(method, "/", extensions={"target": target})

    assert 404 == answer.status_code or (answer.status_code == 405 and target == b"/web/")
    check_problem(answer, b"" if method == "HEAD" else None)


def check_problem(answer: httpx.Response, content: bytes | None) -> None:
    assert "application/problem+json" == answer.headers["content-type"]
    if content is not None:
        assert content == answer.content
        return
    problem: dict[str, Any] = json.loads(answer.content)
    assert answer.status_code == problem["status"]
    assert answer.headers["x-request-id"] == problem["request_id"]
