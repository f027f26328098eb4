"""Objects in a real server of S3, and in a folder; and a network before it that fails."""

import importlib.util
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from app.cli.stores import opened
from app.errors import StoreAway, Unusable
from app.storage import filesystems
from app.storage.objects import AWAY_SECONDS, ObjectStore
from app.storage.remote import open_remote
from app.storage.watch import StoreWatch
from tests.support.clock import FakeClock
from tests.support.s3 import S3, Fault, free_port
from tests.support.server import settings_in


@pytest.fixture
def counted() -> list[tuple[str, str, int]]:
    return []


@pytest.fixture
def objects(s3: S3, counted: list[tuple[str, str, int]]) -> Iterator[ObjectStore]:
    store = ObjectStore(s3.url, lambda *told: counted.append(told), sleep=lambda _: None)
    yield store
    store.close()


def file_of(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", ["s3", "file"])
def test_an_object_comes_back_as_it_went(s3: S3, tmp_path: Path, kind: str) -> None:
    (tmp_path / "root").mkdir()
    objects = ObjectStore(s3.url if kind == "s3" else f"file://{tmp_path}/root")
    content = bytes(range(256)) * 2**16  # 16 MiB: in several pieces
    try:
        objects.put(file_of(tmp_path, b"first"), "models/t/m-1/a")
        objects.put(file_of(tmp_path, content), "models/t/m-1/a")
        objects.put(file_of(tmp_path, b""), "uploads/d-1.parquet")
        found = {each.name: each.bytes for each in objects.below("models")}

        assert objects.get("models/t/m-1/a", tmp_path / "back")
        assert content == (tmp_path / "back").read_bytes()
        assert {"models/t/m-1/a": len(content)} == found
        assert all(each.modified > 1.7e9 for each in objects.below("uploads"))
        assert not objects.get("models/t/m-1/b", tmp_path / "none")
        assert [] == objects.below("nothing")
        objects.delete("models/t/m-1/a")
        objects.delete("models/t/m-1/a")
        assert [] == objects.below("models")
        assert ["back", "file", "root"] == sorted(path.name for path in tmp_path.iterdir())
    finally:
        objects.close()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503, code="SlowDown", times=2),
        Fault(status=500, code="InternalError", times=2),
        Fault(status=429, times=2),
        Fault(drop=True, times=2),
        Fault(keep=20, method="GET", times=2),
    ],
    ids=["slow down", "500", "429", "dropped", "truncated"],
)
def test_what_fails_twice_is_tried_again(
    objects: ObjectStore, s3: S3, tmp_path: Path, counted: list[tuple[str, str, int]], fault: Fault
) -> None:
    s3.put("models/a", b"x" * 1_000)
    s3.faults.append(fault)

    assert objects.get("models/a", tmp_path / "a")
    assert 1_000 == (tmp_path / "a").stat().st_size
    assert ("get", "away", 0) == counted[0]  # a broken connection is met by the library's own second try, too
    assert ("get", "ok", 1_000) == counted[-1]


def test_the_log_tells_once_that_a_store_goes_and_that_it_is_back(s3: S3, tmp_path: Path) -> None:
    """However often it is asked meanwhile; of what it refuses, once for each operation."""
    clock = FakeClock()
    store = ObjectStore(s3.url, monotonic=clock.monotonic, sleep=lambda _: None)
    file = file_of(tmp_path, b"x")
    with capture_logs() as lines:
        s3.faults.append(Fault(status=503, code="SlowDown"))
        for _ in range(3):
            with pytest.raises(StoreAway):
                store.get("a", tmp_path / "a")
            assert not store.health.gives
            clock.advance(AWAY_SECONDS + 1)
        s3.faults[:] = [Fault(method="PUT", status=403, code="AccessDenied")]
        assert not store.get("a", tmp_path / "a")
        for _ in range(2):
            with pytest.raises(Unusable):
                store.put(file, "a")
        assert store.health.gives
        s3.faults.clear()
        store.put(file, "a")
    store.close()

    told = [(line["event"], line.get("operation"), line.get("seconds")) for line in lines]
    away = [("store.away", None, None), ("store.back", None, 12.0)]
    assert [*away, ("store.unusable", "put", None), ("store.usable", "put", 0.0)] == told


def test_a_store_that_is_not_there_is_told_with_its_host_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3: S3
) -> None:
    """As a command meets it, which prints nothing else, and does not wait for it."""
    del s3
    port = free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setattr("app.storage.objects.PAUSES", (0.0,))
    found = settings_in(tmp_path).model_copy(update={"store_url": "s3://bucket/densely"})
    told = (
        rf"the object store s3://bucket/densely at 127.0.0.1:{port} does not answer .*: start it, or correct DENSELY_"
    )
    with capture_logs() as lines, pytest.raises(StoreAway, match=told), opened(found):
        pass

    assert [] == lines


@pytest.mark.parametrize("fault", [Fault(status=503, code="SlowDown"), Fault(status=403, code="AccessDenied")])
def test_whoever_watches_a_store_learns_that_it_is_back(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr("app.storage.watch.ASK_EVERY", 0.02)
    monkeypatch.setattr("app.storage.objects.PAUSES", (0.0,))
    monkeypatch.setattr("app.storage.objects.AWAY_SECONDS", 0.02)
    remote = open_remote(s3.url, tmp_path, tmp_path, 100)
    assert remote
    watch = StoreWatch(remote)
    watch.start()
    assert watch.is_there
    for is_there in (False, True):
        s3.faults[:] = [] if is_there else [fault]
        end = time.monotonic() + 5
        while watch.is_there != is_there:
            assert time.monotonic() < end
            time.sleep(0.01)
    watch.close()
    remote.close()


def test_a_store_that_stalls_is_given_up_after_its_time_out(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = {**filesystems._OPTIONS["s3"], "config_kwargs": {"read_timeout": 0.3, "retries": {"max_attempts": 0}}}
    monkeypatch.setitem(filesystems._OPTIONS, "s3", short)
    s3.faults.append(Fault(stall=1.5))
    store = ObjectStore(s3.url, sleep=lambda _: None)
    try:
        with pytest.raises(StoreAway, match="does not answer"):
            store.put(file_of(tmp_path, b"x"), "a")
        requests = len(s3.seen)
        with pytest.raises(StoreAway, match="does not answer"):  # the next one does not wait for the same again
            store.below("models")
        assert requests == len(s3.seen)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "AccessDenied", "refuses .AccessDenied.: give this service the right"),
        (403, "QuotaExceeded", "is full .QuotaExceeded.: make room there"),
        (507, "XMinioStorageFull", "is full"),
        (404, "NoSuchBucket", "has no such bucket"),
        (403, "InvalidAccessKeyId", "does not know this service"),
    ],
)
def test_what_somebody_has_to_mend_is_told_at_once_in_one_line(
    objects: ObjectStore, s3: S3, tmp_path: Path, status: int, code: str, told: str
) -> None:
    s3.faults.append(Fault(status=status, code=code))

    for ask in (lambda: objects.put(file_of(tmp_path, b"x"), "a"), lambda: objects.below("models")):
        with pytest.raises(Unusable, match=told) as caught:
            ask()
        assert "\n" not in caught.value.message
        assert not re.search(r"testing|127\.0\.0\.1|densely/", caught.value.message)
    assert 2 == len(s3.seen)


def test_nobody_answers(tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    store = ObjectStore(s3.url, sleep=lambda _: None)
    try:
        with pytest.raises(StoreAway, match="EndpointConnectionError"):
            store.get("a", tmp_path / "a")
    finally:
        store.close()


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """It may be a network disk that is not mounted: files would go to the disk below it."""
    store = ObjectStore(f"file://{tmp_path}/gone")

    with pytest.raises(Unusable, match="no such folder"):
        store.put(file_of(tmp_path, b"x"), "a")
    assert not (tmp_path / "gone").exists()


def test_a_full_disk_here_is_not_the_stores_fault(s3: S3, objects: ObjectStore, small_disk: Path) -> None:
    s3.put("a", bytes(2**21))

    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(Unusable, match="the cache of the object store cannot be written: No space left"):
                objects.get("a", small_disk / "a")
            assert objects.health.gives
    with pytest.raises(Unusable, match="cannot be written: No such file"):
        objects.get("a", small_disk / "gone" / "a")
    assert objects.health.gives
    assert [] == lines
    assert [] == list(small_disk.iterdir())


def test_threads_share_a_store(objects: ObjectStore, s3: S3, tmp_path: Path) -> None:
    s3.put("a", b"x" * 1_000)
    got: list[bool] = []

    def work(number: int) -> None:
        got.append(objects.get("a", tmp_path / str(number)))

    threads = [Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [True] * 8 == got


@pytest.mark.parametrize("scheme", ["gs", "az"])
def test_a_missing_extra_is_named(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(Unusable, match=rf"pip install 'densely\[{scheme}\]'"):
        filesystems.check_installed(f"{scheme}://bucket")


def test_what_is_under_way_ends_when_a_process_closes_its_connections(
    objects: ObjectStore, s3: S3, tmp_path: Path
) -> None:
    """Else its thread would wait for hours, and the process for its thread."""
    s3.put("a", b"content")
    asked, mended = Event(), Event()

    def stall() -> None:
        asked.set()
        mended.wait(10)

    s3.faults.append(Fault(method="GET", before=stall))
    with capture_logs() as lines, ThreadPoolExecutor(1) as threads:
        getting = threads.submit(objects.get, "a", tmp_path / "a")
        assert asked.wait(10)
        objects.close()
        with pytest.raises(StoreAway, match="are closed"):
            getting.result(2)
    mended.set()
    assert [] == lines  # the store has not gone


def test_who_tries_again_opens_no_closed_store(s3: S3, tmp_path: Path) -> None:
    """Nobody would close the connections that it opened then; and who is patient waits for nothing."""
    remote = open_remote(s3.url, tmp_path, tmp_path, 100, patience=60.0)
    assert remote
    remote.objects._sleep = lambda _: remote.close()
    s3.faults.append(Fault(status=503, code="SlowDown"))
    with capture_logs() as lines, pytest.raises(StoreAway, match="are closed"):
        remote.patiently(lambda: remote.objects.get("a", tmp_path / "a"))

    assert 1 == len(s3.seen)
    assert remote.objects._filesystem is None
    assert [] == lines
