"""Trainers' temporary files: a folder each, removed with it; what a killed worker left is swept."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.worker import scratch
from app.worker.scratch import LEFT_SECONDS, Scratch

HOLDS = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from app.worker.scratch import Scratch
print(Scratch().folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_goes_with_all_in_it(temporary: Path) -> None:
    made = Scratch()
    (made.folder / "deep").mkdir()
    (made.folder / "deep" / "__autograph_generated_file.py").touch()
    for _ in range(2):
        made.remove()

    assert [] == list(temporary.iterdir())


def test_sweeping_takes_what_a_killed_worker_left_and_nothing_else(temporary: Path) -> None:
    mine = Scratch()
    (temporary / "somebody-elses").mkdir()
    (temporary / f"{scratch.PREFIX}a-link").symlink_to(temporary / "somebody-elses")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(temporary)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        (theirs / "file").touch()
        scratch.sweep()
        assert theirs.is_dir(), "its worker lives"
        other.kill()
    assert theirs.is_dir()
    scratch.sweep()

    assert not theirs.exists()
    assert mine.folder.is_dir()
    assert (temporary / "somebody-elses").is_dir()
    mine.remove()


def test_what_runs_left_behind_long_ago_is_swept_and_nothing_else(tmp_path: Path) -> None:
    now = 1e9
    for name, age in (("r-old", LEFT_SECONDS + 1), ("r-young", LEFT_SECONDS - 1), ("somebody-elses", 1e8)):
        (tmp_path / name / "deep").mkdir(parents=True)
        os.utime(tmp_path / name, (now - age, now - age))
    scratch.sweep_left(tmp_path, "r-", now)
    scratch.sweep_left(tmp_path / "nowhere", "r-", now)

    assert ["r-young", "somebody-elses"] == sorted(each.name for each in tmp_path.iterdir())
