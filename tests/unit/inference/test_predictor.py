"""Predictors: from raw inputs to documented answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.artifacts.store import Artifact, ArtifactStore
from app.domain.texts import MultiHot
from app.errors import ArtifactInvalid, Refusal, Refused
from app.inference.forward import Network
from app.inference.predictor import Predictor
from app.wire.predictions import Options
from tests.support.artifacts import publish_artifact
from tests.support.tasks import TASKS

NAMES = sorted(TASKS.all)


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    """A small model of each task; frozen, so all tests share them."""
    store = ArtifactStore(tmp_path_factory.mktemp("models"))
    return {name: store.open(name, publish_artifact(store, name).id) for name in NAMES}


@pytest.fixture
def artifact(request: pytest.FixtureRequest, artifacts: dict[str, Artifact]) -> Artifact:
    """The model of the task that the test names."""
    return artifacts[request.param]


of_every_task = pytest.mark.parametrize("artifact", NAMES, indirect=True)
of_sentiment = pytest.mark.parametrize("artifact", ["sentiment"], indirect=True)


def predictor_of(artifact: Artifact) -> Predictor:
    return Predictor(TASKS.get(artifact.manifest.task), artifact, version=3)


def altered(artifact: Artifact, **changes: Any) -> Artifact:
    """The same artifact with another manifest."""
    return replace(artifact, manifest=artifact.manifest.model_copy(update=changes))


def reviews(*texts: str) -> list[Any]:
    return [TASKS.get("sentiment").Input.model_validate({"text": text}) for text in texts]


@of_every_task
def test_each_input_has_its_prediction(artifact: Artifact) -> None:
    predictor = predictor_of(artifact)
    example = predictor.task.Input.model_validate(predictor.task.example)
    predictions = predictor.predict([example] * 3, Options())

    assert 3 == len(predictions)
    assert {"warnings"} < set(predictions[0]) == set(predictor.task.Prediction.__required_keys__)


@of_every_task
def test_model_and_version_are_at_hand(artifact: Artifact) -> None:
    predictor = predictor_of(artifact)

    assert (artifact.manifest.id, 3) == (predictor.manifest.id, predictor.version)


@of_sentiment
def test_answers_are_in_the_order_of_the_inputs(artifact: Artifact) -> None:
    predictor = predictor_of(artifact)
    texts = ["a wonderful film", "dull and far too long", "the actors did what they could"]
    single = [predictor.predict(reviews(text), Options())[0]["probability"] for text in texts]

    assert 3 == len(set(single))
    assert pytest.approx(single) == [p["probability"] for p in predictor.predict(reviews(*texts), Options())]
    assert pytest.approx(single[::-1]) == [
        p["probability"] for p in predictor.predict(reviews(*texts[::-1]), Options())
    ]


@of_sentiment
def test_the_answer_is_that_of_the_weights(artifact: Artifact) -> None:
    """One dense layer: the sum of the words' weights, through the sigmoid."""
    predictor = predictor_of(artifact)
    (prediction,) = predictor.predict(reviews("film"), Options())
    kernel = artifact.weights["0/kernel"][:, 0].astype(np.float64)
    word = 4 + artifact.preprocessing["vocabulary"].index("film")
    positive = 1 / (1 + np.exp(-(kernel[1] + kernel[word])))

    assert pytest.approx(positive, abs=2e-6) == prediction["probabilities"]["positive"]


@of_sentiment
def test_all_refused_instances_are_named(artifact: Artifact) -> None:
    with pytest.raises(Refused) as caught:
        predictor_of(artifact).predict(reviews("?!", "a film", "...", "<br />"), Options())

    message = "holds no words, only punctuation"
    assert [Refusal(row, "text", message) for row in (0, 2, 3)] == caught.value.refusals


@of_every_task
def test_an_encoding_is_what_the_network_sees(artifact: Artifact) -> None:
    predictor = predictor_of(artifact)
    item = predictor.task.Input.model_validate(predictor.task.example)
    encoding = predictor.encoding(item)

    assert predictor.task.Encoding is type(encoding)
    assert encoding == predictor.task.encoding(
        predictor.encoder, item, predictor.encoder.encode(predictor.task.columns([item]))
    )
    assert encoding == predictor.task.Encoding.model_validate_json(encoding.model_dump_json(), strict=True)


@of_every_task
def test_an_encoding_can_be_decoded(artifact: Artifact) -> None:
    """The part of it that `Codes` names."""
    predictor = predictor_of(artifact)
    encoding = predictor.encoding(predictor.task.Input.model_validate(predictor.task.example))
    codes = predictor.task.Codes.model_validate(encoding.model_dump(include=set(predictor.task.Codes.model_fields)))

    assert predictor.task.Decoding is type(predictor.task.decoding(predictor.encoder, codes))


@of_sentiment
def test_what_cannot_be_judged_has_no_encoding(artifact: Artifact) -> None:
    with pytest.raises(Refused) as caught:
        predictor_of(artifact).encoding(reviews("?!")[0])

    assert [Refusal(0, "text", "holds no words, only punctuation")] == caught.value.refusals


@of_every_task
@pytest.mark.parametrize("saved", [{}, {"kind": "crystal_ball"}, [], "text", None, 3])
def test_preprocessing_of_another_form_is_refused(artifact: Artifact, saved: Any) -> None:
    with pytest.raises(ArtifactInvalid, match=f"preprocessing of model {artifact.manifest.id}"):
        predictor_of(replace(artifact, preprocessing=saved))


@of_every_task
def test_weights_that_do_not_fit_are_refused(artifact: Artifact) -> None:
    weights: Mapping[str, Any] = artifact.weights
    with pytest.raises(ArtifactInvalid, match="layer 0"):
        predictor_of(replace(artifact, weights={**weights, "0/kernel": weights["0/kernel"][:-1]}))
    with pytest.raises(ArtifactInvalid, match="layer 0"):
        predictor_of(replace(artifact, weights={}))


@of_sentiment
def test_preprocessing_of_another_width_is_refused(artifact: Artifact) -> None:
    """A vocabulary of another model would shift every word."""
    other = TASKS.get("sentiment").fit_encoder(MultiHot(words=20), {"text": ["a film"]}).to_json()

    with pytest.raises(ArtifactInvalid, match="layer 0"):
        predictor_of(replace(artifact, preprocessing=other))


@pytest.mark.parametrize("artifact", ["digits", "newswire"], indirect=True)
@pytest.mark.parametrize("change", [slice(1), slice(0, -1)])
def test_labels_that_do_not_fit_the_last_layer_are_refused(artifact: Artifact, change: slice) -> None:
    """One label per output unit, or an answer would be a label by luck."""
    with pytest.raises(ArtifactInvalid):
        predictor_of(altered(artifact, labels=artifact.manifest.labels[change]))


@pytest.mark.parametrize(
    ("artifact", "field"), [("sentiment", "fields"), ("newswire", "fields"), ("housing", "columns")],
    indirect=["artifact"],
)  # fmt: skip
def test_preprocessing_of_columns_that_the_task_does_not_have_is_refused(artifact: Artifact, field: str) -> None:
    """The artifact's parts must fit each other before anybody asks for an answer."""
    columns = ["colour", *artifact.preprocessing[field][1:]]

    with pytest.raises(ArtifactInvalid):
        predictor_of(replace(artifact, preprocessing={**artifact.preprocessing, field: columns}))


@pytest.mark.parametrize("artifact", ["housing"], indirect=True)
def test_an_answer_that_is_no_number_is_refused(artifact: Artifact) -> None:
    """Weights of a network that grew without bounds: JSON has no infinity, and a client should know which row."""
    huge = {name: np.full_like(array, 3e38) for name, array in artifact.weights.items()}
    weights = {"0/kernel": artifact.weights["0/kernel"], "0/bias": artifact.weights["0/bias"]}
    predictor = predictor_of(replace(artifact, weights=weights))
    predictor.network = Network(artifact.manifest.layers, huge, predictor.encoder.width)
    task = TASKS.get("housing")

    with pytest.raises(Refused) as caught:
        predictor.predict([task.Input.model_validate(task.example)], Options())

    assert [(0, "features")] == [(refusal.row, refusal.field) for refusal in caught.value.refusals]
