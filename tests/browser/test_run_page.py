"""A run's page and the comparison of runs in a real Chromium."""

import re
from dataclasses import replace
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.db import run_queries
from app.db.engine import Database
from app.domain.recipes import Holdout
from app.domain.runs import Metrics
from app.settings import Settings
from app.wire.runs import Progress
from tests.browser import accessibility
from tests.browser.conftest import Look
from tests.integration.finished import Finished, answers_of
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.tasks import TASKS

# Validation falls to the third epoch and rises from there, while training falls on.
LEARNT = [(0.6, 0.5), (0.4, 0.4), (0.3, 0.35), (0.2, 0.5), (0.1, 0.7), (0.05, 0.9), (0.02, 1.2), (0.01, 1.5)]
EPOCHS = [{"loss": a, "val_loss": b, "accuracy": 1 - a / 2, "val_accuracy": 0.8} for a, b in LEARNT]
PUBLISHED = "m-0123456789ab"


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


@pytest.fixture(scope="module")
def finished(prepared: Settings) -> Any:
    database = Database(prepared.url)
    yield Finished(database, ArtifactStore(prepared.models_dir), FakeClock())
    database.close()


@pytest.fixture(scope="module")
def learnt(finished: Finished) -> str:
    """A run that has learnt by heart, and has succeeded."""
    recipe = TASKS.get("planar").presets["baseline"].recipe.model_copy(update={"epochs": len(EPOCHS)})
    asked: dict[str, Any] = {"validation": Holdout(size=50), "recipe": recipe}
    return finished.run("planar", answers_of("planar"), EPOCHS, name="by heart", tags={"week": "48"}, **asked)


@pytest.fixture(scope="module")
def better(finished: Finished) -> str:
    """A run that was shorter, and whose model answers every row of the test split right."""
    answers = answers_of("planar")
    perfect = replace(answers, predicted=answers.target)
    recipe = TASKS.get("planar").presets["baseline"].recipe.model_copy(update={"epochs": 3})
    asked: dict[str, Any] = {"validation": Holdout(size=50), "recipe": recipe}
    return finished.run("planar", perfect, EPOCHS[:3], name="better", **asked)


def test_steps_are_told_as_they_come(look: Look, finished: Finished) -> None:
    attempt = finished.claimed("planar")
    page = look(f"#/runs/{attempt.run_id}")
    step = page.locator("[aria-current='step']")
    expect(step).to_have_text("Starting")
    expect(page.locator(".chart").first).to_be_hidden()

    attempt.enter("compiling", Progress(epochs=9))
    attempt.flush()
    expect(step).to_have_text("Compiling")
    expect(page.get_by_text("Compiles an epoch into one program")).to_be_visible()
    attempt.record_epoch(0, 2, 0.1, EPOCHS[0], Progress(epoch=2, epochs=9, fraction=0.2, phase="training"))
    attempt.flush()
    expect(step).to_have_text("Trainingepoch 2 of 9")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "20")
    expect(page.locator(".chart").first).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)


def test_what_would_do_better_leads_to_a_changed_recipe(look: Look, learnt: str) -> None:
    page = look(f"#/runs/{learnt}")
    advice = page.get_by_role("listitem").filter(has_text="Overfitting since epoch 3")

    expect(advice).to_contain_text("lowest 0.35")
    expect(advice).to_contain_text("Change: stop when the validation loss")
    expect(advice.get_by_role("link", name="Change the recipe")).to_have_attribute(
        "href", f"#/runs/new?from={learnt}&change=overfitting"
    )
    assert [] == accessibility.problems_at_widths(page)


def test_the_log_leads_to_what_it_names(look: Look, finished: Finished, learnt: str) -> None:
    attempt = finished.claimed("planar", retry_of=learnt)
    attempt.log(f"published model {PUBLISHED} (version 2)")
    page = look(f"#/runs/{attempt.run_id}")
    log = page.get_by_role("list", name="Log")

    expect(log.get_by_role("link", name=PUBLISHED)).to_have_attribute("href", f"#/models/{PUBLISHED}")
    expect(log.get_by_role("link", name=learnt)).to_have_attribute("href", f"#/runs/{learnt}")
    expect(log.get_by_text("queued as a retry of")).to_be_visible()
    expect(log.locator("time")).to_have_count(3)


def test_name_tags_and_note_are_changed(look: Look, finished: Finished, learnt: str) -> None:
    page = look(f"#/runs/{learnt}")
    expect(page.get_by_role("list", name="Tags")).to_have_text("week: 48")
    edit = page.get_by_role("button", name="Edit name, tags and note")
    form = page.get_by_role("form", name="Name, tags and note")
    name, tags, note = (form.get_by_label(one, exact=True) for one in ("Name", "Tags", "Note"))

    edit.click()
    expect(name).to_be_focused()
    tags.fill("no good key: 1")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("no good key")  # nothing is lost
    look.troubles.clear()  # type: ignore[attr-defined]  # the refusal itself
    assert [] == accessibility.problems_at_widths(page)
    form.get_by_role("button", name="Remove the tag no good key: 1").click()
    tags.fill("week: 49")
    tags.press("Enter")
    tags.fill("owner: ann")
    name.fill("learnt by heart")
    note.fill(f"worse than {PUBLISHED}")
    form.get_by_role("button", name="Save").click()

    expect(edit).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_have_text("learnt by heart")
    expect(page.get_by_role("list", name="Tags").get_by_role("listitem")).to_have_text(["week: 49", "owner: ann"])
    expect(page.locator(".written").get_by_role("link", name=PUBLISHED)).to_be_visible()
    with finished.database.read() as tx:
        kept = run_queries.get(tx, learnt)
    assert ("learnt by heart", {"week": "49", "owner": "ann"}) == (kept.name, kept.tags)
    edit.click()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)


def test_a_run_is_archived_and_restored(look: Look, finished: Finished, learnt: str) -> None:
    page = look(f"#/runs/{learnt}")

    page.get_by_role("button", name="Archive").click()
    expect(page.locator(".badge", has_text="archived")).to_be_visible()
    with finished.database.read() as tx:
        assert run_queries.get(tx, learnt).archived_at is not None
    page.get_by_role("button", name="Restore").click()
    expect(page.locator(".badge", has_text="archived")).to_have_count(0)
    expect(page.get_by_role("button", name="Archive")).to_be_visible()


def test_runs_are_compared_best_first(look: Look, learnt: str, better: str) -> None:
    page = look(f"#/compare/{learnt},{better}")
    rows = page.get_by_role("table", name="Runs, best first").get_by_role("row")

    expect(rows.nth(1)).to_contain_text("better")
    expect(rows.nth(1)).to_contain_text("best")
    expect(rows.nth(2)).to_contain_text("more than chance explains")
    expect(rows.nth(2)).to_contain_text(re.compile(r"−(\d+\.\d\d points).*\1 less accuracy"))  # one unit for both
    differences = page.get_by_role("table", name="Settings in which the runs differ")
    expect(differences.get_by_role("row", name="recipe.epochs")).to_have_text("recipe.epochs38")
    expect(page.get_by_text("McNemar")).to_be_hidden()
    page.get_by_text("Tests of 1 pair").click()
    expect(page.get_by_text("McNemar")).to_be_visible()


def test_what_was_not_measured_is_neither_drawn_nor_told(look: Look, run: str) -> None:
    page = look(f"#/runs/{run}")

    expect(page.get_by_role("slider", name="loss by epoch")).to_be_visible()
    expect(page.locator(".plot:visible")).to_have_count(1)
    expect(page.get_by_role("region", name="Progress")).to_contain_text("Trained in")
    expect(page.get_by_role("region", name="Progress")).not_to_contain_text("?")


def test_compared_runs_are_shown_and_hidden(look: Look, learnt: str, better: str) -> None:
    page = look(f"#/compare/{learnt},{better}")
    chart = page.locator(".chart").first
    lines = chart.locator("path.val")
    expect(lines).to_have_count(2)
    shown = page.locator(".legend").get_by_role("button", name="better")

    shown.focus()
    expect(chart.locator("path.pale")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(lines).to_have_count(1)
    expect(shown).to_have_attribute("aria-pressed", "false")
    expect(shown).to_be_focused()
    page.keyboard.press("Enter")
    expect(lines).to_have_count(2)

    expect(chart.locator("path.train")).to_have_count(0)
    page.get_by_label("Training").check()
    expect(chart.locator("path.train")).to_have_count(2)
    chart.focus()
    page.keyboard.press("End")
    expect(chart).to_have_attribute("aria-valuetext", re.compile("Epoch 8: .*, training 0.01, .* 1.5$"))


def test_runs_without_a_model_are_compared_by_rows_held_out_while_they_go_on(look: Look, finished: Finished) -> None:
    measured = []
    for accuracy in (0.7, 0.9):
        attempt = finished.claimed("planar", EPOCHS[:2], name=f"held out {accuracy}", validation=Holdout(size=50))
        attempt.measured(Metrics(validation={"accuracy": accuracy, "loss": 0.5}))
        measured.append(attempt.run_id)
    going = finished.claimed("planar", EPOCHS[:2], name="going", validation=Holdout(size=50))
    page = look(f"#/compare/{','.join([going.run_id, *measured])}")
    rows = page.get_by_role("table", name="Runs, best first").get_by_role("rowheader")
    expect(rows).to_have_text(["held out 0.9", "held out 0.7", "going"])
    expect(page.get_by_text("By accuracy on rows held out")).to_be_visible()
    expect(page.locator(".chart").first).to_have_attribute("data-points", "2")

    going.record_epoch(0, 3, 0.1, EPOCHS[2], Progress(epoch=3, epochs=3, phase="training"))
    going.flush()
    expect(page.locator(".chart").first).to_have_attribute("data-points", "3")
    going.measured(Metrics(validation={"accuracy": 1.0, "loss": 0.5}))
    expect(rows).to_have_text(["going", "held out 0.9", "held out 0.7"])
    assert [] == accessibility.problems_at_widths(page)


def test_a_run_that_waits_tells_its_place(look: Look, finished: Finished) -> None:
    """The last one here: what waits is claimed by those who come later."""
    queued = [queue_run(finished.database, finished.clock) for _ in range(2)]
    page = look(f"#/runs/{queued[1]}")

    expect(page.get_by_text("Number 2 in the queue")).to_be_visible()
    expect(page.locator("[aria-current='step']")).to_have_text("Waiting")
    assert [] == accessibility.problems_at_widths(page)
