"""Effects are what really happens when a part of the input is left out."""

from typing import Any

import numpy as np
import pytest

from app.artifacts.store import Artifact, ArtifactStore
from app.errors import InvalidInput
from app.inference.predictor import Predictor
from app.wire.predictions import Options
from tests.support.artifacts import publish_artifact
from tests.support.tasks import TASKS

NAMES = ["sentiment", "newswire", "digits", "housing", "planar"]
EXPLAINED = Options(explain=True)


@pytest.fixture(scope="module")
def predictors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Predictor]:
    """A small model of each task, with a hidden layer: in a single layer every effect would be linear."""
    store = ArtifactStore(tmp_path_factory.mktemp("models"))
    found = {}
    for name in NAMES:
        artifact = with_hidden_layer(store.open(name, publish_artifact(store, name).id))
        found[name] = Predictor(TASKS.get(name), artifact, version=1)
        if name == "housing":
            raw = Artifact(artifact.manifest, artifact.weights, {**artifact.preprocessing, "kind": "raw"})
            found["housing, raw"] = Predictor(TASKS.get(name), raw, version=1)
    return found


def with_hidden_layer(artifact: Artifact) -> Artifact:
    (last,) = artifact.manifest.layers
    hidden = last.model_copy(update={"units": 12, "activation": "relu"})
    rng = np.random.default_rng(3)
    width = artifact.weights["0/kernel"].shape[0]
    weights = {
        "0/kernel": rng.normal(scale=0.3, size=(width, 12)).astype(np.float32),
        "0/bias": rng.normal(size=12).astype(np.float32),
        "1/kernel": rng.normal(size=(12, last.units)).astype(np.float32),
        "1/bias": rng.normal(size=last.units).astype(np.float32),
    }
    manifest = artifact.manifest.model_copy(update={"layers": [hidden, last]})
    return Artifact(manifest, weights, artifact.preprocessing)


def answer(predictor: Predictor, options: Options = EXPLAINED, **fields: Any) -> Any:
    return predictor.predict([predictor.task.Input.model_validate(fields)], options)[0]


def probability_of(label: Any, found: Any) -> float:
    """What an answer gives to a label, whichever it is sure of."""
    if "top" in found:
        return next(float(score["probability"]) for score in found["top"] if score["label"] == label)
    if "probabilities" in found:
        return float(found["probabilities"][label])
    return float(found["probability"] if found["label"] == label else 1 - found["probability"])


@pytest.mark.parametrize(
    ("task", "field", "text"),
    [
        ("sentiment", "text", "A moving film, and a <br /> moving story."),
        ("newswire", "text", "Wheat exports rose; wheat prices fell."),
    ],
)
def test_a_word_s_effect_is_the_difference_that_leaving_it_out_makes(
    predictors: dict[str, Predictor], task: str, field: str, text: str
) -> None:
    predictor, options = predictors[task], Options(explain=True, top_k=100)
    whole = answer(predictor, options, **{field: text})
    label = whole["explanation"].label
    effects = {}
    for found in whole["explanation"].words:
        assert found["word"] == text[found["start"] : found["end"]].lower(), "the place is that of the word"
        assert field == found["field"]
        effects[found["word"]] = found["effect"]

    assert [word.strip(";,.").lower() for word in text.replace("<br />", " ").split()] == [
        found["word"] for found in whole["explanation"].words
    ]
    for word, effect in effects.items():
        rest = " ".join(other for other in text.lower().split() if other.strip(";,.") != word)
        without = answer(predictor, options, **{field: rest})
        expected = probability_of(label, whole) - probability_of(label, without)
        assert effect == pytest.approx(expected, abs=5e-6), word


def test_the_headline_s_words_are_told_from_the_story_s(predictors: dict[str, Predictor]) -> None:
    found = answer(predictors["newswire"], title="OIL UP", text="oil is up")["explanation"].words

    assert [("title", 0, 3), ("title", 4, 6), ("text", 0, 3), ("text", 4, 6), ("text", 7, 9)] == [
        (word["field"], word["start"], word["end"]) for word in found
    ]


def test_a_headline_s_words_are_those_that_the_answer_was_made_of(predictors: dict[str, Predictor]) -> None:
    """A tag in the story makes tags of what the headline has in brackets."""
    found = answer(predictors["newswire"], title="Phillips <P> up", text="oil <b>rises</b>")["explanation"].words

    assert ["phillips", "up", "oil", "rises"] == [word["word"] for word in found]
    assert [(0, 8), (13, 15), (0, 3), (7, 12)] == [(word["start"], word["end"]) for word in found]


def test_one_unknown_word_has_the_effect_of_all_unknown_words_and_one_of_several_has_none(
    predictors: dict[str, Predictor],
) -> None:
    one = answer(predictors["sentiment"], text="film zxqv")["explanation"].words[1]
    several = answer(predictors["sentiment"], text="film zxqv vqxz")["explanation"].words

    assert abs(one["effect"]) > 1e-3
    assert [0, 0] == [word["effect"] for word in several[1:]]


def test_a_pixel_s_effect_is_the_difference_that_blanking_it_makes(predictors: dict[str, Predictor]) -> None:
    pixels = np.zeros((28, 28))
    pixels[10:13, 5:8] = [[255, 40, 0], [3, 200, 100], [0, 0, 9]]
    whole = answer(predictors["digits"], pixels=pixels.tolist())
    label, effects = whole["explanation"].label, np.array(whole["explanation"].effects)

    assert (28, 28) == effects.shape
    assert not effects[pixels == 0].any()
    for row, column in np.argwhere(pixels > 0).tolist():
        blanked = pixels.copy()
        blanked[row, column] = 0
        without = answer(predictors["digits"], pixels=blanked.tolist())
        expected = whole["probabilities"][label] - without["probabilities"][label]
        assert effects[row, column] == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize("name", ["housing", "housing, raw"])
def test_a_feature_s_effect_is_the_difference_to_the_training_mean(predictors: dict[str, Predictor], name: str) -> None:
    """Whether or not the network sees zero for it."""
    predictor = predictors[name]
    features = dict(predictor.task.example["features"])
    whole = answer(predictor, features=features)
    encoder: Any = predictor.encoder
    mean = dict(zip(encoder.columns, encoder.mean.tolist(), strict=True))

    assert set(features) == set(whole["explanation"].effects)
    assert whole["explanation"].label is None
    assert any(whole["explanation"].effects.values())
    for figure, effect in whole["explanation"].effects.items():
        without = answer(predictor, features={**features, figure: mean[figure]})
        expected = whole["value"] - without["value"]
        assert effect == pytest.approx(expected, abs=3e-4 + 1e-6 * abs(whole["value"])), figure


def test_without_the_option_there_is_no_explanation(predictors: dict[str, Predictor]) -> None:
    for predictor in predictors.values():
        plain = answer(predictor, Options(), **predictor.task.example)
        assert "explanation" not in plain
        explained = answer(predictor, EXPLAINED, **predictor.task.example)
        assert plain == {k: v for k, v in explained.items() if k != "explanation"}


def test_figures_beyond_the_training_rows_are_named(predictors: dict[str, Predictor]) -> None:
    predictor = predictors["housing"]
    low, high = predictor.encoder.bounds  # type: ignore[attr-defined]
    ordinary: dict[str, Any] = {"features": dict(zip(predictor.encoder.columns, low, strict=True))}  # type: ignore[attr-defined]

    assert [] == answer(predictor, **ordinary)["warnings"], "the smallest value itself is within the range"
    ordinary["features"]["RM"] = high[5] + 0.001
    (warning,) = answer(predictor, **ordinary)["warnings"]
    assert "features.RM" == warning.field
    assert f"{low[5]:g} to {high[5]:g}" in warning.message


def test_texts_of_unknown_words_and_pictures_of_nothing_are_warned_of(predictors: dict[str, Predictor]) -> None:
    assert "0%" in answer(predictors["sentiment"], text="zxqv vqxz")["warnings"][0].message
    assert [] == answer(predictors["sentiment"], text="a film")["warnings"]
    assert "contrast" in answer(predictors["digits"], pixels=[0] * 784)["warnings"][0].message
    turned = (255 - np.array(TASKS.get("digits").example["pixels"])).tolist()
    assert "light background" in answer(predictors["digits"], pixels=turned)["warnings"][0].message
    assert [] == answer(predictors["digits"], **TASKS.get("digits").example)["warnings"]


@pytest.mark.parametrize("task", ["sentiment", "newswire", "digits", "planar"])
def test_below_the_confidence_asked_for_a_classifier_abstains(predictors: dict[str, Predictor], task: str) -> None:
    predictor = predictors[task]
    plain = answer(predictor, Options(), **predictor.task.example)

    kept = answer(predictor, Options(min_confidence=plain["probability"]), **predictor.task.example)
    assert plain == kept
    above = min(1.0, plain["probability"] + 1e-6)
    abstained = answer(predictor, Options(min_confidence=above), **predictor.task.example)
    assert (None, True) == (abstained["label"], abstained["abstained"])
    assert plain["probability"] == abstained["probability"]
    assert [] == abstained.get("labels", [])


def test_a_value_has_no_confidence(predictors: dict[str, Predictor]) -> None:
    predictor = predictors["housing"]

    with pytest.raises(InvalidInput) as raised:
        answer(predictor, Options(min_confidence=0.5), **predictor.task.example)
    assert "min_confidence" == raised.value.errors[0].field
