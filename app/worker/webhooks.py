"""Sends webhooks from the worker process, in threads: a slow receiver holds up no run, and rarely another receiver."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from threading import Event

import httpx

import app
from app.domain.webhooks import is_public
from app.errors import AddressRefused, Undelivered
from app.logs import get as get_log
from app.services.webhooks import WebhookService

log = get_log()

TIMEOUT = 10.0  # seconds for one try, with the name's look-up
POLL = 1.0  # seconds between two looks at what is due
SENDERS = 4  # tries at once
MOST_LOOK_UPS = 16  # of names at once, also of those whose try has been given up
STOP_SECONDS = 2.0  # that a try gets to end when the worker stops; it is made again later


class HttpPost:
    """Posts to addresses that were checked, and to no others."""

    def __init__(self, *, to_private: bool, timeout: float = TIMEOUT, tls: ssl.SSLContext | None = None) -> None:
        """`to_private`: private, loopback and link-local addresses too. `timeout` in seconds."""
        self._to_private = to_private
        self._timeout = timeout
        self._look_ups = LookUps(MOST_LOOK_UPS)
        self._tls = tls or httpx.create_ssl_context(trust_env=False)

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """
        Raises:
            AddressRefused: the host has an address that is not allowed; nothing was sent.
            Undelivered: the receiver did not answer with a 2xx status in time.
        """
        try:
            status = asyncio.run(asyncio.wait_for(self._post(httpx.URL(url), body, headers), self._timeout))
        except TimeoutError as error:
            raise Undelivered(f"took longer than {self._timeout:g} seconds") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            raise Undelivered(f"{type(error).__name__}: {error}"[:200]) from error
        if not 200 <= status < 300:  # also redirects: they could lead to an address that was not checked
            raise Undelivered(f"the receiver answered {status}")

    async def _post(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> int:
        """The answer's status; its body is not read. The first address that takes the connection gets it."""
        failure: Exception = Undelivered("the host has no address")
        for address in await self._addresses(url):
            try:
                return await self._post_to(address, url, body, headers)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _post_to(self, address: str, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> int:
        own = {"Host": url.netloc.decode("ascii"), "User-Agent": f"Densely/{app.__version__}", **headers}
        # The certificate has to be the name's, not the address's.
        named = {"sni_hostname": url.raw_host.decode("ascii")}
        there = url.copy_with(host=address)
        async with (
            httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=TIMEOUT, verify=self._tls) as client,
            client.stream("POST", there, content=body, headers=own, extensions=named) as answer,
        ):
            return answer.status_code

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """All addresses of the host. They are what is connected to, so that no second look-up can say otherwise."""
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await self._look_ups.addresses(url.raw_host.decode("ascii"), port)
        if not self._to_private and not all(map(is_public, addresses)):
            raise AddressRefused
        return addresses


class LookUps:
    """Asks the system for the addresses of names, and waits no longer than whoever asks.

    What looks a name up cannot be stopped: it is left in a thread of its own, which nobody waits for, neither at the
    end of the event loop nor of the process. They must not pile up while a resolver hangs: there are only so many.
    """

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)

    async def addresses(self, host: str, port: int) -> list[str]:
        """In the system's order.

        Raises:
            OSError: the name has none.
            Undelivered: too many look-ups are under way.
        """
        if not self._free.acquire(blocking=False):
            raise Undelivered("the resolver does not answer: too many names are being looked up")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()

        def look_up() -> None:
            found: list[str] | Exception
            try:
                infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found = list(dict.fromkeys(str(info[4][0]) for info in infos))
            except Exception as error:  # noqa: BLE001 - for whoever waits for it
                found = error
            finally:
                self._free.release()
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(_settle, answer, found)

        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        return await answer


def _settle(answer: "asyncio.Future[list[str]]", found: list[str] | Exception) -> None:
    if answer.done():  # given up
        return
    if isinstance(found, Exception):
        answer.set_exception(found)
    else:
        answer.set_result(found)


class WebhookThreads:
    """Send what is due until they are stopped."""

    def __init__(self, service: WebhookService, stop: Event, poll: float = POLL) -> None:
        """`poll` in seconds."""
        self._service = service
        self._stop = stop
        self._poll = poll
        self._failure = ""  # of the last look, if it failed
        self._lock = threading.Lock()  # over that
        self._threads = [threading.Thread(target=self._run, name="webhooks", daemon=True) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for their end, but not for slow receivers'."""
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                sent = self._service.send_one()
                self._tell("")
                if sent:
                    continue
            except Exception as error:  # noqa: BLE001 - whatever it is, runs and other webhooks must go on
                self._tell(repr(error))
            self._stop.wait(self._poll)

    def _tell(self, failure: str) -> None:
        """Log a failure once, and not from each thread every second."""
        with self._lock:
            if failure and failure != self._failure:
                log.warning("webhooks.waiting", error=failure)
            self._failure = failure
