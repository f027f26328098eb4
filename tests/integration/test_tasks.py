"""`/tasks`: what can be asked, with which data, and which model answers."""

from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.support.artifacts import add_model
from tests.support.tasks import TASKS

SUMMARY = "name own label_names kind title description answer notice example presets datasets active_model".split()


def test_every_task_is_listed_with_its_active_model(client: httpx.Client) -> None:
    tasks = client.get("/tasks").json()["items"]

    assert list(TASKS.all) == [task["name"] for task in tasks]
    for task in tasks:
        assert set(SUMMARY) == set(task)
        assert all(task[name] for name in ("title", "description", "example", "presets", "datasets"))
        assert (task["name"], 1, True) == tuple(task["active_model"][key] for key in ("task", "version", "active"))


def test_tasks_are_paged_as_all_lists_are(client: httpx.Client) -> None:
    first = client.get("/tasks", params={"limit": 2}).json()
    second = client.get("/tasks", params={"limit": 2, "cursor": first["next"]}).json()
    last = client.get("/tasks", params={"limit": 2, "cursor": second["next"]}).json()

    assert list(TASKS.all) == [task["name"] for page in (first, second, last) for task in page["items"]]
    assert last["next"] is None
    assert {"items": [], "next": None} == client.get("/tasks", params={"cursor": 2**53}).json()
    assert client.get("/tasks").json()["next"] is None


def test_the_example_of_every_task_can_be_posted(client: httpx.Client) -> None:
    for task in client.get("/tasks").json()["items"]:
        answer = client.post("/predict", json={"task": task["name"], **task["example"]})

        assert 200 == answer.status_code, answer.text
        assert task["active_model"]["id"] == answer.json()["model"]["id"]


@pytest.mark.parametrize("name", TASKS.all)
def test_a_task_is_shown_with_its_forms_and_recipes(client: httpx.Client, name: str) -> None:
    """The summary, the schemas of inputs and answers, the labels, and every preset with its recipe."""
    task = TASKS.get(name)
    summary = next(item for item in client.get("/tasks").json()["items"] if item["name"] == name)

    detail = client.get(f"/tasks/{name}").json()

    assert summary == {key: detail[key] for key in SUMMARY}
    assert {
        *SUMMARY,
        "input_schema",
        "output_schema",
        "examples",
        "ranges",
        "categories",
        "labels",
        "heads",
        "pictures",
    } == set(detail)
    assert set(task.example) <= set(detail["input_schema"]["properties"])
    assert set(task.Prediction.__annotations__) == set(detail["output_schema"]["properties"])
    assert list(task.labels) == detail["labels"] == detail["answer"].get("labels", [])
    assert task.unit == detail["answer"].get("unit", "")
    assert list(task.heads) == detail["heads"]
    assert ["diagram", *task.plots] == detail["pictures"]
    assert {n: preset.model_dump(mode="json") for n, preset in task.presets.items()} == detail["presets"]
    assert summary["presets"] == detail["presets"]


@pytest.mark.parametrize("name", TASKS.all)
def test_a_presets_recipe_can_be_sent_back(client: httpx.Client, name: str) -> None:
    """What `GET /tasks/{task}` shows is what `POST /train` takes, and means the same as the preset's name."""
    shown = client.get(f"/tasks/{name}").json()["presets"]["baseline"]

    by_name = client.post("/train", json={"task": name, "preset": "baseline"}).json()
    by_value = client.post(
        "/train", json={"task": name, "recipe": shown["recipe"], "validation": shown["validation"]}
    ).json()

    for part in ("recipe", "validation"):
        assert shown[part] == by_name[part] == by_value[part]


def test_a_dataset_is_here_when_its_file_is(client: httpx.Client, settings: Settings) -> None:
    """The sample always is; real data say so from the moment that the file lies in the folder."""

    def here() -> dict[str, bool]:
        return {item["name"]: item["here"] for item in client.get("/tasks/digits").json()["datasets"]}

    assert {"mnist": False, "sample": True} == here()
    settings.datasets.mkdir(parents=True)
    (settings.datasets / "mnist.parquet").touch()
    assert {"mnist": True, "sample": True} == here()


def test_toy_rows_are_named_as_such(client: httpx.Client) -> None:
    for task in client.get("/tasks").json()["items"]:
        assert ["sample"] == [item["name"] for item in task["datasets"] if item["is_sample"]]
        assert "not real data" in next(item["description"] for item in task["datasets"] if item["is_sample"])


def test_the_notice_of_the_housing_table_is_told(client: httpx.Client) -> None:
    notices = {task["name"]: task["notice"] for task in client.get("/tasks").json()["items"]}

    assert "racial" in notices["housing"]
    assert [None] * (len(notices) - 1) == [notice for name, notice in notices.items() if name != "housing"]


def test_a_task_without_an_active_model_says_so(client_for: Any, settings: Settings, database: Any, store: Any) -> None:
    for task in TASKS.all:
        add_model(database, store, task, active=task == "housing")
    client: httpx.Client = client_for(settings)

    assert client.get("/tasks/digits").json()["active_model"] is None
    assert client.get("/tasks/housing").json()["active_model"] is not None
    assert [] == client.get("/tasks/digits/active-model/history").json()["items"]


def test_every_example_of_a_task_is_answered_and_lies_within_its_ranges(client: httpx.Client) -> None:
    for name in (task["name"] for task in client.get("/tasks").json()["items"]):
        detail = client.get(f"/tasks/{name}").json()
        assert detail["example"] == detail["examples"][0]["input"]
        for example in detail["examples"]:
            assert 200 == client.post("/predict", json={"task": name, **example["input"]}).status_code
        numbers = detail["example"].get("features", {})
        for column, bounds in detail["ranges"].items() if numbers else ():
            assert bounds["least"] <= numbers[column] <= bounds["greatest"]
