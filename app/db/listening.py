"""Hearing what others tell (`db.notify`): one connection of PostgreSQL for each process, in a thread of its own."""

import math
import os
import secrets
import select
import threading
import time
from collections.abc import Callable, Collection
from contextlib import closing
from typing import Any

from app.db.engine import POSTGRES, Database
from app.db.notify import CHANNEL, Topic
from app.errors import NothingHeard
from app.logs import get as get_log

log = get_log()

ECHO_SECONDS = 5.0  # between two proofs that notifications come through; none comes through a pooler of transactions
RETRY_SECONDS = 1.0  # to the next try while the database is away
RARE_RETRY_SECONDS = 60.0  # where it is there, and passes nothing on
JOIN_SECONDS = 2.0  # a thread that just connects may take longer, and is left alone


class Listener:
    """Calls `hear` with what was told, from its own thread.

    `hearing` is true while whatever is told arrives. When that begins or ends, everything is to be looked at: what was
    told meanwhile is lost.
    """

    def __init__(self, database: Database, hear: Callable[[Collection[Topic]], None]) -> None:
        """Of a database on PostgreSQL."""
        self.hearing = False
        self._hear = hear
        dialect, url = database.engine.dialect, database.engine.url
        self._errors: tuple[type[Exception], ...] = (dialect.loaded_dbapi.Error, OSError, NothingHeard)
        self._dialect = dialect
        arguments, options = dialect.create_connect_args(url)
        known = {name: value for name, value in POSTGRES.items() if name not in url.query}
        self._arguments, self._options = arguments, {**known, **options, "autocommit": True}
        self._own = f"{CHANNEL}_{secrets.token_hex(8)}"  # the channel on which it speaks to itself
        self._reader = self._writer = -1
        self._said_silent = False
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Begin; the database may be away."""
        self._reader, self._writer = os.pipe()  # becomes readable at the end
        self._thread.start()

    def close(self) -> None:
        """End it."""
        os.close(self._writer)
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        pause = 0.0
        try:
            while self._reader not in _readable(pause, self._reader):
                pause = self._try()
        finally:
            os.close(self._reader)

    def _try(self) -> float:
        """Listen until that fails, or to the end; returns the seconds to the next try."""
        pause = RETRY_SECONDS
        try:
            with closing(self._dialect.connect(*self._arguments, **self._options)) as connection:
                self._listen(connection)
        except self._errors as error:
            if not self.hearing and isinstance(error, NothingHeard):
                pause = RARE_RETRY_SECONDS
                self._tell_silence()
        finally:  # whatever ended it: who waits for notifications must look by himself again
            if self.hearing:
                self.hearing = False
                self._hear(list(Topic))
        return pause

    def _listen(self, connection: Any) -> None:
        """Until the end.

        Raises:
            NothingHeard: nothing comes through. Or an error of the driver: the connection is lost.
        """
        connection.execute(f"LISTEN {CHANNEL}; LISTEN {self._own}")
        asked: float | None = None  # when it spoke to itself, while nothing has come back
        next_echo = time.monotonic()
        while True:
            now = time.monotonic()
            if asked is not None and now - asked >= ECHO_SECONDS:
                raise NothingHeard
            if asked is None and now >= next_echo:
                connection.execute(f"NOTIFY {self._own}")
                asked, next_echo = now, now + ECHO_SECONDS
            told = list(connection.notifies(timeout=0))
            if any(each.channel == self._own for each in told):
                asked = None
            self._pass_on({each.payload for each in told if each.channel == CHANNEL}, heard=asked is None)
            left = max(0.0, (next_echo if asked is None else asked + ECHO_SECONDS) - time.monotonic())
            if self._reader in _readable(left, connection.fileno(), self._reader):
                return

    def _pass_on(self, told: Collection[str], *, heard: bool) -> None:
        """`heard`: its own words came back."""
        if heard and not self.hearing:
            self.hearing = True
            self._hear(list(Topic))
        elif topics := [topic for topic in Topic if topic in told]:
            self._hear(topics)

    def _tell_silence(self) -> None:
        """Said once."""
        if not self._said_silent:
            self._said_silent = True
            log.warning(
                "database.no_notifications",
                reason="notifications do not come through, so that everybody looks again and again instead; "
                "a pooler must pool sessions, not transactions",
            )


def _readable(seconds: float, *files: int) -> set[int]:
    """Which of them can be read within so long; by `poll`, since `select` takes no descriptor above 1,023."""
    poll = select.poll()
    for file in files:
        poll.register(file, select.POLLIN)
    return {file for file, _ in poll.poll(math.ceil(seconds * 1_000))}
