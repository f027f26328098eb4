"""What a call can raise. The names are those of the service's own errors, which it sends as problem types.

DenselyError                  everything of ours, see `app.errors`
├── ServiceUnreachable        no answer: nothing listens, or the connection broke, after every repetition
├── RunEnded                  `wait` found that the run did not succeed
│   ├── RunFailed             ... because it failed; `error` says why
│   └── RunCancelled          ... because somebody cancelled it
└── ApiError                  the service answered with a problem document, of a type that has no name here
    └── InvalidInput, NotFound, Conflict, QueueFull, …: one for each class of `app.errors`, in the same tree
"""

import json
import re
from dataclasses import dataclass, field

import httpx

from app import errors
from app.errors import DenselyError, FieldError
from app.wire.runs import Run

PREFIX = "urn:densely:problem:"


class ServiceUnreachable(DenselyError):
    """The service does not answer."""


class RunEnded(DenselyError):
    """The run did not succeed."""

    def __init__(self, run: Run) -> None:
        """`run` is the run as it ended."""
        reason = f": {run.error.type}: {run.error.message}" if run.error else ""
        super().__init__(f"run {run.id} is {run.status}{reason}")
        self.run = run


class RunFailed(RunEnded):
    """The run failed."""


class RunCancelled(RunEnded):
    """The run was cancelled."""


@dataclass(frozen=True)
class Problem:
    """A problem document (RFC 9457)."""

    kind: str  # last part of `type`, for example `invalid-input`; empty if the answer was no problem document
    status: int
    title: str
    detail: str
    errors: list[FieldError] = field(default_factory=list)
    request_id: str | None = None


class ApiError(DenselyError):
    """The service refused or failed.

    `status`, `title`, `detail` and `errors` (fields at fault) are those of the problem document; `request_id` finds the
    request in the service's log.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title)
        self.kind = problem.kind
        self.status = problem.status
        self.title = problem.title
        self.detail = problem.detail
        self.errors = problem.errors
        self.request_id = problem.request_id


def _mirror(kind: type[DenselyError], parent: type[ApiError], found: dict[str, type[ApiError]]) -> None:
    """An exception for each error below `kind`, in the same tree."""
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            found[child.__name__] = type(child.__name__, (parent,), {"__doc__": child.__doc__, "__module__": __name__})
            _mirror(child, found[child.__name__], found)


NAMED: dict[str, type[ApiError]] = {}  # by name, for example `NotFound`
_mirror(DenselyError, ApiError, NAMED)

# Problem types that come from the framework and not from our tree.
_ALIASES = {"invalid-body": "MalformedBody"}
_BY_KIND = {re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower(): made for name, made in NAMED.items()}


def __getattr__(name: str) -> type[ApiError]:
    """`errors.NotFound` and its siblings."""
    if name in NAMED:
        return NAMED[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *NAMED])


def error_of(response: httpx.Response) -> ApiError:
    """The exception for a response of status 400 or more, whose body has been read."""
    problem = _problem_of(response)
    alias = _ALIASES.get(problem.kind, "")
    kind = NAMED.get(alias) or _BY_KIND.get(problem.kind) or ApiError
    return kind(problem)


def moved(error: ApiError, rows: int) -> ApiError:
    """The same error for instances that began `rows` later in what the caller sent."""

    def shift(text: str) -> str:
        return re.sub(r"\binstances\.(\d+)", lambda match: f"instances.{int(match[1]) + rows}", text)

    fields = [FieldError(shift(e.field), e.message) for e in error.errors]
    return type(error)(Problem(error.kind, error.status, error.title, shift(error.detail), fields, error.request_id))


def _problem_of(response: httpx.Response) -> Problem:
    """What the response tells; a proxy's page of HTML is no problem document and tells its status only."""
    request_id = response.headers.get("X-Request-ID")
    try:
        content = json.loads(response.content)
        fields = [FieldError(str(e["field"]), str(e["message"])) for e in content.get("errors") or []]
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
