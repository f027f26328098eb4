"""Tasks and datasets of the user's own over HTTP: made, shown, added to, removed; all of it, or nothing."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.settings import Settings
from tests.support import own
from tests.support.artifacts import add_model


def left_in(settings: Settings) -> list[str]:
    """The files of uploads."""
    return sorted(path.name for path in settings.uploads.glob("*")) if settings.uploads.exists() else []


def test_a_file_becomes_a_task_its_dataset_and_its_first_run(client: httpx.Client, settings: Settings) -> None:
    answer = own.create(client, "tickets", own.tickets())

    assert 201 == answer.status_code, answer.text
    made = answer.json()
    assert "/tasks/tickets" == answer.headers["location"]
    assert ("tickets", True, "text") == (made["task"]["name"], made["task"]["own"], made["task"]["kind"])
    assert sorted(own.TEAMS) == sorted(made["task"]["labels"])
    assert ("tickets", 1, 300) == tuple(made["dataset"][key] for key in ("name", "version", "rows"))
    assert ("queued", "tickets@1", "baseline", "if_better") == tuple(
        made["run"][key] for key in ("status", "dataset", "preset", "activate")
    )
    assert made["task"] == client.get("/tasks/tickets").json()
    assert made["dataset"] == client.get("/datasets/tickets").json()
    assert [made["run"]["id"]] == [
        run["id"] for run in client.get("/runs", params={"dataset": "tickets@1"}).json()["items"]
    ]
    assert 1 == len(left_in(settings))
    example = made["task"]["example"]
    assert 503 == client.post("/predict", json={"task": "tickets", **example}).status_code


def test_a_look_keeps_nothing(client: httpx.Client, settings: Settings) -> None:
    answer = own.create(client, "tickets", own.tickets(), dry_run="true")

    assert 200 == answer.status_code, answer.text
    assert {"findings", "kind", "answer"} == set(answer.json())
    assert 300 == answer.json()["findings"]["rows"]
    assert 404 == client.get("/tasks/tickets").status_code
    assert [] == left_in(settings)


def test_a_task_may_come_before_its_rows(client: httpx.Client) -> None:
    asked = {
        "name": "tickets",
        "title": "Which team?",
        "kind": {"kind": "text", "columns": ["message"]},
        "answer": {"kind": "one_of", "column": "team"},
    }
    answer = client.post("/tasks", json=asked)
    assert 201 == answer.status_code, answer.text
    assert ("Which team?", [], []) == tuple(answer.json()[key] for key in ("title", "labels", "datasets"))
    refused = client.post("/train", json={"task": "tickets"})
    assert (422, "dataset") == (refused.status_code, refused.json()["errors"][0]["field"])

    answer = client.post(
        "/datasets", params={"task": "tickets"}, content=own.tickets(), headers={"content-type": "text/csv"}
    )

    assert 201 == answer.status_code, answer.text
    assert "/datasets/tickets" == answer.headers["location"]
    assert sorted(own.TEAMS) == sorted(client.get("/tasks/tickets").json()["labels"])
    run = client.post("/train", json={"task": "tickets"})
    assert (202, "tickets@1") == (run.status_code, run.json()["dataset"])


def test_rows_are_added_to_a_dataset(client: httpx.Client, settings: Settings) -> None:
    """The next version has all rows; a label that is new comes after the known ones; the version before stays."""
    own.create(client, "tickets", own.tickets(), train="false")
    known = client.get("/tasks/tickets").json()["labels"]

    more = own.tickets(100, ("billing", "returns"), seed=5)
    answer = client.post("/datasets/tickets/rows", files={"file": ("more.csv", more)})

    assert 201 == answer.status_code, answer.text
    found = answer.json()
    assert (2, 400) == (found["version"], found["rows"])
    assert found["rows"] == found["train_rows"] + found["test_rows"]
    assert {"returns": 50, "billing": 150} == {
        each["label"]: each["train"] + each["test"]
        for each in found["findings"]["labels"]
        if each["label"] in ("returns", "billing")
    }
    assert [*known, "returns"] == client.get("/tasks/tickets").json()["labels"]
    assert 300 == client.get("/datasets/tickets", params={"version": 1}).json()["rows"]
    first = client.get("/datasets/tickets/versions", params={"limit": 1}).json()
    second = client.get("/datasets/tickets/versions", params={"limit": 1, "cursor": first["next"]}).json()
    assert [(2, 400), (1, 300)] == [(each["version"], each["rows"]) for each in (*first["items"], *second["items"])]
    assert second["next"] is None
    assert 404 == client.get("/datasets/others/versions").status_code
    rows = client.get("/datasets/tickets/rows", params={"label": "returns", "limit": 100}).json()["items"]
    assert 50 == len(rows)
    assert {"returns"} == {row["answer"] for row in rows}
    assert 2 == len(left_in(settings))


def test_those_that_come_with_densely_are_listed_once_whatever_the_size_of_pages(client: httpx.Client) -> None:
    """After the last upload, also where that fills its page."""
    for name in ("first", "second"):
        own.create(client, name, own.tickets(60), train="false")

    def names(limit: int) -> list[str]:
        found: list[str] = []
        params: dict[str, Any] = {"limit": limit}
        while True:
            page = client.get("/datasets", params=params).json()
            found += [each["name"] for each in page["items"]]
            if page["next"] is None:
                return found
            params["cursor"] = page["next"]

    assert ["second", "first"] == names(50)[:2]
    assert names(50) == names(1) == names(2)
    assert "moons" in names(1)


def test_rows_are_shown_page_by_page(client: httpx.Client) -> None:
    own.create(client, "flowers", own.flowers(), train="false")

    seen: list[dict[str, Any]] = []
    cursor = None
    while True:
        params: dict[str, str | int] = {"split": "train", "limit": 50, **({} if cursor is None else {"cursor": cursor})}
        page = client.get("/datasets/flowers/rows", params=params).json()
        seen += page["items"]
        if (cursor := page["next"]) is None:
            break

    found = client.get("/datasets/flowers").json()
    assert found["train_rows"] == len(seen) == len({row["row"] for row in seen})
    assert {"train"} == {row["split"] for row in seen}
    assert {"length", "width"} == set(seen[0]["input"]["features"])
    assert seen[0]["prediction"] is None
    for picture in found["pictures"]:
        assert 200 == client.get(f"/datasets/flowers/{picture}.svg").status_code
    assert {"labels", "columns"} == set(found["pictures"])


@pytest.mark.parametrize("name", ["moons", "xor"])
def test_datasets_that_come_with_densely_are_shown_too(client: httpx.Client, name: str) -> None:
    found = client.get(f"/datasets/{name}")

    assert 200 == found.status_code, found.text
    assert ("planar", 1) == (found.json()["task"], found.json()["version"])
    page = client.get(f"/datasets/{name}/rows", params={"limit": 3, "model": "active"})
    assert 200 == page.status_code, page.text
    assert [True] * 3 == [row["wrong"] for row in page.json()["items"]]
    listed = client.get("/datasets").json()["items"]
    assert name in [each["name"] for each in listed]
    for call in (
        client.delete(f"/datasets/{name}"),
        client.post(f"/datasets/{name}/rows", content=b"x,y,label\n1,2,0"),
    ):
        assert 409 == call.status_code


def test_tasks_that_come_with_densely_take_rows_too(client: httpx.Client) -> None:
    rows = b"text,label\n" + b"\n".join(b"a film no %d,%s" % (n, (b"positive", b"negative")[n % 2]) for n in range(60))
    headers = {"content-type": "text/csv"}
    answer = client.post("/datasets", params={"task": "sentiment", "name": "mine"}, content=rows, headers=headers)

    assert 201 == answer.status_code, answer.text
    assert "mine@1" in [each["name"] for each in client.get("/tasks/sentiment").json()["datasets"]]
    assert "mine@1" == client.post("/train", json={"task": "sentiment", "dataset": "mine"}).json()["dataset"]
    wrong = client.post(
        "/datasets", params={"task": "sentiment"}, content=rows.replace(b"positive", b"great"), headers=headers
    )
    assert 422 == wrong.status_code
    assert {"line", "field", "message"} == set(wrong.json()["errors"][0])
    assert 3 == wrong.json()["errors"][1]["line"] - wrong.json()["errors"][0]["line"] + 1


def test_names_that_are_taken_are_refused(client: httpx.Client, settings: Settings) -> None:
    assert 201 == own.create(client, "tickets", own.tickets(), train="false").status_code

    assert 409 == own.create(client, "tickets", own.tickets()).status_code
    assert 409 == own.create(client, "sentiment", own.tickets()).status_code
    assert 409 == own.create(client, "other", own.tickets(), dataset="imdb").status_code
    assert 409 == own.create(client, "other", own.tickets(), dataset="tickets").status_code
    asked = {"kind": {"kind": "text", "columns": ["message"]}, "answer": {"kind": "one_of"}}
    assert 409 == client.post("/tasks", json={"name": "tickets", **asked}).status_code
    assert 201 == own.create(client, "imdb", own.tickets(), train="false").status_code
    assert "imdb-rows" in [each["name"] for each in client.get("/datasets").json()["items"]]
    assert 2 == len(left_in(settings))


def test_how_a_task_is_shown_can_be_changed(client: httpx.Client) -> None:
    own.create(client, "tickets", own.tickets(), train="false")

    names = {"billing": "Billing & refunds"}
    answer = client.patch("/tasks/tickets", json={"title": "Teams", "label_names": names})

    assert 200 == answer.status_code, answer.text
    assert ("Teams", names) == (answer.json()["title"], answer.json()["label_names"])
    assert answer.json() == client.get("/tasks/tickets").json()
    assert 422 == client.patch("/tasks/tickets", json={"label_names": {"nobody": "x"}}).status_code
    assert 409 == client.patch("/tasks/digits", json={"title": "x"}).status_code
    assert 404 == client.patch("/tasks/none", json={"title": "x"}).status_code
    client.post("/datasets/tickets/rows", files={"file": ("more.csv", own.tickets(20, seed=9))})
    assert names == client.get("/tasks/tickets").json()["label_names"]


def test_a_task_goes_with_what_is_asked_for(client: httpx.Client, settings: Settings) -> None:
    run = own.create(client, "tickets", own.tickets()).json()["run"]

    assert 409 == client.delete("/tasks/tickets", params={"datasets": True}).status_code
    client.post(f"/runs/{run['id']}/cancel")
    assert 409 == client.delete("/tasks/tickets").status_code
    assert 409 == client.delete("/datasets/tickets").status_code
    assert 204 == client.delete("/tasks/tickets", params={"datasets": True}).status_code
    assert 404 == client.get("/tasks/tickets").status_code
    assert 404 == client.get("/datasets/tickets").status_code
    assert [] == left_in(settings)
    assert 409 == client.delete("/tasks/digits").status_code
    assert 404 == client.delete("/tasks/tickets").status_code


def test_a_run_that_has_ended_and_its_dataset_go(client: httpx.Client, settings: Settings) -> None:
    run = own.create(client, "tickets", own.tickets()).json()["run"]
    assert 409 == client.delete(f"/runs/{run['id']}").status_code
    client.post(f"/runs/{run['id']}/cancel")

    assert 204 == client.delete(f"/runs/{run['id']}").status_code

    assert 404 == client.get(f"/runs/{run['id']}").status_code
    assert 204 == client.delete("/datasets/tickets").status_code
    assert [] == left_in(settings)
    assert 404 == client.delete(f"/runs/{run['id']}").status_code


def test_a_model_that_is_not_active_goes(client: httpx.Client, settings: Settings) -> None:
    database = Database(settings.url)
    model = add_model(database, ArtifactStore(settings.models_dir), "planar", seed=9, active=False)
    database.close()
    body = {"task": "planar", "point": [0, 1], "model": 2}
    assert 200 == client.post("/predict", json=body).status_code

    assert 204 == client.delete(f"/models/{model.id}").status_code

    assert 404 == client.get(f"/models/{model.id}").status_code
    assert 404 == client.post("/predict", json=body).status_code
    assert not (Path(settings.models_dir) / "planar" / model.id).exists()
    active = client.get("/tasks/planar").json()["active_model"]["id"]
    assert 409 == client.delete(f"/models/{active}").status_code


def test_a_model_that_comes_with_densely_stays(
    client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database
) -> None:
    """Also once another one is active: its files may be those of the checkout."""
    client = client_for(settings)
    bundled = client.get("/tasks/planar").json()["active_model"]["id"]
    other = add_model(database, ArtifactStore(settings.models_dir), "planar", active=False)
    assert 200 == client.put("/tasks/planar/active-model", json={"model_id": other.id}).status_code

    answer = client.delete(f"/models/{bundled}")

    assert 409 == answer.status_code, answer.text
    assert "comes with Densely" in answer.json()["detail"]
    assert 200 == client.get(f"/models/{bundled}").status_code
    assert (settings.models_dir / "planar" / bundled).exists()


def test_which_model_is_checked_as_for_a_prediction(client: httpx.Client) -> None:
    def ask(model: str) -> httpx.Response:
        return client.get("/datasets/moons/rows", params={"model": model, "limit": 1})

    for odd in ("99999999999999999999", "0", str(2**31), "A_b", ""):
        answer = ask(odd)
        assert 422 == answer.status_code, (odd, answer.text)
        assert "model" in answer.json()["errors"][0]["field"]
    assert 404 == ask("7").status_code
    assert [200, 200] == [ask(good).status_code for good in ("active", "1")]


def test_the_disk_is_told_part_by_part(client: httpx.Client) -> None:
    before = client.get("/system").json()["disk"]
    own.create(client, "tickets", own.tickets())

    disk = client.get("/system").json()["disk"]

    assert {"database", "models", "datasets", "cache"} == set(disk)
    assert disk["datasets"] > before["datasets"]
    assert disk["database"] > 0
    assert disk["models"] > 0


def test_parts_that_are_wrong_are_named(client: httpx.Client, settings: Settings) -> None:
    def field_of(answer: httpx.Response, status: int = 422) -> str:
        assert status == answer.status_code, answer.text
        found: str = answer.json()["errors"][0]["field"]
        return found

    file = ("rows.csv", own.tickets())
    assert "task" == field_of(client.post("/tasks", files={"file": file}))
    assert "task" == field_of(client.post("/tasks", files={"file": file, "task": (None, "{")}))
    assert "task.name" == field_of(own.create(client, "Not A Name", own.tickets()))
    assert "file" == field_of(client.post("/tasks", files={"task": (None, json.dumps({"name": "tickets"}))}))
    assert "colour" == field_of(own.create(client, "tickets", own.tickets(), colour="red"))
    assert "train" == field_of(own.create(client, "tickets", own.tickets(), train="perhaps"))
    assert "mapping" == field_of(own.create(client, "tickets", own.tickets(), mapping="[]"))
    assert "kind" == field_of(client.post("/tasks", json={"name": "tickets"}))
    csv = {"content-type": "text/csv"}
    assert "task" == field_of(client.post("/datasets", content=own.tickets(), headers=csv))
    assert "task" == field_of(client.post("/datasets", params={"task": "none"}, content=own.tickets(), headers=csv))
    assert "file" == field_of(client.post("/datasets", params={"task": "sentiment"}, headers=csv))
    assert 404 == client.post("/datasets/none/rows", content=own.tickets(), headers=csv).status_code
    bad = client.post("/tasks", content=b"--x\r\n", headers={"content-type": "multipart/form-data; boundary=x"})
    assert 400 == bad.status_code, bad.text
    assert 400 == client.post("/tasks", content=b"", headers={"content-type": "multipart/form-data"}).status_code
    assert [] == left_in(settings)
    assert not any(each["own"] for each in client.get("/tasks").json()["items"])


def test_a_database_that_does_not_know_the_rows_of_another_one_leaves_them(
    settings: Settings, database: Database, client_for: Callable[[Settings], httpx.Client]
) -> None:
    """It may be a fresh one, or one that was restored. What was never finished is nobody's."""
    settings.uploads.mkdir(parents=True)
    kept, unfinished = settings.uploads / "d-0123456789ab.parquet", settings.uploads / ".staging-d-ba98.parquet"
    for path in (kept, unfinished):
        path.write_bytes(b"rows")
        os.utime(path, (time.time() - 86_400,) * 2)

    client_for(settings)

    assert [kept.name] == left_in(settings)
