"""Runs and models in a real browser, with a real worker."""

import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.service import Service
from tests.browser import accessibility
from tests.support import pages

OpenPage = Callable[..., Any]
LONG = {"task": "planar", "dataset": "sample", "recipe": {"epochs": 10_000}, "seeds": 20}  # half a minute or more


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


@pytest.fixture(scope="module")
def runs(service: Service) -> list[str]:
    """Two finished runs of the sample that differ in one setting."""
    common = {"task": "planar", "dataset": "sample", "seed": 1, "activate": "never"}
    held_out = {"kind": "holdout", "size": 50}
    recipes = {units: {"epochs": 300, "layers": [{"kind": "dense", "units": units}]} for units in (1, 8)}
    made = [
        service.train(**common, name=f"{units} units", recipe=recipe, validation=held_out)
        for units, recipe in recipes.items()
    ]
    assert all(service.wait(run["id"])["status"] == "succeeded" for run in made)
    return [run["id"] for run in made]


@pytest.mark.slow
def test_a_launched_run_draws_its_curve_without_a_reload(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/runs/new")
    page.evaluate("globalThis.unloaded = false")
    page.get_by_label("Task").select_option("sentiment")
    page.get_by_label("Dataset").select_option("sample")
    page.get_by_label("Epochs").fill("200")
    page.get_by_label("Validation").select_option("holdout")
    page.get_by_label("Rows held out").fill("1000")
    page.get_by_label("Name").fill("watched")

    page.get_by_role("button", name="Launch").click()

    page.wait_for_url(re.compile("#/runs/r-"))
    chart = page.locator(".chart").first
    seen = set()
    expect(chart).not_to_have_attribute("data-points", "0", timeout=60_000)
    while page.locator(".badge.succeeded").count() == 0:
        seen.add(int(chart.get_attribute("data-points")))
        page.wait_for_timeout(50)
    assert len(seen) >= 3, seen  # it grew while it was looked at
    assert page.evaluate("globalThis.unloaded") is False
    expect(chart).to_have_attribute("data-points", "200")
    assert 2 == chart.locator("path").count()
    expect(page.locator("text=published model")).to_be_visible()
    figures = page.get_by_role("table", name="Figures of the run")
    expect(figures.get_by_role("columnheader", name="Guessing")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    assert [] == accessibility.problems_at_widths(page)


@pytest.mark.slow
def test_a_run_is_cancelled_and_retried(open_page: OpenPage, service: Service) -> None:
    run = service.train(**LONG)
    page = open_page(f"#/runs/{run['id']}")
    expect(page.locator(".badge.running")).to_be_visible(timeout=60_000)

    page.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog", name="Cancel this run?")
    dialog.get_by_role("button", name="Leave it").click()
    expect(page.locator(".badge.running")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    dialog.get_by_role("button", name="Cancel the run").click()
    expect(page.locator(".badge.cancelled")).to_be_visible()

    page.get_by_role("button", name="Retry").click()
    page.wait_for_url(lambda url: "#/runs/r-" in url and run["id"] not in url)
    expect(page.locator("dl").get_by_role("link", name=run["id"])).to_be_visible()
    service.client.post(f"/runs/{page.url.rpartition('/')[2]}/cancel").raise_for_status()
    expect(page.locator(".badge.cancelled")).to_be_visible()


@pytest.mark.slow
def test_a_lost_connection_is_told_until_it_is_back(open_page: OpenPage, runs: list[str]) -> None:
    page = open_page("#/models")
    page.route("**/runs/*/events", lambda route: route.abort())
    page.evaluate(f"location.hash = '#/runs/{runs[0]}'")

    expect(page.get_by_text("Connection lost; trying again…")).to_be_visible()
    page.unroute("**/runs/*/events")

    expect(page.get_by_text("Connection lost")).to_have_count(0)
    expect(page.locator("text=published model")).to_be_visible()
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the requests that failed


@pytest.mark.slow
def test_a_failed_run_promises_nothing(open_page: OpenPage, service: Service) -> None:
    too_fast = {"epochs": 20, "optimizer": {"kind": "sgd", "learning_rate": 10, "momentum": 0.9}}
    name = "too\u2028fast"  # a line separator, which ends no line of an event
    run = service.train(task="housing", dataset="sample", seed=1, recipe=too_fast, name=name)
    assert service.wait(run["id"])["status"] == "failed"

    page = open_page(f"#/runs/{run['id']}")

    expect(page.get_by_text("There are none: the training did not come to its end.")).to_be_visible()
    expect(page.get_by_text("loss is no longer a number")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_text("validation", exact=True)).to_be_hidden()


@pytest.mark.slow
def test_figures_and_buttons_are_in_view_on_a_narrow_screen(
    open_page: OpenPage, service: Service, runs: list[str]
) -> None:
    page = open_page("#/models", viewport={"width": 360, "height": 740})
    model_id = service.run(runs[0])["model_id"]
    row = page.locator(f'[data-model="{model_id}"]')
    shown = [row.get_by_role("button", name="Activate"), row.get_by_text("accuracy")]
    assert all(is_within(one, 360) for one in shown)
    assert [] == accessibility.problems(page)

    for route in (f"#/runs/{runs[0]}", f"#/models/{model_id}"):
        page = open_page(route, viewport={"width": 360, "height": 740})
        if "models" in route:
            page.get_by_text("All figures").click()
        figures = page.get_by_role("table", name="Figures of the run")
        assert all(is_within(figures.get_by_role("columnheader", name=name), 340) for name in ("Test", "Guessing"))


def is_within(locator: Any, width: int) -> bool:
    box = locator.bounding_box()
    return bool(box["x"] >= 0 and box["x"] + box["width"] <= width)


@pytest.mark.slow
def test_axis_labels_are_whole_and_legible_on_any_screen(open_page: OpenPage, runs: list[str]) -> None:
    for width in (1280, 360):
        page = open_page(f"#/runs/{runs[0]}", viewport={"width": width, "height": 740})
        expect(page.locator(".chart text").first).to_be_visible()
        chart, *texts = page.locator(".chart").first.evaluate(
            "chart => [chart, ...chart.querySelectorAll('text')].map((e) => e.getBoundingClientRect().toJSON())"
        )
        assert len(texts) > 6
        assert all(text["height"] > 11 for text in texts)
        assert all(text["left"] >= chart["left"] and text["right"] <= chart["right"] + 0.5 for text in texts)


@pytest.mark.slow
def test_two_runs_are_chosen_and_compared(open_page: OpenPage, runs: list[str]) -> None:
    page = open_page("#/runs")
    compare = page.get_by_role("button", name="Compare")
    page.get_by_role("checkbox", name=runs[0]).check()
    expect(compare).to_be_disabled()

    page.get_by_role("checkbox", name=runs[1]).check()
    compare.click()

    expect(page.get_by_role("heading", name="2 runs of planar")).to_be_visible()
    expect(page.get_by_role("row", name="recipe.layers.0.units")).to_contain_text("8")
    expect(page.locator(".note")).to_contain_text("McNemar")
    expect(page.locator(".note")).to_contain_text("in favour of “8 units”")
    expect(page.get_by_role("row", name="1 8 units")).to_contain_text("best")
    expect(page.locator(".chart").first).to_have_attribute("data-points", "300")
    for name in ("Boundaries", "Training points"):
        picture = page.get_by_role("img", name=f"{name} of the runs")
        expect(picture).to_have_js_property("complete", value=True)
        assert picture.evaluate("image => image.naturalWidth") > 100, name
    assert [] == accessibility.problems_at_widths(page)


@pytest.mark.slow
def test_a_model_is_activated_and_rolled_back(open_page: OpenPage, service: Service) -> None:
    """One of real data; the way back from a toy is another one."""
    run = service.train(task="planar", dataset="moons", seed=1, activate="never", recipe={"epochs": 2})
    model = service.client.get(f"/models/{service.wait(run['id'])['model_id']}").json()
    page = open_page("#/models")
    row = page.locator(f'[data-model="{model["id"]}"]')

    row.get_by_role("button", name="Activate").click()
    page.get_by_role("dialog").get_by_role("button", name="Activate").click()

    expect(row.locator(".badge.active")).to_be_visible()
    assert service.client.get("/tasks/planar").json()["active_model"]["id"] == model["id"]
    page.get_by_role("button", name="Roll back to version 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(row.locator(".badge.active")).to_have_count(0)
    expect(row.get_by_role("button", name="Activate")).to_be_visible()
    expect(page.get_by_role("button", name="Roll back")).to_have_count(0)  # that is no way back
    assert 1 == service.client.get("/tasks/planar").json()["active_model"]["version"]


@pytest.mark.slow
def test_a_model_shows_its_layers_and_can_be_taken_along(
    open_page: OpenPage, service: Service, runs: list[str], tmp_path: Any
) -> None:
    model_id = service.run(runs[0])["model_id"]
    page = open_page(f"#/models/{model_id}")
    diagram = page.get_by_role("img", name="Layers of the model")
    expect(diagram).to_be_visible()
    for name in ("Boundary", "Training points"):
        expect(page.get_by_role("img", name=f"{name} of the model")).to_be_visible()
    expect(diagram).to_have_js_property("complete", value=True)
    assert diagram.evaluate("image => image.naturalWidth") > 100
    assert [] == accessibility.problems_at_widths(page)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    download.value.save_as(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        manifest = next(name for name in archive.namelist() if name.endswith("manifest.json"))
        assert model_id == json.loads(archive.read(manifest))["id"]


@pytest.mark.slow
def test_the_documented_script_predicts_trains_and_follows(open_page: OpenPage) -> None:
    script, *_ = pages.blocks("docs/http.md", "javascript")
    page = open_page()
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))

    page.evaluate(f"async () => {{ {script} }}")

    assert lines[0].startswith("positive ")
    for _ in range(600):
        if "succeeded" in lines:
            break
        page.wait_for_timeout(100)
    assert "succeeded" in lines, lines[-5:]
    losses = [float(line) for line in lines if re.fullmatch(r"[\d.e-]+", line)]
    assert len(losses) > 10
    assert losses[-1] < losses[0]
