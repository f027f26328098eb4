"""The list of runs in a real browser: found, changed many at once, kept true by events; with 5,000 runs."""

import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from sqlalchemy import select

from app.artifacts.store import ArtifactStore
from app.db import models, workers
from app.db.engine import Database
from app.db.runs import request_cancel
from app.db.tables import runs
from app.domain.runs import RunStatus
from app.main import create_app
from app.settings import Settings
from app.wire.runs import Progress
from tests.browser import accessibility
from tests.integration.finished import Finished, model_of
from tests.support import many
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.server import LiveServer

OpenPage = Callable[..., Any]
MOST_OF_A_POLL = 20_000  # bytes of an answer with a page of runs, as it is sent: compressed
IDS = "() => [...document.querySelectorAll('tr[data-run]')].map((row) => row.dataset.run)"


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


@pytest.fixture(scope="module")
def database(prepared: Settings) -> Iterator[Database]:
    """With 5,000 runs."""
    found = Database(prepared.url)
    many.fill(found)
    yield found
    found.close()


@pytest.fixture(autouse=True)
def nothing_waits(database: Database) -> Iterator[None]:
    """Each test has the queue for itself."""

    def empty() -> None:
        with database.write() as tx:
            waiting = tx.execute(select(runs.c.id).where(runs.c.status == RunStatus.QUEUED)).scalars().all()
            for run in waiting:
                request_cancel(tx, run, datetime.now(UTC))

    empty()
    yield
    empty()


@pytest.fixture(scope="module")
def service(prepared: Settings, database: Database) -> Iterator[LiveServer]:
    """In this process, in place of the one that trains."""
    started = LiveServer(create_app(prepared))
    yield started
    started.close()


@pytest.fixture(scope="module")
def finished(prepared: Settings, database: Database) -> Finished:
    return Finished(database, ArtifactStore(prepared.models_dir), FakeClock())


def listed(service: LiveServer, **query: str) -> list[str]:
    """Ids of the first page, as the API has them."""
    answer = service.client.get("/runs/rows", params={"trials": "false", "limit": "50", **query}).raise_for_status()
    return [row["id"] for row in answer.json()["items"]]


def awaits(page: Any, ids: list[str]) -> None:
    """Return when the page shows these runs, in this order."""
    page.wait_for_function(f"(ids) => JSON.stringify(({IDS})()) === JSON.stringify(ids)", arg=ids)


def asked(page: Any) -> dict[str, str]:
    """What the page's address asks for."""
    return {name: value for name, [value] in parse_qs(urlparse(urlparse(page.url).fragment).query).items()}


def row_of(page: Any, run: str) -> Any:
    return page.locator(f"tr[data-run='{run}']")


def box_of(page: Any, run: str) -> Any:
    return row_of(page, run).get_by_role("checkbox")


def outcome(page: Any) -> Any:
    """What was done, as the page says."""
    return page.locator(".outcome")


def test_search_filters_and_order_stand_in_the_address(open_page: OpenPage, service: LiveServer) -> None:
    page = open_page("#/runs")
    page.evaluate("globalThis.isKept = true")
    search = page.get_by_label("Search runs")

    leave = """field => {
        field.value = "left";
        field.dispatchEvent(new Event("input", { bubbles: true }));
        location.hash = "#/models";
    }"""
    search.evaluate(leave)
    page.wait_for_timeout(400)  # more than typing is waited for
    assert page.url.endswith("#/models")
    page.go_back()
    search.fill("größer")
    awaits(page, listed(service, q="größer"))
    page.get_by_label("Dataset", exact=True).select_option("imdb")
    awaits(page, listed(service, q="größer", dataset="imdb"))
    page.get_by_role("button", name="Score").click()

    best = listed(service, q="größer", dataset="imdb", sort="-score")
    awaits(page, best)
    assert {"q": "größer", "dataset": "imdb", "sort": "-score"} == asked(page)
    head = page.get_by_role("columnheader", name="Score")
    expect(head).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Score").click()
    awaits(page, listed(service, q="größer", dataset="imdb", sort="score"))
    expect(head).to_have_attribute("aria-sort", "ascending")
    page.go_back()
    awaits(page, best)
    assert page.evaluate("globalThis.isKept")
    page.reload()
    awaits(page, best)
    expect(search).to_have_value("größer")
    expect(page.get_by_label("Dataset", exact=True)).to_have_value("imdb")
    for _ in range(3):
        page.go_back()
    awaits(page, listed(service))
    expect(search).to_have_value("")
    page.go_forward()
    awaits(page, listed(service, q="größer"))
    assert [] == accessibility.problems_at_widths(page)


def test_what_is_typed_stays_when_there_comes_more_to_choose_from(open_page: OpenPage, service: LiveServer) -> None:
    """What the filters offer may come late."""
    page = open_page("#/models")
    held: list[Any] = []
    page.route(re.compile("/sweeps[?]"), lambda route: held.append(route) if not held else route.continue_())
    page.evaluate("location.hash = '#/runs'")
    search = page.get_by_label("Search runs")
    page.evaluate("globalThis.setTimeout = () => 0")  # as if nothing that is waited for had come yet
    search.fill("größer")

    for _ in range(100):
        if held:
            break
        page.wait_for_timeout(100)
    held[0].continue_()
    expect(page.get_by_label("Dataset", exact=True).locator("option").nth(1)).to_be_attached()

    expect(search).to_have_value("größer")
    search.dispatch_event("change")
    awaits(page, listed(service, q="größer"))


def test_runs_are_found_by_preset_status_date_and_what_is_archived(open_page: OpenPage, service: LiveServer) -> None:
    page = open_page("#/runs?task=planar")

    page.get_by_label("Status", exact=True).select_option("failed")
    page.get_by_label("Preset", exact=True).select_option("baseline")
    kept = {"task": "planar", "status": "failed", "preset": "baseline"}
    awaits(page, listed(service, **kept))
    page.get_by_label("Which runs").select_option(label="Archived only")
    awaits(page, listed(service, **kept, archived="true"))
    page.get_by_role("button", name="Clear").click()
    awaits(page, listed(service))
    assert {} == asked(page)
    with page.expect_request(re.compile("/runs/rows.*sweep=s-1")) as sent:
        page.evaluate("location.hash = '#/runs?sweep=s-1'")
    assert "trials=true" in sent.value.url  # what there is of a sweep
    expect(page.get_by_label("Sweep", exact=True)).to_have_value("s-1")
    page.go_back()

    page.get_by_label("When").select_option(label="Last 7 days")
    since = (datetime.now(UTC) - timedelta(days=7)).isoformat()
    awaits(page, listed(service, since=since))
    assert {"since": "7d"} == asked(page)
    page.get_by_label("When").select_option(label="From … to …")
    page.get_by_label("From", exact=True).fill("2020-01-01")
    page.get_by_label("To", exact=True).fill("2020-01-31")
    expect(page.get_by_text("No run is like that.")).to_be_visible()
    assert {"since": "2020-01-01", "until": "2020-01-31"} == asked(page)
    assert [] == accessibility.problems_at_widths(page)
    page.get_by_role("button", name="Show all runs").click()
    awaits(page, listed(service))


def test_all_of_5000_runs_are_reached_and_no_poll_is_large(open_page: OpenPage, service: LiveServer) -> None:
    page = open_page("#/runs")
    page.locator("tr[data-run]").first.wait_for()
    measured = [f"rows after {page.evaluate('Math.round(performance.now())')} ms"]
    ids = listed(service)
    awaits(page, ids)

    with page.expect_response(re.compile("/runs/rows")) as answered:
        page.get_by_role("button", name="Next page").click()

    awaits(page, listed(service, cursor=asked(page)["cursor"]))
    expect(page.get_by_text(re.compile(r"^51–100 of \d,\d{3} runs$"))).to_be_visible()
    sizes = answered.value.request.sizes()
    measured.append(f"{sizes['responseBodySize']} bytes for 50 of them")
    sys.stdout.write(f"of 5,000 runs: {', '.join(measured)}\n")
    assert 0 < sizes["responseBodySize"] < MOST_OF_A_POLL
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_text(re.compile("^101–150 of"))).to_be_visible()
    page.reload()
    expect(page.get_by_text(re.compile("^101–150 of"))).to_be_visible()
    page.get_by_role("button", name="Previous page").click()
    expect(page.get_by_text(re.compile("^51–100 of"))).to_be_visible()
    page.go_back()
    expect(page.get_by_text(re.compile("^101–150 of"))).to_be_visible()
    page.get_by_role("button", name="First page").click()
    awaits(page, ids)
    page.get_by_role("button", name="Queued").click()
    awaits(page, listed(service, sort="created"))


def test_tags_and_a_note_are_edited_in_the_row(open_page: OpenPage, service: LiveServer, finished: Finished) -> None:
    run = queue_run(finished.database, finished.clock, name="to be noted", tags={"team": "blue", "old": "yes"})
    page = open_page(f"#/runs?q={run}")
    row = row_of(page, run)

    row.get_by_role("button", name="Edit name, tags and note").click()
    expect(row.get_by_label("Name", exact=True)).to_be_focused()
    row.get_by_role("button", name="Remove the tag old: yes").click()
    row.get_by_label("Tags", exact=True).fill("rate: 0.01")
    row.get_by_label("Tags", exact=True).press("Enter")
    row.get_by_label("Note", exact=True).fill("worth\nanother look")
    assert [] == accessibility.problems_at_widths(page)
    row.get_by_role("button", name="Save").click()

    chip = row.get_by_role("button", name="rate: 0.01", exact=True)
    expect(chip).to_be_visible()
    expect(row.get_by_text("worth another look")).to_be_visible()
    expect(row.get_by_role("button", name="Edit name, tags and note")).to_be_focused()
    told = service.client.get(f"/runs/{run}").json()
    assert ({"team": "blue", "rate": "0.01"}, "worth\nanother look") == (told["tags"], told["note"])
    assert "to be noted" == told["name"]
    chip.click()
    assert {"q": run, "tag": "rate:0.01"} == asked(page)
    page.get_by_role("button", name="Remove the filter: tag rate:0.01").click()
    assert {"q": run} == asked(page)

    row.get_by_role("button", name="Edit name, tags and note").click()
    row.get_by_label("Tags", exact=True).fill("no key!: x")
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_role("alert")).to_contain_text("tags")
    row.get_by_label("Name", exact=True).press("Escape")
    expect(chip).to_be_visible()
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 422 itself


def test_what_is_left_as_it_was_is_not_written_over_what_others_wrote(
    open_page: OpenPage, service: LiveServer, finished: Finished
) -> None:
    run = queue_run(finished.database, finished.clock, name="of two", tags={"team": "blue"})
    page = open_page(f"#/runs?q={run}")
    row = row_of(page, run)
    sent: list[Any] = []
    page.on("request", lambda asked: sent.append(asked.post_data_json) if asked.method == "PATCH" else None)
    row.get_by_role("button", name="Edit name, tags and note").click()
    row.get_by_role("button", name="Save").click()
    row.get_by_role("button", name="Edit name, tags and note").click()
    others = {"note": "of somebody else", "tags": {"team": "red"}}
    service.client.patch(f"/runs/{run}", json=others).raise_for_status()

    row.get_by_label("Name", exact=True).fill("renamed")
    row.get_by_role("button", name="Save").click()

    expect(row.get_by_text("of somebody else")).to_be_visible()
    assert [{"name": "renamed"}] == sent
    told = service.client.get(f"/runs/{run}").json()
    assert ("renamed", others) == (told["name"], {key: told[key] for key in others})


def test_what_is_being_written_outlasts_a_redraw(open_page: OpenPage, service: LiveServer, finished: Finished) -> None:
    run = queue_run(finished.database, finished.clock, name="about to be cancelled")
    page = open_page("#/runs?status=queued")
    row = row_of(page, run)
    row.get_by_role("button", name="Edit name, tags and note").click()
    row.get_by_label("Note", exact=True).fill("half a")

    service.client.post(f"/runs/{run}/cancel").raise_for_status()
    after = queue_run(finished.database, finished.clock, name="another one")

    awaits(page, [after, run])  # the first is none of those that are asked for any more, and stays in sight
    expect(page.get_by_text("1–1 of 1 run", exact=True)).to_be_visible()  # and is not counted
    expect(row.get_by_label("Note", exact=True)).to_be_focused()
    page.keyboard.type(" sentence")
    row.get_by_role("button", name="Save").click()
    awaits(page, [after])
    assert "half a sentence" == service.client.get(f"/runs/{run}").json()["note"]


def test_many_are_chosen_archived_and_brought_back(open_page: OpenPage, service: LiveServer) -> None:
    page = open_page("#/runs?status=succeeded")
    ids = listed(service, status="succeeded")
    awaits(page, ids)
    whole = page.get_by_role("checkbox", name="All on this page")

    box_of(page, ids[1]).click()
    box_of(page, ids[4]).click(modifiers=["Shift"])
    expect(page.get_by_text("4 chosen")).to_be_visible()
    box_of(page, ids[2]).click()
    expect(page.get_by_text("3 chosen")).to_be_visible()
    assert whole.evaluate("box => box.indeterminate")
    page.get_by_role("button", name="Archive").click()

    expect(outcome(page).get_by_text("Archived 3 runs.")).to_be_visible()
    gone = {ids[1], ids[3], ids[4]}
    awaits(page, listed(service, status="succeeded"))
    assert not gone & set(page.evaluate(IDS))
    page.get_by_role("button", name="Undo").click()
    expect(outcome(page).get_by_text("Restored 3 runs.")).to_be_visible()
    awaits(page, ids)
    page.evaluate("location.hash = '#/runs?status=failed'")
    awaits(page, listed(service, status="failed"))
    expect(outcome(page)).to_be_hidden()  # it told of the other list
    page.go_back()
    awaits(page, ids)

    whole.check()
    expect(page.get_by_text("50 chosen")).to_be_visible()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_text("50 chosen, 50 of them not on this page")).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)
    whole.check()
    page.get_by_role("button", name="Choose the first 500").click()
    expect(page.get_by_text("500 chosen, 450 of them not on this page")).to_be_visible()
    page.get_by_role("button", name="Choose none").click()
    expect(page.get_by_text(re.compile("^51–100 of"))).to_be_visible()


def test_deleting_tells_what_it_frees_and_leaves_what_is_active(
    open_page: OpenPage, service: LiveServer, finished: Finished
) -> None:
    ids = [finished.run("planar", None, [{"loss": 0.5}], name="to be freed") for _ in range(3)]
    with finished.database.write() as tx:
        models.activate(tx, "planar", model_of(ids[0]), finished.clock(), "admin")
    page = open_page("#/runs?q=to+be+freed")
    awaits(page, ids[::-1])
    page.get_by_role("checkbox", name="All on this page").check()

    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete 3 runs?")
    expect(dialog.get_by_text("Deletes 3 runs, which frees no files.")).to_be_visible()
    held: list[Any] = []
    page.route("**/runs/actions", lambda route: held.append(route) if len(held) < 1 else route.continue_())
    dialog.get_by_label("Delete 3 models too").check()
    expect(dialog.get_by_text("Looking at what that frees")).to_be_visible()
    dialog.get_by_label("Delete 3 models too").uncheck()
    expect(dialog.locator(".freed")).to_contain_text("3 runs")
    with page.expect_response("**/runs/actions"):
        held[0].continue_()  # the answer to the choice before comes late
    page.wait_for_timeout(200)
    expect(dialog.locator(".freed")).to_contain_text("3 runs")
    page.unroute("**/runs/actions")
    dialog.get_by_label("Delete 3 models too").check()
    expect(dialog.get_by_text(re.compile(r"^Deletes 2 runs and 2 models, which frees [\d.]+ kB\.$"))).to_be_visible()
    expect(dialog.get_by_text(ids[0])).to_contain_text("active")
    assert [] == accessibility.problems_at_widths(page)
    dialog.get_by_role("button", name="Delete").click()

    expect(outcome(page).get_by_text(re.compile(r"^Deleted 2 runs and 2 models, [\d.]+ kB freed\.$"))).to_be_visible()
    awaits(page, ids[:1])
    expect(page.get_by_text("1 chosen")).to_be_visible()  # the one that stayed
    assert 404 == service.client.get(f"/models/{model_of(ids[1])}").status_code
    assert 200 == service.client.get(f"/models/{model_of(ids[0])}").status_code


def test_runs_are_cancelled_and_queued_again(open_page: OpenPage, finished: Finished) -> None:
    ids = [queue_run(finished.database, finished.clock, name="not now") for _ in range(2)]
    page = open_page("#/runs?q=not+now")
    row = row_of(page, ids[1])
    expect(row).to_contain_text(re.compile(r"place \d+"))
    page.get_by_role("checkbox", name="All on this page").check()

    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog", name="Cancel 2 runs?").get_by_role("button", name="Cancel 2 runs").click()
    expect(page.locator(".badge.cancelled")).to_have_count(2)
    box_of(page, ids[0]).check()
    page.get_by_role("button", name="Retry").click()

    expect(outcome(page).get_by_text("Queued again 1 run.")).to_be_visible()
    expect(page.locator("tr[data-run]")).to_have_count(3)
    expect(page.locator(".badge.queued")).to_have_count(1)


def test_a_run_that_waits_tells_its_place_and_when_it_begins(
    open_page: OpenPage, service: LiveServer, finished: Finished
) -> None:
    attempt = finished.claimed("digits", name="in line, going")
    attempt.record_epoch(0, 1, 0.1, {"loss": 0.3}, Progress(epoch=1, epochs=4, fraction=0.25, eta_seconds=600))
    attempt.flush()
    waiting = [queue_run(finished.database, finished.clock, "digits", name="in line") for _ in range(2)]
    told = {"host": "here", "pid": 1, "devices": [], "versions": {}, "trainers": 1}
    with finished.database.write() as tx:
        workers.seen(tx, "w-1", datetime.now(UTC), told)

    page = open_page("#/runs?q=in+line")

    expect(row_of(page, waiting[0])).to_contain_text("place 1, starts in 10 min")
    expect(row_of(page, waiting[1])).to_contain_text("place 2")
    starts = row_of(page, waiting[0]).locator(".state time")
    seconds = (datetime.fromisoformat(starts.get_attribute("datetime")) - datetime.now(UTC)).total_seconds()
    assert 500 < seconds <= 600
    service.client.post(f"/runs/{waiting[0]}/cancel").raise_for_status()
    expect(row_of(page, waiting[1])).to_contain_text("place 1, starts in 10 min")


def test_an_event_changes_its_row_and_nothing_else(
    open_page: OpenPage, service: LiveServer, finished: Finished
) -> None:
    other = finished.run("housing", None, [{"loss": 0.5}], name="watched, before")
    attempt = finished.claimed("housing", [{"loss": 0.5}, {"loss": 0.4}], name="watched")
    run = attempt.run().id
    page = open_page("#/models")
    polls: list[str] = []
    page.on("requestfinished", lambda sent: polls.append(sent.url) if "/runs/rows" in sent.url else None)
    page.evaluate("location.hash = '#/runs?q=watched'")
    awaits(page, [run, other])
    while len(polls) < 2:  # at first, and what happened before the stream was there
        page.wait_for_timeout(20)
    polls.clear()
    page.evaluate("for (const cell of document.querySelectorAll('tr[data-run] td')) cell.isOld = true")
    row_of(page, run).get_by_role("link", name="watched").focus()

    attempt.record_epoch(0, 3, 0.1, {"loss": 0.3}, Progress(epoch=3, epochs=4, fraction=0.75, eta_seconds=20))
    attempt.flush()

    expect(row_of(page, run)).to_contain_text("75 %, 20 s left")
    assert not polls  # the event has told it
    expect(row_of(page, run).get_by_role("img", name="loss from 0.5 to 0.3")).to_be_visible()
    assert all(parse_qs(urlparse(url).query)["q"] == [run] for url in polls), polls
    assert 1 == len(polls)
    assert page.evaluate(f"[...document.querySelectorAll('tr[data-run=\"{other}\"] td')].every((cell) => cell.isOld)")
    expect(row_of(page, run).get_by_role("link", name="watched")).to_be_focused()
    service.client.patch(f"/runs/{run}", json={"note": "told by somebody else"}).raise_for_status()
    expect(row_of(page, run)).to_contain_text("told by somebody else")
    expect(row_of(page, run).get_by_role("link", name="watched")).to_be_focused()


def test_without_events_the_page_still_stays_true(open_page: OpenPage, finished: Finished) -> None:
    run = queue_run(finished.database, finished.clock, name="unheard")
    page = open_page("#/models")
    page.route(re.compile("/events$"), lambda route: route.abort())
    page.evaluate("location.hash = '#/runs?q=unheard'")
    expect(row_of(page, run).locator(".badge.queued")).to_be_visible()

    again = queue_run(finished.database, finished.clock, name="unheard, too")

    awaits(page, [again, run])
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the requests that failed


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_list_with_all_it_offers_is_accessible(open_page: OpenPage, scheme: str, width: int) -> None:
    page = open_page("#/runs?tag=team", color_scheme=scheme, viewport={"width": width, "height": 844})
    page.locator("tr[data-run]").first.wait_for()
    if width < 640:
        page.get_by_role("button", name="Filters").click()
    expect(page.get_by_label("When")).to_be_visible()
    page.locator(".pick input").nth(1).check()
    page.locator("tr[data-run] .pencil").nth(2).click()

    assert [] == accessibility.problems(page)


def test_the_keyboard_reaches_all_of_a_row(open_page: OpenPage, finished: Finished) -> None:
    run = queue_run(finished.database, finished.clock, name="by keys", tags={"hand": "left"})
    page = open_page(f"#/runs?q={run}")
    row_of(page, run).wait_for()

    assert [] == accessibility.problems_of_the_keyboard(page)

    box_of(page, run).focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("1 chosen")).to_be_visible()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Status", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Status")).to_have_attribute("aria-sort", "ascending")


def test_ages_are_told_in_words_and_when_exactly_on_hover(open_page: OpenPage, service: LiveServer) -> None:
    page = open_page("#/runs", locale="en-GB", timezone_id="Asia/Tokyo")
    now = 1_900_000_000_000
    ages = {3: "just now", 70: "1 min ago", 5400: "2 h ago", 3 * 86400: "3 days ago", -200: "in 3 min"}
    script = f"""async (at) => (await import('/web/js/ages.js')).ageOf(new Date({now} - at * 1000), {now})"""

    assert ages == {at: page.evaluate(script, at) for at in ages}
    assert re.fullmatch(r"\d+ \w+ 20\d\d", page.evaluate(script, 90 * 86400))
    age = page.locator("tr[data-run] time").last
    assert age.get_attribute("datetime")
    assert "GMT+9" in age.get_attribute("title")
