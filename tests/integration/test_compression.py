"""Packed bodies are what they hold: unpacked under the same limits, whatever they claim to be."""

import asyncio
import gzip
import json
import os
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from app.errors import MalformedBody, TooLarge
from app.main import create_app
from app.server import compression
from app.server.compression import PIECE, unpacked
from app.settings import Settings
from tests.support.artifacts import add_model
from tests.support.server import LiveServer

MIB = 2**20
POINT = json.dumps({"task": "planar", "point": [0.5, 1.0]}).encode()
TRAIN = json.dumps({"task": "planar", "dataset": "sample"}).encode()


def bare(content: bytes) -> bytes:
    """DEFLATE without zlib's frame, as many clients send `deflate`."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


PACKED = [
    ("gzip", gzip.compress(POINT, mtime=0)),
    ("x-gzip", gzip.compress(POINT, mtime=0)),
    ("GZIP", gzip.compress(POINT, mtime=0)),
    ("deflate", zlib.compress(POINT)),
    ("deflate", bare(POINT)),
    ("identity", POINT),
    ("", POINT),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Of a service that takes bodies of up to 2 MiB."""
    folder = tmp_path_factory.mktemp("packed")
    settings = Settings(home=folder / "home", models_dir=folder / "models", datasets_dir=folder / "no", max_body_mib=2)
    migrate.upgrade(settings.url)
    database = Database(settings.url)
    add_model(database, ArtifactStore(settings.models_dir), "planar")
    server = LiveServer(create_app(settings))
    yield server.client
    server.close()
    database.close()


def post(client: httpx.Client, path: str, content: bytes, encoding: str, *, chunked: bool = False) -> httpx.Response:
    sent = (content[i : i + 7] for i in range(0, len(content), 7)) if chunked else content
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    return client.post(path, content=sent, headers=headers)


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "in small chunks"])
@pytest.mark.parametrize(("encoding", "content"), PACKED)
def test_a_packed_body_is_answered_as_the_same_without(
    client: httpx.Client, encoding: str, content: bytes, chunked: bool
) -> None:
    plain = client.post("/predict", content=POINT, headers={"Content-Type": "application/json"})

    answer = post(client, "/predict", content, encoding, chunked=chunked)

    assert (200, plain.content) == (answer.status_code, answer.content)


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "in small chunks"])
def test_every_call_takes_them(client: httpx.Client, chunked: bool) -> None:
    for encoding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        assert 202 == post(client, "/train", pack(TRAIN), encoding, chunked=chunked).status_code
        answer = post(client, "/tasks/planar/encode", pack(b'{"point": [1, 2]}'), encoding, chunked=chunked)
        assert [1.0, 2.0] == answer.json()["encoding"]["values"]


def test_a_file_of_several_members_is_one_body(client: httpx.Client) -> None:
    assert 200 == post(client, "/predict", gzip.compress(POINT[:9]) + gzip.compress(POINT[9:]), "gzip").status_code


def test_others_have_their_turn_between_members_that_hold_nothing() -> None:
    """A small body may have very many of them."""
    members = 1_000

    async def ask() -> int:
        turns, done = 0, asyncio.Event()

        async def other() -> None:
            nonlocal turns
            while not done.is_set():
                turns += 1
                await asyncio.sleep(0)

        async def receive() -> dict[str, object]:
            body = gzip.compress(b"") * members + gzip.compress(POINT)
            return {"type": "http.request", "body": body, "more_body": False}

        waiting = asyncio.create_task(other())
        message = await unpacked({b"content-encoding": b"gzip"}, receive)()
        done.set()
        await waiting
        assert POINT == message["body"]
        return turns

    assert asyncio.run(ask()) >= members


@pytest.mark.parametrize(("encoding", "size"), [("gzip", 300), ("identity", 2 * MIB)])
def test_a_body_that_nobody_reads_breaks_no_answer(client: httpx.Client, encoding: str, size: int) -> None:
    """Of a GET, damaged or too large: the answer has begun when it comes in."""
    model = client.get("/models", params={"task": "sentiment"}).json()["items"][0]["id"]
    for path in (f"/models/{model}/archive", "/models"):
        answer = client.request("GET", path, content=iter([b"no gzip" * size]), headers={"Content-Encoding": encoding})

        assert (200, True) == (answer.status_code, len(answer.content) > 100)


def test_a_call_without_a_body_may_announce_any_packing(client: httpx.Client) -> None:
    for encoding in ("gzip", "br"):
        answer = client.post("/runs/r-nobody/cancel", headers={"Content-Encoding": encoding})
        assert 404 == answer.status_code, "there is no such run"


WHOLE = gzip.compress(POINT, mtime=0)
DAMAGED = {
    "no gzip": POINT,
    "first half": WHOLE[: len(WHOLE) // 2],
    "without its last byte": WHOLE[:-1],
    "a wrong checksum": WHOLE[:-8] + bytes([WHOLE[-8] ^ 1]) + WHOLE[-7:],
    "something behind it": WHOLE + b"x",
    "a second member cut off": WHOLE + WHOLE[:5],
    "only a head": WHOLE[:10],
    "one byte": WHOLE[:1],
}


@pytest.mark.parametrize("path", ["/predict", "/train"])
@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_body_is_refused_in_words(client: httpx.Client, path: str, content: bytes) -> None:
    answer = post(client, path, content, "gzip")

    assert (400, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert "gzip" in answer.json()["detail"]
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert 200 == post(client, "/predict", WHOLE, "gzip").status_code, "the connection goes on"


@pytest.mark.parametrize("content", [b"x" * 20, zlib.compress(POINT)[:-1], zlib.compress(POINT) + b"x", WHOLE])
def test_damaged_deflate_is_refused_too(client: httpx.Client, content: bytes) -> None:
    assert 400 == post(client, "/predict", content, "deflate").status_code


@pytest.mark.parametrize("path", ["/predict", "/train"])
@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "gzip;q=1", "x"])
def test_another_packing_is_refused_and_those_that_are_taken_are_named(
    client: httpx.Client, path: str, encoding: str
) -> None:
    """As RFC 9110, 15.5.16, has it."""
    answer = post(client, path, WHOLE, encoding)

    assert (415, "gzip, deflate") == (answer.status_code, answer.headers["accept-encoding"])
    assert "urn:densely:problem:unsupported-encoding" == answer.json()["type"]


def test_a_body_of_another_form_is_told_the_form_and_no_packing(client: httpx.Client) -> None:
    answer = client.post("/train", content=TRAIN, headers={"Content-Type": "text/plain"})

    assert (415, "application/json") == (answer.status_code, answer.headers["accept"])
    assert "accept-encoding" not in answer.headers


@pytest.mark.parametrize(("path", "most"), [("/predict", 2), ("/train", 1)])
def test_the_limit_is_that_of_the_unpacked_body(client: httpx.Client, path: str, most: int) -> None:
    body = POINT if path == "/predict" else TRAIN
    just = gzip.compress(body.ljust(most * MIB))

    assert post(client, path, just, "gzip").status_code in (200, 202)
    answer = post(client, path, gzip.compress(body.ljust(most * MIB + 1)), "gzip")
    assert len(just) < MIB / 100
    assert (413, f"the body is larger than {most} MiB") == (answer.status_code, answer.json()["detail"])


def test_a_small_body_that_holds_a_large_one_takes_no_memory() -> None:
    """It is unpacked piece by piece, and no further than somebody asks for."""
    packer = zlib.compressobj(1, wbits=31)
    bomb = b"".join([*(packer.compress(bytes(MIB)) for _ in range(24)), packer.flush()])
    parts = iter([bomb[i : i + PIECE] for i in range(0, len(bomb), PIECE)])

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": next(parts), "more_body": True}

    async def take(limit: int) -> int:
        channel, taken = unpacked({b"content-encoding": b"gzip"}, receive), 0
        while taken <= limit:
            piece = (await channel())["body"]
            assert 0 < len(piece) <= PIECE
            taken += len(piece)
        raise TooLarge

    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    with pytest.raises(TooLarge):
        asyncio.run(take(16 * MIB))
    assert tracemalloc.get_traced_memory()[1] - before < 2 * MIB
    tracemalloc.stop()


def test_others_get_their_turn_while_a_body_is_unpacked() -> None:
    """Each piece is followed by a turn of the event loop."""
    whole, turns = gzip.compress(bytes(4 * MIB)), 0

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": whole, "more_body": False}

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def take() -> int:
        counting, channel, pieces = asyncio.create_task(count()), unpacked({b"content-encoding": b"gzip"}, receive), 0
        while (await channel()).get("more_body"):
            pieces += 1
        counting.cancel()
        return pieces

    assert 4 * MIB / PIECE == asyncio.run(take())
    assert turns >= 4 * MIB / PIECE


@pytest.mark.parametrize("size", [1, 2, 3, 1000, PIECE])
def test_however_it_is_cut_the_same_comes_out(size: int) -> None:
    content = os.urandom(3 * PIECE) + bytes(2 * PIECE) + b"end"
    whole = gzip.compress(content[: 2 * PIECE]) + gzip.compress(content[2 * PIECE :])
    parts = [whole[i : i + max(size, len(whole) // 5000)] for i in range(0, len(whole), max(size, len(whole) // 5000))]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def take() -> bytes:
        channel, found = unpacked({b"content-encoding": b"gzip"}, receive), b""
        while (message := await channel()).get("more_body"):
            found += message["body"]
        return found

    assert content == asyncio.run(take())


def test_a_client_that_goes_away_is_noticed() -> None:
    """The message is handed on; before the end and after it."""
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": WHOLE[:9], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def take() -> Any:
        return await unpacked({b"content-encoding": b"gzip"}, receive)()

    assert {"type": "http.disconnect"} == asyncio.run(take())


def test_what_is_not_packed_keeps_its_channel() -> None:
    """No cost where there is nothing to do."""

    async def receive() -> dict[str, object]:
        raise MalformedBody

    for headers in ({}, {b"content-encoding": b"identity"}, {b"content-encoding": b"br"}):
        assert compression.unpacked(headers, receive) is receive
