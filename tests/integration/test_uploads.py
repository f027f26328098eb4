"""Uploads under way: how many, how large, how they are cut off; memory stays, and nothing half-made does."""

import gzip
import json
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.db.engine import Database
from app.main import create_app
from app.settings import Settings
from tests.support import own
from tests.support.clock import FakeClock
from tests.support.server import LiveServer

CSV = {"content-type": "text/csv"}
SLEEPS = (sys.executable, "-c", "import time; time.sleep(600)")


def left_in(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.uploads.glob("*")) if settings.uploads.exists() else []


def until(done: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children() -> list[psutil.Process]:
    """Processes that read files."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if "app.datasets.uploads" in line or list(SLEEPS) == line[: len(SLEEPS)]:
            found.append(process)
    return found


class Served:
    """Applications on one database."""

    def __init__(self, settings: Settings, clock: FakeClock) -> None:
        self.settings = settings
        self._clock = clock
        self.servers: list[LiveServer] = []

    def start(self, **changes: Any) -> LiveServer:
        self.servers.append(LiveServer(create_app(self.settings.model_copy(update=changes), self._clock)))
        return self.servers[-1]


@pytest.fixture
def served(settings: Settings, database: Database, clock: FakeClock) -> Iterator[Served]:
    made = Served(settings, clock)
    yield made
    for server in made.servers:
        server.close()


def begin(server: LiveServer, path: str, content: bytes, length: int) -> socket.socket:
    """Send the head of an upload and a part of its body."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode() + content)
    return connection


def test_an_upload_that_is_cut_off_leaves_nothing(served: Served, settings: Settings) -> None:
    server = served.start()
    uploads = server.app.api.state.services.uploads
    content = own.tickets(2_000)

    connection = begin(server, "/datasets?task=sentiment", content, 2 * len(content))
    until(lambda: uploads._under_way == 1)
    connection.close()

    until(lambda: uploads._under_way == 0)
    assert [] == left_in(settings)
    assert not any(each["name"] == "sentiment" for each in server.client.get("/datasets").json()["items"])


def test_a_client_that_goes_away_ends_the_reading_process(served: Served, settings: Settings) -> None:
    server = served.start()
    uploads = server.app.api.state.services.uploads
    uploads._command = SLEEPS
    content = own.tickets(50)

    connection = begin(server, "/datasets?task=sentiment", content, len(content))
    until(lambda: len(children()) == 1)
    connection.close()

    until(lambda: not children() and uploads._under_way == 0)
    assert [] == left_in(settings)


def test_a_server_that_stops_ends_the_reading_process(served: Served, settings: Settings) -> None:
    server = served.start()
    server.app.api.state.services.uploads._command = SLEEPS
    content = own.tickets(50)
    connection = begin(server, "/datasets?task=sentiment", content, len(content))
    until(lambda: len(children()) == 1)

    began = time.monotonic()
    server.close()
    served.servers.clear()

    assert time.monotonic() - began < 5
    assert [] == children()
    assert connection.recv(2**16).startswith(b"HTTP/1.1 503 ")
    connection.close()
    assert [] == left_in(settings)


@pytest.mark.parametrize(("script", "told"), [("raise SystemExit(3)", "has died"), ("print('no JSON')", "has died")])
def test_a_reading_process_that_dies_is_told(served: Served, settings: Settings, script: str, told: str) -> None:
    server = served.start()
    server.app.api.state.services.uploads._command = (sys.executable, "-c", script)

    answer = server.client.post("/datasets", params={"task": "sentiment"}, content=own.tickets(), headers=CSV)

    assert 503 == answer.status_code
    assert told in answer.json()["detail"]
    assert [] == left_in(settings)


def test_reading_a_file_has_a_time_limit(served: Served, settings: Settings) -> None:
    server = served.start(max_reading_seconds=0.5)
    server.app.api.state.services.uploads._command = SLEEPS

    answer = server.client.post("/datasets", params={"task": "sentiment"}, content=own.tickets(), headers=CSV)

    assert 422 == answer.status_code, answer.text
    assert ("file", True) == (answer.json()["errors"][0]["field"], "DENSELY_MAX_READING_SECONDS" in answer.text)
    assert [] == children()
    assert [] == left_in(settings)


def test_adding_to_rows_that_go_meanwhile_is_a_conflict(served: Served, settings: Settings) -> None:
    """Removed while the file is read: the reading process does not find what it should add to."""
    server = served.start()
    own.create(server.client, "tickets", own.tickets(60), train="false")
    for path in settings.uploads.glob("d-*"):
        path.unlink()

    answer = server.client.post("/datasets/tickets/rows", content=own.tickets(30, seed=3), headers=CSV)

    assert 409 == answer.status_code, answer.text
    assert "send the rows again" in answer.json()["detail"]
    assert [] == left_in(settings)


def test_only_so_many_uploads_are_under_way(served: Served) -> None:
    server = served.start(max_uploads=2)
    uploads = server.app.api.state.services.uploads
    connections = [begin(server, "/datasets?task=sentiment", b"text,label\n", 1_000) for _ in range(2)]
    until(lambda: uploads._under_way == 2)

    answer = server.client.post("/datasets", params={"task": "sentiment"}, content=own.tickets(), headers=CSV)

    assert (503, "2") == (answer.status_code, answer.headers["retry-after"])
    assert "DENSELY_MAX_UPLOADS" in answer.json()["detail"]
    for connection in connections:
        connection.close()
    until(lambda: uploads._under_way == 0)
    assert 422 == server.client.post("/datasets", params={"task": "sentiment"}, content=b"x", headers=CSV).status_code


def test_eight_uploads_at_once_all_arrive(served: Served, settings: Settings) -> None:
    server = served.start()

    def upload(number: int) -> httpx.Response:
        with httpx.Client(base_url=server.url, timeout=120) as client:
            return own.create(client, f"tickets-{number}", own.tickets(400, seed=number), train="false")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(upload, range(8)))

    assert [201] * 8 == [answer.status_code for answer in answers], [answer.text[:200] for answer in answers]
    assert 8 == len([each for each in server.client.get("/tasks").json()["items"] if each["own"]])
    assert 8 == len(left_in(settings))


def test_of_two_who_create_the_same_name_at_once_one_wins(served: Served, settings: Settings) -> None:
    """In two API processes' stead two applications on one database; nothing of the other one stays."""
    servers = [served.start(), served.start()]
    barrier = threading.Barrier(4)

    def upload(number: int) -> int:
        with httpx.Client(base_url=servers[number % 2].url, timeout=120) as client:
            barrier.wait()
            return own.create(client, "tickets", own.tickets(200, seed=number)).status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = sorted(threads.map(upload, range(4)))

    assert [201, 409, 409, 409] == statuses
    assert 1 == len(left_in(settings))
    for server in servers:
        until(lambda server=server: server.client.get("/tasks/tickets").status_code == 200, 2)  # type: ignore[misc]
        assert 1 == len(server.client.get("/runs").json()["items"])


def test_versions_that_come_at_once_are_all_kept(served: Served) -> None:
    servers = [served.start(), served.start()]
    own.create(servers[0].client, "tickets", own.tickets(100), train="false")
    teams = ["alpha", "beta", "gamma", "delta"]

    def upload(number: int) -> int:
        with httpx.Client(base_url=servers[number % 2].url, timeout=120) as client:
            content = own.tickets(60, ("billing", teams[number]), seed=number)
            return client.post("/datasets", params={"task": "tickets"}, content=content, headers=CSV).status_code

    with ThreadPoolExecutor(4) as threads:
        assert [201] * 4 == list(threads.map(upload, range(4)))

    client = servers[0].client
    assert 5 == client.get("/datasets/tickets").json()["version"]
    expected = sorted({*own.TEAMS, *teams})
    until(lambda: expected == sorted(client.get("/tasks/tickets").json()["labels"]))  # the other's come with its poll


def test_a_body_beyond_its_limit_is_refused(served: Served, settings: Settings) -> None:
    """By its announced length, and by what comes; the setting is named."""
    server = served.start(max_upload_mib=1)
    content = b"text,label\n" + b"a,positive\n" * 200_000

    answers = [
        server.client.post("/datasets", params={"task": "sentiment"}, content=content, headers=CSV),
        server.client.post("/datasets", params={"task": "sentiment"}, content=iter([content]), headers=CSV),
        own.create(server.client, "tickets", content),
    ]

    for answer in answers:
        assert 413 == answer.status_code
        assert ("body", "the body is larger than 1 MiB (DENSELY_MAX_UPLOAD_MIB)") == tuple(
            answer.json()["errors"][0].values()
        )
    assert [] == left_in(settings)
    assert 413 == server.client.post("/tasks", json={"name": "x", "description": "x" * 2**20}).status_code


LIMITS = {
    "max_rows": (10, "DENSELY_MAX_ROWS"),
    "max_columns": (2, "DENSELY_MAX_COLUMNS"),
    "max_labels": (2, "DENSELY_MAX_LABELS"),
    "max_tasks": (0, "DENSELY_MAX_TASKS"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_each_limit_names_its_setting(served: Served, settings: Settings, limit: str) -> None:
    most, setting = LIMITS[limit]
    server = served.start(**{limit: most})
    content = own.tickets() if limit == "max_labels" else own.flowers()
    columns = {"kind": "table", "columns": ["a", "b", "c"]} if limit == "max_columns" else None

    asked = {"answer": {"kind": "one_of", "column": "team"}} if limit == "max_labels" else {}
    answer = own.create(server.client, "tickets", content, task=asked)

    assert (409 if limit == "max_tasks" else 422) == answer.status_code, answer.text
    assert setting in answer.text
    assert [] == left_in(settings)
    if limit != "max_rows":
        made = {"kind": columns or {"kind": "text", "columns": ["message"]}}
        labels = {"kind": "one_of", "labels": list(own.TEAMS)}
        answer = server.client.post("/tasks", json={"name": "tickets", **made, "answer": labels})
        assert answer.status_code in (409, 422)
        assert setting in answer.text
    assert not any(each["own"] for each in server.client.get("/tasks").json()["items"])


def test_a_folder_that_cannot_be_written_is_told(served: Served, settings: Settings) -> None:
    settings.home.mkdir(exist_ok=True)
    (settings.home / "uploads").write_text("a file")
    server = served.start()

    answer = own.create(server.client, "tickets", own.tickets())

    assert 503 == answer.status_code
    assert "DENSELY_UPLOADS_DIR" in answer.json()["detail"]


def test_a_disk_that_does_not_take_what_is_read_is_told(served: Served, settings: Settings) -> None:
    """A limit on the size of files stands in for a disk that is full."""
    server = served.start()
    limited = 'ulimit -f 8; exec "$0" -m app.datasets.uploads "$1"'
    server.app.api.state.services.uploads._command = ("sh", "-c", limited, sys.executable)

    answer = own.create(server.client, "tickets", own.tickets(3_000))

    assert 503 == answer.status_code
    assert "the folder of uploads cannot be written: File too large; make room" in answer.json()["detail"]
    assert "DENSELY_UPLOADS_DIR" in answer.json()["detail"]
    assert [] == left_in(settings)


def test_what_the_reading_process_does_not_keep_in_memory_lies_with_the_uploads(
    served: Served, settings: Settings, tmp_path: Path
) -> None:
    """The system's folder for temporary files is often small, or in memory."""
    server = served.start()
    told = tmp_path / "opened"
    script = (
        "import sys, runpy, tempfile\n"
        "make = tempfile.TemporaryFile\n"
        "def noted(*args, **options):\n"
        f"    open({str(told)!r}, 'a').write(str(options.get('dir')) + '\\n')\n"
        "    return make(*args, **options)\n"
        "tempfile.TemporaryFile = noted\n"
        "runpy.run_module('app.datasets.uploads', run_name='__main__', alter_sys=True)\n"
    )
    server.app.api.state.services.uploads._command = (sys.executable, "-c", script)

    answer = own.create(server.client, "tickets", gzip.compress(own.tickets()), train="false")

    assert 201 == answer.status_code, answer.text
    assert [str(settings.uploads)] * 2 == told.read_text().splitlines()


def test_rows_for_a_version_that_was_deleted_meanwhile_are_to_be_sent_again(served: Served, settings: Settings) -> None:
    server = served.start()
    made = own.create(server.client, "tickets", own.tickets(), train="false")
    assert 201 == made.status_code, made.text
    (earlier,) = settings.uploads.glob("*.parquet")
    earlier.unlink()

    answer = server.client.post("/datasets/tickets/rows", content=own.tickets(30, seed=1), headers=CSV)

    assert 409 == answer.status_code, answer.text
    assert "was changed meanwhile: send the rows again" in answer.json()["detail"]
    assert [] == left_in(settings)


def test_memory_stays_while_a_large_file_comes(served: Served) -> None:
    """Of the process that receives it; what reads it is another one."""
    server = served.start()
    server.app.api.state.services.uploads._command = (sys.executable, "-c", "print('no JSON')")
    piece = b"text,label\n" + b"a film to see,positive\n" * 45_000
    server.client.post("/datasets", params={"task": "sentiment"}, content=piece, headers=CSV)
    before = psutil.Process().memory_info().rss
    most = [before]

    def pieces() -> Iterator[bytes]:
        for number in range(300):
            if number % 20 == 0:
                most[0] = max(most[0], psutil.Process().memory_info().rss)
            yield piece

    boundary = b"--x\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\n"
    answers = [
        server.client.post("/datasets", params={"task": "sentiment"}, content=pieces(), headers=CSV),
        server.client.post(
            "/datasets",
            params={"task": "sentiment"},
            content=_framed(boundary, pieces()),
            headers={"content-type": "multipart/form-data; boundary=x"},
        ),
    ]

    assert [503, 503] == [answer.status_code for answer in answers]
    assert most[0] - before < 40 * 2**20


def _framed(boundary: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield boundary
    yield from pieces
    yield b"\r\n--x--\r\n"


def test_a_slow_upload_goes_on_while_it_moves_and_a_trickle_does_not(served: Served, tmp_path: Path) -> None:
    """The time that a body has is, of an upload, the time for each MiB."""
    server = served.start(max_body_seconds=1.5)
    moving = b"a,positive\n" * 100_000
    total = 4 * len(moving) + 11

    connection = begin(server, "/datasets?task=sentiment", b"text,label\n", total)
    for _ in range(4):
        assert ([], [], []) == select.select([connection], [], [], 0.9)  # nothing is refused while it moves
        connection.sendall(moving)
    connection.settimeout(60)
    assert connection.recv(2**16).split()[1] in (b"201", b"422")
    connection.close()

    connection = begin(server, "/datasets?task=sentiment", b"text,label\n", total)
    connection.settimeout(10)
    began = time.monotonic()
    received = b""
    while not received:
        connection.sendall(b"a,positive\n")
        connection.settimeout(0.3)
        try:
            received = connection.recv(2**16)
        except TimeoutError:
            assert time.monotonic() - began < 10
    assert b"408" == received.split()[1]
    connection.close()


def test_an_upload_that_moves_has_a_least_speed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one of the largest that is allowed could hold a place for days."""
    monkeypatch.setattr("app.server.uploads.LEAST_SPEED", 2**22)
    server = served.start(max_body_seconds=1)
    piece = b"a,positive\n" * 100_000

    connection = begin(server, "/datasets?task=sentiment", b"text,label\n", 40 * len(piece))
    connection.settimeout(0.5)
    received, began = b"", time.monotonic()
    while not received:
        assert time.monotonic() - began < 15
        connection.sendall(piece)
        with suppress(TimeoutError):
            received = connection.recv(2**16)

    assert b"408" == received.split()[1]
    assert b"4096 KiB/s" in received
    connection.close()


def test_whatever_comes_in_parts_is_a_form_or_refused(served: Served) -> None:
    """Bodies that are cut anywhere, parts without names, twice the same, heads without end."""
    server = served.start()
    kind = {"content-type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    whole = (
        part % (b"task", json.dumps({"name": "tickets"}).encode()) + part % (b"file", own.tickets(50)) + b"--x--\r\n"
    )
    cuts = [0, 1, 3, 10, 60, 100, len(whole) // 2, len(whole) - 3, len(whole) - 5]
    bad = [
        *(whole[:cut] for cut in cuts),
        b"--x\r\n\r\nno name\r\n--x--\r\n",
        part % (b"file", b"a") + part % (b"file", b"b") + b"--x--\r\n",
        part % (b"task", b"a") + part % (b"task", b"b") + b"--x--\r\n",
        part % (b"task", b"\xff") + b"--x--\r\n",
        b"--x\r\n" + b"a: b\r\n" * 10_000 + b"\r\n\r\n--x--\r\n",
        b"--x\r\nContent-Disposition: form-data; name=" + b"a" * 100_000 + b"\r\n\r\n\r\n--x--\r\n",
        b"".join(part % (b"p%d" % number, b"") for number in range(2_000)) + b"--x--\r\n",
        part % (b"task", b" " * 2**21) + b"--x--\r\n",
    ]

    statuses = [server.client.post("/tasks", content=body, headers=kind).status_code for body in bad]

    assert {400, 422} >= set(statuses), statuses
    assert 201 == server.client.post("/tasks", content=whole, headers=kind).status_code
