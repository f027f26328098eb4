"""The API's composition root."""

import asyncio
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import Receive, Scope, Send

import app
from app import logs, processes
from app.api import openapi
from app.api.dependencies import Services, once_each
from app.api.feed import Feed
from app.api.follower import Follower
from app.api.routes import compare, docs, events, models, page, runs, system, tasks
from app.api.task_routes import TaskRoutes
from app.api.threads import Probe, Writes
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import Catalog
from app.db.engine import BUSY_TIMEOUT, Database, waiting_until
from app.domain.clock import Clock, utc_now
from app.inference.cache import PredictorCache
from app.server import error_handlers, prefix
from app.server.gate import DirectGate, Gate
from app.server.protocol import DirectProtocol, InPlace
from app.server.timeouts import LOOK_SECONDS, Limits
from app.server.turns import Turns
from app.services.answers import AnswerService
from app.services.comparison import ComparisonService
from app.services.events import EventService
from app.services.pictures import PictureService
from app.services.prediction import PredictionService
from app.services.registry import RegistryService
from app.services.system import SystemService
from app.services.tasks import TaskService
from app.services.training import TrainingService
from app.services.webhooks import WebhookRules
from app.settings import Settings
from app.tasks.catalog import TaskCatalog

log = logs.get()

# How long a thread with a big batch may go on while the event loop waits for its turn; Python's default is 5 ms.
SWITCH_SECONDS = 0.0005
ACCEPT_SECONDS = 0.1  # for connections that were made and not accepted yet when the API is told to stop
STOP_SECONDS = 5  # that unfinished answers get when the API is told to stop

_DESCRIPTION = """Trains small Keras networks and serves them. Errors are problem documents (RFC 9457); times are
ISO 8601 in UTC; lists page with `limit` and `cursor`. Every response carries `X-Request-ID`. `HEAD` is answered
wherever `GET` is. A body may come with `Content-Encoding: gzip` or `deflate`; limits are those of what it holds."""


class Application:
    """FastAPI, with a way past its routing and middleware, which cost more than a prediction."""

    def __init__(
        self,
        api: FastAPI,
        direct: Mapping[str, DirectGate],
        *,
        prepare: Callable[[], None] = lambda: None,
        root: str = "",
        limits: Limits = Limits(),  # noqa: B008 - it is frozen
    ) -> None:
        """`direct`: what answers a POST, by path; each behind a gate of its own.

        `prepare`: opens what it needs; the lifespan calls it too, and who wants its errors first. `root`: a proxy's
        path to this. `limits`: of its connections.
        """
        self.api = api
        self.prepare = prepare
        self.limits = limits
        self.turns = Turns()
        self._direct = direct
        self._root = root
        self.in_place: dict[bytes, InPlace] = {
            (at + path).encode(): gate for path, gate in direct.items() for at in ("", root)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        if self._root and scope["type"] == "http":
            scope = prefix.without(scope, self._root)
        direct = self._direct.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        await (direct or self.api)(scope, receive, send)


def create_app(settings: Settings, clock: Clock = utc_now, tasks: TaskCatalog | None = None) -> Application:
    """The application; it opens nothing before it is prepared, or its lifespan starts.

    `tasks`: those that come with Densely unless told otherwise.
    """
    tasks = tasks or TaskCatalog()
    database = Database(settings.url)
    services = _services(settings, database, tasks, clock)
    feed = Feed(services.events)
    follower: Follower  # made of the routes, which are made of the application
    api = FastAPIOffline(
        title="Densely",
        version=app.__version__,
        description=_DESCRIPTION,
        lifespan=lambda _: _living(settings, database, services, feed, follower),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(once_each)],
    )
    api.state.feed = feed
    api.state.prefix = settings.root_path
    routes = TaskRoutes(api, tasks, services.prediction)
    follower = Follower(services, ArtifactStore(settings.bundled_models), routes)

    def prepare() -> None:
        database.check_revision()
        follower.look()

    return _assemble(api, services, settings, routes, prepare)


def _services(settings: Settings, database: Database, tasks: TaskCatalog, clock: Clock) -> Services:
    """Everything that the routes use."""
    store = ArtifactStore(settings.models_dir)
    cache = PredictorCache(settings.max_predictors)
    catalog = Catalog(settings.datasets)
    registry = RegistryService(database, tasks, store, catalog, clock)
    return Services(
        tasks=TaskService(tasks, catalog, registry),
        training=TrainingService(
            database,
            tasks,
            catalog,
            clock,
            settings.max_attempts,
            settings.max_queued_runs,
            WebhookRules(signed=bool(settings.webhook_secret), to_private=settings.webhooks_to_private),
        ),
        events=EventService(database),
        registry=registry,
        answers=AnswerService(database, store),
        comparison=ComparisonService(database, tasks, store, catalog),
        pictures=PictureService(database, tasks, store, catalog),
        prediction=PredictionService(database, tasks, store, cache),
        system=(system := SystemService(database, tasks, cache, clock)),
        writes=Writes(waiting_until, BUSY_TIMEOUT),
        database_probe=Probe(system.check),
    )


@asynccontextmanager
async def _living(
    settings: Settings, database: Database, services: Services, feed: Feed, follower: Follower
) -> AsyncIterator[None]:
    """From the start of the service to its end."""
    database.check_revision()
    follower.look()  # next to nothing where the application was prepared
    gc.collect()
    gc.freeze()  # what is here stays: no collection needs to go through it again
    poll = asyncio.create_task(follower.run(settings.active_poll_seconds))
    yield
    poll.cancel()
    await feed.finish()
    services.writes.close()
    services.database_probe.close()
    database.close()


def _assemble(
    api: FastAPI, services: Services, settings: Settings, routes: TaskRoutes, prepare: Callable[[], None]
) -> Application:
    """The routes, the error handlers, the description and the gate."""
    api.state.services = services
    for module in (tasks, runs, events, models, compare, system, page, docs):
        api.include_router(module.router)
    error_handlers.install(api)
    openapi.install(api, lambda: routes.contracts, keyed=bool(settings.api_keys), root=settings.root_path)
    options: dict[str, Any] = {
        "keys": settings.api_keys,
        "host": settings.host,
        "max_body": settings.max_body_mib * 2**20,
    }
    api.add_middleware(Gate, **options)
    return Application(
        api,
        {
            "/predict": DirectGate(routes.endpoint, most=settings.max_inflight, **options),
        },
        prepare=prepare,
        root=settings.root_path,
        limits=Limits(settings.head_seconds, settings.max_body_seconds, _connections(settings.max_connections)),
    )


def _connections(most: int) -> int:
    """Fewer, where there are not files enough: without any left, nobody is accepted and no database is opened."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if files == resource.RLIM_INFINITY else max(1, min(most, files * 3 // 4))


class Server(uvicorn.Server):
    """Looks at its connections, and ends the event streams before it waits for answers to be complete.

    Those last as long as their runs do.
    """

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if counter % round(10 * LOOK_SECONDS) == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, DirectProtocol):
                    connection.look(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in good order."""
        application = self.config.loaded_app
        if isinstance(application, Application):
            application.api.state.feed.close()
        if self.server_state.connections:
            await asyncio.sleep(ACCEPT_SECONDS)
        await super().shutdown(sockets)


def configured(application: Application, **options: Any) -> uvicorn.Config:
    """How the application is served; `options` are uvicorn's."""
    return uvicorn.Config(
        application,
        access_log=False,
        http=DirectProtocol,
        ws="none",  # an offer to speak another protocol is not taken up
        server_header=False,
        proxy_headers=False,  # nothing here depends on who the client is
        timeout_graceful_shutdown=STOP_SECONDS,
        **options,
    )


def serve(settings: Settings) -> None:
    """Run one API process until it is told to stop.

    Raises:
        Unavailable: the database does not answer, or needs a migration.
        Unusable: the folder of the models cannot take those that come with Densely.
    """
    logs.configure(settings.log_level)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # a terminal that goes: stop in order, as for SIGTERM
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    # Rather than where the user has no home, or in a temporary folder that nobody removes: matplotlib's list of fonts.
    os.environ.setdefault("MPLCONFIGDIR", str(settings.home / "matplotlib"))
    application = create_app(settings)
    application.prepare()  # here its errors are one line; in the lifespan they would be a traceback
    sys.setswitchinterval(SWITCH_SECONDS)
    with suppress(ValueError):  # some systems allow less than they say
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = Server(configured(application, host=settings.host, port=settings.port, log_level="warning"))
    server.run(sockets=[_shared_port(settings)] if settings.workers > 1 else None)
    if not server.started:
        sys.exit(3)  # as uvicorn's own command does


def _shared_port(settings: Settings) -> socket.socket:
    """A socket of this process's own on the common port: the system spreads the connections."""
    listening = socket.socket(processes.family_of(settings.host, settings.port))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind((settings.host, settings.port))
    return listening


if __name__ == "__main__":
    with processes.as_child():
        serve(Settings())
