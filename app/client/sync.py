"""`Densely`: the client that waits for its answers."""

from collections.abc import Iterable, Iterator
from typing import Any, Self, Unpack

from app.client import answers, calls
from app.client.answers import Listed
from app.client.calls import Drawn, Form, Options, TableForm, Training
from app.client.connection import Connection
from app.client.events import Event
from app.client.retries import Retries
from app.client.run import Run
from app.client.transport import Transport
from app.wire.runs import Run as RunData


class Predictions:
    """`client.predict`: one method for each task, and `many`.

    All take `model` ("active", a version number or a model id) and `explain`; classifiers `min_confidence`; newswire
    `top_k`.

    Raises:
        InvalidInput: a field does not fit; its `errors` name the field and the limit.
        NotFound: there is no such model.
        Unavailable: the model cannot answer now.
        ServiceUnreachable: nobody answers.
    """

    def __init__(self, transport: Transport) -> None:
        self._send = transport.send
        self._play = transport.play

    def sentiment(self, text: str, **options: Unpack[Options]) -> answers.SentimentPrediction:
        """Is a film review negative or positive?

        >>> client.predict.sentiment("A wonderful film, beautifully acted.").label
        'positive'
        """
        return self._send(calls.predict(answers.SentimentPrediction, "sentiment", {"text": text}, options))

    def newswire(self, text: str, title: str | None = None, **options: Unpack[Options]) -> answers.NewswirePrediction:
        """What is a story about?

        >>> client.predict.newswire("Crude oil futures rose as producers agreed to hold output.", top_k=2).top[0].label
        'crude'
        """
        instance = {"text": text} if title is None else {"text": text, "title": title}
        return self._send(calls.predict(answers.NewswirePrediction, "newswire", instance, options))

    def digits(self, picture: Any, **options: Unpack[Options]) -> answers.DigitsPrediction:
        """Which digit is it? `picture`: 28 × 28 or 784 grey values (lists or an array), or an image's path or bytes.

        >>> client.predict.digits(client.tasks.get("digits").example["pixels"]).label
        7
        """
        return self._send(calls.predict(answers.DigitsPrediction, "digits", calls.as_digit(picture), options))

    def housing(
        self, *, model: int | str = "active", explain: bool = False, **features: float
    ) -> answers.HousingPrediction:
        """The median home price of a part of town, from its thirteen columns.

        >>> town = client.tasks.get("housing").example["features"]
        >>> answer = client.predict.housing(**town)
        >>> 20 < answer.value < 30, answer.unit
        (True, 'thousands of 1970s US dollars')
        """
        return self._send(
            calls.predict(
                answers.HousingPrediction, "housing", {"features": features}, calls.housing_options(model, explain)
            )
        )

    def planar(self, x: float, y: float, **options: Unpack[Options]) -> answers.PlanarPrediction:
        """To which class does a point of the plane belong?

        >>> client.predict.planar(0.0, 1.5).label
        0
        """
        return self._send(calls.predict(answers.PlanarPrediction, "planar", {"point": [x, y]}, options))

    def one(self, task: str, instance: Any, **options: Unpack[Options]) -> Any:
        """One input of any task, in the same forms as those of `many`."""
        return self._send(calls.predict_one(task, instance, options))

    def many(self, task: str, instances: Iterable[Any], **options: Unpack[Options]) -> list[Any]:
        """Any number of inputs of one task, answered in order.

        An instance is what the task's own method takes (a text, pixels, a pair), or a dict of the request's fields.

        >>> [p.label for p in client.predict.many("sentiment", ["superb", "a dull mess"])]
        ['positive', 'negative']
        """
        return self._play(calls.predict_all(task, instances, options))


class Models:
    """`client.models`: what was trained.

    >>> first = client.models.list("sentiment")[-1]
    >>> first.task, first.version
    ('sentiment', 1)
    >>> client.models.diagram(first.id)[:5]
    b'<?xml'
    """

    def __init__(self, transport: Transport) -> None:
        self._send = transport.send
        self._play = transport.play

    def list(self, task: str | None = None, limit: int = 50) -> Listed[answers.Model]:
        """The newest models, newest first."""
        return self._play(calls.listed("/models", answers.Model, limit, task=task))

    def get(self, model_id: str) -> answers.ModelDetail:
        """A model with its manifest."""
        return self._send(calls.get(f"/models/{model_id}", answers.ModelDetail))

    def activate(self, model_id: str) -> answers.Model:
        """Make it the one that its task's predictions use."""
        return self._play(calls.activate_known(model_id))

    def archive(self, model_id: str) -> bytes:
        """Its files as a zip."""
        return self._send(calls.content(f"/models/{model_id}/archive"))

    def predictions(self, model_id: str, limit: int | None = None, split: str = "test") -> Listed[dict[str, Any]]:
        """What it answered on its test split, row by row, with its probabilities: `pandas.DataFrame(rows)`."""
        return self._play(calls.predictions(model_id, split, limit))

    def predictions_file(self, model_id: str, form: TableForm = "csv", split: str = "test") -> bytes:
        """The same as a CSV or Parquet file, with a column for each label's probability."""
        return self._send(calls.content(f"/models/{model_id}/predictions", format=form, split=split))

    def diagram(self, model_id: str, form: Form = "svg") -> bytes:
        """Its layers as a picture."""
        return self.picture(model_id, "diagram", form)

    def picture(self, model_id: str, kind: str, form: Form = "svg") -> bytes:
        """One of the task's pictures: `confusion`, `predictions`, `boundary`, `sheet`."""
        return self._send(calls.picture(f"/models/{model_id}/{kind}", form))


class Runs:
    """`client.runs`: trainings of now and before."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        task: str | None = None,
        status: str | None = None,
        dataset: str | None = None,
        tag: str | None = None,
        limit: int = 50,
    ) -> Listed[Run]:
        """The newest runs, newest first. `tag` is `key` or `key:value`."""
        script = calls.listed("/runs", RunData, limit, task=task, status=status, dataset=dataset, tag=tag)
        return [Run(self._transport, data) for data in self._transport.play(script)]

    def get(self, run_id: str) -> Run:
        """A run.

        >>> from app.client import errors
        >>> try:
        ...     client.runs.get("r-none")
        ... except errors.NotFound as error:
        ...     print(error.status, error.detail)
        404 there is no run 'r-none'
        """
        return Run(self._transport, self._transport.send(calls.get(f"/runs/{run_id}", RunData)))


class Tasks:
    """`client.tasks`: what can be asked.

    >>> sorted(task.name for task in client.tasks.list())
    ['digits', 'housing', 'newswire', 'planar', 'sentiment']
    >>> client.tasks.encode("sentiment", text="Not bad!").encoding["ids"]
    [1, 23, 78]
    >>> client.tasks.decode("sentiment", ids=[1, 23, 78]).decoding["text"]
    '? not bad'
    """

    def __init__(self, transport: Transport) -> None:
        self._send = transport.send
        self._play = transport.play

    def list(self) -> Listed[answers.Task]:
        """All tasks."""
        return self._play(calls.listed("/tasks", answers.Task, calls.PAGE))

    def get(self, task: str) -> answers.Task:
        """A task with its schemas, labels and presets."""
        return self._send(calls.get(f"/tasks/{task}", answers.Task))

    def picture(self, task: str, dataset: str, kind: str, form: Form = "svg", split: str = "train") -> bytes:
        """The first rows of a dataset: `points` of the plane, a `sheet` of digits; a dataset's `pictures` name them."""
        return self._send(calls.picture(f"/tasks/{task}/datasets/{dataset}/{kind}", form, split=split))

    def encode(self, task: str, **fields: Any) -> answers.Encoded:
        """How a model sees an input; `model` chooses which one."""
        return self._send(calls.encode(task, fields))

    def decode(self, task: str, **fields: Any) -> answers.Decoded:
        """What a model sees, turned back."""
        return self._send(calls.post(f"/tasks/{task}/decode", answers.Decoded, fields))

    def activate(self, task: str, model_id: str) -> answers.Model:
        """Make a model the one that the task's predictions use."""
        return self._send(calls.activate(task, model_id))

    def activations(self, task: str, limit: int = 50) -> Listed[answers.Activation]:
        """Changes of the active model, newest first."""
        return self._play(calls.listed(f"/tasks/{task}/active-model/history", answers.Activation, limit))


class Densely:
    """A client of the service.

    `url`: where it is. `api_key`: one of its keys, if it has any. `timeout`: seconds for connecting and for each read.
    `retries`: how often what is safe to repeat is repeated, a number or a `Retries`: reading, predicting, and training,
    which is sent with a key that makes it queue one run only. Waiting for a run goes on until there was no answer for a
    minute; `Retries(away=600)` makes that ten.
    `trust_env`: proxies and certificates of the environment are used, as httpx does; never for loopback addresses.

    >>> with Densely(url) as client:
    ...     client.ready().tasks["sentiment"]
    'ready'
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: int | Retries = 5,
        *,
        trust_env: bool = True,
    ) -> None:
        how = retries if isinstance(retries, Retries) else Retries(most=int(retries))
        self._transport = Transport(Connection(str(url).rstrip("/"), api_key, timeout, how, trust_env))
        self.predict = Predictions(self._transport)
        self.models = Models(self._transport)
        self.runs = Runs(self._transport)
        self.tasks = Tasks(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()

    def train(self, task: str, *, idempotency_key: str | None = None, **asked: Unpack[Training]) -> Run:
        """Queue a run. What is left out comes from the task and the preset; `recipe` replaces parts of the preset's.

        Raises:
            InvalidInput: a field does not fit.
            QueueFull: too many runs are waiting, also after the last repetition.

        >>> run = client.train("housing", dataset="sample", recipe={"epochs": 2}, seed=1, activate="never")
        >>> sorted(run.wait().metrics.test)
        ['loss', 'mae']
        """
        call = calls.train(task, idempotency_key, **asked)
        return Run(self._transport, self._transport.send(call))

    def compare(self, runs: Iterable[Run | str]) -> answers.Comparison:
        """2 to 10 runs of one task: where they differ, their figures, and whether chance explains it."""
        return self._transport.send(calls.get("/compare", answers.Comparison, runs=calls.run_ids(runs)))

    def compare_picture(self, runs: Iterable[Run | str], form: Form = "svg", **drawn: Unpack[Drawn]) -> bytes:
        """Their curves in one picture, or those of one figure such as `val_loss`; or their models' boundaries."""
        return self._transport.send(calls.compared(runs, form, drawn))

    def events(self, last_event_id: str | None = None) -> Iterator[Event]:
        """What happens to all runs, without an end."""
        return self._transport.events(None, last_event_id)

    def ready(self) -> answers.Readiness:
        """Whether requests can be answered."""
        return self._transport.send(calls.get("/health/ready", answers.Readiness))

    def system(self) -> answers.System:
        """Versions, workers and devices."""
        return self._transport.send(calls.get("/system", answers.System))
