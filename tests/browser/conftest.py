"""A real Chromium on a real service. Needs Playwright's Python package and a chromium, for example Debian's."""

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from app.main import create_app
from app.settings import Settings
from benchmarks.service import Service
from tests.integration.finished import Finished, answers_of
from tests.support.clock import FakeClock
from tests.support.server import LiveServer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
FOLDER = Path(__file__).parent

Serve = Callable[..., str]
Look = Callable[..., Any]


def missing() -> str | None:
    """What this machine lacks to run these tests, or None."""
    if importlib.util.find_spec("playwright") is None:
        return "browser tests need Playwright: pip install -e .[dev]"
    return None if CHROMIUM else "browser tests need chromium in PATH, for example Debian's package `chromium`"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = missing()
    for item in items:
        if reason and FOLDER in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium; for a module, because Playwright's event loop would be in the way of other tests."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # a machine with one busy core is slow

    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield started
        started.close()


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`densely up` with the bundled models; a module's ENVIRONMENT adds settings."""
    folder = tmp_path_factory.mktemp("service")
    settings = {"KERAS_HOME": str(folder / "keras"), "DENSELY_DATASETS_DIR": str(folder / "datasets"), **NO_NETWORK}
    with Service(folder, settings | getattr(request.module, "ENVIRONMENT", {})) as started:
        yield started


@pytest.fixture
def open_page(browser: Any, service: Service) -> Iterator[Callable[..., Any]]:
    """Opens the page at a route. In the end: nothing in the console, and no request to another host."""
    contexts: list[Any] = []
    troubles: list[str] = []
    addresses: list[str] = []

    def start(route: str = "", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda m: troubles.append(f"{m.type}: {m.text}") if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(f"exception: {error}"))
        page.on("request", lambda sent: addresses.append(sent.url))
        page.goto(f"{service.url}/{route}")
        page.locator("h1").wait_for()
        return page

    start.troubles = troubles  # type: ignore[attr-defined]  # a test that provokes an error empties it
    yield start
    for context in contexts:
        context.close()
    assert not [one for one in troubles if "404" not in one]
    assert [] == [a for a in addresses if not a.startswith((f"{service.url}/", "data:", f"blob:{service.url}/"))]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of a service that is served in this process: a migrated database, and folders of its own."""
    folder = tmp_path_factory.mktemp("served")
    found = Settings(home=folder / "home", models_dir=folder / "models", datasets_dir=folder / "datasets")
    migrate.upgrade(found.url)
    return found


@pytest.fixture(scope="module")
def run(prepared: Settings) -> str:
    """The id of a run that has succeeded."""
    database = Database(prepared.url)
    finished = Finished(database, ArtifactStore(prepared.models_dir), FakeClock())
    found = finished.run("sentiment", answers_of("sentiment"), [{"loss": 0.5}, {"loss": 0.25}])
    database.close()
    return found


@pytest.fixture
def serve(prepared: Settings) -> Iterator[Serve]:
    """Serves the application with further settings; its URL."""
    started: list[LiveServer] = []

    def start(**changes: Any) -> str:
        started.append(LiveServer(create_app(prepared.model_copy(update=changes))))
        return started[-1].url

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="module")
def served(prepared: Settings) -> Iterator[str]:
    """Where the application is served in this process, without a worker."""
    server = LiveServer(create_app(prepared))
    yield server.url
    server.close()


@pytest.fixture
def look(browser: Any, served: str) -> Iterator[Look]:
    """Opens the page of that application at a route. In the end there is nothing in the console."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def start(route: str, width: int = 1280, scheme: str = "light") -> Any:
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda m: troubles.append(f"{m.type}: {m.text}") if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(f"exception: {error}"))
        page.goto(f"{served}/{route}")
        page.locator("h1").wait_for()
        return page

    start.troubles = troubles  # type: ignore[attr-defined]  # a test that provokes an error empties it
    yield start
    for context in contexts:
        context.close()
    assert not [one for one in troubles if "404" not in one]
