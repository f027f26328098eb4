"""Where models and uploaded rows are, as the settings say: folders of this machine, or an object store behind them."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.artifacts.cached import CachedArtifactStore, artifact_store
from app.artifacts.store import ArtifactStore
from app.services.uploading import UploadFolder
from app.settings import Settings
from app.storage.remote import PATIENCE, Remote, open_remote


@contextmanager
def remote_of(found: Settings, patience: float = 0.0) -> Iterator[Remote | None]:
    """The object store, if there is one, for the block.

    Raises:
        Unusable: what it needs is not installed.
    """
    remote = open_remote(found.store_url, found.models_dir, found.uploads, found.store_cache_mib, patience)
    try:
        yield remote
    finally:
        if remote:
            remote.close()


@contextmanager
def cached(found: Settings) -> Iterator[tuple[CachedArtifactStore, UploadFolder]]:
    """Models and uploaded rows in the object store that there is, without waiting for it.

    Raises:
        Unusable: what it needs is not installed.
    """
    with remote_of(found) as remote:
        assert remote is not None
        yield CachedArtifactStore(found.models_dir, remote), UploadFolder(found.uploads, remote)


@contextmanager
def opened(found: Settings) -> Iterator[tuple[ArtifactStore, UploadFolder]]:
    """Models and uploaded rows, for a command that waits for the object store as runs do, once it has answered.

    Raises:
        StoreAway: it does not answer now.
        Unusable: somebody has to mend something first.
    """
    with remote_of(found, PATIENCE) as remote:
        if remote:
            remote.check(quietly=True)
        yield artifact_store(found.models_dir, remote), UploadFolder(found.uploads, remote)
