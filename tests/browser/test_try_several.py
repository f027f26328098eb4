"""Try it: several inputs at once, pasted or from a file; their answers as a table and as a CSV."""

import csv
import io
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.service import Service
from tests.browser import accessibility

ENVIRONMENT = {"DENSELY_WARM_TRAINER": "false"}  # nothing is trained here

OpenPage = Callable[..., Any]
REVIEWS = """id,Review,stars
1,"A wonderful film,
moving and ""funny"", too",5
2,"=HYPERLINK(""x"") terrible and boring",-1
3,xqzt vbbkk,2
4,,3
5,too,many,cells
6,?!,1
"""


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


def choose(page: Any, name: str, content: str | bytes) -> None:
    buffer = content.encode() if isinstance(content, str) else content
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": buffer})


def cells(page: Any, column: int) -> list[str]:
    """What a column of the shown page of answers holds."""
    rows = page.get_by_role("table", name="Answers, row by row").locator("tbody tr").all()
    return [row.locator("th, td").nth(column).inner_text() for row in rows]


def saved(page: Any, tmp_path: Path) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_pasted_lines_are_answered_and_one_can_be_looked_at(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")
    page.get_by_role("link", name="Several at once").click()
    page.get_by_label("Lines").fill('A wonderful film, "superb"\n\nAwful and dull; the worst\n')
    expect(page.get_by_text("2 rows.")).to_be_visible()

    page.get_by_role("button", name="Ask for 2 answers").click()

    expect(page.get_by_role("button", name="All asked")).to_be_disabled()
    assert ['A wonderful film, "superb"', "Awful and dull; the worst"] == cells(page, 1)
    assert ["positive", "negative"] == cells(page, 2)
    expect(page.get_by_role("list", name="Share of each answer")).to_contain_text("negative (1)")
    page.get_by_role("link", name="Runs", exact=True).click()
    page.go_back()
    expect(page.get_by_role("button", name="Row 3: look at it")).to_be_visible()
    assert ["positive", "negative"] == cells(page, 2)
    page.get_by_role("button", name="Row 3: look at it").click()
    expect(page.get_by_label("Review")).to_have_value("Awful and dull; the worst")
    expect(page.locator(".verdict")).to_contain_text("negative")


def test_a_csv_is_read_by_its_heads_and_errors_stand_at_their_rows(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("#/try/sentiment?several")
    choose(page, "reviews.csv", REVIEWS)
    expect(page.get_by_text("6 rows of reviews.csv. 1 refused. Not used: id, stars.")).to_be_visible()
    expect(page.get_by_label("Review is in column")).to_have_value("1")

    page.get_by_role("button", name="Ask for 5 answers").click()

    expect(page.get_by_text("3 answered. 3 refused.")).to_be_visible()
    assert ["2", "4", "5", "6", "7", "8"] == [one.split(":")[0] for one in cells(page, 0)]
    assert ["positive", "negative", "not sure", "–", "–", "–"] == cells(page, 2)
    notes = cells(page, 4)
    assert "knows none of these words" in notes[2]
    assert ["text: is needed", "has 4 cells, not 3"] == notes[3:5]
    assert "holds no words" in notes[5]
    rows = saved(page, tmp_path)
    assert 'A wonderful film,\nmoving and "funny", too' == rows[0]["Review"]
    assert rows[1]["Review"].startswith("'=HYPERLINK(")  # no spreadsheet reckons it
    assert "-1" == rows[1]["stars"]
    assert ["positive", "negative", "", "", "", ""] == [row["predicted"] for row in rows]
    assert ["", "", "true", "", "", ""] == [row["abstained"].replace("false", "") for row in rows]
    assert [True, False] == [bool(row["error"]) for row in (rows[3], rows[0])]
    assert {"1", ""} == {row["model_version"] for row in rows}
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the row that the service refused


def test_rows_are_in_pages_and_by_certainty_on_demand(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/try/sentiment?several")
    words = ("superb", "awful", "fine", "dull", "great", "qqq")
    texts = [f"A film that was {words[number % 6]} for {number} minutes" for number in range(600)]
    page.get_by_label("Lines").fill("\n".join(texts))
    page.get_by_role("button", name="Ask for 600 answers").click()
    expect(page.get_by_role("button", name="All asked")).to_be_visible()
    expect(page.get_by_text("1 to 25 of 600")).to_be_visible()

    page.get_by_role("button", name="On", exact=True).click()
    expect(page.get_by_text("26 to 50 of 600")).to_be_visible()
    expect(page.get_by_role("button", name="On", exact=True)).to_be_focused()
    page.get_by_label("Order").select_option("low")

    expect(page.get_by_text("1 to 25 of 600")).to_be_visible()
    shares = [float(one.removesuffix(" %")) for one in cells(page, 3)]
    assert sorted(shares) == shares
    asked = {"task": "sentiment", "instances": [{"text": text} for text in texts]}
    answers = service.client.post("/predict", json=asked).json()["predictions"]
    assert shares[0] == pytest.approx(100 * min(one["probability"] for one in answers), abs=0.06)
    page.get_by_label("Only with doubts, warnings or errors").check()
    expect(page.get_by_text("No row has any.")).to_be_visible()


def test_asking_tells_how_far_it_is_and_can_be_cancelled_and_go_on(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment?several")
    waiting: list[Any] = []

    def answer_once(route: Any) -> None:
        waiting.append(route)
        if len(waiting) == 1:
            route.continue_()

    page.route("**/predict", answer_once)
    page.get_by_label("Lines").fill("\n".join(f"A superb film of {number} minutes" for number in range(600)))
    page.get_by_role("button", name="Ask for 600 answers").click()
    expect(page.get_by_role("progressbar", name="Rows asked")).to_have_attribute("aria-valuenow", "41")
    expect(page.get_by_text("600 rows. 250 answered.")).to_be_visible()

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("progressbar", name="Rows asked")).to_be_hidden()
    page.unroute("**/predict")
    page.get_by_role("button", name="Ask for the other 350").click()
    expect(page.get_by_text("600 rows. 600 answered.")).to_be_visible()


def test_a_service_that_is_away_is_asked_again(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment?several")
    page.get_by_label("Lines").fill("A superb film")
    page.route("**/predict", lambda route: route.abort())
    page.get_by_role("button", name="Ask for 1 answer").click()
    expect(page.get_by_role("alert").filter(has_text="Trying again…")).to_be_visible()

    page.unroute("**/predict")

    expect(page.get_by_text("1 row. 1 answered.")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="Trying again…")).to_have_count(0)
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the requests that failed


def test_a_service_that_says_when_to_come_back_is_asked_no_sooner(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment?several")
    page.get_by_label("Lines").fill("A superb film")
    asked: list[str] = []
    refused = {"status": 429, "headers": {"Retry-After": "3600"}, "json": {"detail": "too many requests"}}

    def refuse(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(**refused)

    page.route("**/predict", refuse)
    page.get_by_role("button", name="Ask for 1 answer").click()
    expect(page.get_by_role("alert").filter(has_text="Trying again…")).to_be_visible()
    page.wait_for_timeout(1500)  # more than the wait for a service that says nothing
    assert 1 == len(asked)
    page.get_by_role("button", name="Cancel").click()
    page.unroute("**/predict")
    page.get_by_role("button", name="Ask for 1 answer").click()
    expect(page.get_by_text("1 row. 1 answered.")).to_be_visible()
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the request that was refused


def test_a_table_is_read_by_its_heads_whatever_their_order(
    open_page: OpenPage, service: Service, tmp_path: Path
) -> None:
    example = service.client.get("/tasks/housing").json()["example"]["features"]
    names = list(reversed(example))
    lines = [
        ";".join(["town", *(name.lower() for name in names)]),
        ";".join(["here", *(str(example[name]).replace(".", ",") for name in names)]),
        ";".join(["there", *("many" if name == "RM" else str(example[name]) for name in names)]),
        ";".join(["far", *("20" if name == "RM" else str(example[name]) for name in names)]),
    ]
    page = open_page("#/try/housing?several")
    choose(page, "towns.csv", "\r\n".join(lines).encode("utf-16"))
    expect(page.get_by_text("3 rows of towns.csv. Not used: town.")).to_be_visible()

    page.get_by_role("button", name="Ask for 3 answers").click()

    expect(page.get_by_text("2 answered. 1 refused.")).to_be_visible()
    expected = service.client.post("/predict", json={"task": "housing", "features": example}).json()
    assert float(cells(page, 2)[0].split()[0]) == pytest.approx(expected["prediction"]["value"], abs=0.01)
    assert ["", "RM: must be a number"] == cells(page, 3)[:2]
    assert "RM: lies outside" in cells(page, 3)[2]
    rows = saved(page, tmp_path)
    assert ["here", "there", "far"] == [row["town"] for row in rows]
    assert float(rows[0]["predicted"]) == expected["prediction"]["value"]


def test_points_and_json_lines_are_read_too(open_page: OpenPage) -> None:
    page = open_page("#/try/planar?several")
    page.get_by_label("Lines").fill("3,0\n-2,1\n")
    page.get_by_role("button", name="Ask for 2 answers").click()
    expect(page.get_by_role("button", name="All asked")).to_be_visible()
    assert ["(3, 0)", "(-2, 1)"] == cells(page, 1)

    page.get_by_label("Lines").fill('{"point": [0.3, -1.2]}\n{"x1": 0, "x2": 1, "task": "planar"}\n{"x1": 0}\nno')

    page.get_by_role("button", name="Ask for 3 answers").click()
    expect(page.get_by_text("4 rows. 2 answered. 2 refused.")).to_be_visible()
    assert ["class 1", "class 0"] == cells(page, 2)[:2]
    assert "is no JSON object" in cells(page, 4)[3]


def test_the_limits_and_the_model_are_those_of_the_page(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment?model=1&several")
    page.get_by_text("When it should not answer").click()
    page.get_by_label("Least probability").fill("0.97")
    page.get_by_label("Lines").fill("superb\nawful, the worst")
    with page.expect_response("**/predict") as asked:
        page.get_by_role("button", name="Ask for 2 answers").click()

    assert {"min_confidence": 0.97, "model": 1}.items() <= json.loads(asked.value.request.post_data).items()
    expect(page.get_by_role("button", name="All asked")).to_be_visible()
    assert ["not sure", "negative"] == cells(page, 2)
    page.get_by_label("Least probability").fill("")
    expect(page.get_by_text("These answers are of another model, or within other limits.")).to_be_visible()
    assert ["not sure", "negative"] == cells(page, 2)  # until they are asked again
    page.get_by_role("button", name="Ask again for 2 answers").click()
    expect(page.get_by_role("button", name="All asked")).to_be_visible()
    assert ["positive", "negative"] == cells(page, 2)


READ = """async (files) => {
  const { delimiterOf, records } = await import("/web/js/csv.js");
  return files.map((text) => records(text, delimiterOf(text)).map(({ cells }) => cells));
}"""
WRITE = """async (tables) => (await import("/web/js/csv.js")).asCsv(tables[0])"""
LETTERS = ["a", "ß", '"', ",", ";", "|", "\t", "\n", "\r\n", " ", "=", "-", "7", "😀"]


def test_csv_is_read_and_written_as_python_does(open_page: OpenPage) -> None:
    """Drawn tables with every character that has a meaning: none is lost, and only formulas are changed."""
    draw = random.Random(1)
    page = open_page("#/try/sentiment?several")
    tables, files = [], []
    for delimiter in ",;|\t" * 25:
        width = draw.randint(2, 4)
        rows = [["".join(draw.choices(LETTERS, k=draw.randint(0, 6))) for _ in range(width)] for _ in range(6)]
        tables.append([[f"head {place}" for place in range(width)], *rows])
        file = io.StringIO()
        csv.writer(file, delimiter=delimiter, lineterminator=draw.choice(["\n", "\r\n"])).writerows(tables[-1])
        files.append(file.getvalue())

    assert tables == page.evaluate(READ, files)
    rows = [row for table in tables for row in table[1:]]
    written = page.evaluate(WRITE, [rows])
    again = list(csv.reader(io.StringIO(written, newline="")))
    assert rows == [[cell.removeprefix("'") for cell in row] for row in again]
    formulas = [cell for row in again for cell in row if re.match("[=+@\t\r]|-(?![0-9.,]+$)", cell)]
    assert [] == formulas


def test_a_quotation_mark_within_a_cell_stands_for_itself_and_one_that_is_never_closed_is_told(
    open_page: OpenPage,
) -> None:
    page = open_page("#/try/sentiment?several")
    inches = 'text,n\n5" pipe,1\n6" tube,2\n'
    assert [list(csv.reader(io.StringIO(inches)))] == page.evaluate(READ, [inches])

    choose(page, "rows.csv", b'text,n\nfine,1\n"never closed,2\nswallowed,3\n')

    page.get_by_role("button", name="Ask for").click()
    expect(page.get_by_text("a quotation mark is never closed")).to_be_visible()
    expect(page.get_by_text("1 answered. 1 refused.")).to_be_visible()


def test_a_file_that_is_no_text_is_refused_in_words(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment?several")

    choose(page, "rows.parquet", b"PAR1\0\0\1")

    expect(page.get_by_role("alert")).to_have_text(re.compile("rows.parquet is no text"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_accessible(open_page: OpenPage, scheme: str, width: int) -> None:
    page = open_page(
        "#/try/sentiment?several",
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 844},
    )
    assert [] == accessibility.problems(page)
    long = io.StringIO()
    csv.writer(long).writerows([["text", "other"], ["A long story. " * 40, "x"], ["", "y"], ["xqzt", "z"]])
    choose(page, "rows.csv", long.getvalue())
    page.get_by_role("button", name="Ask for 3 answers").click()

    expect(page.get_by_text("2 answered. 1 refused.")).to_be_visible()
    assert [] == accessibility.problems(page)
    if width == 1280 and scheme == "light":
        assert [] == accessibility.problems_of_the_keyboard(page)
