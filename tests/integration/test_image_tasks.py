"""Tasks of pictures of another size and in colours, over HTTP: taken in while the service runs."""

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from app.artifacts.store import PREPROCESSING, ArtifactStore
from app.db.engine import Database
from app.errors import ArtifactInvalid
from app.inference.predictor import Predictor
from app.kinds.base import Task
from app.main import create_app
from app.settings import Settings
from app.tasks.catalog import TaskCatalog
from tests.support import shapes
from tests.support.artifacts import add_model, publish_artifact
from tests.support.server import LiveServer
from tests.support.tasks import TASKS

NAMES = list(shapes.KINDS)
SHAPES = {"shapes": (8, 8), "flags": (16, 16, 3)}
EVERY_TASK: dict[str, Task] = {name: shapes.task(name) for name in NAMES}
of_each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def client(settings: Settings, database: Database, store: ArtifactStore) -> Iterator[httpx.Client]:
    """Of a service that has got them after it was started, each with a small model of drawn weights."""
    catalog = TaskCatalog()
    add_model(database, store, "digits")
    server = LiveServer(create_app(settings, tasks=catalog))
    for task in EVERY_TASK.values():
        catalog.put(task)
        add_model(database, store, task, is_sample=True)
    deadline = time.monotonic() + 10
    paths = {name: f"/tasks/{name}/encode" for name in NAMES}  # routes come a moment after the forms
    while any(server.client.post(paths[name], json=EVERY_TASK[name].example).status_code != 200 for name in NAMES):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield server.client
    server.close()


def body(name: str, **fields: Any) -> dict[str, Any]:
    return {"task": name, **(fields or EVERY_TASK[name].example)}


def answer(client: httpx.Client, sent: dict[str, Any]) -> Any:
    response = client.post("/predict", json=sent)
    assert 200 == response.status_code, response.text
    return response.json()["prediction"]


def image_of(name: str) -> Image.Image:
    return shapes.drawing(shapes.LABELS[name][0], 120, np.random.default_rng(3))


@of_each
def test_rows_a_flat_row_and_a_file_of_it_are_the_same_picture(client: httpx.Client, name: str) -> None:
    """A PNG of the pixels themselves is scaled to what it was; one that is larger, to what the reader makes of it."""
    pixels = np.array(EVERY_TASK[name].example["pixels"])
    expected = answer(client, body(name))

    assert expected == answer(client, body(name, pixels=pixels.ravel().tolist()))
    if shapes.KINDS[name]["scaling"] == "fit":
        exact = shapes.as_base64(Image.fromarray(pixels.astype(np.uint8)))
        assert expected == answer(client, body(name, image=exact))
    image = image_of(name)
    large = answer(client, body(name, image=shapes.as_base64(image)))
    assert large == answer(client, body(name, pixels=shapes.pixels_of(name, image).tolist()))
    assert set(shapes.LABELS[name]) == set(large["probabilities"])


@of_each
def test_what_was_seen_is_told_and_can_be_turned_back(client: httpx.Client, name: str) -> None:
    image = image_of(name)
    values = client.post(f"/tasks/{name}/encode", json={"image": shapes.as_base64(image)}).json()["encoding"]["values"]
    restored = client.post(f"/tasks/{name}/decode", json={"values": values}).json()["decoding"]["input"]["pixels"]

    np.testing.assert_allclose(shapes.pixels_of(name, image), restored, atol=0.01)
    assert 422 == client.post(f"/tasks/{name}/decode", json={"values": values[1:]}).status_code


@of_each
def test_an_explanation_has_a_number_for_each_of_the_pictures(client: httpx.Client, name: str) -> None:
    """Ground of the usual colour has no effect, whatever colour that is."""
    explained = np.array(answer(client, {**body(name), "explain": True})["explanation"]["effects"])

    pixels = np.array(EVERY_TASK[name].example["pixels"])
    assert SHAPES[name] == explained.shape == pixels.shape
    assert not explained[pixels == 240].any()
    assert explained[pixels < 100].any()


@of_each
def test_several_at_once_are_answered_in_order(client: httpx.Client, name: str) -> None:
    several = [dict(EVERY_TASK[name].example), {"image": shapes.as_base64(image_of(name), "JPEG")}]

    found = client.post("/predict", json={"task": name, "instances": several}).json()["predictions"]

    assert [answer(client, body(name, **each)) for each in several] == found


@of_each
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"pixels": [0] * 784}, "pixels"),
        ({"pixels": [[0] * 28] * 28}, "pixels"),
        ({"pixels": [[[0, 0]] * 16] * 16}, "pixels"),
        ({"image": "AAAA"}, "image"),
        ({"image": "AAAA", "pixels": [0] * 64}, "pixels"),
        ({"image": None}, "pixels"),
    ],
)
def test_pictures_of_another_size_or_none_are_refused(
    client: httpx.Client, name: str, fields: dict[str, Any], field: str
) -> None:
    response = client.post("/predict", json=body(name, **fields))

    assert 422 == response.status_code
    assert response.json()["errors"][0]["field"].startswith(field)


@of_each
def test_no_digit_is_looked_for_and_a_light_ground_is_nothing_odd(client: httpx.Client, name: str) -> None:
    plain = shapes.as_base64(Image.new("RGB", (50, 50), "white"))

    assert ["model"] == [warning["field"] for warning in answer(client, body(name, image=plain))["warnings"]]


@of_each
def test_the_sample_is_drawn_in_its_own_colours(client: httpx.Client, name: str) -> None:
    drawn = client.get(f"/tasks/{name}/datasets/sample/sheet.png")

    seen = np.asarray(Image.open(io.BytesIO(drawn.content)).convert("RGB")).astype(int)
    assert (name == "flags") == bool((np.ptp(seen, axis=2) > 100).mean() > 0.02)


def test_forms_say_each_tasks_size_and_those_of_the_other_tasks_stay(client: httpx.Client) -> None:
    forms = client.get("/openapi.json").json()["components"]["schemas"]

    assert "28 rows of 28 numbers" in forms["DigitsRequest"]["properties"]["pixels"]["description"]
    assert "8 rows of 8 numbers, or 64 numbers" in forms["ShapesRequest"]["properties"]["pixels"]["description"]
    assert "768 numbers in a row" in forms["FlagsRequest"]["properties"]["pixels"]["description"]
    assert "centre" == client.get("/tasks/shapes").json()["input_schema"]["properties"]["image"]["scaling"]
    assert "scaling" not in forms["DigitsRequest"]["properties"]["image"]


@of_each
@pytest.mark.parametrize(
    "changes",
    [{"shape": [28, 28]}, {"scale": 1}, {"kind": "raw"}, {"ground": [1, 2]}, {"ground": "white"}, {"shape": 5}],
)
def test_preprocessing_of_another_shape_is_not_loaded(store: ArtifactStore, name: str, changes: dict[str, Any]) -> None:
    task = EVERY_TASK[name]
    made = publish_artifact(store, task)
    artifact = store.open(name, made.id)
    saved = json.loads((store.path(name, made.id) / PREPROCESSING).read_text())
    assert list(SHAPES[name]) == saved["shape"]
    artifact.preprocessing.update(changes)

    with pytest.raises(ArtifactInvalid, match="cannot be read"):
        Predictor(task, artifact, 1)


def test_a_task_of_digits_still_saves_what_it_saved() -> None:
    encoder = TASKS.get("digits").fit_encoder(TASKS.get("digits").presets["baseline"].recipe.features, {})

    assert {"kind": "pixels", "shape": [28, 28], "scale": 255} == encoder.to_json()


def test_the_largest_pictures_are_answered_explained_and_turned_back(store: ArtifactStore) -> None:
    """96 × 96 in colours are 27,648 numbers."""
    noise = np.random.default_rng(2).integers(0, 256, (96, 96, 3))
    example = [{"title": "Noise", "input": {"pixels": noise.tolist()}}]
    kind = {"kind": "image", "size": 96, "colours": "rgb", "scaling": "crop"}
    task = shapes.task("flags", kind=kind, examples=example)
    encoder = task.load_encoder({"kind": "pixels", "shape": [96, 96, 3], "scale": 255})
    item = task.Input.model_validate(task.example)

    encoding: Any = task.encoding(encoder, item, encoder.encode(task.columns([item])))
    decoded: Any = task.decoding(encoder, task.Codes.model_validate({"values": encoding.values}))

    assert noise.tolist() == np.rint(decoded.input["pixels"]).astype(int).tolist()
