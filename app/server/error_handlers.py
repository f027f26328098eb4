"""Errors know no HTTP; this table does."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from app import errors
from app.server import problems
from app.server.problems import Problem
from app.server.traffic import PROBLEM

STATUSES: dict[type[errors.DenselyError], int] = {
    errors.MalformedBody: 400,
    errors.MalformedRequest: 400,
    errors.TooLarge: 413,
    errors.HeadTooLarge: 431,
    errors.TargetTooLong: 414,
    errors.TooSlow: 408,
    errors.Misdirected: 421,
    errors.CrossSite: 403,
    errors.UnsupportedMediaType: 415,
    errors.InvalidInput: 422,
    errors.NotFound: 404,
    errors.NotAcceptable: 406,
    errors.IdempotencyConflict: 422,  # as the IETF draft on the Idempotency-Key header has it
    errors.Conflict: 409,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.RateLimited: 429,
    errors.QueueFull: 429,
    errors.Unavailable: 503,
    errors.DenselyError: 500,
}
MOST_ERRORS = 20  # that a problem document tells of
HEADERS: dict[int | type[errors.DenselyError], dict[str, str]] = {
    errors.UnsupportedEncoding: {"Accept-Encoding": "gzip, deflate"},  # RFC 9110, 15.5.16
    errors.UnsupportedMediaType: {"Accept": "application/json"},
    401: {"WWW-Authenticate": "Bearer"},
    406: {"Vary": "Accept"},
    408: {"Connection": "close"},
    429: {"Retry-After": "30"},
    503: {"Retry-After": "2"},
}


def status_of(error: errors.DenselyError) -> int:
    """What a request is answered with that meets this error."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problem_of(error: errors.DenselyError, request_id: str | None = None) -> Problem:
    """The problem document of one of our errors; of a 500 only that it happened."""
    status = status_of(error)
    headers = next((HEADERS[key] for key in (*type(error).__mro__, status) if key in HEADERS), None)
    if isinstance(error, errors.RateLimited):
        headers = {**error.fields}
    found = error.errors if isinstance(error, errors.InvalidInput) else []
    return problems.response(
        status,
        _kebab(type(error).__name__) if status != 500 else "internal-error",
        error.message if status != 500 else "Something went wrong on our side.",
        errors=[
            {"field": e.field, "message": e.message, **({"line": e.line} if e.line is not None else {})} for e in found
        ],
        headers=headers,
        request_id=request_id,
    )


def install(app: FastAPI) -> None:
    """Answer every error with a problem document."""

    @app.exception_handler(errors.DenselyError)
    async def _ours(request: Request, error: errors.DenselyError) -> Response:
        if problem_of(error).status_code == 500:
            raise error  # the gate logs it with its traceback
        return _noted(request, problem_of(error, request_id_of(request)))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        return _noted(request, invalid_request(error.errors(), error.body, request_id_of(request)))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if isinstance(error.__cause__, errors.DenselyError):  # raised while the body came; FastAPI makes it a 400
            return await _ours(request, error.__cause__)
        kinds = {404: "not-found", 405: "method-not-allowed", 400: "invalid-body"}
        headers = dict(error.headers or {})
        detail = str(error.detail)
        if error.status_code == 404:
            detail = f"there is no {request.url.path}"
        elif error.status_code == 405:
            headers["Allow"] = _allowed(request, headers.get("Allow", "GET"))
            detail = f"{request.url.path} takes {headers['Allow']} only"
        problem = problems.response(
            error.status_code,
            kinds.get(error.status_code, "http-error"),
            detail,
            headers=headers,
            request_id=request_id_of(request),
        )
        return _noted(request, problem)


def _noted(request: Request, problem: Problem) -> Problem:
    """The same, of which the gate is told for the metrics."""
    request.scope[PROBLEM] = problem.kind
    return problem


def invalid_request(found: Any, body: Any, request_id: str | None) -> Problem:
    """FastAPI's findings: its locations start with body, path, query or header."""
    if any(error["type"] == "json_invalid" for error in found):
        reason = found[0].get("ctx", {}).get("error", "")
        return problems.response(400, "invalid-body", f"the body is not JSON: {reason}", request_id=request_id)
    listed = []
    for error in found[:MOST_ERRORS]:
        where, *rest = error["loc"]
        given = body if where == "body" else dict.fromkeys(rest)
        listed += problems.field_errors([{**error, "loc": rest}], given)
    return problems.response(
        422,
        "invalid-input",
        "; ".join(f"{e['field']}: {e['message']}" for e in listed[:3]),
        errors=listed[:MOST_ERRORS],
        request_id=request_id,
    )


def _allowed(request: Request, otherwise: str) -> str:
    """A 405's `Allow`: of all routes of this path, `otherwise` where it is a folder's.

    A path that is there as it stands (`/runs/rows`) is none with a parameter (`/runs/{run_id}`). HEAD too, since the
    gate answers it wherever there is GET.
    """
    found: set[str] = set()
    exactly: set[str] = set()
    path = request.scope["path"]
    for route in iter_route_contexts(request.app.routes):
        if route.methods and route.path and compile_path(route.path)[0].match(path):
            found |= route.methods
            exactly |= route.methods if route.path == path else set()
    found = exactly or found or set(otherwise.split(", "))
    return ", ".join(sorted(found | ({"HEAD"} if "GET" in found else set())))


def request_id_of(request: Request) -> str | None:
    """The id that the gate gave this request."""
    found: str | None = request.scope.get("request_id")
    return found


def _kebab(name: str) -> str:
    return "".join("-" + c.lower() if c.isupper() else c for c in name).removeprefix("-")
