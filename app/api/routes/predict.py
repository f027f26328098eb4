"""`POST /predict`."""

import asyncio
from collections.abc import Sequence
from typing import Any, Union

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.contracts import Contract, RequestParser, refused
from app.api.dependencies import responses
from app.inference.predictor import Refused
from app.services.prediction import PredictionService

# What is answered in place, in well under a millisecond; anything larger goes to a thread, past other requests.
IN_PLACE_BYTES = 16_384
IN_PLACE_INSTANCES = 16


def router(contracts: Sequence[Contract], prediction: PredictionService) -> APIRouter:
    """The route for these tasks."""
    routes = APIRouter(tags=["predict"])
    answers: Any = Union[tuple(m for c in contracts for m in (c.single_response, c.batch_response))]  # noqa: UP007
    routes.add_api_route(
        "/predict",
        Endpoint(contracts, prediction).predict,
        methods=["POST"],
        summary="Predict with a task's active model, or another one",
        description="One input, or many as `instances`. Send only the fields of one task.",
        responses={200: {"model": answers, "description": "The prediction"}, **responses(400, 404, 413, 415, 422, 503)},
        openapi_extra={"requestBody": _body(contracts)},
    )
    return routes


def _body(contracts: Sequence[Contract]) -> dict[str, Any]:
    """The description of the request, which the route takes as bytes."""
    forms = [{"$ref": f"#/components/schemas/{m.__name__}"} for c in contracts for m in (c.single, c.batch)]
    examples = {
        c.task.name: {"summary": c.task.title, "value": {"task": c.task.name, **c.task.example}} for c in contracts
    }
    return {"required": True, "content": {"application/json": {"schema": {"anyOf": forms}, "examples": examples}}}


class Endpoint:
    """From the body's bytes to the answer's."""

    def __init__(self, contracts: Sequence[Contract], prediction: PredictionService) -> None:
        self._parser = RequestParser(contracts)
        self._contracts = {contract.task.name: contract for contract in contracts}
        self._prediction = prediction

    async def predict(self, request: Request) -> Response:
        """Small requests of the active model in place, the others in a thread."""
        content = await request.body()
        large = len(content) > IN_PLACE_BYTES
        form = await asyncio.to_thread(self._parser.parse, content) if large else self._parser.parse(content)
        if large or form.model != "active" or len(getattr(form, "instances", ())) > IN_PLACE_INSTANCES:
            return Response(await asyncio.to_thread(self._answer, form), media_type="application/json")
        return Response(self._answer(form), media_type="application/json")

    def _answer(self, form: Any) -> bytes:
        contract = self._contracts[form.task]
        active = form.model == "active"
        predictor = self._prediction.active(form.task) if active else self._prediction.resolve(form.task, form.model)
        model = {"id": predictor.manifest.id, "version": predictor.version}
        batch = isinstance(form, contract.batch)
        try:
            found = predictor.predict(form.instances if batch else [form], form)
        except Refused as error:
            raise refused(error, batch=batch) from error
        if batch:
            out = contract.batch_response.model_construct(task=form.task, model=model, predictions=found)
        else:
            out = contract.single_response.model_construct(task=form.task, model=model, prediction=found[0])
        return out.__pydantic_serializer__.to_json(out, warnings=False)
