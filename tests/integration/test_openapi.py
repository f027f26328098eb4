"""The OpenAPI description holds what it promises."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.api.contracts import Contracts, contract_of
from app.main import create_app
from app.settings import Settings
from app.wire.runs import TrainRequest
from tests.support.tasks import TASKS

Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """As clients get it: through JSON."""
    home: Path = tmp_path_factory.mktemp("openapi")
    found: dict[str, Any] = json.loads(json.dumps(create_app(Settings(home=home)).api.openapi()))
    return found


def operations(description: dict[str, Any]) -> list[Operation]:
    """(path, method, operation) of all calls."""
    return [(path, method, op) for path, item in description["paths"].items() for method, op in item.items()]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from nodes(part)


def test_every_planned_call_is_described(description: dict[str, Any]) -> None:
    calls = {f"{method.upper()} {path}" for path, method, _ in operations(description)}

    assert {
        "POST /predict", "GET /tasks", "GET /tasks/{task}", "PUT /tasks/{task}/active-model",
        "GET /tasks/{task}/active-model/history", "POST /train", "GET /runs", "GET /runs/{run_id}",
        "GET /runs/{run_id}/history", "GET /runs/{run_id}/events", "GET /events", "POST /runs/{run_id}/cancel",
        "POST /runs/{run_id}/retry", "GET /models", "GET /models/{model_id}", "GET /models/{model_id}/archive",
        "GET /health/live", "GET /health/ready", "GET /system", "GET /compare", "GET /compare.{form}",
        "GET /runs/{run_id}/curves.{form}", "GET /models/{model_id}/diagram.{form}",
        "GET /models/{model_id}/{kind}.{form}", "GET /models/{model_id}/predictions", "GET /compare/{kind}.{form}",
        "GET /tasks/{task}/datasets/{dataset}/{kind}.{form}",
        *(f"POST /tasks/{task}/{way}" for task in TASKS.all for way in ("encode", "decode")),
    } <= calls  # fmt: skip


def test_every_operation_has_a_summary_and_an_id_of_its_own(description: dict[str, Any]) -> None:
    found = operations(description)

    assert [] == [path for path, _, operation in found if not operation.get("summary") or not operation.get("tags")]
    assert len(found) == len({operation["operationId"] for _, _, operation in found})


def test_every_error_is_a_problem_document(description: dict[str, Any]) -> None:
    expected = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    errors = {
        f"{method} {path} {status}": response
        for path, method, operation in operations(description)
        for status, response in operation["responses"].items()
        if not status.startswith(("2", "3"))
    }

    assert len(errors) > len(description["paths"])
    assert {} == {name: error for name, error in errors.items() if error.get("content") != expected}
    assert all(error["description"] for error in errors.values())


def test_calls_say_what_can_go_wrong(description: dict[str, Any]) -> None:
    """With a JSON body: not JSON, too large, not announced, not fitting. With an id in the path: not found."""
    for path, method, operation in operations(description):
        statuses = set(operation["responses"])
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= statuses, f"{method} {path}"
        if "{" in path:
            assert "404" in statuses, f"{method} {path}"
        if operation.get("parameters"):
            assert "422" in statuses, f"{method} {path}"


def test_nothing_is_left_of_the_frameworks_own_errors(description: dict[str, Any]) -> None:
    text = json.dumps(description)

    assert "HTTPValidationError" not in text
    assert "ValidationError" not in description["components"]["schemas"]


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    references = {node["$ref"] for node in nodes(description) if isinstance(node.get("$ref"), str)}
    mapped = {ref for node in nodes(description) for ref in node.get("discriminator", {}).get("mapping", {}).values()}

    assert len(references) > 10
    for reference in references | mapped:
        found: Any = description
        for part in reference.removeprefix("#/").split("/"):
            assert part in found, reference
            found = found[part]


def test_every_predict_example_validates(description: dict[str, Any]) -> None:
    """One per task, in the form that the parser of `/predict` takes."""
    content = description["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    parser = Contracts(TASKS.all).parser

    assert set(TASKS.all) == set(content["examples"])
    for name, example in content["examples"].items():
        assert name == parser.parse(json.dumps(example["value"]).encode()).task
        assert example["summary"]


def test_predict_describes_both_forms_of_every_task(description: dict[str, Any]) -> None:
    operation = description["paths"]["/predict"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    answers = operation["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
    contracts = [contract_of(task) for task in TASKS.all.values()]

    assert [m.__name__ for c in contracts for m in (c.single, c.batch)] == [r["$ref"].split("/")[-1] for r in body]
    assert {m.__name__ for c in contracts for m in (c.single_response, c.batch_response)} == {
        r["$ref"].split("/")[-1] for r in answers
    }
    schemas = description["components"]["schemas"]
    for contract in contracts:
        assert set(contract.single.model_fields) == set(schemas[contract.single.__name__]["properties"])
        assert {"task", "instances"} == set(schemas[contract.batch.__name__]["required"])


def test_every_train_example_validates(description: dict[str, Any]) -> None:
    content = description["paths"]["/train"]["post"]["requestBody"]["content"]["application/json"]

    assert set(TASKS.all) == set(content["examples"])
    for name, example in content["examples"].items():
        assert name == TrainRequest.model_validate(example["value"]).task


def test_what_a_call_makes_leads_to_what_can_be_asked_of_it(description: dict[str, Any]) -> None:
    """Links name calls that there are, with all that their paths need."""
    needed = {
        operation["operationId"]: {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        for _, _, operation in operations(description)
    }
    made = {
        path: description["paths"][path]["post"]["responses"][status]["links"]
        for path, status in (("/tasks", "201"), ("/datasets", "201"), ("/train", "202"))
    }

    assert {"get_task_tasks__task__get", "delete_tasks__task__delete"} <= set(made["/tasks"])
    assert {"get_dataset_datasets__name__get", "add_rows_datasets__name__rows_post"} <= set(made["/datasets"])
    assert {"get_run_runs__run_id__get", "cancel_runs__run_id__cancel_post"} <= set(made["/train"])
    for links in made.values():
        for link in links.values():
            assert needed[link["operationId"]] == set(link["parameters"])


def test_what_is_refused_without_rows_is_not_said_to_be_taken(description: dict[str, Any]) -> None:
    """As JSON a task has its kind and its answer: there is nothing to guess them from."""
    content = description["paths"]["/tasks"]["post"]["requestBody"]["content"]["application/json"]
    validator = Draft202012Validator({**content["schema"], "components": description["components"]})
    (example,) = [each["value"] for each in content["examples"].values()]

    assert validator.is_valid(example)
    assert not validator.is_valid({**example, "kind": None})
    assert not validator.is_valid({key: value for key, value in example.items() if key != "answer"})


@pytest.mark.parametrize(
    ("path", "method", "parameter", "good", "bad"),
    [
        ("/compare", "get", "runs", "r-1,r-2", ["r-1", "r-1,", ",".join(["r-1"] * 11)]),
        ("/datasets", "post", "name", "a" * 48, ["a" * 49, "-a", ""]),
        ("/datasets/{name}/rows", "post", "name", "a.b", ["a" * 49, ".a"]),
    ],
)
def test_a_parameter_is_described_as_the_service_takes_it(
    description: dict[str, Any], path: str, method: str, parameter: str, good: str, bad: list[str]
) -> None:
    (schema,) = [
        each["schema"] for each in description["paths"][path][method]["parameters"] if each["name"] == parameter
    ]
    validator = Draft202012Validator(schema)

    assert validator.is_valid(good)
    assert [] == [value for value in bad if validator.is_valid(value)]


def test_every_picture_comes_in_both_themes_and_for_phones(description: dict[str, Any]) -> None:
    found = {path: operation for path, _, operation in operations(description) if path.endswith(".{form}")}

    assert len(found) == 8
    for path, operation in found.items():
        assert {"form", "theme", "width"} <= {each["name"] for each in operation["parameters"]}, path
