"""What stands round every view: what comes while it loads, what goes wrong, keys, and another version of the page."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.service import Service
from tests.browser import accessibility

ENVIRONMENT = {"DENSELY_WARM_TRAINER": "false"}  # nothing is trained here
OpenPage = Callable[..., Any]
STRANGE = ["#/nonsense", "#/constructor", "#/runs/r-1/2", "#/sweeps/new/again", "#nonsense"]
GONE = {
    "#/runs/r-nothing": ("There is no such run", "All runs"),
    "#/models/m-nothing": ("There is no such model", "All models"),
    "#/sweeps/s-nothing": ("There is no such sweep", "All sweeps"),
    "#/data/nothing": ("There is no such task or dataset", "All datasets"),
}


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


def go(page: Any, route: str) -> None:
    page.goto(page.url.partition("#")[0] + route)


def test_the_bare_address_leads_to_the_first_task(open_page: OpenPage, service: Service) -> None:
    page = open_page()

    first = service.client.get("/tasks").json()["items"][0]
    expect(page.get_by_role("heading", name=first["title"])).to_be_visible()


def test_an_address_that_leads_nowhere_says_so_and_stays(open_page: OpenPage) -> None:
    page = open_page("#/models")
    for route in STRANGE:
        go(page, route)
        expect(page.get_by_role("heading", name="There is no such page", level=1)).to_be_visible()
        expect(page.get_by_role("main").get_by_text(route, exact=True)).to_be_visible()
        assert page.url.endswith(route)
    assert [] == accessibility.problems_at_widths(page)
    expect(page).to_have_title("There is no such page · Densely")

    go(page, "#/run/r-abc")
    expect(page.get_by_role("link", name="#/runs/r-abc")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()


def test_what_is_gone_is_named_with_a_way_on(open_page: OpenPage) -> None:
    page = open_page("#/models")
    for route, (heading, link) in GONE.items():
        go(page, route)
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("there is no")
        expect(page.get_by_role("link", name=link)).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 404s themselves


def test_a_view_that_takes_long_has_its_shape_before_and_a_quick_one_does_not_flicker(open_page: OpenPage) -> None:
    page = open_page("#/sweeps")
    page.route("**/models?*", lambda _: None)

    page.get_by_role("link", name="Models").click()

    bone = page.locator(".skeleton .card i").first
    expect(bone).to_be_visible()
    assert "none" != bone.evaluate("e => getComputedStyle(e).animationName")
    page.emulate_media(reduced_motion="reduce")
    assert "none" == bone.evaluate("e => getComputedStyle(e).animationName")
    assert [] == accessibility.problems_at_widths(page)
    page.unroute("**/models?*")  # which lets go of those that wait
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    expect(page.locator("main > .skeleton")).to_have_count(0)

    page.evaluate("""() => { window.seen = 0; new MutationObserver((all) => all.forEach((one) =>
        one.addedNodes.forEach((node) => { window.seen += node.matches?.('.skeleton') ? 1 : 0; })))
        .observe(document.querySelector('main'), { childList: true, subtree: true }); }""")
    page.route("**/sweeps?*", lambda route: route.fulfill(json={"items": [], "next": None}))
    page.get_by_role("link", name="Sweeps").click()
    expect(page.get_by_role("heading", name="Sweeps", exact=True)).to_be_visible()
    assert 0 == page.evaluate("window.seen")


PROBLEMS = [
    (
        403,
        "forbidden",
        "this call needs the scope train; this API key has predict",
        {},
        ["scope train", "takes another"],
    ),
    (409, "conflict", "run r-1 is succeeded", {}, ["run r-1 is succeeded.", "Look again"]),
    (413, "too-large", "the body is larger than 64 MiB", {}, ["larger than 64 MiB", "Send less"]),
    (429, "queue-full", "the queue is full", {"Retry-After": "30"}, ["the queue is full.", "Trying again"]),
    (500, "internal-error", "Something went wrong on our side.", {}, ["tell the operator: request q-17"]),
    (503, "unavailable", "the database is away", {"Retry-After": "2"}, ["the database is away.", "Trying again"]),
]


@pytest.mark.parametrize(("status", "kind", "detail", "headers", "expected"), PROBLEMS)
def test_a_view_that_is_refused_says_what_to_do(
    open_page: OpenPage, status: int, kind: str, detail: str, headers: dict[str, str], expected: list[str]
) -> None:
    page = open_page("#/models")
    problem = {"type": f"urn:densely:problem:{kind}", "title": kind, "status": status, "detail": detail}
    sent = {"headers": {"X-Request-ID": "q-17", **headers}, "status": status, "json": problem | {"errors": []}}
    page.route("**/sweeps?*", lambda route: route.fulfill(**sent))
    page.route("**/health/ready", lambda route: route.abort())

    page.get_by_role("link", name="Sweeps").click()

    told = page.get_by_role("alert")
    for words in expected:
        expect(told).to_contain_text(words)
    expect(page.get_by_role("link", name="All sweeps")).to_be_visible()
    page.unroute("**/sweeps?*")
    again = page.get_by_role("button", name="Try again")
    if status == 429 or status >= 500:
        again.click()
        expect(page.get_by_role("heading", name="Sweeps", exact=True)).to_be_visible()
    else:
        expect(again).to_have_count(0)  # the same request would be refused again
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the refusals themselves


def test_a_device_that_is_offline_is_told_so(open_page: OpenPage) -> None:
    page = open_page("#/models")
    page.get_by_role("link", name="Sweeps").click()
    expect(page.get_by_role("heading", name="Sweeps", exact=True)).to_be_visible()
    page.context.set_offline(True)

    page.get_by_role("link", name="Models").click()

    expect(page.get_by_role("alert")).to_have_text("This device is offline. Trying again…")
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the requests that failed


def test_keys_lead_everywhere_but_not_while_something_is_typed(open_page: OpenPage, service: Service) -> None:
    page = open_page("#/try/sentiment")
    expect(page.get_by_label("Review")).to_be_visible()
    first = service.client.get("/tasks").json()["items"][0]["title"]
    for key, name in (("r", "Runs"), ("m", "Models"), ("s", "Sweeps"), ("d", "Data of"), ("t", first)):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.get_by_role("heading", name=re.compile(f"^{name}"), level=1)).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="New run")).to_be_visible()

    go(page, "#/try/sentiment")
    review = page.get_by_label("Review")
    review.fill("")
    review.press_sequentially("g m n ? /")
    expect(review).to_have_value("g m n ? /")
    assert page.url.endswith("#/try/sentiment")
    page.get_by_role("heading", level=1).focus()
    page.keyboard.press("Control+n")
    page.keyboard.press("m")  # without a g before it
    assert page.url.endswith("#/try/sentiment")


def test_the_list_of_keys_is_a_dialog_and_they_can_be_switched_off(open_page: OpenPage) -> None:
    page = open_page("#/models")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("g then r")
    assert [] == accessibility.problems_at_widths(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.keyboard.press("n")  # within a dialog they are silent
    assert page.url.endswith("#/models")

    dialog.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("n")
    page.keyboard.press("?")
    assert page.url.endswith("#/models")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog.get_by_label("Use these keys").check()
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="New run")).to_be_visible()


def test_a_browser_that_keeps_nothing_works_until_the_page_is_left(open_page: OpenPage) -> None:
    page = open_page("#/models")
    refuse = "{ get() { throw new DOMException('kept from pages', 'SecurityError'); } }"
    for storage in ("localStorage", "sessionStorage"):
        page.add_init_script(f"Object.defineProperty(globalThis, '{storage}', {refuse})")
    page.reload()

    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    page.get_by_role("button", name="Use the dark colours").click()
    expect(page.get_by_role("button", name="Use the light colours")).to_be_visible()
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert page.url.endswith("#/models")


def test_another_version_is_told_and_loaded_only_on_demand(open_page: OpenPage) -> None:
    page = open_page("#/try/sentiment")
    review = page.get_by_label("Review")
    review.fill("typed by somebody")

    def newer(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "densely-page": "another"})

    expect(page.get_by_text("Another version")).to_have_count(0)
    page.route("**/tasks*", newer)
    page.route("**/models?*", newer)
    page.evaluate("import('./web/js/api.js').then(({ densely }) => densely.tasks())")

    bar = page.get_by_role("status").filter(has_text="Another version of this page is being served.")
    expect(bar).to_contain_text("What you have typed here is lost then.")
    expect(review).to_have_value("typed by somebody")
    assert [] == accessibility.problems_at_widths(page)
    page.evaluate("window.isOld = true")
    page.get_by_role("button", name="Load it").click()
    page.wait_for_function("() => !window.isOld")


def test_a_picture_is_drawn_anew_in_the_other_colours(open_page: OpenPage) -> None:
    page = open_page("#/models")
    page.get_by_role("link", name="Version 1 of planar").click()
    picture = page.get_by_role("img", name="Layers of the model")
    expect(picture).to_be_visible()
    ground = """async (image) => {
        await image.decode();
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 8;
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0, 8, 8);
        return context.getImageData(0, 0, 1, 1).data[0];
    }"""
    assert picture.evaluate(ground) > 240
    with page.expect_response(lambda answer: "theme=dark" in answer.url and "diagram" in answer.url):
        page.get_by_role("button", name="Use the dark colours").click()

    page.wait_for_function(f"async (image) => (await ({ground})(image)) < 60", arg=picture.element_handle())
    assert "none" == picture.evaluate("e => getComputedStyle(e).filter")

    with page.expect_response(lambda answer: "width=" in answer.url and "diagram" in answer.url):
        page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("(image) => image.naturalWidth < 370", arg=picture.element_handle())


def test_a_picture_that_cannot_be_drawn_says_why(open_page: OpenPage) -> None:
    page = open_page("#/models")
    problem = {"type": "urn:densely:problem:unavailable", "detail": "16 pictures are being drawn already"}
    page.route("**/diagram.svg*", lambda route: route.fulfill(status=503, headers={"Retry-After": "2"}, json=problem))

    page.get_by_role("link", name="Version 1 of planar").click()

    told = page.get_by_text("16 pictures are being drawn already. Try again in 2 s.")
    expect(told).to_be_visible()
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 503 itself
