"""The models that come with Densely: taken over once, into an empty database."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.artifacts.store import IDENTITY, ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.db import installation
from app.db.engine import Database
from app.db.tables import activations, models
from app.main import create_app
from app.services.registry import RegistryService
from app.settings import Settings
from app.wire.manifests import Manifest
from tests.support.artifacts import add_model, publish_artifact
from tests.support.clock import FakeClock
from tests.support.server import LiveServer
from tests.support.tasks import TASKS

BUNDLED = ("housing", "sentiment")  # those that the bundled folder of these tests has


class OwnBundle(Settings):
    """Settings of an installation that comes with other models."""

    bundle: Path

    @property
    def bundled_models(self) -> Path:
        """The folder that the test has filled."""
        return self.bundle


@pytest.fixture
def bundle(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "bundle")


@pytest.fixture
def bundled(bundle: ArtifactStore) -> dict[str, Manifest]:
    """A folder with two models, and the list that names them."""
    made = {task: publish_artifact(bundle, task) for task in BUNDLED}
    listing(bundle, {task: manifest.id for task, manifest in made.items()})
    return made


@pytest.fixture
def own(settings: Settings, bundle: ArtifactStore) -> OwnBundle:
    return OwnBundle(**settings.model_dump(), bundle=bundle.root)


def listing(bundle: ArtifactStore, ids: dict[str, str]) -> None:
    bundle.root.mkdir(exist_ok=True)
    (bundle.root / "bundled.json").write_text(json.dumps(ids))


@contextmanager
def started(*settings: Settings) -> Iterator[list[httpx.Client]]:
    """Applications that start at the same moment."""

    def start(one: Settings) -> LiveServer:
        return LiveServer(create_app(one))

    with ThreadPoolExecutor(len(settings)) as pool:
        starting = [pool.submit(start, one) for one in settings]
    try:
        yield [future.result().client for future in starting]
    finally:
        for future in starting:
            if future.exception() is None:
                future.result().close()


def rows(database: Database) -> tuple[list[Any], list[Any]]:
    """Models and activations."""
    with database.read() as tx:
        query = select(models.c.task, models.c.id, models.c.version, models.c.active).order_by(models.c.task)
        changes = select(activations.c.task, activations.c.model_id, activations.c.previous_model_id)
        return (
            [tuple(row) for row in tx.execute(query)],
            sorted(tuple(row) for row in tx.execute(changes.order_by(activations.c.task))),
        )


def predict(client: httpx.Client, task: str) -> httpx.Response:
    return client.post("/predict", json={"task": task, **TASKS.get(task).example})


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_applications_take_them_over_once(
    database: Database, own: OwnBundle, bundle: ArtifactStore, store: ArtifactStore, bundled: dict[str, Manifest]
) -> None:
    """Each task has one row, version 1, active; the files are copied whole, and both applications answer."""
    with started(own, own) as clients:
        for client in clients:
            for task, manifest in bundled.items():
                assert {"id": manifest.id, "version": 1} == predict(client, task).json()["model"]
            assert 503 == predict(client, "digits").status_code

    expected = [(task, manifest.id, 1, True) for task, manifest in sorted(bundled.items())]
    changes = [(task, manifest.id, None) for task, manifest in sorted(bundled.items())]
    assert (expected, changes) == rows(database)
    for task, manifest in bundled.items():
        assert contents(bundle.path(task, manifest.id)) == contents(store.path(task, manifest.id))
    assert [] == list((store.root / ".staging").glob("*"))


def test_starting_again_changes_nothing(database: Database, own: OwnBundle, bundled: dict[str, Manifest]) -> None:
    with started(own):
        before = rows(database)
    with started(own) as (client,):
        assert 200 == predict(client, "housing").status_code

    assert len(BUNDLED) == len(before[0])
    assert before == rows(database)


@pytest.mark.parametrize("active", [True, False])
def test_a_task_that_has_a_model_keeps_it(
    database: Database, own: OwnBundle, store: ArtifactStore, bundled: dict[str, Manifest], active: bool
) -> None:
    """An operator's model, active or not, is never put aside by an upgrade's bundled one."""
    mine = add_model(database, store, "housing", active=active)

    with started(own) as (client,):
        answer = predict(client, "housing")
        assert bundled["sentiment"].id == predict(client, "sentiment").json()["model"]["id"]

    found = [row for row in rows(database)[0] if row[0] == "housing"]
    assert [("housing", mine.id, 1, active)] == found
    assert (200 if active else 503) == answer.status_code
    assert not store.path("housing", bundled["housing"].id).exists()


def test_they_answer_from_where_they_lie(
    database: Database, own: OwnBundle, bundle: ArtifactStore, bundled: dict[str, Manifest]
) -> None:
    """By default the models folder is the bundled one: nothing is copied, nothing is moved."""
    before = {task: contents(bundle.path(task, manifest.id)) for task, manifest in bundled.items()}
    files = sorted(bundle.root.rglob("*"))

    with started(own.model_copy(update={"models_dir": bundle.root})) as (client,):
        assert 200 == predict(client, "housing").status_code

    assert before == {task: contents(bundle.path(task, manifest.id)) for task, manifest in bundled.items()}
    assert files == sorted(path for path in bundle.root.rglob("*") if path.name != IDENTITY)


def test_a_folder_without_a_list_bundles_nothing(
    database: Database, own: OwnBundle, bundle: ArtifactStore, bundled: dict[str, Manifest]
) -> None:
    (bundle.root / "bundled.json").unlink()

    with started(own) as (client,):
        assert 503 == predict(client, "housing").status_code

    assert ([], []) == rows(database)


def test_a_task_of_another_release_is_passed_over(
    database: Database, own: OwnBundle, bundle: ArtifactStore, bundled: dict[str, Manifest]
) -> None:
    listing(bundle, {"horoscope": "m-stars", "housing": bundled["housing"].id})

    with started(own):
        assert ["housing"] == [row[0] for row in rows(database)[0]]


def _flip(folder: Path) -> None:
    content = bytearray((folder / "weights.npz").read_bytes())
    content[-10] ^= 1
    (folder / "weights.npz").write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a flipped bit": _flip,
    "half a manifest": lambda folder: (folder / "manifest.json").write_bytes(b'{"format_version": 1'),
    "no folder": lambda folder: folder.rename(folder.with_name("elsewhere")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_takes_only_its_own_task_out_of_service(
    database: Database, own: OwnBundle, bundle: ArtifactStore, bundled: dict[str, Manifest], damage: str
) -> None:
    """The application starts all the same, and the other tasks answer."""
    DAMAGES[damage](bundle.path("housing", bundled["housing"].id))

    with started(own) as (client,):
        assert 503 == predict(client, "housing").status_code
        assert 200 == predict(client, "sentiment").status_code


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_taken_over_when_it_is_mended(
    database: Database,
    own: OwnBundle,
    bundle: ArtifactStore,
    bundled: dict[str, Manifest],
    tmp_path: Path,
    damage: str,
) -> None:
    """Without a restart, and nothing of the damaged one was copied; until then the probe says what is wrong."""
    model_id = bundled["housing"].id
    folder = bundle.path("housing", model_id)
    shutil.copytree(folder, tmp_path / "whole")
    DAMAGES[damage](folder)

    with started(own) as (client,):
        assert model_id in client.get("/health/ready").json()["tasks"]["housing"]
        assert 503 == client.get("/health/ready?task=housing").status_code
        shutil.rmtree(folder, ignore_errors=True)
        (tmp_path / "whole").rename(folder)
        end = time.monotonic() + 10
        while (answer := predict(client, "housing")).status_code == 503 and time.monotonic() < end:
            time.sleep(0.02)

    assert {"id": model_id, "version": 1} == answer.json()["model"]


class FarStore(ArtifactStore):
    """One that takes its time for what an object store would be asked, in which anybody may write to the database."""

    def __init__(self, root: Path, database: Database, identities: list[str]) -> None:
        super().__init__(root)
        self._database = database
        self._identities = identities
        self.asked: list[str] = []

    def _ask(self, name: str) -> None:
        with self._database.write() as tx:
            installation.put(tx, "asked", name)
        self.asked.append(name)

    def identity(self, *, make: bool = False) -> str | None:
        if make:
            self._ask("identity")
        return self._identities.pop(0) if len(self._identities) > 1 else self._identities[0]

    def copy_from(self, other: ArtifactStore, task: str, model_id: str) -> None:
        self._ask("copy_from")
        super().copy_from(other, task, model_id)


def test_no_transaction_waits_for_an_object_store(
    settings: Settings,
    database: Database,
    bundle: ArtifactStore,
    bundled: dict[str, Manifest],
    tmp_path: Path,
    clock: FakeClock,
) -> None:
    """And of two processes that give the store an identity at once, both tell of the one that stays."""
    impatient = Database(settings.url)
    store = FarStore(tmp_path / "far", impatient, ["mine", "others"])
    registry = RegistryService(database, TASKS, store, DatasetCatalog(tmp_path), clock)

    registry.register_folder()
    assert {} == registry.register_bundled(bundle)
    folder = store.path("housing", bundled["housing"].id)
    _flip(folder)
    assert {} == registry.register_bundled(bundle)
    impatient.close()

    with database.read() as tx:
        assert "others" == installation.get(tx, installation.MODELS_FOLDER)
    assert store.is_whole("housing", folder.name)
    assert ["identity", "identity", "identity", "copy_from", "copy_from", "copy_from"] == store.asked
