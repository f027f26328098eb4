"""What a key may do: which scope a call needs, and for which tasks and pages a key is.

| scope | calls |
|---|---|
| `predict` | `/predict`, `encode`, `decode`, and reading the tasks |
| `train` | reading all else, and what adds something: runs, datasets, tasks; cancelling, retrying, editing runs |
| `metrics` | `/metrics` |
| `admin` | everything; alone it may remove, activate and change, and read the audit |
"""

import re
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.types import Scope as Request

from app.domain.keys import ApiKey, Scope
from app.errors import Forbidden, Unauthorized
from app.origins import pattern_of
from app.server import security
from app.server.security import Headers
from app.services.keyring import Keyring

# Without a key: probes, and the page, its client and the documentation, where a browser has no way to send one.
OPEN_PATHS = ("/", "/docs", "/openapi.json", "/client/densely.js")
OPEN_FOLDERS = ("/health/", "/static-offline-docs/", "/web/")

ADMIN_PATHS = ("/audit",)
ADDING = ("POST", *security.READING)
_CODING = re.compile(r"/tasks/[^/]+/(en|de)code")
_READING_TASKS = re.compile(r"/tasks(/[^/]+(/active-model)?)?")
_OF_BODIES = ("/predict", "/train", "/train/preview")  # whose bodies name the task
_RUN = re.compile(r"/runs/[^/]+")
_LISTS = ("/runs", "/runs/rows", "/sweeps", "/models", "/datasets")  # which take `task`; `/events` does not

# Of a kind of thing (`runs`, `sweeps`, `models`, `datasets`) and its id or name.
TaskOf = Callable[[str, str], str | None]


def is_open(path: str) -> bool:
    """Whether nobody is asked for a key."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def scope_of(method: str, path: str) -> Scope:
    """What a key needs for a call."""
    if path == "/predict" or (method == "POST" and _CODING.fullmatch(path)):
        return "predict"
    if method in security.READING and _READING_TASKS.fullmatch(path):
        return "predict"
    if method == "PATCH" and _RUN.fullmatch(path):
        return "train"
    if path == "/metrics" and method in security.READING:
        return "metrics"
    return "admin" if method not in ADDING or path in ADMIN_PATHS else "train"


class Access:
    """Lets requests in."""

    def __init__(self, ring: Keyring, host: str, task_of: TaskOf = lambda _kind, _name: None) -> None:
        """`host`: the address served, allowed as Host header; `task_of`: to which task something belongs, if any."""
        self.ring = ring
        self._host = host
        self._task_of = task_of

    def check(self, method: str, path: str, headers: Headers) -> ApiKey | None:
        """The key that a request came with; None where none is needed.

        Raises:
            Unauthorized: it carries none that is let in.
            Forbidden: the key has not the scope, or is for pages of other origins.
            Misdirected: no key is needed, and the Host header names another host.
        """
        if not self.ring.needed:
            security.check_host(headers, self._host)
            return None
        if is_open(path):
            return None
        given = security.secret_of(headers)
        key = self.ring.find(given)
        if key is None:
            raise Unauthorized("this API key is not known, or is not let in any more") if given else Unauthorized
        needed = scope_of(method, path)
        if not key.may(needed):
            raise Forbidden(f"this call needs the scope {needed}; this API key has {', '.join(sorted(key.scopes))}")
        if key.origins is not None and not _is_from(headers.get(b"origin", b""), key.origins):
            raise Forbidden(f"this API key is for web pages of {', '.join(key.origins)}")
        return key

    async def check_task(self, key: ApiKey, request: Request) -> None:
        """Of a key that is for some tasks: that the call is about one of them. Bodies are looked at by their routes.

        Raises:
            Forbidden: it is about another, or about none.
        """
        path: str = request["path"]
        _, kind, *rest = path.split("/")
        reads = request["method"] in security.READING
        if path in _OF_BODIES or (path == "/tasks" and reads) or (path == "/sweeps" and not reads):
            return
        if kind == "tasks" and rest:
            require_task(key, rest[0])
        elif path in _LISTS:
            found = parse_qs(request["query_string"].decode("latin-1")).get("task", [""])
            if len(found) != 1:  # a route refuses it too
                raise Forbidden("task: is given more than once")
            require_task(key, found[0])
        elif kind in ("runs", "sweeps", "models", "datasets") and rest:
            task = await run_in_threadpool(self._task_of, kind, rest[0])
            if task is not None:  # what is not there is told by its route
                require_task(key, task)
        else:
            raise Forbidden(f"this API key is for the tasks {', '.join(sorted(key.tasks or ()))}, and the call for all")


def require_task(key: ApiKey | None, task: str) -> None:
    """
    Raises:
        Forbidden: the key is for other tasks; an empty `task` is none of them.
    """
    if key is not None and key.tasks is not None and task not in key.tasks:
        about = "" if task else ", which the call has to name (`?task=`)"
        raise Forbidden(f"this API key is for the tasks {', '.join(sorted(key.tasks))}{about}")


def _is_from(origin: bytes, allowed: tuple[str, ...]) -> bool:
    return any(pattern_of(each).fullmatch(origin) for each in allowed)
