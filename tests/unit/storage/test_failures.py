"""What a store's library raises, told by codes, statuses and names."""

import errno
import json
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


class RefreshError(Exception):
    """As Google's library has it; `retryable`: the service of tokens has answered that it is busy."""

    def __init__(self, *, retryable: bool = False) -> None:
        super().__init__("no")
        self.retryable = retryable


class TransportError(Exception):
    """As Google's library has it: the service of tokens has not answered."""


class ClientAuthenticationError(AzureError):
    """As Azure's library has it."""


class SigningError(ClientAuthenticationError):
    """As Azure's library has it, of a key that is none."""


class CredentialUnavailableError(ClientAuthenticationError):
    """As Azure's library has it."""


class ServiceRequestError(Exception):
    """As Azure's library has it."""


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
        (SigningError(0), Kind.REFUSED, "does not know this service"),
        (OSError("Forbidden: https://host/o/name\nno"), Kind.REFUSED, r"\(Forbidden\): give this service the right"),
        (ValueError("Invalid endpoint: secret"), Kind.REFUSED, "cannot be asked with these settings"),
        (json.JSONDecodeError("no", "", 0), Kind.AWAY, "does not answer"),
        (HttpError(503), Kind.AWAY, "HTTP 503"),
        (HttpError(401), Kind.REFUSED, "does not know this service"),
        (translated(RefreshError(), HttpError(401)), Kind.REFUSED, "does not know this service"),
        (translated(AzureError(400), CredentialUnavailableError(0)), Kind.REFUSED, "does not know this service"),
        (translated(translated(TransportError(), RefreshError()), HttpError(401)), Kind.AWAY, "tokens .* answer"),
        (translated(RefreshError(retryable=True), HttpError(401)), Kind.AWAY, "tokens .* answer"),
        (translated(ServiceRequestError(), CredentialUnavailableError(0)), Kind.AWAY, "tokens .* answer"),
        (ClientAuthenticationError(503), Kind.AWAY, "tokens .* answer"),
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


@pytest.mark.parametrize(
    ("scheme", "told"),
    [("s3", "AWS_ACCESS_KEY_ID"), ("gs", "GOOGLE_APPLICATION_CREDENTIALS"), ("az", "AZURE_STORAGE_CONNECTION_STRING")],
)
def test_whom_a_store_does_not_know_reads_which_credentials_to_give(scheme: str, told: str) -> None:
    for error in (NoCredentialsError(), ValueError("no")):
        assert told in failure_of(error, scheme).told
