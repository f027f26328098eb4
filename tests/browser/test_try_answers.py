"""Try it: when a model is not sure, what speaks against an answer, where it stands on a telephone, and what is kept."""

import re
from collections.abc import Callable
from typing import Any

from benchmarks.service import Service
from tests.browser import accessibility
from tests.browser.test_try import SEVEN, draw

ENVIRONMENT = {"DENSELY_WARM_TRAINER": "false"}  # nothing is trained here

OpenPage = Callable[..., Any]
LONG = "An old story, told at length and without haste. " * 60


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


def test_of_words_that_it_does_not_know_the_model_is_not_sure(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")

    page.get_by_label("Review").fill("xqzt vbbkk")

    expect(page.locator(".verdict")).to_have_text("not sure")
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("The model knows none of these words.")
    expect(answer.locator(".bars")).to_have_count(0)
    expect(page.get_by_role("region", name="Input").locator(".warning")).to_contain_text("0% of its words")
    page.get_by_label("Review").fill("xqzt wonderful")
    expect(page.locator(".verdict")).to_contain_text("positive")
    expect(page.get_by_role("region", name="Input").locator(".warning")).not_to_contain_text("0% of")


def test_limits_make_it_not_sure_and_are_sent_and_kept(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")
    page.get_by_label("Review").fill("superb")
    expect(page.locator(".verdict")).to_contain_text("positive")

    page.get_by_text("When it should not answer").click()
    page.get_by_label("Least probability").fill("0.97")

    expect(page.locator(".verdict")).to_have_text("not sure")
    expect(page.get_by_text("The model is 88.8 % sure of its best answer, and 97 % are asked for.")).to_be_visible()
    expect(page.get_by_text("The nearest answer would be positive.")).to_be_visible()
    expect(page.locator("[data-snippet] code").first).to_contain_text('"min_confidence":0.97')
    assert [] == accessibility.problems_at_widths(page)
    page.get_by_label("Least probability").fill("7")  # is no probability, and not sent
    expect(page.locator(".verdict")).to_contain_text("positive")
    page.get_by_label("Least probability").fill("")
    page.get_by_label("Greatest novelty").fill("0.5")
    expect(page.locator(".verdict")).to_have_text("not sure")
    page.reload()
    expect(page.get_by_label("Greatest novelty")).to_have_value("0.5")
    expect(page.locator(".verdict")).to_have_text("not sure")


def test_far_from_all_that_it_has_learnt_the_model_is_not_sure(open_page: OpenPage) -> None:
    page = open_page("#/try/planar")
    expect(page.locator(".verdict")).to_contain_text("class 1")

    page.get_by_label("x1", exact=True).fill("90")

    expect(page.locator(".verdict")).to_have_text("not sure")
    expect(page.get_by_text(re.compile("nearest answer would be class 1, 99"))).to_be_visible()
    expect(page.locator(".warning:visible")).to_contain_text("is unlike what the model has learnt from")


def test_a_warning_stands_at_the_field_that_it_is_about(open_page: OpenPage) -> None:
    page = open_page("#/try/housing")
    row = page.locator(".feature", has_text="rooms per home")
    expect(page.locator(".verdict")).to_contain_text("22.43")
    expect(page.locator(".warning:visible")).to_have_count(0)

    page.get_by_label("RM: rooms per home, mean").fill("20")

    expect(row.locator(".warning")).to_contain_text("lies outside the training rows' range")
    expect(page.locator(".warning:visible")).to_have_count(1)
    expect(page.get_by_role("region", name="Answer")).to_contain_text("1 warning, at RM.")
    page.get_by_label("RM: rooms per home, mean").fill("6")
    expect(page.locator(".warning:visible")).to_have_count(0)


def test_equal_words_stand_together_and_the_strongest_first(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")

    page.get_by_label("Review").fill("Superb, superb and superb, but the plot is dull and the acting the worst")

    against = page.get_by_role("list", name=re.compile("speak against"))
    expect(page.get_by_role("list", name=re.compile("speak for")).get_by_role("listitem").first).to_contain_text("dull")
    expect(against.get_by_role("listitem").first).to_contain_text("superb × 3")
    page.get_by_text(re.compile(r"All \d+ words as a table")).click()
    table = page.get_by_role("table", name=re.compile("Effect of each word"))
    effects = [abs(float(one.replace("−", "-"))) for one in table.get_by_role("cell").all_inner_texts()]
    assert sorted(effects, reverse=True) == effects
    expect(table.get_by_role("rowheader", name=re.compile("^superb"))).to_have_count(1)


def test_long_sentences_are_folded(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")
    page.get_by_label("Review").fill(f"{LONG.replace('.', ',')}. It was superb.")
    page.get_by_text("Sentence by sentence").click()
    cell = page.get_by_role("rowheader").filter(has=page.locator(".fold"))

    expect(cell).to_contain_text("… ")
    assert cell.bounding_box()["height"] < 200
    cell.locator("summary").click()

    assert cell.bounding_box()["height"] > 200


def test_on_a_telephone_the_answer_is_in_sight_while_somebody_types(open_page: OpenPage) -> None:
    for route, field in (("sentiment", "Review"), ("housing", "LSTAT: share of residents of lower status, %")):
        page = open_page(f"#/try/{route}", viewport={"width": 390, "height": 844}, has_touch=True)
        expect(page.locator(".verdict")).to_be_visible()
        box = page.get_by_label(field)
        if route == "sentiment":
            box.fill(LONG)
        box.focus()
        page.keyboard.press("End")
        line = page.locator(".at-hand")

        expect(line).to_be_in_viewport(ratio=1)
        expect(box).to_be_in_viewport()
        before = line.inner_text()
        box.fill("A superb, wonderful and moving film" if route == "sentiment" else "30")
        expect(line).not_to_have_text(before)
        expect(line).to_be_in_viewport(ratio=1)
        assert [] == accessibility.problems(page)


def test_what_was_typed_is_there_after_another_view_and_another_task(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/try/sentiment")
    page.get_by_label("Review").fill("Awful and dull, the worst")
    page.get_by_role("link", name="Boston housing prices").click()
    page.get_by_label("RM: rooms per home, mean").fill("7.25")
    page.get_by_role("link", name="Points of the plane").click()
    page.get_by_label("x1", exact=True).fill("1.75")
    page.get_by_role("link", name="Handwritten digits").click()
    draw(page, SEVEN)
    expect(page.locator(".verdict")).to_contain_text("7")
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()

    page.go_back()

    expect(page.locator(".verdict")).to_contain_text("7")
    page.reload()
    expect(page.locator(".verdict")).to_contain_text("7")
    page.get_by_role("link", name="Points of the plane").click()
    expect(page.get_by_label("x1", exact=True)).to_have_value("1.75")
    page.get_by_role("link", name="Boston housing prices").click()
    expect(page.get_by_label("RM: rooms per home, mean")).to_have_value("7.25")
    page.get_by_role("link", name="Film review sentiment").click()
    expect(page.get_by_label("Review")).to_have_value("Awful and dull, the worst")
    expect(page.locator(".verdict")).to_contain_text("negative")
    assert 0 == page.evaluate("localStorage.length")
    expect(open_page("#/try/sentiment").get_by_label("Review")).not_to_have_value("Awful and dull, the worst")
