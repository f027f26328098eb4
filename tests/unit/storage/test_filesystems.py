"""How filesystems are opened."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from app.errors import Unusable
from app.storage.filesystems import (
    CONNECT_SECONDS,
    PIECE,
    READ_SECONDS,
    closer_of,
    host_of,
    in_pieces,
    open_filesystem,
)

KEY = "a2V5"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Opens a filesystem with this environment, and closes it."""
    made = []

    def open_with(url: str, **environment: str) -> Any:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        made.append(open_filesystem(url))
        return made[-1]

    yield open_with
    for each in made:
        closer_of(each)()


def test_a_silent_store_of_google_is_given_up(opened: Any) -> None:
    """Its library has no time-outs of its own, and its requests none that end a long transfer."""
    found = opened("gs://bucket", STORAGE_EMULATOR_HOST="127.0.0.1:9", NO_GCE_CHECK="true")
    timeout = found.requests_timeout

    assert (None, CONNECT_SECONDS, READ_SECONDS) == (timeout.total, timeout.sock_connect, timeout.sock_read)
    assert "127.0.0.1:9" == host_of(found)
    assert {"concurrency": 1} == in_pieces("gs://bucket", putting=False)


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        (
            {"AZURE_STORAGE_CONNECTION_STRING": f"AccountName=us;AccountKey={KEY};EndpointSuffix=core.windows.net"},
            "https://us.blob.core.windows.net/",
        ),
        ({"AZURE_STORAGE_ACCOUNT_NAME": "us", "AZURE_STORAGE_ACCOUNT_KEY": KEY}, "https://us.blob.core.windows.net/"),
        (
            {"AZURE_STORAGE_ACCOUNT_NAME": "us", "AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=x"},
            "https://us.blob.core.windows.net/?sv=1&sig=x",
        ),
    ],
    ids=["connection string", "key", "token"],
)
def test_the_client_of_azure_has_these_time_outs_and_pieces(opened: Any, environment: dict[str, str], url: str) -> None:
    """Whatever it is told in the environment, which it keeps."""
    client = opened("az://container", **environment).service_client

    assert url == client.url
    assert ("us" if "TOKEN" not in str(environment) else None) == getattr(client.credential, "account_name", None)
    assert 0 == client._config.retry_policy.total_retries
    connection = client._config.transport.connection_config
    assert (CONNECT_SECONDS, READ_SECONDS) == (connection.timeout, connection.read_timeout)
    assert {PIECE} == {client._config.max_single_put_size, client._config.max_chunk_get_size}


def test_connections_are_closed_from_another_thread_than_theirs(opened: Any) -> None:
    found = opened("gs://bucket", STORAGE_EMULATOR_HOST="127.0.0.1:9", NO_GCE_CHECK="true")
    asyncio.run_coroutine_threadsafe(found._set_session(), found.loop).result(5)

    closer_of(found)()

    assert found.session.closed


def test_only_densely_tells_what_is_wrong(opened: Any) -> None:
    """Azure's library would write a line for each place where it has looked for credentials in vain."""
    opened("az://container", AZURE_STORAGE_ACCOUNT_NAME="us", AZURE_STORAGE_ACCOUNT_KEY=KEY)

    for name in ("azure.identity.aio", "gcsfs", "google.auth"):
        assert not logging.getLogger(name).isEnabledFor(logging.ERROR)


@pytest.mark.parametrize(("url", "package"), [("gs://bucket", "gcsfs"), ("az://container", "adlfs")])
def test_a_package_of_a_release_that_does_not_suit_is_told(
    monkeypatch: pytest.MonkeyPatch, opened: Any, url: str, package: str
) -> None:
    """Densely builds on the insides of both; it is no outage, for which one would wait."""
    monkeypatch.delattr("gcsfs.core.GCSFileSystem._get_file_concurrent")
    monkeypatch.setattr("fsspec.filesystem", lambda *_, **__: object())
    told = rf"{package} 20\S+ does not suit .*AttributeError.: pip install --upgrade 'densely.{url[:2]}.'"
    with pytest.raises(Unusable, match=told):
        opened(url, STORAGE_EMULATOR_HOST="127.0.0.1:9", NO_GCE_CHECK="true")
