"""Files, arguments, terminals and streams as they come: taken, or one line and the documented exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli.commands import app as commands
from tests.integration.cli.conftest import Densely, one_line
from tests.support.scripted import ScriptedServer, answer


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of files of every kind."""
    folder = tmp_path / "files"
    folder.mkdir()
    recipe, lines = '{"epochs": 2}', '"fine"\n"a dull mess"\n'
    contents: dict[str, bytes] = {
        "empty": b"", "binary": bytes(range(256)) * 9, "latin1.json": '{"name": "é"}'.encode("latin-1"),
        "mark.json": b"\xef\xbb\xbf" + recipe.encode(), "utf16.json": recipe.encode("utf-16"),
        "utf32.json": recipe.encode("utf-32"), "deep.json": b"[" * 200_000, "nan.json": b'{"epochs": NaN}',
        "mark.jsonl": b"\xef\xbb\xbf" + lines.encode(), "utf16.jsonl": lines.encode("utf-16"),
        "windows.jsonl": lines.replace("\n", "\r\n").encode(), "half.jsonl": b'"\\ud800"\n',
    }  # fmt: skip
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "folder").mkdir()
    return folder


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["train", "planar", "--recipe", "@latin1.json"], 1, "latin1.json: is not UTF-8 text"),
        (["train", "planar", "--recipe", "@binary"], 1, "binary: is not UTF-8 text"),
        (["train", "planar", "--recipe", "@empty"], 2, "--recipe is not JSON"),
        (["train", "planar", "--recipe", "@folder"], 1, "folder: Is a directory"),
        (["train", "planar", "--recipe", "@missing"], 1, "missing: No such file or directory"),
        (["train", "planar", "--recipe", "@deep.json"], 2, "--recipe is not JSON"),
        (["train", "planar", "--recipe", "@nan.json"], 2, "recipe.epochs: must be a finite number; got nan"),
        (["train", "planar", "--recipe", "@/dev/zero"], 1, "/dev/zero: is larger than 16 MiB"),
        (["train", "planar", "--name", "\udcff"], 2, "a text is not Unicode"),
        (["train", "planar", "--key", "é"], 2, "Idempotency-Key: must be printable ASCII characters"),
        (["train", "planar", "--validation", "kfold:" + "9" * 5_000], 2, "--validation must be none, holdout:ROWS"),
        (["runs", "show", "\udcff"], 2, "path: a text is not Unicode"),
        (["runs", "--tag", "\udcff"], 2, "tag: a text is not Unicode"),
        (["predict", "planar", "nan,0"], 2, "point.0: must be a finite number; got nan"),
        (["predict", "planar", "1,inf"], 2, "point.1: must be a finite number; got inf"),
        (["predict", "housing", "CRIM=nan"], 2, "features.CRIM: must be a finite number; got nan"),
        (["predict", "sentiment", "x", "--min-confidence", "nan"], 2, "min_confidence: must be a finite number"),
        (["predict", "sentiment", "x", "--max-novelty", "nan"], 2, "max_novelty: must be a finite number"),
        (["predict", "sentiment", "caf\udce9"], 2, "a text is not Unicode"),
        (["predict", "digits", "[" * 50_000], 1, "INPUT: not JSON"),
        (["predict", "digits", "--image", "/dev/zero"], 2, "/dev/zero is larger than 64 MiB"),
        (["predict", "digits", "--image", "folder"], 1, "folder: Is a directory"),
        (["predict", "sentiment", "--file", "binary"], 1, "binary: is not UTF-8 text"),
        (["predict", "sentiment", "--file", "folder"], 1, "folder: Is a directory"),
        (["predict", "sentiment", "--file", "half.jsonl"], 2, "a text is not Unicode"),
        (["predict", "sentiment", "--file", "deep.json"], 1, "deep.json line 1: not JSON"),
        (["predict", "sentiment", "--file", "mark.jsonl", "-o", "/dev/full"], 1, "/dev/full: No space left on device"),
        (["decode", "planar", "nan"], 2, "values.0: must be a finite number; got nan"),
        (["models", "--url", "http://[::1"], 2, "is no URL of a service"),
        (["models", "--url", "http://h:99999"], 2, "is no URL of a service"),
    ],
)
def test_what_cannot_be_taken_is_one_line(
    client: httpx.Client,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    told: str,
) -> None:
    """In this process: thirty of their own would take as many seconds."""
    monkeypatch.setenv("DENSELY_URL", str(client.base_url))
    monkeypatch.chdir(files)
    with pytest.raises(SystemExit) as ended:
        commands(args=words, prog_name="densely")
    said = capsys.readouterr().err

    assert (code, True) == (ended.value.code, one_line(said)), said
    assert told in said


@pytest.mark.parametrize("name", ["mark.json", "utf16.json", "utf32.json"])
def test_a_recipe_with_a_byte_order_mark_is_read(
    densely: Densely, client: httpx.Client, files: Path, name: str
) -> None:
    done = densely("train", "planar", "--recipe", f"@{files / name}")

    assert 2 == client.get(f"/runs/{done.stdout.strip()}").json()["recipe"]["epochs"]


@pytest.mark.parametrize("name", ["mark.jsonl", "utf16.jsonl", "windows.jsonl"])
def test_lines_with_a_byte_order_mark_are_read(densely: Densely, files: Path, name: str) -> None:
    """From a file and from standard input, whatever the terminal's encoding."""
    told = densely("predict", "sentiment", "--file", str(files / name))
    with (files / name).open() as source:
        piped = densely("predict", "sentiment", "--file", "-", given=source, PYTHONIOENCODING="ascii")

    assert (0, "", 2) == (told.returncode, told.stderr, len(told.stdout.splitlines()))
    assert told.stdout == piped.stdout


ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_a_terminal_without_unicode_gets_what_it_can_show(densely: Densely, run_named: Any) -> None:
    """Text is escaped; JSON stays JSON."""
    for words in (["doctor"], ["runs"], ["--help"], ["runs", "show", run_named.id]):
        done = densely(*words, **ASCII)
        assert done.stdout.isascii()
        assert (True, "") == (done.returncode in (0, 1), done.stderr)
    (run,) = json.loads(densely("runs", "--json", **ASCII).stdout)

    assert run_named.name == run["name"]


def test_what_a_terminal_would_obey_is_not_sent_to_it(densely: Densely, run_named: Any) -> None:
    """Names come from anybody who may train: no colours, no second line, no cleared screen."""
    for words in (["runs", "show", run_named.id], ["runs"]):
        out = densely(*words).stdout

        assert "\x1b" not in out
    assert 1 == sum("größe" in line for line in densely("runs", "show", run_named.id).stdout.splitlines())


@pytest.fixture
def run_named(client: httpx.Client) -> Any:
    """A run whose name holds what tables and terminals do not expect."""
    body = {"task": "planar", "dataset": "moons", "name": "größe 😀\n\x1b[31mred [bold]x[/]"}
    asked = client.post("/train", json=body)
    if asked.status_code == 422:  # the service takes no such name
        asked = client.post("/train", json={**body, "name": "größe 😀 [bold]x[/]"})
    return type("Run", (), asked.raise_for_status().json())


def test_a_reader_that_has_enough_ends_it_quietly(client: httpx.Client, tmp_path: Path) -> None:
    environment = {**os.environ, "DENSELY_URL": str(client.base_url), "DENSELY_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "app.cli", "models", "--json"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        command, env=environment, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    os.close(write)

    assert (1, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_matter(client: httpx.Client, tmp_path: Path, closed: str) -> None:
    """Nothing that is opened later takes a closed stream's place: the file holds the answer alone."""
    environment = {**os.environ, "DENSELY_URL": str(client.base_url), "DENSELY_HOME": str(tmp_path)}
    words = f"'{sys.executable}' -m app.cli models download '{{}}' --output '{tmp_path / 'model.zip'}' {closed}"
    model = client.get("/models?task=planar").json()["items"]
    target = (model or client.get("/models").json()["items"])[0]["id"]
    done = subprocess.run(["/bin/sh", "-c", words.format(target)], env=environment, timeout=60, check=False)

    assert 0 == done.returncode
    assert client.get(f"/models/{target}/archive").content[:2] == (tmp_path / "model.zip").read_bytes()[:2] == b"PK"


def test_a_full_disk_under_standard_output_is_told(densely: Densely) -> None:
    with Path("/dev/full").open("w") as full:
        done = densely("models", "--json", stdout=full)

    assert (1, True) == (done.returncode, one_line(done.stderr)), done.stderr
    assert "No space left on device" in done.stderr


def test_a_mistake_of_ours_is_one_line_too(densely: Densely) -> None:
    """And the whole of it where it is asked for."""
    with ScriptedServer([answer(200, b"\x1f\x8b nonsense", Content_Encoding="gzip")]) as server:
        done = densely("models", "--url", server.url)
        whole = densely("models", "--url", server.url, DENSELY_LOG_LEVEL="debug")

    assert done.returncode in (1, 3)
    assert one_line(done.stderr)
    assert "Traceback" in whole.stderr or one_line(whole.stderr)
