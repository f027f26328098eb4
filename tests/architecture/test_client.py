"""The two scripts that hold the Python client to the service, and its one side to the other."""

import copy
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.settings import Settings
from benchmarks.service import REPOSITORY
from clients.python.scripts import check_forms
from densely_client import Densely, Run, Sweep
from densely_client.sync.models import Models
from densely_client.sync.runs import Runs
from densely_client.sync.sweeps import Sweeps
from densely_client.sync.tasks import Tasks
from tests.support import pages

SCRIPTS = REPOSITORY / "clients" / "python" / "scripts"
Document = dict[str, Any]


def differences(document: Document) -> list[str]:
    """Between the client's forms and a description."""
    return list(check_forms.compare(document).differences)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Document:
    document: Document = create_app(Settings(home=tmp_path_factory.mktemp("home"))).api.openapi()
    return document


def test_the_clients_forms_are_the_services(described: Document) -> None:
    assert [] == differences(described)


def _without_a_field(run: Document) -> None:
    del run["properties"]["seed"]


def _with_another(run: Document) -> None:
    run["properties"]["priority"] = {"type": "integer"}


def _left_out(run: Document) -> None:
    run["required"].remove("seed")


def _of_another_type(run: Document) -> None:
    run["properties"]["seed"] = {"type": "string"}


def _sometimes_none(run: Document) -> None:
    run["properties"]["seed"] = {"anyOf": [{"type": "integer"}, {"type": "null"}]}


def _never_none(run: Document) -> None:
    run["properties"]["model_id"] = {"type": "string"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without_a_field, ": `seed` is only in the form"),
        (_with_another, ": `priority` is only in the description"),
        (_left_out, ".seed: the form requires it, and the service may leave it out"),
        (_of_another_type, ".seed: the service sends string, the form has <class 'int'>"),
        (_sometimes_none, ".seed: the service sends null, the form has <class 'int'>"),
        (_never_none, ".model_id: the form may have None, which the service never sends"),
    ],
)
def test_what_differs_is_told(described: Document, change: Callable[[Document], None], told: str) -> None:
    changed = copy.deepcopy(described)
    change(changed["components"]["schemas"]["Run"])

    assert f"GET /runs/{{run_id}}{told}" in differences(changed)


def test_a_keyword_that_the_service_does_not_take_is_told(described: Document) -> None:
    changed = copy.deepcopy(described)
    asked = changed["components"]["schemas"]["TrainRequest"]["properties"]
    asked["seed"], asked["priority"] = {"type": "string"}, asked.pop("preset")

    assert {
        "POST /train: `seed` may be <class 'int'>, which the service does not take",
        "POST /train: `priority` is only in the description",
        "POST /train: `preset` is only in the keywords",
    } == set(differences(changed))


def test_the_page_names_every_method() -> None:
    """In the table's row of what has them; of a run also its attributes that ask the service."""
    rows = {first: f"{first} {rest}" for first, rest in pages.table("docs/python.md", "part")}
    has = {
        "client.runs": Runs,
        "client.sweeps": Sweeps,
        "client.models": Models,
        "client.tasks": Tasks,
        "a run": Run,
        "a sweep": Sweep,
    }
    for part, kind in has.items():
        own = {name for name in vars(kind) if not name.startswith("_")}
        assert [] == [name for name in sorted(own) if not re.search(rf"\.{name}\b", rows[part])], part
    whole = " ".join(rows.values())
    own = {name for name in vars(Densely) if not name.startswith("_")}
    assert [] == [name for name in sorted(own) if not re.search(rf"\.{name}\(", whole)]


def test_a_synchronous_side_that_is_not_generated_is_told(tmp_path: Path) -> None:
    """A change by hand, a module too many, and one too few."""
    client = tmp_path / "clients" / "python"
    shutil.copytree(SCRIPTS.parent, client)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    side = client / "src" / "densely_client" / "sync"
    check = [sys.executable, str(client / "scripts" / "generate_sync.py"), "--check"]
    assert 0 == subprocess.run(check, timeout=60, check=False).returncode
    with (side / "runs.py").open("a", encoding="utf-8") as file:
        file.write("# mine\n")
    (side / "tasks.py").rename(side / "mine.py")

    done = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)

    assert 1 == done.returncode
    assert "mine.py, runs.py, tasks.py must be made anew" in done.stderr
