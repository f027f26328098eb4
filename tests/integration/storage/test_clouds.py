"""`gs://` and `az://`: Google's and Azure's object storage, as servers beside this process speak it, and by script."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.identity import CredentialUnavailableError
from google.auth.credentials import Credentials
from google.auth.exceptions import RefreshError, TransportError

from app.artifacts.cached import artifact_store
from app.artifacts.store import WEIGHTS
from app.errors import ArtifactInvalid, StoreAway, Unusable
from app.storage import filesystems
from app.storage.filesystems import open_filesystem
from app.storage.objects import ObjectStore
from app.storage.remote import Remote, open_remote
from tests.support import clouds
from tests.support.artifacts import publish_artifact
from tests.support.clouds import ACCOUNT, Cloud, environment
from tests.support.scripted import Respond, ScriptedServer, answer

# gcsfs hands pieces to aiohttp as bytes, which it says of those above 1 MiB
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")

KINDS = ("gs", "az")


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(request.param, tmp_path_factory.mktemp(request.param))
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture
def cloud(server: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A server that this process finds."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server


def remote_of(url: str, folder: Path, patience: float = 0.0) -> Remote:
    remote = open_remote(url, folder / "models", folder / "uploads", 100, patience)
    assert remote
    return remote


def file_of(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


def test_an_object_comes_back_as_it_went(cloud: Cloud, tmp_path: Path) -> None:
    objects = ObjectStore(cloud.bucket("objects"))
    content = bytes(range(256)) * 5 * 2**14  # 20 MiB: in several pieces
    try:
        objects.put(file_of(tmp_path, b"first"), "models/t/m-1/a")
        objects.put(file_of(tmp_path, content), "models/t/m-1/a")
        objects.put(file_of(tmp_path, b""), "uploads/d-1.parquet")
        objects.put(file_of(tmp_path, b"x"), "models-of-others/a")
        found = {each.name: each.bytes for each in objects.below("models")}

        assert objects.get("models/t/m-1/a", tmp_path / "back")
        assert content == (tmp_path / "back").read_bytes()
        assert {"models/t/m-1/a": len(content)} == found
        assert all(abs(each.modified - time.time()) < 60 for each in objects.below("uploads"))
        assert content[-8:] == objects.tail("models/t/m-1/a", len(content) - 8)
        assert b"" == objects.tail("uploads/d-1.parquet", 0)
        assert len(content) == objects.size("models/t/m-1/a")
        assert objects.size("models/t/m-1/b") is None
        assert objects.read("models/t/m-1/b") is None
        assert not objects.get("models/t/m-1/b", tmp_path / "none")
        assert [] == objects.below("nothing")
        objects.delete("models/t/m-1/a")
        objects.delete("models/t/m-1/a")
        assert [] == objects.below("models")
        assert ["back", "file"] == sorted(path.name for path in tmp_path.iterdir())
    finally:
        objects.close()


def test_making_a_bucket_leaves_no_connection_open(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    found = open_filesystem(f"{cloud.kind}://made")
    monkeypatch.setattr(clouds, "open_filesystem", lambda _: found)
    cloud.bucket("made")

    transport = found.session if cloud.kind == "gs" else found.service_client._client._client._pipeline._transport
    assert transport.closed if cloud.kind == "gs" else transport.session is None


def test_a_model_is_published_here_and_opened_there(cloud: Cloud, tmp_path: Path) -> None:
    url = cloud.bucket("models")
    remotes = [remote_of(url, tmp_path / name) for name in ("one", "two", "three")]
    here, there, third = (artifact_store(tmp_path / name / "models", each) for name, each in
                          zip(("one", "two", "three"), remotes, strict=True))  # fmt: skip
    made = publish_artifact(here, "housing")

    assert [("housing", made.id)] == list(there.published())
    assert there.open("housing", made.id).weights
    (there.path("housing", made.id) / WEIGHTS).write_bytes(b"x")
    there.verify("housing", made.id)  # fetched anew
    remotes[0].objects.put(file_of(tmp_path, b"x"), f"models/housing/{made.id}/{WEIGHTS}")
    with pytest.raises(ArtifactInvalid, match="does not have its checksum"):
        third.open("housing", made.id)
    here.remove(here.path("housing", made.id))
    assert [] == list(there.published())
    assert [] == remotes[0].objects.below("models")
    for each in remotes:
        each.close()


def test_a_bucket_that_is_missing_is_told_whatever_is_asked(cloud: Cloud, tmp_path: Path) -> None:
    """Of Google's, an object that is missing looks the same; and adlfs takes its container for an empty one."""
    objects = ObjectStore(f"{cloud.kind}://missing/densely")
    for ask in (
        lambda: objects.ask("identity"),
        lambda: objects.put(file_of(tmp_path, b"x"), "a"),
        lambda: objects.put(file_of(tmp_path, bytes(9 * 2**20)), "a"),
        lambda: objects.below("models"),
    ):
        with pytest.raises(Unusable, match=r"has no such bucket .*: make it, or correct DENSELY_STORE_URL"):
            ask()
    objects.close()


def test_a_server_that_comes_back_is_met_again(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.storage.objects.PAUSES", (0.0, 0.0))
    monkeypatch.setattr("app.storage.objects.AWAY_SECONDS", 0.0)
    objects = ObjectStore(cloud.bucket("away"))
    objects.put(file_of(tmp_path, b"content"), "a")
    cloud.stop()
    host = f"at 127.0.0.1:{cloud.port} does not answer"
    with pytest.raises(StoreAway, match=f"{host} .*: start it, or correct .*, as {next(iter(cloud.environment))}"):
        objects.ask("a")
    cloud.start()

    assert b"content" == objects.read("a")
    objects.close()


class Scripted:
    """A server by script, and a store there."""

    def __init__(self, kind: str, monkeypatch: pytest.MonkeyPatch, *answers: Respond) -> None:
        self.server = ScriptedServer(list(answers))
        self.server.__enter__()
        for name, value in environment(kind, self.server.url).items():
            monkeypatch.setenv(name, value)
        self.objects = ObjectStore(f"{kind}://bucket/densely", sleep=lambda _: None)

    def close(self) -> None:
        self.objects.close()
        self.server.__exit__()


def refused(kind: str, status: int, code: str) -> Respond:
    """As these services answer."""
    if kind == "gs":
        return answer(status, {"error": {"code": status, "message": code}})
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'.encode()
    return answer(status, body, "application/xml", x_ms_error_code=code)


@pytest.mark.parametrize(
    ("kind", "status", "code", "told"),
    [
        ("gs", 403, "x does not have storage.objects.get access", "refuses .Forbidden.: give this service the right"),
        ("gs", 401, "Invalid Credentials", "does not know this service .*, as GOOGLE_APPLICATION_CREDENTIALS"),
        ("gs", 400, "Invalid bucket name", "refuses .HTTP 400.: correct DENSELY_STORE_URL"),
        ("az", 403, "AuthorizationPermissionMismatch", "refuses .*: give this service the right"),
        ("az", 403, "AuthenticationFailed", "does not know this service .*, as AZURE_STORAGE_CONNECTION_STRING"),
        ("az", 404, "ContainerNotFound", "has no such bucket"),
        ("az", 400, "InvalidResourceName", "refuses .*: correct DENSELY_STORE_URL"),
    ],
)
def test_what_somebody_has_to_mend_is_told_at_once_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: Any, tmp_path: Path, kind: str, status: int, code: str, told: str
) -> None:
    """And by nobody else: their libraries have loggers of their own."""
    scripted = Scripted(kind, monkeypatch, refused(kind, status, code))
    objects = scripted.objects
    put, read = (lambda: objects.put(file_of(tmp_path, b"x"), "a"), lambda: objects.read("a"))
    for ask in (put, read, lambda: objects.below("models")):
        with pytest.raises(Unusable, match=told) as caught:
            ask()
        assert "\n" not in caught.value.message
        assert not re.search(rf"{ACCOUNT}|127\.0\.0\.1|densely/", caught.value.message)
    scripted.close()
    lines = capfd.readouterr()
    assert not [line for line in (lines.out + lines.err).splitlines() if "store.unusable" not in line]


class GoogleToken(Credentials):
    """It has to be renewed, and the service that issues it answers the second time."""

    asked = 0

    def refresh(self, _: Any) -> None:
        """As on Google's machines."""
        self.asked += 1
        if self.asked == 1:
            raise RefreshError from TransportError
        self.token = "of nobody"


class AzureToken:
    """The same of Azure's, whose service of tokens stays away."""

    asked = 0

    async def get_token(self, *_: str, **__: Any) -> Any:
        """As on Azure's machines."""
        self.asked += 1
        raise CredentialUnavailableError("no") from ServiceRequestError("no answer")


def test_a_service_of_tokens_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both libraries call it a refusal, which would fail a run for good."""
    google = Scripted("gs", monkeypatch, answer(200, b"content", "application/octet-stream"))
    google.objects._opened().credentials.credentials = GoogleToken()  # type: ignore[no-untyped-call]
    azure = Scripted("az", monkeypatch, answer(200, b"content", "application/octet-stream"))
    filesystem, token = azure.objects._opened(), AzureToken()
    client = type(filesystem.service_client)
    filesystem.service_client = client("https://tests.invalid", credential=token, **filesystems._AZURE)

    assert b"content" == google.objects.read("a")
    with pytest.raises(StoreAway, match="the service that issues tokens for it does not answer"):
        azure.objects.read("a")
    assert (1, 0, 3) == (len(google.server.asked), len(azure.server.asked), token.asked)
    google.close()
    azure.close()


@pytest.mark.parametrize("kind", KINDS)
def test_what_fails_is_tried_as_often_as_densely_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    """Their libraries would try four and six times, with pauses of half a minute in all."""
    scripted = Scripted(kind, monkeypatch, refused(kind, 503, "ServerBusy"))
    asks: list[Callable[[], object]] = [
        lambda: scripted.objects.read("a"),
        lambda: scripted.objects.get("a", tmp_path / "a"),
        lambda: scripted.objects.put(file_of(tmp_path, b"x"), "a"),
        lambda: scripted.objects.delete("a"),
    ]
    for number, ask in enumerate(asks):
        scripted.objects._away_until = 0.0
        with pytest.raises(StoreAway, match="does not answer"):
            ask()
        assert 3 * (number + 1) == len(scripted.server.asked)
    scripted.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_stalls_is_given_up_after_its_time_out(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(filesystems, "READ_SECONDS", 0.2)
    monkeypatch.setitem(filesystems._AZURE, "read_timeout", 0.2)
    scripted = Scripted(kind, monkeypatch, lambda _: time.sleep(1))
    began = time.monotonic()
    with pytest.raises(StoreAway, match=r"does not answer \(\w*Timeout\w*\)"):
        scripted.objects.read("a")
    assert 0.6 <= time.monotonic() - began < 5
    scripted.close()


def test_a_file_is_put_to_azure_in_pieces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One after the other; the library would hold up to 64 MiB at once, and many pieces."""
    scripted = Scripted("az", monkeypatch, answer(201, b"", ETag='"1"'))
    scripted.objects.put(file_of(tmp_path, bytes(20 * 2**20)), "a")
    scripted.close()

    sizes = [int(each.headers["content-length"]) >> 20 for each in scripted.server.asked]
    assert [8, 8, 4, 0] == sizes
