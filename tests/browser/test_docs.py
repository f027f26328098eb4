"""What a browser makes of `/docs` below a proxy's path."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from app.main import create_app
from app.settings import Settings
from tests.integration.finished import Finished, answers_of
from tests.support.clock import FakeClock
from tests.support.nginx import Nginx
from tests.support.server import LiveServer

PREFIX = "/ml/densely"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("docs")
    found = Settings(home=folder / "home", models_dir=folder / "models", datasets_dir=folder / "datasets")
    migrate.upgrade(found.url)
    return found


@pytest.fixture(scope="module")
def run(settings: Settings) -> str:
    """The id of a run that has succeeded."""
    database = Database(settings.url)
    finished = Finished(database, ArtifactStore(settings.models_dir), FakeClock())
    found = finished.run("sentiment", answers_of("sentiment"), [{"loss": 0.5}, {"loss": 0.25}])
    database.close()
    return found


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = context.new_page()
    found.set_default_timeout(90_000)  # Swagger UI is a large script, and a machine with one busy core is slow
    yield found
    context.close()


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[..., str]]:
    """Serves the application with further settings; its URL."""
    started: list[LiveServer] = []

    def start(**changes: Any) -> str:
        started.append(LiveServer(create_app(settings.model_copy(update=changes))))
        return started[-1].url

    yield start
    for server in started:
        server.close()


@pytest.fixture
def below(serve: Callable[..., str], tmp_path: Path) -> Iterator[str]:
    """The URL of a service below a path of nginx."""
    nginx = Nginx(tmp_path, f"location {PREFIX}/ {{ proxy_pass {serve(root_path=PREFIX)}/; }}")
    yield nginx.url + PREFIX
    nginx.close()


def test_the_documentation_is_whole_below_a_proxys_path_and_its_calls_work(page: Any, below: str, run: str) -> None:
    answers: list[tuple[str, int]] = []
    page.on("response", lambda answer: answers.append((answer.url, answer.status)))

    page.goto(f"{below}/docs")
    page.locator("#operations-runs-get_run_runs__run_id__get").wait_for()
    assert page.locator(".opblock").count() > 30
    assert page.get_by_role("heading", name="Densely").is_visible()
    page.locator("#operations-runs-get_run_runs__run_id__get .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_placeholder("run_id").fill(run)
    page.get_by_role("button", name="Execute", exact=True).click()
    page.locator(".live-responses-table .response-col_status", has_text="200").wait_for()

    assert (f"{below}/runs/{run}", 200) in answers
    assert [] == [(url, status) for url, status in answers if status >= 400 or not url.startswith(f"{below}/")]
