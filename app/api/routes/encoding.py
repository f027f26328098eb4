"""`/tasks/{task}/encode` and `/decode`: how a model sees an input, and back. Each task has forms of its own."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, create_model
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.bodies import parsed
from app.api.contracts import refused
from app.api.dependencies import responses
from app.errors import NotFound, Refused
from app.inference.predictor import Predictor
from app.kinds.base import Task
from app.services.prediction import PredictionService
from app.wire.predictions import ModelChoice, ModelRef

WAYS: dict[str, str] = {"encode": "An input as the model sees it", "decode": "What the model sees, turned back"}

Handler = Callable[[Any], Any]


class Codecs:
    """What answers for each task, made when it is first asked for."""

    def __init__(self, tasks: Mapping[str, Task], prediction: PredictionService) -> None:
        self.tasks = tasks
        self._prediction = prediction
        self._made: dict[tuple[str, str], tuple[Task, Handler]] = {}

    def get(self, name: str, way: str) -> Handler:
        """
        Raises:
            NotFound: there is no such task.
        """
        task = self.tasks.get(name)
        if task is None:
            raise NotFound(f"there is no /tasks/{name}/{way}")
        made = self._made.get((name, way))
        if made is None or made[0] is not task:
            handler = (_encoder if way == "encode" else _decoder)(task, self._prediction)
            made = self._made[name, way] = (task, handler)
        return made[1]

    def follow(self, tasks: Mapping[str, Task]) -> None:
        """These are the tasks from now on."""
        self._made = {key: made for key, made in self._made.items() if key[0] in tasks}
        self.tasks = tasks


def router(codecs: Codecs) -> APIRouter:
    """One route each way for all tasks."""
    routes = APIRouter(prefix="/tasks")
    for way in WAYS:
        routes.add_api_route(f"/{{task}}/{way}", _endpoint(codecs, way), methods=["POST"])
    return routes


def _endpoint(codecs: Codecs, way: str) -> Callable[..., Awaitable[Response]]:
    async def endpoint(task: str, request: Request) -> Response:
        body = await request.body()
        return Response(await run_in_threadpool(_answer, codecs.get, task, way, body), media_type="application/json")

    return endpoint


def _answer(handler_of: Callable[[str, str], Handler], task: str, way: str, body: bytes) -> bytes:
    """
    Raises:
        NotFound: there is no such task.
        RequestValidationError: the body is none of its forms.
    """
    handler = handler_of(task, way)
    form: type[BaseModel] = handler.__annotations__["body"]
    item = parsed(body, form)
    answer: BaseModel = handler(item)
    return answer.model_dump_json(by_alias=True).encode()


def described(codecs: Codecs) -> APIRouter:
    """A pair of routes for each task, with its forms, to be described."""
    routes = APIRouter(prefix="/tasks", tags=["tasks"])
    for name, task in codecs.tasks.items():
        for way, summary in WAYS.items():
            routes.add_api_route(
                f"/{name}/{way}",
                codecs.get(name, way),
                methods=["POST"],
                summary=f"{task.title}: {summary[0].lower()}{summary[1:]}",
                operation_id=f"{way}_{name}",
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
