"""`/predict` for each task: its request and response forms, made from what the task supplies."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, create_model
from pydantic_core import from_json, to_json

from app.api import pieces
from app.errors import FieldError, InvalidInput, MalformedBody, Refused
from app.kinds.base import Task
from app.server import problems
from app.tasks.catalog import MOST_TOLD
from app.wire.predictions import ModelRef, Options

MAX_INSTANCES = 10_000
AT_ONCE = 100  # instances of a large body that are validated, while everybody else waits
MAX_FIELDS = 64  # of any object in a body, and
MORE_FIELDS = 16  # than the columns of a task that has many
SMALL_BODY = 65_536  # bytes; how many errors a body can cause is bounded by its size up to here

_TASK = re.compile(rb'task"\s*:\s*"([a-z][a-z0-9-]*)"')  # from the name's quotes on

_to_json = partial(
    to_json, inf_nan_mode="null"
)  # NaN is not JSON; what decodes refuses it, but nobody should rely on it


@dataclass(frozen=True)
class Contract:
    """The forms of one task."""

    task: Task
    single: type[BaseModel]
    batch: type[BaseModel]
    single_response: type[BaseModel]
    batch_response: type[BaseModel]

    def serialize(self, model_id: str, version: int, predictions: Sequence[Any]) -> bytes:
        """The body of an answer to many instances, as `batch_response` describes it."""
        return self._head(model_id, version) + b'"predictions":' + _to_json(predictions) + b"}"

    def serialize_each(self, model_id: str, version: int, predictions: Sequence[Any]) -> list[bytes]:
        """The bodies of answers to single requests, as `single_response` describes them.

        Put together here: to build and serialize the response model takes as long as the arithmetic.
        """
        head = self._head(model_id, version) + b'"prediction":'
        return [b"%s%s}" % (head, _to_json(prediction)) for prediction in predictions]

    def _head(self, model_id: str, version: int) -> bytes:
        return f'{{"task":"{self.task.name}","model":{{"id":"{model_id}","version":{version}}},'.encode()


def contract_of(task: Task) -> Contract:
    """Single and batch form; the fields of an instance are the task's `Input`."""
    word = task.word
    kind: Any = (Literal[task.name], Field(description=task.description))
    instances: Any = (
        Annotated[list[task.Input], Field(min_length=1, max_length=MAX_INSTANCES, fail_fast=True)],  # type: ignore[name-defined]
        Field(description="1 to 10,000 inputs, answered in order"),
    )
    answer = (task.Prediction, ...)
    answers = (list[task.Prediction], ...)  # type: ignore[name-defined]
    model = (ModelRef, ...)
    return Contract(
        task=task,
        single=create_model(f"{word}Request", __base__=(task.Input, Options), __doc__=task.description, task=kind),
        batch=create_model(
            f"{word}BatchRequest", __base__=Options, __doc__="The same for many.", task=kind, instances=instances
        ),
        single_response=create_model(f"{word}Response", task=kind, model=model, prediction=answer),
        batch_response=create_model(f"{word}BatchResponse", task=kind, model=model, predictions=answers),
    )


class Contracts(Mapping[str, Contract]):
    """The contracts of tasks by their names; of those that came later each is made when it is first asked for."""

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        """All of these are made at once."""
        self._tasks = tasks
        self._making = Lock()
        self.first: Sequence[Contract] = [contract_of(task) for task in tasks.values()]
        self._made = {contract.task.name: contract for contract in self.first}
        self.parser = RequestParser(self)

    def __getitem__(self, name: str) -> Contract:
        """
        Raises:
            KeyError: there is no such task, or not any more.
        """
        if contract := self._made.get(name):
            return contract
        with self._making:
            if (made := self._made.get(name)) is None:
                tasks = self._tasks
                made = contract_of(tasks[name])
                if tasks is self._tasks:  # else it may be of a task that is no more
                    self._made[name] = made
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, name: object) -> bool:
        return name in self._tasks

    def is_made(self, name: str) -> bool:
        """Whether it is there already."""
        return name in self._made

    def follow(self, tasks: Mapping[str, Task]) -> None:
        """These are the tasks from now on."""
        with self._making:
            kept = {name: each for name, each in self._made.items() if name in tasks and tasks[name] is each.task}
            self._tasks, self._made = tasks, kept
            first = [each for each in self.first if kept.get(each.task.name) is each]
            if len(first) < len(self.first):
                self.first = first
                self.parser = RequestParser(self)
            self.parser.has_more = len(tasks) > len(first)


class RequestParser:
    """Bytes of a `/predict` body to a validated form."""

    def __init__(self, contracts: Contracts) -> None:
        """Those that `contracts` has first are told apart by Pydantic, others by the name that is in the body."""
        self._contracts = contracts
        self.has_more = False  # tasks than those
        self._single = _union([contract.single for contract in contracts.first])
        self._batch = _union([contract.batch for contract in contracts.first])
        self._first = {contract.task.name.encode() for contract in contracts.first}
        # As most bodies begin, which saves them the search.
        self._heads = tuple(b'{"task":%s"%s"' % (space, name) for name in self._first for space in (b" ", b""))

    def parse(self, body: bytes) -> Any:
        """A single or batch form of one of the tasks.

        Raises:
            MalformedBody: the body is not JSON.
            InvalidInput: it is, and does not fit; the error names the fields and their limits.
        """
        if len(body) <= SMALL_BODY:
            return self.parse_likely(body) or self._explain(body)  # slower, and sure about which form was meant
        try:
            given = pieces.read(body, from_json)
            _refuse_many_fields(given, self._named_by(given))
            return _validated(self._likely(body), given)
        except ValueError:  # Pydantic's errors are ValueErrors too
            return self._explain(body)

    def parse_likely(self, body: bytes) -> Any:
        """The form that a small body seems to have, None if it does not have it."""
        try:
            return self._likely(body).validate_json(body)
        except ValueError:
            return None

    def _likely(self, body: bytes) -> Any:
        is_batch = b'"instances"' in body
        # It may go at any moment: then the body is looked at as that of any other unknown task.
        if self.has_more and (name := self._other(body)) and (contract := self._contracts.get(name)):
            form = contract.batch if is_batch else contract.single
            return form.__pydantic_validator__
        return self._batch if is_batch else self._single

    def _other(self, body: bytes) -> str | None:
        """The task that a body seems to name, if it is one of the others."""
        if body.startswith(self._heads):
            return None
        found = _TASK.match(body, body.find(b'"task"') + 1)
        if found is None or found[1] in self._first:
            return None
        name = found[1].decode()
        return name if name in self._contracts else None

    def task_of(self, body: bytes) -> str:
        """The task that a body seems to name, empty if there is no such one."""
        found = _TASK.match(body, body.find(b'"task"') + 1)
        name = found[1].decode() if found else ""
        return name if name in self._contracts else ""

    def takes_long(self, body: bytes) -> bool:
        """Whether the forms that a body needs have to be made first, which is nothing for the event loop."""
        name = self._other(body) if self.has_more else None
        return name is not None and not self._contracts.is_made(name)

    def _explain(self, body: bytes) -> Any:
        try:
            # Unlike Pydantic's parser this one lets NaN and lone surrogates through, to be refused by field below.
            given = pieces.read(body, json.loads)
        except (ValueError, RecursionError) as error:
            raise MalformedBody(f"the body is not JSON: {error}") from error
        if not isinstance(given, dict):
            raise InvalidInput("the body must be a JSON object", field="body")
        contract = self._named_by(given)
        _refuse_many_fields(given, contract)
        if contract is None:
            known = _some(self._contracts)
            reason = "must be one of" if "task" in given else "is needed, one of"
            raise InvalidInput.of([FieldError("task", f"{reason}: {known}")])
        form = contract.batch if "instances" in given else contract.single
        try:
            return form.model_validate(given)
        except ValidationError as error:
            mistakes = error.errors(include_url=False, include_input=False)
            found = [FieldError(each["field"], each["message"]) for each in problems.field_errors(mistakes, given)]
            if form is contract.batch:
                found = [_in_a_batch(*both, given, contract.task) for both in zip(mistakes, found, strict=False)]
            raise InvalidInput.of(found) from error

    def _named_by(self, given: Any) -> Contract | None:
        name = given.get("task") if isinstance(given, dict) else None
        return self._contracts.get(name) if isinstance(name, str) else None


def refused(error: Refused, *, batch: bool = False) -> InvalidInput:
    """What a predictor refuses, as the client's mistake: of many instances the first twenty are named."""
    return InvalidInput.of(
        [FieldError(f"instances.{r.row}.{r.field}" if batch else r.field, r.message) for r in error.refusals[:20]]
    )


def _in_a_batch(mistake: Any, found: FieldError, given: Any, task: Task) -> FieldError:
    """The same in the words of a body with `instances`: what stands at the wrong level, and what is no input at all."""
    inputs, place = task.Input.model_fields, mistake["loc"]
    match mistake["type"], place:
        case "extra_forbidden", [name] if name in inputs:
            return FieldError(found.field, "belongs into each of `instances`, not beside them")
        case "extra_forbidden", ["instances", _, name] if name in ("task", *Options.model_fields):
            return FieldError(found.field, "belongs beside `instances`, once for all of them")
        case "model_type", ["instances", number]:
            value = given["instances"][number]
            words: dict[type, str] = {str: "a string", list: "a list"}
            kind = words.get(type(value)) or json.dumps(value)[:40]
            told = f"must be an object with the input's fields ({', '.join(inputs)}), not {kind}"
            return FieldError(found.field, told)
    return found


def _validated(form: Any, given: Any) -> Any:
    """The form of what was given, which loses its instances: some at a time, since others want their turn."""
    rows = given.get("instances") if isinstance(given, dict) else None
    if not isinstance(rows, list) or not AT_ONCE < len(rows) <= MAX_INSTANCES:
        return form.validate_python(given)
    whole = form.validate_python({**given, "instances": rows[:AT_ONCE]})
    del rows[:AT_ONCE]  # to give back much memory takes its time too
    while rows:
        whole.instances.extend(form.validate_python({**given, "instances": rows[:AT_ONCE]}).instances)
        del rows[:AT_ONCE]
    return whole


def _refuse_many_fields(given: Any, contract: Contract | None) -> None:
    """Each unknown field becomes an error object: a body full of them would take a hundred times its own size."""
    most = max(MAX_FIELDS, len(contract.task.input_columns) + MORE_FIELDS if contract else 0)
    rows = given.get("instances") if isinstance(given, dict) else None
    places = [
        ("body", given),
        *((f"instances.{i}", row) for i, row in enumerate(rows if isinstance(rows, list) else [])),
    ]
    for place, holder in places:
        if not isinstance(holder, dict):
            continue
        for name, value in (
            (place, holder),
            *((key, value) for key, value in holder.items() if isinstance(value, dict)),
        ):
            if len(value) > most:
                raise InvalidInput(f"has {len(value):,} fields; the limit is {most:,}", field=name)


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - MOST_TOLD
    return ", ".join(listed[:MOST_TOLD]) + (f" and {more} more" if more > 0 else "")


def _union(forms: Sequence[type[BaseModel]]) -> TypeAdapter[Any]:
    members: Any = Union[tuple(forms)]  # noqa: UP007 - the operator takes no sequence
    tagged: Any = Annotated[members, Field(discriminator="task")] if len(forms) > 1 else members
    return TypeAdapter(tagged)
