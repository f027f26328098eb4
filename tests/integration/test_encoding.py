"""`/tasks/{task}/encode` and `/decode`: an input as the model sees it, and back."""

import base64
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.artifacts.store import WEIGHTS, ArtifactStore
from app.db.engine import Database
from app.domain.word_ids import START, UNKNOWN
from app.encoding.rows import dense
from app.settings import Settings
from app.wire.encodings import MAX_IDS
from tests.support.artifacts import add_model, learnt
from tests.support.tasks import TASKS

TEXTS = ("newswire", "sentiment")
NUMBERS = [name for name in TASKS.all if name not in TEXTS]
EXAMPLES = {name: task.example for name, task in TASKS.all.items()}
WIDTHS = {"digits": 784, "housing": 13, "planar": 2}

every_task = pytest.mark.parametrize("task", EXAMPLES)
every_text = pytest.mark.parametrize("task", TEXTS)
every_row = pytest.mark.parametrize("task", NUMBERS)


def ask(client: httpx.Client, task: str, way: str, **body: Any) -> dict[str, Any]:
    """The encoding or decoding, with the model that was asked."""
    answer = client.post(f"/tasks/{task}/{way}", json=body)
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    assert ({"task", "model", f"{way[:-1]}ing"}, task) == (set(found), found["task"])
    return found


def encoding(client: httpx.Client, task: str, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = ask(client, task, "encode", **body)["encoding"]
    return found


def decoding(client: httpx.Client, task: str, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = ask(client, task, "decode", **body)["decoding"]
    return found


def refused(
    client: httpx.Client, path: str, body: Any, status: int, at: str | None = None, says: str = ""
) -> dict[str, Any]:
    """A problem document that names the field at fault; NaN goes out as careless clients send it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(path, content=content, headers={"Content-Type": "application/json"})

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"]), answer.text
    problem: dict[str, Any] = answer.json()
    assert answer.headers["x-request-id"] == problem["request_id"]
    if at is not None:
        assert at in [error["field"] for error in problem["errors"]], problem
    assert says in json.dumps([problem["detail"], problem["errors"]]), problem
    return problem


def test_every_task_is_encoded_one_way_or_the_other() -> None:
    assert set(TASKS.all) == {*TEXTS, *WIDTHS}


@every_row
def test_a_row_is_what_the_first_layer_takes(client: httpx.Client, task: str) -> None:
    """The numbers of the encoder that was learnt with the model, in its order, to six decimals."""
    values = encoding(client, task, **EXAMPLES[task])["values"]

    item = TASKS.get(task).Input.model_validate(EXAMPLES[task])
    expected = dense(learnt(TASKS.get(task))[1].encode(TASKS.get(task).columns([item])))[0]
    assert WIDTHS[task] == len(values)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-6)


@every_row
def test_a_row_comes_back_as_the_input_that_it_was(client: httpx.Client, task: str) -> None:
    """As `/predict` takes it, and with the same answer."""
    restored = decoding(client, task, values=encoding(client, task, **EXAMPLES[task])["values"])["input"]

    assert set(EXAMPLES[task]) == set(restored)
    np.testing.assert_allclose(leaves(restored), leaves(EXAMPLES[task]), rtol=1e-6, atol=1e-3)
    first, second = (
        client.post("/predict", json={"task": task, **item}).json()["prediction"] for item in (EXAMPLES[task], restored)
    )
    assert pytest.approx(leaves(first), rel=1e-4, abs=1e-5) == leaves(second)


def leaves(value: Any) -> list[float]:
    """Every number, in order."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for part in value for leaf in leaves(part)]
    return [value] if isinstance(value, int | float) else []


def test_columns_that_the_network_does_not_see_are_not_in_the_row(client: httpx.Client) -> None:
    """The order is that of the table's columns."""
    names = list(EXAMPLES["housing"]["features"])
    assert names == encoding(client, "housing", **EXAMPLES["housing"])["columns"]
    unit = [float(place == 5) for place in range(13)]

    zero, moved = (decoding(client, "housing", values=values)["input"]["features"] for values in ([0.0] * 13, unit))

    assert names == list(zero)
    assert ["RM"] == [name for name in names if zero[name] != moved[name]]


@every_text
def test_a_text_is_words_and_ids_as_in_keras_datasets(client: httpx.Client, task: str) -> None:
    """Id 1 starts a text, 2 stands for an unknown word, and the most frequent word has id 4."""
    encoder: Any = learnt(TASKS.get(task))[1]
    frequent, rare = encoder.vocabulary[0], encoder.vocabulary[-1]

    found = encoding(client, task, text=f"{frequent.upper()}, zxqv <br /> {rare}! zxqv qqkk?")

    expected = [(frequent, 4), ("zxqv", UNKNOWN), (rare, 3 + len(encoder.vocabulary)), ("zxqv", 2), ("qqkk", 2)]
    assert expected == [(word["word"], word["id"]) for word in found["words"]]
    assert [START, *(number for _, number in expected)] == found["ids"]
    assert (["zxqv", "qqkk"], 0.4) == (found["unknown"], found["known_words"])


@every_text
def test_ids_come_back_as_the_words_that_they_were(client: httpx.Client, task: str) -> None:
    """Unknown words are lost; what is left encodes to the same ids again."""
    first = encoding(client, task, **EXAMPLES[task])

    back = decoding(client, task, ids=first["ids"])

    known = [word["word"] if word["id"] != UNKNOWN else None for word in first["words"]]
    assert [None, *known] == back["words"]
    assert " ".join(word or "?" for word in back["words"]) == back["text"]
    again = encoding(client, task, text=" ".join(word or "zxqv" for word in known))
    assert first["ids"] == again["ids"]


@every_text
def test_reserved_ids_and_those_without_a_word_are_question_marks(client: httpx.Client, task: str) -> None:
    encoder: Any = learnt(TASKS.get(task))[1]
    beyond = 4 + len(encoder.vocabulary)
    assert beyond < encoder.words

    back = decoding(client, task, ids=[0, 1, 2, 3, 4, beyond, encoder.words - 1])

    assert [*[None] * 4, encoder.vocabulary[0], None, None] == back["words"]
    assert f"? ? ? ? {encoder.vocabulary[0]} ? ?" == back["text"]


def test_a_headline_comes_before_its_story(client: httpx.Client) -> None:
    story = {"title": "OIL", "text": "Prices rose."}

    words = [word["word"] for word in encoding(client, "newswire", **story)["words"]]

    assert ["oil", "prices", "rose"] == words
    assert words[1:] == [word["word"] for word in encoding(client, "newswire", **{**story, "title": None})["words"]]


@every_task
def test_another_model_can_be_asked(client: httpx.Client, database: Database, store: ArtifactStore, task: str) -> None:
    """By version or id; left out, it is the active one."""
    codes = {"ids": [4]} if task in TEXTS else {"values": [0.0] * WIDTHS[task]}
    active = client.get(f"/tasks/{task}").json()["active_model"]
    second = add_model(database, store, task, active=False, seed=9)
    expected = {
        None: {"id": active["id"], "version": 1}, "active": {"id": active["id"], "version": 1},
        2: {"id": second.id, "version": 2}, second.id: {"id": second.id, "version": 2},
        1: {"id": active["id"], "version": 1},
    }  # fmt: skip

    for way, body in (("encode", EXAMPLES[task]), ("decode", codes)):
        asked = {model: ask(client, task, way, **body, **({"model": model} if model else {})) for model in expected}
        assert expected == {model: answer["model"] for model, answer in asked.items()}


def test_a_model_sees_an_input_with_its_own_encoder(
    client: httpx.Client, database: Database, store: ArtifactStore
) -> None:
    """Another model has another vocabulary."""
    second = add_model(database, store, "sentiment", active=False)
    text = "a film"
    assert UNKNOWN not in encoding(client, "sentiment", text=text)["ids"]
    folder = store.path("sentiment", second.id)
    saved = json.loads((folder / "preprocessing.json").read_text(encoding="utf-8"))
    content = json.dumps({**saved, "vocabulary": ["film"]}).encode()
    rewrite(folder, "preprocessing.json", content)

    assert [START, UNKNOWN, 4] == encoding(client, "sentiment", text=text, model=second.id)["ids"]
    assert ["film", None] == decoding(client, "sentiment", ids=[4, 5], model=second.id)["words"]


def rewrite(folder: Path, name: str, content: bytes) -> None:
    """A file with other content, and its checksum in the manifest."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@every_text
def test_a_text_without_words_is_refused(client: httpx.Client, task: str) -> None:
    for text in ("?!", "<br />", " ... "):
        refused(client, f"/tasks/{task}/encode", {"text": text}, 422, "text", "no words")


@pytest.mark.parametrize(
    ("body", "at", "says"),
    [
        ({"ids": [4, 10_000]}, "ids.1", "below 10000"),
        ({"ids": [2**70]}, "ids.0", "below 10000"),
        ({"ids": [4, 5, -1]}, "ids.2", "0"),
        ({"ids": ["4"]}, "ids.0", ""),
        ({"ids": [4.5]}, "ids.0", ""),
        ({"ids": [True]}, "ids.0", ""),
        ({"ids": [None]}, "ids.0", ""),
        ({"ids": []}, "ids", "1 item"),
        ({"ids": [4] * (MAX_IDS + 1)}, "ids", str(MAX_IDS)),
        ({"ids": 4}, "ids", ""),
        ({}, "ids", ""),
        ({"values": [1.0]}, "values", "no such field"),
    ],
    ids=lambda part: str(part)[:24],
)
@every_text
def test_ids_that_no_model_gives_are_refused(client: httpx.Client, task: str, body: Any, at: str, says: str) -> None:
    refused(client, f"/tasks/{task}/decode", body, 422, at, says)


@every_row
def test_a_row_of_another_length_is_refused(client: httpx.Client, task: str) -> None:
    width = WIDTHS[task]
    for count in (0, width - 1, width + 1):
        refused(client, f"/tasks/{task}/decode", {"values": [0.5] * count}, 422, "values", f"takes {width} numbers")


NO_VALUES = [float("nan"), float("inf"), 1e308, -1_000_001, "0.5", True, None, [0.5]]


@pytest.mark.parametrize("value", NO_VALUES, ids=str)
@every_row
def test_a_row_holds_numbers_within_limits_only(client: httpx.Client, task: str, value: Any) -> None:
    values = [value, *[0.5] * (WIDTHS[task] - 1)]

    refused(client, f"/tasks/{task}/decode", {"values": values}, 422, "values.0")


@every_task
def test_what_does_not_fit_is_refused(client: httpx.Client, task: str) -> None:
    """The same for both ways of every task."""
    other = next(name for name in EXAMPLES if name != task)
    other_id = client.get(f"/tasks/{other}").json()["active_model"]["id"]
    codes = {"ids": [4]} if task in TEXTS else {"values": [0.0] * WIDTHS[task]}
    for way, body in (("encode", EXAMPLES[task]), ("decode", codes)):
        path = f"/tasks/{task}/{way}"
        refused(client, path, {**body, "model": 999}, 404, says="version 999")
        refused(client, path, {**body, "model": "m-nobody"}, 404, says="m-nobody")
        refused(client, path, {**body, "model": other_id}, 404, says=task)
        for model in ("../../etc/passwd", 0, 1.5, None, True):
            refused(client, path, {**body, "model": model}, 422, "model")
        refused(client, path, {**body, "mood": "good"}, 422, "mood", "no such field")
        refused(client, path, {**body, "task": task}, 422, "task", "no such field")
        refused(client, path, {**body, "top_k": 3}, 422, "top_k", "no such field")
        fields = body if way == "decode" else TASKS.get(task).Input.model_fields
        refused(client, path, {}, 422, next(field for field in fields if field in body))
        refused(client, path, [body], 422, "body")
        refused(client, path, b'{"model":', 400)
        assert 405 == client.get(path).status_code
        assert 415 == client.post(path, content=b"{}", headers={"Content-Type": "text/plain"}).status_code


def test_inputs_have_the_limits_of_predict(client: httpx.Client) -> None:
    refused(client, "/tasks/digits/encode", {"pixels": [256, *[0] * 783]}, 422, "pixels.0", "255")
    refused(client, "/tasks/digits/encode", {"pixels": [0] * 783}, 422, "pixels", "784")
    refused(client, "/tasks/housing/encode", {"features": {"RM": 6.0}}, 422, "features.CRIM")
    refused(client, "/tasks/planar/encode", {"point": [0.5, 1001]}, 422, "point.1", "1000")
    refused(client, "/tasks/planar/encode", {"point": [0.5]}, 422, "point", "2")
    refused(client, "/tasks/sentiment/encode", {"text": "a" * 100_001}, 422, "text", "100000")
    refused(client, "/tasks/newswire/encode", {"text": "a", "title": "b" * 1_001}, 422, "title", "1000")


@pytest.mark.parametrize("way", ["encode", "decode"])
def test_an_unknown_task_is_not_found(client: httpx.Client, way: str) -> None:
    refused(client, f"/tasks/horoscope/{way}", {"text": "a film"}, 404, says=f"/tasks/horoscope/{way}")


def test_a_body_over_the_limit_is_refused(client: httpx.Client) -> None:
    """One mebibyte, as for all calls but those that take a picture."""
    refused(client, "/tasks/sentiment/decode", {"ids": [1] * 2**19}, 413, "body", "1 MiB")
    refused(client, "/tasks/digits/encode", {"image": "A" * 2**25}, 413, "body", "32 MiB")


def photograph(size: tuple[int, int]) -> str:
    """Of a seven on paper that is darker on one side, in base64 as `base64 FILE` writes it."""
    light = np.linspace(225, 150, size[0])[None].repeat(size[1], axis=0)
    page = Image.fromarray(light.astype(np.uint8))
    points = [(size[0] * x, size[1] * y) for x, y in ((0.4, 0.3), (0.55, 0.3), (0.47, 0.6))]
    ImageDraw.Draw(page).line(points, fill=40, width=size[0] // 40, joint="curve")
    file = io.BytesIO()
    page.save(file, "PNG", compress_level=0)
    return base64.encodebytes(file.getvalue()).decode()


def test_a_photograph_is_encoded_as_it_is_predicted(client: httpx.Client) -> None:
    """Of a size beyond one mebibyte, and explained: what the model saw, and what its pixels did to the answer."""
    image = photograph((1600, 1200))
    assert len(image) > 2**21

    values = encoding(client, "digits", image=image)["values"]
    grid = decoding(client, "digits", values=values)["input"]["pixels"]

    assert 1 == max(values)
    by_pixels, by_image = (
        client.post("/predict", json={"task": "digits", "explain": True, **given}).json()["prediction"]
        for given in ({"pixels": grid}, {"image": image})
    )
    assert pytest.approx(leaves(by_pixels), abs=1e-5) == leaves(by_image)


def test_a_picture_that_cannot_be_read_is_refused_by_its_field(client: httpx.Client) -> None:
    blank = io.BytesIO()
    Image.new("L", (300, 300), 240).save(blank, "JPEG")
    body = {"image": base64.b64encode(blank.getvalue()).decode()}

    refused(client, "/tasks/digits/encode", body, 422, "image", "shows nothing")
    refused(client, "/predict", {"task": "digits", **body}, 422, "image", "shows nothing")
    refused(client, "/predict", {"task": "digits", "instances": [body]}, 422, "instances.0.image", "shows nothing")


def test_a_task_without_an_active_model_says_so(
    client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database, store: ArtifactStore
) -> None:
    """A model that is named is asked all the same, unless it is damaged."""
    made = {task: add_model(database, store, task, active=False) for task in TASKS.all}
    client = client_for(settings)
    model_id = made["sentiment"].id
    body = {"text": "A good film."}

    refused(client, "/tasks/sentiment/encode", body, 503, says="no active model")
    assert model_id == ask(client, "sentiment", "encode", **body, model=1)["model"]["id"]

    (store.path("digits", made["digits"].id) / WEIGHTS).unlink()
    refused(client, "/tasks/digits/decode", {"values": [0.0] * 784, "model": 1}, 503, says=made["digits"].id)
