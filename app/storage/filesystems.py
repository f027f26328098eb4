"""The filesystem of fsspec behind a URL, with its time-outs. It is imported here alone, and not before it is needed."""

import importlib.util
from collections.abc import Callable
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from app.errors import Unusable
from app.store_urls import EXTRAS, scheme_of

CONNECT_SECONDS = 3.0
READ_SECONDS = 8.0  # without a byte from the store
PIECE = 8 * 2**20  # bytes of a file that are in memory at once, at most twice

_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "file": "fsspec"}
_TRIES: dict[str, Any] = {"retries": {"max_attempts": 0}}  # whoever calls tries again
# No listing is kept: other processes write to the same bucket.
_OPTIONS: dict[str, dict[str, Any]] = {
    "s3": {
        "use_listings_cache": False,
        "config_kwargs": {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS, **_TRIES},
    },
    "gs": {"use_listings_cache": False},
    "az": {"use_listings_cache": False, "connection_timeout": int(CONNECT_SECONDS), "read_timeout": int(READ_SECONDS)},
    "file": {},
}
_IN_PIECES: dict[str, dict[str, Any]] = {"s3": {"chunksize": PIECE, "max_concurrency": 1}, "gs": {"chunksize": PIECE}}


def check_installed(url: str) -> None:
    """
    Raises:
        Unusable: what this store needs is not installed.
    """
    scheme = scheme_of(url)
    if importlib.util.find_spec(_PACKAGES[scheme]) is None:
        told = f"DENSELY_STORE_URL begins with {scheme}://, which needs {_PACKAGES[scheme]}"
        raise Unusable(f"{told}: pip install 'densely[{EXTRAS[scheme]}]'")


def open_filesystem(url: str) -> Any:
    """A filesystem of its own, which nobody else in this process uses.

    Raises:
        Unusable: see `check_installed`.
    """
    check_installed(url)
    import fsspec

    scheme = scheme_of(url)
    filesystem: Any = fsspec.filesystem(scheme, skip_instance_cache=True, **options_of(scheme))
    if scheme == "s3":
        filesystem.retries = 1
    return filesystem


def options_of(scheme: str) -> dict[str, Any]:
    """What a filesystem is opened with. The tries of gcsfs cannot be set: it makes up to six."""
    if scheme != "gs":
        return _OPTIONS[scheme]
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
    return {**_OPTIONS[scheme], "requests_timeout": timeout}


def in_pieces(url: str, *, putting: bool) -> dict[str, Any]:
    """Arguments with which a file is never in memory as a whole."""
    scheme = scheme_of(url)
    return _IN_PIECES.get(scheme, {}) if putting or scheme == "s3" else {}


def host_of(filesystem: Any) -> str:
    """Which server of S3 it asks, with its port; empty of others, and where that is not known."""
    parts = urlsplit(str(getattr(getattr(getattr(filesystem, "_s3", None), "meta", None), "endpoint_url", "")))
    return parts.netloc.rpartition("@")[2]


def closer_of(filesystem: Any) -> Callable[[], None]:
    """What closes its connections: else the end of a process meets them open."""

    def close() -> None:
        client = getattr(filesystem, "_s3", None)
        if client is not None:
            # In a thread: where an event loop runs, as at an API process's end, it would be closed by that one, whose
            # connections these are not.
            closing = Thread(target=filesystem.close_session, args=(filesystem.loop, client))
            closing.start()
            closing.join()

    return close
