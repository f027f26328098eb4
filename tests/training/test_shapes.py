"""Tasks of pictures of another size and in colours: trained, asked by pixels and by files, explained, drawn."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.datasets.catalog import DatasetCatalog
from app.inference.predictor import Predictor
from app.kinds.base import Task
from app.plots import sheet
from app.plots.style import Look
from app.services.attempts import Attempt
from app.tasks.catalog import TaskCatalog
from app.training.pipeline import Workplace, execute
from app.wire.predictions import Options
from tests.support import shapes

Begin = Callable[..., Attempt]


@pytest.fixture(params=list(shapes.KINDS))
def task(request: pytest.FixtureRequest) -> Task:
    return shapes.task(request.param)


@pytest.fixture
def place(place: Workplace, task: Task) -> Workplace:
    """With the task among the others."""
    tasks = TaskCatalog()
    tasks.put(task)
    return replace(place, tasks=tasks)


def test_shapes_are_learnt_and_read_from_pixels_and_files(task: Task, begin: Begin, place: Workplace) -> None:
    """Each in its own size and colours; of a file is read what is in it, not a digit."""
    manifest = execute(begin(task), place)

    assert manifest.metrics.test["accuracy"] > 0.9
    predictor = Predictor(task, place.store.open(task.name, manifest.id), 1)
    rng = np.random.default_rng(77)
    right = {"pixels": 0, "PNG": 0, "JPEG": 0}
    labels = [str(label) for label in task.labels] * 10
    for label in labels:
        image = shapes.drawing(label, 200, rng)
        pixels = shapes.pixels_of(task.name, image)
        given: dict[str, dict[str, Any]] = {
            "pixels": {"pixels": pixels.tolist()},
            "PNG": {"image": shapes.as_base64(image)},
            "JPEG": {"image": shapes.as_base64(image, "JPEG")},
        }
        for form, fields in given.items():
            answer = predictor.predict([task.Input.model_validate(fields)], Options(explain=True))[0]
            right[form] += answer["label"] == label
            assert pixels.shape == np.array(answer["explanation"].effects).shape
    assert min(right.values()) > 0.85 * len(labels), right
    check_sheets(task, place, manifest.id)


def check_sheets(task: Task, place: Workplace, model_id: str) -> None:
    """Both are drawn, in the pictures' own colours."""
    evaluation = place.store.evaluation(task.name, model_id)
    assert evaluation is not None
    assert evaluation.shown is not None
    shown = evaluation.shown
    names = [str(label) for label in task.labels]
    target, predicted = ([names[place] for place in column] for column in (shown.target, shown.predicted))
    drawn = sheet.sheet(
        shown.inputs, target, predicted, shown.probability.tolist(), "t", Look("png"), ink=task.shows_ink
    )
    rows = DatasetCatalog(place.catalog.folder).read(task, task.datasets[-1]).train
    pictures = rows.columns["pixels"][:30].reshape(-1, *shown.inputs.shape[1:])
    also = sheet.examples(pictures, rows.target[:30], "t", "told", Look("png"), ink=task.shows_ink)
    for picture in (drawn, also):
        seen = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
        is_coloured = (np.ptp(seen, axis=2) > 100).mean() > 0.02
        assert is_coloured == (task.name == "flags")
