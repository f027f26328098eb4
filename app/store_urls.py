"""How the setting of the object store is written: `s3://bucket/prefix`, `gs://…`, `az://container/…`, `file:///folder`."""

import re
from urllib.parse import urlsplit

EXTRAS = {"s3": "s3", "gs": "gs", "az": "az", "file": ""}  # what has to be installed besides, by scheme
CREDENTIALS = {  # what the stores' own tools read them from
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_CONNECTION_STRING",
    "file": "the rights of its user",
}
_END_POINTS = {"s3": "AWS_ENDPOINT_URL", "gs": "STORAGE_EMULATOR_HOST", "az": "AZURE_STORAGE_CONNECTION_STRING"}

_BUCKET = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_LONGEST = {"s3": 63, "gs": 222, "az": 63}  # characters of a bucket's name
_FORMS = "must be as s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder"


def store_url_of(text: str) -> str:
    """The URL without a slash at its end.

    Raises:
        ValueError: it is none of an object store; the message shows nothing of it, which may hold a secret.
    """
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        raise ValueError(_FORMS) from None
    if parts.scheme == "memory":
        raise ValueError(f"{_FORMS}: what is in the memory of one process is seen by no other")
    if parts.scheme not in EXTRAS:
        raise ValueError(_FORMS)
    if "@" in parts.netloc:
        raise ValueError(
            "must hold no user or secret: credentials are read from where the store's own tools find them, as "
            f"{CREDENTIALS[parts.scheme]}"
        )
    if parts.query or parts.fragment or any(part in (".", "..") for part in parts.path.split("/")):
        raise ValueError(f"{_FORMS}, with nothing after it")
    path = re.sub("/+", "/", parts.path).rstrip("/")
    if parts.scheme == "file":
        if parts.netloc or not path:
            raise ValueError("must name a folder from the root on, as file:///srv/densely")
        return f"file://{path}"
    _check_bucket(parts.scheme, parts.netloc)
    return f"{parts.scheme}://{parts.netloc}{path}"


def _check_bucket(scheme: str, name: str) -> None:
    """
    Raises:
        ValueError: no bucket, or container, can be called this.
    """
    if not name:
        raise ValueError(_FORMS)
    if not _BUCKET.fullmatch(name):
        told = "a bucket's name has letters and digits, with dots, hyphens and underscores between them, and no port"
        raise ValueError(f"{_FORMS}: {told}")
    if not 3 <= len(name) <= _LONGEST[scheme]:
        raise ValueError(f"{_FORMS}: a bucket's name has 3 to {_LONGEST[scheme]} characters")


def scheme_of(url: str) -> str:
    """Of a URL that `store_url_of` has returned."""
    return url.partition("://")[0]


def mend_of(url: str) -> str:
    """What helps where a store does not answer."""
    end_point = _END_POINTS.get(scheme_of(url))
    own = f" and the store's own settings, as {end_point}" if end_point else ""
    return f"start it, or correct DENSELY_STORE_URL{own}"
