"""What `densely doctor` looks at besides files: Python, packages, keys, the service. Nothing here changes anything."""

import importlib.util
import platform
import re
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from typing import Any, TypeVar

from app import __version__
from app.cli.connection import address
from app.cli.finding import Finding
from app.cli.service import cannot_listen
from app.domain.counting import counted
from app.errors import Unavailable
from app.settings import REPOSITORY, Settings
from densely_client import ApiError, Densely, DenselyError, ServiceUnreachable, errors

T = TypeVar("T")

OLDEST = (3, 11)
CLUSTER_SECONDS = 3.0  # within which the head of a cluster answers
LOCKS = ("requirements.lock", "requirements-api.lock", "requirements-gpu.lock")  # the first that is here was installed


def python() -> Finding:
    """Whether this Python is recent enough."""
    told = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < OLDEST:
        return Finding("python", "wrong", told, "install Python 3.11 or later and run `make clean run`")
    return Finding("python", "ok", told)


def packages() -> Iterator[Finding]:
    """Whether the installed releases are those of the lock file."""
    lock = next((REPOSITORY / name for name in LOCKS if (REPOSITORY / name).is_file()), None)
    if lock is None:
        yield Finding("packages", "note", "there is no lock file to compare them with")
        return
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+) *(;?)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    allowed: dict[str, set[str]] = {}  # a lock may hold a release for each Python
    optional = {name for name, _, marked in pins if marked}  # may be meant for another system
    for name, version, _ in pins:
        allowed.setdefault(name, set()).add(version)
    installed = {name: _installed(name) for name in allowed}
    missing = [name for name, version in installed.items() if version is None and name not in optional]
    other = [
        f"{name} {version} instead of {' or '.join(sorted(allowed[name]))}"
        for name, version in installed.items()
        if version is not None and version not in allowed[name]
    ]
    mend = "run `make clean run`, or install with `pip install --require-hashes -r " + lock.name + "`"
    if missing:
        yield Finding("packages", "wrong", f"missing: {_some(missing)}", mend)
    if other:
        yield Finding("packages", "wrong", f"not as in {lock.name}: {_some(other)}", mend)
    if not missing and not other:
        yield Finding("packages", "ok", f"the {len(allowed)} of {lock.name}")


def training() -> Finding:
    """Whether a worker here could train."""
    absent = [name for name in ("tensorflow", "keras") if importlib.util.find_spec(name) is None]
    if absent:
        told = f"{' and '.join(absent)} not installed: this installation answers and cannot train"
        return Finding("training", "note", told, "for a worker, install from requirements.lock")
    return Finding("training", "ok", "TensorFlow and Keras are installed")


def cluster(settings: Settings) -> Iterator[Finding]:
    """Whether the Ray cluster that a worker would hand its runs to answers; nothing where it trains them itself."""
    if settings.executor != "ray":
        return
    if importlib.util.find_spec("ray") is None:
        yield Finding("cluster", "wrong", "Ray is not installed", "pip install 'densely[ray]'")
    elif settings.ray_address == "auto":
        yield Finding("cluster", "note", "the one of this machine's node; the worker says whether there is one")
    else:
        host, _, port = settings.ray_address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), CLUSTER_SECONDS).close()
        except OSError as error:
            told = f"nothing answers at {settings.ray_address}: {error.strerror or error}"
            yield Finding("cluster", "wrong", told, "start its head there, or correct DENSELY_RAY_ADDRESS")
        else:
            yield Finding("cluster", "ok", f"something answers at {settings.ray_address}")


def keys(settings: Settings) -> Finding:
    """Whether the API keys can be sent and are not trivial; they are never shown."""
    found = settings.api_keys
    for number, key in enumerate(found, 1):
        if not (key.isascii() and key.isprintable()) or " " in key:
            told = f"key {number} has characters that no header can carry"
        elif len(set(key)) < 6:
            told = f"key {number} is easily guessed: it has only {len(set(key))} different characters"
        elif key in found[: number - 1]:
            told = f"key {number} is there twice"
        else:
            continue
        return Finding("API keys", "wrong", told, "set DENSELY_API_KEYS to keys such as `openssl rand -hex 24` makes")
    made = _made(settings)
    there = [f"{len(found)} set"] * bool(found) + [f"{made} made with `densely keys`"] * bool(made)
    otherwise = "none yet, and every call needs one" if settings.require_keys else "none: only this machine may ask"
    return Finding("API keys", "ok", ", ".join(there) or otherwise)


def _made(settings: Settings) -> int:
    """How many keys the database has had."""
    from app.domain.clock import utc_now
    from app.services.keys import KeyService

    return _asked(settings, lambda database: len(KeyService(database, utc_now).all()), 0)


def _asked(settings: Settings, ask: Callable[[Any], T], otherwise: T) -> T:
    """What the database says; `otherwise` where there is none, or it does not answer, which another check tells."""
    from app.db.engine import Database

    if not settings.database_url and not (settings.home / "densely.db").exists():  # opening it would make it
        return otherwise
    database = Database(settings.url, quiet=True)
    try:
        return ask(database)
    except Unavailable:
        return otherwise
    finally:
        database.close()


def service(settings: Settings, url: str | None, api_key: str | None) -> Iterator[Finding]:
    """Whether the service answers, and if it does not, whether it could start."""
    where = url or address(settings)
    key = api_key or (next(iter(settings.api_keys), None) if not url else None)
    try:
        with Densely(where, key, timeout=5, retries=0, trust_env=bool(url)) as client:
            yield from _answering(client, where)
    except ServiceUnreachable as error:
        yield _silent(settings, url, error)
        if not url:
            yield from skew(_alive(settings))
    except ApiError as error:
        mend = "look at the service's log" if error.kind else "correct --url or DENSELY_URL"
        yield Finding("service", "wrong", f"{where}: {error.message}", mend)
    except DenselyError as error:
        yield Finding("service", "wrong", error.message, "correct --url or DENSELY_URL")


def _answering(client: Densely, where: str) -> Iterator[Finding]:
    tasks = client.ready().tasks
    broken = [f"{task}: {state}" for task, state in tasks.items() if state != "ready"]
    ready = f", {counted(len(tasks) - len(broken), 'task')} ready" if tasks else ""  # none are told without a key
    yield Finding("service", "ok", f"answers at {where}{ready}")
    if broken:
        mend = "activate another model: `densely models --task TASK`, then `densely activate MODEL`"
        yield Finding("service", "wrong", "; ".join(broken), mend)
    try:
        system = client.system()
    except errors.Unauthorized as error:
        yield Finding("worker", "wrong", error.message, "give the service's key with --api-key or DENSELY_API_KEY")
        return
    if workers := system.workers:
        devices = sorted({device for worker in workers for device in worker.devices})
        yield Finding("worker", "ok", f"{len(workers)} alive{', with ' + ', '.join(devices) if devices else ''}")
    else:
        yield Finding("worker", "wrong", "none is alive: runs stay queued", "start one with `densely worker`")
    yield from skew(workers)


def skew(workers: Sequence[Any]) -> Iterator[Finding]:
    """Whether workers that are alive are of another release than this one, as while an installation is upgraded."""
    others = [
        f"{worker.id} is of {release}"
        for worker in workers
        if (release := worker.versions.get("densely", "an unknown one")) != __version__
    ]
    if others:
        told = f"{counted(len(others), 'worker')} of another release than {__version__}, which this is: {_some(others)}"
        mend = "start them anew with this release, or install theirs here; until then the older leave runs to the newer"
        yield Finding("releases", "note", told, mend)


def _alive(settings: Settings) -> list[Any]:
    """The workers that the database has heard of just now."""
    from app.domain.clock import utc_now
    from app.services.system import alive_of

    def ask(database: Any) -> list[Any]:
        with database.read() as tx:
            return list(alive_of(tx, utc_now()))

    return _asked(settings, ask, [])


def _silent(settings: Settings, url: str | None, error: ServiceUnreachable) -> Finding:
    """Nobody answers as Densely: because nothing runs, or because something else has the port."""
    if url:
        return Finding("service", "wrong", error.message, "start it there, or correct --url or DENSELY_URL")
    if told := cannot_listen(settings):
        mend = "end the program that has the port, or set DENSELY_PORT or DENSELY_HOST to another one"
        return Finding("service", "wrong", told, mend)
    told = f"does not run; port {settings.port} is free for it"
    return Finding("service", "note", told, "start it with `densely up`")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
