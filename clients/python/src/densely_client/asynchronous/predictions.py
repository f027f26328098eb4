"""`client.predict`: answers of models."""

from collections.abc import Iterable, Mapping
from typing import Any

from typing_extensions import Unpack

from densely_client import calls
from densely_client.asynchronous.transport import AsyncTransport
from densely_client.calls import Options
from densely_client.errors import ApiError, InvalidArgument
from densely_client.forms.tasks import Task
from densely_client.inputs import instance_of
from densely_client.problems import moved


class AsyncKnownTasks:
    """Tasks as they were when this client first asked for them."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self._tasks: dict[str, Task] = {}

    async def completed(self, name: str, value: tuple[Any, ...], fields: dict[str, Any]) -> dict[str, Any]:
        """The fields of an input that was given without a name, if any was, and further ones by name.

        Raises:
            NotFound, InvalidArgument: as `fields`.
            InvalidArgument: a field is given twice.
        """
        if not value:
            return fields
        made = await self.fields(name, value[0] if len(value) == 1 else value)
        if twice := sorted(made.keys() & fields.keys()):
            raise InvalidArgument("is given twice: by name, and without", field=twice[0])
        return {**made, **fields}

    async def fields(self, name: str, value: Any) -> dict[str, Any]:
        """The fields of an input of this task, made of what is handy.

        Raises:
            NotFound: there is no such task.
            InvalidArgument: no input can be made of it.
        """
        if name not in self._tasks:
            self._tasks[name] = await self._transport.send(calls.get(f"/tasks/{name}", Task))
        return instance_of(self._tasks[name], value)


class AsyncPredictions:
    """`client.predict`: ask a task's model; call it, or `one`, or `many`, or a task by its name.

    All take `model` ("active", a version number or a model id), `explain`, and where the answer is a label `top_k`,
    `min_confidence` and `max_novelty`. An answer is a `LabelPrediction` or a `NumberPrediction`.

    >>> answer = await client.predict("sentiment", text="A wonderful film, beautifully acted.")
    >>> answer.label
    'positive'
    >>> story = "Crude oil futures rose as producers agreed to hold output."
    >>> answer = await client.predict("newswire", text=story, title="OIL", top_k=2)
    >>> answer.top[0].label
    'crude'
    >>> housing = await client.tasks.get("housing")
    >>> answer = await client.predict("housing", features=housing.example["features"])
    >>> 20 < answer.value < 30, answer.unit
    (True, 'thousands of 1970s US dollars')

    Raises:
        InvalidInput: a field does not fit; its `errors` name the field and the limit.
        InvalidArgument: a value cannot be sent, or no input can be made of it.
        NotFound: there is no such model.
        Unavailable: the model cannot answer now.
        ServiceUnreachable: nobody answers.
    """

    # Answers are Any: with a union of both forms, type checkers would refuse `answer.label` before it is narrowed.

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self._known = AsyncKnownTasks(transport)

    async def __call__(self, task: str, /, *value: Any, **given: Any) -> Any:
        """One input, its fields by name beside the options; `image` may be bytes or a `Path`.

        Or `value`, as `client.predict.NAME` takes it, and further fields by name.
        """
        fields, options = _apart(given)
        fields = await self._known.completed(task, value, fields)
        return await self._transport.send(calls.predict(task, fields, options))

    async def one(self, task: str, instance: Any, **options: Unpack[Options]) -> Any:
        """One input, in any of the forms that `many` takes."""
        fields = await self._fields(task, instance)
        return await self._transport.send(calls.predict(task, fields, options))

    async def many(self, task: str, instances: Iterable[Any], **options: Unpack[Options]) -> list[Any]:
        """Any number of inputs of one task, answered in order, in as many calls as that takes.

        An input is a mapping of its fields; or a text, a picture (pixels, an array, an image's path or bytes) or a
        pair, as the task's kind has it, for which the service is asked once.

        >>> answers = await client.predict.many("sentiment", ["superb", "a dull mess"])
        >>> [answer.label for answer in answers]
        ['positive', 'negative']

        Raises:
            ApiError: the service refuses an input; its number in `errors` counts from the first of all.
        """
        inputs = [await self._fields(task, each) for each in instances]
        found: list[Any] = []
        rows = calls.ROWS_AT_ONCE
        while len(found) < len(inputs):
            part = inputs[len(found) : len(found) + rows]
            try:
                answers = await self._transport.send(calls.predict_many(task, part, options))
            except ApiError as error:
                if error.status != 413 or len(part) == 1:  # 413: this service takes less at once
                    raise moved(error, len(found)) from error
                rows = len(part) // 2
            else:
                found += answers
        return found

    def __getattr__(self, task: str) -> "AsyncTaskPredictions":
        """`client.predict.NAME`, for every task whose name can stand there."""
        if task.startswith("_"):  # Python's own, such as __deepcopy__
            raise AttributeError(task)
        return AsyncTaskPredictions(self._transport, self._known, task)

    async def _fields(self, task: str, instance: Any) -> dict[str, Any]:
        """A mapping is sent as it is: only what else is given needs to know the task."""
        if isinstance(instance, Mapping):
            return dict(instance)
        return await self._known.fields(task, instance)


class AsyncTaskPredictions:
    """`client.predict.NAME`: one input of that task, in the form that its kind has.

    >>> answer = await client.predict.sentiment("A wonderful film, beautifully acted.")
    >>> answer.label
    'positive'
    >>> digits = await client.tasks.get("digits")
    >>> answer = await client.predict.digits(digits.example["pixels"])
    >>> answer.label
    7
    >>> answer = await client.predict.planar(0.0, 1.5)
    >>> answer.label
    0
    """

    def __init__(self, transport: AsyncTransport, known: AsyncKnownTasks, task: str) -> None:
        self._transport = transport
        self._known = known
        self._task = task

    async def __call__(self, *value: Any, **given: Any) -> Any:
        """`value`: a text, a picture, a mapping of a table's columns, or a point's coordinates.

        Further fields, and the options of a prediction, by name.
        """
        fields, options = _apart(given)
        fields = await self._known.completed(self._task, value, fields)
        return await self._transport.send(calls.predict(self._task, fields, options))


def _apart(given: Mapping[str, Any]) -> tuple[dict[str, Any], Options]:
    """The fields of an input, and the options."""
    options: Any = {name: value for name, value in given.items() if name in Options.__annotations__}
    return {name: value for name, value in given.items() if name not in options}, options
