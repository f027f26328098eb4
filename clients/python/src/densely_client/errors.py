"""What a call can raise. Below `ApiError` the names are those of the problem types that the service sends.

DenselyError                     everything of ours
├── InvalidArgument              what was given cannot be sent; nothing was
├── ServiceUnreachable           no answer: nothing listens, or the connection broke, after every repetition
├── RunEnded                     `wait` found that the run did not succeed
│   ├── RunFailed                ... because it failed; `error` says why
│   └── RunCancelled             ... because somebody cancelled it
├── SweepEnded                   `wait` found that the sweep did not succeed
│   ├── SweepFailed              ... because it failed; `error` says why
│   └── SweepCancelled           ... because somebody cancelled it
└── ApiError                     the service answered with a problem document, of a type that has no name here
    ├── InvalidInput             what was sent cannot be accepted; `errors` names the fields
    │   ├── MalformedBody        ... because it is not JSON
    │   ├── MalformedRequest     ... because it is not HTTP, or can be read in two ways
    │   ├── TooLarge             ... because it exceeds a size limit
    │   │   ├── HeadTooLarge     ... of the head, its fields, or the trailer
    │   │   └── TargetTooLong    ... of the URL
    │   ├── TooSlow              ... because it did not arrive in time
    │   └── Refused              ... because inputs of the right form hold what cannot be answered
    ├── Misdirected              the request is meant for another host
    ├── CrossSite                the request comes from another site's web page
    ├── UnsupportedMediaType     the body says that it is not JSON
    │   └── UnsupportedEncoding  ... or is packed in a way that is not known there
    ├── NotAcceptable            the answer has none of the forms that were asked for
    ├── NotFound                 no such task, run, model, preset or dataset
    │   └── NotEvaluated         ... or no answers on a test split, which a comparison needs
    ├── Conflict                 the request is fine, the present state is not
    │   ├── InvalidTransition    the run's status does not allow it
    │   ├── IdempotencyConflict  an Idempotency-Key was used before, for another request
    │   └── LeaseLost            another worker has the run now
    ├── Unauthorized             an API key is needed
    ├── Forbidden                this API key may not do that
    ├── RateLimited              too many requests in a time
    ├── QueueFull                too many runs are waiting already
    │   └── QuotaReached         ... or kept, of this API key
    └── Unavailable              cannot be served now, may be later
        ├── Overloaded           ... because too many requests are under way
        ├── StoreAway            ... because the service's object store does not answer
        ├── Unusable             ... before something on the service's machine is mended
        └── ArtifactInvalid      a model's files are missing, altered or of another format
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from densely_client.forms.runs import RunData
from densely_client.forms.sweeps import SweepData


@dataclass(frozen=True)
class FieldError:
    """One field at fault: its dotted path, what is wrong, and the limit if there is one.

    Of a file the field is the column, and `line` the line, from 1.
    """

    field: str
    message: str
    line: int | None = None


@dataclass(frozen=True)
class Problem:
    """A problem document (RFC 9457)."""

    kind: str  # last part of `type`, for example `invalid-input`; empty if the answer was no problem document
    status: int
    title: str
    detail: str
    errors: list[FieldError] = field(default_factory=list)
    request_id: str | None = None


class DenselyError(Exception):
    """Something went wrong; `message` says what."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidArgument(DenselyError):
    """What was given cannot be sent; `errors` names the field, where there is one."""

    def __init__(self, message: str, field: str | None = None) -> None:
        """`field` is the dotted path of what is at fault, for example `point.0`."""
        super().__init__(message)
        self.errors = [FieldError(field, message)] if field else []


class ServiceUnreachable(DenselyError):
    """The service does not answer."""


class RunEnded(DenselyError):
    """The run did not succeed."""

    def __init__(self, run: RunData) -> None:
        """`run` is the run as it ended."""
        reason = f": {run.error.type}: {run.error.message}" if run.error else ""
        super().__init__(f"run {run.id} is {run.status}{reason}")
        self.run = run


class RunFailed(RunEnded):
    """The run failed."""


class RunCancelled(RunEnded):
    """The run was cancelled."""


class SweepEnded(DenselyError):
    """The sweep did not succeed."""

    def __init__(self, sweep: SweepData) -> None:
        """`sweep` is the sweep as it ended."""
        reason = f": {sweep.error.type}: {sweep.error.message}" if sweep.error else ""
        super().__init__(f"sweep {sweep.id} is {sweep.status}{reason}")
        self.sweep = sweep


class SweepFailed(SweepEnded):
    """The sweep failed."""


class SweepCancelled(SweepEnded):
    """The sweep was cancelled."""


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


class InvalidInput(ApiError):
    """The input cannot be accepted."""


class MalformedBody(InvalidInput):
    """The body is not JSON."""


class MalformedRequest(InvalidInput):
    """This is not well-formed HTTP."""


class TooLarge(InvalidInput):
    """The input is larger than the limit."""


class HeadTooLarge(TooLarge):
    """The request's head is larger than the limit."""


class TargetTooLong(TooLarge):
    """The URL is longer than the limit."""


class TooSlow(InvalidInput):
    """The body did not arrive in time."""


class Refused(InvalidInput):
    """Some inputs cannot be answered."""


class Misdirected(ApiError):
    """The request is meant for another host."""


class CrossSite(ApiError):
    """Another site's web page sent this."""


class UnsupportedMediaType(ApiError):
    """The body must be JSON."""


class UnsupportedEncoding(UnsupportedMediaType):
    """The body is packed in a way that the service does not know."""


class NotAcceptable(ApiError):
    """The answer has no form that was asked for."""


class NotFound(ApiError):
    """There is no such thing."""


class NotEvaluated(NotFound):
    """No answers on a test split were kept."""


class Conflict(ApiError):
    """The present state does not allow this."""


class InvalidTransition(Conflict):
    """The run's status does not allow this."""


class IdempotencyConflict(Conflict):
    """This Idempotency-Key was used before, for another request."""


class LeaseLost(Conflict):
    """The lease on this run has passed to another worker."""


class Unauthorized(ApiError):
    """An API key is needed."""


class Forbidden(ApiError):
    """This API key may not do that."""


class RateLimited(ApiError):
    """Too many requests in a time."""


class QueueFull(ApiError):
    """Too many runs are waiting already."""


class QuotaReached(QueueFull):
    """This API key has as much as it may have."""


class Unavailable(ApiError):
    """This cannot be served now."""


class Overloaded(Unavailable):
    """Too many predictions are under way."""


class StoreAway(Unavailable):
    """The service's object store does not answer."""


class Unusable(Unavailable):
    """Something on the service's machine has to be mended first."""


class ArtifactInvalid(Unavailable):
    """A model's files are missing, altered or of another format."""


def _below(kind: type[ApiError]) -> Iterator[type[ApiError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


BY_PROBLEM_TYPE: dict[str, type[ApiError]] = {
    # Starlette's own refusal of a body has another name than the service's.
    "invalid-body": MalformedBody,
    **{re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower(): kind for kind in _below(ApiError)},
}
