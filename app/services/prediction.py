"""Answering: which predictor, kept up to date without a database query per request."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from threading import Lock
from types import MappingProxyType
from typing import Any

from app.artifacts.store import ArtifactStore
from app.db import models
from app.db.engine import Database
from app.errors import ArtifactInvalid, NotFound, Unavailable
from app.inference.cache import PredictorCache
from app.inference.predictor import Predictor
from app.logs import get as get_log
from app.services.background_refresh import BackgroundRefresh
from app.tasks.catalog import TaskCatalog
from app.wire.run_lists import RunRow
from app.wire.runs import Run

log = get_log()

Found = Mapping[str, Predictor | Unavailable]  # by model id: what asking an object store has led to
_NOTHING: Found = MappingProxyType({})

MOST_CAUGHT_UP = 10_000  # models that are remembered to have been seen
PATIENCE = 2.0  # seconds that telling of a run's end waits for an object store to give its model


class PredictionService:
    """Finds the predictor that a request asks for."""

    def __init__(self, database: Database, tasks: TaskCatalog, store: ArtifactStore, cache: PredictorCache) -> None:
        self._database = database
        self._tasks = tasks
        self._store = store
        self._cache = cache
        self.unregistered: Mapping[str, str] = {}  # tasks whose bundled model cannot be taken over, and why
        self._refreshing = Lock()
        self._background = BackgroundRefresh(self.refresh)
        self._is_closed = False
        self._caught_up: OrderedDict[str, None] = OrderedDict()  # models that came before a refresh
        self._versions: dict[tuple[str, int], str] = {}  # model ids by task and version, which never change
        self._generation = 0  # of the database that they are of
        self._waiting: dict[str, Any] = {}  # rows of active models that nobody has asked so far, by task

    @property
    def is_whole(self) -> bool:
        """Whether every active model is in service, as far as anybody has asked."""
        return not self._cache.broken

    def refresh(self) -> None:
        """Load the models that became active since the last call, and swap them in together.

        A model that cannot be loaded takes only its own task out of service, and not even that while the one before
        it is in memory: that one goes on answering until the files can be read. What an object store has to be asked
        for comes after what is here, and nobody waits for it but the caller.
        """
        found: dict[str, Predictor | Unavailable] = {}
        while absent := self.swap_in(found):
            for row in absent:
                with suppress(NotFound):  # the task was removed meanwhile
                    found[row.id] = self._fetched(row)
            if self._is_closed:
                return  # what could not be fetched is no fault of the models'

    def close(self) -> None:
        """Swap in nothing any more that is being fetched, since the process ends."""
        self._is_closed = True

    def refresh_meanwhile(self) -> None:
        """The same, without waiting for what an object store has to be asked for: a thread does that."""
        if self.swap_in():
            self._background.ask()

    def refresh_soon(self) -> None:
        """The same, with a little patience for a store that gives models, as far as is known."""
        if absent := self.swap_in():
            gives = any(self._store.is_reachable(row.task, row.id) for row in absent)
            self._background.ask(PATIENCE if gives else 0.0)

    def catch_up(self, runs: Iterable[Run | RunRow]) -> None:
        """Before a client is told that runs have ended: a prediction it asks for next is answered with their models.

        But for those that an object store does not give soon: they follow when it has given them.
        """
        fresh = [run.model_id for run in runs if run.model_id and run.model_id not in self._caught_up]
        if not fresh:
            return
        self.refresh_soon()
        with self._refreshing:
            self._caught_up.update(dict.fromkeys(fresh))
            while len(self._caught_up) > MOST_CAUGHT_UP:
                self._caught_up.popitem(last=False)

    def swap_in(self, found: Found = _NOTHING) -> list[Any]:
        """The same of what needs no object store; returns rows of models that have to be fetched from there first."""
        with self._refreshing:  # a poll that read before an activation must not swap in after it
            return self._refresh(found)

    def _refresh(self, found: Found) -> list[Any]:
        if (generation := self._database.generation()) != self._generation:
            self._generation = generation
            self._versions = {}
        with self._database.read() as tx:
            rows = models.active_ids(tx)
        predictors: dict[str, Predictor] = {}
        broken = {task: reason for task, reason in self.unregistered.items() if task not in rows}
        waiting, absent = {}, []
        for name, row in rows.items():
            if name not in self._tasks.all:  # this release does not have it
                continue
            if self._may_wait(name):
                waiting[name] = row
                continue
            before, reason = self._before(name), ""
            try:
                predictor = self._obtained(row, found)
                if predictor is None:
                    absent.append(row)
                    reason = self._cache.broken.get(name, "")  # until it is known better
            except Unavailable as error:  # damaged, or in an object store that does not give it now
                predictor, reason = None, self._out_of_service(row, error.message, before)
            if reason:
                broken[name] = reason
            if answering := predictor or before:
                predictors[name] = answering
            elif not reason:
                waiting[name] = row
        for name, predictor in predictors.items():
            former = self._cache.active.get(name)
            if former is None or former.manifest.id != predictor.manifest.id:
                log.info("model.active", task=name, model_id=predictor.manifest.id, version=predictor.version)
        self._waiting = waiting
        self._cache.set_active(predictors, broken, waiting)
        return absent

    def _before(self, task: str) -> Predictor | None:
        """What answers, while its task is as it was."""
        before = self._cache.active.get(task)
        return before if before and before.task is self._tasks.all.get(task) else None

    def _out_of_service(self, row: Any, reason: str, before: Predictor | None) -> str:
        """What is said of an active model that cannot be loaded."""
        if before:
            reason += f"; model {before.manifest.id} goes on answering"
        if self._cache.broken.get(row.task) != reason:
            log.error("model.broken", task=row.task, model_id=row.id, reason=reason)
        return reason

    def _may_wait(self, task: str) -> bool:
        """Of the tasks of the user's own there may be hundreds: a model is loaded when it is first asked for."""
        return not (task in self._tasks.fixed or task in self._cache.active or task in self._cache.broken)

    def _kept(self, row: Any) -> Predictor | None:
        """The predictor, if it is in memory already and its task is as it was."""
        cached = self._cache.get(row.id)
        return cached if cached and self._fits(cached, row) else None

    def _fits(self, predictor: Predictor, row: Any) -> bool:
        """Whether the task is as it was when the predictor was made."""
        return predictor.task is self._tasks.all.get(row.task)

    def forget(self) -> None:
        """Models may have been removed: those that are not active are looked up anew."""
        self._versions = {}
        self._cache.forget()

    def follow(self) -> None:
        """Tasks or models were changed in this process: answer with what there is now.

        Of an object store the next `refresh` asks, not whoever has made the change.
        """
        self.forget()
        self.swap_in()

    def find(self, task: str, reference: int | str) -> Predictor:
        """The predictor that a request names; `active` is the default one.

        Raises:
            Unavailable, NotFound, ArtifactInvalid: see `active` and `resolve`.
        """
        return self.active(task) if reference == "active" else self.resolve(task, reference)

    def find_here(self, task: str, reference: int | str) -> Predictor | None:
        """The same without asking an object store; None: it has to be asked, which `find` does."""
        return self._active(task, {}) if reference == "active" else self._resolved(task, reference)

    def find_active(self, task: str) -> Predictor | None:
        """The predictor that answers by default, if there is one; no I/O."""
        return self._cache.active.get(task)

    def active(self, task: str) -> Predictor:
        """The predictor that answers by default; reads files where it is asked for the first time.

        Raises:
            Unavailable: the task has no active model, or its files are damaged.
            StoreAway, Unusable: an object store does not give them.
        """
        predictor = self.find_active(task) or self._active(task, {})
        while predictor is None:
            row = self._waiting.get(task)
            predictor = self._active(task, {row.id: self._fetched(row)} if row is not None else {})
        return predictor

    def _active(self, task: str, found: Found) -> Predictor | None:
        """None: it has to be fetched from an object store first."""
        if not self.find_active(task) and task in self._waiting and not self._is_settled(task, found):
            return None
        if predictor := self.find_active(task):  # which may have come since it was looked for
            return predictor
        if reason := self._cache.broken.get(task):
            raise Unavailable(f"the active model of task {task!r} is out of service: {reason}")
        raise Unavailable(f"task {task!r} has no active model: train one with POST /train, or activate one")

    def _is_settled(self, task: str, found: Found) -> bool:
        """Load the active model of a task that nobody has asked so far; false if it has to be fetched first."""
        with self._refreshing:
            row = self._waiting.get(task)
            if row is None or row.task not in self._tasks.all:  # somebody else was here meanwhile
                return True
            active, broken = dict(self._cache.active), dict(self._cache.broken)
            try:
                predictor = self._obtained(row, found)
                if predictor is None:
                    return False
                active[task] = predictor
            except ArtifactInvalid as error:
                log.error("model.broken", task=task, model_id=row.id, reason=error.message)
                broken[task] = error.message
            waiting = {name: each for name, each in self._waiting.items() if name != task}
            self._cache.set_active(active, broken, waiting)
            self._waiting = waiting  # not before: who asks meanwhile has to wait too
        return True

    def resolve(self, task: str, reference: int | str) -> Predictor:
        """The predictor with this version number or model id; may read the database and files.

        Raises:
            NotFound: the task has no such model.
            ArtifactInvalid: its files are damaged.
            StoreAway, Unusable: an object store does not give them.
        """
        predictor = self._resolved(task, reference)
        if predictor is None:
            predictor = self._load(self._row(task, reference))
            self._cache.add(predictor)
        return predictor

    def _resolved(self, task: str, reference: int | str) -> Predictor | None:
        """None: it has to be fetched from an object store first."""
        known = reference if isinstance(reference, str) else self._versions.get((task, reference))
        if known and (cached := self._cache.get(known)) and cached.task is self._tasks.all.get(task):
            return cached
        row = self._row(task, reference)
        predictor = self._kept(row) or self._load_here(row)
        if predictor:
            self._cache.add(predictor)
        return predictor

    def _row(self, task: str, reference: int | str) -> Any:
        """
        Raises:
            NotFound: the task has no such model.
        """
        with self._database.read() as tx:
            row = models.find_version(tx, task, reference) if isinstance(reference, int) else models.find(tx, reference)
        if row is None or row.task != task:
            what = f"version {reference}" if isinstance(reference, int) else f"model {reference!r}"
            raise NotFound(f"task {task!r} has no {what}")
        self._versions[task, row.version] = row.id
        return row

    def _obtained(self, row: Any, found: Found) -> Predictor | None:
        """From memory, from what was `found`, or from this machine's disk; None: it has to be fetched first.

        Raises:
            Unavailable: its files are damaged, or that was found.
        """
        fetched = found.get(row.id)
        if isinstance(fetched, Unavailable):
            raise fetched
        if fetched and not self._fits(fetched, row):  # the task was changed meanwhile
            fetched = None
        return self._kept(row) or fetched or self._load_here(row)

    def _fetched(self, row: Any) -> Predictor | Unavailable:
        """With the help of an object store, which may take its time: never with a lock."""
        try:
            return self._load(row)
        except Unavailable as error:
            return error

    def _load_here(self, row: Any) -> Predictor | None:
        artifact = self._store.open_here(row.task, row.id)
        return Predictor(self._tasks.get(row.task), artifact, row.version) if artifact else None

    def _load(self, row: Any) -> Predictor:
        return Predictor(self._tasks.get(row.task), self._store.open(row.task, row.id), row.version)
