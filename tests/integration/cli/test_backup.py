"""`densely backup` and `densely restore` as processes: what is wrong is one line, and nothing half done stays."""

import json
import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.artifacts.store import ArtifactStore
from app.db import installation
from app.db.engine import Database
from app.folders import LEAST
from app.settings import Settings
from tests.integration.cli.conftest import Done, one_line, start
from tests.support.artifacts import add_model

pytestmark = pytest.mark.sqlite("its backups are files; on PostgreSQL see db/test_backups.py")

MOST = 2 * LEAST  # bytes: room for the probes of what can be written, and not for the database


def densely(*words: str | Path, **settings: str | Path) -> Done:
    """The command where no service runs."""
    process = start(*map(str, words), **{name: str(value) for name, value in settings.items()})
    out, err = process.communicate("", timeout=60)
    return Done(words, process.returncode, out, err)


def limited(*words: str | Path, **settings: Path) -> Done:
    """The same where no file may become larger than `MOST`, as on a disk that fills up."""
    program = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({MOST}, {MOST}))\n"
        "from app.cli import app\n"
        "app(prog_name='densely')"
    )
    environment = {**os.environ, **{name: str(value) for name, value in settings.items()}}
    command = [sys.executable, "-c", program, *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def first(settings: Settings, database: Database, store: ArtifactStore) -> dict[str, Path]:
    """An installation with a model."""
    add_model(database, store, "planar")
    with database.write() as tx:
        installation.put(tx, "of a size", "x" * 2 * MOST)
    database.close()
    return {"DENSELY_HOME": settings.home, "DENSELY_MODELS_DIR": settings.models_dir}


@pytest.fixture
def second(tmp_path: Path) -> dict[str, Path]:
    """A machine where nothing is yet."""
    return {"DENSELY_HOME": tmp_path / "second" / "home", "DENSELY_MODELS_DIR": tmp_path / "second" / "models"}


@pytest.fixture
def file(first: dict[str, Path], tmp_path: Path) -> Path:
    """A backup of it."""
    done = densely("backup", tmp_path / "b.tar", **first)
    assert 0 == done.returncode, done.stderr
    return tmp_path / "b.tar"


def files_in(folder: Path) -> list[str]:
    """What is there, but for the identity of a models folder, which it keeps."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != ".identity"]
    return sorted(str(path.relative_to(folder)) for path in found)


def test_it_is_told_what_was_written_and_put_in_place(
    first: dict[str, Path], second: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "b.tar"
    written = densely("backup", file, **first)
    restored = densely("restore", "--json", file, **second)

    assert (0, "") == (written.returncode, written.stderr)
    assert written.stdout.startswith(f"{file}: the database, 1 model, 0 uploaded datasets; ")
    assert 0o600 == stat.S_IMODE(file.stat().st_mode), "it holds every row"
    assert (0, "") == (restored.returncode, restored.stderr)
    told = json.loads(restored.stdout)
    assert (1, 0, []) == (told["models"], told["datasets"], told["warnings"])
    assert files_in(first["DENSELY_MODELS_DIR"]) == files_in(second["DENSELY_MODELS_DIR"])
    assert ["densely.db"] == files_in(second["DENSELY_HOME"])
    assert 0o600 == stat.S_IMODE((second["DENSELY_HOME"] / "densely.db").stat().st_mode)


def test_one_of_before_stays_until_the_new_one_is_whole(first: dict[str, Path], file: Path) -> None:
    before = file.read_bytes()
    done = limited("backup", file, **first)

    assert (1, "") == (done.returncode, done.stdout)
    assert one_line(done.stderr), done.stderr
    assert before == file.read_bytes()
    assert [file] == list(file.parent.glob("*.tar")) + list(file.parent.glob(".*.part"))
    assert [] == list(first["DENSELY_HOME"].glob(".backup-*"))


def _flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: -file.stat().st_size // 3])


def _emptied(file: Path) -> None:
    file.write_bytes(b"")


def _other(file: Path) -> None:
    file.write_text("something else entirely\n" * 1_000)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("damage", [_flipped, _cut, _emptied, _other, _folder, Path.unlink])
def test_a_file_that_is_no_whole_backup_is_one_line(
    file: Path, second: dict[str, Path], damage: Callable[[Path], object]
) -> None:
    damage(file)

    done = densely("restore", file, **second)

    assert (1, "") == (done.returncode, done.stdout)
    assert one_line(done.stderr), done.stderr
    assert str(file) in done.stderr
    assert not second["DENSELY_HOME"].parent.exists(), "a folder that was made for it"


def test_no_room_for_a_restore_is_one_line_and_leaves_nothing(file: Path, second: dict[str, Path]) -> None:
    """Room for the probe of what can be written, and not for the database."""
    assert file.stat().st_size > MOST
    done = limited("restore", file, **second)

    assert (1, "") == (done.returncode, done.stdout)
    assert one_line(done.stderr), done.stderr
    assert "File too large" in done.stderr
    assert not second["DENSELY_HOME"].parent.exists(), "a folder that was made for it"
    assert 0 == densely("restore", file, **second).returncode


def test_a_restore_that_fails_leaves_folders_of_others_alone(file: Path, second: dict[str, Path]) -> None:
    kept = [second["DENSELY_HOME"], second["DENSELY_MODELS_DIR"] / "planar"]
    for folder in kept:
        folder.mkdir(parents=True)
    _flipped(file)

    assert 1 == densely("restore", file, **second).returncode
    assert sorted([*kept, second["DENSELY_MODELS_DIR"]]) == sorted(second["DENSELY_HOME"].parent.rglob("*"))


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY,
    reason="RLIMIT_FSIZE is set here, which the test sets itself",
)
def test_a_folder_that_is_missing_is_one_line(first: dict[str, Path], tmp_path: Path) -> None:
    done = densely("backup", tmp_path / "nowhere" / "b.tar", **first)

    assert (1, True) == (done.returncode, one_line(done.stderr)), done.stderr
    assert "b.tar: No such file or directory" in done.stderr
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("command", ["backup", "restore"])
@pytest.mark.parametrize("named", ["", "."])
def test_a_folder_is_no_name_of_a_backup(first: dict[str, Path], command: str, named: str) -> None:
    done = densely(command, named, **first)

    assert (1, "", True) == (done.returncode, done.stdout, one_line(done.stderr)), done.stderr
    assert ". is a folder: FILE is the name of a backup, as densely.tar" in done.stderr


def test_a_database_that_is_there_is_never_replaced(file: Path, first: dict[str, Path]) -> None:
    before = (first["DENSELY_HOME"] / "densely.db").read_bytes()

    done = densely("restore", file, **first)

    assert (1, True) == (done.returncode, one_line(done.stderr)), done.stderr
    assert "densely.db is there already" in done.stderr
    assert "move it away" in done.stderr
    assert before == (first["DENSELY_HOME"] / "densely.db").read_bytes()


def test_a_folder_that_cannot_be_made_is_one_line(file: Path, second: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "second").write_text("a file where a folder should be")

    done = densely("restore", file, **second)

    assert (1, True) == (done.returncode, one_line(done.stderr)), done.stderr
    assert "set DENSELY_HOME to another one" in done.stderr


def test_without_a_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    done = densely("backup", tmp_path / "b.tar", DENSELY_HOME=tmp_path / "nowhere")

    assert (1, True) == (done.returncode, one_line(done.stderr)), done.stderr
    assert "there is no database" in done.stderr
    assert not (tmp_path / "nowhere").exists()
    assert not (tmp_path / "b.tar").exists()


def test_a_model_without_its_files_is_told_and_the_rest_is_written(
    first: dict[str, Path], store: ArtifactStore, tmp_path: Path
) -> None:
    shutil.rmtree(store.root / "planar")

    done = densely("backup", "--json", tmp_path / "b.tar", **first)

    assert 0 == done.returncode
    assert done.stderr.startswith("warning: it is without model m-")
    assert (0, 1) == (json.loads(done.stdout)["models"], len(json.loads(done.stdout)["warnings"]))


def test_on_standard_output_there_is_nothing_but_the_backup(
    first: dict[str, Path], second: dict[str, Path], tmp_path: Path
) -> None:
    """As for a program that packs or sends it."""
    file = tmp_path / "b.tar"
    places = {name: str(path) for name, path in first.items()}
    with file.open("wb") as target, start("backup", "/dev/stdout", **places) as process:
        shutil.copyfileobj(process.stdout.buffer, target)
        said = process.stderr.read()

    assert 0 == process.returncode, said
    assert said.startswith("/dev/stdout: the database, 1 model")
    assert file.read_bytes().endswith(b"\0" * 1_024), "the end of a tar archive"
    assert 0 == densely("restore", file, **second).returncode
