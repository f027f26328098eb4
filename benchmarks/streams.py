"""What 200 open event streams cost the API process, and how long an epoch takes from its end to every client."""

import json
import selectors
import socket
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import psutil

from benchmarks.service import Service

STREAMS = 200
IDLE_SECONDS = 10.0


@dataclass
class Reader:
    """Many open streams, read by one thread."""

    service: Service
    path: str
    count: int = STREAMS
    came: list[list[tuple[float, bytes]]] = field(default_factory=list)  # of each stream: when, and what

    def __post_init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        for _ in range(self.count):
            opened = socket.create_connection(("127.0.0.1", self.service.port))
            opened.sendall(f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode())
            self.came.append([])
            self._selector.register(opened, selectors.EVENT_READ, self.came[-1])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while not self._stop.is_set() and self._selector.get_map():
            for key, _ in self._selector.select(0.1):
                chunk = key.fileobj.recv(2**20)  # type: ignore[union-attr]
                now = time.time()
                if not chunk:
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
                    continue
                key.data.append((now, chunk))  # looked at later: this thread must keep up

    def ended(self) -> int:
        """How many of the streams the server has ended."""
        return self.count - len(self._selector.get_map())

    def close(self) -> None:
        """Go away."""
        self._stop.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def api_process(service: Service) -> psutil.Process:
    """The service's API process."""
    children = psutil.Process(service.process.pid).children()
    return next(child for child in children if "app.main" in child.cmdline())


def cpu_share(process: psutil.Process, seconds: float) -> float:
    """Of one core, over so long."""
    before = process.cpu_times()
    time.sleep(seconds)
    after = process.cpu_times()
    return float(after.user + after.system - before.user - before.system) / seconds


def delays_of(reader: Reader) -> list[float]:
    """Seconds from the end of each epoch to its arrival at each stream, in order."""
    delays = []
    for stream in reader.came:
        kept = b""
        for now, chunk in stream:
            *whole, kept = (kept + chunk).split(b"\n\n")
            for block in whole:
                if b"event: epoch" in block:
                    epoch: dict[str, Any] = json.loads(block.partition(b"\ndata: ")[2])
                    delays.append(now - datetime.fromisoformat(epoch["at"]).timestamp())
    return sorted(delays)


def measure(service: Service, epochs: int, seconds: float = IDLE_SECONDS) -> dict[str, float]:
    """Idle: all runs followed, nothing happens. Then a run of fast epochs, followed by as many."""
    api = api_process(service)
    alone = cpu_share(api, seconds)
    memory = api.memory_info().rss
    idle = Reader(service, "/events")
    time.sleep(1)
    figures = {"cpu without streams": alone, "cpu with silent streams": cpu_share(api, seconds)}
    figures["KiB per stream"] = (api.memory_info().rss - memory) / STREAMS / 1024
    recipe = {"epochs": epochs, "layers": [{"kind": "dense", "units": 4, "activation": "relu"}]}
    run = service.train(task="housing", dataset="sample", recipe=recipe, seed=1)
    before, started = api.cpu_times(), time.monotonic()
    service.wait(run["id"])
    after, took = api.cpu_times(), time.monotonic() - started
    time.sleep(2)
    idle.close()
    delays = delays_of(idle)
    return figures | {
        "epochs told": len(delays),
        "seconds of the run": took,
        "cpu while telling": (after.user + after.system - before.user - before.system) / took,
        "delay, median": delays[len(delays) // 2],
        "delay, longest": delays[-1],
    }


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder)) as service:
        while not service.client.get("/system").json()["workers"][0]["devices"]:  # the spare is importing
            time.sleep(0.2)
        for name, figure in measure(service, epochs=2_000).items():
            print(f"{name}: {figure:.4g}")


if __name__ == "__main__":
    main()
