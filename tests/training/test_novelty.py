"""Novelty learnt from training rows: what is far from them is told from what is not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from app.artifacts.store import ArtifactStore
from app.domain.recipes import Dense
from app.domain.texts import MultiHot, NGrams
from app.encoding.coordinates import CoordinateEncoder
from app.encoding.pixels import PixelEncoder
from app.encoding.rows import ByteRows
from app.inference.novelty import Measure, Novelty, measure_from
from app.inference.predictor import Predictor
from app.inference.within import Within
from app.services.attempts import Attempt
from app.settings import REPOSITORY
from app.tasks.samples import digits as sample_digits
from app.tasks.samples.digits import normalised
from app.training import novelty
from app.training.novelty import FEWEST, LIMIT, _distance, learn
from app.training.pipeline import Workplace, execute
from app.wire.manifests import NoveltyRecord
from app.wire.predictions import Options
from tests.support.artifacts import learnt
from tests.support.tasks import TASKS

Begin = Callable[..., Attempt]

FAR = {
    "sentiment": {"text": "Der Zug nach Hamburg fährt heute leider erst um halb neun ab."},
    "newswire": {"text": "The goalkeeper wept as kittens danced on a violin beneath purple umbrellas."},
    "digits": {"pixels": np.random.default_rng(3).integers(0, 256, 784).tolist()},
    "housing": {"features": {**TASKS.get("housing").example["features"], "RM": 40.0}},
    "planar": {"point": [40.0, -7.0]},
}


USUAL = {name: TASKS.get(name).example for name in FAR} | {
    "digits": {"pixels": learnt(TASKS.get("digits"))[0].test.columns["pixels"][0].tolist()},
    "planar": {"point": [0.5, 0.2]},
}


def _learnt_by(place: Workplace, task: str, model_id: str) -> tuple[Measure, NoveltyRecord]:
    artifact = place.store.open(task, model_id)
    assert artifact.novelty is not None
    assert artifact.manifest.novelty is not None
    return measure_from(artifact.novelty), artifact.manifest.novelty


@pytest.mark.parametrize("name", list(FAR))
def test_a_trained_model_tells_what_is_far_from_its_rows(name: str, begin: Begin, place: Workplace) -> None:
    task = TASKS.get(name)
    recipe = task.presets["baseline"].recipe.model_copy(update={"layers": (Dense(units=4),), "epochs": 1})
    manifest = execute(begin(name, recipe=recipe), place)

    assert manifest.novelty is not None
    assert manifest.novelty.false_alarms <= 0.06  # of so few test rows
    assert "novelty.npz" in manifest.files
    predictor = Predictor(task, place.store.open(name, manifest.id), 1)
    test = place.catalog.read(task, task.datasets[-1]).test
    encoded = predictor.encoder.encode(test.columns)
    of_test = [share for share, _ in Novelty(*_learnt_by(place, name, manifest.id)).of(encoded)]
    assert manifest.novelty.false_alarms == pytest.approx(np.mean(np.array(of_test) > LIMIT), abs=1e-4)
    usual, far = predictor.predict([task.Input.model_validate(each) for each in (USUAL[name], FAR[name])], Options())
    assert usual["novelty"] <= LIMIT < far["novelty"] == 1.0
    assert len(far["warnings"]) > len(usual["warnings"])
    if task.classifies:
        asked = [task.Input.model_validate(FAR[name])]
        assert predictor.predict(asked, Options(max_novelty=0.99))[0]["abstained"]


@pytest.mark.parametrize("features", [MultiHot(words=2_000), NGrams(max_features=5_000, weights="presence")])
def test_short_texts_are_no_news_for_being_short(features: Any) -> None:
    task = TASKS.get("sentiment")
    dataset, _, labels = learnt(task)
    encoder = task.fit_encoder(features, dataset.train.columns)
    train, test = (encoder.encode(rows.columns) for rows in (dataset.train, dataset.test))
    found = learn(encoder, train, task.targets(dataset.train.target, labels, "binary"), test)

    assert found is not None
    measure, record = found
    assert record.false_alarms <= 0.06
    parts = [text.split()[:length] for text in dataset.test.columns["text"] for length in (1, 2, 3, 5, 8)]
    short = encoder.encode({"text": [" ".join(part) for part in parts]})
    assert np.mean([share > LIMIT for share, _ in Novelty(measure, record).of(short)]) < 0.06


def test_of_few_rows_and_of_equal_ones_nothing_is_told() -> None:
    rows = np.random.default_rng(0).normal(size=(FEWEST - 1, 2)).astype(np.float32)
    assert learn(CoordinateEncoder(), rows, np.zeros(len(rows)), rows) is None
    same = np.ones((200, 2), np.float32)
    assert learn(CoordinateEncoder(), same, np.zeros(200), same) is None


def test_numbers_of_any_unit_count_alike() -> None:
    rows = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32) * np.array([1e4, 1e-3], np.float32)
    found = learn(CoordinateEncoder(), rows, np.zeros(400), rows)
    assert found is not None
    far = np.array([[0, 0.02], [2e5, 0], [0, 0]], np.float32)
    assert [1.0, 1.0] == [share for share, _ in Novelty(*found).of(far)][:2]


def test_of_fewer_pictures_than_pixels_the_main_directions_are_learnt() -> None:
    """Colours of a few hundred pictures that vary in two ways: others stand out."""
    random = np.random.default_rng(0)
    ways = random.uniform(0, 90, size=(2, 16 * 16 * 3))
    pictures = (random.uniform(size=(160, 2)) @ ways + random.uniform(0, 5, size=(160, 768))).astype(np.uint8)
    rows = ByteRows(pictures, 255)
    found = learn(PixelEncoder((16, 16, 3)), rows, np.zeros(160, dtype=np.int64), rows)

    assert found is not None
    noise = ByteRows(random.integers(0, 180, size=(20, 768)).astype(np.uint8), 255)
    assert all(share == 1.0 for share, _ in Novelty(*found).of(noise))


def test_of_many_labels_the_rarest_count_as_one() -> None:
    task = TASKS.get("newswire")
    dataset, encoder, _ = learnt(task)
    train, test = (encoder.encode(rows.columns) for rows in (dataset.train, dataset.test))
    many = np.arange(len(train)) % 90
    several = np.zeros((len(train), 3), np.float32)
    several[np.arange(len(train)), many % 3] = 1
    for targets in (many, several, many.astype(np.float64)):
        found = learn(encoder, train, targets, test)
        assert found is not None
        assert found[0].arrays()["words"].shape[0] == {"i": 64, "f": 3 if targets.ndim == 2 else 1}[targets.dtype.kind]


@pytest.mark.parametrize("count", [3_000, 700], ids=["more rows than numbers", "fewer"])
def test_a_parts_directions_are_found_from_those_of_all_rows(count: int) -> None:
    """The search gives the scores that all eigenvectors of the part's own rows would."""
    rng = np.random.default_rng(0)
    width, factors = 900, 70
    mixing = rng.normal(size=(factors, width)) * np.linspace(3, 0.5, factors)[:, None]
    rows = (rng.normal(size=(count, factors)) @ mixing + 0.5 * rng.normal(size=(count, width))).astype(np.float32)
    part, rest = rows[count // 5 :], rows[: count // 5]
    whole, exact = (_distance(some, of_one_scale=True) for some in (rows, part))
    assert whole is not None
    assert exact is not None
    near = _distance(part, whole.directions, of_one_scale=True)
    assert near is not None

    np.testing.assert_allclose(near.raw(rest), exact.raw(rest), rtol=1e-3)
    assert abs(np.mean(whole.raw(rest)) / np.mean(exact.raw(rest)) - 1) > 0.003, "of all rows they would be others"


def _letters() -> ByteRows:
    """Some that are no digits, in Pillow's own font, as large and as much in the middle as digits are."""
    pictures = []
    for letter in "AEFHKMRWXhkmn":
        page = Image.new("L", (90, 90))
        ImageDraw.Draw(page).text((30, 20), letter, fill=255, font=ImageFont.load_default(size=42))
        pictures.append(normalised(page).ravel())
    return ByteRows(np.stack(pictures), 255)


def test_letters_are_told_from_digits_by_what_a_network_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    """By that of the bundled model; of few rows, which it might know by heart, it is not asked."""
    store = ArtifactStore(REPOSITORY / "models_store")
    artifact = store.open("digits", store.bundled()["digits"])
    network, rows = Predictor(TASKS.get("digits"), artifact, 1).network, sample_digits.rows()
    pixels, labels = rows["pixels"], np.array(rows["label"])
    train, test, letters = ByteRows(pixels[:1500], 255), ByteRows(pixels[1500:], 255), _letters()

    few = learn(PixelEncoder(), train, labels[:1500], test, network)
    assert few is not None
    assert not Novelty(*few).looks_within
    monkeypatch.setattr(novelty, "ENOUGH", 1_000)
    found = learn(PixelEncoder(), train, labels[:1500], test, network)
    assert found is not None
    measure, record = found
    assert record.false_alarms < 0.05

    assert isinstance(measure, Within)
    across = [np.array(measure.parts(rows, network.hidden(rows)))[:, 1] for rows in (test, letters)]
    assert np.quantile(across[0], LIMIT) < np.quantile(across[1], 0.2)
    shares = [share for share, _ in Novelty(measure, record).of(letters, network.hidden(letters))]
    assert min(shares) > LIMIT
    manifest = artifact.manifest.model_copy(update={"novelty": record})
    predictor = Predictor(TASKS.get("digits"), replace(artifact, manifest=manifest, novelty=measure.arrays()), 1)
    asked = [predictor.task.Input.model_validate({"pixels": row.tolist()}) for row in letters.dense() * 255]
    answers = predictor.predict(asked, Options())
    assert shares == pytest.approx([answer["novelty"] for answer in answers], abs=2e-3)
    np.testing.assert_allclose(network(letters), network.after(network.hidden(letters)), rtol=1e-5)
