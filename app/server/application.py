"""The ASGI application that is served: FastAPI, and what is answered past it."""

from collections.abc import Callable, Mapping

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from app.proxies import Proxies
from app.server import prefix
from app.server.cors import Cors
from app.server.gate import DirectGate
from app.server.timeouts import ConnectionLimits
from app.server.traffic import Traffic
from app.server.turns import Turns


class Application:
    """FastAPI, with a way past its routing and middleware, which cost more than a prediction."""

    def __init__(
        self,
        api: FastAPI,
        direct: Mapping[str, DirectGate],
        *,
        prepare: Callable[[], None] = lambda: None,
        close_streams: Callable[[], None] = lambda: None,
        root: str = "",
        cors: Cors | None = None,
        traffic: Traffic | None = None,
        limits: ConnectionLimits = ConnectionLimits(),  # noqa: B008 - it is frozen
        proxies: Proxies | None = None,
    ) -> None:
        """`direct`: what answers a POST, by path; each behind a gate of its own.

        `prepare`: opens what it needs; the lifespan calls it too, and who wants its errors first. `close_streams`: ends
        the responses that would go on for ever. `root`: a proxy's path to this. `cors`: foreign pages that may call it.
        `traffic` counts what a connection is rejected with. `limits`: of its connections.
        `proxies`: those that may say whom they ask for.
        """
        self.api = api
        self.prepare = prepare
        self.close_streams = close_streams
        self.cors = cors
        self.traffic = traffic
        self.limits = limits
        self.proxies = proxies
        self.turns = Turns()
        self.draining = False  # whether the process stops soon
        self._direct = direct
        self.root = root
        self.direct_gates: dict[bytes, DirectGate] = {
            (at + path).encode(): gate for path, gate in direct.items() for at in ("", root)
        }

    def drain(self) -> None:
        """The process stops soon: from now on it says that it is not ready, and answers as before."""
        self.draining = self.api.state.draining = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        if self.root and scope["type"] == "http":
            scope = prefix.without(scope, self.root)
        direct = self._direct.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        await (direct or self.api)(scope, receive, send)
