"""Answers of status 400 or more as exceptions."""

import json
import re

import httpx

from densely_client.errors import BY_PROBLEM_TYPE, ApiError, FieldError, Problem

PREFIX = "urn:densely:problem:"


def error_of(response: httpx.Response) -> ApiError:
    """The exception for a response of status 400 or more, whose body has been read."""
    problem = _problem_of(response)
    return BY_PROBLEM_TYPE.get(problem.kind, ApiError)(problem)


def moved(error: ApiError, rows: int) -> ApiError:
    """The same error for instances that began `rows` later in what the caller sent."""

    def shift(text: str) -> str:
        return re.sub(r"\binstances\.(\d+)", lambda match: f"instances.{int(match[1]) + rows}", text)

    fields = [FieldError(shift(e.field), e.message, e.line) for e in error.errors]
    return type(error)(Problem(error.kind, error.status, error.title, shift(error.detail), fields, error.request_id))


def _problem_of(response: httpx.Response) -> Problem:
    """What the response tells; a proxy's page of HTML is no problem document and tells its status only."""
    request_id = response.headers.get("X-Request-ID")
    try:
        content = json.loads(response.content)
        fields = [FieldError(str(e["field"]), str(e["message"]), e.get("line")) for e in content.get("errors") or []]
        kind = str(content["type"]).removeprefix(PREFIX)
        title, detail = str(content.get("title", response.reason_phrase)), str(content.get("detail", ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Problem("", response.status_code, response.reason_phrase, _guess(response), [], request_id)
    return Problem(kind, response.status_code, title, detail, fields, content.get("request_id") or request_id)


def _guess(response: httpx.Response) -> str:
    """For an error that is no problem document. A gateway has good reasons for three of them."""
    told = f"status {response.status_code}"
    if response.status_code in (502, 503, 504):
        return told
    where = str(response.request.url.copy_with(raw_path=b"/")).rstrip("/")
    return f"{told}; what answers at {where} does not seem to be Densely"
