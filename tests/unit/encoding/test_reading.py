"""A digit is read from whatever a person reads it from; what is none is refused, or answered with little certainty."""

import base64
import contextlib
import os
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from app.artifacts.store import ArtifactStore
from app.encoding.pictures.digit import read
from app.errors import Refused
from app.inference.predictor import Predictor
from app.kinds.image import ImageInput
from app.settings import REPOSITORY
from app.tasks.samples import digits as sample
from app.wire.predictions import Options
from benchmarks import picture_drawn, pictures
from benchmarks.picture_files import Rng, jpeg, png, slope
from benchmarks.picture_forms import FORMS
from tests.support.tasks import TASKS

COUNT = 12  # digits of each form
SLOW = "photograph, 12 megapixels"
needs_datasets = pytest.mark.skipif(
    "DENSELY_DATASETS_DIR" not in os.environ, reason="DENSELY_DATASETS_DIR is not set: no MNIST here"
)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """The bundled model."""
    store = ArtifactStore(REPOSITORY / "models_store")
    return Predictor(TASKS.get("digits"), store.open("digits", store.bundled()["digits"]), 1)


@cache
def sample_digits() -> tuple[Any, list[int]]:
    """Digits of the bundled sample: (COUNT, 28, 28), and which they are."""
    rows = sample.rows()
    return rows["pixels"][:COUNT].reshape(-1, 28, 28), rows["label"][:COUNT]


def answer(predictor: Predictor, **fields: Any) -> Any:
    (found,) = predictor.predict([ImageInput(**fields)], Options())
    return found


def as_image(content: bytes) -> str:
    return base64.b64encode(content).decode()


CHANGED = ("thick", "thin", "small", "photograph", "sheet", "squared")  # strokes of another width, sharper, or turned


@pytest.mark.parametrize("form", FORMS)
def test_a_digit_looks_the_same_in_every_form(form: str) -> None:
    """Its 28 × 28 pixels are about those of a clean drawing in black on white: correlated by 0.88 and more."""
    alike = []
    for place, digit in enumerate(sample_digits()[0][: 3 if form == SLOW else COUNT]):
        clean = read(as_image(png(255.0 - np.asarray(Image.fromarray(digit).resize((280, 280)))))).pixels
        seen = read(as_image(FORMS[form](digit, np.random.default_rng((11, place))))).pixels
        alike.append(np.corrcoef(seen.ravel(), clean.ravel())[0, 1])

    assert np.mean(alike) > (0.65 if form.startswith(CHANGED) else 0.88)


@needs_datasets
@pytest.mark.parametrize("form", [form for form in FORMS if form != SLOW])
def test_handwriting_is_read_in_every_form(predictor: Predictor, form: str) -> None:
    """Of 200 digits 93 % or more are read right (`benchmarks/pictures.py`); these are 24 of them."""
    found = pictures.measure(FORMS[form], predictor, 24, 77)

    assert found["right"] >= 0.875


def page_of(text: str, size: int, rng: Rng) -> bytes:
    page = Image.new("L", (420, 300), 255)
    font = ImageFont.load_default(size=size)
    for top in range(10, 280 - size, size + 8) if len(text) > 6 else [120]:
        ImageDraw.Draw(page).text((12, top), text, fill=int(rng.integers(0, 60)), font=font)
    return png(np.asarray(page, dtype=np.float64))


def several(rng: Rng) -> bytes:
    chosen = sample_digits()[0][rng.choice(COUNT, int(rng.integers(2, 5)), replace=False)]
    row = np.hstack([np.asarray(Image.fromarray(digit).resize((70, 70))) for digit in chosen])
    page = np.zeros((280, 300))
    page[100:170, : row.shape[1]] = row
    return png(page if rng.random() < 0.5 else 255 - page)


def shapes(rng: Rng, draw: Callable[[Any], None]) -> bytes:
    page = Image.new("L", (280, 280), 0)
    draw(ImageDraw.Draw(page))
    return png(np.asarray(page, dtype=np.float64) if rng.random() < 0.5 else 255.0 - np.asarray(page))


def cloud(rng: Rng, power: float) -> bytes:
    """A texture as nature has them: the amplitude falls with the frequency."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(300), np.fft.fftfreq(300)))
    frequency[0, 0] = 1
    field = np.fft.ifft2(np.fft.fft2(rng.normal(size=(300, 300))) / frequency**power).real
    return jpeg(255 * (field - field.min()) / np.ptp(field), rng)


def dots(rng: Rng, brush: ImageDraw.ImageDraw) -> None:
    """Twenty, anywhere."""
    for _ in range(20):
        brush.circle(tuple(rng.uniform(10, 270, 2)), 5, fill=255)


def sign(text: str) -> Callable[[Rng], bytes]:
    """One or two characters, written large."""

    def draw(rng: Rng) -> bytes:
        font = ImageFont.load_default(size=int(rng.integers(90, 220)))
        return shapes(rng, lambda brush: brush.text((40, 10), text, fill=255, font=font))

    return draw


def sheet(rng: Rng, *, digits: int) -> bytes:
    """A sheet on a table, level, with some digits on it."""
    page = Image.new("L", (600, 450), int(rng.integers(20, 110)))
    paper = Image.new("L", (300, 240), 205)
    for place in range(digits):
        chosen = Image.fromarray(sample_digits()[0][int(rng.integers(COUNT))]).resize((120, 120))
        paper.paste(40, (20 + 130 * place, 60), chosen)
    page.paste(paper, tuple(rng.integers(20, 180, 2).tolist()))
    return jpeg(np.asarray(page) + rng.normal(0, 4, (450, 600)), rng, 75)


def star(brush: Any) -> None:
    angles = np.pi / 5 * np.arange(10)
    reach = np.where(np.arange(10) % 2, 50, 125)
    points = np.stack([140 + reach * np.sin(angles), 140 - reach * np.cos(angles)], axis=1)
    brush.polygon([tuple(point) for point in points.tolist()], fill=255)


def plus(brush: Any) -> None:
    brush.line((40, 140, 240, 146), fill=255, width=16)
    brush.line((138, 40, 144, 240), fill=255, width=16)


NO_DIGITS: dict[str, Callable[[Rng], bytes]] = {
    "one colour": lambda rng: png(np.full((200, 200), float(rng.integers(256)))),
    "noise alone": lambda rng: png(200 + rng.normal(0, rng.uniform(1, 20), (300, 300))),
    "noise in a photograph": lambda rng: jpeg(200 + rng.normal(0, rng.uniform(1, 20), (300, 300)), rng),
    "shaded paper": lambda rng: jpeg(slope((300, 300), rng, 90, 220) + rng.normal(0, 4, (300, 300)), rng),
    "ruled paper": lambda rng: png(np.where(np.indices((280, 280))[0] % int(rng.integers(20, 60)) < 2, 150.0, 255.0)),
    "a text": lambda rng: page_of("the quick brown fox jumps over dogs", int(rng.integers(14, 30)), rng),
    "a number": lambda rng: page_of(str(rng.integers(10, 99_999)), 70, rng),
    "several digits": several,
    "a dot": lambda rng: shapes(rng, lambda brush: brush.circle((90, 120), rng.uniform(2, 60), fill=255)),
    "a bar": lambda rng: shapes(
        rng, lambda brush: brush.rectangle((40, 120, 240, 120 + rng.integers(9, 50)), fill=255)
    ),
    "a tangle": lambda rng: shapes(
        rng, lambda brush: brush.line([tuple(at) for at in rng.uniform(30, 250, (30, 2))], fill=255, width=6)
    ),
    "many dots": lambda rng: shapes(rng, partial(dots, rng)),
    "a rough texture": lambda rng: cloud(rng, 1.0),
    "clouds": lambda rng: cloud(rng, 1.8),
    "a star": lambda rng: shapes(rng, star),
    "a plus": lambda rng: shapes(rng, plus),
    "a triangle": lambda rng: shapes(
        rng, lambda brush: brush.polygon((40, 240, 140, 40, 240, 240), outline=255, width=14)
    ),
    "i": sign("i"),
    "an empty sheet": lambda rng: sheet(rng, digits=0),
    "a sheet with two digits": lambda rng: sheet(rng, digits=2),
}
SIGNS = ("?", "%", ":)", "=", "!", "÷", "ä", ":(")


@pytest.mark.parametrize("kind", NO_DIGITS)
def test_what_is_no_digit_is_never_answered_with_certainty(predictor: Predictor, kind: str) -> None:
    for seed in range(8):
        content = NO_DIGITS[kind](np.random.default_rng((5, seed)))
        with contextlib.suppress(Refused):
            assert answer(predictor, image=as_image(content))["probability"] < 0.9, seed


@pytest.mark.parametrize("text", SIGNS)
def test_signs_of_parts_that_no_digit_has_are_refused_or_doubted(predictor: Predictor, text: str) -> None:
    for seed in range(4):
        content = sign(text)(np.random.default_rng((6, seed)))
        with contextlib.suppress(Refused):
            found = answer(predictor, image=as_image(content))
            assert found["warnings"], seed
            assert found["probability"] < 0.6, seed


def test_what_goes_on_where_a_shadow_begins_is_not_cut_off_there() -> None:
    """The light part of such a picture has straight sides, as a sheet has."""
    digit = np.asarray(Image.fromarray(sample_digits()[0][0]).resize((280, 280)), dtype=np.float64) / 255
    light = np.where(np.indices((280, 280)).sum(axis=0) < 280, 1, 0.45)

    halved = read(as_image(png((210 - 180 * digit) * light))).pixels
    whole = read(as_image(png(210 - 180 * digit))).pixels

    assert np.corrcoef(halved.ravel(), whole.ravel())[0, 1] > 0.8


def test_a_sheet_is_read_as_if_it_were_the_picture() -> None:
    digit = Image.fromarray(sample_digits()[0][5]).resize((200, 200))
    paper = Image.new("L", (260, 260), 210)
    paper.paste(40, (30, 30), digit)
    rng = np.random.default_rng(3)
    alone = read(as_image(png(np.asarray(paper, dtype=np.float64)))).pixels

    for table, tilt in ((30, 0), (120, 12), (250, -9)):
        page = Image.new("L", (520, 420), table)
        mask = Image.new("L", paper.size, 255).rotate(tilt, expand=True)
        page.paste(paper.rotate(tilt, Image.Resampling.BICUBIC, expand=True), (120, 60), mask)
        seen = read(as_image(jpeg(np.asarray(page) + rng.normal(0, 3, (420, 520)), rng))).pixels
        assert np.corrcoef(seen.ravel(), alone.ravel())[0, 1] > 0.9, (table, tilt)


def test_a_stroke_that_light_lines_cut_in_pieces_is_one() -> None:
    digit = np.asarray(Image.fromarray(sample_digits()[0][2]).resize((280, 280)), dtype=np.float64)
    rows, columns = np.indices(digit.shape)
    cut = np.where((rows % 25 < 2) | (columns % 25 < 2), 235, 255 - digit)

    found, whole = (read(as_image(png(each))).pixels.ravel() for each in (cut, 255 - digit))
    assert np.asarray(np.corrcoef(found, whole))[0, 1] > 0.95


def test_a_doubtful_picture_is_answered_less_surely_with_the_reason(predictor: Predictor) -> None:
    bar = as_image(NO_DIGITS["a bar"](np.random.default_rng(1)))

    found = answer(predictor, image=bar)

    assert [("image", "shows something much wider than high")] == [(w.field, w.message) for w in found["warnings"]]
    assert found["probability"] <= 0.55
    assert 1 == pytest.approx(sum(found["probabilities"]), abs=1e-4)
    (cautious,) = predictor.predict([ImageInput(image=bar)], Options(min_confidence=0.6))
    assert (None, True) == (cautious["label"], cautious["abstained"])


def test_colour_and_size_of_the_same_drawing_do_not_change_what_is_read() -> None:
    digit = sample_digits()[0][3]
    columns = TASKS.get("digits").columns
    readings = []
    for side, ink, ground in (
        (280, (0, 0, 0), (255, 255, 255)), (140, (255, 255, 0), (255, 255, 255)), (560, (0, 0, 255), (0, 0, 0)),
        (280, (200, 30, 30), (40, 130, 40)), (210, (128, 128, 128), (190, 190, 190)),
    ):  # fmt: skip
        share = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC))[..., None] / 255
        picture = png(share * np.array(ink) + (1 - share) * np.array(ground))
        readings.append(columns([ImageInput(image=as_image(picture))])["pixels"][0])

    for reading in readings[1:]:
        assert np.abs(reading - readings[0]).mean() < 6


def test_a_tiny_picture_is_read_too(predictor: Predictor) -> None:
    seven = np.array(TASKS.get("digits").example["pixels"], dtype=np.float64)

    assert 7 == answer(predictor, image=as_image(png(seven)))["label"]
    assert 7 == answer(predictor, image=as_image(png(255 - seven)))["label"]


def test_digits_of_other_hands_are_read_and_are_always_the_same(predictor: Predictor) -> None:
    """A hand or font of each kind; of the whole set 98 in 100 are read right."""
    drawings = list(picture_drawn.drawings(1, 1))
    assert [each.content for each in drawings] == [each.content for each in picture_drawn.drawings(1, 1)]
    right = [picture_drawn.answer(predictor, each) == each.digit for each in drawings]
    assert (50, True) == (len(right), sum(right) >= 47)
