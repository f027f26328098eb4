"""A tiny HTTP server that answers as it is told: for what a healthy service does not do."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Respond = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Asked:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any  # of JSON its value, else bytes

    @property
    def form(self) -> dict[str, tuple[str | None, bytes]]:
        """The parts of a form by name, each with the name of its file."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        made: Any = message_from_bytes(head + self.body, policy=policy.HTTP)
        return {
            part.get_param("name", header="content-disposition"): (part.get_filename(), part.get_payload(decode=True))
            for part in made.iter_parts()
        }


@dataclass
class ScriptedServer:
    """Gives its answers in order, the last one again and again; a context manager."""

    answers: list[Respond]
    asked: list[Asked] = field(default_factory=list)
    port: int = 0  # 0: one that the system chooses

    def __enter__(self) -> Self:
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                content = self._content()
                headers = {name.lower(): value for name, value in self.headers.items()}
                is_json = headers.get("content-type") == "application/json"
                body = json.loads(content) if is_json else content or None
                script.asked.append(Asked(self.command, self.path, headers, body))
                script.answers[min(len(script.asked), len(script.answers)) - 1](self)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - as the base class asks

            def _content(self) -> bytes:
                if "Transfer-Encoding" not in self.headers:
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def answer(status: int, body: Any = None, kind: str = "application/json", **headers: str) -> Respond:
    """A whole response; `headers` with _ for -."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    return respond


def problem(status: int, kind: str, detail: str = "no", **headers: str) -> Respond:
    """A problem document."""
    body = {"type": f"urn:densely:problem:{kind}", "title": kind, "status": status, "detail": detail, "errors": []}
    return answer(status, body, "application/problem+json", **headers)


def stream(*chunks: bytes) -> Respond:
    """Server-Sent Events, then the connection's end without the chunk that would end the response in good order."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for chunk in chunks:
            handler.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            handler.wfile.flush()
        handler.close_connection = True

    return respond


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """No response at all."""
    handler.close_connection = True
