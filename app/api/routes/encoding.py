"""`/tasks/{task}/encode` and `/decode`: how a model sees an input, and back. One pair of routes for each task."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, create_model

from app.api.contracts import refused
from app.api.dependencies import responses
from app.errors import Refused
from app.inference.predictor import Predictor
from app.kinds.base import Task
from app.services.prediction import PredictionService
from app.wire.predictions import ModelChoice, ModelRef


def router(tasks: Sequence[Task], prediction: PredictionService) -> APIRouter:
    """The routes of these tasks."""
    routes = APIRouter(prefix="/tasks", tags=["tasks"])
    for task in tasks:
        for name, handler, summary in (
            ("encode", _encoder(task, prediction), "An input as the model sees it"),
            ("decode", _decoder(task, prediction), "What the model sees, turned back"),
        ):
            routes.add_api_route(
                f"/{task.name}/{name}",
                handler,
                methods=["POST"],
                summary=f"{task.title}: {summary[0].lower()}{summary[1:]}",
                operation_id=f"{name}_{task.name}",
                responses=responses(404),
            )
    return routes


def _encoder(task: Task, prediction: PredictionService) -> Callable[..., Any]:
    form = create_model(f"{task.word}EncodeRequest", __base__=(task.Input, ModelChoice))
    answer = create_model(f"{task.word}Encoding", task=(str, ...), model=(ModelRef, ...), encoding=(task.Encoding, ...))

    def encode(body: Any) -> Any:
        predictor = _predictor(task, prediction, body)
        try:
            return answer(task=task.name, model=_reference(predictor), encoding=predictor.encoding(body))
        except Refused as error:
            raise refused(error) from error

    return _typed(encode, form, answer)


def _decoder(task: Task, prediction: PredictionService) -> Callable[..., Any]:
    form = create_model(f"{task.word}DecodeRequest", __base__=(task.Codes, ModelChoice))
    answer = create_model(f"{task.word}Decoding", task=(str, ...), model=(ModelRef, ...), decoding=(task.Decoding, ...))

    def decode(body: Any) -> Any:
        predictor = _predictor(task, prediction, body)
        found = task.decoding(predictor.encoder, body)
        return answer(task=task.name, model=_reference(predictor), decoding=found)

    return _typed(decode, form, answer)


def _typed(handler: Callable[..., Any], form: type[BaseModel], answer: type[BaseModel]) -> Callable[..., Any]:
    """FastAPI reads the forms from the annotations."""
    handler.__annotations__ = {"body": form, "return": answer}
    return handler


def _predictor(task: Task, prediction: PredictionService, choice: Any) -> Predictor:
    return prediction.find(task.name, choice.model)


def _reference(predictor: Predictor) -> ModelRef:
    return ModelRef(id=predictor.manifest.id, version=predictor.version)
