"""Pictures of sweeps: what stands in them, with one trial or a thousand, and with what has no figure."""

import struct
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from app.plots import best, importance, parallel
from app.plots.scales import named, scale_of
from app.plots.style import Look, drawing
from app.plots.trials import figures
from app.wire.sweeps import Sweep
from tests.support.sweeps import SPACE, SPACES, drawn, row, searched, sweep_of

WIDE: dict[str, Any] = {
    **{f"layers.{place}.units": {"kind": "choice", "values": [16, 32, 64, 128]} for place in range(5)},
    **{f"layers.{place}.l2": {"kind": "log_range", "low": 1e-6, "high": 1e-2} for place in range(4)},
    "optimizer": {"kind": "choice", "values": ["adam", "rmsprop"]},
    "batch_size": {"kind": "range", "low": 32, "high": 512},
    "early_stopping": {"kind": "choice", "values": {"patient": {"patience": 10}, "none": None}},
}
SVG, PNG = Look("svg"), Look("png")
NARROW = {"batch_size": {"kind": "range", "low": 64, "high": 64}}
DRAW: dict[str, Callable[[Sweep, str, Look], bytes]] = {
    "best": best.best,
    "importance": importance.importance,
    "parallel": parallel.parallel,
}
SWEEPS = {"one trial": searched(1, NARROW), "conditions": searched(40), "errors": searched(30, metric="val_mae")}

every_kind = pytest.mark.parametrize("kind", DRAW)


def words(svg: bytes) -> str:
    """All that stands in it."""
    return " ".join(" ".join(ET.fromstring(svg).itertext()).split())


@every_kind
@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_is_drawn_the_same_each_time(kind: str, name: str) -> None:
    first, again = (DRAW[kind](SWEEPS[name], "planar: search", SVG) for _ in range(2))

    assert first == again
    assert "planar: search" in words(first)


@every_kind
def test_a_png_of_a_sweep_has_a_size(kind: str) -> None:
    png = DRAW[kind](SWEEPS["conditions"], "t", PNG)

    assert b"\x89PNG\r\n\x1a\n" == png[:8]
    width, height = struct.unpack(">II", png[16:24])
    assert 400 < width < 2_000
    assert 200 < height < 2_000


@every_kind
def test_a_thousand_trials_over_twelve_fields_stay_small(kind: str) -> None:
    assert len(DRAW[kind](searched(1_000, WIDE), "t", SVG)) < 600_000


def test_the_best_so_far_is_told_and_what_became_of_the_others() -> None:
    rows = [row(0, {}, 0.7), row(1, {}, 0.9, pruned=True), row(2, {}, 0.8), row(3, {}, None)]
    found = words(best.best(sweep_of(rows), "t", SVG))

    assert "best validation accuracy 0.8, of trial 2; 3 trials, 1 of them stopped early, 1 more failed" in found
    assert "best so far" in found
    assert "stopped early" in found


def test_less_is_better_of_errors_and_losses() -> None:
    rows = [row(number, {}, value) for number, value in enumerate((3.0, 2.0, 2.5, 2.0, 1.0))]
    known = figures(sweep_of(rows, metric="val_mae"))

    number, value = known.so_far()
    assert ([0, 1, 4], [3.0, 2.0, 1.0]) == (number.tolist(), value.tolist())
    assert 4 == known.best()


def test_of_equal_trials_the_first_is_the_best() -> None:
    rows = [row(number, {}, value) for number, value in enumerate((0.5, 0.9, 0.9))]

    assert 1 == figures(sweep_of(rows)).best()


def test_one_trial_that_went_wrong_does_not_flatten_the_others() -> None:
    rows = [row(number, {}, 2.0 + number / 10) for number in range(20)] + [row(20, {}, 1e9)]
    sweep = sweep_of(rows, metric="val_loss")

    assert figures(sweep).scale()[1] < 10
    assert "far worse" in words(best.best(sweep, "t", SVG))
    assert "far worse" not in words(best.best(SWEEPS["conditions"], "t", SVG))


def test_importance_has_a_bar_and_a_figure_for_each_field() -> None:
    found = words(importance.importance(SWEEPS["conditions"], "t", SVG))

    assert all(path in found for path in SPACE)
    assert all(f"{share}%" in found for share in (58, 27, 12, 3))


def test_axes_carry_the_fields_and_what_they_may_be() -> None:
    found = words(parallel.parallel(SWEEPS["conditions"], "t", SVG))

    assert all(text in found for text in ("learning_rate", "0.01", "0.001", "64", "dropout", "none", "accuracy"))
    assert "below an axis: has no such field" in found
    assert "below an axis" not in words(parallel.parallel(SWEEPS["one trial"], "t", SVG))


def test_a_log_range_is_even_in_its_logarithm() -> None:
    axis = SPACES.validate_python({"a": {"kind": "log_range", "low": 1e-4, "high": 1.0}})["a"]
    with drawing():
        scale = scale_of("a", axis, [{"a": 1e-4}, {"a": 1e-2}, {"a": 1.0}, {}], np.arange(4))

    assert np.allclose(scale.places, [0, 0.5, 1, np.nan], equal_nan=True)
    assert ["0.0001", "0.001", "0.01", "0.1", "1"] == [text for _, text in scale.marks]


def test_categories_keep_the_order_of_the_space_and_numbers_are_what_they_equal() -> None:
    axis = SPACES.validate_python({"a": {"kind": "choice", "values": [1, "x", True, None]}})["a"]
    with drawing():
        scale = scale_of("a", axis, [{"a": 1.0}, {"a": "x"}, {"a": True}, {"a": None}, {}], np.zeros(5, dtype=int))

    assert [False, False, False, False, True] == np.isnan(scale.places).tolist()
    assert sorted(scale.places[:4]) == scale.places[:4].tolist()
    assert ["1", "x", "true", "none"] == [text for _, text in scale.marks]


def test_parts_of_a_recipe_are_called_by_their_kind() -> None:
    assert "adam 0.001" == named({"kind": "adam", "learning_rate": 0.001})
    assert "…" == named("a" * 40)[-1]
    assert {} == drawn({}, 1)[0]
