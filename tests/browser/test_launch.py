"""Launching a run: layers, fields and JSON that follow each other, and what it will be."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.service import Service
from tests.browser import accessibility

OpenPage = Callable[..., Any]
JSON = "The request as JSON"


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


def request_of(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.get_by_label(JSON).input_value())
    return found


def layer(page: Any, number: int) -> Any:
    return page.locator(f'.layer[data-place="{number - 1}"]')


def kinds(page: Any) -> list[str]:
    found: list[str] = page.locator(".layer[data-place] b").all_inner_texts()
    return found


def add(page: Any, kind: str) -> None:
    page.get_by_label("Kind of the layer to add").select_option(kind)
    page.get_by_role("button", name="Add the layer").click()


def test_fields_and_json_follow_each_other(open_page: OpenPage) -> None:
    page = open_page("#/runs/new?task=planar")
    box = page.get_by_label(JSON)

    page.get_by_label("Epochs").fill("7")
    page.get_by_label("Optimizer", exact=True).select_option("adam")
    page.get_by_label("Learning rate", exact=True).fill("0.5")
    page.get_by_label("Seed", exact=True).fill("3")
    assert {"epochs": 7, "optimizer": {"kind": "adam", "learning_rate": 0.5}} == request_of(page)["recipe"]
    assert 3 == request_of(page)["seed"]

    asked = {
        "task": "planar",
        "recipe": {"epochs": 9, "schedule": {"kind": "cosine", "warmup": 0.1}},
        "tags": {"a": "b"},
    }
    box.fill(json.dumps(asked))
    expect(page.get_by_label("Epochs")).to_have_value("9")
    expect(page.get_by_label("Warmup")).to_have_value("0.1")
    expect(page.get_by_label("Seed", exact=True)).to_have_value("")
    expect(page.locator(".chip")).to_have_text(re.compile("a: b"))
    expect(box).to_have_value(json.dumps(asked))  # nobody writes into what somebody is writing
    page.get_by_role("button", name="was 5000").click()
    assert "epochs" not in request_of(page)["recipe"]


def test_errors_stand_at_their_field_and_at_the_json(open_page: OpenPage) -> None:
    page = open_page("#/runs/new?task=sentiment")
    box = page.get_by_label(JSON)
    told = page.locator('[data-field="json"] .hint')

    of_before = page.get_by_text("Out of date")
    expect(page.get_by_text("As the preset has it.")).to_be_visible()
    expect(of_before).to_be_hidden()
    page.get_by_label("Epochs").fill("0")
    expect(of_before).to_be_visible()
    expect(page.locator('[data-field="recipe.epochs"] .hint')).to_have_text("must be at least 1")
    expect(told).to_have_text("recipe.epochs: must be at least 1")
    box.fill('{"task": "sentiment", "recipe": {"layers": [{"kind": "dense", "units": 9000}]}}')
    expect(page.locator('[data-field="recipe.layers.0.units"] .hint')).to_have_text("must be at most 8192")
    box.fill('{"task": "sentiment", "recipe": {"head": "regression"}}')
    expect(told).to_contain_text("recipe.head: task sentiment takes binary, multiclass, unit_regression")
    box.fill('{"task": "sentiment", "recipe": {"features": {"kind": "pixels"}}}')
    expect(told).to_contain_text("recipe.features.kind: task sentiment takes multi_hot")
    box.fill('{"task": ')
    expect(box).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Launch").click()
    expect(box).to_be_focused()
    box.fill('{"task": "sentiment"}')
    expect(box).not_to_have_attribute("aria-invalid", "true")
    expect(of_before).to_be_hidden()


def test_what_only_the_service_knows_stands_beside_its_field_before_launching(open_page: OpenPage) -> None:
    """A rule that no schema holds: the validation takes more rows than there are."""
    page = open_page("#/runs/new?task=planar")
    page.get_by_label("Dataset").select_option("sample")
    page.get_by_label("Validation").select_option("holdout")
    page.get_by_label("Rows held out").fill("1000000")

    expect(page.locator('[data-field="validation.size"] .hint')).to_contain_text("must be below")
    page.get_by_label("Rows held out").fill("20")
    expect(page.locator('[data-field="validation.size"] .hint')).to_be_empty()
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 422 itself


def test_layers_are_added_moved_and_removed_and_tell_what_comes_out(open_page: OpenPage) -> None:
    page = open_page("#/runs/new?task=digits")
    expect(layer(page, 1)).to_contain_text("→ 512 · 401,920 parameters")

    add(page, "conv2d")
    expect(layer(page, 1).get_by_label("Filters")).to_be_focused()  # where there are pictures still
    expect(layer(page, 1)).to_contain_text("→ 28 × 28 × 32 · 320 parameters")
    expect(layer(page, 1)).to_have_class(re.compile("new"))
    layer(page, 2).get_by_label("Units").fill("300")
    expect(layer(page, 2)).to_have_class(re.compile("changed"))
    expect(layer(page, 2).get_by_role("button", name="was 512")).to_be_visible()
    expect(page.locator(".layer.end").last).to_contain_text("→ 10 · 3,010 parameters")
    expect(page.get_by_text("dense 512 → conv2d 32, dense 300")).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)

    layer(page, 2).get_by_role("button", name="Remove").click()
    assert ["Conv2d"] == kinds(page)
    page.get_by_role("button", name="Put back Dense 512").click()
    assert ["Conv2d", "Dense"] == kinds(page)
    layer(page, 1).get_by_role("button", name="Remove").click()
    assert "recipe" not in request_of(page)


def test_layers_are_moved_by_mouse_and_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("#/runs/new?task=planar")
    add(page, "dropout")
    add(page, "dense")
    assert ["Dense", "Dropout", "Dense"] == kinds(page)

    layer(page, 2).locator(".grip").drag_to(layer(page, 3))
    assert ["Dense", "Dense", "Dropout"] == kinds(page)
    layer(page, 3).get_by_role("button", name="Move up").click()
    expect(layer(page, 2).get_by_role("button", name="Move up")).to_be_focused()
    layer(page, 2).get_by_role("button", name="Move down").click()
    expect(layer(page, 3).get_by_role("button", name="Move up")).to_be_focused()  # further down leads nowhere
    rate = layer(page, 3).get_by_label("Rate")
    rate.focus()
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")

    assert ["Dropout", "Dense", "Dense"] == kinds(page)
    expect(layer(page, 1).get_by_label("Rate")).to_be_focused()
    assert [one["kind"] for one in request_of(page)["recipe"]["layers"]] == ["dropout", "dense", "dense"]


@pytest.mark.slow
def test_a_run_has_all_that_was_asked_for_and_the_next_one_knows_its_time(
    open_page: OpenPage, service: Service
) -> None:
    page = open_page("#/runs/new?task=planar&dataset=sample")
    page.get_by_label("Epochs").fill("50")
    page.get_by_label("Class weights").select_option("balanced")
    page.get_by_label("Validation").select_option("holdout")
    page.get_by_label("Rows held out").fill("20")
    page.get_by_label("Early stopping").select_option("on")
    page.get_by_label("Patience").fill("30")
    page.get_by_label("Activate the model").select_option("never")
    page.get_by_label("Name").fill("all fields")
    page.get_by_label("Note").fill("Two\nlines")
    tags = page.get_by_label("Tags")
    for words in ("why: to see", "team=red", "plain"):
        tags.fill(words)
        tags.press("Enter")
    tags.press("Backspace")
    page.get_by_role("button", name="Remove the tag why").click()
    asked = request_of(page)

    page.get_by_role("button", name="Launch").click()

    page.wait_for_url(re.compile("#/runs/r-"))
    run = service.wait(page.url.rpartition("/")[2])
    assert "succeeded" == run["status"], run
    assert {"name": "all fields", "note": "Two\nlines", "tags": {"team": "red"}} == {
        name: run[name] for name in ("name", "note", "tags")
    }
    assert asked["recipe"].items() <= run["recipe"].items()
    again = open_page(f"#/runs/new?from={run['id']}")
    kept = {name: value for name, value in asked.items() if name not in ("name", "note")}
    kept["validation"]["rows"] = "in_order"  # the default
    assert {**kept, "seed": run["seed"]} == request_of(again)
    expect(again.get_by_text("by 1 run of the same recipe")).to_be_visible()
    again.get_by_label("Epochs").fill("500")
    expect(again.get_by_text("by 1 run of this dataset")).to_be_visible()
    expect(again.get_by_text("It can begin at once")).to_be_visible()


def test_what_is_advised_for_a_run_is_one_click_away(open_page: OpenPage, service: Service) -> None:
    run = service.train(task="planar", dataset="sample", recipe={"epochs": 3}, activate="never", seed=1)
    service.wait(run["id"])
    page = open_page()
    change = {"epochs": 12}
    told = {"title": "Still falling", "message": "The loss was falling at the last epoch.", "change_text": "12 epochs"}
    items = [{"kind": "still_improving", "figures": {}, "since_epoch": None, "change": change, **told}]
    page.route("**/advice", lambda route: route.fulfill(json={"items": items}))

    page.goto(f"{service.url}/#/runs/new?from={run['id']}&change=still_improving")

    expect(page.get_by_text("Still falling")).to_be_visible()
    expect(page.get_by_label("Epochs")).to_have_value("12")
    assert change == request_of(page)["recipe"]
    page.goto(f"{service.url}/#/runs/new?from={run['id']}&change=unbalanced_labels")
    expect(page.get_by_text("is not advised any more")).to_be_visible()
    expect(page.get_by_label("Epochs")).to_have_value("3")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_part_is_accessible(open_page: OpenPage, scheme: str) -> None:
    """With all that can be opened open, and an error."""
    page = open_page("#/runs/new?task=digits", color_scheme=scheme)
    for kind in ("conv2d", "max_pool", "batch_norm", "dropout"):
        add(page, kind)
    page.get_by_label("Learning rate over time").select_option("cosine")
    page.get_by_label("Epochs").fill("0")
    for summary in page.locator("form summary").all():
        summary.click()

    assert [] == accessibility.problems_at_widths(page)
    open_page.troubles.clear()  # type: ignore[attr-defined]  # layers that do not fit each other are refused
