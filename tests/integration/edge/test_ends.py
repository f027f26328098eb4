"""How connections end: by the client's half of it, by HTTP/1.0's rule, by a client that is gone."""

import json
import socket
import time
from collections.abc import Callable

import httpx
import pytest

from tests.integration.edge.conftest import Start
from tests.support.wire import Answer, answers, connect, exchange, received, request

POINT = json.dumps({"task": "planar", "point": [0.5, -0.25]}).encode()
MANY = json.dumps({"task": "planar", "instances": [{"point": [1, 1]}] * 2_000}).encode()
TRAIN = json.dumps({"task": "planar", "dataset": "sample"}).encode()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (request("POST", "/predict", POINT), 200),
        (request("POST", "/predict?usual", POINT), 200),
        (request("POST", "/predict", MANY), 200),
        (request("POST", "/train", TRAIN), 202),
        (request("GET", "/tasks"), 200),
        (request("GET", "/nothing", Connection="Upgrade", Upgrade="h2c"), 404),
    ],
)  # fmt: skip
@pytest.mark.parametrize("pause", [0, 0.01])
def test_a_client_that_closes_its_half_after_its_request_is_answered(
    url: str, asked: bytes, status: int, pause: float
) -> None:
    """In place and on the usual way, also several of them; then the connection ends."""
    for times in (1, 3):
        found = exchange(url, [asked * times], half_close=True, pause=pause)
        assert [status] * times == [each.status for each in found]
        assert "close" == found[-1].headers.get("connection", "close")


def test_half_a_request_is_not_answered_but_what_came_before_it_is(url: str) -> None:
    asked = request("POST", "/predict?usual", POINT)
    assert [200] == [each.status for each in exchange(url, [asked + asked[:40]], half_close=True)]
    assert [] == exchange(url, [asked[:-1]], half_close=True)
    assert [] == exchange(url, [b""], half_close=True)


def test_a_stream_goes_on_for_a_client_that_has_closed_its_half(url: str) -> None:
    with connect(url) as connection:
        connection.sendall(request("GET", "/events?last_event_id=0", Accept="text/event-stream"))
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(10)
        stream = b""
        run = httpx.post(f"{url}/train", json=json.loads(TRAIN)).json()["id"]
        while run.encode() not in stream:
            part = connection.recv(65_536)
            assert part
            stream += part
    assert stream.startswith(b"HTTP/1.1 200 ")


def test_a_stream_ends_soon_after_its_client_has_closed_both(start: Start) -> None:
    """Though at first that looks like the half of it."""
    server = start()
    url = server.url
    opened = [connect(url) for _ in range(5)]
    for connection in opened:
        connection.sendall(request("GET", "/events", Accept="text/event-stream"))
        assert connection.recv(1_000)
    feed = server.app.api.state.feed
    _wait_until(lambda: 5 == sum(map(len, feed._listeners.values())))
    for connection in opened:
        connection.close()
    _wait_until(lambda: not feed._listeners)


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class TestOld:
    """HTTP/1.0: no chunks, no Host, and the end of an answer of unknown length is the connection's."""

    def ask(self, url: str, target: str, *lines: str) -> tuple[str, Answer]:
        with connect(url) as connection:
            connection.sendall("\r\n".join([f"GET {target} HTTP/1.0", *lines, "", ""]).encode())
            head = b""
            stream = received(connection)
            head, _, _ = stream.partition(b"\r\n\r\n")
            (found,) = answers(stream)
        return head.decode().lower(), found

    def test_a_list_has_its_length(self, url: str) -> None:
        head, found = self.ask(url, "/events")
        assert "content-length: " in head
        assert "items" in found.json()
        assert "close" == found.headers["connection"]

    def test_a_stream_ends_with_the_connection(self, url: str) -> None:
        run = httpx.post(f"{url}/train", json=json.loads(TRAIN)).json()["id"]
        httpx.post(f"{url}/runs/{run}/cancel").raise_for_status()
        head, found = self.ask(url, f"/runs/{run}/events", "Accept: text/event-stream")
        assert "transfer-encoding" not in head
        assert "content-length" not in head
        assert "connection: close" in head
        assert found.body.startswith(b"retry: ")
        assert found.body.endswith(b"\n\n")
        assert b'"cancelled"' in found.body

    def test_an_archive_is_whole(self, url: str) -> None:
        model = httpx.get(f"{url}/models").json()["items"][0]["id"]
        _, found = self.ask(url, f"/models/{model}/archive", "Host: localhost")
        assert httpx.get(f"{url}/models/{model}/archive").content[:4] == found.body[:4] == b"PK\x03\x04"
        assert 200 == found.status
