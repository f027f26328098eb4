"""What went wrong in a store, told from what its library raises: whether to try again, and in one line how to mend it.

Libraries are not imported for that: their errors are known by their codes, statuses and names.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from json import JSONDecodeError
from typing import Any

from app.store_urls import CREDENTIALS

MOST_CAUSES = 6  # errors behind errors that are looked at

_BUSY = frozenset(
    "SlowDown RequestTimeout InternalError ServiceUnavailable Throttling ThrottlingException BadDigest IncompleteBody "
    "XAmzContentSHA256Mismatch OperationAborted ServerBusy OperationTimedOut".split()
)
_NO_PLACE = frozenset(("NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"))
_FULL = frozenset(
    "QuotaExceeded QuotaExceededException XMinioStorageFull XMinioAdminBucketQuotaExceeded InsufficientStorage "
    "StorageFull AccountLimitExceeded".split()
)
_AUTHENTICATION_ERRORS = frozenset(
    "NoCredentialsError PartialCredentialsError TokenRetrievalError InvalidAccessKeyId SignatureDoesNotMatch "
    "ExpiredToken InvalidToken AuthenticationFailed NoAuthenticationInformation DefaultCredentialsError RefreshError "
    "ClientAuthenticationError".split()
)
_TRANSPORT_ERRORS = frozenset("TransportError ServiceRequestError ServiceResponseError".split())

FORBIDDEN = "Forbidden"
NO_ANSWER = "does not answer"
NO_BUCKET = "has no such bucket ({}): make it, or correct DENSELY_STORE_URL"


class Kind(Enum):
    """What follows from it."""

    ABSENT = auto()  # there is no such object
    AWAY = auto()  # it may be there a little later
    REFUSED = auto()  # somebody has to mend something first


@dataclass(frozen=True)
class Failure:
    """What went wrong."""

    kind: Kind
    told: str  # nothing in it of the URL, of credentials or of names of objects


def failure_of(error: BaseException, scheme: str = "s3") -> Failure:
    """Of what a filesystem of fsspec has raised; `scheme`: of its URLs."""
    chain = list(_chain(error))
    code, status = _code(chain), _status(chain)
    names = {code, *(base.__name__ for each in chain for base in type(each).__mro__)}
    shown = code or (f"HTTP {status}" if status else type(error).__name__)
    awaits_token = bool(names & _AUTHENTICATION_ERRORS) and _is_passing(chain, names, status)
    if not awaits_token and (told := _to_be_mended(chain, names, code, status)):
        return Failure(Kind.REFUSED, told.format(shown, credentials=CREDENTIALS[scheme]))
    if awaits_token or code in _BUSY or _is_busy(status):
        told = "cannot be asked: the service that issues tokens for it does not answer" if awaits_token else NO_ANSWER
        return Failure(Kind.AWAY, f"{told} ({shown})")
    if status == 403 or isinstance(error, PermissionError):
        told = "refuses ({}): give this service the right to list, read, write and delete objects below {}"
        return Failure(Kind.REFUSED, told.format(shown, "DENSELY_STORE_URL"))
    if isinstance(error, FileNotFoundError):
        return Failure(Kind.ABSENT, "has no such object")
    if status is not None:
        told = "refuses ({}): correct DENSELY_STORE_URL, or the store's own settings in the environment"
        return Failure(Kind.REFUSED, told.format(shown))
    return Failure(Kind.AWAY, f"{NO_ANSWER} ({shown})")


def _is_passing(chain: list[Any], names: set[str], status: int | None) -> bool:
    """Whether a token was not refused, but could not be asked for just now, as Google's and Azure's libraries tell."""
    return bool(names & _TRANSPORT_ERRORS) or _is_busy(status) or any(_is_retryable(each) for each in chain)


def _is_retryable(error: BaseException) -> bool:
    return getattr(error, "retryable", False) is True


def _is_busy(status: int | None) -> bool:
    return status in (408, 429) or (status or 0) >= 500


def _to_be_mended(chain: list[Any], names: set[str], code: str, status: int | None) -> str:
    """What is known by its name, and how to mend it."""
    if code in _NO_PLACE:
        return NO_BUCKET
    if code in _FULL or status == 507 or _errno(chain) & {errno.ENOSPC, errno.EDQUOT}:
        return "is full ({}): make room there, or raise its quota"
    if code == "RequestTimeTooSkewed":
        return "does not believe this machine's clock ({}): set it right"
    if names & _AUTHENTICATION_ERRORS or status == 401:
        return "does not know this service ({}): give it credentials, as {credentials}"
    if status is None and _is_setting(chain[0]):
        return (
            "cannot be asked with these settings ({}): correct DENSELY_STORE_URL, or the environment, as {credentials}"
        )
    return ""


def _is_setting(error: BaseException) -> bool:
    """Whether a library does not take what it is given; not that it cannot read an answer, which may be cut off."""
    return isinstance(error, ValueError) and not isinstance(error, UnicodeError | JSONDecodeError)


def _chain(error: BaseException) -> Iterator[Any]:
    following: BaseException | None = error
    for _ in range(MOST_CAUSES):
        if following is None:
            return
        yield following
        following = following.__cause__ or following.__context__


def _code(chain: list[Any]) -> str:
    """As the store calls it: of S3 in the response, of Azure at the error, of Google's in the text."""
    for each in chain:
        if _is_forbidden(each):
            return FORBIDDEN
        if isinstance(response := getattr(each, "response", None), dict):
            return str(response.get("Error", {}).get("Code", ""))[:60]
        if code := getattr(each, "error_code", None):
            return str(getattr(code, "value", code))[:60]
    return ""


def _status(chain: list[Any]) -> int | None:
    """Of HTTP."""
    for each in chain:
        if _is_forbidden(each):
            return 403
        if isinstance(response := getattr(each, "response", None), dict):
            found = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        else:
            # Others have a `code` too, as what tells of half an answer: none that the store gave.
            found = getattr(each, "code" if type(each).__name__ == "HttpError" else "status_code", None)
        if isinstance(found, int) and 300 <= found < 600:
            return found
    return None


def _is_forbidden(error: BaseException) -> bool:
    """A 403 of Google, of which gcsfs tells this word alone."""
    return type(error) is OSError and str(error).startswith(FORBIDDEN)


def _errno(chain: list[Any]) -> set[int]:
    return {each.errno for each in chain if isinstance(each, OSError) and each.errno}
