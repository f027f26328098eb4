"""What is kept of the store on this machine, and what of it goes."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.errors import StoreAway
from app.storage.kept import TRIM_SECONDS, Kept, Place

MODELS, UPLOADS = "models", "uploads"
MINUTE = 61.0


class Clock:
    """Of the wall, set by hand."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(tmp_path: Path, clock: Clock) -> Kept:
    return kept_of(tmp_path, clock)


def whole(_: str) -> int:
    """Of a store that has everything."""
    return 1_000


def kept_of(
    folder: Path,
    clock: Clock,
    url: str = "s3://bucket",
    stored: Callable[[str], int] = whole,
    monotonic: Callable[[], float] = time.monotonic,
) -> Kept:
    places = {
        MODELS: Place(folder / "m", lambda name: (folder / "m").joinpath(*name.split(".", 1)), stored, ".staging/"),
        UPLOADS: Place(folder / "u", lambda name: folder / "u" / name, stored, ".staging-"),
    }
    return Kept(url, 100, places, clock, monotonic)


def add_model(folder: Path, name: str) -> Path:
    path = (folder / "m").joinpath(*name.split(".", 1))
    path.mkdir(parents=True)
    (path / "weights").write_bytes(b"x")
    return path


def add_upload(folder: Path, name: str) -> Path:
    path = folder / "u" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_the_longest_unused_goes_first_whatever_it_is(kept: Kept, clock: Clock, tmp_path: Path) -> None:
    first, second, third = add_model(tmp_path, "t.m-1"), add_upload(tmp_path, "d-2"), add_model(tmp_path, "t.m-3")
    for place, name in ((MODELS, "t.m-1"), (UPLOADS, "d-2"), (MODELS, "t.m-3")):
        kept.mark(place, name, 50)
        clock.now += 1
    clock.now += MINUTE
    kept.use(MODELS, "t.m-1")
    clock.now += MINUTE

    kept.trim()

    assert (True, False, True) == (first.exists(), second.exists(), third.exists())
    assert not kept.knows(UPLOADS, "d-2")
    assert [] == [path for path in (tmp_path / "u").iterdir() if path.is_file()]


def test_what_is_used_just_now_stays_beyond_the_limit(kept: Kept, tmp_path: Path) -> None:
    path = add_model(tmp_path, "t.m-1")
    kept.mark(MODELS, "t.m-1", 1_000)

    kept.trim()

    assert path.exists()


def test_what_is_not_known_to_be_in_the_store_stays(kept: Kept, clock: Clock, tmp_path: Path) -> None:
    """Neither without a mark, nor with one of another store, nor what comes with Densely."""
    unknown, others, pinned = (add_model(tmp_path, f"t.m-{number}") for number in range(3))
    kept_of(tmp_path, clock, "s3://another").mark(MODELS, "t.m-1", 1_000)
    kept.mark(MODELS, "t.m-2", 1_000, pinned=True)
    clock.now += MINUTE

    kept.trim()

    assert all(path.exists() for path in (unknown, others, pinned))
    assert [False, False, True] == [kept.knows(MODELS, f"t.m-{number}") for number in range(3)]


def test_what_the_store_has_lost_stays_here(clock: Clock, tmp_path: Path) -> None:
    """A bucket that was made anew has none of what the marks say; half of a thing is not the thing."""
    there = {"t.m-0": 0, "t.m-1": 79, "t.m-2": 80}
    paths = [add_model(tmp_path, name) for name in there]
    kept = kept_of(tmp_path, clock, stored=lambda name: there[name])
    for name in there:
        kept.mark(MODELS, name, 80)
        clock.now += 1
    clock.now += MINUTE

    kept.trim()

    assert [True, True, False] == [path.exists() for path in paths]
    assert not kept.knows(MODELS, "t.m-0")


def test_nothing_is_evicted_while_the_store_does_not_say(clock: Clock, tmp_path: Path) -> None:
    def away(_: str) -> int:
        raise StoreAway

    path, kept = add_model(tmp_path, "t.m-1"), kept_of(tmp_path, clock, stored=away)
    kept.mark(MODELS, "t.m-1", 1_000)
    clock.now += MINUTE

    kept.trim()

    assert (True, True) == (path.exists(), kept.knows(MODELS, "t.m-1"))


def test_that_the_store_does_not_say_is_told_once(clock: Clock, tmp_path: Path) -> None:
    answers: Iterator[int | None] = iter([None, None, 0, None])

    def stored(_: str) -> int:
        if (size := next(answers)) is None:
            raise StoreAway
        return size

    kept = kept_of(tmp_path, clock, stored=stored)
    told = []
    for _ in range(4):
        kept.mark(MODELS, "t.m-1", 1_000)
        clock.now += MINUTE
        with capture_logs() as lines:
            kept.trim()
        told.append([line["event"] for line in lines])

    assert [["store.not_evicted"], [], ["store.lost"], ["store.not_evicted"]] == told


def test_whoever_adds_something_waits_a_second_for_thousands_that_could_go(clock: Clock, tmp_path: Path) -> None:
    """What is too much still goes when the next thing comes."""
    timer = Clock()

    def stored(_: str) -> int:
        timer.now += TRIM_SECONDS * 0.4
        return 1_000

    kept = kept_of(tmp_path, clock, stored=stored, monotonic=timer)
    paths = [add_model(tmp_path, f"t.m-{number}") for number in range(7)]
    for path in paths:
        kept.mark(MODELS, f"t.{path.name}", 101)
        clock.now += 1
    clock.now += MINUTE
    left = []
    for _ in range(3):
        kept.trim()
        left.append(sum(path.exists() for path in paths))

    assert [4, 1, 0] == left
