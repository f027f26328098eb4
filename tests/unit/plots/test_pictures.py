"""Every kind of picture: well-formed, the same each time, with what must stand in it."""

import re
import struct
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray

from app.artifacts.evaluation import Plane, Shown
from app.plots import boundary, confusion, curves, diagram, regression, sheet
from app.plots.panels import Pair, draw_run
from app.plots.series import repeated
from app.plots.style import Look
from app.wire.manifests import LayerRow
from app.wire.runs import Epoch

RNG = np.random.default_rng(5)
SVG, PNG = Look("svg"), Look("png")
LAYERS = [
    LayerRow(kind="dense", units=16, activation="relu", parameters=160_016),
    LayerRow(kind="dropout", units=16, rate=0.5, parameters=0),
    LayerRow(kind="dense", units=1, activation="sigmoid", parameters=17),
]


def history(epochs: int, *, fold: int | None = None, seed: int | None = None, held_out: bool = True) -> list[Epoch]:
    """A run that learns, a little different for each fold or seed."""
    shift = 0.01 * ((fold or 0) + (seed or 0))
    found = []
    for number in range(1, epochs + 1):
        metrics = {"loss": 1 / number + shift, "accuracy": 1 - 0.5 / number - shift}
        if held_out:
            metrics |= {"val_loss": 1 / number + 0.02 * number + shift, "val_accuracy": 0.9 - 0.4 / number}
        found.append(Epoch(epoch=number, fold=fold, seed=seed, seconds=0.1, metrics=metrics))
    return found


def side(points: NDArray[Any]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (1 / (1 + np.exp(-3 * points[:, 0]))).astype(np.float32)
    return found


def points_of(sides: NDArray[Any]) -> Shown:
    """The points with these classes, all seen right."""
    classes = sides.astype(np.int32)
    return Shown(POINTS, classes, classes, np.ones(60, dtype=np.float32))


POINTS = RNG.normal(size=(60, 2)).astype(np.float32)
PLANE = Plane.around(POINTS, side)
WHOLE_NUMBER = RNG.integers(0, 256, size=(23, 28, 28)).astype(np.uint8)
READ = [str(number % 10) for number in range(23)]
TRUE = ["9", *READ[1:]]

PICTURES: dict[str, tuple[Callable[[Look], bytes], tuple[str, ...]]] = {
    "curves": (
        lambda look: curves.curves(history(12), "accuracy", "IMDB: overfit", look),
        ("IMDB: overfit", "loss", "accuracy", "training", "validation", "epoch 7"),
    ),
    "one epoch": (lambda look: curves.curves(history(1), "accuracy", "t", look), ("validation",)),
    "no validation": (lambda look: curves.curves(history(5, held_out=False), "accuracy", "t", look), ("training",)),
    "folds": (
        lambda look: curves.curves([e for f in (1, 2, 3) for e in history(9, fold=f)], "accuracy", "t", look),
        ("mean of 3 folds ± standard deviation",),
    ),
    "later epochs": (lambda look: curves.curves(history(9), "accuracy", "t", look, 4), ("from epoch 4 on",)),
    "overlay": (
        lambda look: curves.overlay([("small", history(5)), ("large", history(9))], "accuracy", "sizes", look),
        ("sizes", "small", "large", "solid: validation, dotted: training"),
    ),
    "diagram": (
        lambda look: diagram.diagram(LAYERS, 10_000, "multi hot", "sentiment: dropout", look),
        ("160,033 parameters in all", "160,016 parameters", "sets 50% to zero while training", "multi hot"),
    ),
    "confusion": (
        lambda look: confusion.confusion(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), ["no", "yes"], "t", look),
        ("accuracy 0.7500 on 4 test rows", "no", "yes", "predicted", "true"),
    ),
    "many labels": (
        lambda look: confusion.confusion(
            np.arange(46), np.arange(46), [f"topic-{number}" for number in range(46)], "t", look
        ),
        ("topic-0", "topic-45"),
    ),
    "regression": (
        lambda look: regression.predicted_against_true(
            np.array([10.0, 20.0, 30.0]), np.array([12.0, 20.0, 27.0]), "dollars", "t", look
        ),
        ("mean absolute error 1.67, median 2", "true (dollars)", "predicted (dollars)"),
    ),
    "sheet": (lambda look: sheet.sheet(WHOLE_NUMBER, TRUE, READ, [0.5] * 23, "t", look), ("0, is 9", "1  50%")),
    "boundary": (
        lambda look: boundary.boundary(PLANE, points_of(POINTS[:, 0] > 0), ("class 0", "class 1"), "t", look),
        ("100.0% of these 60 training points lie on their side of the line", "class 1"),
    ),
}
CALLED = "units of a long-winded run"
PANELS = [
    boundary.Panel(f"{number} {CALLED}", "test accuracy 82.8%", PLANE, points_of(POINTS[:, 0] > 0))
    for number in range(10)
]
PICTURES |= {
    "boundaries": (
        lambda look: boundary.boundaries(PANELS[:2], ("no", "yes"), "planar: boundaries", look),
        ("planar: boundaries", CALLED, "test accuracy 82.8%", "probability of yes", "no"),
    ),
    "points": (
        lambda look: boundary.points(POINTS, (POINTS[:, 0] > 0).astype(int), ("a", "b"), "t", "60 of them", look),
        ("60 of them", "a", "b", "x1", "x2"),
    ),
    "digits": (lambda look: sheet.examples(WHOLE_NUMBER, TRUE, "t", "23 of them", look), ("23 of them", "9", "8")),
    "one figure": (
        lambda look: curves.single([("none", history(5)), ("L1 0.001", history(90))], "val_loss", "t", look, 1),
        ("none", "L1 0.001", "validation loss"),
    ),
    "nothing measured": (
        lambda look: curves.curves(history(5), "mae", "t", look),
        ("loss", "mean absolute error", "not measured"),
    ),
    "one of training": (
        lambda look: curves.single([("a", history(9)), ("b", history(9, held_out=False))], "accuracy", "t", look, 4),
        ("training accuracy", "from epoch 4 on"),
    ),
}  # fmt: skip
# Three folds of very different losses: their standard deviation is more than their mean.
FAR_APART = [
    Epoch(epoch=number, fold=fold, seconds=0.1, metrics={"loss": loss * 10.0**-number})
    for number in range(1, 5)
    for fold, loss in enumerate((1, 1, 125), 1)
]
every_picture = pytest.mark.parametrize("name", PICTURES)


def texts(svg: bytes) -> set[str]:
    """Everything that stands in the picture."""
    return {"".join(element.itertext()).strip() for element in ET.fromstring(svg).iter() if "text" in element.tag}


@every_picture
def test_an_svg_is_well_formed_small_and_says_what_it_must(name: str) -> None:
    draw, expected = PICTURES[name]
    svg = draw(SVG)

    found = "\n".join(texts(svg))
    assert [] == [text for text in expected if text not in found]
    assert len(svg) < 400_000
    assert not re.search(rb"<script|\bhref=\"http", svg)


@every_picture
def test_a_png_has_the_size_of_a_browser_window_at_most(name: str) -> None:
    png = PICTURES[name][0](PNG)

    assert b"\x89PNG\r\n\x1a\n" == png[:8]
    width, height = struct.unpack(">II", png[16:24])
    assert 400 < width < 2_000
    assert 200 < height < 2_200


@every_picture
def test_the_same_picture_is_the_same_bytes(name: str) -> None:
    draw = PICTURES[name][0]

    assert draw(SVG) == draw(SVG)
    assert draw(PNG) == draw(PNG)


def test_ten_panels_are_one_picture() -> None:
    svg = boundary.boundaries(PANELS, ("no", "yes"), "t", SVG)

    found = " ".join(" ".join(texts(svg)).split())
    assert all(f"{number} units of a" in found for number in range(10))
    assert len(svg) < 1_200_000


def test_panels_share_the_axes_that_all_planes_need() -> None:
    """A plane that ends earlier leaves the rest of its panel white."""
    far = Plane.around(POINTS * 4, side)
    svg = boundary.boundaries([PANELS[0], boundary.Panel("far", "", far, PANELS[0].shown)], ("a", "b"), "t", SVG)

    ticks = [text for text in re.findall(r">(−?\d+)</text>", svg.decode()) if text.lstrip("−").isdigit()]
    assert ticks.count("10") == 3  # below both panels, and once at the left
    assert ticks.count("−5") == 3


def test_many_points_are_thinned() -> None:
    many = RNG.normal(size=(50_000, 2))

    assert len(boundary.points(many, (many[:, 0] > 0).astype(int), ("a", "b"), "t", "", SVG)) < 400_000


def test_somebodys_title_is_text_and_nothing_else() -> None:
    """Dollar signs are no formulas, angle brackets no tags, and what XML cannot hold is left out."""
    title = "a $\\frac{1}{0}$ <script>alert(1)</script> & \x00\ud800 \n b"

    svg = curves.curves(history(3), "accuracy", title, SVG)

    assert any("a $\\frac{1}{0}$ <script>alert(1)</script>" in text for text in texts(svg))
    assert b"<script" not in svg


def test_five_thousand_epochs_are_thinned_out() -> None:
    svg = curves.curves(history(5_000), "accuracy", "t", SVG)

    assert len(svg) < 150_000


@pytest.mark.parametrize("metric", ["mae", "f1"])
def test_other_figures_have_their_names(metric: str) -> None:
    epochs = [Epoch(epoch=n, fold=None, seconds=0.1, metrics={"loss": 1.0 / n, metric: 0.5}) for n in (1, 2)]

    assert {"mae": "mean absolute error", "f1": "F1 score"}[metric] in "\n".join(
        texts(curves.curves(epochs, metric, "t", SVG))
    )


def test_a_loss_over_orders_of_magnitude_has_a_logarithmic_scale() -> None:
    epochs = [
        Epoch(epoch=n, fold=None, seconds=0.1, metrics={"loss": 10.0 ** (3 - n), "mae": 1.0}) for n in range(1, 6)
    ]

    assert any("logarithmic" in text for text in texts(curves.curves(epochs, "mae", "t", SVG)))


def test_a_confusion_matrix_counts_true_classes_by_row() -> None:
    counts = confusion.matrix(np.array([0, 0, 2, 2, 2]), np.array([0, 1, 2, 2, 0]), 3)

    assert [[1, 1, 0], [0, 0, 0], [1, 0, 2]] == counts.tolist()


def test_a_mosaic_holds_ten_digits_in_a_row() -> None:
    grid = sheet.Grid(28)
    image = grid.mosaic(WHOLE_NUMBER, 0)

    assert (3 * 42, 10 * 34) == (3 * grid.pitch_y, 10 * grid.pitch_x) == image.shape
    np.testing.assert_array_equal(WHOLE_NUMBER[12], image[grid.pitch_y + 2 :][:28, 2 * grid.pitch_x + 3 :][:, :28])


def test_equal_values_have_a_range_all_the_same() -> None:
    same = np.array([3.0, 3.0])

    assert (2.0, 4.0) == regression.limits(same, same)
    assert "R²" not in regression.summary(same, same)


@pytest.mark.parametrize("constant", [0.0, 0.5, 1.0])
def test_a_network_that_says_the_same_everywhere_has_no_line(constant: float) -> None:
    plane = Plane(PLANE.xs, PLANE.ys, np.full((200, 200), constant, dtype=np.float32))

    svg = boundary.boundary(plane, points_of(np.zeros(60)), ("class 0", "class 1"), "t", SVG)

    assert texts(svg)


def test_matplotlib_comes_with_the_first_picture_only() -> None:
    """And never its global state, pyplot."""
    code = (
        "import sys, app.main, app.services.plots\n"
        "print('matplotlib' in sys.modules, 'scipy' in sys.modules)\n"
        "from app.plots import regression\nfrom app.plots.style import Look\nimport numpy as np\n"
        "regression.predicted_against_true(np.arange(3.0), np.arange(3.0), '', 't', Look('svg'))\n"
        "print('matplotlib.figure' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "False False\nTrue False" == done.stdout.strip()


def test_a_plane_is_a_square_around_its_points() -> None:
    """As wide as high, a tenth wider than the points, a row of the grid for each y."""
    points = np.array([[0, 0], [4, 1]], dtype=np.float32)

    plane = Plane.around(points, lambda grid: grid[:, 0])

    assert (200, 200) == plane.probability.shape
    np.testing.assert_allclose([-0.4, 4.4, -1.9, 2.9], [*plane.xs[[0, -1]], *plane.ys[[0, -1]]], rtol=1e-5)
    np.testing.assert_array_equal(plane.xs, plane.probability[7])


def test_the_first_pictures_may_be_asked_for_all_at_once() -> None:
    """A model's page asks for three; matplotlib's modules import each other, and two threads must not begin that."""
    code = """
import sys
from concurrent.futures import ThreadPoolExecutor
from tests.unit.plots.test_pictures import PICTURES, SVG
assert "matplotlib" not in sys.modules
sys.setswitchinterval(1e-5)
with ThreadPoolExecutor(len(PICTURES)) as pool:
    drawn = list(pool.map(lambda one: one[0](SVG), PICTURES.values()))
print(len(drawn))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert f"{len(PICTURES)}\n" == done.stdout, done.stderr


def test_a_band_ends_above_zero_where_the_scale_is_logarithmic() -> None:
    from matplotlib.figure import Figure

    axes, loss = Figure().add_subplot(), Pair.of(repeated(FAR_APART), "loss", 1)
    axes.set_yscale("log")

    draw_run(axes, loss)

    (band,) = axes.collections
    edge = np.asarray(band.get_paths()[0].vertices)[:, 1]
    assert (loss.training.spread > loss.training.mean).all()
    assert 0 < edge.min() < loss.training.mean.min()


def test_the_last_fit_is_not_drawn_among_the_seeds_before_it() -> None:
    tried = [epoch for seed in (1, 2) for epoch in history(3, seed=seed)]

    found = repeated([*tried, *history(5)])

    assert (tried, "2 seeds") == (found.epochs, found.over)
