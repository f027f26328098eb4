"""Pictures in both themes and on phones: their colours are the page's, stand apart, and nothing is cut."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import LinearSegmentedColormap, to_hex

import app
from app.plots import best, importance, parallel
from app.plots.palette import PALETTES, Palette, Theme, contrast
from app.plots.style import Look
from tests.support.sweeps import searched
from tests.unit.plots.test_pictures import PICTURES

WEB = Path(app.__file__).parent / "web"
STYLE = (WEB / "style.css").read_text(encoding="utf-8")
RUN_STYLE = (WEB / "run.css").read_text(encoding="utf-8")
SWEEP = searched(40)
DRAWN: dict[str, Callable[[Look], bytes]] = {
    **{name: draw for name, (draw, _) in PICTURES.items()},
    "best": lambda look: best.best(SWEEP, "t", look),
    "importance": lambda look: importance.importance(SWEEP, "t", look),
    "parallel": lambda look: parallel.parallel(SWEEP, "t", look),
}
PHONE = 358  # pixels that a picture has on a page of 390

every_theme = pytest.mark.parametrize("theme", PALETTES)
every_picture = pytest.mark.parametrize("name", DRAWN)


def page_colours(theme: Theme) -> dict[str, str]:
    """The variables of the page's style that are colours, as `#rrggbb`."""
    block = re.split(r":root", STYLE)[1 if theme == "light" else 2].partition("}")[0]
    found = re.findall(r"--(\w+):(#[0-9a-f]{3,6});", block)
    return {name: colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:]) for name, colour in found}


@every_theme
def test_ground_text_and_grid_are_those_of_the_pages_cards(theme: Theme) -> None:
    colours, drawn = page_colours(theme), PALETTES[theme]

    assert (colours["card"], colours["ink"], colours["soft"], colours["line"]) == (
        drawn.ground, drawn.ink, drawn.muted, drawn.pale,
    )  # fmt: skip


@every_theme
def test_runs_have_the_colours_that_they_have_on_the_page(theme: Theme) -> None:
    block = RUN_STYLE.split(":root")[1 if theme == "light" else 2].partition("}")[0]

    assert PALETTES[theme].runs == tuple(re.findall(r"--run-\d:(#[0-9a-f]{6});", block))


@every_theme
def test_text_and_lines_stand_off_their_ground(theme: Theme) -> None:
    """WCAG 2.2: 4.5 to 1 for text, 3 to 1 for what has to be seen to understand a picture."""
    drawn = PALETTES[theme]

    assert contrast(drawn.ink, drawn.ground) > 12
    assert contrast(drawn.muted, drawn.ground) > 4.5
    assert {} == {one: contrast(one, drawn.ground) for one in drawn.runs if contrast(one, drawn.ground) < 3}
    assert len(set(drawn.runs)) == 10
    assert contrast(drawn.goodness[-1], drawn.ground) > contrast(drawn.goodness[0], drawn.ground) * 3


@every_theme
def test_numbers_can_be_read_on_every_shade_of_a_matrix(theme: Theme) -> None:
    drawn = PALETTES[theme]
    shades = LinearSegmentedColormap.from_list("shares", drawn.shares)
    cells = [to_hex(shades(share)) for share in np.linspace(0.001, 1, 200)]

    assert min(contrast(drawn.on(cell), cell) for cell in cells) > 4.5
    lightness = [contrast(cell, drawn.ground) for cell in cells]
    assert all(after >= before for before, after in pairwise(lightness))  # more is always farther from nothing


def colours_of(svg: bytes) -> set[str]:
    return set(re.findall(r"#[0-9a-f]{6}", svg.decode()))


@every_picture
def test_a_dark_picture_has_nothing_of_the_light_one(name: str) -> None:
    light, dark = (DRAWN[name](Look("svg", theme)) for theme in ("light", "dark"))

    def strict(palette: Palette) -> set[str]:
        return {palette.ground, palette.ink, palette.muted, palette.pale, *palette.classes}

    assert PALETTES["dark"].ground in colours_of(dark)
    assert set() == colours_of(dark) & (strict(PALETTES["light"]) - {"#ffffff"})
    assert set() == colours_of(light) & strict(PALETTES["dark"])
    assert b"fill: #ffffff" not in dark.split(b"<defs>")[0]


@every_picture
def test_on_a_phone_a_picture_is_as_wide_as_the_screen_and_text_keeps_its_size(name: str) -> None:
    svg = DRAWN[name](Look("svg", "light", PHONE)).decode()

    width = float(re.findall(r'<svg[^>]*width="([\d.]+)pt"', svg)[0]) * 96 / 72
    assert width <= PHONE + 1 or name == "many labels"  # of 46 labels a matrix needs its room
    points = [float(size) for size in re.findall(r"font(?:-size)?: ?(?:bold )?([\d.]+)px", svg)]
    assert points
    assert min(points) >= (7 if name == "many labels" else 9)
