"""Everything that can go wrong, as one tree. Knows no HTTP: `server/error_handlers.py` maps it to statuses.

DenselyError
├── InvalidInput             what the client sent cannot be accepted
│   ├── MalformedBody        ... because it is not JSON
│   ├── MalformedRequest     ... because it is not HTTP, or can be read in two ways
│   ├── TooLarge             ... because it exceeds a size limit
│   │   ├── HeadTooLarge     ... of the head, its fields, or the trailer
│   │   └── TargetTooLong    ... of the URL
│   ├── TooSlow              ... because it did not arrive in time
│   └── Refused              ... because instances of the right form hold what cannot be answered
├── Misdirected              the request is meant for another host
├── CrossSite                the request comes from another site's web page
├── UnsupportedMediaType     the body says that it is not JSON
│   └── UnsupportedEncoding  ... or is packed in a way that is not known here
├── NotAcceptable            the answer has none of the forms that the client takes
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
├── Unavailable              cannot be served now, may be later
│   ├── Overloaded           ... because too many requests are under way
│   ├── StoreAway            ... because the object store does not answer
│   ├── Unusable             ... before something on this machine is mended: a folder, a disk, a database file
│   └── ArtifactInvalid      an artifact's files are missing, altered or of another format
├── EntryDamaged             a cache's entry is not what was written: it counts as not there
├── NewerRelease             a newer release wrote it: its own processes carry it out
├── NothingHeard             what a process tells the others does not come back to it
├── SeatEnded                the worker wants the end of a trainer on a cluster's node
├── SeatLost                 a trainer on a cluster's node does not answer, or found no place
├── CopyDiffers              what was copied is not what is read: nothing of it was put in place
├── BackupInvalid            a backup is damaged, cut off or a newer release's: nothing of it was put in place
├── Undelivered              a webhook's receiver did not take it
│   └── AddressRefused       ... because its address is not allowed
└── TrainingError            a run cannot be finished; recorded with the run
    ├── Hopeless             a sweep's trial missed a bar that others have set: no failure, it stops
    ├── TaskGone             its task has been removed
    ├── DatasetUnavailable   the rows are not here and cannot be fetched
    ├── DatasetInvalid       the rows do not have the form that the task needs
    ├── Diverged             the loss is no longer a number
    └── ParityError          NumPy and Keras disagree on the same weights
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

_URL = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class FieldError:
    """One field at fault: its dotted path, what is wrong, and the limit if there is one."""

    field: str
    message: str
    line: int | None = None  # of a file, from 1; the field is its column then


@dataclass(frozen=True)
class Refusal:
    """One instance that has the right form and still cannot be answered: its row, and the field at fault within it."""

    row: int
    field: str
    message: str


class DenselyError(Exception):
    """Something went wrong."""

    task = ""  # whose input it was about, where that is known, for the metrics

    def __init__(self, message: str = "") -> None:
        """An error without a message says its docstring."""
        self.message = message or (self.__doc__ or "").strip()
        super().__init__(self.message)


class InvalidInput(DenselyError):
    """The input cannot be accepted."""

    def __init__(self, message: str = "", field: str | None = None) -> None:
        """`field` is the dotted path of the field at fault, for example `recipe.layers.0.units`."""
        super().__init__(message)
        self.errors = [FieldError(field, self.message)] if field else []

    @classmethod
    def of(cls, found: Sequence[FieldError]) -> "InvalidInput":
        """Several fields at fault; the message tells of the first three."""
        invalid = cls("; ".join(f"{each.field}: {each.message}" for each in found[:3]))
        invalid.errors = list(found)
        return invalid


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
    """Some instances cannot be answered."""

    def __init__(self, message: str = "", refusals: Sequence[Refusal] = ()) -> None:
        """`refusals`: of each such instance, in order; without a message they are counted."""
        super().__init__(
            message or (f"{len(refusals)} instance{'s' if len(refusals) > 1 else ''} refused" if refusals else "")
        )
        self.refusals = list(refusals)


class Misdirected(DenselyError):
    """Without API keys this server answers only to the names of this machine, such as localhost."""


class CrossSite(DenselyError):
    """Another site's web page sent this: pages of other origins may change nothing here."""


class UnsupportedMediaType(DenselyError):
    """The body must be JSON: send it with `Content-Type: application/json`."""


class UnsupportedEncoding(UnsupportedMediaType):
    """The body may come as it is, or with `Content-Encoding: gzip` or `deflate`."""


class NotAcceptable(DenselyError):
    """The answer has no form that the `Accept` header names."""


class NotFound(DenselyError):
    """There is no such thing here."""


class NotEvaluated(NotFound):
    """No answers on a test split were kept."""


class Conflict(DenselyError):
    """The present state does not allow this."""


class InvalidTransition(Conflict):
    """The run's status does not allow this."""


class IdempotencyConflict(Conflict):
    """This Idempotency-Key was used before, for another request."""


class LeaseLost(Conflict):
    """The lease on this run has passed to another worker."""


class Unauthorized(DenselyError):
    """An API key is needed: send it as `Authorization: Bearer <key>`."""


class Forbidden(DenselyError):
    """This API key may not do that."""


class RateLimited(DenselyError):
    """Too many requests in a time."""

    def __init__(self, message: str = "", fields: Mapping[str, str] = MappingProxyType({})) -> None:
        """`fields`: of the answer's head, which say when to come again."""
        super().__init__(message)
        self.fields = fields


class QueueFull(DenselyError):
    """Too many runs are waiting already."""


class QuotaReached(QueueFull):
    """This API key has as much as it may have."""


class Unavailable(DenselyError):
    """This cannot be served now."""


class Overloaded(Unavailable):
    """Too many predictions are under way; try again in a moment."""


class StoreAway(Unavailable):
    """The object store does not answer."""


class Unusable(Unavailable):
    """Something on this machine has to be mended first."""


class ArtifactInvalid(Unavailable):
    """The artifact's files are missing, altered or of another format."""


class EntryDamaged(DenselyError):
    """What was kept is not what comes back."""


class NewerRelease(DenselyError):
    """A newer release wrote this, which here cannot be carried out."""


class NothingHeard(DenselyError):
    """What this process told itself through the database did not come back."""


class SeatEnded(DenselyError):
    """The worker wants the end of this trainer on a cluster's node."""


class SeatLost(DenselyError):
    """The trainer on a cluster's node does not answer, or found no place."""


class CopyDiffers(DenselyError):
    """What was written is not what is read."""


class BackupInvalid(DenselyError):
    """This backup cannot be restored."""


class Undelivered(DenselyError):
    """The receiver did not take the webhook."""


class AddressRefused(Undelivered):
    """The host has a private address; DENSELY_WEBHOOKS_TO_PRIVATE=true allows it."""


class TrainingError(DenselyError):
    """The run cannot be finished."""


class Hopeless(TrainingError):
    """This trial of a sweep cannot become the best any more."""


class TaskGone(TrainingError):
    """The run's task is not here any more."""


class DatasetUnavailable(TrainingError):
    """The dataset's rows are not here and cannot be fetched."""


class DatasetInvalid(TrainingError):
    """The dataset does not have the form that the task needs."""


class Diverged(TrainingError):
    """The loss is no longer a number."""


class ParityError(TrainingError):
    """NumPy and Keras disagree on the same weights."""


def told(error: BaseException) -> str:
    """What clients may read of an error that is not one of ours: no path of this machine. The log has the rest."""
    words = (isinstance(error, OSError) and error.strerror) or str(error)
    if not words or re.search(r"[/\\]", _URL.sub("", words)):
        return f"{type(error).__name__}; the worker's log says more"
    return words[:200]
