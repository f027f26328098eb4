"""A task that is dropped in as one file of data has its form on the page, and is trained and tried there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchmarks.service import Service
from tests.support import sixth


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service from a folder with six tasks, with a model of the sixth."""
    with sixth.served(tmp_path_factory.mktemp("sixth")) as started:
        run = started.wait(started.train(task=sixth.NAME, seed=1)["id"])
        assert "succeeded" == run["status"], run["error"]
        yield started


def test_it_has_its_tab_form_and_answer(open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = open_page(f"#/try/{sixth.NAME}")
    expect(page.get_by_role("link", name="Iris species")).to_have_attribute("aria-current", "page")
    expect(page.locator(".verdict")).to_contain_text("setosa")
    for name in sixth.COLUMNS:
        expect(page.get_by_label(f"{name}: cm", exact=True)).to_have_value(str(sixth.EXAMPLE[name]))

    page.get_by_label("sepal_length: cm", exact=True).fill("6.5")
    page.get_by_label("sepal_width: cm", exact=True).fill("3")
    page.get_by_label("petal_length: cm", exact=True).fill("6")
    page.get_by_label("petal_width: cm", exact=True).fill("2.2")

    expect(page.locator(".verdict")).to_contain_text("virginica")


def test_its_run_and_model_are_shown(open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = open_page("#/runs")
    expect(page.get_by_role("cell", name=sixth.NAME).first).to_be_visible()
    page = open_page("#/models")
    expect(page.get_by_role("cell", name=sixth.NAME).first).to_be_visible()
