"""The one middleware: request id, security checks, body limit, and a 500 that tells nothing but its id.

Plain ASGI, since a framework middleware would cost more than a whole prediction.
"""

from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from app import logs
from app.domain.callers import NOBODY, Caller, caller
from app.domain.keys import ApiKey
from app.domain.traces import trace_id, traceparent_of
from app.errors import DenselyError, Overloaded
from app.logs import get as get_log
from app.metrics.tally import Tally
from app.server import compression, cors, error_handlers, heads, security, uploads
from app.server.access import Access, is_open
from app.server.admission import LENGTH, KnownHead
from app.server.cors import Cors
from app.server.direct import INLINE_BODY_BYTES, DirectHandler
from app.server.exchange import Exchange
from app.server.heads import MOST_FIELDS, RawHeaders
from app.server.ids import request_id as _request_id
from app.server.ids import request_id_of
from app.server.rates import Rates, address_of
from app.server.state import InlineRequest
from app.server.traffic import PROBLEM, Traffic

log = get_log()

PREDICT = "/predict"
COUNTED = "densely.counted"  # in a scope: what rate limits add to the answer, where they have been looked at already
UPLOAD_LIMIT = "DENSELY_MAX_UPLOAD_MIB"
SMALL_MAX_BODY = 2**20  # bytes; every call but those that take a picture: /predict and /tasks/{task}/encode


class Gate:
    """Wraps the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        rates: Rates,
        max_body: int,
        max_upload: int = 0,
        cors: Cors | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        """`access` and `rates` let requests in; `max_body` and `max_upload` in bytes.

        `cors`: pages of other origins that may call; None: none. `traffic` counts them.
        """
        self.app = app
        self.access = access
        self.rates = rates
        self.max_body = max_body
        self.max_upload = max_upload
        self.cors = cors
        self.traffic = traffic or Traffic(Tally())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = _request_id(headers)
        scope["request_id"] = request_id.decode()
        max_body = self.max_body if _may_be_large(scope["path"]) else min(self.max_body, SMALL_MAX_BODY)
        is_upload = uploads.is_upload(scope["method"], scope["path"], headers.get(b"content-type", b""))
        if is_upload:
            max_body = self.max_upload
        head_only = scope["method"] == "HEAD"  # as GET; the server leaves the body out
        if scope["method"] in security.WITH_BODY:  # of others nobody reads it, and nothing in it changes the answer
            receive = compression.unpacked(headers, receive)
        setting = UPLOAD_LIMIT if is_upload else ""
        fields = self._fields(request_id, headers)
        method, scope = scope["method"], {**scope, "method": "GET"} if head_only else scope
        begun = self.traffic.clock(method, scope)
        exchange = Exchange(receive, send, fields, max_body, begun, head_only=head_only, setting=setting)
        try:
            if self.cors and cors.is_preflight(method, headers):
                await self.cors.preflight(headers)(scope, exchange.receive, exchange.send)
                return
            address = address_of(scope)
            if not is_open(scope["path"]):
                fields += self.rates.take_of_address(address)
            key = self._check(method, scope["path"], headers, max_body, takes_any=is_upload)
            fields += self.rates.take_of_key(key)
            scope["api_key"] = key
            if key and key.tasks is not None:
                await self.access.check_task(key, scope)
            caller.set(Caller(key.id if key else NOBODY, address, scope["request_id"]))
            with logs.bound(**_named(scope["request_id"], headers)):
                await self.app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:  # noqa: BLE001 - the last one before the server: nothing may leak, all is logged
            await self._refuse(error, scope, headers, exchange)

    def _check(
        self, method: str, path: str, headers: security.Headers, max_body: int, *, takes_any: bool = False
    ) -> ApiKey | None:
        """The key that lets it in, if it takes one. `takes_any`: a body of whatever type; see `check_site`."""
        security.check_length(headers, max_body, UPLOAD_LIMIT if takes_any else "")
        if (takes_any or security.check_content_type(method, headers)) and compression.HEADER in headers:
            compression.check(headers)
        if (b"sec-fetch-site" in headers or b"origin" in headers) and not (
            self.cors and self.cors.allows(headers.get(cors.ORIGIN, b""))
        ):
            security.check_site(method, headers)
        return self.access.check(method, path, headers)

    def _fields(self, request_id: bytes, headers: security.Headers) -> RawHeaders:
        """What every answer carries."""
        allowed = self.cors.fields(headers.get(cors.ORIGIN, b"")) if self.cors else ()
        return [(b"x-request-id", request_id), *allowed]

    async def _refuse(self, error: Exception, scope: Scope, headers: security.Headers, exchange: Exchange) -> None:
        known = error if isinstance(error, DenselyError) else DenselyError()
        answer = error_handlers.problem_of(known, scope["request_id"])
        scope[PROBLEM], scope["task"] = answer.kind, known.task
        if answer.status_code == 500:
            named = _named(scope["request_id"], headers)
            log.error("request.failed", **named, path=scope["path"], exc_info=error)
        if not exchange.started:
            await answer(scope, exchange.receive, exchange.send)


class DirectGate(Gate):
    """The same before a direct handler, which is all that `/predict` needs of a framework.

    As an ASGI application it answers requests. To a connection it says which may be answered inline; `handler` does.
    """

    def __init__(self, handler: DirectHandler, *, max_inflight: int, **options: Any) -> None:
        """`max_inflight` requests may be under way at once: further ones are refused, not queued."""
        super().__init__(_nowhere, **options)
        self.handler = handler
        self._max_inflight = max_inflight
        self._inflight = 0
        self._inline_body = min(self.max_body, INLINE_BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        headers = dict(scope["headers"])
        request_id = _request_id(headers)
        scope["request_id"] = request_id.decode()
        fields = self._fields(request_id, headers)
        begun = self.traffic.clock("POST", scope, "/predict")  # of what is refused; answers count elsewhere
        taken = _is_large(headers)  # places: a large body takes memory while it comes, a small one nothing
        self._inflight += taken
        try:
            key = self._let_in(scope, headers, fields)
            self._check_load(1 - taken)
            body = await _whole_body(compression.unpacked(headers, receive), self.max_body)
            self._inflight += 1 - taken
            taken = 1
            with logs.bound(**_named(scope["request_id"], headers)):
                answer = await self.handler.answer(body, key.tasks if key else None)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:  # noqa: BLE001 - the last one before the server: nothing may leak, all is logged
            await self._refuse(error, scope, headers, Exchange(receive, send, fields, self.max_body, begun))
            return
        finally:
            self._inflight -= taken
        length = str(len(answer)).encode()
        kind = (b"content-type", b"application/json")
        start = [kind, (b"content-length", length), *fields]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": answer})

    def _let_in(self, scope: Scope, headers: security.Headers, fields: RawHeaders) -> ApiKey | None:
        """Check it, and count it unless its connection has: `fields` of the answer then say what is left."""
        if COUNTED in scope:
            fields += heads.fields_of(scope[COUNTED])
            return self._check("POST", PREDICT, headers, self.max_body)
        fields += self.rates.take_of_address(address_of(scope))
        key = self._check("POST", PREDICT, headers, self.max_body)
        fields += self.rates.take_of_key(key)
        return key

    def admit(self, headers: RawHeaders, address: str, inline: InlineRequest) -> bool:
        """Whether a POST with these headers may be answered inline, which is told what is known of the answer's head.

        False: it is to be refused, or it is unusual; either goes the way of all others, where it is said why.
        """
        known = inline.known
        try:
            if not (known and known.gate is self and known.is_of(headers) and self._holds(known)):
                known = inline.known = self._look_at(headers, address)
            if known is None or self._inflight >= self._max_inflight:
                return False
            # The key's limit first: where it has none left, the way on counts the address, once.
            inline.counted = counted = self.rates.take(known.limits) if known.limits else b""
        except DenselyError:
            return False
        inline.tasks = known.key.tasks if known.key else None
        inline.fields = b"x-request-id: %s%s%s" % (request_id_of(known.given_id), known.allowed, counted)
        return True

    def _holds(self, known: KnownHead) -> bool:
        return 0 < known.length <= self._inline_body and self.access.ring.lets_in_again(known.key)

    def _look_at(self, headers: RawHeaders, address: str) -> KnownHead | None:
        """None: it is unusual.

        Raises:
            DenselyError: it is to be refused.
        """
        by_name = dict(headers)
        if not len(headers) == len(by_name) <= MOST_FIELDS or not heads.is_authority(by_name.get(b"host", b",")):
            return None
        if b"transfer-encoding" in by_name or compression.HEADER in by_name:
            return None
        if by_name.get(LENGTH, b"0") == b"0":  # whose type does not matter, but that of the next body would
            return None
        key = self._check("POST", PREDICT, by_name, self._inline_body)
        allowed = heads.lines_of(self.cors.fields(by_name.get(cors.ORIGIN, b""))) if self.cors else b""
        return KnownHead(self, headers, key, self.rates.limits_of(key, address), allowed)

    def _check_load(self, more: int) -> None:
        if self._inflight + more > self._max_inflight:
            raise Overloaded


def _named(request_id: str, headers: security.Headers) -> dict[str, str]:
    """What log lines of a request say of it: its id, and that of the trace that it belongs to."""
    traceparent = traceparent_of(headers.get(b"traceparent", b"").decode("latin-1"))
    return {"request_id": request_id, **({"trace_id": trace_id(traceparent)} if traceparent else {})}


def _may_be_large(path: str) -> bool:
    return path == PREDICT or (path.startswith("/tasks/") and path.endswith("/encode"))


def _is_large(headers: security.Headers) -> int:
    """1 of a body of more than `INLINE_BODY_BYTES`, or of a length that is not known yet; else 0."""
    length = headers.get(b"content-length", b"")
    return int(not length.isdigit() or int(length) > INLINE_BODY_BYTES or compression.HEADER in headers)


async def _whole_body(receive: Receive, most: int) -> bytes:
    message = await receive()
    whole: bytes = message.get("body", b"")
    if not message.get("more_body") and message["type"] == "http.request" and len(whole) <= most:
        return whole
    parts, length = [whole], len(whole)
    while message.get("more_body") and length <= most:
        message = await receive()
        parts.append(message.get("body", b""))
        length += len(parts[-1])
    if message["type"] != "http.request":
        raise ClientDisconnect
    if length > most:
        raise security.too_large(most)
    return b"".join(parts)


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """No application behind the gate."""
