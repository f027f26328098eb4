"""What `densely doctor` looks at on the disk: folders, database, models, datasets, room. It changes nothing."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.artifacts.store import ArtifactStore
from app.cli.finding import Finding
from app.cli.stores import remote_of
from app.datasets.catalog import DatasetCatalog
from app.domain.counting import counted
from app.errors import ArtifactInvalid, DatasetInvalid, DenselyError, Unavailable, Unusable
from app.kinds.base import Task
from app.settings import Settings
from app.store_urls import mend_of
from app.tasks.catalog import TaskCatalog
from app.wire.declarations import DatasetInfo

LEAST_ROOM = 2**30  # bytes: a checkpoint and a published model of the largest size, with some to spare
NO_FILE = "no file yet; the first start makes it"


def folders(settings: Settings) -> Iterator[Finding]:
    """Whether what must be written can be."""
    for variable, folder in (("DENSELY_HOME", settings.home), ("DENSELY_MODELS_DIR", settings.models_dir)):
        place = _existing(folder)
        if not place.is_dir():
            yield Finding("folders", "wrong", f"{place} is no folder", f"set {variable} to another place")
        elif not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            mend = f"give this user the right to write there, or set {variable} to another place"
            yield Finding("folders", "wrong", f"{place} cannot be read and written", mend)
        else:
            yield Finding("folders", "ok", f"{folder}" + ("" if folder.is_dir() else ", made at the first start"))


def database(settings: Settings) -> Finding:
    """Whether it answers and has this release's tables."""
    from app.db import condition
    from app.db.engine import Database, is_newer

    if not settings.database_url and not (settings.home / "densely.db").exists():  # opening it would make it
        return Finding("database", "note", NO_FILE, "`densely up`, or `densely migrate`")
    try:
        opened = Database(settings.url)
        if opened.file and not opened.file.exists():
            return Finding("database", "note", NO_FILE, "`densely up`, or `densely migrate`")
        condition.check(settings.url, thorough=True)
        try:
            opened.check_revision()
            newer = is_newer(opened.revision() or "")
        finally:
            opened.close()
    except Unusable as error:
        told, _, mend = error.message.partition(": ")
        return Finding("database", "wrong", told, mend or "correct DENSELY_DATABASE_URL")
    except DenselyError as error:
        # The URL may hold a password: it is not shown.
        mend = "run `densely migrate`" if "migrate" in error.message else "correct DENSELY_DATABASE_URL, or start it"
        return Finding("database", "wrong", error.message, mend)
    which = "of a newer release with which this one goes on" if newer else "those of this release"
    return Finding("database", "ok", f"{opened.engine.dialect.name} answers, its tables are {which}")


def privacy(settings: Settings) -> Iterator[Finding]:
    """Whether others on this machine may read the database: a file that is there keeps the mode that it has."""
    from app.db.engine import Database

    if not settings.database_url and not (settings.home / "densely.db").exists():  # opening it would make it
        return
    try:
        file = Database(settings.url, quiet=True).file
    except Unusable:  # which another check tells
        return
    beside = [file.with_name(file.name + end) for end in ("", "-wal", "-shm")] if file else []
    opened = [path for path in beside if path.exists() and path.stat().st_mode & 0o077]
    if opened:
        told = f"others on this machine may read {opened[0]}, with hashes of keys and addresses of webhooks"
        yield Finding("database", "note", told, f"chmod 600 {' '.join(map(str, opened))}")


def models(settings: Settings) -> Iterator[Finding]:
    """Whether every artifact is whole: those that come with Densely, and those published here."""
    bundled = ArtifactStore(settings.bundled_models)
    try:
        listed = bundled.bundled()
    except ArtifactInvalid:
        yield Finding("models", "wrong", f"{bundled.root / 'bundled.json'} cannot be read", "fetch the release again")
        return
    mend = "restore them from the release, for example with `git checkout models_store`"
    yield _checked(bundled, sorted(listed.items()), "that come with Densely", mend)
    if settings.models_dir.resolve() == bundled.root.resolve():
        published = sorted(set(bundled.published()) - set(listed.items()))
    else:
        published = sorted(ArtifactStore(settings.models_dir).published())
    mend = "restore its files from a backup, or activate another model with `densely activate`"
    yield _checked(ArtifactStore(settings.models_dir), published, f"in {settings.models_dir}", mend)


def _checked(store: ArtifactStore, artifacts: list[tuple[str, str]], where: str, mend: str) -> Finding:
    wrong = [reason for task, model_id in artifacts if (reason := _damage(store, task, model_id))]
    if wrong:
        return Finding("models", "wrong", "; ".join(wrong[:5]), mend)
    return Finding("models", "ok", f"{len(artifacts)} {where}, every checksum right")


def _damage(store: ArtifactStore, task: str, model_id: str) -> str | None:
    """What is wrong with an artifact."""
    try:
        store.verify(task, model_id)
    except ArtifactInvalid as error:
        return f"{store.path(task, model_id)}: {error.message}"
    return None


def store(settings: Settings) -> Iterator[Finding]:
    """Whether the object store takes an object, gives it back and removes it, if there is one."""
    if not settings.store_url:
        return
    name = f"probe-{secrets.token_hex(6)}"
    try:
        with remote_of(settings) as remote, tempfile.TemporaryDirectory() as folder:
            assert remote is not None
            sent, back = Path(folder, "sent"), Path(folder, "back")
            sent.write_text(name, encoding="ascii")
            remote.objects.put(sent, name)
            same = remote.objects.get(name, back) and back.read_bytes() == sent.read_bytes()
            remote.objects.below("models")
            remote.objects.delete(name)
    except Unavailable as error:
        told, _, mend = error.message.partition(": ")
        yield Finding("object store", "wrong", f"{settings.store_url}: {told}", mend or mend_of(settings.store_url))
        return
    if same:
        yield Finding("object store", "ok", f"{settings.store_url} takes, gives and removes objects")
        yield from _lacking(settings)
    else:
        told = f"{settings.store_url}: an object does not come back as it went"
        yield Finding("object store", "wrong", told, "look at what stands between, as a proxy that caches")


def _lacking(settings: Settings) -> Iterator[Finding]:
    """What the database names and the store does not have, but for what comes with Densely."""
    from app.cli.stores import cached
    from app.db.engine import Database
    from app.services.filling import are_whole, lacking

    if not settings.database_url and not (settings.home / "densely.db").exists():  # opening it would make it
        return
    database = None
    try:
        bundled = ArtifactStore(settings.bundled_models).bundled().values()
        database = Database(settings.url, quiet=True)
        with cached(settings) as (store, uploads):
            found = lacking(database, store, uploads)
    except DenselyError:  # which other checks tell
        return
    finally:
        if database:
            database.close()
    models = [each for each in found.models if each[1] not in bundled]
    here = [each for each in models if ArtifactStore(settings.models_dir).is_whole(*each)]
    rows = [each for each in found.uploads if are_whole(uploads, each)]
    told = f"{settings.store_url} lacks {{}} and {{}} of rows that the database names, which are {{}}"
    if here or rows:
        mend = "an API process of this machine puts them there when it starts, and looks again every hour"
        these = told.format(counted(len(here), "model"), counted(len(rows), "file"), "in the folders here")
        yield Finding("object store", "note", these, mend)
    gone = len(models) - len(here), len(found.uploads) - len(rows)
    if any(gone):
        mend = "start an API process on the machine that has them, or restore them from a backup"
        these = told.format(counted(gone[0], "model"), counted(gone[1], "file"), "not whole here either")
        yield Finding("object store", "wrong", these, mend)


def datasets(settings: Settings) -> Iterator[Finding]:
    """Which real datasets are here, and whether their files have what their task needs."""
    catalog = DatasetCatalog(settings.datasets)
    absent = []
    for task in TaskCatalog().all.values():
        for info in task.datasets:
            if info.is_built_in:
                continue
            if catalog.is_here(info):
                yield _dataset(catalog, task, info)
            else:
                absent.append(info.name)
    if absent:
        told = f"not in {settings.datasets}: {', '.join(absent)}; the first run on one fetches it"
        yield Finding(
            "datasets", "note", told, "without a network, put the Parquet files there or set DENSELY_DATASETS_DIR"
        )


def _dataset(catalog: DatasetCatalog, task: Task, info: DatasetInfo) -> Finding:
    try:
        rows = catalog.check(task, info)
    except DatasetInvalid as error:
        told = f"{catalog.path(info)}: {error.message}"
        return Finding("datasets", "wrong", told, "remove it: a run fetches it again")
    return Finding("datasets", "ok", f"{info.name}, {counted(rows, 'row')}")


def disk(settings: Settings) -> Iterator[Finding]:
    """Room where Densely writes; one line for places on the same disk."""
    seen = set()
    for variable, folder in (("DENSELY_HOME", settings.home), ("DENSELY_MODELS_DIR", settings.models_dir)):
        place = _existing(folder)
        try:
            device, free = place.stat().st_dev, shutil.disk_usage(place).free
        except OSError as error:
            yield Finding("disk", "wrong", f"{place}: {error.strerror}", f"set {variable} to another place")
            continue
        if device in seen:
            continue
        seen.add(device)
        told = f"{free / 2**30:,.1f} GiB free at {place}"
        if free < LEAST_ROOM:
            yield Finding("disk", "wrong", told, f"make room, or set {variable} to a place on another disk")
        else:
            yield Finding("disk", "ok", told)


def _existing(folder: Path) -> Path:
    """The folder, or the one above it that would hold it."""
    return next((place for place in (folder, *folder.parents) if _is_there(place)), folder)


def _is_there(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:  # a name too long, or a folder above it that may not be looked into
        return False
