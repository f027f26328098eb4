"""The filesystem of fsspec behind a URL, with its time-outs. It is imported here alone, and not before it is needed."""

import asyncio
import importlib.util
import inspect
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from threading import Thread
from types import MethodType
from typing import Any
from urllib.parse import urlsplit

from app.errors import Unusable
from app.store_urls import CREDENTIALS, EXTRAS, scheme_of

CONNECT_SECONDS = 3.0
READ_SECONDS = 8.0  # without a byte from the store
CLOSE_SECONDS = 3.0
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
    "az": {"use_listings_cache": False, "max_concurrency": 1},
    "file": {},
}
_AZURE: dict[str, Any] = {  # of the client below adlfs, which has no arguments for them
    "retry_total": 0,
    "connection_timeout": CONNECT_SECONDS,
    "read_timeout": READ_SECONDS,
    **dict.fromkeys(("max_single_put_size", "max_block_size", "max_single_get_size", "max_chunk_get_size"), PIECE),
}
_REPEATING = ("_request", "_get_file_request", "_get_file_concurrent")  # methods of gcsfs that try up to six times
_TALKING = ("gcsfs", "google", "azure")  # loggers of what is raised, too
_S3_PIECES = {"chunksize": PIECE, "max_concurrency": 1}
_PUTTING: dict[str, dict[str, Any]] = {"s3": _S3_PIECES, "gs": {"chunksize": PIECE}}
_GETTING: dict[str, dict[str, Any]] = {"s3": _S3_PIECES, "gs": {"concurrency": 1}}


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
        Unusable: see `check_installed`; or what is installed is of a release that does not suit.
    """
    check_installed(url)
    scheme = scheme_of(url)
    for name in _TALKING:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return _made(scheme)
    except (AttributeError, ImportError, TypeError) as error:  # else it would look like an outage
        package, mend = _PACKAGES[scheme], f"pip install --upgrade 'densely[{EXTRAS[scheme]}]'"
        told = f"{package} {version(package)} does not suit this release of Densely, or cannot take its credentials"
        raise Unusable(f"{told} ({type(error).__name__}): {mend}, or correct {CREDENTIALS[scheme]}") from error


def _made(scheme: str) -> Any:
    if scheme == "gs":
        return _google()
    import fsspec

    filesystem: Any = fsspec.filesystem(scheme, skip_instance_cache=True, **_OPTIONS[scheme])
    if scheme == "s3":
        filesystem.retries = 1
    if scheme == "az":
        client = filesystem.service_client
        filesystem.service_client = type(client)(client.url, credential=client.credential, **_AZURE)
    return filesystem


def _google() -> Any:
    """Not the class that fsspec has for `gs`.

    That one asks Google for the bucket's type by gRPC before each operation, at every end point, for up to a minute
    where nobody answers.
    """
    import aiohttp
    from gcsfs.core import GCSFileSystem

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
    filesystem = GCSFileSystem(skip_instance_cache=True, requests_timeout=timeout, **_OPTIONS["gs"])
    for name in _REPEATING:  # whoever calls tries again: the number of these tries cannot be set
        setattr(filesystem, name, MethodType(inspect.unwrap(getattr(GCSFileSystem, name)), filesystem))
    return filesystem


def in_pieces(url: str, *, putting: bool) -> dict[str, Any]:
    """Arguments with which a file is never in memory as a whole."""
    return (_PUTTING if putting else _GETTING).get(scheme_of(url), {})


def host_of(filesystem: Any) -> str:
    """Which server it asks, with its port; empty where that is not known."""
    s3 = getattr(getattr(getattr(filesystem, "_s3", None), "meta", None), "endpoint_url", "")
    azure = getattr(getattr(filesystem, "service_client", None), "url", "")
    parts = urlsplit(str(s3 or azure or getattr(filesystem, "base", "")))
    return parts.netloc.rpartition("@")[2]


def closer_of(filesystem: Any) -> Callable[[], None]:
    """What closes its connections: else the end of a process meets them open."""

    def close() -> None:
        if client := getattr(filesystem, "_s3", None):
            # In a thread: where an event loop runs, as at an API process's end, it would be closed by that one, whose
            # connections these are not.
            closing = Thread(target=filesystem.close_session, args=(filesystem.loop, client))
            closing.start()
            closing.join()
            return
        for name in ("_session", "service_client"):  # of gcsfs, and of adlfs
            if client := getattr(filesystem, name, None):
                with suppress(Exception):  # they are given up in any case
                    asyncio.run_coroutine_threadsafe(client.close(), filesystem.loop).result(CLOSE_SECONDS)

    return close


def modified_of(info: dict[str, Any]) -> float:
    """When an object was changed last, in seconds since 1970, as each filesystem tells it."""
    for key in ("LastModified", "last_modified", "mtime", "updated", "created"):
        if isinstance(value := info.get(key), datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, str):
            return datetime.fromisoformat(value).timestamp()
    return float("inf")  # nothing is done to what has no age
