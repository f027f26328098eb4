"""What a browser makes of `/docs` below a proxy's path."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Serve
from tests.support.nginx import Nginx

PREFIX = "/ml/densely"


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = context.new_page()
    found.set_default_timeout(90_000)  # Swagger UI is a large script, and a machine with one busy core is slow
    yield found
    context.close()


@pytest.fixture
def below(serve: Serve, tmp_path: Path) -> Iterator[str]:
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
