"""Curves by epoch in a real Chromium: what they tell, how they are drawn, and what can be taken along."""

import csv
import io
from typing import Any

import pytest
from PIL import Image

from app.artifacts.store import ArtifactStore
from app.db import runs
from app.db.engine import Database
from app.domain.recipes import Holdout, KFold
from app.domain.runs import Metrics
from app.settings import Settings
from app.wire.runs import Progress
from tests.browser import accessibility
from tests.browser.conftest import Look
from tests.integration.finished import Finished, answers_of
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

# By epoch: training loss, validation loss, training accuracy, validation accuracy. The best epoch is the third.
LEARNT = [
    (8.0, 4.0, 0.5, 0.5),
    (0.5, 0.5, 0.7, 0.7),
    (0.25, 0.375, 0.8, 0.75),
    (0.125, 0.625, 0.9, 0.875),
    (0.0625, 0.75, 0.95, 0.75),
]
NAMES = ("loss", "val_loss", "accuracy", "val_accuracy")
EPOCHS = [dict(zip(NAMES, values, strict=True)) for values in LEARNT]
FOLDS = (1.0, 2.0)  # validation loss of each fold, in both epochs


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


@pytest.fixture(scope="module")
def made(prepared: Settings) -> dict[str, str]:
    """Runs by what they are: `overfit` and `short` with rows held out, `folds` with two folds."""
    database = Database(prepared.url)
    finished = Finished(database, ArtifactStore(prepared.models_dir), FakeClock())
    answers = answers_of("planar")
    recipe = TASKS.get("planar").presets["baseline"].recipe.model_copy(update={"epochs": len(EPOCHS)})
    held_out: dict[str, Any] = {"validation": Holdout(size=50), "recipe": recipe}
    found = {
        "overfit": finished.run("planar", answers, EPOCHS, name="over, fitted", **held_out),
        "short": finished.run("planar", answers, EPOCHS[:2], name="short", **held_out),
        "folds": _of_folds(finished),
    }
    database.close()
    return found


def _of_folds(finished: Finished) -> str:
    """The id of a run of two folds and the fit that follows them, which has succeeded."""
    attempt = finished.claimed("housing", validation=KFold(folds=2))
    for fold, loss in enumerate(FOLDS, 1):
        for epoch in (1, 2):
            metrics = {"loss": 0.5, "mae": 0.5, "val_loss": loss, "val_mae": loss}
            attempt.record_epoch(fold, epoch, 0.1, metrics, Progress(epoch=epoch, epochs=2))
    attempt.record_epoch(0, 1, 0.1, {"loss": 64.0, "mae": 64.0}, Progress(epoch=1, epochs=2))
    attempt.flush()
    with finished.database.write() as tx:
        runs.publish(tx, attempt.run_id, attempt.lease_id, finished.clock(), Metrics())
    return attempt.run_id


def texts(page: Any, selector: str) -> list[str]:
    found: list[str] = page.locator(selector).all_inner_texts()
    return [" ".join(one.split()) for one in found]


def curves_of(look: Look, run: str, **options: Any) -> Any:
    """The page of a run, with its curves drawn."""
    page = look(f"#/runs/{run}", **options)
    expect(page.locator(".chart").first).not_to_have_attribute("data-points", "0")
    return page


def ticks_of(page: Any, place: int = 0) -> list[str]:
    """Of a panel's axes."""
    found: list[str] = page.locator(".chart").nth(place).locator("text").all_text_contents()
    return found


def hover(page: Any, share: float) -> None:
    """Point at a place of the first panel, from its left to its right."""
    box = page.locator(".chart").first.bounding_box()
    page.mouse.move(box["x"] + 52 + share * (box["width"] - 64), box["y"] + 100)


def test_the_pointer_tells_values_in_both_panels(look: Look, made: dict[str, str]) -> None:
    page = curves_of(look, made["overfit"])
    hover(page, 0.5)

    shown = [
        "epoch 3 training 0.25 validation 0.375",
        "epoch 3 training 80.00 % validation 75.00 %",
    ]
    assert shown == texts(page, ".tip")
    assert 4 == page.locator(".chart .dot").count()
    page.mouse.move(5, 5)
    expect(page.locator(".tip").first).to_be_hidden()
    assert [
        "Epoch 5: training 0.0625, validation 0.75; lowest validation loss in epoch 3: 0.375",
        "Epoch 5: training 95.00 %, validation 75.00 %; at the lowest validation loss, epoch 3: 75.00 %",
    ] == texts(page, ".plot > p")
    assert 2 == page.locator(".chart circle.best").count()


def test_arrow_keys_go_from_epoch_to_epoch(look: Look, made: dict[str, str]) -> None:
    page = curves_of(look, made["overfit"])
    chart = page.get_by_role("slider", name="loss by epoch")
    chart.focus()

    for key, told in (
        ("ArrowRight", "Epoch 1: training 8, validation 4"),
        ("ArrowRight", "Epoch 2: training 0.5, validation 0.5"),
        ("End", "Epoch 5: training 0.0625, validation 0.75"),
        ("ArrowRight", "Epoch 5: training 0.0625, validation 0.75"),
        ("ArrowLeft", "Epoch 4: training 0.125, validation 0.625"),
    ):
        page.keyboard.press(key)
        expect(chart).to_have_attribute("aria-valuetext", told)
    other = page.get_by_role("slider", name="accuracy by epoch")
    expect(other).to_have_attribute("aria-valuetext", "Epoch 4: training 90.00 %, validation 87.50 %")
    page.keyboard.press("Escape")
    expect(page.locator(".tip").first).to_be_hidden()


def test_axes_are_logarithmic_or_clipped_and_stay_so(look: Look, made: dict[str, str]) -> None:
    page = curves_of(look, made["overfit"])
    assert {"0", "8"} <= set(ticks_of(page))

    page.get_by_label("Log scale").check()
    assert {"0.1", "1"} <= set(ticks_of(page))
    assert "0" not in ticks_of(page)
    page.reload()
    expect(page.get_by_label("Log scale")).to_be_checked()
    expect(page.locator(".chart text", has_text="0.1").first).to_be_visible()
    page.get_by_label("Log scale").uncheck()

    page.get_by_label("Clip outliers").check()
    assert "8" not in ticks_of(page)
    assert texts(page, ".plot > p")[0].endswith("; 1 value outside of the axis")


def test_folds_are_a_mean_with_a_band_until_single_fits_are_asked_for(look: Look, made: dict[str, str]) -> None:
    page = curves_of(look, made["folds"])
    chart = page.locator(".chart").first
    expect(chart.locator("path.val.band")).to_have_count(1)
    expect(chart.locator("path.val:not(.band)")).to_have_count(1)
    expect(page.locator(".legend")).to_contain_text("mean of 2 folds, and one standard deviation")
    hover(page, 1)
    assert "epoch 2 training 0.5 validation 1.5 ± 0.5" == texts(page, ".tip")[0]  # without the fit that follows

    page.get_by_label("Single fits").check()

    expect(chart.locator("path.val.band")).to_have_count(0)
    expect(chart.locator("path.val.faint")).to_have_count(2)


def test_smoothing_is_off_until_it_is_asked_for(look: Look, made: dict[str, str]) -> None:
    page = curves_of(look, made["overfit"])
    line = page.locator(".chart path.val:not(.faint)").first
    measured = line.get_attribute("d")
    expect(page.locator(".chart .faint")).to_have_count(0)

    page.get_by_label("Smoothing").fill("0.5")

    expect(page.locator(".smooth output")).to_have_text("0.5")
    assert measured != line.get_attribute("d")
    assert measured is not None
    expect(page.locator(".chart path.val.faint").first).to_have_attribute("d", measured)
    hover(page, 0.5)
    assert "validation 0.375" in texts(page, ".tip")[0]  # as measured


def test_numbers_behind_the_curves(look: Look, made: dict[str, str]) -> None:
    """Moving averages and ticks, as they are computed."""
    page = curves_of(look, made["short"])
    smooth, ticks, flat, shares = page.evaluate("""async () => {
      const { smoothed } = await import("./web/js/series.js");
      const { logTicks, scaleOf } = await import("./web/js/scale.js");
      const spots = [4, 0, 0].map((value, place) => ({ epoch: place + 1, value }));
      const plain = { log: false, clip: false };
      return [smoothed(spots, 0.5).map(({ value }) => value), logTicks(0.004, 30),
        scaleOf([2, 2], { ...plain, log: true }).ticks, scaleOf([0.6, 1], plain, 1).ticks];
    }""")

    assert [4, pytest.approx(4 / 3), pytest.approx(4 / 7)] == smooth
    assert [0.01, 0.1, 1, 10] == ticks
    assert 2 in flat
    assert 1 == shares[-1]


def test_curves_are_saved_as_csv_and_as_a_picture_in_the_colours_of_the_page(look: Look, made: dict[str, str]) -> None:
    page = curves_of(look, made["overfit"], scheme="dark")

    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the curves as CSV").click()
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text(encoding="utf-8"))))
    assert [made["overfit"]] * 5 == [row["run"] for row in rows]
    assert [values[1] for values in LEARNT] == [float(row["val_loss"]) for row in rows]

    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the curves as PNG").click()
    assert saved.value.suggested_filename == f"over,-fitted,-{made['overfit']}.png"
    with Image.open(saved.value.path()) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20) or ()}
        assert picture.width > 1500
    assert {(0x18, 0x1F, 0x1E), (0x4F, 0xD1, 0xC0)} <= colours  # the card, and the line of the validation


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_run_and_a_comparison_are_accessible(look: Look, made: dict[str, str], scheme: str) -> None:
    for route in (f"#/runs/{made['folds']}", f"#/compare/{made['short']},{made['overfit']}"):
        page = look(route, scheme=scheme)
        expect(page.locator(".chart").first).not_to_have_attribute("data-points", "0")
        hover(page, 0.5)
        assert [] == accessibility.problems_at_widths(page), route
        assert [] == accessibility.problems_of_the_keyboard(page), route
