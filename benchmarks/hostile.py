"""What hostile clients cost the others: memory of the API process, and the waiting time of a well-behaved client.

For each kind: the client alone, then beside the hostile ones, in the same run. `python -m benchmarks.hostile [kind …]`.
"""

import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from benchmarks.service import Service
from benchmarks.streams import api_process

SECONDS = 6.0  # of each measurement
PAUSE = 0.005  # seconds between two calls of the well-behaved client
MIB = 2**20

POINT = json.dumps({"task": "planar", "point": [0.5, -0.25]}).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
PREDICTION = HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(POINT), POINT)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"


class Crowd:
    """Hostile clients, each a thread, until they are told to stop."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.stop = threading.Event()
        self.ended = 0  # connections that the server has ended
        self._threads: list[threading.Thread] = []

    def add(self, count: int, client: Callable[["Crowd"], None]) -> None:
        """So many more."""
        for _ in range(count):
            thread = threading.Thread(target=self._run, args=(client,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _run(self, client: Callable[["Crowd"], None]) -> None:
        while not self.stop.is_set():
            with suppress(OSError):
                client(self)
            self.ended += not self.stop.is_set()

    def connect(self) -> socket.socket:
        """A new connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def close(self) -> None:
        """Enough."""
        self.stop.set()
        for thread in self._threads:
            thread.join(5)


def endless(start: bytes, more: bytes, size: int = 50 * MIB) -> Callable[[Crowd], None]:
    """Sends `size` bytes of something that should have an end, then waits for an answer, and begins again."""
    block = more * (65_536 // len(more))

    def client(crowd: Crowd) -> None:
        with crowd.connect() as connection:
            connection.sendall(start)
            for _ in range(size // len(block)):
                connection.sendall(block)
            connection.recv(1)
        crowd.stop.wait(0.05)

    return client


def silent(start: bytes = b"") -> Callable[[Crowd], None]:
    """Sends this and nothing more."""

    def client(crowd: Crowd) -> None:
        with crowd.connect() as connection:
            connection.sendall(start)
            connection.settimeout(0.5)
            while not crowd.stop.is_set():
                with suppress(TimeoutError):
                    if not connection.recv(65_536):
                        return

    return client


def slow(crowd: Crowd) -> None:
    """Sends a body byte by byte."""
    with crowd.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 9999\r\n\r\n")
        while not crowd.stop.is_set():
            connection.sendall(b" ")
            crowd.stop.wait(0.2)


def pipeline(count: int) -> Callable[[Crowd], None]:
    """Sends so many predictions at once, and never reads an answer."""

    def client(crowd: Crowd) -> None:
        with crowd.connect() as connection:
            connection.settimeout(1)
            whole = memoryview(PREDICTION * count)
            while whole and not crowd.stop.is_set():
                with suppress(TimeoutError):
                    whole = whole[connection.send(whole) :]
            crowd.stop.wait()

    return client


KINDS: dict[str, tuple[int, Callable[[Crowd], None]]] = {
    "endless header, 1 connection": (1, endless(b"GET /tasks HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"a")),
    "endless header, 50 connections": (50, endless(b"GET /tasks HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"a")),
    "endless headers": (4, endless(b"GET /tasks HTTP/1.1\r\nHost: localhost\r\n", b"X-A: b\r\n")),
    "endless URL": (4, endless(b"GET /tasks?", b"a")),
    "endless trailer": (4, endless(CHUNKED + b"0\r\nX-A: ", b"a")),
    "endless chunk extension": (4, endless(CHUNKED + b"2;a=", b"b")),
    "500 silent connections": (500, silent()),
    "500 half heads": (500, silent(b"GET /tasks HTTP/1.1\r\nHost: lo")),
    "200 slow bodies": (200, slow),
    "chunks of one byte, 1 connection": (1, endless(CHUNKED, b"1\r\n \r\n")),
    "chunks of one byte, 16 connections": (16, endless(CHUNKED, b"1\r\n \r\n")),
    "400 predictions unread, 100 connections": (100, pipeline(400)),
    "4,000 predictions unread, 100 connections": (100, pipeline(4_000)),
}


def waits(service: Service, seconds: float) -> list[float]:
    """Milliseconds that each of many predictions took, one after the other."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        started = time.perf_counter()
        service.client.post("/predict", content=POINT, headers={"Content-Type": "application/json"}).raise_for_status()
        found.append(1_000 * (time.perf_counter() - started))
        time.sleep(PAUSE)
    return found


def p99(found: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(found, n=100)[98]


def measure(name: str) -> str:
    """A row of the table."""
    count, client = KINDS[name]
    quiet = {"DENSELY_WARM_TRAINER": "false", "DENSELY_HEAD_SECONDS": "5"}
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder), quiet) as service:
        waits(service, 1)
        rest = waits(service, SECONDS)
        process = api_process(service)
        before, most = process.memory_info().rss, [0]
        crowd = Crowd(service.port)
        watch = threading.Thread(target=_watch, args=(process, most, crowd.stop))
        watch.start()
        crowd.add(count, client)
        beside = waits(service, SECONDS)
        crowd.close()
        watch.join()
        grown = (most[0] - before) / MIB
    one, other = p99(rest), p99(beside)
    return (
        f"| {name} | {grown:+.1f} MB | {one:.2f} ms | {other:.2f} ms | {other / one:.1f} | {max(beside):.1f} ms "
        f"| {crowd.ended} |"
    )


def _watch(process: psutil.Process, most: list[int], stop: threading.Event) -> None:
    while not stop.wait(0.02):
        most[0] = max(most[0], process.memory_info().rss)


def main() -> None:
    """Print the table."""
    print("| hostile clients | memory | p99 alone | p99 beside them | ratio | longest | connections ended |")
    print("|---|---|---|---|---|---|---|")
    for name in [kind for kind in KINDS if not sys.argv[1:] or any(word in kind for word in sys.argv[1:])]:
        print(measure(name), flush=True)


if __name__ == "__main__":
    main()
