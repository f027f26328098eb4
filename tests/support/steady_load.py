"""Clients that ask without a break, each on a connection that it keeps, and all that they were answered."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

Asked = tuple[str, str, Mapping[str, Any] | None]  # method, path, body


@dataclass(frozen=True)
class Told:
    """One answer, or none; times by `time.monotonic`."""

    asked: Asked
    began: float
    ended: float
    status: int  # 0: none came
    body: Any
    where: str

    @property
    def failed(self) -> bool:
        """Whether it is not what a client hopes for."""
        return self.status != 200


@dataclass
class SteadyLoad:
    """A context manager: the clients stop at its end, and `told` has what came; in no order over clients."""

    urls: Sequence[str]
    asked: Sequence[Asked]
    clients: int = 2  # of each URL
    pause: float = 0.05  # seconds between a client's answer and its next request
    told: list[Told] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        everybody = [(url, number) for url in self.urls for number in range(self.clients)]
        self._threads = [threading.Thread(target=self._ask, args=each) for each in everybody]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def failed(self) -> list[Told]:
        """Those that were not answered as they should."""
        return [each for each in self.told if each.failed]

    def _ask(self, url: str, first: int) -> None:
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            number = first
            while not self._stop.wait(self.pause):
                asked = self.asked[number % len(self.asked)]
                method, path, body = asked
                began = time.monotonic()
                try:
                    answer = client.request(method, path, json=body)
                    found = (answer.status_code, answer.json())
                except (httpx.TransportError, ValueError) as error:
                    found = (0, repr(error))
                self.told.append(Told(asked, began, time.monotonic(), *found, url))
                number += 1
