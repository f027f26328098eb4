"""Log lines and streams when nobody reads them."""

import io
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.processes import CANNOT_START
from app.stdio import Forgiving

OPENS = """
import os, sys
from app import stdio
stdio.settle()
number = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)
print("for the terminal", flush=True)
print("größe \\ud800", file=sys.stderr, flush=True)
os._exit(0 if number > 2 else 1)
"""
PASSES_ON = """
import subprocess, sys
from app import stdio
stdio.settle()
sys.exit(subprocess.call([sys.executable, "-c", "import os; [os.fstat(number) for number in range(3)]"]))
"""
LEAVES = """
import sys
from app import stdio
stdio.settle()
sys.stderr.write("half a line")
sys.exit(0 if stdio.flush() else 1)
"""
DIES = """
from app import processes
from app.errors import Unusable
with processes.as_child():
    raise Unusable
"""
LOGS = """
import os, sys
from app import logs
logs.configure()
for number in range(3):
    logs.get().warning("line", number=number)
os._exit(7)
"""


def run(code: str, *words: str, redirected: str = "", **settings: str) -> subprocess.CompletedProcess[bytes]:
    command = f"exec '{sys.executable}' -c \"$CODE\" {' '.join(words)} {redirected}"
    environment = {**os.environ, "CODE": code, **settings}
    return subprocess.run(["/bin/sh", "-c", command], env=environment, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_no_file_takes_the_place_of_a_closed_stream(tmp_path: Path, closed: str) -> None:
    done = run(OPENS, f"{tmp_path}/file", redirected=closed)

    assert 0 == done.returncode
    assert b"" == (tmp_path / "file").read_bytes()


ALL = ["".join(some) for n in range(1, 4) for some in itertools.combinations(["<&- ", ">&- ", "2>&- "], n)]


@pytest.mark.parametrize("closed", ALL)
def test_children_get_what_takes_the_place_of_a_closed_stream(closed: str) -> None:
    assert 0 == run(PASSES_ON, redirected=closed).returncode


@pytest.mark.parametrize("lost", ["2>&-", "2>/dev/full", ">/dev/full 2>/dev/full"])
def test_a_child_that_cannot_start_says_so_by_its_status_where_it_cannot_in_words(lost: str) -> None:
    assert CANNOT_START == run(DIES, redirected=lost).returncode


def test_no_character_is_one_too_many(tmp_path: Path) -> None:
    done = run(OPENS, f"{tmp_path}/file", PYTHONIOENCODING="ascii")

    assert (0, b"gr\\xf6\\xdfe \\ud800\n") == (done.returncode, done.stderr)


@pytest.mark.parametrize("lost", ["2>&-", "2>/dev/full"])
def test_a_log_that_cannot_be_written_stops_nothing(lost: str) -> None:
    assert (7, b"") == ((done := run(LOGS, redirected=lost)).returncode, done.stderr)


def test_a_log_whose_reader_has_gone_stops_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", LOGS], stderr=write, timeout=60, check=False)
    os.close(write)

    assert 7 == done.returncode


def test_lines_come_through_where_they_can() -> None:
    stream = io.StringIO()
    forgiving = Forgiving(stream)
    forgiving.write("a line\n")
    stream.close()
    forgiving.write("another\n")
    forgiving.flush()
    Forgiving(None).write("x")


def test_what_is_left_of_the_log_on_a_full_disk_is_no_error() -> None:
    assert 0 == run(LEAVES, redirected="2>/dev/full").returncode
