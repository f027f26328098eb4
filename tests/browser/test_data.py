"""The data of a task on the page: its datasets, their figures and rows, more of them, and how they go again."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.service import Service
from tests.browser import accessibility
from tests.browser.test_new_task import drop
from tests.support import own

OpenPage = Callable[..., Any]
NAME = "helpdesk"
HOUSES = "homes"


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


def homes(rows: int = 240) -> bytes:
    """A CSV of homes: a number, a name, yes or no, a day, and a price; every fourth has no number of rooms."""
    lines = ["rooms,district,balcony,built,price"]
    for row in range(rows):
        rooms = "" if row % 4 == 3 else str(1 + row % 5)
        place = ("north", "south", "west")[row % 3]
        price = 100 * (1 + row % 5) + 50 * (row % 3)
        lines.append(f"{rooms},{place},{'yes' if row % 2 else 'no'},19{10 + row % 80}-0{1 + row % 9}-11,{price}")
    return "\n".join(lines).encode()


@pytest.fixture(scope="module")
def trained(service: Service) -> Service:
    """Two tasks of the user's own: one of texts, one of a table, each with a model."""
    for name, content in ((NAME, own.tickets(240)), (HOUSES, homes())):
        answer = own.create(service.client, name, content, train="false", task={"title": name.title()})
        assert 201 == answer.status_code, answer.text
        run = service.train(task=name, recipe={"epochs": 3}, validation={"kind": "none"}, seed=1)
        assert "succeeded" == service.wait(run["id"])["status"]
    return service


@pytest.fixture
def more(tmp_path: Path) -> Path:
    """A file of further tickets."""
    path = tmp_path / "more.csv"
    path.write_bytes(own.tickets(60, seed=9))
    return path


@pytest.mark.slow
def test_its_datasets_are_listed_with_their_sizes(open_page: OpenPage, trained: Service) -> None:
    page = open_page(f"#/data/{NAME}")

    row = page.get_by_role("row").filter(has_text=NAME)
    for cell in ("240", "192", "48"):
        expect(row.get_by_role("cell", name=cell, exact=True)).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)
    row.get_by_role("link", name=f"Train on {NAME}").click()
    expect(page.get_by_label("Task", exact=True)).to_have_value(NAME)
    expect(page.get_by_label("Dataset")).to_have_value(f"{NAME}@1")


@pytest.mark.slow
def test_a_dataset_shows_its_figures_pictures_and_rows(open_page: OpenPage, trained: Service) -> None:
    page = open_page(f"#/data/{NAME}/{NAME}")
    columns = page.get_by_role("table", name="Columns")
    expect(columns.get_by_role("row").filter(has_text="message")).to_contain_text("characters")
    expect(columns.get_by_role("img", name=re.compile("Histogram of message"))).to_be_visible()
    expect(page.get_by_role("list", name="Rows of each label").get_by_role("listitem")).to_have_count(3)
    for name in ("Rows of each label", "Lengths"):
        expect(page.get_by_role("img", name=f"{name} of {NAME}")).to_have_js_property("complete", value=True)

    rows = page.get_by_role("table", name=f"Rows of {NAME}").locator("tbody tr")
    expect(rows).to_have_count(20)
    expect(page.get_by_label("Model")).to_have_value("active")
    assert [] == accessibility.problems_at_widths(page)
    page.get_by_label("Label", exact=True).select_option("login")
    expect(page.locator("tbody tr [data-head=Answer]").filter(has_text="billing")).to_have_count(0)
    assert {"login"} == set(page.locator("tbody tr [data-head=Answer]").all_text_contents())
    page.get_by_label("Model").select_option("")
    page.get_by_label("Split").select_option("")
    expect(rows).to_have_count(20)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(40)


@pytest.mark.slow
def test_dropped_rows_make_the_next_version(open_page: OpenPage, trained: Service, more: Path) -> None:
    page = open_page(f"#/data/{NAME}/{NAME}")
    drop(page, more)
    expect(page.get_by_role("button", name="Add its rows")).to_be_enabled()
    assert [] == accessibility.problems_at_widths(page)

    page.get_by_role("button", name="Add its rows").click()

    page.wait_for_url(re.compile(r"version=2"))
    expect(page.get_by_label("Version", exact=True)).to_have_value("2")
    expect(page.get_by_text("300", exact=True).first).to_be_visible()
    page.get_by_label("Version", exact=True).select_option("1")
    expect(page.get_by_text("240", exact=True).first).to_be_visible()

    page.get_by_role("button", name=f"Delete version 1 of {NAME}").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alert").filter(has_text="refer to")).to_contain_text("refer to version 1")
    page.get_by_label("Version", exact=True).select_option("2")
    page.get_by_role("button", name=f"Delete version 2 of {NAME}").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(re.compile(rf"#/data/{NAME}$"))
    assert 1 == trained.client.get(f"/datasets/{NAME}").json()["version"]
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 409 itself


@pytest.mark.slow
def test_own_rows_of_a_task_that_came_along_may_have_other_columns(
    open_page: OpenPage, trained: Service, tmp_path: Path
) -> None:
    path = tmp_path / "reviews.csv"
    words = ("A fine film with number", "A dull film with number")
    rows = [f"{words[row % 2]} {row},{('positive', 'negative')[row % 2]}" for row in range(80)]
    path.write_text("opinion,verdict\n" + "\n".join(rows) + "\n")
    page = open_page("#/data/sentiment")

    drop(page, path)
    expect(page.get_by_role("alert").filter(has_text="no column")).to_be_visible()
    page.get_by_label("text", exact=True).select_option("opinion")
    page.get_by_label("label", exact=True).select_option("verdict")
    assert [] == accessibility.problems_at_widths(page)
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_role("list", name="Rows of each label").get_by_role("listitem")).to_have_count(2)
    page.get_by_label("Name of the dataset").fill("my-reviews")
    page.get_by_role("button", name="Upload", exact=True).click()

    expect(page.get_by_role("heading", name="my-reviews", level=1)).to_be_visible()
    assert "sentiment" == trained.client.get("/datasets/my-reviews").json()["task"]
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 422 itself


@pytest.mark.slow
def test_a_row_of_any_columns_is_tried(open_page: OpenPage, trained: Service) -> None:
    page = open_page(f"#/try/{HOUSES}")
    verdict = page.locator(".verdict")
    expect(verdict).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)

    page.get_by_label("rooms", exact=True).fill("")
    page.get_by_label("district", exact=True).select_option("another …")
    page.get_by_label("district, another").fill("harbour")
    page.get_by_label("balcony", exact=True).select_option("true")
    page.get_by_label("built", exact=True).fill("1999-12-31")

    expect(page.locator(".feature", has_text="district").locator(".warning")).to_be_visible()
    snippet = page.locator("[data-snippet] code").first
    expect(snippet).to_contain_text('"district":"harbour","balcony":true,"built":"1999-12-31"')
    expect(snippet).not_to_contain_text("rooms")
    page.get_by_label("built", exact=True).fill("")
    expect(page.get_by_text("built: a day is needed")).to_be_visible()


@pytest.mark.slow
def test_tasks_come_and_go_while_the_page_is_open(open_page: OpenPage, trained: Service) -> None:
    page = open_page("#/try/sentiment")
    made = {"kind": {"kind": "text", "columns": ["text"]}, "answer": {"kind": "one_of", "labels": ["a", "b"]}}
    tab = page.get_by_role("navigation", name="Tasks").get_by_role("link", name="Passing")
    assert 201 == trained.client.post("/tasks", json={"name": "passing", "title": "Passing", **made}).status_code

    expect(tab).to_be_visible(timeout=8_000)
    tab.click()
    expect(page.get_by_text("No model of this task is active")).to_be_visible()
    assert 204 == trained.client.delete("/tasks/passing").status_code
    expect(tab).to_have_count(0, timeout=8_000)
    expect(page.locator(".verdict, .pad").first).to_be_visible()


@pytest.mark.slow
def test_many_tasks_have_a_list(open_page: OpenPage, trained: Service) -> None:
    made = {"kind": {"kind": "text", "columns": ["text"]}, "answer": {"kind": "one_of", "labels": ["a", "b"]}}
    names = [f"zz-{number}" for number in range(12)]
    for name in names:
        assert 201 == trained.client.post("/tasks", json={"name": name, "title": name.upper(), **made}).status_code
    page = open_page("#/data/sentiment")
    more = page.get_by_role("button", name=re.compile(r"\d+ more"))
    last = page.get_by_role("link", name="ZZ-11")

    expect(last).to_be_hidden()
    more.click()
    expect(last).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)
    last.focus()
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    expect(last).to_be_hidden()
    more.click()
    last.click()

    expect(page.get_by_role("heading", name="Data of ZZ-11")).to_be_visible()
    assert all(204 == trained.client.delete(f"/tasks/{name}").status_code for name in names)


@pytest.mark.slow
def test_a_task_is_deleted_with_what_it_has_only_if_that_is_said(open_page: OpenPage, trained: Service) -> None:
    answer = own.create(trained.client, "short", own.tickets(60), train="false")
    assert 201 == answer.status_code, answer.text
    page = open_page("#/data/short")
    delete = page.get_by_role("button", name="Delete the task short")
    dialog = page.get_by_role("dialog")

    delete.click()
    dialog.get_by_role("button", name="Keep it").click()
    delete.click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alert").filter(has_text="short")).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)
    delete.click()
    dialog.get_by_label("delete its datasets").check()
    dialog.get_by_role("button", name="Delete").click()

    expect(page.get_by_role("button", name="Delete the task short")).to_have_count(0)
    assert 404 == trained.client.get("/tasks/short").status_code
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 409 itself


@pytest.mark.slow
def test_a_run_and_a_model_are_deleted_on_their_pages(open_page: OpenPage, trained: Service) -> None:
    run = trained.wait(
        trained.train(task=HOUSES, recipe={"epochs": 1}, validation={"kind": "none"}, activate="never")["id"]
    )
    page = open_page(f"#/models/{run['model_id']}")
    page.get_by_role("button", name=re.compile("Delete version 2")).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    assert 404 == trained.client.get(f"/models/{run['model_id']}").status_code

    page = open_page(f"#/runs/{run['id']}")
    page.get_by_role("button", name="Delete this run").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    assert 404 == trained.client.get(f"/runs/{run['id']}").status_code
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the model of the run is no more
