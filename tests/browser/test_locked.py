"""A service that asks for a key: it is asked for at once, at every address, and then every view works."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.settings import Settings
from densely_client import Densely
from tests.browser import accessibility
from tests.browser.conftest import Serve
from tests.integration.finished import Finished, answers_of
from tests.support.clock import FakeClock

KEY = "correct-horse-battery"
VIEWS = [
    "#/try/planar", "#/new", "#/data/planar", "#/data/planar/moons", "#/runs", "#/runs/new", "#/sweeps",
    "#/sweeps/new", "#/models",
]  # fmt: skip


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


@pytest.fixture
def locked(serve: Serve, prepared: Settings) -> tuple[str, list[str]]:
    """Its URL, and the addresses of all its views."""
    database = Database(prepared.url)
    finished = Finished(database, ArtifactStore(prepared.models_dir), FakeClock())
    runs = [finished.run("planar", answers_of("planar"), [{"loss": 0.5}, {"loss": 0.25}]) for _ in range(2)]
    database.close()
    url = serve(api_keys=(KEY,))
    with Densely(url, KEY) as client:
        space = {"batch_size": {"kind": "choice", "values": [8, 16]}}
        sweep = client.sweeps.create("planar", space, dataset="moons", budget={"trials": 2}, activate="never")
        model = client.runs.get(runs[0]).data.model_id
    return url, [
        *VIEWS, f"#/runs/{runs[0]}", f"#/compare/{','.join(runs)}", f"#/sweeps/{sweep.id}", f"#/models/{model}"
    ]  # fmt: skip


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def give_key(page: Any) -> None:
    dialog = page.get_by_role("dialog", name="API key")
    dialog.get_by_label("Key").fill(KEY)
    dialog.get_by_role("button", name="Use it").click()
    expect(dialog).to_have_count(0)


def test_every_view_works_once_the_key_is_given(page: Any, locked: tuple[str, list[str]]) -> None:
    url, views = locked
    refused: list[str] = []
    page.goto(f"{url}/{views[0]}")
    expect(page.get_by_role("dialog", name="API key")).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)
    give_key(page)
    page.on("response", lambda answer: refused.append(answer.url) if answer.status == 401 else None)
    for view in views:
        page.goto(f"{url}/{view}")
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("main > .skeleton")).to_have_count(0)
        page.wait_for_timeout(100)  # what a view asks for after its first answer
        expect(page.get_by_role("heading", name="That did not work")).to_have_count(0)
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert [] == refused


def test_the_key_is_asked_for_at_every_address(page: Any, locked: tuple[str, list[str]]) -> None:
    url, views = locked
    for view in views[::3]:
        page.goto("about:blank")
        page.goto(f"{url}/{view}")
        dialog = page.get_by_role("dialog", name="API key")
        expect(dialog).to_be_visible()
        dialog.get_by_role("button", name="Not now").click()
        told = page.get_by_role("alert").first
        expect(told).to_contain_text("The key at the top of the page takes one.")
        expect(page.get_by_role("button", name="API key")).to_be_visible()


def test_what_is_typed_outlives_a_key_that_is_refused(page: Any, locked: tuple[str, list[str]]) -> None:
    url, _ = locked
    page.goto(f"{url}/#/sweeps/new")
    give_key(page)
    name = page.get_by_label("Name", exact=True)
    name.fill("typed by somebody")
    page.evaluate("import('./web/js/api.js').then(({ setApiKey }) => setApiKey('one-that-was-revoked'))")

    page.get_by_role("button", name="Start the search").click()

    expect(page.get_by_role("dialog", name="API key").get_by_role("alert")).to_contain_text("This key was not accepted")
    give_key(page)
    expect(name).to_have_value("typed by somebody")
    page.get_by_role("button", name="Start the search").click()
    page.wait_for_url("**/#/sweeps/s-*")
