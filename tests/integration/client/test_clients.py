"""Both clients against the served application."""

import asyncio
import io
import zipfile
from typing import Any

import httpx
import numpy as np
import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.domain.recipes import Holdout
from app.domain.runs import Metrics
from app.settings import Settings
from densely_client import AsyncDensely, errors, forms
from tests.integration.client.conftest import Connect
from tests.integration.finished import Finished, answers_of, model_of
from tests.support.artifacts import add_model
from tests.support.scripted import ScriptedServer, answer
from tests.support.tasks import TASKS

KEY = "a-key-of-16-chars"


def test_every_task_predicts_what_the_service_answers(
    densely: Any, client: httpx.Client, examples: dict[str, dict[str, Any]]
) -> None:
    """By the fields' names, and in the form that the task's kind has."""
    values = {
        "sentiment": (examples["sentiment"]["text"],),
        "newswire": (examples["newswire"]["text"],),
        "digits": (examples["digits"]["pixels"],),
        "housing": (examples["housing"]["features"],),
        "planar": examples["planar"]["point"],
    }
    further = {"newswire": {"title": examples["newswire"]["title"]}}

    assert set(examples) == set(values)
    for task, example in examples.items():
        fields = {name: value for name, value in example.items() if name != "task"}
        told = client.post("/predict", json=example).json()
        for found in (
            densely.predict(task, **fields),
            densely.predict.one(task, fields),
            densely.predict(task, *values[task], **further.get(task, {})),
            getattr(densely.predict, task)(*values[task], **further.get(task, {})),
        ):
            assert {**told["prediction"], "model": told["model"]} == found.model_dump(mode="json", exclude_unset=True)


def test_a_field_that_is_given_twice_is_refused_before_it_is_sent(densely: Any) -> None:
    for ask, given in ((densely.predict, ("sentiment", "x")), (densely.predict.sentiment, ("x",))):
        with pytest.raises(errors.InvalidArgument, match="given twice") as caught:
            ask(*given, text="y")
        assert ["text"] == [each.field for each in caught.value.errors]


def test_an_answer_is_a_label_or_a_number(densely: Any, examples: dict[str, dict[str, Any]]) -> None:
    for task, example in examples.items():
        fields = {name: value for name, value in example.items() if name != "task"}
        form = forms.NumberPrediction if densely.tasks.get(task).answer.kind == "number" else forms.LabelPrediction
        assert form is type(densely.predict(task, **fields))
        assert densely.predict(task, **fields, explain=True).explanation


def test_the_service_is_asked_once_what_an_input_looks_like_and_only_if_that_matters(connect: Connect) -> None:
    task: dict[str, Any] = {
        "name": "tickets", "kind": "text", "title": "", "description": "", "answer": {"kind": "one_of", "labels": []},
        "example": {}, "presets": {}, "datasets": [], "active_model": None, "output_schema": {}, "examples": [],
        "ranges": {},
        "input_schema": {
            "properties": {"urgency": {"type": "number"}, "title": {"type": "string"}, "message": {"type": "string"}},
            "required": ["message", "urgency"],
        },
    }  # fmt: skip
    told = answer(200, {"model": {"id": "m", "version": 1}, "prediction": {"label": "a", "probability": 1}})
    with ScriptedServer([told, answer(200, task), told, told]) as server:
        client = connect(server.url)
        client.predict.one("tickets", {"message": "one"})
        client.predict.one("tickets", "two")
        client.predict.tickets("three", title="t", top_k=2)

    assert ["/predict", "/tasks/tickets", "/predict", "/predict"] == [asked.path for asked in server.asked]
    assert [
        {"task": "tickets", "message": "one"},
        {"task": "tickets", "message": "two"},
        {"task": "tickets", "message": "three", "title": "t", "top_k": 2},
    ] == [asked.body for asked in server.asked if asked.path == "/predict"]


@pytest.mark.parametrize(("task", "value"), [("planar", 3), ("planar", "0,1"), ("housing", "CRIM"), ("digits", 3)])
def test_what_no_input_can_be_made_of_is_refused(densely: Any, task: str, value: Any) -> None:
    with pytest.raises(errors.InvalidArgument, match="cannot be made of"):
        densely.predict.one(task, value)


def test_a_task_that_is_not_there_is_not_found(densely: Any) -> None:
    with pytest.raises(errors.NotFound):
        densely.predict.weather("fine")
    assert not hasattr(densely.predict, "_weather")


def test_many_are_answered_in_order_over_several_calls(
    densely: Any, examples: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("densely_client.calls.ROWS_AT_ONCE", 3)
    points = [(x / 4, 0.5) for x in range(8)]
    found = densely.predict.many("planar", points)

    assert [densely.predict.planar(*point).probability for point in points] == [each.probability for each in found]
    assert 8 == len(found)
    assert [] == densely.predict.many("planar", [])
    for task, example in examples.items():
        instance = {name: value for name, value in example.items() if name != "task"}
        assert 4 == len(densely.predict.many(task, [instance] * 4))
    assert 2 == len(densely.predict.many("housing", [{"features": examples["housing"]["features"]}] * 2))


def test_an_instance_at_fault_is_counted_from_the_first_of_all(densely: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("densely_client.calls.ROWS_AT_ONCE", 2)
    with pytest.raises(errors.InvalidInput) as caught:
        densely.predict.many("planar", [(0, 0)] * 5 + [(0, 1e9)])

    assert ["instances.5.point.1"] == [each.field for each in caught.value.errors]
    assert caught.value.request_id


def test_more_than_the_service_takes_at_once_is_sent_in_parts(
    connect: Connect, client_for: Any, settings: Settings, database: Database, store: ArtifactStore
) -> None:
    add_model(database, store, "digits")
    small = client_for(settings.model_copy(update={"max_body_mib": 1}))
    pictures = np.zeros((700, 784), dtype=np.uint8)  # 1.6 MB as JSON

    assert 700 == len(connect(str(small.base_url)).predict.many("digits", list(pictures)))


def test_arrays_are_pictures(densely: Any) -> None:
    picture = np.arange(784) % 256
    answers = [
        densely.predict.digits(given) for given in (picture, picture.reshape(28, 28), list(picture.reshape(28, 28)))
    ]

    assert answers[0] == answers[1] == answers[2]


def test_a_model_is_chosen_by_version_or_id(densely: Any, database: Database, store: ArtifactStore) -> None:
    other = add_model(database, store, "planar", seed=9, active=False)

    assert 1 == densely.predict.planar(0, 1).model.version
    assert other.id == densely.predict.planar(0, 1, model=2).model.id
    assert 2 == densely.predict.planar(0, 1, model=other.id).model.version
    with pytest.raises(errors.NotFound):
        densely.predict.planar(0, 1, model=3)


def test_a_training_is_asked_for_as_given(densely: Any) -> None:
    run = densely.train(
        "housing",
        dataset="sample",
        recipe={"epochs": 3},
        validation=forms.Validation(kind="kfold", folds=4),
        seed=7,
        activate="never",
        name="mine",
        tags={"team": "a"},
    )

    assert (3, 4, 7, "never", "mine", {"team": "a"}) == (
        run.data.recipe.epochs,
        run.data.validation.folds,
        run.data.seed,
        run.data.activate,
        run.data.name,
        run.data.tags,
    )
    assert ([], None, "queued", False) == (run.history, run.model, run.status, run.is_over)


def test_a_part_of_a_recipe_changes_only_what_it_names(densely: Any) -> None:
    given = {"early_stopping": forms.EarlyStopping(monitor="loss", patience=2)}
    run = densely.train("housing", dataset="sample", recipe=given)

    assert (2, 130, True) == (
        run.data.recipe.early_stopping.patience, run.data.recipe.epochs, run.data.recipe.early_stopping.restore_best,
    )  # fmt: skip
    again = densely.train("housing", dataset="sample", recipe=run.data.recipe, validation=run.data.validation)
    assert run.data.recipe == again.data.recipe


def test_the_same_key_is_the_same_run(densely: Any) -> None:
    runs = [densely.train("planar", seed=1, idempotency_key="k-1").id for _ in range(2)]

    assert runs[0] == runs[1]
    assert densely.train("planar", seed=1).id != runs[0]
    with pytest.raises(errors.IdempotencyConflict):
        densely.train("planar", seed=2, idempotency_key="k-1")


def test_a_field_at_fault_is_named(densely: Any) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        densely.train("housing", recipe={"layers": [{"kind": "dense", "units": 0}]})

    assert ["recipe.layers.0.units"] == [each.field for each in caught.value.errors]


def test_a_finished_run_has_history_model_and_pictures(densely: Any, finished: Finished) -> None:
    epochs = [{"loss": 0.7, "accuracy": 0.5}, {"loss": 0.6, "accuracy": 0.6}]
    one = finished.run("sentiment", answers_of("sentiment"), epochs, metrics=Metrics(test={"accuracy": 0.9}))
    two = finished.run("sentiment", answers_of("sentiment"), epochs, seed=5)
    run = densely.runs.get(one).wait()

    assert [
        {"epoch": n, "fold": None, "seed": None, "seconds": 0.1, **row} for n, row in enumerate(epochs, 1)
    ] == run.history
    assert (one, 0.9) == (run.model.run_id, run.metrics.test["accuracy"])
    assert run.curves().startswith(b"<?xml")
    assert run.curves("png").startswith(b"\x89PNG")
    comparison = densely.compare([run, two])
    assert ([one, two], ["seed"]) == ([r.id for r in comparison.runs], [d.field for d in comparison.differences])
    assert [(one, 1), (two, 1)] == [(row.run, row.rank) for row in comparison.board]
    assert densely.compare_picture([one, two]).startswith(b"<?xml")
    assert [two, one] == [each.id for each in densely.runs.list(task="sentiment", status="succeeded")]
    assert [two] == [each.id for each in densely.runs.list(limit=1)]


def test_a_run_tells_what_would_make_it_better(densely: Any, finished: Finished) -> None:
    epochs = [{"loss": 0.9**n, "val_loss": 0.4 + 0.04 * abs(n - 4)} for n in range(1, 13)]
    run = densely.runs.get(finished.claimed("sentiment", epochs, validation=Holdout(size=100)).run_id)

    (advice,) = run.advice

    assert ("overfitting", 4, 4.0) == (advice.kind, advice.since_epoch, advice.figures["epoch"])
    assert {"early_stopping": {"monitor": "val_loss", "patience": 3, "restore_best": True}} == advice.change


def test_runs_are_found_changed_and_tidied(densely: Any) -> None:
    run, other = (densely.train("planar", seed=seed, name=f"Mine {seed}", tags={"why": "Ü"}) for seed in (1, 2))
    changed = densely.runs.update(run.id, name=None, tags={"team": "ada"}, note="two\nlines")
    today = run.data.created_at.date()

    assert (None, {"team": "ada"}, "two\nlines") == (changed.data.name, changed.data.tags, changed.data.note)
    assert [run.id] == [each.id for each in densely.runs.list(q="TWO", since=today, until=today, sort="name")]
    assert [] == densely.runs.list(until="2020-01-01")
    assert other.update(note="why").data.note == "why"
    done = densely.runs.act("cancel", [run, other.id, "r-none"])
    assert ([run.id, other.id], [("r-none", 404)]) == (done.done, [(e.run, e.status) for e in done.refused])
    with pytest.raises(errors.InvalidTransition):
        densely.runs.update(densely.runs.act("retry", [run]).created[0], archived=True)
    densely.runs.act("archive", [run, other])
    assert [run.id] == [row.id for row in densely.runs.rows(archived=True, tag="team:ada").items]
    looked = densely.runs.act("delete", [run], models=True, dry_run=True)
    assert (1, True) == (looked.frees.runs, looked.dry_run)
    assert 1 == densely.runs.rows(task="planar", status="queued", trials=False).total


def test_lists_go_over_pages(densely: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("densely_client.calls.PAGE", 2)
    ids = [densely.train("planar", seed=seed, tags={"set": "a"}).id for seed in range(5)]

    assert ids[::-1] == [run.id for run in densely.runs.list(tag="set:a")]
    assert ids[:1:-1] == [run.id for run in densely.runs.list(limit=3)]
    rows = densely.runs.rows(4, sort="created")
    assert (ids[:4], 5) == ([row.id for row in rows.items], rows.total)
    assert [1, 2, 3, 4] == [row.queue.place for row in rows.items]
    assert list(TASKS.all) == [task.name for task in densely.tasks.list()]


def test_models_are_listed_drawn_fetched_and_activated(densely: Any, database: Database, store: ArtifactStore) -> None:
    first = densely.models.list("digits")[0]
    second = add_model(database, store, "digits", seed=9, active=False)

    assert [second.id, first.id] == [model.id for model in densely.models.list("digits")]
    assert densely.models.activate(second.id).active
    assert not densely.models.get(first.id).active
    assert densely.tasks.activate("digits", first.id).active
    assert [first.id, second.id] == [change.model_id for change in densely.tasks.activations("digits")][:2]
    assert densely.models.diagram(first.id, "png").startswith(b"\x89PNG")
    archive = zipfile.ZipFile(io.BytesIO(densely.models.archive(first.id)))
    assert f"{first.id}/manifest.json" in archive.namelist()
    assert "softmax" == densely.models.get(first.id).manifest["layers"][0]["activation"]


def test_predictions_of_a_test_split_come_whole(
    densely: Any, finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over as many pages as that takes, and as files."""
    monkeypatch.setattr("densely_client.calls.ROWS_OF_ANSWERS", 100)
    model = model_of(finished.run("newswire", answers_of("newswire")))

    rows = densely.models.predictions(model)

    assert (240, list(range(240))) == (len(rows), [row["row"] for row in rows])
    assert {"row", "target", "predicted", "probability", "probabilities"} == set(rows[0])
    assert rows[:101] == densely.models.predictions(model, 101)
    assert b"row,target,predicted,probability," == densely.models.predictions_file(model)[:33]
    assert b"PAR1" == densely.models.predictions_file(model, "parquet")[:4]
    with pytest.raises(errors.InvalidInput):
        densely.models.predictions(model, split="train")


def test_pictures_of_datasets_and_of_several_models(densely: Any, finished: Finished) -> None:
    epochs = [{"loss": 0.7, "accuracy": 0.5, "val_loss": 0.8, "val_accuracy": 0.4}]
    runs = [
        finished.run("planar", answers_of("planar"), epochs, seed=seed, metrics=Metrics(test={"accuracy": 0.5}))
        for seed in (1, 2)
    ]

    assert densely.tasks.picture("planar", "moons", "points").startswith(b"<?xml")
    dark = densely.tasks.picture("planar", "moons", "points", theme="dark", width=358)
    assert (b"#181f1e" in dark, b'width="268.5pt"' in dark) == (True, True)
    assert densely.tasks.picture("planar", "moons", "points", "png", split="test").startswith(b"\x89PNG")
    assert b"boundaries" in densely.compare_picture(runs, kind="boundaries")
    assert b"validation loss" in densely.compare_picture(runs, only="val_loss", first_epoch=1)
    assert ["baseline, seed 1", "baseline, seed 2"] == [run.label for run in densely.compare(runs).runs]
    assert "Boundary" in [one.title for one in densely.models.get(model_of(runs[0])).pictures]


def test_tasks_encode_and_tell_about_themselves(densely: Any) -> None:
    encoded = densely.tasks.encode("sentiment", text="Not bad").encoding
    decoded = densely.tasks.decode("sentiment", ids=encoded["ids"]).decoding

    assert ["not", "bad"] == [word["word"] for word in encoded["words"]]
    assert "? not bad" == decoded["text"]
    assert "planar" in [task.name for task in densely.tasks.list()]
    assert "baseline" in densely.tasks.get("newswire").presets
    assert densely.system().version


def test_keys_are_sent(connect: Connect, client_for: Any, settings: Settings, database: Database) -> None:
    url = str(client_for(settings.model_copy(update={"api_keys": (KEY,)})).base_url)

    assert connect(url, api_key=KEY).tasks.list()
    for key in (None, "another-key-of-16"):
        with pytest.raises(errors.Unauthorized):
            connect(url, api_key=key).tasks.list()


def test_an_id_from_elsewhere_stays_within_its_path(densely: Any) -> None:
    """A name with a question mark or blank is part of the path, not a query."""
    for odd in ("r-1?limit=1", "r 1", "r-1#x"):
        with pytest.raises(errors.InvalidInput):
            densely.runs.get(odd)


def test_an_asynchronous_client_is_open_within_its_block_only(client: httpx.Client) -> None:
    async def names() -> list[str]:
        async with AsyncDensely(str(client.base_url)) as densely:
            found = [task.name for task in await densely.tasks.list()]
        with pytest.raises(RuntimeError, match="closed"):
            await densely.tasks.list()
        return found

    assert "planar" in asyncio.run(names())
