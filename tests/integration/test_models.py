"""`/models`: what was trained, with its manifest and files."""

import hashlib
import io
import json
import zipfile
from typing import Any

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.wire.manifests import Manifest
from tests.support.artifacts import add_model
from tests.support.tasks import TASKS

SHORT = "id task version run_id dataset dataset_is_sample metrics created_at active name".split()


@pytest.fixture
def second(client: httpx.Client, database: Database, store: ArtifactStore) -> Manifest:
    """A second housing model, not active."""
    return add_model(database, store, "housing", active=False, seed=9, test_metric=0.25)


def listed(client: httpx.Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/models{query}")
    assert 200 == answer.status_code, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_models_are_listed_newest_first(client: httpx.Client, second: Manifest) -> None:
    models = listed(client)

    tasks = ["housing", *reversed(list(TASKS.all))]
    first = len(tasks) - 1
    assert tasks == [model["task"] for model in models]
    assert [2, *[1] * first] == [model["version"] for model in models]
    assert [False, *[True] * first] == [model["active"] for model in models]
    assert set(SHORT) == set(models[0])
    assert (second.id, second.run_id, "boston_housing", False) == tuple(
        models[0][name] for name in ("id", "run_id", "dataset", "dataset_is_sample")
    )
    assert {"mae": 0.25, "loss": 1.0} == models[0]["metrics"]["test"]


def test_the_list_is_filtered_by_task(client: httpx.Client, second: Manifest) -> None:
    assert [2, 1] == [model["version"] for model in listed(client, "?task=housing")]
    assert ["digits"] == [model["task"] for model in listed(client, "?task=digits")]
    assert [] == listed(client, "?task=horoscope")


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7])
def test_paging_has_no_gaps_or_repeats_while_models_arrive(
    client: httpx.Client, second: Manifest, database: Database, store: ArtifactStore, limit: int
) -> None:
    there = [model["id"] for model in listed(client)]
    seen, cursor = [], ""
    while True:
        page = client.get(f"/models?limit={limit}{cursor}").json()
        assert len(page["items"]) <= limit
        seen += [model["id"] for model in page["items"]]
        if page["next"] is None:
            break
        add_model(database, store, "housing", active=False)
        cursor = f"&cursor={page['next']}"

    assert there == seen


def test_a_model_is_shown_with_its_manifest(client: httpx.Client, second: Manifest) -> None:
    """The short form, and everything that the artifact says of itself."""
    short = listed(client)[0]

    model = client.get(f"/models/{second.id}").json()

    assert short == {name: model[name] for name in SHORT}
    assert json.loads(second.model_dump_json()) == model["manifest"]
    assert second == Manifest.model_validate_json(json.dumps(model["manifest"]))
    assert {*SHORT, "pictures", "manifest"} == set(model)


def test_the_archive_holds_every_file(client: httpx.Client, second: Manifest, store: ArtifactStore) -> None:
    """A zip whose files are those of the store, byte for byte, with the checksums that the manifest names."""
    answer = client.get(f"/models/{second.id}/archive")

    assert (200, "application/zip") == (answer.status_code, answer.headers["content-type"])
    assert f'attachment; filename="{second.id}.zip"' == answer.headers["content-disposition"]
    assert str(len(answer.content)) == answer.headers["content-length"]
    folder = store.path("housing", second.id)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert {f"{second.id}/{path.name}": path.read_bytes() for path in folder.iterdir()} == contents
    assert {"manifest.json", "weights.npz", "preprocessing.json"} == {name.partition("/")[2] for name in contents}
    for name, record in second.files.items():
        content = contents[f"{second.id}/{name}"]
        assert (record.bytes, record.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_model_whose_files_are_gone_is_out_of_service(
    client: httpx.Client, second: Manifest, store: ArtifactStore
) -> None:
    """It stays in the list; its archive and manifest are a 503 that names it."""
    (store.path("housing", second.id) / "weights.npz").unlink()
    assert 503 == client.get(f"/models/{second.id}/archive").status_code
    assert 200 == client.get(f"/models/{second.id}").status_code

    weights = store.path("housing", second.id) / "weights.npz"
    for damaged in (b"", b"x" * 100):
        weights.write_bytes(damaged)
        answer = client.get(f"/models/{second.id}/archive")
        assert (503, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
        assert "weights.npz" in answer.json()["detail"]

    (store.path("housing", second.id) / "manifest.json").write_bytes(b"{")
    for path in (f"/models/{second.id}", f"/models/{second.id}/archive"):
        answer = client.get(path)
        assert (503, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
        assert second.id in answer.json()["detail"]
    assert second.id == listed(client)[0]["id"]
