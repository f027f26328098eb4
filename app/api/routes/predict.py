"""`POST /predict`."""

import asyncio
from collections.abc import Sequence
from typing import Any, Union

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.contracts import Contract, RequestParser
from app.api.dependencies import responses
from app.errors import FieldError, InvalidInput
from app.inference.predictor import Predictor, Refused
from app.services.prediction import PredictionService

# A body of up to so many bytes is answered in place, in well under a millisecond; a larger one in a thread.
IN_PLACE = 16_384


def router(contracts: Sequence[Contract], prediction: PredictionService) -> APIRouter:
    """The route for these tasks."""
    routes = APIRouter(tags=["predict"])
    parser = RequestParser(contracts)
    by_task = {contract.task.name: contract for contract in contracts}
    answers: Any = Union[tuple(m for c in contracts for m in (c.single_response, c.batch_response))]  # noqa: UP007
    examples = {
        name: {"summary": c.task.title, "value": {"task": name, **c.task.example}} for name, c in by_task.items()
    }
    forms = [{"$ref": f"#/components/schemas/{m.__name__}"} for c in contracts for m in (c.single, c.batch)]
    body = {"required": True, "content": {"application/json": {"schema": {"anyOf": forms}, "examples": examples}}}

    @routes.post(
        "/predict",
        summary="Predict with a task's active model, or another one",
        description="One input, or many as `instances`. Send only the fields of one task.",
        responses={200: {"model": answers, "description": "The prediction"}, **responses(400, 404, 413, 415, 422, 503)},
        openapi_extra={"requestBody": body},
    )
    async def predict(request: Request) -> Response:
        content = await request.body()
        if len(content) > IN_PLACE:
            return Response(await asyncio.to_thread(answer, content), media_type="application/json")
        form = parser.parse(content)
        if form.model == "active":
            return Response(reply(form, prediction.active(form.task)), media_type="application/json")
        return Response(await asyncio.to_thread(answer, content), media_type="application/json")

    def answer(content: bytes) -> bytes:
        """The whole way from body to body, for a thread."""
        form = parser.parse(content)
        named = form.model != "active"
        return reply(form, prediction.resolve(form.task, form.model) if named else prediction.active(form.task))

    def reply(form: Any, predictor: Predictor) -> bytes:
        contract = by_task[form.task]
        model = {"id": predictor.manifest.id, "version": predictor.version}
        batch = isinstance(form, contract.batch)
        inputs = form.instances if batch else [form]
        try:
            found = predictor.predict(inputs, form)
        except Refused as error:
            raise _refused(error, batch) from error
        if batch:
            out = contract.batch_response.model_construct(task=form.task, model=model, predictions=found)
        else:
            out = contract.single_response.model_construct(task=form.task, model=model, prediction=found[0])
        return out.__pydantic_serializer__.to_json(out, warnings=False)

    return routes


def _refused(refused: Refused, batch: bool) -> InvalidInput:
    paths = [(f"instances.{r.row}.{r.field}" if batch else r.field, r.message) for r in refused.refusals[:20]]
    invalid = InvalidInput("; ".join(f"{path}: {message}" for path, message in paths[:3]))
    invalid.errors = [FieldError(path, message) for path, message in paths]
    return invalid
