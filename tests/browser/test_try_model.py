"""Try it: which model answers is told, and another can be chosen, also among hundreds."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.wire.manifests import Manifest
from benchmarks.service import Service
from tests.browser import accessibility
from tests.browser.test_toys import wait_for
from tests.support.artifacts import add_model, register

ENVIRONMENT = {"DENSELY_WARM_TRAINER": "false"}  # nothing is trained here
MANY = 500

OpenPage = Callable[..., Any]


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


@pytest.fixture(scope="module")
def database(service: Service) -> Iterator[Database]:
    found = Database(f"sqlite:///{service.folder / 'home' / 'densely.db'}")
    yield found
    found.close()


@pytest.fixture(scope="module")
def store(service: Service) -> ArtifactStore:
    return ArtifactStore(service.folder / "models")


@pytest.fixture(scope="module")
def other(service: Service, database: Database, store: ArtifactStore) -> Manifest:
    """Version 2 of the reviews, which is not active: after it come hundreds."""
    made = add_model(database, store, "sentiment", active=False, test_metric=0.625)
    with database.write() as tx:
        for number in range(MANY):
            own = {"id": f"m-{number:012x}", "run_id": f"r-{number:012x}"}
            register(tx, made.model_copy(update=own), active=False)
    return made


@pytest.fixture(scope="module")
def toy(database: Database, store: ArtifactStore, other: Manifest) -> Manifest:
    return add_model(database, store, "sentiment", active=False, is_sample=True)


def test_the_active_model_is_told_with_its_figure_beside_guessing(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")
    card = page.get_by_role("region", name="Model", exact=True)

    expect(card.get_by_role("link", name="Version 1")).to_have_attribute("href", re.compile("#/models/m-"))
    expect(card).to_contain_text(re.compile(r"active.*trained on imdb.*test accuracy 92\.28 % \(guessing 50\.00 %\)"))
    expect(page.get_by_role("note")).to_have_count(0)


def test_another_version_among_hundreds_is_found_and_answers(
    open_page: OpenPage, service: Service, other: Manifest
) -> None:
    page = open_page("#/try/sentiment")
    page.get_by_label("Review").fill("A wonderful film with the worst end")
    expect(page.locator(".verdict")).to_be_visible()
    page.get_by_role("button", name="Other version").click()
    dialog = page.get_by_role("dialog", name="Which version answers?")
    expect(dialog.get_by_text(re.compile(r"and 4\d\d more"))).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)

    dialog.get_by_label("Find").fill("v417")
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    dialog.get_by_label("Find").fill(other.id)
    with page.expect_response("**/predict") as asked:
        dialog.get_by_role("button", name="Version 2").click()

    assert {"id": other.id, "version": 2} == asked.value.json()["model"]
    expect(page.get_by_role("region", name="Model", exact=True)).to_contain_text("Version 2not the active one")
    assert page.url.endswith(f"#/try/sentiment?model={other.id}")
    expect(page.get_by_label("Review")).to_have_value("A wonderful film with the worst end")
    page.reload()
    expect(page.get_by_role("region", name="Model", exact=True)).to_contain_text("test accuracy 62.50 %")
    page.get_by_role("button", name="Other version").click()
    page.get_by_role("button", name="The active one").click()
    expect(page.get_by_role("region", name="Model", exact=True)).to_contain_text("Version 1active")
    assert page.url.endswith("#/try/sentiment")


def test_the_address_names_a_version_or_an_id_and_what_is_none_is_told(
    open_page: OpenPage, service: Service, other: Manifest
) -> None:
    card = open_page("#/try/sentiment?model=2").get_by_role("region", name="Model", exact=True)
    expect(card).to_contain_text("Version 2")
    page = open_page("#/try/sentiment?model=m-nobody")
    expect(page.get_by_role("alert").first).to_have_text(
        "There is no model m-nobody of sentiment: the active one answers."
    )
    expect(page.locator(".verdict")).to_contain_text("positive")

    page = open_page(f"#/try/planar?model={other.id}")

    expect(page.get_by_role("alert").first).to_contain_text("is one of sentiment: the active one of planar answers.")
    page.get_by_role("link", name="Try it with sentiment.").click()
    expect(page.get_by_role("region", name="Model", exact=True)).to_contain_text("Version 2")
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 404 itself


def test_a_task_that_is_none_is_told(open_page: OpenPage) -> None:
    page = open_page("#/try/nonsense")

    expect(page.get_by_role("alert").first).to_have_text("There is no task nonsense: this is another one.")


def test_a_toy_that_is_chosen_says_so_loudly(open_page: OpenPage, toy: Manifest) -> None:
    page = open_page(f"#/try/sentiment?model={toy.id}")

    expect(page.get_by_role("note")).to_contain_text("A toy answers")
    expect(page.locator(".badge.toy")).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)


def test_a_model_that_becomes_active_meanwhile_is_told(open_page: OpenPage, service: Service, other: Manifest) -> None:
    page = open_page("#/try/sentiment")
    expect(page.locator(".verdict")).to_be_visible()
    bundled = service.client.get("/tasks/sentiment").json()["active_model"]["id"]
    try:
        service.client.put("/tasks/sentiment/active-model", json={"model_id": other.id}).raise_for_status()
        wait_for(service, other.id)

        page.get_by_label("Review").fill("A superb film")

        expect(page.get_by_role("region", name="Model", exact=True)).to_contain_text("Version 2active")
    finally:
        service.client.put("/tasks/sentiment/active-model", json={"model_id": bundled}).raise_for_status()
        wait_for(service, bundled)
