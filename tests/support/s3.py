"""A real server that speaks S3 (moto's, in its own process), and a proxy before it that fails by script."""

import http.client
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

START_SECONDS = 30.0
BUCKET = "bucket"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",  # where the others of the network lead nowhere
    "no_proxy": "127.0.0.1",
}
SIGNED = "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"
ERROR = '<?xml version="1.0"?><Error><Code>{}</Code><Message>by script</Message></Error>'
OWN = ("content-length", "transfer-encoding", "connection", "date", "server")  # fields that the proxy writes itself


@dataclass
class Fault:
    """What happens to requests that match, and to how many."""

    method: str = ".*"
    path: str = ".*"
    times: int = 10**9
    status: int = 0  # answered with this, and this code
    code: str = ""
    stall: float = 0.0  # seconds before anything is answered
    keep: int | None = None  # bytes of the answer that are passed on, before the connection ends
    flip: bool = False  # the answer has a byte that is another
    drop: bool = False  # the connection ends without an answer
    before: Callable[[], object] | None = None  # done first

    def fits(self, method: str, path: str) -> bool:
        return bool(self.times > 0 and re.fullmatch(self.method, method) and re.search(self.path, path))


@dataclass
class S3:
    """A server with an empty bucket; requests come by way of the proxy."""

    port: int
    endpoint: str
    faults: list[Fault]
    seen: list[str] = field(default_factory=list)  # "METHOD /path" of every request

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint}

    @property
    def url(self) -> str:
        """For DENSELY_STORE_URL."""
        return f"s3://{BUCKET}/densely"

    def reset(self) -> None:
        """No faults, and an empty bucket."""
        self.faults.clear()
        direct = f"http://127.0.0.1:{self.port}"
        urlopen(Request(f"{direct}/moto-api/reset", method="POST"), timeout=10).close()
        urlopen(Request(f"{direct}/{BUCKET}", method="PUT"), timeout=10).close()
        self.seen.clear()

    def names(self) -> list[str]:
        """Of all objects below the URL, as they are now."""
        with urlopen(f"http://127.0.0.1:{self.port}/{BUCKET}?list-type=2", timeout=10) as answer:
            return sorted(re.findall(r"<Key>densely/(.*?)</Key>", answer.read().decode()))

    def put(self, name: str, content: bytes) -> None:
        """An object, past the proxy."""
        kind = {"Content-Type": "application/octet-stream", "Authorization": SIGNED}
        request = Request(f"http://127.0.0.1:{self.port}/{BUCKET}/densely/{name}", content, kind, method="PUT")
        urlopen(request, timeout=10).close()

    def get(self, name: str) -> bytes:
        """An object, past the proxy."""
        url = f"http://127.0.0.1:{self.port}/{BUCKET}/densely/{name}"
        with urlopen(Request(url, headers={"Authorization": SIGNED}), timeout=10) as answer:
            return bytes(answer.read())


@contextmanager
def serving() -> Iterator[S3]:
    """Both until the end."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, **quiet)
    faults: list[Fault] = []
    seen: list[str] = []
    try:
        _wait(port, server)
        proxy = ThreadingHTTPServer(("127.0.0.1", 0), _handler(port, faults, seen))
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield S3(port, f"http://127.0.0.1:{proxy.server_address[1]}", faults, seen)
        finally:
            proxy.shutdown()
            proxy.server_close()
    finally:
        server.kill()
        server.wait()


def _handler(port: int, faults: list[Fault], seen: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, TimeoutError):
                self.close_connection = True

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._pass_on
            raise AttributeError(name)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append(f"{self.command} {self.path}")
            fault = next((each for each in faults if each.fits(self.command, self.path)), Fault())
            fault.times -= 1
            if fault.before:
                fault.before()
            time.sleep(fault.stall)
            if fault.drop:
                self.close_connection = True
            elif fault.status:
                self._answer(fault.status, {"Content-Type": "application/xml"}, ERROR.format(fault.code).encode())
            else:
                self._forward(body, fault)

        def _forward(self, body: bytes, fault: Fault) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "expect")}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            if fault.flip and content:
                content = content[:-1] + bytes([content[-1] ^ 1])
            self._answer(answer.status, dict(answer.getheaders()), content, fault.keep)

        def _answer(self, status: int, headers: dict[str, str], content: bytes, keep: int | None = None) -> None:
            self.send_response(status)
            for name, value in headers.items():
                # Not those that would tell of a byte that is another.
                if name.lower() not in OWN and not name.lower().startswith("x-amz-checksum"):
                    self.send_header(name, value)
            length = headers.get("content-length") or headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content if keep is None else content[:keep])
            if keep is not None:
                self.close_connection = True

    return Handler


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the server of S3 did not start") from None
            time.sleep(0.05)
