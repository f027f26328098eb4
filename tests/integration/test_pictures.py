"""Pictures of runs and models, as SVG and PNG."""

import struct
import threading
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from app.artifacts.evaluation import EVALUATION, Evaluation
from app.artifacts.store import ArtifactStore
from app.domain.recipes import HEADS, HeadName, KFold
from app.domain.runs import Change
from app.services.execution import WorkerService
from app.settings import Settings
from app.wire.runs import Progress
from tests.integration.finished import Finished, answers_of, model_of
from tests.support.queue import queue_run
from tests.support.tasks import TASKS

EPOCHS = [{"loss": 1 / n, "mae": 2 / n, "val_loss": 1.5 / n, "val_mae": 2.5 / n} for n in range(1, 6)]
KINDS = ("boundary", "confusion", "predictions", "sheet")
FORMS = {"svg": "image/svg+xml", "png": "image/png"}
SVG = "{http://www.w3.org/2000/svg}"
EVERY_HEAD = [(name, head) for name, task in TASKS.all.items() for head in task.heads]

every_form = pytest.mark.parametrize("form", FORMS)
every_head = pytest.mark.parametrize(("task", "head"), EVERY_HEAD)


def texts(answer: httpx.Response) -> str:
    """All words of an SVG, which must be well-formed, without scripts, and a picture in itself."""
    assert (200, "image/svg+xml") == (answer.status_code, answer.headers["content-type"]), answer.text
    root = ET.fromstring(answer.content)
    assert f"{SVG}svg" == root.tag
    names = {element.tag for element in root.iter()}
    assert not names & {f"{SVG}script", f"{SVG}foreignObject"}
    links = [value for element in root.iter() for name, value in element.attrib.items() if name.endswith("href")]
    assert all(link.startswith(("#", "data:image/png")) for link in links)
    return " ".join(" ".join(root.itertext()).split())


def check_picture(answer: httpx.Response, form: str) -> None:
    """The bytes are what the content type says, and a browser that opens them runs nothing."""
    assert (200, FORMS[form]) == (answer.status_code, answer.headers["content-type"]), answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    if form == "svg":
        assert texts(answer)
        return
    signature, length, kind, width, height = struct.unpack(">8sI4sII", answer.content[:24])
    assert (b"\x89PNG\r\n\x1a\n", 13, b"IHDR") == (signature, length, kind)
    assert answer.content.endswith(b"IEND\xaeB`\x82")
    assert min(width, height) > 200


def refusal(answer: httpx.Response, status: int, at: str | None = None) -> str:
    """The detail of a problem document."""
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"]), answer.text
    problem = answer.json()
    assert ([at] if at else []) == [error["field"] for error in problem["errors"]]
    detail: str = problem["detail"]
    return detail


class TestCurves:
    """`/runs/{id}/curves`."""

    @every_form
    def test_a_run_is_drawn_while_it_is_going_and_afterwards(
        self, client: httpx.Client, finished: Finished, form: str
    ) -> None:
        ended = finished.run("housing", None, EPOCHS)
        going = finished.claimed("housing", EPOCHS[:1]).run_id

        for run in (going, ended):
            check_picture(client.get(f"/runs/{run}/curves.{form}"), form)

    def test_it_says_what_it_shows(self, client: httpx.Client, finished: Finished) -> None:
        run = finished.claimed("housing", EPOCHS, name="a & b <script>alert(1)</script> $x^2$ Ünï").run_id

        found = texts(client.get(f"/runs/{run}/curves.svg"))

        for word in ("housing: a & b <script>alert(1)</script> $x^2$ Ünï on sample", "loss", "training", "validation",
                     "mean absolute error", "epoch 5"):  # fmt: skip
            assert word in found

    def test_folds_and_seeds_are_drawn_as_their_mean(self, client: httpx.Client, finished: Finished) -> None:
        several: dict[str, Any] = {"folds": {"validation": KFold(folds=2)}, "seeds": {"seeds": 3}}
        for over, count in (("folds", 2), ("seeds", 3)):
            attempt = finished.claimed("housing", **several[over])
            for fit in (1, 2, 0):
                for number, metrics in enumerate(EPOCHS, 1):
                    attempt.record_epoch(fit, number, 0.1, metrics, Progress(epoch=number, epochs=5))
            attempt.flush()

            assert f"mean of {count} {over}" in texts(client.get(f"/runs/{attempt.run_id}/curves.svg"))

    def test_epochs_before_the_first_are_left_out(self, client: httpx.Client, finished: Finished) -> None:
        run = finished.claimed("housing", EPOCHS).run_id

        whole, same, part, one = (
            client.get(f"/runs/{run}/curves.svg{query}")
            for query in ("", "?first_epoch=1", "?first_epoch=3", "?first_epoch=5")
        )

        assert whole.content == same.content
        assert "from epoch" not in texts(whole)
        assert "from epoch 3 on" in texts(part)
        assert "from epoch 5 on" in texts(one)
        detail = refusal(client.get(f"/runs/{run}/curves.svg?first_epoch=6"), 409)
        assert f"run {run} has no epochs from 6 on" in detail

    @every_form
    def test_a_run_without_epochs_cannot_be_drawn_yet(
        self, client: httpx.Client, finished: Finished, form: str
    ) -> None:
        run = queue_run(finished.database, finished.clock)
        worker = WorkerService(finished.database, finished.clock, "w-2", 10)

        assert f"run {run} is queued" in refusal(client.get(f"/runs/{run}/curves.{form}"), 409)
        claim = worker.claim()
        assert claim is not None
        assert f"run {run} is running" in refusal(client.get(f"/runs/{run}/curves.{form}"), 409)
        worker.end(claim, Change.CANCELLED)
        assert f"run {run} is cancelled" in refusal(client.get(f"/runs/{run}/curves.{form}"), 409)

    def test_what_is_not_there_is_not_found(self, client: httpx.Client) -> None:
        assert "r-nobody" in refusal(client.get("/runs/r-nobody/curves.svg"), 404)

    @pytest.mark.parametrize("form", ["gif", "SVG", "pdf", "svg.png"])
    def test_an_unknown_form_is_refused(self, client: httpx.Client, finished: Finished, form: str) -> None:
        run = finished.claimed("housing", EPOCHS).run_id

        detail = refusal(client.get(f"/runs/{run}/curves.{form}"), 422, "form")

        assert all(name in detail for name in FORMS)

    @pytest.mark.parametrize("number", ["0", "-1", "10001", "1.5", "x", ""])
    def test_a_first_epoch_that_cannot_be_is_refused(
        self, client: httpx.Client, finished: Finished, number: str
    ) -> None:
        run = finished.claimed("housing", EPOCHS).run_id

        refusal(client.get(f"/runs/{run}/curves.svg?first_epoch={number}"), 422, "first_epoch")

    def test_an_odd_id_is_refused(self, client: httpx.Client) -> None:
        refusal(client.get("/runs/%00/curves.svg"), 422, "run_id")


def with_head(task: str, head: HeadName) -> dict[str, Any]:
    recipe = TASKS.get(task).presets["baseline"].recipe
    return {"recipe": recipe.model_copy(update={"head": head, "loss": HEADS[head].losses[0]})}


class TestModels:
    """`/models/{id}/{picture}`."""

    @every_form
    @every_head
    def test_a_model_has_the_pictures_of_its_task_and_no_others(
        self, client: httpx.Client, finished: Finished, task: str, head: HeadName, form: str
    ) -> None:
        """A multilabel model has none but its layers; a picture that is not there names those that are."""
        model = model_of(finished.run(task, answers_of(task, head), **with_head(task, head)))
        there = () if head == "multilabel" else TASKS.get(task).plots

        check_picture(client.get(f"/models/{model}/diagram.{form}"), form)
        for kind in KINDS:
            answer = client.get(f"/models/{model}/{kind}.{form}")
            if kind in there:
                check_picture(answer, form)
                continue
            detail = refusal(answer, 404)
            assert f"has no picture {kind!r}; it has {', '.join(['diagram', *there])}" in detail

    @pytest.mark.parametrize("task", TASKS.all)
    def test_a_task_names_the_pictures_of_its_models(self, client: httpx.Client, finished: Finished, task: str) -> None:
        model = model_of(finished.run(task, answers_of(task)))

        for kind in client.get(f"/tasks/{task}").json()["pictures"]:
            assert 200 == client.get(f"/models/{model}/{kind}.svg").status_code

    def test_pictures_say_what_they_show(self, client: httpx.Client, finished: Finished) -> None:
        models = {task: model_of(finished.run(task, answers_of(task))) for task in TASKS.all}

        found = {
            (task, kind): texts(client.get(f"/models/{models[task]}/{kind}.svg"))
            for task in models
            for kind in ("diagram", *TASKS.get(task).plots)
        }

        assert all(f"{task}: baseline" in text for (task, _), text in found.items())
        assert "785" in found["digits", "diagram"] or "7,850" in found["digits", "diagram"]
        for label in ("negative", "positive"):
            assert label in found["sentiment", "confusion"]
        assert "thousands of 1970s US dollars" in found["housing", "predictions"]
        assert "class 0" in found["planar", "boundary"]

    @every_form
    def test_a_model_that_kept_no_answers_has_its_layers_only(
        self, client: httpx.Client, finished: Finished, form: str
    ) -> None:
        model = model_of(finished.run("digits", None))

        check_picture(client.get(f"/models/{model}/diagram.{form}"), form)
        assert "kept no answers" in refusal(client.get(f"/models/{model}/confusion.{form}"), 404)

    @pytest.mark.parametrize("kind", ["diagram", *KINDS])
    def test_an_unknown_model_is_not_found(self, client: httpx.Client, kind: str) -> None:
        assert "m-nobody" in refusal(client.get(f"/models/m-nobody/{kind}.svg"), 404)

    def test_unknown_pictures_and_forms_are_refused(self, client: httpx.Client) -> None:
        model = client.get("/tasks/digits").json()["active_model"]["id"]

        assert "boundary" in refusal(client.get(f"/models/{model}/portrait.svg"), 422, "kind")
        for kind in ("diagram", "confusion"):
            assert "svg" in refusal(client.get(f"/models/{model}/{kind}.gif"), 422, "form")
        refusal(client.get("/models/%00/diagram.svg"), 422, "model_id")

    @pytest.mark.parametrize("damage", ["flipped", "gone"])
    def test_damaged_answers_are_out_of_service(
        self, client: httpx.Client, finished: Finished, store: ArtifactStore, damage: str
    ) -> None:
        model = model_of(finished.run("digits", answers_of("digits")))
        path = store.path("digits", model) / EVALUATION
        if damage == "gone":
            path.unlink()
        else:
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)

        assert model in refusal(client.get(f"/models/{model}/confusion.svg"), 503)
        assert 200 == client.get(f"/models/{model}/diagram.svg").status_code

    def test_without_a_manifest_there_is_nothing_to_draw(
        self, client: httpx.Client, finished: Finished, store: ArtifactStore
    ) -> None:
        model = model_of(finished.run("digits", answers_of("digits")))
        (store.path("digits", model) / "manifest.json").unlink()

        for kind in ("diagram", "confusion"):
            assert model in refusal(client.get(f"/models/{model}/{kind}.svg"), 503)

    def test_the_answers_are_in_the_archive_too(
        self, client: httpx.Client, finished: Finished, store: ArtifactStore
    ) -> None:
        given = answers_of("digits")
        model = model_of(finished.run("digits", given))

        kept = store.evaluation("digits", model)

        assert isinstance(kept, Evaluation)
        assert (given.target.tolist(), given.predicted.tolist()) == (kept.target.tolist(), kept.predicted.tolist())
        assert EVALUATION in client.get(f"/models/{model}").json()["manifest"]["files"]
        assert f"{model}/{EVALUATION}".encode() in client.get(f"/models/{model}/archive").content


class TestDatasets:
    """`/tasks/{task}/datasets/{dataset}/{picture}`."""

    @every_form
    def test_every_dataset_that_is_here_has_the_pictures_that_it_names(self, client: httpx.Client, form: str) -> None:
        named = [
            (task["name"], dataset["name"], kind)
            for task in client.get("/tasks").json()["items"]
            for dataset in task["datasets"]
            for kind in dataset["pictures"]
        ]

        assert ("digits", "mnist", "sheet") not in named  # it is not here
        assert {("planar", "points"), ("digits", "sheet")} == {(task, kind) for task, _, kind in named}
        for task, dataset, kind in named:
            check_picture(client.get(f"/tasks/{task}/datasets/{dataset}/{kind}.{form}"), form)

    def test_they_say_what_they_show(self, client: httpx.Client) -> None:
        moons, test = (
            texts(client.get(f"/tasks/planar/datasets/moons/points.svg{query}")) for query in ("", "?split=test")
        )
        digits = texts(client.get("/tasks/digits/datasets/sample/sheet.svg"))

        assert all(word in moons for word in ("planar: moons", "All 200 training rows", "class 0", "class 1", "x1"))
        assert "All 1,000 test rows" in test
        assert "digits: sample" in digits
        assert "The first 100 training rows with their labels" in digits

    def test_rows_of_a_file_are_drawn_once_it_is_here(self, client: httpx.Client, settings: Settings) -> None:
        address = "/tasks/digits/datasets/mnist/sheet.svg"
        assert "'mnist' is not on this machine" in refusal(client.get(address), 409)
        settings.datasets.mkdir(parents=True)
        path = settings.datasets / "mnist.parquet"

        pixels = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(3 * 784, np.uint8)), 784)
        table = pa.table({"pixels": pixels, "label": [7, 1, 8], "split": ["test", "train", "train"]})
        pq.write_table(table, path)
        drawn = texts(client.get(address))
        assert "All 2 training rows" in drawn
        assert " 1 8 " in drawn

        for content in (table.drop_columns("label"), table.filter(pc.field("split") == "test")):
            pq.write_table(content, path)
            detail = refusal(client.get(address), 503)
            assert ("'mnist' cannot be read" in detail, str(path.parent) in detail) == (True, False)
        path.write_bytes(b"PAR1")
        refusal(client.get(address), 503)

    def test_what_is_not_there_is_refused(self, client: httpx.Client) -> None:
        for address in ("sentiment/datasets/imdb/sheet", "planar/datasets/mnist/points", "planar/datasets/moons/sheet"):
            assert "there is no picture" in refusal(client.get(f"/tasks/{address}.svg"), 404)
        assert "horoscope" in refusal(client.get("/tasks/horoscope/datasets/moons/points.svg"), 404)
        refusal(client.get("/tasks/planar/datasets/moons/portrait.svg"), 422, "kind")
        refusal(client.get("/tasks/planar/datasets/moons/points.gif"), 422, "form")
        refusal(client.get("/tasks/planar/datasets/moons/points.svg?split=all"), 422, "split")
        refusal(client.get("/tasks/planar/datasets/%00/points.svg"), 422, "dataset")


def test_a_model_names_the_pictures_that_it_has(client: httpx.Client, finished: Finished) -> None:
    """Its layers alone if it kept no answers; with it go those of its dataset."""
    several = with_head("newswire", "multilabel")
    made = {
        finished.run("digits", answers_of("digits")): {"Layers", "Confusion of the classes", "Test pictures"},
        finished.run("planar", None): {"Layers", "Training points"},
        finished.run("newswire", answers_of("newswire", "multilabel"), **several): {"Layers"},
        finished.run("housing", answers_of("housing")): {"Layers", "Predicted against true values"},
    }

    for run, expected in made.items():
        model = client.get(f"/models/{model_of(run)}").json()
        titles = [one["title"] for one in model["pictures"]]
        (dataset,) = [one for one in client.get(f"/tasks/{model['task']}").json()["datasets"]
                      if one["name"] == model["dataset"]]  # fmt: skip
        assert ("Training pictures" in titles) == ("sheet" in dataset["pictures"])
        assert expected == set(titles) - {"Training pictures"}
        for one in model["pictures"]:
            check_picture(client.get(f"/{one['path']}"), "svg")


def test_a_long_run_is_thinned_before_it_is_drawn(client: httpx.Client, finished: Finished) -> None:
    """Of 2,500 epochs every third is read, and `every` does the same for the history."""
    run = finished.claimed("planar", [{"loss": 1 / n, "accuracy": 0.5} for n in range(1, 2_501)]).run_id

    check_picture(client.get(f"/runs/{run}/curves.svg"), "svg")

    every = client.get(f"/runs/{run}/history", params={"every": 1_000}).json()["epochs"]
    assert [1, 1_000, 2_000] == [epoch["epoch"] for epoch in every]
    refusal(client.get(f"/runs/{run}/history", params={"every": 0}), 422, "every")


def test_few_pictures_may_wait(client: httpx.Client, finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes a thread: those that are left answer everything else."""
    run = finished.claimed("housing", [{"loss": 1.0, "mae": 1.0}]).run_id
    monkeypatch.setattr(threading.BoundedSemaphore, "acquire", lambda *_, **__: False)

    answer = client.get(f"/runs/{run}/curves.svg")

    assert "pictures are being drawn already" in refusal(answer, 503)
    assert answer.headers["Retry-After"]
