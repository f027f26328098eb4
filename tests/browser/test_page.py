"""The page as a whole: colours, accessibility, narrow screens, weight, keys."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.service import Service
from tests.browser import accessibility

ENVIRONMENT = {"DENSELY_WARM_TRAINER": "false"}  # nothing is trained here
KEY = "correct-horse-battery"
ROUTES = [
    "#/try/sentiment",
    "#/try/newswire",
    "#/try/digits",
    "#/try/housing",
    "#/try/planar",
    "#/new",
    "#/data/planar",
    "#/data/planar/moons",
    "#/runs",
    "#/runs/new",
    "#/sweeps",
    "#/sweeps/new",
    "#/models",
]

HEADINGS = {
    "#/new": "New task",
    "#/data/planar": "Data of Points of the plane",
    "#/data/planar/moons": "moons",
    "#/runs": "Runs",
    "#/runs/new": "New run",
    "#/sweeps": "Sweeps",
    "#/sweeps/new": "New sweep",
    "#/models": "Models",
}
OpenPage = Callable[..., Any]


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


def settle(page: Any, route: str) -> None:
    """Return when the route's view has its content."""
    awaited = {
        "try": ".verdict",
        "data": "table",
        "runs": "table",
        "sweeps": ".card",
        "models": "table",
        "new": ".drop",
        "launch": "[data-snippet]",
    }
    if route.startswith("#/try"):  # and not the view before it
        expect(page.locator(f".subnav a[href='{route}'][aria-current]")).to_be_attached()
    else:
        expect(page.get_by_role("heading", name=HEADINGS[route], exact=True, level=1)).to_be_visible()
    expect(page.locator(".card, .drop").first).to_be_visible()
    if route == "#/try/digits":
        page.get_by_role("button", name="Example").click()
    part = "launch" if route in ("#/runs/new", "#/sweeps/new") else route.split("/")[1]
    expect(page.locator(awaited[part]).first).to_be_attached()
    if part == "data":  # its rows and pictures come by themselves, and move what is below them
        page.wait_for_load_state("networkidle")
        page.wait_for_function("() => [...document.images].every((image) => image.complete)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_view_is_accessible(open_page: OpenPage, scheme: str, width: int) -> None:
    found = {}
    page = open_page(color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": 844})
    for route in ROUTES:
        page.goto(page.url.partition("#")[0] + route)
        settle(page, route)
        for summary in page.locator("summary").all():
            summary.click()
        found[route] = accessibility.problems(page)

    assert {route: [] for route in ROUTES} == found


def test_the_keyboard_reaches_everything_and_shows_where_it_is(open_page: OpenPage) -> None:
    found = {}
    for route in ("#/try/sentiment", "#/try/housing", "#/data/planar/moons", "#/runs/new", "#/sweeps/new", "#/models"):
        page = open_page(route)
        settle(page, route)
        found[route] = accessibility.problems_of_the_keyboard(page)

    assert {route: [] for route in found} == found


def test_the_checker_sees_what_is_wrong(open_page: OpenPage) -> None:
    """Or the tests above would prove nothing."""
    page = open_page()
    page.evaluate("""() => document.querySelector('main').insertAdjacentHTML('beforeend', `
      <button id="key"></button><input><h4>deep</h4><img src="data:,"><p id="pale">pale</p><p id="wide">wide</p>`)""")
    page.evaluate("""() => { document.getElementById('pale').style.color = '#bbb';
      document.getElementById('wide').style.width = '5000px'; }""")

    found = "\\n".join(accessibility.problems(page))

    for what in ("the id key", "a control without a name", "skips a level", "picture without", "contrast", "px wide"):
        assert what in found, what


def test_the_skip_link_leads_past_the_navigation(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()

    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_label("Review")).to_be_visible()


def test_dark_follows_the_system_and_the_button_is_kept(open_page: OpenPage) -> None:
    def ground(page: Any) -> int:
        return sum(map(int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]))

    light, dark = open_page(color_scheme="light"), open_page(color_scheme="dark")
    assert ground(dark) < 150
    assert ground(light) > 600

    light.get_by_role("button", name="Use the dark colours").click()
    assert ground(light) < 150
    light.reload()
    expect(light.get_by_role("button", name="Use the light colours")).to_be_visible()
    assert ground(light) < 150


def test_the_title_and_the_focus_follow_the_route(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")

    page.get_by_role("link", name="Models").click()

    expect(page).to_have_title("Models · Densely")
    expect(page.get_by_role("heading", name="Models")).to_be_focused()
    assert "page" == page.get_by_role("link", name="Models").get_attribute("aria-current")
    page.go_back()
    expect(page).to_have_title(re.compile("^Film review"))


def test_all_views_together_weigh_less_than_200_kb(open_page: OpenPage, service: Service) -> None:
    """Bytes of the page's own files and of the client, as they are sent: compressed."""
    asked: set[str] = set()
    page = open_page()
    page.on("request", lambda sent: asked.add(sent.url.partition("#")[0]))
    page.reload()
    for route in ROUTES:
        page.goto(f"{service.url}/{route}")
        settle(page, route)

    own = {url for url in asked if "/web/" in url or "/client/" in url or url == f"{service.url}/"}
    assert len(own) > 15
    sent = [service.client.get(url, headers={"Accept-Encoding": "gzip"}) for url in own]
    assert sum(int(answer.headers["content-length"]) for answer in sent) < 200_000


def test_a_view_that_cannot_be_loaded_is_told_in_words_and_comes_by_itself(open_page: OpenPage) -> None:
    page = open_page()
    away = re.compile("/web/js/models.js|/health/ready")
    page.route(away, lambda route: route.abort())

    page.get_by_role("link", name="Models").click()

    expect(page.get_by_role("alert")).to_have_text("The service does not answer. Trying again…")
    page.unroute(away)
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the requests that failed


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Service]:
    """A service that asks for a key."""
    with Service(
        tmp_path / "guarded", {**ENVIRONMENT, "DENSELY_API_KEYS": KEY, "DENSELY_DATASETS_DIR": str(tmp_path)}
    ) as started:
        yield started


@pytest.mark.slow
def test_a_key_is_asked_for_and_kept_for_the_tab(browser: Any, guarded: Service) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{guarded.url}/#/try/sentiment")
    dialog = page.get_by_role("dialog", name="API key")
    expect(dialog).to_be_visible()

    dialog.get_by_label("Key").fill("a-wrong-one")
    dialog.get_by_role("button", name="Use it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("This key was not accepted: this API key is not known")
    dialog.get_by_label("Key").fill(KEY)
    dialog.get_by_role("button", name="Use it").click()

    expect(page.locator(".verdict")).to_contain_text("positive")
    page.reload()
    expect(page.locator(".verdict")).to_contain_text("positive")
    snippet = page.locator("[data-snippet]").text_content()
    assert "Authorization: Bearer $DENSELY_API_KEY" in snippet
    assert KEY not in snippet
    page.get_by_role("link", name="Models").click()
    page.get_by_role("link", name="Version 1 of planar").click()
    picture = page.get_by_role("img", name="Layers of the model")
    expect(picture).to_be_visible()
    expect(picture).to_have_attribute("src", re.compile("^blob:"))
    assert KEY == page.evaluate("sessionStorage.getItem('densely-key')")
    assert page.evaluate("localStorage.length") == 0
    context.close()
