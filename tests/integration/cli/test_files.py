"""Files that `densely` writes: whole or not at all, and never over what it reads."""

import os
import stat
from pathlib import Path

import pytest

from app.cli.files import replacing
from tests.integration.cli.conftest import Densely, one_line

GIVEN = '"superb"\n"a dull mess"\n'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text(GIVEN, encoding="utf-8")
    return path


@pytest.mark.parametrize("way", ["itself", "another path", "symbolic link", "hard link", "standard input"])
def test_the_input_is_never_the_output(densely: Densely, source: Path, tmp_path: Path, way: str) -> None:
    output = source if way in ("itself", "standard input") else tmp_path / "other"
    if way == "another path":
        (tmp_path / "folder").mkdir()
        output = tmp_path / "folder" / ".." / "in.jsonl"
    elif way == "symbolic link":
        output.symlink_to(source)
    elif way == "hard link":
        output.hardlink_to(source)
    with source.open(encoding="utf-8") as given:
        file = "-" if way == "standard input" else str(source)
        done = densely("predict", "sentiment", "--file", file, "--output", str(output), given=given)

    assert (2, True) == (done.returncode, one_line(done.stderr))
    assert f"{output} is the file that is read" in done.stderr
    assert GIVEN == source.read_text(encoding="utf-8")


def test_answers_are_not_appended_to_their_own_questions(densely: Densely, source: Path) -> None:
    with source.open("a", encoding="utf-8") as appended:
        done = densely("predict", "sentiment", "--file", str(source), stdout=appended)

    assert (2, True) == (done.returncode, "standard output is the file that is read" in done.stderr)
    assert GIVEN == source.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b"{\n", "in.jsonl line 703: not JSON"),
        (b'{"txt": 1}\n', "in.jsonl line 703: text: Field required"),
        (b'"\xff"\n', "in.jsonl: is not UTF-8 text"),
    ],
)
def test_an_output_stays_as_it_was_when_something_goes_wrong(
    densely: Densely, source: Path, tmp_path: Path, bad: bytes, told: str
) -> None:
    """Also when the first lines were answered already; nothing is left beside it."""
    source.write_bytes(b'"fine"\n' * 702 + bad)
    kept = tmp_path / "keep.jsonl"
    kept.write_text("of yesterday\n", encoding="utf-8")
    for output in (kept, tmp_path / "new.jsonl"):
        done = densely("predict", "sentiment", "--file", str(source), "--output", str(output))

        assert (1, True) == (done.returncode, one_line(done.stderr))
        assert done.stderr.startswith(told)
    assert "of yesterday\n" == kept.read_text(encoding="utf-8")
    assert {"in.jsonl", "keep.jsonl"} == {path.name for path in tmp_path.iterdir() if path.is_file()}


def test_an_output_is_replaced_with_its_links_and_permissions(densely: Densely, source: Path, tmp_path: Path) -> None:
    kept, link = tmp_path / "keep.jsonl", tmp_path / "link.jsonl"
    kept.write_text("of yesterday\n", encoding="utf-8")
    kept.chmod(0o640)
    link.symlink_to(kept)

    assert 0 == densely("predict", "sentiment", "--file", str(source), "--output", str(link)).returncode
    assert (True, 2) == (link.is_symlink(), len(kept.read_text(encoding="utf-8").splitlines()))
    assert 0o640 == stat.S_IMODE(kept.stat().st_mode)


def test_what_is_no_regular_file_is_written_as_it_is(densely: Densely, source: Path) -> None:
    done = densely("predict", "sentiment", "--file", str(source), "--output", "/dev/stdout")

    assert (0, 2) == (done.returncode, len(done.stdout.splitlines()))
    assert 0 == densely("predict", "sentiment", "--file", str(source), "--output", os.devnull).returncode
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("output", ["no/such/folder/out.jsonl", "."])
def test_an_output_that_cannot_be_written_is_named(densely: Densely, source: Path, output: str) -> None:
    done = densely("predict", "sentiment", "--file", str(source), "--output", output)

    assert (1, True) == (done.returncode, one_line(done.stderr))
    assert done.stderr.startswith(f"{output}: ")


def test_an_output_without_a_file_is_wrong_usage(densely: Densely, tmp_path: Path) -> None:
    done = densely("predict", "sentiment", "superb", "--output", str(tmp_path / "out"))

    assert (2, "--output goes with --file" in done.stderr) == (done.returncode, True)


def test_a_private_file_is_private_while_it_is_written(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.touch(mode=0o600)
    with replacing(target) as made:
        made.write(b"secret")
        (part,) = (each for each in tmp_path.iterdir() if each != target)
        assert 0o600 == stat.S_IMODE(part.stat().st_mode)

    assert b"secret" == target.read_bytes()
    assert [target] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["circle", "n" * 245])
def test_odd_names_are_no_trouble(densely: Densely, source: Path, tmp_path: Path, name: str) -> None:
    """A link that leads to itself cannot be written; as long a name as the system takes can be."""
    output = tmp_path / name
    if name == "circle":
        output.symlink_to(output)
    done = densely("predict", "sentiment", "--file", str(source), "--output", str(output))

    if name == "circle":
        assert (1, True) == (done.returncode, one_line(done.stderr))
        assert str(output) in done.stderr
    else:
        assert 0 == done.returncode, done.stderr
        assert 2 == len(output.read_text(encoding="utf-8").splitlines())
