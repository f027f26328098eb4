"""README and the pages of documentation tell the truth."""

import base64
import configparser
import re
import shlex
import tomllib
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import yaml
from standardwebhooks import Webhook, WebhookVerificationError

import app
from app.artifacts.store import ArtifactStore
from app.cli.commands import app as command_line
from app.db.engine import Database
from app.domain import runs
from app.domain.optimizers import Optimizer
from app.domain.recipes import Activation, HeadName
from app.main import create_app
from app.settings import Settings
from app.tasks.catalog import task_of
from app.wire.declarations import Declaration
from tests.support import pages
from tests.support.server import LiveServer
from tests.support.tasks import TASKS

README = pages.text("README.md")
NAMES = [pages.name_of(page) for page in pages.PAGES]
MOST_LINES = 150  # of the README
MOST_MEGABYTES = 30
# Programs whose commands some test runs, or holds against what there is.
PROGRAMS = {"make", "curl", "densely", ".venv/bin/python", ".venv/bin/pytest", ".venv/bin/alembic"}


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    linked = {target.partition("#")[0] for target in pages.links("README.md")}

    assert len(README.splitlines()) <= MOST_LINES
    assert set(NAMES) - {"README.md"} <= linked


@pytest.mark.parametrize("name", NAMES)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    for target in pages.links(name):
        file, _, anchor = target.partition("#")
        leads_to = (pages.ROOT / name).parent / file if file else pages.ROOT / name
        assert leads_to.exists(), target
        assert not anchor or anchor in pages.anchors(leads_to), target


def test_links_that_lead_nowhere_are_found() -> None:
    """The headings of a page are those that it has, and what stands in a block of code is none."""
    found = pages.anchors(pages.ROOT / "README.md")

    assert "the-five-tasks" in found
    assert not any("json" in anchor for anchor in found)


@pytest.mark.parametrize("name", NAMES)
def test_all_code_is_of_a_language_that_tests_run(name: str) -> None:
    """Drawings have none; consoles hold commands of programs that are known here."""
    assert pages.languages(name) <= {"", "console", "python", "javascript", "ini", "json"}
    for command in pages.commands(name):
        assert command.line.split()[0] in PROGRAMS, command


def test_python_is_on_the_pages_whose_tests_run_it() -> None:
    """`docs/python.md` against a started service, the receiver of webhooks below."""
    assert {"docs/python.md", "docs/http.md"} == {name for name in NAMES if pages.blocks(name, "python")}
    assert 1 == len(pages.blocks("docs/http.md", "python"))


def test_every_setting_is_in_the_table_with_its_default() -> None:
    """Names, defaults and meanings: the table and the code say the same."""
    rows = {name.removeprefix("DENSELY_"): rest for name, *rest in pages.table("docs/settings.md", "variable")}
    fields = {name.upper(): field for name, field in Settings.model_fields.items()}

    assert {*fields, "KERAS_HOME"} == set(rows)
    for name, field in fields.items():
        default, meaning = rows[name]
        assert field.description == meaning
        if isinstance(field.default, bool):
            assert str(field.default).lower() == default
        elif isinstance(field.default, int | float):
            assert str(field.default).removesuffix(".0") == default


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_that_a_page_names_is_in_the_table(name: str) -> None:
    known = {row[0] for row in pages.table("docs/settings.md", "variable")} | {"DENSELY_URL", "DENSELY_API_KEY"}
    of_tests = set(re.findall(r"\bDENSELY_TEST_[A-Z_]+\b", pages.text("tests/conftest.py")))

    assert set(re.findall(r"\bDENSELY_[A-Z_]+\b", pages.text(name))) <= known | of_tests


def test_the_commands_of_make_are_those_of_the_makefile() -> None:
    targets = set(re.findall(r"^(\w+):.*##", pages.text("Makefile"), flags=re.MULTILINE))
    named = {target for name in NAMES for target in re.findall(r"\bmake (\w+)`", pages.text(name))}
    typed = {command.line.split()[1] for command in pages.all_commands() if command.line.startswith("make ")}

    assert {"run", "test", "lint", "bench", "models"} <= targets
    assert {"run", "test", "lint", "bench", "lock", "models"} <= named | typed <= targets


def test_the_modules_that_are_to_be_run_are_there() -> None:
    typed = [shlex.split(command.line) for command in pages.all_commands() if "python -m" in command.line]
    named = re.findall(r"`(benchmarks\.\w+)`", pages.text("docs/benchmarks.md"))

    assert len(typed) > 5
    for words in typed:
        assert find_spec(words[words.index("-m") + 1]) is not None
    assert len(named) > 3
    assert all(find_spec(module) for module in named)


def test_the_tests_that_are_to_be_run_are_there() -> None:
    typed = [shlex.split(command.line) for command in pages.all_commands() if "/pytest" in command.line]

    assert typed
    for words in typed:
        assert all((pages.ROOT / word).is_dir() for word in words if word.startswith("tests"))


def test_the_next_migration_is_the_one_after_the_last() -> None:
    (line,) = [command.line for command in pages.all_commands() if "/alembic" in command.line]
    last = max(path.name[:4] for path in (pages.ROOT / "migrations" / "versions").glob("0*.py"))

    assert f"{int(last) + 1:04}" == shlex.split(line)[shlex.split(line).index("--rev-id") + 1]


def test_the_rooms_are_the_packages_that_there_are() -> None:
    packages = {path.parent.name for path in (pages.ROOT / "app").glob("*/__init__.py")}

    assert packages == {row[0] for row in pages.table("docs/architecture.md", "room")}


def test_every_room_stands_in_the_picture_of_the_arrows() -> None:
    *_, picture = pages.blocks("docs/architecture.md", "")
    packages = {path.parent.name for path in (pages.ROOT / "app").glob("*/__init__.py")}

    assert packages <= set(re.findall(r"\w+", picture))


def test_the_picture_of_the_arrows_has_what_import_linter_holds_in_its_layers() -> None:
    *_, picture = pages.blocks("docs/architecture.md", "")
    (layers,) = [
        contract["layers"]
        for contract in tomllib.loads(pages.text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
        if contract["name"] == "Arrows point down"
    ]

    held = {name.removeprefix("app.") for layer in layers for name in layer.split(" | ")}
    assert set() == held - set(re.findall(r"[\w.]+\w", picture))


def test_every_module_beside_the_rooms_has_its_row() -> None:
    rows = pages.table("docs/architecture.md", "module")
    named = {name for first, _ in rows for name in re.findall(r"(\w+)\.py", first)}

    assert {path.stem for path in (pages.ROOT / "app").glob("[a-z]*.py")} == named


@pytest.mark.parametrize("name", NAMES)
def test_every_file_of_the_code_that_a_page_names_is_there(name: str) -> None:
    """By its path from the root, or from `app`."""
    for path in re.findall(r"`((?:\w+/)+\w+\.py)`", pages.text(name)):
        assert any((folder / path).is_file() for folder in (pages.ROOT, pages.ROOT / "app")), path


def test_the_transitions_of_a_run_are_those_of_the_domain() -> None:
    rows = pages.table("docs/architecture.md", "from")

    assert {(before, change): after for before, change, after, _ in rows} == runs.TRANSITIONS


def test_every_call_is_in_the_table(settings: Settings) -> None:
    described = create_app(settings).api.openapi()["paths"]
    tasks = "|".join(TASKS.all)
    calls = {
        f"{method.upper()} {re.sub(rf'^/tasks/({tasks})/', '/tasks/{task}/', path)}"
        for path, item in described.items()
        for method in item
    }

    assert calls == {row[0] for row in pages.table("docs/http.md", "call")}


def test_every_command_is_in_the_table() -> None:
    called = [each.callback.__name__ for each in command_line.registered_commands if each.callback]
    single = {name.replace("_", "-") for name in called}
    groups = {each.name for each in command_line.registered_groups}

    assert {f"densely {name}" for name in {*single, *groups}} == {
        row[0] for row in pages.table("docs/cli.md", "command")
    }


def test_what_a_recipe_may_have_is_what_the_domain_takes() -> None:
    parts = {row[0]: row[1] for row in pages.table("docs/http.md", "a recipe's part")}
    kinds = [kind.model_fields["kind"].default for kind in get_args(get_args(Optimizer)[0])]

    assert list(get_args(Activation)) == parts["activation"].split()
    assert kinds == parts["optimizer"].split("`")[1].split()
    assert list(get_args(HeadName)) == re.findall(r"`(\w+)`", parts["head"])


def test_the_datasets_are_those_of_the_tasks() -> None:
    rows = {row[0]: row[1:] for row in pages.table("docs/data.md", "dataset")}
    published = {info.name: (task, info) for task in TASKS.all.values() for info in task.datasets if info.published}

    assert set(published) == set(rows)
    for name, (task, info) in published.items():
        assert task.name == rows[name][0]
        assert f"{info.train_rows:,}, {info.test_rows:,}" == rows[name][-1]
        assert task.target in rows[name][2]


def test_every_task_is_in_the_table() -> None:
    assert set(TASKS.all) == {row[0] for row in pages.table("README.md", "task")}


def test_the_unit_of_systemd_starts_a_command() -> None:
    (unit,) = pages.blocks("docs/operations.md", "ini")
    parsed = configparser.ConfigParser()
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(unit)
    program, command = parsed["Service"]["ExecStart"].split()

    assert "densely" == Path(program).name
    assert command in {each.callback.__name__ for each in command_line.registered_commands if each.callback}


def test_the_changelog_tells_of_this_version() -> None:
    latest = re.search(r"^## (\S+)", pages.text("CHANGELOG.md"), flags=re.MULTILINE)

    assert latest is not None
    assert app.__version__ == latest.group(1)


def test_pre_commit_runs_what_lint_runs() -> None:
    hooks = [hook for repo in yaml.safe_load(pages.text(".pre-commit-config.yaml"))["repos"] for hook in repo["hooks"]]
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", pages.text("Makefile"), flags=re.MULTILINE)

    assert recipe is not None
    lines = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.group(1).splitlines()]
    assert lines == [hook["entry"] for hook in hooks]


@pytest.fixture
def bundled_client(settings: Settings, database: Database) -> object:
    """The service on its first start, with the models that come with it."""
    server = LiveServer(create_app(settings))
    yield server.client
    server.close()


def test_the_predictions_shown_are_what_the_bundled_models_answer(bundled_client: httpx.Client) -> None:
    predictions = [each for each in pages.all_commands() if "/predict " in each.line and "…" not in each.shown]

    assert len(predictions) >= 4
    for command in predictions:
        words = shlex.split(command.line)
        answer = bundled_client.post(
            "/predict", content=words[words.index("-d") + 1], headers={"Content-Type": "application/json"}
        )
        assert command.shown == answer.text


def test_no_example_puts_a_toy_in_the_place_of_a_real_model() -> None:
    """Whoever follows the pages has a service that is as good afterwards as it was."""
    trainings = [command.line for command in pages.all_commands() if "/train" in command.line]

    assert any('"sample"' in line for line in trainings)
    assert [] == [line for line in trainings if '"always"' in line]


def test_the_bundled_models_are_whole_small_and_trained_on_real_data() -> None:
    """One per task; their manifests say how they were made."""
    store = ArtifactStore(pages.ROOT / "models_store")
    bundled = store.bundled()
    shown = {row[0]: row for row in pages.table("README.md", "task")}

    assert set(TASKS.all) == set(bundled)
    assert sum(p.stat().st_size for p in store.root.rglob("*") if p.is_file()) < MOST_MEGABYTES * 1e6
    for task, model_id in bundled.items():
        manifest = store.open(task, model_id).manifest
        assert not manifest.dataset.is_sample
        parts = {"manifest.json", "weights.npz", "preprocessing.json", "evaluation.npz", "model.keras", "novelty.npz"}
        assert parts == {p.name for p in store.path(task, model_id).iterdir()}
        assert manifest.parity.max_difference <= 1e-5
        assert {"densely", "keras", "numpy", "tensorflow"} == set(manifest.versions)
        metric = manifest.recipe.metric
        assert f"{manifest.metrics.test[metric]:.{3 if metric == 'accuracy' else 2}f}" in shown[task][4]


def test_the_check_of_a_webhooks_signature_works() -> None:
    """The receiver's code as the page has it, run on what is signed."""
    (source,) = pages.blocks("docs/http.md", "python")
    scope: dict[str, Any] = {}
    exec(source, scope)
    secret, body, now = "whsec_" + base64.b64encode(b"0" * 32).decode(), '{"data": {"id": "r-1"}}', datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, body),
    }

    assert {"id": "r-1"} == scope["run_of"](headers, body.encode(), secret)
    with pytest.raises(WebhookVerificationError):
        scope["run_of"](headers, body.encode() + b" ", secret)


def test_the_declaration_of_a_task_is_one() -> None:
    (declared,) = pages.blocks("docs/extending.md", "json")

    task = task_of(Declaration.model_validate_json(declared))

    assert ("text", ("subject", "message"), ("subject",)) == (task.kind, task.input_columns, task.optional_columns)
