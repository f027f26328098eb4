"""Follows what others change: which tasks there are, which models are active, and which database this is."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from app.api.dependencies import Services
from app.api.task_routes import TaskRoutes
from app.api.waking import Waker
from app.artifacts.store import ArtifactStore
from app.errors import ArtifactInvalid, StoreAway, Unavailable, Unusable
from app.logs import get as get_log
from app.storage.remote import Remote

FILL_SECONDS = 60.0  # between two looks for runs without a score
ASK_SECONDS = 5.0  # between two looks for an object store that gives nothing

log = get_log()


class Follower:
    """Looks again and again, so that no request has to ask the database."""

    def __init__(
        self,
        services: Services,
        bundled: ArtifactStore,
        routes: TaskRoutes,
        monotonic: Callable[[], float] = time.monotonic,
        waker: Waker | None = None,
    ) -> None:
        """`waker` is told of changes; without it, only time ends the waiting for them."""
        self._services = services
        self._routes = routes
        self._bundled = bundled
        self._generation = -1  # of the database that the bundled models were registered with
        self._is_registered: bool | None = False  # told which models folder this process reads, with that database
        self._damaged: dict[str, str] = {}
        self._monotonic = monotonic
        self._filled = -FILL_SECONDS  # when scores were looked for
        self._asked = -ASK_SECONDS  # when the object store was asked last because it did not give anything
        self._asking = Thread()
        self._waker = waker
        self._failure = ""  # of the last look
        self._away_since: float | None = None  # when the database went away

    def begin(self) -> None:
        """`look` for the first time; an object store that does not answer may do so later.

        Raises:
            Unavailable: the database does not answer.
            Unusable: the object store has to be mended. Nothing else is done, or said, then.
        """
        remote = self._services.remote
        if remote and not remote.objects.health.has_given:
            remote.begin()
        self.look()

    def look(self, *, wait: bool = True) -> None:
        """Take over what comes with Densely, where it is missing, and load what has become active.

        `wait`: also for an object store, which may have stalled. Without it, it is asked for models in a thread, and
        for what else there is to ask once it gives models.

        Raises:
            Unavailable: the database does not answer.
        """
        self._ask_store()  # first: it may be back while the database is away
        self._services.keys.follow()
        if self._services.own.follow():
            self._services.prediction.forget()
        self._routes.follow()
        try:
            gives = wait or self._store_gives()
            self._take_over(again=gives)
            if gives:
                self._register_folder()
            self._fill_scores()
            self._fill_store()
        finally:  # what was registered before goes on
            prediction = self._services.prediction
            prediction.refresh() if wait else prediction.refresh_meanwhile()

    def _ask_store(self) -> None:
        """Whether it gives models again, where it did not: nobody else may ask, and readiness depends on it."""
        remote, now = self._services.remote, self._monotonic()
        if remote and not self._store_gives() and now - self._asked >= ASK_SECONDS and not self._asking.is_alive():
            self._asked = now
            self._asking = Thread(target=_check, args=(remote,), daemon=True)  # it may stall
            self._asking.start()

    def _store_gives(self) -> bool:
        """As far as is known; also where there is none."""
        return self._services.remote is None or self._services.remote.objects.health.gives

    def _take_over(self, *, again: bool) -> None:
        """Once for each database, and `again` what was damaged, or could not be put into the object store."""
        registry, prediction = self._services.registry, self._services.prediction
        generation = registry.generation()
        if generation == self._generation and not (self._damaged and again):
            return
        damaged = registry.register_bundled(self._bundled)
        for task, reason in damaged.items():
            if self._damaged.get(task) != reason:
                log.error("model.bundled_invalid", task=task, reason=reason)
        self._damaged = damaged
        prediction.unregistered = damaged
        if generation != self._generation:
            self._is_registered = False
            self._services.datasets.sweep()
        self._generation = generation

    def _register_folder(self) -> None:
        """Once the object store answers, if there is one: what is loaded, or lies here, answers without it."""
        if self._is_registered:
            return
        try:
            self._services.registry.register_folder()
        except StoreAway:  # which the log tells already
            self._is_registered = None
        else:
            self._is_registered = True

    def _fill_store(self) -> None:
        """Once it has answered, with what is here alone."""
        if self._is_registered and self._store_gives():
            self._services.filling.begin()

    def _fill_scores(self) -> None:
        """Now and then: while processes are replaced, workers of the release before go on ending runs without one."""
        now = self._monotonic()
        if now - self._filled >= FILL_SECONDS:
            self._services.run_changes.fill_scores()
            self._filled = now

    async def run(self, seconds: float) -> None:
        """Look every so many seconds, or when something was told, until cancelled."""
        while True:
            await self._pause(seconds)
            try:
                await asyncio.to_thread(self.look, wait=False)
            except Exception as error:  # noqa: BLE001 - the database may be away for a while; what is loaded goes on
                self._note(error)
            else:
                self._note(None)

    async def _pause(self, seconds: float) -> None:
        """Where something is wrong, which may be mended without anybody telling, looks do not become rare."""
        is_well = not (self._failure or self._damaged) and self._is_registered and self._services.prediction.is_whole
        if self._waker is None or not (is_well and self._store_gives()):
            await asyncio.sleep(seconds)
        else:
            await self._waker.wait(seconds)

    def _note(self, error: Exception | None) -> None:
        """Say that the database is away, and that it is back, or what else keeps from looking: once."""
        failure = repr(error) if error else ""
        if isinstance(error, Unavailable) and not isinstance(error, ArtifactInvalid | StoreAway | Unusable):
            if self._away_since is None:
                self._away_since = self._monotonic()
                log.warning("database.away", error=error.message)
        else:
            if self._away_since is not None:
                log.info("database.back", seconds=round(self._monotonic() - self._away_since, 1))
                self._away_since = None
            if failure not in ("", self._failure):
                log.warning("refresh.failed", error=failure)
        self._failure = failure


def _check(remote: Remote) -> None:
    with suppress(Unavailable):  # the log tells what has changed
        remote.check()
