"""The OpenAPI description, with the forms of `/predict` that its route takes as bytes."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.api.contracts import Contract
from app.api.dependencies import responses
from app.api.problems import Problem

REF = "#/components/schemas/{model}"


def install(app: FastAPI, contracts: Sequence[Contract], *, keyed: bool) -> None:
    """Replace FastAPI's description by one that holds the problem document and `/predict`'s requests too.

    `keyed`: calls need an API key; /docs then asks for it.
    """

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app, contracts)
            if keyed:
                app.openapi_schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
                app.openapi_schema["security"] = [{"key": []}]
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]  # the way that FastAPI documents


def _describe(app: FastAPI, contracts: Sequence[Contract]) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    forms = [(form, "validation") for c in contracts for form in (c.single, c.batch)]
    _, extra = models_json_schema([*forms, (Problem, "serialization")], ref_template=REF)  # type: ignore[list-item]
    schema["components"]["schemas"].update(extra["$defs"])
    # Validation errors are problem documents here, not FastAPI's own form.
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            _point_to_problem(operation["responses"])
            if not path.startswith("/health/"):  # what the gate may answer before any route is asked
                operation["responses"] |= {str(status): meaning for status, meaning in responses(401, 421).items()}
    return schema


def _point_to_problem(documented: dict[str, Any]) -> None:
    content = documented.get("422", {}).get("content", {})
    if "application/json" in content:
        documented["422"] = {
            "description": "A field does not fit; `errors` names it and its limit",
            "content": {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}},
        }
