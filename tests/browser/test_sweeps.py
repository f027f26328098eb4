"""Sweeps in a real browser: a live leaderboard, what was found, and a search around a run.

Trials end as a formula says, in this process.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.services.sweeps.driver import SweepDriver
from app.settings import Settings
from densely_client import Densely
from tests.browser import accessibility
from tests.browser.conftest import Serve
from tests.integration.finished import Finished, answers_of
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS
from tests.support.trials import end_next

SPACE: dict[str, Any] = {
    "optimizer.learning_rate": {"kind": "log_range", "low": 1e-4, "high": 1.0},
    "layers.0.units": {"kind": "choice", "values": [4, 8, 16]},
}


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


class Machine:
    """What a worker does, step by step."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.url)
        self.clock = FakeClock()
        self.finished = Finished(self.database, ArtifactStore(settings.models_dir), self.clock)
        self._driver = SweepDriver(self.database, self.clock, TASKS, 3)

    def step(self) -> bool:
        """A generation is asked for, or a run ends; whether there was anything to do."""
        self.clock.advance(1)
        return self._driver.advance() or end_next(self.database, self.clock) is not None


@pytest.fixture(scope="module")
def machine(prepared: Settings) -> Iterator[Machine]:
    found = Machine(prepared)
    yield found
    found.database.close()


@pytest.fixture
def open_at(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page. In the end there is nothing in the console."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def start(address: str, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(address)
        page.locator("h1").wait_for()
        return page

    start.troubles = troubles  # type: ignore[attr-defined]  # a test that provokes an error empties it
    yield start
    for context in contexts:
        context.close()
    assert [] == troubles


def test_a_sweep_is_followed_to_what_it_found(serve: Serve, machine: Machine, open_at: Callable[..., Any]) -> None:
    url = serve()
    with Densely(url) as client:
        asked: dict[str, Any] = {"dataset": "moons", "budget": {"trials": 12}, "seed": 1, "activate": "never"}
        sweep = client.sweeps.create("planar", SPACE, name="how wide?", **asked)
    for _ in range(4):
        machine.step()
    page = open_at(f"{url}/#/sweeps/{sweep.id}", reduced_motion="reduce")
    board = page.get_by_role("table", name="Trials, best first")
    expect(board.get_by_text("queued")).to_have_count(7)

    while machine.step():
        pass

    expect(page.locator(".badge.succeeded").first).to_be_visible()
    expect(page.get_by_role("heading", name="What it found")).to_be_visible()
    expect(page.get_by_text("chosen by it, so better than it is")).to_be_visible()
    expect(page.get_by_text("on rows that chose nothing")).to_be_visible()
    expect(board.get_by_text("queued")).to_have_count(0)
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    expect(page.locator("img.picture")).to_have_count(3)
    page.wait_for_function("() => [...document.images].every((one) => one.complete && one.naturalWidth > 20)")
    assert [] == accessibility.problems_at_widths(page)
    page.emulate_media(color_scheme="dark")
    assert [] == accessibility.problems(page)
    page.get_by_role("link", name="all sweeps").click()
    row = page.get_by_role("row", name=re.compile("how wide"))
    expect(row.get_by_text("12 of 12")).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)
    fresh = open_at(f"{url}/#/sweeps/{sweep.id}")
    assert [] == accessibility.problems_of_the_keyboard(fresh)


def test_a_search_around_a_run_is_proposed_changed_and_begun(
    serve: Serve, machine: Machine, open_at: Callable[..., Any]
) -> None:
    run_id = machine.finished.run("planar", answers_of("planar"), [{"loss": 0.5}])
    url = serve()
    page = open_at(f"{url}/#/runs/{run_id}", reduced_motion="reduce")
    page.get_by_role("link", name="Search around this recipe").click()
    space = page.get_by_label("What varies")
    expect(space).to_have_value(re.compile("optimizer.learning_rate"))
    assert [] == accessibility.problems_at_widths(page)

    rows = page.get_by_role("listitem").filter(has=page.get_by_label("How it varies"))
    expect(rows.first.get_by_label("From")).to_be_visible()
    rows.first.get_by_label("To", exact=True).fill("0.25")
    expect(space).to_have_value(re.compile(r'"high": 0\.25'))
    page.get_by_role("button", name="Add a field").click()
    rows.last.get_by_label("Field").fill("epochs")
    rows.last.get_by_label("Values").fill("8, 16")
    expect(space).to_have_value(re.compile(r'"epochs": {\s+"kind": "choice",\s+"values": \[8, 16\]'))
    rows.last.get_by_label("How it varies").select_option("range")
    expect(space).to_have_value(re.compile(r'"epochs": {\s+"kind": "range"'))
    rows.last.get_by_role("button", name="Remove").click()
    expect(space).not_to_have_value(re.compile("epochs"))
    assert [] == accessibility.problems_at_widths(page)

    space.fill('{"batch_size": {"kind": "choice"')
    expect(space).to_have_attribute("aria-invalid", "true")
    space.fill('{"layers.0.unit": {"kind": "choice", "values": [4, 8]}}')
    page.get_by_role("spinbutton", name="Trials").fill("3")
    page.get_by_role("button", name="Start the search").click()
    expect(space).to_have_attribute("aria-invalid", "true")  # the service knows the fields of a recipe
    expect(page.locator('[data-field="space"] .hint')).to_contain_text("layers.0.unit")
    open_at.troubles.clear()  # type: ignore[attr-defined]
    space.fill('{"layers.0.units": {"kind": "choice", "values": [4, 8]}}')
    expect(rows).to_have_count(1)
    expect(rows.get_by_label("Values")).to_have_value("4, 8")
    page.get_by_role("button", name="Start the search").click()

    page.wait_for_url(re.compile("#/sweeps/s-"))
    expect(page.get_by_text("The first trials are about to be chosen.")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the sweep").click()
    expect(page.locator(".badge.cancelled")).to_be_visible()
    page.get_by_role("button", name="Delete this sweep").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url(re.compile("#/sweeps$"))
