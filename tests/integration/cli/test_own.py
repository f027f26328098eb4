"""`densely tasks …`, `densely datasets …` and the deletes: what they send, show and refuse. The service is a script."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.commands import app
from tests.integration.cli.conftest import Done
from tests.support import found
from tests.support.scripted import ScriptedServer, answer

CSV = "Message,team\nHello,sales\n"
ROW = {"row": 3, "split": "test", "input": {"message": "x" * 300}, "answer": "sales", "wrong": True}
PREDICTED = {"label": "billing", "probability": 0.75}


def densely(server: ScriptedServer, folder: Path, *words: str, given: str = "") -> Done:
    """A command against the script, in this process, with a folder that has the file."""
    (folder / "tickets.csv").write_text(CSV, encoding="utf-8")
    words = tuple(str(folder / word) if word.endswith(".csv") else word for word in words)
    environment = {"DENSELY_URL": server.url, "DENSELY_HOME": str(folder)}
    done = CliRunner().invoke(app, words, input=given, env=environment, prog_name="densely")
    return Done(words, done.exit_code, done.stdout, done.stderr)


def asked_of(folder: Path, *options: str) -> dict[str, Any]:
    """What `tasks create` sends of a task."""
    with ScriptedServer([answer(200, found.LOOK)]) as server:
        done = densely(server, folder, "tasks", "create", "t", "--from", "tickets.csv", "--dry-run", *options)
    assert 0 == done.returncode, done.stderr
    sent: dict[str, Any] = json.loads(server.asked[0].form["task"][1])
    return {name: value for name, value in sent.items() if name != "name"}


@pytest.mark.parametrize(
    ("options", "task"),
    [
        ([], {}),
        (
            ["--text", "a", "--text", "b", "--label", "c"],
            {"kind": {"kind": "text", "columns": ["a", "b"]}, "answer": {"kind": "one_of", "column": "c"}},
        ),
        (
            ["--labels", "tags", "--separator", "|", "--title", "T"],
            {"answer": {"kind": "several_of", "column": "tags", "separator": "|"}, "title": "T"},
        ),
        (
            ["--number", "price", "--unit", "€", "--column", "size", "--role", "zip=category"],
            {
                "kind": {"kind": "table", "columns": ["size"], "roles": {"zip": "category"}},
                "answer": {"kind": "number", "column": "price", "unit": "€"},
            },
        ),
        (
            ["--rating", "stars", "--range", "1-5", "--kind", "text"],
            {"kind": {"kind": "text"}, "answer": {"kind": "rating", "column": "stars", "from": 1.0, "to": 5.0}},
        ),
        (["--rating", "x", "--range", "-1..1"], {"answer": {"kind": "rating", "column": "x", "from": -1.0, "to": 1.0}}),
        (
            ["--image-size", "32", "--rgb", "--scaling", "crop"],
            {"kind": {"kind": "image", "size": 32, "colours": "rgb", "scaling": "crop"}},
        ),
    ],
)
def test_options_say_what_the_task_is(tmp_path: Path, options: list[str], task: dict[str, Any]) -> None:
    assert task == asked_of(tmp_path, *options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--label", "a", "--number", "b"], "--label: not with --number"),
        (["--text", "a", "--column", "b"], "--text: not with --column and --role"),
        (["--kind", "table", "--text", "a"], "--text: not with --kind table"),
        (["--unit", "€"], "--unit goes with --number"),
        (["--rating", "x", "--range", "5-1"], "--range must be LEAST-GREATEST, such as 1-5"),
        (["--rating", "x", "--range", "five"], "--range must be LEAST-GREATEST, such as 1-5"),
        (["--role", "zip"], "--role must be NAME=VALUE"),
        (["--no-train", "--preset", "quick"], "--preset: not with --no-train"),
        (["--image-size", "97"], "Input should be less than or equal to 96"),
    ],
)
def test_options_that_contradict_each_other_are_wrong_usage(tmp_path: Path, options: list[str], told: str) -> None:
    with ScriptedServer([answer(200, found.LOOK)]) as server:
        done = densely(server, tmp_path, "tasks", "create", "t", "--from", "tickets.csv", *options)

    assert (2, "") == (done.returncode, done.stdout)
    assert told in done.stderr
    assert [] == server.asked


def test_a_dry_run_shows_what_was_found(tmp_path: Path) -> None:
    with ScriptedServer([answer(200, found.LOOK)]) as server:
        done = densely(server, tmp_path, "tasks", "create", "tickets", "--from", "tickets.csv", "--dry-run")
        script = densely(server, tmp_path, "tasks", "create", "tickets", "--from", "tickets.csv", "--dry-run", "--json")

    for told in (
        "csv, utf-8, delimiter ',', 612 kB",
        "5,000: 4,000 to train, 1,000 to test, drawn here; 3 are there twice; 2 left out",
        "Message",
        "12 … 230 characters",
        "2026-01-01 … 2026-12-13",
        "2,400",
        "█" * 24,
        "is empty",
        "text; one of 2 labels: billing, sales. Nothing was kept.",
    ):
        assert told in done.stdout, told
    assert "note: few rows of sales\n" == done.stderr
    assert found.LOOK == json.loads(script.stdout)
    assert b"true" == server.asked[0].form["dry_run"][1]
    assert ("tickets.csv", CSV.encode()) == server.asked[0].form["file"]


def test_rows_at_fault_are_listed_and_the_first_line_says_what_it_is(tmp_path: Path) -> None:
    faults = [{"field": field, "message": "is empty", "line": line} for line, field in ((7, "team"), (9, "file"))]
    body = {"type": "urn:densely:problem:invalid-input", "title": "", "detail": "2 of 2 rows", "errors": faults}
    with ScriptedServer([answer(422, body, "application/problem+json")]) as server:
        done = densely(server, tmp_path, "tasks", "create", "tickets", "--from", "tickets.csv")

    assert (1, "") == (done.returncode, done.stdout)
    assert ["2 of 2 rows", "line 7, team: is empty", "line 9: is empty"] == done.stderr.splitlines()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with ScriptedServer([answer(200, found.LOOK)]) as server:
        done = densely(server, tmp_path, "tasks", "create", "tickets", "--from", "/nowhere/x.csv.gz")

    assert (1, "", "/nowhere/x.csv.gz: No such file or directory\n") == (done.returncode, done.stdout, done.stderr)


def test_standard_input_is_a_file_too(tmp_path: Path) -> None:
    with ScriptedServer([answer(201, found.DETAIL)]) as server:
        done = densely(server, tmp_path, "datasets", "append", "tickets", "--from", "-", given=CSV)

    assert 0 == done.returncode, done.stderr
    assert CSV.encode() == server.asked[0].form["file"][1]
    assert "dataset tickets@1 of tickets" in done.stdout


def test_a_task_that_is_not_trained(tmp_path: Path) -> None:
    with ScriptedServer([answer(201, found.CREATED)]) as server:
        done = densely(server, tmp_path, "tasks", "create", "tickets", "--from", "tickets.csv", "--no-train")

    assert 0 == done.returncode, done.stderr
    assert done.stdout.endswith("task tickets, dataset tickets@1\n")
    assert b"false" == server.asked[0].form["train"][1]


def test_a_dataset_is_added_with_its_columns_named(tmp_path: Path) -> None:
    words = ["datasets", "add", "mine", "--from", "tickets.csv", "--task", "sentiment", "--map", "text=Message"]
    with ScriptedServer([answer(201, found.DETAIL)]) as server:
        done = densely(server, tmp_path, *words, "--json")

    assert found.DETAIL == json.loads(done.stdout)
    sent = {name: part for name, (_, part) in server.asked[0].form.items()}
    assert {"mapping": b'{"text":"Message"}', "task": b"sentiment", "name": b"mine", "file": CSV.encode()} == sent


def test_rows_with_what_a_model_makes_of_them(tmp_path: Path) -> None:
    page = {"items": [{**ROW, "prediction": PREDICTED}], "next": None}
    named = {**found.TASK, "label_names": {"sales": "Sales"}}
    with ScriptedServer([answer(200, page), answer(200, found.DETAIL), answer(200, named)]) as server:
        done = densely(server, tmp_path, "datasets", "rows", "tickets", "--model", "2", "--wrong", "--split", "test")

    assert "/datasets/tickets/rows?limit=20&split=test&model=2&wrong=true" == server.asked[0].path
    head, row = done.stdout.splitlines()
    assert ["row", "split", "answer", "predicted", "input"] == head.split()
    assert ["3", "test", "Sales", "billing", "0.750", "wrong", "x" * 98, "…"] == row.split()


def test_wrong_rows_are_those_of_a_model(tmp_path: Path) -> None:
    with ScriptedServer([answer(200, {})]) as server:
        done = densely(server, tmp_path, "datasets", "rows", "tickets", "--wrong")

    assert 2 == done.returncode
    assert "--wrong goes with --model" in done.stderr


@pytest.mark.parametrize("words", [["tasks"], ["tasks", "list"]])
def test_tasks_are_listed(tmp_path: Path, words: list[str]) -> None:
    with ScriptedServer([answer(200, {"items": [found.TASK], "next": None})]) as server:
        done = densely(server, tmp_path, *words)
        assert [found.TASK] == json.loads(densely(server, tmp_path, *words, "--json").stdout)

    assert "tickets  text   one of 2 labels: billing, sales" in done.stdout


def test_a_task_is_shown(tmp_path: Path) -> None:
    with ScriptedServer([answer(200, found.TASK)]) as server:
        done = densely(server, tmp_path, "tasks", "show", "tickets")

    assert "tickets, text: Tickets" in done.stdout
    assert "none yet" in done.stdout
    assert ["message", "string"] == done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize("words", [["datasets"], ["datasets", "list"]])
def test_datasets_are_listed(tmp_path: Path, words: list[str]) -> None:
    listed, tasks = ({"items": [each], "next": None} for each in (found.ENTRY, found.TASK))
    with ScriptedServer([answer(200, listed), answer(200, tasks)]) as server:
        done = densely(server, tmp_path, *words, "--task", "tickets")

    assert "/datasets?limit=50&task=tickets" == server.asked[0].path
    assert ["tickets", "1", "tickets", "4,000", "1,000", "300", "kB"] == done.stdout.splitlines()[1].split()[:7]


def test_a_dataset_is_shown(tmp_path: Path) -> None:
    versions = [found.ENTRY | {"version": 2, "rows": 1}, found.ENTRY]
    answers = [answer(200, found.DETAIL), answer(200, {"items": versions, "next": None})]
    with ScriptedServer(answers) as server:
        done = densely(server, tmp_path, "datasets", "show", "tickets", "--version", "1")

    assert ["/datasets/tickets?version=1", "/datasets/tickets/versions?limit=11"] == [one.path for one in server.asked]
    assert f"2 (1 row), 1 ({found.ENTRY['rows']:,} rows)" in done.stdout
    assert "tickets@1 of tickets" in done.stdout
    assert "ab" * 32 in done.stdout


@pytest.mark.parametrize(
    ("words", "path", "told"),
    [
        (["tasks", "delete", "t"], "/tasks/t?models=false&datasets=false", "t is deleted"),
        (["tasks", "delete", "t", "--models", "--datasets"], "/tasks/t?models=true&datasets=true", "t is deleted"),
        (["datasets", "delete", "d"], "/datasets/d", "d is deleted"),
        (["datasets", "delete", "d", "--version", "2"], "/datasets/d?version=2", "d@2 is deleted"),
        (["models", "delete", "m-1"], "/models/m-1", "m-1 is deleted"),
        (["runs", "delete", "r-1"], "/runs/r-1", "r-1 is deleted"),
    ],
)
def test_what_is_deleted_is_named(tmp_path: Path, words: list[str], path: str, told: str) -> None:
    with ScriptedServer([answer(204, b"")]) as server:
        done = densely(server, tmp_path, *words)
        assert {"deleted": told.split(maxsplit=1)[0]} == json.loads(densely(server, tmp_path, *words, "--json").stdout)

    assert ("DELETE", path) == (server.asked[0].method, server.asked[0].path)
    assert (0, f"{told}\n") == (done.returncode, done.stdout)


def test_what_is_shown_of_a_task_is_changed(tmp_path: Path) -> None:
    words = ["tasks", "update", "t", "--title", "New", "--label-name", "sales=Sales"]
    with ScriptedServer([answer(200, {**found.TASK, "title": "New"})]) as server:
        done = densely(server, tmp_path, *words)
        nothing = densely(server, tmp_path, "tasks", "update", "t")

    assert {"title": "New", "label_names": {"sales": "Sales"}} == server.asked[0].body
    assert "tickets: New\n" == done.stdout
    assert 2 == nothing.returncode
