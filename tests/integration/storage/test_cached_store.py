"""Models in an object store, seen from two machines that share nothing else."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.artifacts.cached import AGAIN_SECONDS, CachedArtifactStore, artifact_store
from app.artifacts.store import PREPROCESSING, WEIGHTS, ArtifactStore
from app.errors import ArtifactInvalid, StoreAway, Unusable
from app.settings import Settings
from app.storage.remote import MODELS, UPLOADS, Remote, open_remote
from app.wire.manifests import MANIFEST, Manifest
from tests.support.artifacts import publish_artifact
from tests.support.clock import FakeClock
from tests.support.s3 import S3, Fault


class Machines:
    """Each has its own folders, and its own connections."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url
        self._remotes: list[Remote] = []

    def new(
        self, name: str, cache_mib: int = 100, patience: float = 0.0, clock: FakeClock | None = None
    ) -> CachedArtifactStore:
        models = self._folder / name / "models"
        remote = open_remote(self._url, models, self._folder / name / "uploads", cache_mib, patience)
        assert remote is not None
        self._remotes.append(remote)
        if clock:
            return CachedArtifactStore(models, remote, clock.monotonic)
        store = artifact_store(models, remote)
        assert isinstance(store, CachedArtifactStore)
        return store

    def close(self) -> None:
        for remote in self._remotes:
            remote.close()


@pytest.fixture
def machines(s3: S3, tmp_path: Path) -> Iterator[Machines]:
    made = Machines(tmp_path, s3.url)
    yield made
    made.close()


def puts(s3: S3) -> list[str]:
    """File names of objects, in the order in which they were put."""
    return [found[1] for each in s3.seen if (found := re.match(r"PUT .*/([^/?]+)", each))]


def test_a_model_is_published_here_and_opened_there(machines: Machines, s3: S3) -> None:
    here, there = machines.new("one"), machines.new("two")
    made = publish_artifact(here, "housing")

    assert MANIFEST == puts(s3)[-1]
    assert {WEIGHTS, MANIFEST} < set(puts(s3))
    assert [("housing", made.id)] == list(there.published())
    assert made == there.manifest("housing", made.id)
    assert not there.path("housing", made.id).exists()  # the manifest alone was fetched
    opened = there.open("housing", made.id)
    asked = len(s3.seen)
    assert (
        opened.weights.keys()
        == there.open("housing", made.id).weights.keys()
        == here.open("housing", made.id).weights.keys()
    )
    assert asked == len(s3.seen)  # what is here is not asked for again
    there.verify("housing", made.id)
    there.archive("housing", made.id).close()


def test_nothing_is_seen_of_a_model_whose_publishing_is_cut_short(machines: Machines, s3: S3) -> None:
    """Files without a manifest are no model; the sweep removes them, once they are old."""
    here, there = machines.new("one"), machines.new("two")
    kept = publish_artifact(here, "housing")
    s3.faults.append(Fault(method="PUT", path=MANIFEST, status=403, code="AccessDenied"))
    with pytest.raises(Unusable, match="the right to"):
        publish_artifact(here, "digits")
    s3.faults.clear()
    left = [name for name in s3.names() if name.startswith("models/digits")]

    assert left
    assert [("housing", kept.id)] == list(there.published())
    there.sweep(lambda _: False, time.time() - 86_400)
    assert set(left) < set(s3.names())
    there.sweep(lambda _: False, time.time() + 60)
    assert not set(left) & set(s3.names())
    assert [("housing", kept.id)] == list(there.published())


def test_publishing_waits_for_a_store_that_is_away(machines: Machines, s3: S3) -> None:
    here = machines.new("one", patience=20)
    s3.faults.append(Fault(method="PUT", status=503, code="SlowDown", times=4))

    made = publish_artifact(here, "housing")

    assert [("housing", made.id)] == list(here.published())


def test_what_waits_in_vain_says_so(machines: Machines, s3: S3) -> None:
    here = machines.new("one")
    s3.faults.append(Fault(status=503, code="SlowDown"))

    with pytest.raises(StoreAway, match="does not answer"):
        publish_artifact(here, "housing")
    assert [] == list(ArtifactStore(here.root).published())


def test_a_damaged_file_of_the_cache_is_fetched_anew(machines: Machines) -> None:
    here = machines.new("one")
    made = publish_artifact(here, "housing")
    for harm in (lambda path: path.write_bytes(b"x"), Path.unlink):
        harm(here.path("housing", made.id) / WEIGHTS)
        assert here.open("housing", made.id).weights
        assert ArtifactStore(here.root).is_whole("housing", made.id)


def test_a_model_of_this_machine_alone_is_left_where_it_is(machines: Machines) -> None:
    """Also where it is damaged: there is no other one."""
    here = machines.new("one")
    made = publish_artifact(ArtifactStore(here.root), "housing")
    (here.path("housing", made.id) / WEIGHTS).write_bytes(b"x")

    with pytest.raises(ArtifactInvalid, match="does not have its checksum"):
        here.open("housing", made.id)
    assert (here.path("housing", made.id) / MANIFEST).exists()


def test_a_transfer_that_goes_wrong_without_a_word_is_made_again(machines: Machines, s3: S3) -> None:
    made = publish_artifact(machines.new("one"), "housing")
    s3.faults.append(Fault(method="GET", path=WEIGHTS, flip=True, times=1))

    assert machines.new("two").open("housing", made.id).weights


def test_a_damaged_object_is_told_and_not_asked_for_again_and_again(machines: Machines, s3: S3) -> None:
    made, there = publish_artifact(machines.new("one"), "housing"), machines.new("two")
    name = f"models/housing/{made.id}/{WEIGHTS}"
    whole = s3.get(name)
    s3.put(name, whole[:-1] + b"x")
    with pytest.raises(ArtifactInvalid, match=rf"{WEIGHTS} of model {made.id} does not have its checksum"):
        there.open("housing", made.id)
    asked = len(s3.seen)
    with pytest.raises(ArtifactInvalid, match="does not have its checksum"):
        there.open("housing", made.id)

    assert asked == len(s3.seen)
    assert [] == list(there.root.glob("housing/*"))
    assert [] == list((there.root / ".staging").iterdir())


def test_what_is_refused_is_not_asked_for_again_and_again(machines: Machines, s3: S3) -> None:
    """An active model is looked for twice a second, however large it is."""
    clock = FakeClock()
    made, there = publish_artifact(machines.new("one"), "housing"), machines.new("two", clock=clock)
    s3.faults.append(Fault(method="GET", path=WEIGHTS, status=403, code="AccessDenied"))
    asked = []
    for _ in range(3):
        with pytest.raises(Unusable, match=r"refuses .AccessDenied."):
            there.open("housing", made.id)
        asked.append(len(s3.seen))
    assert 1 == len(set(asked))
    s3.faults.clear()
    clock.advance(AGAIN_SECONDS)

    assert there.open("housing", made.id).weights


def test_a_full_disk_keeps_back_one_model_alone(machines: Machines, s3: S3, small_disk: Path) -> None:
    """It is not downloaded again and again, and the store is not said to give nothing."""
    made = publish_artifact(machines.new("one"), "housing")
    clock = FakeClock()
    there = machines.new("disk", clock=clock)
    filling = small_disk / "filling"
    filling.write_bytes(bytes(2**20 - 2**13))
    asked = []
    with capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(Unusable, match="No space left"):
                there.open("housing", made.id)
            asked.append(len(s3.seen))
    assert [] == lines
    assert there.is_reachable("housing", "m-1")
    assert 1 == len(set(asked))
    filling.unlink()
    clock.advance(AGAIN_SECONDS)

    assert there.open("housing", made.id).weights


def test_a_model_that_is_nowhere_is_told(machines: Machines) -> None:
    with pytest.raises(ArtifactInvalid, match="neither here nor in the object store"):
        machines.new("one").open("housing", "m-1")


def test_many_may_fetch_a_model_at_once(machines: Machines) -> None:
    """Threads of one process take turns; processes of one machine meet in its folder."""
    made = publish_artifact(machines.new("one"), "housing")
    stores = [machines.new("two") for _ in range(3)]

    with ThreadPoolExecutor(9) as threads:
        opened = list(threads.map(lambda store: store.open("housing", made.id), stores * 3))

    assert 9 == len(opened)
    assert ["housing"] == [path.name for path in stores[0].root.iterdir() if not path.name.startswith(".")]


def test_the_cache_keeps_to_its_limit(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is evicted is fetched again; bundled models stay."""
    monkeypatch.setattr("app.storage.kept.USED_AGAIN", -1.0)  # nothing counts as used just now
    here = machines.new("one")
    bundle = ArtifactStore(here.root.parent / "bundle")
    bundled = publish_artifact(bundle, "newswire")
    (bundle.root / "bundled.json").write_text(json.dumps({"newswire": bundled.id}))
    here.copy_from(bundle, "newswire", bundled.id)
    here._kept._limit = 2 * sum(record.bytes for record in bundled.files.values())
    made = [publish_artifact(here, "newswire", seed=seed) for seed in range(3)]

    present = [m.id for m in made if here.path("newswire", m.id).exists()]

    assert len(present) < 3
    assert here.path("newswire", bundled.id).exists()
    assert all(here.open("newswire", each.id).weights for each in made)
    assert {bundled.id, *(each.id for each in made)} == {model_id for _, model_id in machines.new("two").published()}


@pytest.mark.parametrize("lost", [MANIFEST, PREPROCESSING])
def test_what_the_store_has_half_of_is_not_evicted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    """While files are put into a bucket that was made anew, the manifest last: the copy here may be the only one."""
    monkeypatch.setattr("app.storage.kept.USED_AGAIN", -1.0)  # nothing counts as used just now
    (tmp_path / "root").mkdir()
    machines = Machines(tmp_path, f"file://{tmp_path}/root")
    here = machines.new("one")
    halved, whole = publish_artifact(here, "housing"), publish_artifact(here, "housing", seed=1)
    there = tmp_path / "root" / "models" / "housing" / halved.id
    assert (there / PREPROCESSING).stat().st_size < (there / MANIFEST).stat().st_size
    (there / lost).unlink()
    here._kept._limit = 0

    here._kept.trim()

    assert here.is_whole("housing", halved.id)
    assert not here.path("housing", whole.id).exists()
    machines.close()


def test_a_store_that_gives_nothing_is_not_asked_what_could_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it stalls, whoever publishes or fetches would wait for every question."""
    monkeypatch.setattr("app.storage.kept.USED_AGAIN", -1.0)  # nothing counts as used just now
    (tmp_path / "store").mkdir()
    asked: list[str] = []
    remote = open_remote(
        f"file://{tmp_path}/store",
        tmp_path / "models",
        tmp_path / "uploads",
        1,
        count=lambda *each: asked.append(each[0]),
    )
    assert remote
    remote.kept.mark(UPLOADS, "d-1", 2**21)
    was_asked = []
    for note in (lambda: remote.objects.health.went_away("no"), lambda: remote.objects.health.answered("put")):
        note()
        remote.kept.trim()
        was_asked.append(bool(asked))

    assert [False, True] == was_asked


def test_what_is_put_anew_is_not_known_to_be_there_before_it_is(machines: Machines, s3: S3) -> None:
    here = machines.new("one")
    made = publish_artifact(here, "housing")
    s3.reset()  # as when the bucket is made anew
    s3.faults.append(Fault(method="PUT", path=MANIFEST, status=403, code="AccessDenied"))

    with pytest.raises(Unusable):
        here.keep("housing", made.id)
    assert not here._kept.knows(MODELS, f"housing.{made.id}")
    s3.faults.clear()
    assert here.keep("housing", made.id)
    assert here._kept.knows(MODELS, f"housing.{made.id}")


def test_what_is_removed_is_gone_here_and_there(machines: Machines, s3: S3) -> None:
    here, there = machines.new("one"), machines.new("two")
    made = publish_artifact(here, "housing")
    s3.faults.append(Fault(method="DELETE", path=WEIGHTS, status=503, code="SlowDown", times=3))
    here.remove(here.path("housing", made.id))

    assert not here.path("housing", made.id).exists()
    assert [] == list(there.published())  # its manifest went first
    s3.faults.clear()
    time.sleep(0)
    machines.new("three").sweep(lambda _: False, time.time() + 60)
    assert [] == s3.names()


def test_an_orphan_is_swept_once_it_is_old(machines: Machines, s3: S3) -> None:
    here = machines.new("one")
    orphan, wanted = publish_artifact(here, "housing"), publish_artifact(here, "digits")

    def is_orphan(manifest: Manifest) -> bool:
        return manifest.id == orphan.id

    here.sweep(is_orphan, time.time() - 86_400)
    assert 2 == len(list(here.published()))
    asked = len(s3.seen)
    here.sweep(is_orphan, time.time() + 60, lambda: {wanted.id})
    assert [("digits", wanted.id)] == list(here.published())
    assert not any(wanted.id in line for line in s3.seen[asked:])  # what has a row is not read


def test_a_store_has_one_identity(machines: Machines) -> None:
    here, there = machines.new("one"), machines.new("two")

    assert here.identity() is None
    made = here.identity(make=True)
    assert made
    assert made == there.identity() == there.identity(make=True)


def test_without_a_store_everything_is_in_the_folder(settings: Settings, s3: S3) -> None:
    del s3
    assert open_remote("", settings.models_dir, settings.uploads, 1) is None
    store: Any = artifact_store(settings.models_dir, None)
    assert type(store) is ArtifactStore
