"""Follows what others change: which tasks there are, which models are active, and which database this is."""

import asyncio
import time
from collections.abc import Callable

from app.api.dependencies import Services
from app.api.task_routes import TaskRoutes
from app.artifacts.store import ArtifactStore
from app.logs import get as get_log

FILL_SECONDS = 60.0  # between two looks for runs without a score

log = get_log()


class Follower:
    """Looks again and again, so that no request has to ask the database."""

    def __init__(
        self,
        services: Services,
        bundled: ArtifactStore,
        routes: TaskRoutes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._routes = routes
        self._bundled = bundled
        self._generation = -1  # of the database that the bundled models were registered with
        self._damaged: dict[str, str] = {}
        self._monotonic = monotonic
        self._filled = -FILL_SECONDS  # when scores were looked for

    def look(self) -> None:
        """Take over what comes with Densely, where it is missing, and load what has become active.

        Raises:
            Unavailable: the database does not answer.
        """
        self._services.keys.follow()
        if self._services.own.follow():
            self._services.prediction.forget()
        self._routes.follow()
        try:
            self._take_over()
            self._fill_scores()
        finally:  # what was registered before goes on
            self._services.prediction.refresh()

    def _take_over(self) -> None:
        registry, prediction = self._services.registry, self._services.prediction
        generation = registry.generation()
        if not self._damaged and generation == self._generation:
            return
        damaged = registry.register_bundled(self._bundled)
        for task, reason in damaged.items():
            if self._damaged.get(task) != reason:
                log.error("model.bundled_invalid", task=task, reason=reason)
        self._damaged = damaged
        prediction.unregistered = damaged
        registry.register_folder()
        self._services.datasets.sweep()
        self._generation = generation

    def _fill_scores(self) -> None:
        """Now and then: while processes are replaced, workers of the release before go on ending runs without one."""
        now = self._monotonic()
        if now - self._filled >= FILL_SECONDS:
            self._services.run_changes.fill_scores()
            self._filled = now

    async def run(self, seconds: float) -> None:
        """Look every so many seconds, until cancelled."""
        failure = ""
        while True:
            await asyncio.sleep(seconds)
            try:
                await asyncio.to_thread(self.look)
                failure = ""
            except Exception as error:  # noqa: BLE001 - the database may be away for a while; what is loaded goes on
                if failure != repr(error):  # said once, not twice a second
                    log.warning("refresh.failed", error=repr(error))
                failure = repr(error)
