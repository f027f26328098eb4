"""A model of the sample in a real one's place: the page says so, and one click goes back."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from benchmarks.service import Service
from tests.browser import accessibility
from tests.support.artifacts import add_model

ENVIRONMENT = {"DENSELY_WARM_TRAINER": "false"}  # nothing is trained here

OpenPage = Callable[..., Any]


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


@pytest.fixture
def toy(service: Service) -> Iterator[str]:
    """A model of the sample, active; afterwards the bundled one is again."""
    database = Database(f"sqlite:///{service.folder / 'home' / 'densely.db'}")
    store = ArtifactStore(service.folder / "models")
    bundled = service.client.get("/tasks/sentiment").json()["active_model"]["id"]
    yield add_model(database, store, "sentiment", is_sample=True).id
    service.client.put("/tasks/sentiment/active-model", json={"model_id": bundled}).raise_for_status()
    database.close()
    wait_for(service, bundled)


def wait_for(service: Service, model_id: str) -> None:
    """The API follows within half a second."""
    body = {"task": "sentiment", "text": "Good."}
    while service.client.post("/predict", json=body).json()["model"]["id"] != model_id:
        time.sleep(0.05)


def test_the_try_view_says_that_a_toy_answers_and_goes_back(open_page: OpenPage, service: Service, toy: str) -> None:
    wait_for(service, toy)
    page = open_page("#/try/sentiment")
    notice = page.get_by_role("note")
    expect(notice).to_contain_text("A toy answers")
    expect(page.locator(".badge.toy")).to_be_visible()

    page.get_by_role("button", name="Go back to version 1 of sentiment").click()

    expect(notice).to_have_count(0)
    expect(page.locator(".badge.toy")).to_have_count(0)
    expect(page.locator(".verdict")).to_contain_text("positive")
    assert 1 == service.client.get("/tasks/sentiment").json()["active_model"]["version"]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_the_list_of_models_says_so_too(
    open_page: OpenPage, service: Service, toy: str, scheme: str, width: int
) -> None:
    """In both themes and on a telephone, for everybody who reads it, and nowhere where a real model answers."""
    wait_for(service, toy)
    page = open_page("#/models", color_scheme=scheme, viewport={"width": width, "height": 900})
    notice = page.get_by_role("note")
    expect(notice).to_have_count(1)
    expect(page.get_by_role("region", name="Film review sentiment").get_by_role("note")).to_contain_text(
        "A toy answers"
    )
    box, view = notice.bounding_box(), page.viewport_size
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= view["width"]
    assert [] == accessibility.problems(page)

    page.get_by_role("button", name="Go back to version").click()

    expect(notice).to_have_count(0)
    expect(page.locator(".badge.toy")).to_have_count(0)
