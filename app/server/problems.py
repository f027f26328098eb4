"""Problem documents (RFC 9457) as responses; their form is in `wire.problems`."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class Problem(Response):
    """A response that knows which problem it tells."""

    kind: str


def response(
    status: int,
    kind: str,
    detail: str,
    *,
    title: str | None = None,
    errors: Sequence[Mapping[str, str | int]] = (),
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
) -> Problem:
    """A problem document. `kind` is the last part of its `type`."""
    content: dict[str, Any] = {
        "type": f"urn:densely:problem:{kind}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": request_id,
        "errors": list(errors),
    }
    # ASCII only: a client's own field names may hold lone surrogates, which UTF-8 cannot carry.
    body = json.dumps(content, ensure_ascii=True).encode()
    problem = Problem(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)
    problem.kind = kind
    return problem


def field_path(location: Sequence[Any], given: Any, *, missing: bool = True) -> str:
    """Pydantic's location as a dotted path into what the client sent.

    Pydantic names the member of a union that it tried (`layers.0.dense.units`); such names are no fields and are
    left out. With `missing` the last part stays in any case: a missing field is not in the input either.
    """
    path: list[str] = []
    for number, part in enumerate(location):
        is_key = isinstance(given, Mapping) and part in given
        is_place = isinstance(given, list | tuple) and isinstance(part, int) and part < len(given)
        if is_key or is_place:
            given = given[part]
            path.append(str(part))
        elif missing and number == len(location) - 1 and isinstance(given, Mapping):
            path.append(str(part))
    return ".".join(path) or "body"


def field_errors(found: Sequence[Mapping[str, Any]], given: Any, prefix: str = "") -> list[dict[str, str]]:
    """Pydantic's findings as the `errors` of a problem document, at most 20 of them."""
    listed = []
    for error in found[:20]:
        path = field_path(error["loc"], given, missing=error["type"] == "missing")
        listed.append({"field": prefix + path, "message": _message(error)})
    return listed


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such field"
    if error["type"] in ("model_type", "dict_type"):  # which name a class of ours
        return "must be a JSON object"
    if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] == r"\S":
        return "must hold a character that is not a space"
    message: str = error["msg"]
    return message.removeprefix("Value error, ")
