"""The bundled samples: the same everywhere, balanced, without repeats, and in the form of the real data."""

import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest

from app.datasets.sample import checksum
from app.tasks.samples import digits, houses, newswires, reviews
from tests.support.tasks import TASKS, WITH_SAMPLE, rows_of

ROWS: dict[str, dict[str, Any]] = {name: rows_of(task, "sample") for name, task in WITH_SAMPLE.items()}
SIDE = 28


@pytest.mark.parametrize("name", list(ROWS))
def test_the_rows_are_the_same_on_every_call_and_in_every_process(name: str) -> None:
    """Also with another hash seed, which orders sets and the like differently."""
    code = (
        "from app.datasets.sample import checksum; from tests.support.tasks import TASKS, rows_of;"
        f"print(checksum(rows_of(TASKS.get({name!r}), 'sample')))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
    )

    assert checksum(ROWS[name]) == checksum(rows_of(TASKS.get(name), "sample")) == elsewhere.stdout.strip()


@pytest.mark.parametrize("name", list(ROWS))
def test_train_rows_come_first_and_both_splits_have_every_label(name: str) -> None:
    rows, task = ROWS[name], TASKS.get(name)
    split = np.array(rows["split"])
    info = task.datasets[-1]

    assert ["train"] * info.train_rows + ["test"] * info.test_rows == split.tolist()
    if task.labels:
        labels = np.array(rows[task.target])
        counts = [Counter(labels[split == part].tolist()) for part in ("train", "test")]
        assert set(counts[0]) == set(counts[1])
        for count in counts:
            assert max(count.values()) - min(count.values()) <= 1
        first = Counter(labels[: info.train_rows // 4].tolist())
        assert set(first) == set(counts[0]), "the first rows are no fair sample"


@pytest.mark.parametrize("name", ["newswire", "sentiment"])
def test_no_text_comes_twice(name: str) -> None:
    texts = ROWS[name]["text"]

    assert len(texts) == len(set(texts))


def test_reviews_are_short_and_some_have_line_break_tags() -> None:
    lengths = [len(text.replace(reviews.LINE_BREAK, " ").split()) for text in ROWS["sentiment"]["text"]]

    assert min(lengths) >= 20
    assert max(lengths) <= 60
    assert any(reviews.LINE_BREAK in text for text in ROWS["sentiment"]["text"])


def test_newswires_have_headlines_in_capitals_and_known_topics() -> None:
    rows = newswires.rows()

    assert all(title and title == title.upper() for title in rows["title"])
    assert 8 == len(set(rows["label"]))
    assert set(rows["label"]) <= set(TASKS.get("newswire").labels)


def test_digits_are_grey_pictures_centred_as_mnists() -> None:
    """In a 20 x 20 box whose centre of mass is in the middle of 28 x 28."""
    pixels = digits.rows()["pixels"]
    pictures = pixels.reshape(-1, SIDE, SIDE).astype(float)
    mass = pictures.sum(axis=(1, 2))
    places = np.arange(SIDE)
    across = (pictures.sum(axis=1) * places).sum(axis=1) / mass
    down = (pictures.sum(axis=2) * places).sum(axis=1) / mass

    assert ((2_000, SIDE * SIDE), np.uint8) == (pixels.shape, pixels.dtype)
    assert pixels.max() == 255
    assert mass.min() > 0
    np.testing.assert_allclose(across, 14, atol=1.5)
    np.testing.assert_allclose(down, 14, atol=1.5)
    ink = pictures > 0
    assert max(ink.any(axis=1).sum(axis=1).max(), ink.any(axis=2).sum(axis=1).max()) <= 20


def test_no_two_digits_are_drawn_alike() -> None:
    pixels = digits.rows()["pixels"]

    assert len(pixels) == len(np.unique(pixels, axis=0))


def test_prices_follow_the_documented_formula_in_direction() -> None:
    """Rooms and the river raise a price; crime and lower status lower it; the column B plays no part."""
    rows = {name: np.array(values) for name, values in houses.rows().items() if name != "split"}

    def correlation(name: str) -> float:
        return float(np.corrcoef(rows[name], rows["MEDV"])[0, 1])

    assert correlation("RM") > 0.3
    assert correlation("LSTAT") < -0.3
    assert correlation("CRIM") < -0.1
    assert rows["MEDV"].min() >= 5
    assert rows["MEDV"].max() <= 50
    assert ((350 <= rows["B"]) & (rows["B"] <= 396.9)).all()
    assert abs(correlation("B")) < 0.15
