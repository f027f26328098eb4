"""What the tests of the served application share."""

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.settings import Settings
from app.wire.manifests import Manifest
from tests.integration.finished import Finished
from tests.support.artifacts import publish_artifact, register
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Manifest]]:
    """A folder to copy, with one small model for every task that there is: to publish them anew takes longer."""
    store = ArtifactStore(tmp_path_factory.mktemp("published"))
    return store.root, [publish_artifact(store, task, seed=number) for number, task in enumerate(TASKS.all)]


@pytest.fixture
def client(
    client_for: Callable[[Settings], httpx.Client],
    settings: Settings,
    database: Database,
    published: tuple[Path, list[Manifest]],
) -> httpx.Client:
    """A client of a served application with these models, all active."""
    folder, manifests = published
    shutil.copytree(folder, settings.models_dir, dirs_exist_ok=True)
    with database.write() as tx:
        for manifest in manifests:
            register(tx, manifest)
    return client_for(settings)


@pytest.fixture
def finished(database: Database, store: ArtifactStore, clock: FakeClock) -> Finished:
    """Makes finished runs and their models."""
    return Finished(database, store, clock)
