"""Files of rows, and deletes: what both clients send, and what they make of the answers."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from densely_client import errors
from tests.integration.client.conftest import Connect
from tests.support import found
from tests.support.scripted import ScriptedServer, answer, problem

CSV = b"Message,team\nHello,sales\n"


def test_a_task_is_made_of_a_file(connect: Connect, tmp_path: Path, run_body: dict[str, Any]) -> None:
    """Its fields and the file go as a form; the answer has the task, its dataset, and the run to follow."""
    file = tmp_path / "tickets é.csv"
    file.write_bytes(CSV)
    with ScriptedServer([answer(201, {**found.CREATED, "run": run_body})]) as server:
        made = connect(server.url).tasks.create(
            "tickets", file, title="Tickets", answer={"kind": "one_of", "column": "team"}, mapping={"text": "Message"}
        )

    (asked,) = server.asked
    form = asked.form
    assert ("POST", "/tasks") == (asked.method, asked.path)
    assert ["task", "mapping", "train", "file"] == list(form)
    expected = {"name": "tickets", "title": "Tickets", "answer": {"kind": "one_of", "column": "team"}}
    assert expected == json.loads(form["task"][1])
    assert {"text": "Message"} == json.loads(form["mapping"][1])
    assert b"true" == form["train"][1]
    assert ("tickets é.csv", CSV) == form["file"]
    assert int(asked.headers["content-length"]) == len(asked.body)
    assert "tickets" == made.task.name
    assert ("tickets", 5_000, 7) == (made.dataset.name, made.dataset.rows, made.dataset.findings.faults[0].line)
    assert run_body["id"] == made.run.id


def test_a_task_without_a_file_is_json(connect: Connect) -> None:
    with ScriptedServer([answer(201, found.TASK)]) as server:
        made = connect(server.url).tasks.create("tickets", kind={"kind": "image", "size": 32})

    assert {"name": "tickets", "kind": {"kind": "image", "size": 32}} == server.asked[0].body
    assert ("tickets", None, None) == (made.task.name, made.dataset, made.run)


def pipe() -> Any:
    """A file that cannot be measured, nor read twice."""
    reading, writing = os.pipe()
    os.write(writing, CSV)
    os.close(writing)
    return os.fdopen(reading, "rb")


def begun() -> io.BytesIO:
    """A file of which something was read already."""
    file = io.BytesIO(b"xx" + CSV)
    file.seek(2)
    return file


@pytest.mark.parametrize("make", [lambda: CSV, lambda: bytearray(CSV), lambda: io.BytesIO(CSV), begun, pipe])
def test_a_file_may_be_bytes_or_an_open_file(connect: Connect, make: Any) -> None:
    file = make()
    with ScriptedServer([answer(201, found.DETAIL)]) as server:
        made = connect(server.url).datasets.upload("tickets", file, task="tickets", filename="/tmp/rows.csv")
    getattr(file, "close", lambda: None)()  # the client closes what it has opened

    assert 1 == made.version
    form = server.asked[0].form
    assert {"task": b"tickets", "name": b"tickets", "file": CSV} == {name: part for name, (_, part) in form.items()}
    assert "rows.csv" == form["file"][0]


def test_progress_is_told_in_bytes(connect: Connect) -> None:
    told: list[tuple[int, int | None]] = []
    content = bytes(150_000)
    with ScriptedServer([answer(201, found.DETAIL)]) as server:
        connect(server.url).datasets.append("tickets", content, progress=lambda *given: told.append(given))

    assert [(65_536, 150_000), (131_072, 150_000), (150_000, 150_000)] == told
    assert "/datasets/tickets/rows" == server.asked[0].path


@pytest.mark.parametrize("given", [io.StringIO("text"), 3, None, ["row"]])
def test_what_is_no_file_is_refused_before_anything_is_sent(connect: Connect, given: Any) -> None:
    with pytest.raises(errors.InvalidArgument, match="must be a path, bytes or a file opened in binary mode") as caught:
        connect("http://127.0.0.1:9").datasets.upload("tickets", given, task="tickets")

    assert ["file"] == [each.field for each in caught.value.errors]


def test_a_file_that_is_not_there_is_an_error_of_the_system(connect: Connect, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        connect("http://127.0.0.1:9").tasks.create("tickets", tmp_path / "none.csv")


def test_rows_at_fault_are_told_with_line_and_column(connect: Connect) -> None:
    faults = [{"field": "team", "message": "is empty", "line": 7}, {"field": "message", "message": "is no text"}]
    body = {"type": "urn:densely:problem:invalid-input", "title": "", "detail": "2 rows are at fault", "errors": faults}
    refusing = ScriptedServer([answer(422, body, "application/problem+json")])
    with refusing, pytest.raises(errors.InvalidInput, match="2 rows are at fault") as caught:
        connect(refusing.url).tasks.create("tickets", CSV)

    assert [("team", "is empty", 7), ("message", "is no text", None)] == [
        (each.field, each.message, each.line) for each in caught.value.errors
    ]


def test_an_upload_is_sent_once(connect: Connect) -> None:
    """Nobody knows what the service did with the first one."""
    with ScriptedServer([problem(503, "overloaded", Retry_After="0")]) as server, pytest.raises(errors.Overloaded):
        connect(server.url).datasets.append("tickets", CSV)

    assert 1 == len(server.asked)


def test_a_file_is_only_looked_at(connect: Connect) -> None:
    with ScriptedServer([answer(200, found.LOOK)]) as server:
        densely = connect(server.url)
        looks = [densely.tasks.look("tickets", CSV), densely.datasets.look("tickets", CSV, task="tickets")]

    assert [b"true", b"true"] == [asked.form["dry_run"][1] for asked in server.asked]
    assert [5_000, 5_000] == [look.findings.rows for look in looks]
    assert ["billing", "sales"] == looks[0].answer.labels


def test_datasets_are_listed_and_their_rows_page_by_page(connect: Connect) -> None:
    row = {"split": "test", "input": {"message": "x"}, "answer": "sales", "prediction": {"label": "billing"}}
    rows = [{**row, "row": number, "wrong": True} for number in range(700)]
    pages = [{"items": rows[:500], "next": 500}, {"items": rows[500:], "next": None}]
    with ScriptedServer([answer(200, page) for page in pages]) as server:
        told = connect(server.url).datasets.rows("tickets", "test", model="active", wrong=True, limit=800)

    assert list(range(700)) == [each.row for each in told]
    assert {"label": "billing"} == told[0].prediction
    assert "/datasets/tickets/rows?limit=500&split=test&model=active&wrong=true" == server.asked[0].path
    assert "/datasets/tickets/rows?limit=300&cursor=500&split=test&model=active&wrong=true" == server.asked[1].path


def test_what_is_deleted_answers_nothing(connect: Connect) -> None:
    with ScriptedServer([answer(204, b"")]) as server:
        densely = connect(server.url)
        densely.tasks.delete("tickets", models=True)
        densely.datasets.delete("tickets", 2)
        densely.models.delete("m-1")
        densely.runs.delete("r-1")

    assert [
        ("DELETE", "/tasks/tickets?models=true&datasets=false"),
        ("DELETE", "/datasets/tickets?version=2"),
        ("DELETE", "/models/m-1"),
        ("DELETE", "/runs/r-1"),
    ] == [(asked.method, asked.path) for asked in server.asked]


def test_what_is_shown_of_a_task_is_changed(connect: Connect) -> None:
    with ScriptedServer([answer(200, found.TASK)]) as server:
        connect(server.url).tasks.update("tickets", title="T", label_names={"sales": "Sales"})

    assert ("PATCH", {"title": "T", "label_names": {"sales": "Sales"}}) == (
        server.asked[0].method,
        server.asked[0].body,
    )


def test_a_rating_has_its_bounds(connect: Connect) -> None:
    rating = {"kind": "rating", "title": "Stars", "unit": "", "column": "stars", "from": 1, "to": 5}
    with ScriptedServer([answer(200, {**found.TASK, "answer": rating})]) as server:
        told = connect(server.url).tasks.get("tickets").answer

    assert (1, 5) == (told.least, told.greatest)
    assert rating == told.model_dump(mode="json", by_alias=True, exclude_unset=True)
