"""Offers to speak another protocol are passed over, and no request is ever read in two ways."""

import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.wire import LAST, Answer, exchange, request

POINT = json.dumps({"task": "planar", "point": [0.5, -0.25]}).encode()
OFFERS = {
    "Java and curl": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    "websocket": "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==",
    "anything": "connection: keep-alive,upgrade\r\nupgrade: TLS/1.3, IRC/6.9",
    "two lines": "Connection: Upgrade\r\nConnection: HTTP2-Settings\r\nUpgrade: h2c\r\nUpgrade: foo",
}


def post(target: str, extra: str, body: bytes = POINT) -> bytes:
    """A POST with a known length."""
    head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{extra}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def chunked(target: str, extra: str, body: bytes = POINT) -> bytes:
    """A POST in two chunks, with a trailer."""
    head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{extra}\r\n"
    parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]))
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + parts + b"0\r\nX-Sum: 1\r\n\r\n"


def told(found: list[Answer]) -> list[tuple[int, object]]:
    """Statuses and bodies, without the ids of requests and runs."""
    return [(each.status, {**each.json(), "request_id": 0, "id": 0}) for each in found]


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize("form", [post, chunked])
@pytest.mark.parametrize("pause", [0, 0.02])
def test_a_request_with_an_offer_is_answered_as_without(url: str, offer: str, form: object, pause: float) -> None:
    """Also when its body comes a moment later, and when another request follows it."""
    for target in ("/predict", "/predict?x", "/tasks/planar/encode"):
        with_offer, plain = (form(target, extra) for extra in (offer, "X-Nothing: 0"))  # type: ignore[operator]
        expected = told(exchange(url, [plain + LAST]))
        head, end, body = with_offer.partition(b"\r\n\r\n")
        assert 2 == len(expected)
        assert expected == told(exchange(url, [head + end, body[:9], body[9:] + LAST], pause=pause))


@pytest.mark.parametrize("coding", ["gzip", "xchunked", "identity", "gzip, chunked", "chunked, gzip"])
def test_a_coding_that_is_not_known_is_refused_with_an_offer_too(url: str, coding: str) -> None:
    for offer in ("X-Nothing: 0", *OFFERS.values()):
        head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\n{offer}\r\nTransfer-Encoding: {coding}\r\n\r\n"
        assert [400] == [each.status for each in exchange(url, [head.encode()])]


def test_an_offer_changes_nothing_of_a_request_without_a_body(url: str) -> None:
    for offer in OFFERS.values():
        lines = f"GET /tasks HTTP/1.1\r\nHost: localhost\r\n{offer}\r\n\r\n".encode()
        assert [200, 200, 200] == [each.status for each in exchange(url, [lines * 2 + LAST])]


def test_what_else_the_connection_header_says_still_holds(url: str) -> None:
    found = exchange(url, [post("/predict", "Connection: Upgrade, close\r\nUpgrade: h2c") + LAST])
    assert [(200, "close")] == [(each.status, each.headers["connection"]) for each in found]


def test_a_body_never_becomes_a_request(url: str) -> None:
    """Not even one that looks like it."""
    body = json.dumps({"task": "planar", "note": "x"}).encode() + request("POST", "/train", b"{}")
    for form in (post, chunked):
        for offer in OFFERS.values():
            found = exchange(url, [form("/predict", offer, body) + LAST])
            assert [400, 200] == [each.status for each in found]
    assert [] == httpx.get(f"{url}/runs").json()["items"]


SEQUENCES = st.lists(
    st.sampled_from(
        [
            *(post("/predict", offer) for offer in OFFERS.values()),
            chunked("/predict", OFFERS["Java and curl"]),
            post("/predict", "X-Nothing: 0"),
            chunked("/tasks/planar/encode", "X-Nothing: 0"),
            request("GET", "/tasks/planar"),
            post("/predict", "X: 0", b"{\r\n\r\n}"),
            request("GET", "/nothing", Connection="Upgrade", Upgrade="h2c"),
            b"\r\n" + request("POST", "/predict"),
        ]
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=SEQUENCES, data=st.data())
def test_where_the_stream_of_bytes_is_cut_does_not_matter(url: str, sequence: list[bytes], data: st.DataObject) -> None:
    """Any pieces of it are answered as each request is on a connection of its own."""
    whole = b"".join(sequence) + LAST
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=12)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    expected = [one for each in sequence for one in told(exchange(url, [each + LAST])[:-1])]

    assert expected == told(exchange(url, pieces))[:-1]


def test_byte_by_byte(url: str) -> None:
    whole = (
        b"".join(post("/predict", offer) for offer in OFFERS.values()) + chunked("/predict", OFFERS["anything"]) + LAST
    )
    assert [200] * 6 == [each.status for each in exchange(url, (bytes([byte]) for byte in whole))]


AMBIGUOUS = {
    "both lengths": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both lengths, the other way round": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n{}  ",
    "the same length twice": b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": b"Content-Length: 2, 2\r\n\r\n{}",
    "a signed length": b"Content-Length: +2\r\n\r\n{}",
    "a length beyond numbers": b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "a folded line": b"X-A: b\r\n c: d\r\nContent-Length: 2\r\n\r\n{}",
    "a line feed alone": b"X-A: b\nContent-Length: 2\r\n\r\n{}",
    "a carriage return alone": b"X-A: b\rContent-Length: 2\r\n\r\n{}",
    "a space before the colon": b"Content-Length : 2\r\n\r\n{}",
    "a coding that only looks like chunks": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks that are not the last coding": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a coding that nobody here undoes": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunks within chunks": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk of a length that is none": b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk that is longer than it says": b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}  \r\n0\r\n\r\n",
    "a zero byte": b"X-A: \x00\r\nContent-Length: 2\r\n\r\n{}",
    "a name that is none": b": x\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("rest", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_can_be_read_in_two_ways_is_refused_and_nothing_after_it_is_read(url: str, rest: bytes) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    for pieces in ([head + rest + LAST], [head + rest, LAST], [request("GET", "/tasks") + head + rest + LAST]):
        *_, found = exchange(url, pieces)
        assert (400, "close") == (found.status, found.headers["connection"])
        assert "urn:densely:problem:malformed-request" == found.json()["type"]
        assert found.headers["x-request-id"] == found.json()["request_id"]
        assert "application/problem+json" == found.headers["content-type"]
        assert "date" in found.headers


@pytest.mark.parametrize(
    "line",
    [
        b"CONNECT localhost:80 HTTP/1.1", b"GET / HTTP/2.0", b"PRI * HTTP/2.0", b"GET /", b"GET / HTTP/1.2",
        b"GET\t/ HTTP/1.1", b"GET / x HTTP/1.1", b"G\xc3\x89T / HTTP/1.1",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"NOTHING / HTTP/1.1",
    ],
)  # fmt: skip
def test_what_is_not_our_protocol_is_refused(url: str, line: bytes) -> None:
    found = exchange(url, [line + b"\r\nHost: localhost\r\n\r\n" + LAST])
    assert [(400, "close")] == [(each.status, each.headers["connection"]) for each in found]
