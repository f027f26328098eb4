"""A task out of a file: dropped onto the page, corrected, trained, watched, tried; its mistakes are seen."""

import base64
import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.service import Service
from tests.browser import accessibility
from tests.support import tickets

OpenPage = Callable[..., Any]
MESSAGE = "My parcel with order 123456 has not been delivered by the courier"


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


@pytest.fixture(scope="module")
def desk_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tickets whose answer, `desk`, does not look as much like one as their priority."""
    path = tmp_path_factory.mktemp("files") / "Help desk (2).csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["desk", "message", "priority"])
        for number, row in enumerate(tickets.rows(1_500)):
            writer.writerow([row["team"], row["message"], ("low", "high", "usual")[number % 3]])
    return path


def drop(page: Any, path: Path, on: str = ".drop") -> None:
    """Drop a file as a person does: over the place, then on it."""
    content = base64.b64encode(path.read_bytes()).decode()
    transfer = page.evaluate_handle(
        """([content, name]) => {
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], name));
          return transfer;
        }""",
        [content, path.name],
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event(on, event, {"dataTransfer": transfer})


def roles(page: Any) -> dict[str, str]:
    """What each column is used as."""
    selects = page.locator(".preview select")
    return {one.get_attribute("data-column"): one.input_value() for one in selects.all()}


@pytest.mark.slow
def test_a_dropped_file_is_corrected_trained_watched_and_tried(
    open_page: OpenPage, service: Service, desk_csv: Path
) -> None:
    page = open_page("#/try/sentiment")
    page.get_by_role("link", name="New task").click()
    expect(page.get_by_role("heading", name="New task")).to_be_focused()

    drop(page, desk_csv)
    expect(page.get_by_label("Name, as requests call it")).to_have_value("help-desk-2")
    expect(page.get_by_label("Title")).to_have_value("Help desk (2)")
    expect(page.get_by_role("list", name="Rows of each label").get_by_text("usual")).to_be_visible()
    assert {"message": "text", "priority": "label", "desk": "ignored"} == roles(page)

    page.get_by_label("desk is used as").focus()
    page.get_by_label("desk is used as").select_option("answer")
    expect(page.get_by_role("list", name="Rows of each label").get_by_text("billing")).to_be_visible()
    assert {"message": "text", "priority": "ignored", "desk": "label"} == roles(page)
    expect(page.get_by_label("desk is used as")).to_be_focused()
    assert [] == accessibility.problems_at_widths(page)
    assert [] == [task["name"] for task in service.client.get("/tasks").json()["items"] if task["own"]]

    page.get_by_label("Name, as requests call it").fill("desk")
    page.get_by_role("button", name="Create and train").click()
    page.wait_for_url(re.compile("#/runs/r-"))
    expect(page.locator(".chart").first).not_to_have_attribute("data-points", "0", timeout=60_000)
    expect(page.locator(".badge.succeeded")).to_be_visible(timeout=120_000)
    expect(page.locator(".verdict")).to_contain_text(re.compile(r"\d % accuracy on the test rows; guessing scores"))
    mistakes = page.get_by_role("list", name="Worst mistakes")
    expect(mistakes.get_by_role("listitem").first).to_contain_text(re.compile(r"is \w+\s*said \w+"))
    assert [] == accessibility.problems_at_widths(page)

    page.locator("main").get_by_role("link", name="Try it").click()
    expect(page.get_by_role("heading", name="Help desk (2)")).to_be_visible()
    page.get_by_role("textbox", name="message").fill(MESSAGE)
    expect(page.locator(".verdict")).to_contain_text("shipping")
    assert [] == accessibility.problems_at_widths(page)


def test_a_file_with_faults_is_told_by_line_and_nothing_is_kept(
    open_page: OpenPage, service: Service, tmp_path: Path
) -> None:
    path = tmp_path / "broken.csv"
    rows = [f"some words of row {row},{'ab'[row % 2]}" + (",too,many" if row % 5 == 0 else "") for row in range(60)]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    before = service.client.get("/tasks").json()
    page = open_page("#/new")

    drop(page, path)

    refusal = page.get_by_role("alert").filter(has_text="cannot be used")
    expect(refusal).to_be_visible()
    expect(refusal.get_by_role("listitem").first).to_contain_text("line 2:")
    expect(refusal.get_by_role("listitem").nth(1)).to_contain_text("line 7:")
    expect(page.get_by_role("button", name="Create and train")).to_be_hidden()
    assert [] == accessibility.problems_at_widths(page)
    assert before == service.client.get("/tasks").json()
    assert [] == list((service.folder / "home" / "uploads").glob("*broken*"))
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 422 itself


def test_what_cannot_be_guessed_is_asked(open_page: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "letters.csv"
    rows = [
        f'"{"long words of a letter " * 4}{row}","{("yes of course " if row % 2 else "no ") * 9}"' for row in range(40)
    ]
    path.write_text("alpha,beta\n" + "\n".join(rows) + "\n")
    page = open_page("#/new")

    drop(page, path)
    column = page.get_by_label("Column of the answer")
    expect(column).to_be_visible()
    page.get_by_role("button", name="Look again").click()
    expect(column).to_be_focused()
    assert ["alpha", "beta"] == page.locator("datalist option").evaluate_all("all => all.map((one) => one.value)")
    column.fill("beta")
    page.get_by_role("button", name="Look again").click()

    expect(page.get_by_label("alpha is used as")).to_have_value("text")
    expect(column).to_be_hidden()
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 422 itself


def test_a_wrong_role_is_told_and_can_be_taken_back(open_page: OpenPage, desk_csv: Path) -> None:
    page = open_page("#/new")
    drop(page, desk_csv)
    role = page.get_by_label("priority is used as")
    expect(role).to_have_value("label")
    page.get_by_label("desk is used as").select_option("answer")
    expect(role).to_have_value("ignored")

    role.select_option("number")
    expect(page.get_by_role("alert").filter(has_text="is no number")).to_contain_text("line 2, column priority:")
    expect(page.get_by_role("button", name="Create and train")).to_be_disabled()
    assert "ignored" == roles(page)["message"]  # a table has no texts
    role.select_option("category")

    expect(page.get_by_role("button", name="Create and train")).to_be_enabled()
    role.select_option("left out")
    expect(page.get_by_text("At least one column must be an input.")).to_be_visible()
    expect(page.get_by_role("button", name="Create and train")).to_be_disabled()
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 422 itself


def test_a_name_that_is_taken_is_told_before_anything_is_sent(open_page: OpenPage, desk_csv: Path) -> None:
    page = open_page("#/new")
    drop(page, desk_csv)
    name = page.get_by_label("Name, as requests call it")
    expect(page.get_by_role("button", name="Create and train")).to_be_enabled()

    for wrong, why in (("sentiment", "there is a task of this name"), ("Desk", "from a letter on")):
        name.fill(wrong)
        page.get_by_role("button", name="Create and train").click()
        expect(name).to_be_focused()
        expect(page.locator('[data-field="name"] .hint')).to_contain_text(why)
    assert page.url.endswith("#/new")


def test_names_come_from_files(open_page: OpenPage) -> None:
    page = open_page("#/new")
    made = page.evaluate("""async () => {
      const { nameFrom, titleFrom } = await import("./web/js/roles.js");
      const files = ["My Tickets.csv.gz", "2024-ältere_Daten.JSONL", "日本.csv", "tickets.tsv"];
      return files.map((file) => [nameFrom(file, ["tickets", "tickets-2"]), titleFrom(file)]);
    }""")

    assert [
        ["my-tickets", "My Tickets"],
        ["altere-daten", "2024 ältere Daten"],
        ["task", "日本"],
        ["tickets-3", "Tickets"],
    ] == made


def test_the_keyboard_chooses_a_file(open_page: OpenPage, desk_csv: Path) -> None:
    page = open_page("#/new")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").press("Enter")
    chooser.value.set_files(desk_csv)

    expect(page.get_by_label("desk is used as")).to_be_visible()
    assert [] == accessibility.problems_of_the_keyboard(page)
