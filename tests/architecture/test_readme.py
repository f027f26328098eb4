"""The README tells the truth."""

import hmac
import re
import shlex
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import app
from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.domain.webhooks import signature
from app.main import create_app
from app.settings import Settings
from tests.support.server import LiveServer
from tests.support.tasks import TASKS

ROOT = Path(app.__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PREDICTIONS = re.findall(r"^\$ (curl .*/predict .*)\n(\{.*\})$", README, flags=re.MULTILINE)
MOST_MEGABYTES = 20


def test_every_setting_is_in_the_table_with_its_default() -> None:
    """Names, defaults and meanings: the table and the code say the same."""
    rows = dict(re.findall(r"^\| `DENSELY_(\w+)` \| (.+?) \| .+ \|$", README, flags=re.MULTILINE))
    meanings = dict(re.findall(r"^\| `DENSELY_(\w+)` \| .+? \| (.+) \|$", README, flags=re.MULTILINE))
    fields = {name.upper(): field for name, field in Settings.model_fields.items()}

    assert set(fields) == set(rows)
    for name, field in fields.items():
        assert field.description == meanings[name]
        if isinstance(field.default, bool):
            assert f"`{str(field.default).lower()}`" == rows[name]
        elif isinstance(field.default, int | float):
            assert f"`{field.default:g}`" == rows[name]


def test_the_commands_are_those_of_the_makefile() -> None:
    targets = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"\bmake (\w+)`", README)) | set(re.findall(r"^\$ make (\w+)$", README, re.MULTILINE))

    assert {"run", "test", "lint", "bench", "models"} <= targets
    assert {"run", "test"} <= named <= targets


def test_every_task_is_in_the_table() -> None:
    assert set(TASKS.all) == set(re.findall(r"^\| `(\w+)` \| .* \| .* \| `\w+` \|", README, re.MULTILINE))


@pytest.fixture
def bundled_client(settings: Settings, database: Database) -> object:
    """The service on its first start, with the models that come with it."""
    server = LiveServer(create_app(settings))
    yield server.client
    server.close()


def test_the_predictions_shown_are_what_the_bundled_models_answer(bundled_client: httpx.Client) -> None:
    assert len(PREDICTIONS) >= 4
    for command, expected in PREDICTIONS:
        words = shlex.split(command)
        answer = bundled_client.post(
            "/predict", content=words[words.index("-d") + 1], headers={"Content-Type": "application/json"}
        )
        assert expected == answer.text


def test_no_example_puts_a_toy_in_the_place_of_a_real_model() -> None:
    """Whoever follows the README has a service that is as good afterwards as it was."""
    trainings = [line for line in README.splitlines() if "/train" in line and '"sample"' in line]

    assert trainings
    assert [] == [line for line in trainings if '"always"' in line]


def test_the_bundled_models_are_whole_small_and_trained_on_real_data(tmp_path: Path) -> None:
    """One per task; their manifests say how they were made."""
    store = ArtifactStore(ROOT / "models_store")
    bundled = store.bundled()

    assert set(TASKS.all) == set(bundled)
    assert sum(p.stat().st_size for p in store.root.rglob("*") if p.is_file()) < MOST_MEGABYTES * 1e6
    for task, model_id in bundled.items():
        manifest = store.open(task, model_id).manifest
        assert not manifest.dataset.is_sample
        assert {"manifest.json", "weights.npz", "preprocessing.json", "evaluation.npz", "model.keras"} == {
            p.name for p in store.path(task, model_id).iterdir()
        }
        assert manifest.parity.max_difference <= 1e-5
        assert {"densely", "keras", "numpy", "tensorflow"} == set(manifest.versions)
        metric = manifest.recipe.metric
        shown = re.search(rf"^\| `{task}` .*$", README, flags=re.MULTILINE)
        assert shown is not None
        assert f"{manifest.metrics.test[metric]:.{3 if metric == 'accuracy' else 2}f}" in shown.group()


def test_the_check_of_a_webhooks_signature_works() -> None:
    """The receiver's code as the README has it, run on what the worker sends."""
    (source,) = re.findall(r"^```python\n(def is_ours.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    scope: dict[str, Any] = {"hmac": hmac, "time": time}
    exec(source, scope)
    now, body, secret = datetime.now(UTC), b'{"event":"run.finished"}', "0123456789abcdef"

    assert scope["is_ours"](signature(secret, now, body), body, secret)
    assert not scope["is_ours"](signature(secret, now, body), body + b" ", secret)
    assert not scope["is_ours"](signature("another secret ", now, body), body, secret)
    assert not scope["is_ours"](signature(secret, now - timedelta(hours=1), body), body, secret)
