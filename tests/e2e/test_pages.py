"""What README and the pages tell their readers to type, typed against a started service."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.service import Service
from tests.support import pages
from tests.support.pages import Command

TYPED = ("curl", "densely")  # what `make` and the benchmarks do takes too long, or changes the checkout
TICKETS = ".venv/bin/python -m tests.support.tickets"
NAMES = [pages.name_of(page) for page in pages.PAGES]


def typed(page: str) -> list[Command]:
    """The page's commands that speak to a service, or write what others send."""
    return [each for each in pages.commands(page) if each.line.split()[0] in TYPED or TICKETS in each.line]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """API and worker, with the models that come with them."""
    with Service(tmp_path / "service") as started:
        yield started


def filled(line: str, service: Service) -> str:
    """The command with the ids that its reader would have by then: the last run's, the one's before, a model's."""
    for run_id in _runs(service) if "r-…" in line else ():
        before, found, after = line.rpartition("r-…")
        line = f"{before}{run_id}{after}" if found else line
    if "m-…" in line:
        line = line.replace("m-…", service.run(_runs(service)[0])["model_id"])
    if "s-…" in line:
        line = line.replace("s-…", service.client.get("/sweeps").json()["items"][0]["id"])
    assert "…" not in line
    return line.replace("localhost:8000", f"127.0.0.1:{service.port}")


def _runs(service: Service) -> list[str]:
    """Newest first, when they have all ended."""
    found = [run["id"] for run in service.client.get("/runs").json()["items"]]
    return [service.wait(run_id)["id"] for run_id in found]


def carry_out(line: str, service: Service, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it."""
    words = shlex.split(line)
    command = [sys.executable, "-m", "app.cli", *words[1:]] if words[0] == "densely" else words
    if TICKETS in line:
        command = [sys.executable, *words[1:]]
    environment = {
        **os.environ,
        "PYTHONPATH": str(pages.ROOT),
        "DENSELY_URL": service.url,
        "DENSELY_HOME": str(service.folder / "home"),
        "DENSELY_MODELS_DIR": str(service.folder / "models"),
    }
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", [name for name in NAMES if typed(name)])
def test_the_commands_do_what_the_page_shows(page: str, service: Service, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    for command in typed(page):
        done = carry_out(filled(command.line, service), service, tmp_path)

        # The packages are compared with the lock, which a developer's environment may be ahead of.
        assert done.returncode in ((0, 1) if command.line == "densely doctor" else (0,)), f"{command}: {done.stderr}"
        assert pages.matches(command.shown, done.stdout), f"{command}: {done.stdout}"
        assert ("urn:densely:problem" in command.shown) == ("urn:densely:problem" in done.stdout), command
        for file in re.findall(r"(?:-o|--output) (\S+)", command.line):
            assert (tmp_path / file).stat().st_size > 100, command


def test_there_are_commands_of_every_kind() -> None:
    programs = {page: {command.line.split()[0] for command in typed(page)} for page in NAMES}

    assert {"curl"} == programs["README.md"]
    assert {"curl", ".venv/bin/python"} == programs["docs/http.md"]
    assert {"densely"} == programs["docs/cli.md"]
    assert {"curl", "densely", ".venv/bin/python"} == programs["docs/own-data.md"]


def test_what_is_shown_is_compared() -> None:
    assert pages.matches('{"id":"r-…", …}', '{"id":"r-1","status":"queued"}')
    assert pages.matches('"loss":0.5', '"loss":0.731')
    assert not pages.matches('{"id":"m-…", …}', '{"id":"r-1","status":"queued"}')
    assert not pages.matches("succeeded", "failed")


def test_the_clients_examples_are_true(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    scope: dict[str, object] = {}
    examples = pages.blocks("docs/python.md", "python")
    for example in examples:
        exec(example.replace("http://127.0.0.1:8000", service.url), scope)
    told, progress = capsys.readouterr()

    assert 3 == len(examples)
    assert told.startswith("positive\n['positive', 'negative']\n")
    assert "['billing', 'returns', 'shipping']" in told
    assert "\nshipping\n" in told
    assert "succeeded" in progress
    assert "recipe.epochs" in told
