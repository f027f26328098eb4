"""The OpenAPI description, with the forms of `/predict` that its route takes as bytes."""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.api import links
from app.api.contracts import Contract
from app.api.dependencies import responses
from app.kinds.base import Task
from app.server.access import is_open, scope_of
from app.wire.problems import Problem
from app.wire.tasks import TaskCreate

KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key; it has the scope that a call names, or `admin`. `X-API-Key` takes it too.",
}
REF = "#/components/schemas/{model}"


# What the server, the gate or the way of any request to its route may answer; routes name only what is theirs.
ALWAYS = (400, 408, 413, 414, 421, 431)
WRITING = (403, 415)  # of calls that change something, or take a body
DATABASE = (503,)  # of all that ask it, or a model's files
NO_DATABASE = ("/health/live", "/metrics")


def install(
    app: FastAPI,
    contracts: Mapping[str, Contract],
    described: Callable[[], APIRouter],
    *,
    keyed: Callable[[], bool],
    root: str = "",
) -> None:
    """Replace FastAPI's description by one that holds the problem document and `/predict`'s requests too.

    `contracts` and `described`: of the tasks that there are when it is asked for, and their routes. `keyed`: whether
    calls need an API key by now; /docs then asks for it. `root`: the path below which a proxy offers the service.
    """
    making = Lock()
    described_keyed: list[bool] = []
    # FastAPI's own answers on the event loop; `routes.docs` does in a thread.
    app.router.routes[:] = [route for route in app.routes if getattr(route, "path", None) != app.openapi_url]

    def describe() -> dict[str, Any]:
        with making:  # once, for all who ask meanwhile
            needed = keyed()
            if (schema := app.openapi_schema) is None or described_keyed != [needed]:
                schema = _describe(app, list(contracts.values()), described(), needed)
                described_keyed[:] = [needed]
                if needed:
                    schema["components"]["securitySchemes"] = {"key": KEY}
                    schema["security"] = [{"key": []}]
                if root:
                    schema["servers"] = [{"url": root}]
                app.openapi_schema = schema
        return schema

    app.openapi = describe  # type: ignore[method-assign]  # the way that FastAPI documents


def _describe(app: FastAPI, contracts: Sequence[Contract], described: APIRouter, keyed: bool) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=[*described.routes, *app.routes],
        tags=app.openapi_tags,
    )
    forms = [(form, "validation") for form in (*(form for c in contracts for form in (c.single, c.batch)), TaskCreate)]
    _, extra = models_json_schema([*forms, (Problem, "serialization")], ref_template=REF)  # type: ignore[list-item]
    schema["components"]["schemas"].update(extra["$defs"])
    # Validation errors are problem documents here, not FastAPI's own form.
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)
    for path, asked in (("/train", _training), ("/sweeps", _search)):
        body = schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        body["examples"] = {each.task.name: asked(each.task) for each in contracts if each.task.datasets}
    for path, operations in schema["paths"].items():
        opened = is_open(path)
        for method, operation in operations.items():
            statuses = {int(status) for status in operation["responses"]}
            statuses |= _errors_of(path, method, operation) | ({401, 403} if keyed and not opened else set())
            problems = {str(status): meaning for status, meaning in responses(*statuses).items()}
            operation["responses"] = dict(sorted((operation["responses"] | problems).items()))
            if keyed:
                operation["security"] = [] if opened else [{"key": [scope_of(method.upper(), path)]}]
            for parameter in operation.get("parameters", []):
                _leave_null_out(parameter)
    links.add(schema["paths"])
    return schema


def _training(task: Task) -> dict[str, Any]:
    """A run to ask for."""
    asked = {"task": task.name, "preset": "baseline", "dataset": task.datasets[0].name, "seed": 1}
    return {"summary": task.title, "value": asked}


def _search(task: Task) -> dict[str, Any]:
    """A sweep to ask for."""
    rates = {"kind": "log_range", "low": 0.0001, "high": 0.1}
    space = {"optimizer.learning_rate": rates, "batch_size": {"kind": "choice", "values": [32, 128, 512]}}
    asked = _training(task)
    return {**asked, "value": {**asked["value"], "space": space, "budget": {"trials": 20}}}


def _leave_null_out(parameter: dict[str, Any]) -> None:
    """What may be left out of a query or a header is optional; no null can be sent there."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        parameter["schema"] = {**kinds[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def _errors_of(path: str, method: str, operation: dict[str, Any]) -> set[int]:
    """The statuses of problem documents that every call of this kind may be answered with."""
    found = set(ALWAYS)
    if method != "get":
        found.update(WRITING)
    if path not in NO_DATABASE:
        found.update(DATABASE)
    if "requestBody" in operation or "parameters" in operation:
        found.add(422)
    return found
