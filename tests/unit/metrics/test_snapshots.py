"""Files by which processes see one another's counts."""

import json
import os
from pathlib import Path

import pytest
import structlog

from app.metrics import catalog
from app.metrics.snapshots import STALE_SECONDS, Snapshots, clear
from app.metrics.tally import Sample, Tally, added

NAME, LABELS = catalog.PROBLEMS.name, ("/train", "x")


def process(folder: Path, count: float) -> Snapshots:
    """One that has counted so many."""
    tally = Tally()
    tally.add(catalog.PROBLEMS, LABELS, count)
    return Snapshots(folder, tally)


def total(snapshots: Snapshots) -> float:
    return added(snapshots.collect())[NAME, LABELS][0]


def test_whoever_is_asked_knows_what_all_have_counted(tmp_path: Path) -> None:
    first, second = process(tmp_path / "metrics", 1), process(tmp_path / "metrics", 10)
    first.write()

    assert 11 == total(second)
    assert 11 == total(first)  # asking the second has written its file


def test_what_a_process_that_has_ended_counted_stays_counted(tmp_path: Path) -> None:
    ended = process(tmp_path, 5)
    ended.start()
    ended.close()

    assert 7 == total(process(tmp_path, 2))


def test_a_file_is_written_only_where_it_says_something_new(tmp_path: Path) -> None:
    snapshots = process(tmp_path, 1)
    snapshots.write()
    (path,) = tmp_path.iterdir()
    written = path.stat().st_mtime_ns
    os.utime(path, ns=(0, 0))

    snapshots.write()

    assert written > 0 == path.stat().st_mtime_ns


@pytest.mark.parametrize(
    "content",
    [
        "", "[", "{}", "null", "[1]", "[[1, 2]]", "[[[], 1, 2]]", '[["no_such_metric", [], [1]]]',
        f'[["{NAME}", ["/train"], [1]]]', f'[["{NAME}", ["a", "b"], [1, 2]]]',
    ],
)  # fmt: skip
def test_what_is_in_another_release_or_no_file_of_ours_counts_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "1-a.json").write_text(content, encoding="utf-8")

    assert 2 == total(process(tmp_path, 2))
    assert 1 == len(process(tmp_path, 2).collect()) - 1  # the first one's file and its own


def test_a_folder_that_cannot_be_made_is_told_once_and_its_process_still_counts(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text("a file", encoding="utf-8")
    tally = Tally()
    snapshots = Snapshots(tmp_path / "metrics", tally)

    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            tally.add(catalog.PROBLEMS, LABELS)
            snapshots.write()

        assert 3 == total(snapshots)
    assert ["metrics.not_written"] == [line["event"] for line in logged]


def test_a_start_forgets_what_former_processes_counted(tmp_path: Path) -> None:
    """All of it where nobody else is running, else only of those that have written nothing for long."""
    live, dead = process(tmp_path, 1), process(tmp_path, 10)
    live.write()
    before = set(tmp_path.iterdir())
    dead.write()
    (path,) = set(tmp_path.iterdir()) - before
    at = path.stat().st_mtime - STALE_SECONDS - 1
    os.utime(path, (at, at))
    (tmp_path / "2-b.json.new").write_text("half", encoding="utf-8")

    clear(tmp_path, stale_only=True)
    assert {*before, tmp_path / "2-b.json.new"} == set(tmp_path.iterdir())
    clear(tmp_path, stale_only=False)
    assert set() == set(tmp_path.iterdir())
    clear(tmp_path / "none", stale_only=False)


def test_a_file_holds_nothing_but_names_labels_and_numbers(tmp_path: Path) -> None:
    process(tmp_path, 3).write()

    (path,) = tmp_path.iterdir()
    assert [[NAME, list(LABELS), [3]]] == json.loads(path.read_text(encoding="utf-8"))
    assert Sample(NAME, LABELS, [3]) in process(tmp_path, 1).collect()
