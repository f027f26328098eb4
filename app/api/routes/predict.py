"""`POST /predict`."""

import asyncio
import contextvars
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, NamedTuple, Union

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.contracts import AT_ONCE, Contract, Contracts, refused
from app.api.dependencies import responses
from app.errors import DenselyError, Forbidden, InvalidInput, NotFound, Overloaded, Refused, Unavailable
from app.inference.predictor import Predictor
from app.server.batcher import Batcher
from app.server.direct import INLINE_BODY_BYTES, Reply
from app.services.answered import Answered, Count
from app.services.prediction import PredictionService

# What is answered on the event loop, in well under a millisecond, as are bodies of `INLINE_BODY_BYTES`; anything larger
# goes to a thread, past other requests.
INLINE_WORK = 10_000_000  # multiplications of all instances
EXPLAINED = 20  # times the work of a plain answer, about
INLINE_EXPLAINED_BYTES = 4_096  # of a body, and
MOST_EXPLAINED = 2**18  # at all, but for pictures: an explanation is a hundred times as long as what it explains
FETCHES = 4  # threads that wait for the object store, up to half a minute each where it has stalled
MOST_FETCHING = 64  # requests that wait for those


class Absent(NamedTuple):
    """A model that an object store has to be asked for."""

    task: str
    reference: int | str


def router(endpoint: "Endpoint") -> APIRouter:
    """The way to these answers where no gate goes past the routing."""
    routes = APIRouter()

    async def predict(request: Request) -> Response:
        return Response(await endpoint.answer(await request.body()), media_type="application/json")

    routes.add_api_route("/predict", predict, methods=["POST"])
    return routes


def described(contracts: Sequence[Contract]) -> APIRouter:
    """The same route with the forms of these tasks, to be described."""
    routes = APIRouter(tags=["predict"])
    answers: Any = Union[tuple(m for c in contracts for m in (c.single_response, c.batch_response))]  # noqa: UP007

    async def predict() -> None: ...

    routes.add_api_route(
        "/predict",
        predict,
        methods=["POST"],
        summary="Predict with a task's active model, or another one",
        description="One input, or many as `instances`. Send only the fields of one task.",
        responses={
            200: {"model": answers, "description": "The prediction"},
            **responses(404),
        },
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
    """From the body's bytes to the answer's: the `DirectHandler` of `/predict`."""

    def __init__(self, contracts: Contracts, prediction: PredictionService, answered: Answered) -> None:
        self._contracts = contracts
        self._prediction = prediction
        self._answered = answered
        self._batcher = Batcher(self._answer_inline, self._answer_batch)
        self._submitted = 0.0  # when the first came of those that wait in the batcher; seconds of `perf_counter`
        # Two, not more: they take turns with the event loop, and each one more would be a further turn to wait.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="batch")
        self._fetches = ThreadPoolExecutor(FETCHES, thread_name_prefix="fetch")
        self._fetching = 0

    def _contract(self, form: Any) -> Contract:
        """
        Raises:
            NotFound: the task has gone since the request was parsed.
        """
        if contract := self._contracts.get(form.task):
            return contract
        raise NotFound(f"there is no task {form.task!r} any more")

    async def answer(self, body: bytes, tasks: Collection[str] | None = None) -> bytes:
        """What takes well under a millisecond on the event loop, all else in a thread.

        Raises:
            Forbidden: the task is none of those that may be asked for.
        """
        try:
            return await self._answer_somewhere(body, tasks, perf_counter())
        except DenselyError as error:
            error.task = self._contracts.parser.task_of(body)
            if tasks is not None and isinstance(error, InvalidInput) and any(e.field == "task" for e in error.errors):
                raise _not_allowed(tasks) from error  # what other tasks there are is not told
            raise

    async def _answer_somewhere(self, body: bytes, tasks: Collection[str] | None, began: float) -> bytes:
        if len(body) > INLINE_BODY_BYTES or self._contracts.parser.takes_long(body):
            return await self._in_thread(self._parse_and_answer, (body, tasks), began)
        form = self._contracts.parser.parse(body)
        _require(form, tasks)
        if form.model != "active" or (form.explain and len(body) > INLINE_EXPLAINED_BYTES):  # it may be on the disk
            return await self._in_thread(self._answer_here, form, began)
        predictor = self._prediction.find_active(form.task)
        if predictor is None:  # or it may still be there, and not have been asked for yet
            return await self._in_thread(self._answer_here, form, began)
        instances = form.__dict__.get("instances")
        work = predictor.network.work * len(instances or "1") * (EXPLAINED if form.explain else 1)
        if work > INLINE_WORK or predictor.task.takes_long(predictor.encoder, instances or (form,)):
            return await self._in_thread(self._answer_here, form, began)
        return self._answer(form, began, self._answered.add, predictor)

    def submit(self, body: bytes, reply: Reply, tasks: Collection[str] | None = None) -> bool:
        """The same for a single small input to an active model, together with what else comes in the same turn."""
        began = perf_counter()
        parser = self._contracts.parser
        form = None if len(body) > INLINE_BODY_BYTES or parser.takes_long(body) else parser.parse_likely(body)
        if form is None or form.model != "active" or form.explain or "instances" in form.__dict__:
            return False
        if tasks is not None and form.task not in tasks:
            return False
        predictor = self._prediction.find_active(form.task)
        if (
            not predictor
            or predictor.network.work > INLINE_WORK
            or predictor.task.takes_long(predictor.encoder, (form,))
        ):
            return False
        if not self._batcher.waiting:
            self._submitted = began
        self._batcher.submit(form, reply)
        return True

    def flush(self) -> None:
        """Answer all that waits for the end of the turn."""
        self._batcher.flush()

    async def _in_thread(
        self, function: Callable[[Any, float, Count], bytes | Absent], given: Any, began: float
    ) -> bytes:
        counting = self._answered.add_from_thread
        here = contextvars.copy_context()  # what log lines of the request say
        loop = asyncio.get_running_loop()
        while True:
            answer = await loop.run_in_executor(self._threads, here.run, function, given, began, counting)
            if not isinstance(answer, Absent):
                return answer
            await self._fetch(answer, here)

    async def _fetch(self, absent: Absent, here: contextvars.Context) -> None:
        """In threads of its own: a store that has stalled keeps nobody whose model is here from an answer.

        Raises:
            Overloaded: too many wait for it already.
        """
        if self._fetching >= MOST_FETCHING:
            raise Overloaded("too many predictions wait for the object store; try again in a moment")
        self._fetching += 1
        try:
            await asyncio.get_running_loop().run_in_executor(
                self._fetches, here.run, self._prediction.find, absent.task, absent.reference
            )
        finally:
            self._fetching -= 1

    def _parse_and_answer(
        self, given: tuple[bytes, Collection[str] | None], began: float, count: Count
    ) -> bytes | Absent:
        content, tasks = given
        form = self._contracts.parser.parse(content)
        _require(form, tasks)
        if form.explain and len(content) - self._unexplained(form) > MOST_EXPLAINED:
            raise InvalidInput(f"is for bodies of up to {MOST_EXPLAINED // 1024} KiB", field="explain")
        answer = self._answer_here(form, began, count)
        instances = form.__dict__.get("instances")
        while instances:  # at once that would take tens of milliseconds, in which the event loop waits
            del instances[-AT_ONCE:]
        return answer

    def _unexplained(self, form: Any) -> int:
        instances = form.__dict__.get("instances")
        return self._contract(form).task.unexplained(instances or (form,))

    def _answer_batch(self, forms: Sequence[Any]) -> list[bytes]:
        contract, predictor = self._contract(forms[0]), self._at_hand(forms[0].task)
        found = predictor.predict(forms, forms[0])
        answers = contract.serialize_each(predictor.manifest.id, predictor.version, found)
        self._answered.add(predictor, found, perf_counter() - self._submitted, len(forms))
        return answers

    def _answer_inline(self, form: Any) -> bytes:
        return self._answer(form, self._submitted, self._answered.add, self._at_hand(form.task))

    def _at_hand(self, task: str) -> Predictor:
        """Without any I/O, as on the event loop.

        Raises:
            Unavailable: there is none any more; `answer` looks further.
        """
        if predictor := self._prediction.find_active(task):
            return predictor
        raise Unavailable

    def _answer_here(self, form: Any, began: float, count: Count) -> bytes | Absent:
        predictor = self._prediction.find_here(form.task, form.model)
        return self._answer(form, began, count, predictor) if predictor else Absent(form.task, form.model)

    def _answer(self, form: Any, began: float, count: Count, predictor: Predictor) -> bytes:
        contract = self._contract(form)
        batch = "instances" in form.__dict__
        try:
            found = predictor.predict(form.instances if batch else [form], form)
        except Refused as error:
            raise refused(error, batch=batch) from error
        if batch:
            answer = contract.serialize(predictor.manifest.id, predictor.version, found)
        else:
            answer = contract.serialize_each(predictor.manifest.id, predictor.version, found)[0]
        count(predictor, found, perf_counter() - began)
        return answer


def _require(form: Any, tasks: Collection[str] | None) -> None:
    if tasks is not None and form.task not in tasks:
        raise _not_allowed(tasks)


def _not_allowed(tasks: Collection[str]) -> Forbidden:
    return Forbidden(f"this API key is for the tasks {', '.join(sorted(tasks))}")
