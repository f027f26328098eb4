"""`evaluation.npz`: written and read alike, refused when damaged; what counts as right."""

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.artifacts.evaluation import EVALUATION, MOST_PROBABILITIES, Evaluation, Shown, millionths_of, parse, save
from app.artifacts.store import PREPROCESSING, WEIGHTS, ArtifactStore
from app.errors import ArtifactInvalid
from app.wire.manifests import MANIFEST, Manifest
from tests.support.artifacts import publish_artifact

TASK = "planar"


def labels(*values: int) -> NDArray[np.int32]:
    return np.array(values, dtype=np.int32)


def shown(inputs: NDArray[Any]) -> Shown:
    rows = len(inputs)
    return Shown(inputs, labels(*range(rows)), labels(*[0] * rows), np.linspace(0.5, 1, rows, dtype=np.float32))


KINDS = {
    "labels": Evaluation(labels(0, 1, 2), labels(0, 2, 2)),
    "values": Evaluation(np.array([1.5, -2], np.float32), np.array([1, 1e30], np.float32)),
    "multilabel": Evaluation(np.eye(3, dtype=bool), np.zeros((3, 3), dtype=bool)),
    "points": Evaluation(labels(0, 1), labels(1, 1), shown(np.array([[0.5, -1], [2, 3]], np.float32))),
    "pictures": Evaluation(
        labels(7, 1), labels(7, 1), shown(np.arange(2 * 784, dtype=np.uint16).astype(np.uint8).reshape(2, 28, 28))
    ),
    "probabilities": Evaluation(labels(0, 1), labels(1, 1), millionths=np.array([[7, 999_993], [0, 10**6]], np.uint32)),
    "one probability": Evaluation(labels(0, 1), labels(1, 1), millionths=np.array([600_000, 999_999], np.uint32)),
    "nothing shown": Evaluation(labels(0, 1), labels(1, 1), shown(np.empty((0, 2), np.float32))),
}


def saved(evaluation: Evaluation, folder: Path) -> bytes:
    save(evaluation, folder)
    return (folder / EVALUATION).read_bytes()


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, labels(0, 1))
    return buffer.getvalue()


def assert_same(expected: Any, actual: Any) -> None:
    """Equal array by array, with their types."""
    assert set(vars(expected)) == set(vars(actual))
    for name, array in vars(expected).items():
        if isinstance(array, np.ndarray):
            assert array.dtype == getattr(actual, name).dtype
            np.testing.assert_array_equal(array, getattr(actual, name))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_is_read_again(tmp_path: Path, kind: str) -> None:
    expected = KINDS[kind]
    actual = parse(saved(expected, tmp_path))

    assert_same(expected, actual)
    assert (expected.shown is None) == (actual.shown is None)
    if expected.shown and actual.shown:
        assert_same(expected.shown, actual.shown)


def test_one_file_is_written(tmp_path: Path) -> None:
    save(KINDS["pictures"], tmp_path)

    assert ["evaluation.npz"] == [path.name for path in tmp_path.iterdir()]


def test_an_answer_is_right_if_it_is_the_target() -> None:
    assert [True, False, True] == KINDS["labels"].right().tolist()


def test_a_multilabel_answer_is_right_if_all_its_labels_are() -> None:
    target = np.array([[1, 0, 1], [1, 0, 1], [1, 0, 1], [0, 0, 0], [0, 0, 0]], dtype=bool)
    predicted = np.array([[1, 0, 1], [1, 0, 0], [1, 1, 1], [0, 0, 0], [0, 1, 0]], dtype=bool)
    right = Evaluation(target, predicted).right()

    assert (np.dtype(bool), (5,)) == (right.dtype, right.shape)
    assert [True, False, False, True, False] == right.tolist()


def test_errors_are_absolute_and_exact() -> None:
    """In 64 bits: paired tests add them up."""
    errors = Evaluation(np.array([21, 3.5], np.float32), np.array([20.5, 5], np.float32)).errors()

    assert np.float64 == errors.dtype
    assert [0.5, 1.5] == errors.tolist()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        b"evaluation",
        npy(),
        npz(),
        npz(target=labels(0, 1)),
        npz(predicted=labels(0, 1)),
        npz(target=labels(0), predicted=labels(0), **{"shown/inputs": labels(0)}),
        npz(target=labels(0), predicted=labels(0), **{"shown/colours": labels(0)}),
        npz(target=np.array([{}], dtype=object), predicted=labels(0)),
        npz(target=labels(0), predicted=labels(0))[:-10],
        pickle.dumps({"target": [0], "predicted": [0]}),
    ],
    ids=[
        "empty", "short", "text", "npy", "no arrays", "no predictions", "no targets", "half shown", "unknown shown",
        "pickled array", "cut off", "pickle",
    ],
)  # fmt: skip
def test_what_is_no_evaluation_is_refused(content: bytes) -> None:
    with pytest.raises(ArtifactInvalid, match="the evaluation cannot be read"):
        parse(content)


def test_probabilities_of_other_rows_are_refused() -> None:
    with pytest.raises(ArtifactInvalid, match="for other rows"):
        parse(npz(target=labels(0, 1), predicted=labels(0, 1), millionths=np.zeros((3, 2), np.uint32)))


class TestMillionths:
    """Probabilities as they are kept."""

    def test_they_are_the_six_decimals_that_predict_answers(self) -> None:
        outputs = np.random.default_rng(0).random((500, 7), dtype=np.float32)

        kept = millionths_of(outputs)

        assert kept is not None
        assert [[round(value, 6) for value in row] for row in outputs.tolist()] == (kept / 10**6).tolist()

    def test_of_a_large_split_the_likeliest_answer_is_kept(self) -> None:
        outputs = np.random.default_rng(0).random((MOST_PROBABILITIES // 2 + 1, 2), dtype=np.float32)

        kept = millionths_of(outputs)

        assert kept is not None
        assert (len(outputs),) == kept.shape
        np.testing.assert_allclose(outputs.max(axis=1), kept / 10**6, atol=1e-6)

    def test_of_more_rows_than_that_none(self) -> None:
        """One output says both labels' probabilities up to there."""
        column = np.full((MOST_PROBABILITIES + 1, 1), 0.25, np.float32)

        assert millionths_of(column) is None
        kept = millionths_of(column[1:])
        assert kept is not None
        assert column[1:].shape == kept.shape

    def test_as_many_as_are_kept_take_less_than_a_megabyte(self, tmp_path: Path) -> None:
        """Whatever they are: drawn ones cannot be compressed."""
        drawn = np.random.default_rng(0).random((MOST_PROBABILITIES // 100, 100), dtype=np.float32)
        nothing = np.zeros(len(drawn), np.int32)

        assert len(saved(Evaluation(nothing, nothing, millionths=millionths_of(drawn)), tmp_path)) < 1_000_000

    def test_what_is_no_number_is_nought(self) -> None:
        kept = millionths_of(np.array([[np.nan, np.inf], [-0.5, 1.5]], np.float32))

        assert kept is not None
        assert [[0, 10**6], [0, 10**6]] == kept.tolist()


def test_one_flipped_byte_in_an_array_is_refused(tmp_path: Path) -> None:
    """The zip format has checksums of its own."""
    content = bytearray(saved(KINDS["pictures"], tmp_path))
    content[len(content) // 3] ^= 0xFF

    with pytest.raises(ArtifactInvalid, match="the evaluation cannot be read"):
        parse(bytes(content))


@pytest.fixture
def without(store: ArtifactStore) -> Manifest:
    """An artifact as releases before this one made them."""
    return publish_artifact(store, TASK)


@pytest.fixture
def published(store: ArtifactStore, without: Manifest) -> Manifest:
    """The same with an evaluation."""
    staging = store.stage("evaluated")
    for name in (WEIGHTS, PREPROCESSING):
        (staging / name).write_bytes((store.path(TASK, without.id) / name).read_bytes())
    save(KINDS["points"], staging)
    return store.publish(staging, without.model_copy(update={"id": "m-evaluated"}))


@pytest.fixture
def file(store: ArtifactStore, published: Manifest) -> Path:
    return store.path(TASK, published.id) / EVALUATION


def test_an_artifact_keeps_its_evaluation(store: ArtifactStore, published: Manifest) -> None:
    evaluation = store.evaluation(TASK, published.id)

    assert evaluation
    assert_same(KINDS["points"], evaluation)
    assert EVALUATION in published.files
    assert published == store.open(TASK, published.id).manifest


def test_an_artifact_that_was_made_without_has_none(store: ArtifactStore, without: Manifest) -> None:
    assert EVALUATION not in without.files
    assert store.evaluation(TASK, without.id) is None


def test_a_file_that_the_manifest_does_not_list_does_not_count(store: ArtifactStore, without: Manifest) -> None:
    """Unlisted means unchecked, so it is not read."""
    save(KINDS["points"], store.path(TASK, without.id))

    assert store.evaluation(TASK, without.id) is None


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_one_flipped_byte_is_noticed(store: ArtifactStore, published: Manifest, file: Path, share: float) -> None:
    """At the start, in the middle, at the end."""
    altered = bytearray(file.read_bytes())
    altered[round(share * (len(altered) - 1))] ^= 1
    file.write_bytes(altered)

    with pytest.raises(ArtifactInvalid, match=f"{EVALUATION} of model {published.id} does not have its checksum"):
        store.evaluation(TASK, published.id)


def test_another_whole_evaluation_is_noticed(store: ArtifactStore, published: Manifest, file: Path) -> None:
    """Nobody can make a model look better by exchanging its answers."""
    file.write_bytes(saved(KINDS["labels"], file.parent))

    with pytest.raises(ArtifactInvalid, match="checksum"):
        store.evaluation(TASK, published.id)


def test_a_missing_file_is_noticed(store: ArtifactStore, published: Manifest, file: Path) -> None:
    file.unlink()

    with pytest.raises(ArtifactInvalid, match=f"a file of model {published.id} is missing"):
        store.evaluation(TASK, published.id)


def test_content_of_another_form_is_refused(store: ArtifactStore, without: Manifest) -> None:
    """The checksum fits, as in an artifact that was written by something else."""
    staging = store.stage("odd")
    (staging / EVALUATION).write_bytes(npz(target=labels(0)))
    store.publish(staging, without.model_copy(update={"id": "m-odd"}))

    with pytest.raises(ArtifactInvalid, match="the evaluation cannot be read"):
        store.evaluation(TASK, "m-odd")


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"predicted": labels(0)}, "answers for other rows than its targets"),
        ({"predicted": labels(0, 1), "millionths": np.zeros((1, 1), np.uint32)}, "probabilities for other rows"),
    ],
)
def test_parts_of_other_lengths_are_refused(store: ArtifactStore, arrays: dict[str, Any], reason: str) -> None:
    """Compared row by row they would say something of rows that are not the same."""
    with pytest.raises(ArtifactInvalid, match=reason):
        parse(npz(target=labels(0, 1), **arrays))


def test_there_is_no_evaluation_without_an_artifact(store: ArtifactStore) -> None:
    with pytest.raises(ArtifactInvalid, match="m-none"):
        store.evaluation(TASK, "m-none")


def test_an_evaluation_needs_a_manifest_that_can_be_read(store: ArtifactStore, published: Manifest, file: Path) -> None:
    content = json.loads((file.parent / MANIFEST).read_text(encoding="utf-8"))
    (file.parent / MANIFEST).write_text(json.dumps({**content, "format_version": 99}), encoding="utf-8")

    with pytest.raises(ArtifactInvalid, match="format 99"):
        store.evaluation(TASK, published.id)
