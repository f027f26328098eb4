"""Models in a real browser: what a page tells, mistakes, the way to put one live and back, and five hundred of them."""

import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from app.artifacts.evaluation import Evaluation, millionths_of, save
from app.artifacts.store import ArtifactStore
from app.db import migrate, models, runs, tables
from app.db.engine import Database
from app.main import create_app
from app.services.publication import row_of
from app.settings import Settings
from app.wire.manifests import MANIFEST
from tests.browser import accessibility
from tests.integration.finished import Finished, model_of
from tests.support import many
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.server import LiveServer

SEEN = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 390)]
EXPECTED = re.compile(" (409|500|503) ")  # statuses of answers; an exception in the page has none
WORSE = ("error", "warning")
BUSY = {"type": "about:blank", "title": "Busy", "detail": "busy with others"}
OpenAt = Callable[..., Any]


def expect(*given: Any) -> Any:
    from playwright.sync_api import expect as real

    return real(*given)


@dataclass
class Shelf:
    """A service with a few models; none of them is a toy."""

    server: LiveServer
    good: str  # of newswire, active at first
    bad: str  # of newswire, by a run that has a name and tags
    house: str  # of housing
    texts: str  # of sentiment, whose test rows are here

    def address(self, route: str) -> str:
        return f"{self.server.url}/{route}"

    def active(self, task: str = "newswire") -> str:
        found: str = self.server.client.get(f"/tasks/{task}").json()["active_model"]["id"]
        return found


def worse(kept: Evaluation) -> Evaluation:
    """The same answers, but for every third row."""
    rows = len(kept.target)
    guess = np.where(np.arange(rows) % 3 == 0, (kept.target + 2) % 46, kept.predicted).astype(np.int32)
    outputs = np.where(np.eye(46, dtype=bool)[guess], 0.6, 0.4 / 45).astype(np.float32)
    return Evaluation(kept.target, guess, millionths=millionths_of(outputs))


def copied(settings: Settings, database: Database, model: str) -> str:
    """The newswire model once more, with worse answers, as a run's that has a name and tags; its id."""
    store, clock = ArtifactStore(settings.models_dir), FakeClock()
    kept = store.evaluation("newswire", model)
    assert kept is not None
    attempt = Finished(database, store, clock).claimed("newswire", name="on a hunch", tags={"team": "news"})
    staging = store.stage("copy")
    for path in store.path("newswire", model).iterdir():
        if path.name != MANIFEST:
            shutil.copyfile(path, staging / path.name)
    save(worse(kept), staging)
    made = store.manifest("newswire", model)
    accuracy = {"accuracy": float(worse(kept).right().mean()), "loss": 1.0}
    metrics = made.metrics.model_copy(update={"test": accuracy})
    changes = {"id": model_of(attempt.run_id), "run_id": attempt.run_id, "metrics": metrics}
    manifest = store.publish(staging, made.model_copy(update=changes))
    with database.write() as tx:
        runs.publish(tx, attempt.run_id, attempt.lease_id, clock(), manifest.metrics)
        models.insert_model(tx, **row_of(manifest))
    return manifest.id


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("shelf")
    settings = Settings(home=folder / "home", models_dir=folder / "models", datasets_dir=folder / "datasets")
    migrate.upgrade(settings.url)
    database = Database(settings.url)
    server = LiveServer(create_app(settings))
    known = {model["task"]: model["id"] for model in server.client.get("/models").json()["items"]}
    bad = copied(settings, database, known["newswire"])
    rows = [
        {"text": f"A good, Good film, the {n}th of them.", "label": ("negative", "positive")[n % 2], "split": split}
        for n in range(80)
        for split in (("train",) if n < 40 else ("test",))
    ]
    server.client.post("/datasets", params={"task": "sentiment", "name": "mine"}, json=rows).raise_for_status()
    with database.write() as tx:
        tx.execute(update(tables.models).where(tables.models.c.task == "sentiment").values(dataset="mine@1"))
    yield Shelf(server, known["newswire"], bad, known["housing"], known["sentiment"])
    server.close()
    database.close()


@pytest.fixture
def open_at(browser: Any, shelf: Shelf) -> Iterator[OpenAt]:
    """Opens a route. In the end there is nothing in the console but that rows are not on this machine."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def start(route: str, **options: Any) -> Any:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on(
            "console",
            lambda m: (
                troubles.append(m.text) if m.type in ("error", "warning") and not EXPECTED.search(m.text) else None
            ),
        )
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(shelf.address(route))
        page.locator("h1").wait_for()
        return page

    yield start
    for context in contexts:
        context.close()
    assert [] == troubles


def whole(page: Any) -> None:
    """Return when everything of a model's page is there."""
    expect(page.get_by_role("region", name="Changes")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), SEEN)
def test_a_model_s_page_is_accessible(open_at: OpenAt, shelf: Shelf, scheme: str, width: int) -> None:
    """Of labels, with everything unfolded, and of numbers."""
    seen = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    for model in (shelf.bad, shelf.house):
        page = open_at(f"#/models/{model}", **seen)
        whole(page)
        for more in reversed(page.get_by_role("button", name=re.compile("^Show all")).all()):
            more.click()
        for summary in page.locator("summary").all():
            summary.click()
        assert [] == accessibility.problems(page)


def test_a_model_is_told_beside_guessing_and_the_active_one(open_at: OpenAt, shelf: Shelf) -> None:
    page = open_at(f"#/models/{shelf.bad}")
    good = page.get_by_role("region", name="How good it is")
    ranges = good.get_by_role("list", name="accuracy with 95 % intervals").get_by_role("listitem")

    expect(ranges).to_have_count(3)
    for row, name in zip(ranges.all(), ("This one, version 2", "Version 1, active", "Guessing"), strict=True):
        expect(row).to_contain_text(name)
    expect(ranges.first).to_contain_text(re.compile(r"[\d.]+ % to [\d.]+ %"))
    expect(good).to_contain_text("Version 1 is better than chance explains")
    about = page.get_by_role("region", name="Who made it, and from what")
    expect(about.get_by_role("link", name="on a hunch")).to_have_attribute(
        "href", f"#/runs/{shelf.bad.replace('m-', 'r-', 1)}"
    )
    expect(about).to_contain_text("team: news")
    expect(about).to_contain_text(re.compile(r"Answers in[\d.]+ ms, 99 of 100 in [\d.]+ ms"))
    expect(page.get_by_role("img", name="Calibration error")).to_be_visible()
    expect(page.get_by_role("link", name="Try this version")).to_have_attribute(
        "href", f"#/try/newswire?model={shelf.bad}"
    )


def test_forty_six_labels_are_sorted_by_any_column(open_at: OpenAt, shelf: Shelf) -> None:
    page = open_at(f"#/models/{shelf.bad}")
    table = page.get_by_role("table", name="Figures of each label")
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(12)
    page.get_by_role("region", name="Labels").get_by_role("button", name="Show all 46").click()
    expect(rows).to_have_count(46)

    recall = table.get_by_role("columnheader", name="Recall")
    for direction in ("descending", "ascending"):
        recall.get_by_role("button").click()
        expect(recall).to_have_attribute("aria-sort", direction)
        shares = [
            float(text.removesuffix(" %"))
            for text in table.locator("tbody td:nth-child(4)").all_text_contents()
            if text != "–"
        ]
        assert shares == sorted(shares, reverse=direction == "descending")
    table.get_by_role("columnheader", name="Label").get_by_role("button").click()
    names = table.locator("tbody th").all_text_contents()
    assert names == sorted(names)


def test_the_worst_pairs_lead_to_their_rows_and_to_why(open_at: OpenAt, shelf: Shelf) -> None:
    page = open_at(f"#/models/{shelf.texts}")
    report = shelf.server.client.get(f"/models/{shelf.texts}/report").json()
    pair = next(pair for pair in report["confusions"] if pair["predicted"] == "positive")
    card = page.get_by_role("region", name="Confusions")
    expect(page.get_by_role("list", name="Worst mistakes").get_by_role("listitem")).to_have_count(8)

    card.get_by_role("button", name=f"negative taken for positive: {pair['rows']:,} rows").click()
    rows = card.locator(".mistakes > li")
    expect(rows).to_have_count(8)
    assert all("negative" in text and "positive" in text for text in rows.locator(".mistake p").all_inner_texts())

    why = rows.first.get_by_role("button", name=re.compile("^Why row"))
    why.click()
    expect(why).to_have_attribute("aria-expanded", "true")
    expect(rows.first.locator(".explained")).to_contain_text("“positive”")
    expect(rows.first.locator(".marked-text .key").first).to_be_visible()
    assert [] == accessibility.problems_at_widths(page)
    why.click()
    expect(rows.locator(".explained")).to_have_count(0)


@pytest.mark.parametrize("kind", ["n_grams", "multi_hot"])
def test_a_word_that_is_there_twice_is_told_once(open_at: OpenAt, shelf: Shelf, kind: str) -> None:
    """With what its places do together, or the word wherever it stands: by the features of the model."""
    model = shelf.server.client.get(f"/models/{shelf.texts}").json()
    model["manifest"]["recipe"]["features"]["kind"] = kind
    page = open_at("#/data")
    page.route(f"**/models/{shelf.texts}", lambda route: route.fulfill(json=model))
    page.goto(shelf.address(f"#/models/{shelf.texts}"))
    mistake = page.get_by_role("list", name="Worst mistakes").get_by_role("listitem").first
    with page.expect_response("**/predict") as sent:
        mistake.get_by_role("button", name=re.compile("^Why row")).click()

    words = sent.value.json()["prediction"]["explanation"]["words"]
    effects = [word["effect"] for word in words if word["word"].lower() == "good"]
    assert 2 == len(effects)
    effect = sum(effects) if kind == "n_grams" else effects[-1]
    strongest = mistake.locator(".explained p", has_text="Strongest").locator(".key")
    expect(strongest.filter(has_text=re.compile("^good", re.IGNORECASE))).to_have_text(
        f"good {'−' if effect < 0 else '+'}{abs(effect):.3f}"
    )


def test_rows_that_are_not_here_are_told(open_at: OpenAt, shelf: Shelf) -> None:
    page = open_at(f"#/models/{shelf.good}")

    expect(page.get_by_role("region", name="Worst mistakes")).to_contain_text("not on this machine")


def test_a_pair_is_named_as_in_the_list_that_was_pressed(open_at: OpenAt, shelf: Shelf) -> None:
    pair = shelf.server.client.get(f"/models/{shelf.bad}/report").json()["confusions"][0]
    names = {str(pair["target"]): "corn", str(pair["predicted"]): "gold"}
    page = open_at("#/data")
    page.route("**/tasks/newswire", lambda route: route.fulfill(json=route.fetch().json() | {"label_names": names}))
    page.route("**/rows?*", lambda route: route.fulfill(json={"items": [], "next": None}))
    page.goto(shelf.address(f"#/models/{shelf.bad}"))

    page.get_by_role("button", name=f"corn taken for gold: {pair['rows']:,} row").click()

    expect(page.get_by_role("heading", name="corn taken for gold")).to_be_visible()


def test_mistakes_are_asked_for_again_while_the_service_is_busy(open_at: OpenAt, shelf: Shelf) -> None:
    page = open_at("#/models")
    refusals = [503, 500]

    def answer(route: Any) -> None:
        if refusals:
            route.fulfill(status=refusals.pop(0), headers={"Retry-After": "1"}, json={"title": "Not now"})
        else:
            route.continue_()

    page.route("**/rows?*", answer)
    page.goto(shelf.address(f"#/models/{shelf.texts}"))
    page.get_by_role("region", name="Worst mistakes").get_by_role("button", name="Try again").click()

    expect(page.get_by_role("list", name="Worst mistakes").get_by_role("listitem")).to_have_count(8)


def test_its_use_is_copied(open_at: OpenAt, shelf: Shelf) -> None:
    """And is what it says: the request is answered by this version."""
    page = open_at(f"#/models/{shelf.bad}", permissions=["clipboard-read", "clipboard-write"])
    for name in ("curl", "Python", "JavaScript"):
        page.get_by_role("button", name=f"Copy the {name}").click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert shelf.bad in copied
        assert "newswire" in copied
        if name == "Python":
            compile(copied, "copied", "exec")
    expect(page.get_by_role("group", name="curl")).to_contain_text(f"{shelf.server.url}/predict")


@pytest.mark.parametrize(("scheme", "width"), SEEN)
def test_it_is_put_live_with_a_reason_and_undone(open_at: OpenAt, shelf: Shelf, scheme: str, width: int) -> None:
    page = open_at(f"#/models/{shelf.bad}", color_scheme=scheme, viewport={"width": width, "height": 900})
    page.get_by_role("button", name="Activate", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason, if you like").fill(f"it reads better in {scheme}")
    assert [] == accessibility.problems(page)
    dialog.get_by_role("button", name="Activate").click()

    expect(page.locator(".head .badge.active")).to_be_visible()
    assert shelf.bad == shelf.active()
    changes = page.get_by_role("region", name="Changes").locator("tbody tr")
    expect(changes.first).to_contain_text(f"it reads better in {scheme}")
    expect(changes.first).to_contain_text("Version 2 after 1")
    assert [] == accessibility.problems(page)

    page.get_by_role("button", name="Undo: back to version 1").click()
    expect(page.get_by_role("button", name="Activate", exact=True)).to_be_visible()
    expect(changes.first).to_contain_text("undoes version 2")
    expect(changes.locator(".badge.active")).to_have_count(1)  # not also where it was active before
    assert shelf.good == shelf.active()


def test_the_history_leads_back_to_any_version(open_at: OpenAt, shelf: Shelf) -> None:
    change = {"model_id": shelf.bad, "reason": "for the history"}
    shelf.server.client.put("/tasks/newswire/active-model", json=change).raise_for_status()
    page = open_at("#/models?task=newswire")
    changes = page.get_by_role("region", name="Changes")
    expect(changes.locator("tbody tr").first).to_contain_text("for the history")

    changes.get_by_role("button", name="Back to version 1").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()

    expect(page.locator(f'[data-model="{shelf.good}"] .badge.active')).to_be_visible()
    assert shelf.good == shelf.active()


def test_models_are_found_and_the_address_says_how(open_at: OpenAt, shelf: Shelf) -> None:
    page = open_at("#/models")
    expect(page.get_by_role("region")).to_have_count(5)

    leave = """field => {
        field.value = "left";
        field.dispatchEvent(new Event("input", { bubbles: true }));
        location.hash = "#/sweeps";
    }"""
    page.get_by_role("searchbox", name="Find models").evaluate(leave)
    page.wait_for_timeout(400)  # more than typing is waited for
    assert page.url.endswith("#/sweeps")
    page.go_back()
    page.get_by_role("searchbox", name="Find models").fill("a HUNCH")
    rows = page.locator("[data-model]")
    expect(rows).to_have_count(1)
    expect(rows).to_have_attribute("data-model", shelf.bad)
    assert page.url.endswith("#/models?q=a+HUNCH")
    page.get_by_role("combobox", name="Task").select_option("housing")
    expect(page.get_by_text("No model has that.")).to_be_visible()
    page.get_by_role("searchbox", name="Find models").fill("")
    expect(rows).to_have_attribute("data-model", shelf.house)
    page.reload()
    expect(rows).to_have_attribute("data-model", shelf.house)
    expect(page.get_by_role("combobox", name="Task")).to_have_value("housing")


def test_the_way_back_is_there_though_the_newest_models_are_of_other_tasks(open_at: OpenAt, shelf: Shelf) -> None:
    """And a task whose models are all older than those is not said to have none."""
    for model in (shelf.bad, shelf.good, shelf.bad):
        change = {"model_id": model}
        shelf.server.client.put("/tasks/newswire/active-model", json=change).raise_for_status()
    page = open_at("#/data")
    page.route(re.compile(r"/models\?.*active=false"), lambda route: route.fulfill(json={"items": [], "next": 1}))
    page.goto(shelf.address("#/models"))
    expect(page.get_by_role("button", name="Roll back to version 1")).to_be_visible()

    page.route(re.compile(r"/models\?.*active=true"), lambda route: route.fulfill(json={"items": [], "next": None}))
    page.reload()
    expect(page.get_by_role("link", name="All versions and changes")).to_have_count(5)
    expect(page.get_by_text("None yet.")).to_have_count(0)
    shelf.server.client.put("/tasks/newswire/active-model", json={"model_id": shelf.good}).raise_for_status()


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A service with five hundred models, and the files of one active one for each task."""
    folder = tmp_path_factory.mktemp("crowded")
    settings = Settings(home=folder / "home", models_dir=folder / "models", datasets_dir=folder / "datasets")
    migrate.upgrade(settings.url)
    database = Database(settings.url)
    many.fill(database, runs=700, models=500)
    with database.write() as tx:
        tx.execute(update(tables.models).values(active=False))
    for task in many.TASKS_HERE:
        add_model(database, ArtifactStore(settings.models_dir), task)
    server = LiveServer(create_app(settings))
    yield server
    server.close()
    database.close()


def test_a_model_whose_files_are_gone_is_told_and_deleted(browser: Any, crowded: LiveServer) -> None:
    gone = crowded.client.get("/models", params={"active": "false", "limit": 1}).json()["items"][0]
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{crowded.url}/#/models/{gone['id']}")

    expect(page.locator("h1")).to_contain_text(f"version {gone['version']}")
    expect(page.get_by_role("alert").filter(has_text="database knows")).to_be_visible()
    expect(page.get_by_role("table", name="Figures of the run")).to_contain_text("accuracy")
    expect(page.get_by_role("button", name="Activate")).to_have_count(0)
    assert [] == accessibility.problems(page)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_have_text("Models")
    assert 404 == crowded.client.get(f"/models/{gone['id']}").status_code
    context.close()


@pytest.mark.parametrize("route", ["#/models", "#/models?task=newswire", "#/models?q=o"])
def test_five_hundred_models_are_a_page_of_them(browser: Any, crowded: LiveServer, route: str) -> None:
    """Within a second of a machine that is at rest, and with little to fetch."""
    context = browser.new_context(viewport={"width": 390, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{crowded.url}/#/runs/new")
    page.locator("h1").wait_for()
    page.wait_for_load_state("networkidle")
    fetched: list[int] = []
    page.on(
        "requestfinished",
        lambda sent: fetched.append(sent.sizes()["responseBodySize"]) if "/web/" not in sent.url else None,
    )
    before = time.monotonic()
    page.evaluate(f"location.hash = '{route}'")
    page.locator("[data-model]").first.wait_for()
    took = time.monotonic() - before
    page.wait_for_load_state("networkidle")

    sys.stdout.write(f"{route}: {took:.2f} s\n")
    assert sum(fetched) < 40_000
    assert page.locator("[data-model]").count() <= 50
    if route != "#/models":
        page.get_by_role("button", name="Show more").first.dblclick()  # which asks once
        expect(page.locator("[data-model]")).to_have_count(100)
        page.wait_for_load_state("networkidle")
        assert 100 == len(
            set(page.locator("[data-model]").evaluate_all("rows => rows.map((row) => row.dataset.model)"))
        )
        page.route("**/models?*", lambda sent: sent.fulfill(status=503, json=BUSY))
        page.get_by_role("button", name="Show more").first.click()
        expect(page.get_by_role("alert").filter(has_text="busy with others")).to_be_visible()
    assert [] == accessibility.problems(page)
    context.close()
