"""`/models/{id}/predictions`: every test row with its answer, as JSON, CSV and Parquet."""

import csv
import io
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest

from app.api import tables
from app.artifacts.evaluation import EVALUATION, Evaluation, millionths_of
from app.artifacts.store import ArtifactStore
from app.domain.recipes import HEADS, HeadName
from app.wire.models import Answer
from tests.integration.finished import SURE, Finished, answers_of, model_of
from tests.support.artifacts import learnt
from tests.support.tasks import TASKS

EVERY_HEAD = [(name, head) for name, task in TASKS.all.items() for head in task.heads]
CSV, PARQUET = tables.MEDIA_TYPES["csv"], tables.MEDIA_TYPES["parquet"]


def made(finished: Finished, task: str, head: HeadName | None = None, evaluation: Evaluation | None = None) -> str:
    """The id of a model with these answers."""
    head = head or TASKS.get(task).heads[0]
    recipe = TASKS.get(task).presets["baseline"].recipe
    changed = recipe.model_copy(update={"head": head, "loss": HEADS[head].losses[0]})
    return model_of(finished.run(task, evaluation or answers_of(task, head), recipe=changed))


def page(client: httpx.Client, model: str, **query: Any) -> dict[str, Any]:
    answer = client.get(f"/models/{model}/predictions", params=query)
    assert (200, "application/json") == (answer.status_code, answer.headers["content-type"]), answer.text
    found: dict[str, Any] = answer.json()
    assert {"items", "next"} == set(found)
    for item in found["items"]:
        Answer.model_validate(item, strict=True)
    return found


def everything(client: httpx.Client, model: str, limit: int = 700) -> list[dict[str, Any]]:
    """All pages."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        found = page(client, model, limit=limit, **({} if cursor is None else {"cursor": cursor}))
        items += found["items"]
        if (cursor := found["next"]) is None:
            return items


def file(client: httpx.Client, model: str, media_type: str, **query: Any) -> httpx.Response:
    answer = client.get(f"/models/{model}/predictions", params=query, headers={"Accept": media_type})
    assert 200 == answer.status_code, answer.text
    assert answer.headers["content-type"].startswith(media_type)
    return answer


@pytest.mark.parametrize(("task", "head"), EVERY_HEAD)
def test_every_row_of_the_test_split_is_told_in_its_order(
    client: httpx.Client, finished: Finished, task: str, head: HeadName
) -> None:
    """In each of the three forms."""
    kept, (_, _, labels), model = answers_of(task, head), learnt(TASKS.get(task)), made(finished, task, head)
    rows = everything(client, model)
    check_files(client, model, rows)

    assert list(range(len(kept.target))) == [row["row"] for row in rows]
    for part in ("target", "predicted"):
        values = getattr(kept, part)
        if head == "regression":
            assert np.float32(values).tolist() == pytest.approx([row[part] for row in rows], abs=1e-6)
        elif head == "multilabel":
            assert [[labels[i] for i in np.flatnonzero(one)] for one in values] == [row[part] for row in rows]
        else:
            assert [labels[i] for i in values] == [row[part] for row in rows]
    if head == "regression":
        assert {"row", "target", "predicted"} == set(rows[0])
        return
    for row in rows:
        assert [str(label) for label in labels] == list(row["probabilities"])
        assert row["probability"] == max(row["probabilities"].values())
        if head != "multilabel":
            assert (SURE, row["probability"]) == (row["probabilities"][str(row["predicted"])], SURE)
            assert 1 == pytest.approx(sum(row["probabilities"].values()), abs=1e-5)


def test_pages_have_no_gaps_and_end(client: httpx.Client, finished: Finished) -> None:
    model = made(finished, "newswire")  # 240 rows

    whole = page(client, model, limit=10_000)
    assert (240, None) == (len(whole["items"]), whole["next"])
    assert whole["items"] == everything(client, model, limit=7) == everything(client, model, limit=240)
    assert (50, 50) == (len(page(client, model)["items"]), page(client, model)["next"])
    assert {"items": [], "next": None} == page(client, model, cursor=240) == page(client, model, cursor=2**53)
    assert [239] == [row["row"] for row in page(client, model, cursor=239)["items"]]


def check_files(client: httpx.Client, model: str, rows: list[dict[str, Any]]) -> None:
    """CSV and Parquet say what JSON says."""
    text = file(client, model, CSV).text
    table = pq.read_table(io.BytesIO(file(client, model, PARQUET).content))
    flat = [
        {name: value for name, value in row.items() if name != "probabilities"}
        | {f"probability_{label}": value for label, value in row.get("probabilities", {}).items()}
        for row in rows
    ]
    assert flat == table.to_pylist()
    assert text.count("\r\n") == len(rows) + 1
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [{name: told(value) for name, value in row.items()} for row in flat] == read


def told(value: Any) -> str:
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)


def test_files_have_a_name_and_as_many_rows_as_are_asked_for(client: httpx.Client, finished: Finished) -> None:
    model = made(finished, "newswire")

    for form, media_type in (("csv", CSV), ("parquet", PARQUET)):
        answer = file(client, model, media_type)
        assert f'attachment; filename="{model}-test.{form}"' == answer.headers["content-disposition"]
        assert "Accept" in answer.headers["vary"].split(", ")
        named = client.get(f"/models/{model}/predictions?format={form}", headers={"Accept": "text/html"})
        assert answer.content == named.content
    part = file(client, model, CSV, limit=3, cursor=9).text.splitlines()
    assert ["row", "9", "10", "11"] == [line.partition(",")[0] for line in part]
    none = pq.read_table(io.BytesIO(file(client, model, PARQUET, cursor=1_000).content))
    assert (0, pq.read_table(io.BytesIO(file(client, model, PARQUET).content)).schema) == (len(none), none.schema)


def test_the_same_address_has_forms_that_caches_tell_apart(client: httpx.Client, finished: Finished) -> None:
    model = made(finished, "housing")

    for accept, status in (("application/json", 200), (CSV, 200), ("image/png", 406)):
        answer = client.get(f"/models/{model}/predictions", headers={"Accept": accept})
        assert status == answer.status_code
        assert "Accept" in answer.headers["vary"].split(", ")
    assert "application/problem+json" == answer.headers["content-type"]
    assert "urn:densely:problem:not-acceptable" == answer.json()["type"]
    assert CSV in answer.json()["detail"]


def test_what_cannot_be_is_refused(client: httpx.Client, finished: Finished) -> None:
    model = made(finished, "housing")
    refused = {
        "split=train": ("split", "'test'"), "split=validation": ("split", "'test'"), "limit=0": ("limit", "1"),
        "limit=10001": ("limit", "10000"), "limit=x": ("limit", "whole"), "limit=1_0": ("limit", "whole"),
        "cursor=-1": ("cursor", "0"),
        "format=xlsx": ("format", "parquet"),
    }  # fmt: skip

    for query, (field, said) in refused.items():
        answer = client.get(f"/models/{model}/predictions?{query}")
        assert (422, [field]) == (answer.status_code, [error["field"] for error in answer.json()["errors"]])
        assert said in answer.json()["detail"]


def test_what_is_not_there_is_not_found(client: httpx.Client, finished: Finished) -> None:
    bare = model_of(finished.run("digits", None))

    for model, said in (("m-nobody", "m-nobody"), (bare, "kept no answers")):
        answer = client.get(f"/models/{model}/predictions")
        assert (404, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
        assert said in answer.json()["detail"]


def test_a_damaged_file_is_out_of_service(client: httpx.Client, finished: Finished, store: ArtifactStore) -> None:
    model = made(finished, "planar")
    path = store.path("planar", model) / EVALUATION
    path.write_bytes(path.read_bytes()[:-1])

    for accept in ("application/json", CSV, PARQUET):
        answer = client.get(f"/models/{model}/predictions", headers={"Accept": accept})
        assert (503, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


def test_a_model_of_a_former_release_tells_its_answers_without_probabilities(
    client: httpx.Client, finished: Finished
) -> None:
    model = made(finished, "planar", evaluation=Evaluation(np.array([0, 1], np.int32), np.array([1, 1], np.int32)))

    assert [
        {"row": 0, "target": 0, "predicted": 1, "probability": None, "probabilities": None},
        {"row": 1, "target": 1, "predicted": 1, "probability": None, "probabilities": None},
    ] == page(client, model)["items"]
    assert "row,target,predicted,probability\r\n0,0,1,\r\n1,1,1,\r\n" == file(client, model, CSV).text
    table = pq.read_table(io.BytesIO(file(client, model, PARQUET).content))
    assert [None, None] == table.column("probability").to_pylist()


def test_of_a_large_split_only_the_answers_probability_is_told(
    client: httpx.Client, finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.artifacts.evaluation.MOST_PROBABILITIES", 3)
    kept = millionths_of(np.array([[0.25, 0.75], [0.625, 0.375]], np.float32))
    model = made(
        finished,
        "planar",
        evaluation=Evaluation(np.array([0, 0], np.int32), np.array([1, 0], np.int32), None, None, kept),
    )

    assert [(0.75, None), (0.625, None)] == [
        (row["probability"], row["probabilities"]) for row in page(client, model)["items"]
    ]
    assert ["0,0,1,0.75", "1,0,0,0.625"] == file(client, model, CSV).text.splitlines()[1:]


def test_a_value_beyond_all_numbers_is_null(client: httpx.Client, finished: Finished) -> None:
    values = np.array([1.5, np.inf], np.float32)
    model = made(finished, "housing", evaluation=Evaluation(values[:1].repeat(2), values))

    assert [1.5, None] == [row["predicted"] for row in page(client, model)["items"]]
    assert ["0,1.5,1.5", "1,1.5,"] == file(client, model, CSV).text.splitlines()[1:]


def test_all_three_forms_are_described(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]["/models/{model_id}/predictions"]["get"]["responses"]

    assert {*tables.MEDIA_TYPES.values()} == set(described["200"]["content"])
    assert "Page" in described["200"]["content"]["application/json"]["schema"]["$ref"]
    assert "406" in described
