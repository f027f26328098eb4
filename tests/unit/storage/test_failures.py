"""What a store's library raises, told by codes, statuses and names."""

import errno
import re

import pytest

from app.storage.failures import Kind, failure_of


class ClientError(Exception):
    """As botocore has it."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}


class ClientPayloadError(Exception):
    """As aiohttp has it, of half an answer."""

    code = 400


class HttpError(Exception):
    """As gcsfs has it."""

    def __init__(self, code: int) -> None:
        super().__init__("no")
        self.code = code


class AzureError(Exception):
    """As Azure's library has it."""

    def __init__(self, status: int, error_code: str = "") -> None:
        super().__init__("no")
        self.status_code, self.error_code = status, error_code


class NoCredentialsError(Exception):
    """As botocore has it."""


def translated(error: Exception, into: Exception) -> Exception:
    """As s3fs does."""
    into.__cause__ = error
    return into


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (translated(ClientError("AccessDenied", 403), PermissionError("no")), Kind.REFUSED, "AccessDenied.*right to"),
        (PermissionError(errno.EACCES, "no", "/srv/x"), Kind.REFUSED, "the right to"),
        (translated(ClientError("NoSuchBucket", 404), FileNotFoundError("no")), Kind.REFUSED, "no such bucket"),
        (AzureError(404, "ContainerNotFound"), Kind.REFUSED, "no such bucket"),
        (translated(ClientError("NoSuchKey", 404), FileNotFoundError("no")), Kind.ABSENT, "no such object"),
        (translated(ClientError("QuotaExceeded", 403), OSError(errno.EIO, "no")), Kind.REFUSED, "is full"),
        (translated(ClientError("XMinioStorageFull", 507), OSError(errno.EIO, "no")), Kind.REFUSED, "is full"),
        (OSError(errno.ENOSPC, "no"), Kind.REFUSED, "is full"),
        (ClientError("InvalidAccessKeyId", 403), Kind.REFUSED, "does not know this service"),
        (NoCredentialsError(), Kind.REFUSED, "does not know this service"),
        (HttpError(401), Kind.REFUSED, "does not know this service"),
        (ClientError("RequestTimeTooSkewed", 403), Kind.REFUSED, "clock"),
        (ClientError("PermanentRedirect", 301), Kind.REFUSED, "correct DENSELY_STORE_URL"),
        (translated(ClientError("SlowDown", 503), OSError(errno.EBUSY, "no")), Kind.AWAY, "SlowDown"),
        (translated(ClientError("InternalError", 500), OSError(errno.EIO, "no")), Kind.AWAY, "InternalError"),
        (ClientPayloadError(), Kind.AWAY, "ClientPayloadError"),
        (HttpError(429), Kind.AWAY, "does not answer"),
        (ConnectionResetError(), Kind.AWAY, "ConnectionResetError"),
        (TimeoutError(), Kind.AWAY, "TimeoutError"),
        (RuntimeError("https://key:secret@host"), Kind.AWAY, r"does not answer \(RuntimeError\)"),
    ],
)  # fmt: skip
def test_an_error_is_told_by_what_follows_from_it(error: Exception, kind: Kind, told: str) -> None:
    failure = failure_of(error)

    assert kind is failure.kind
    assert re.search(told, failure.told)
    assert "secret" not in failure.told
