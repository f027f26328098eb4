"""The worker's end of the link to a Ray cluster: keeps the link's process, and passes on what it tells."""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from typing import IO, Any, ClassVar

from app.domain.asks import Asks, Node
from app.logs import get as get_log
from app.worker.protocols import Loss
from app.worker.ray_trainer import RayTrainer, cluster_away

log = get_log()

GCS = "GCS may have been killed"  # in what Ray prints of a head that is gone
FRAME = re.compile(
    r"\[0x[0-9a-f]+\]|@ +0x|\*\*\*|[Ss]tack ?[Tt]race|^Fatal Python error|^File |^Thread 0x|^Current thread"
)
HEAD = re.compile(r"^(\([^)]*\) )?\[[^]]*\] ([\w./]+:\d+: +)?")  # the time, and where in Ray
PAUSE = 5.0  # seconds between two tries to reach a cluster that is away
QUIET = {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_USAGE_STATS_ENABLED": "0"}
END = 30.0  # seconds that the link may take to end all seats


class Channel:
    """Starts the link, again after it has ended, and says once that the cluster is away and once that it is back."""

    command: ClassVar[list[str]] = [sys.executable, "-m", "app.worker.ray_link"]

    def __init__(self, address: str, database: str = "sqlite", store: str = "") -> None:
        """`database`, `store`: how the URLs of both begin: what they take has to be on each node."""
        self.nodes: list[Node] = []  # that may be used now; none while the cluster is away or does not suit
        self.versions: dict[str, str] = {}
        self._address = address
        self._needs = (database, store)
        self._trainers: dict[int, RayTrainer] = {}
        self._number = 0
        self._lock = threading.Lock()  # over the process and its trainers
        self._process: subprocess.Popen[str] | None = None
        self._not_before = 0.0  # monotonic time of the next try
        self._away_since: float | None = None
        self._reason = ""  # that was logged last, of being away
        self._is_closed = False
        self._ever: set[Node] = set()  # that there have been: one of them may come back
        self._left_out: set[str] = set()  # why nodes are, as it was logged

    def keep(self) -> None:
        """Have a link, or try to; called again and again."""
        with self._lock:
            if self._is_closed or (self._process and self._process.poll() is None):
                return
            if time.monotonic() < self._not_before:
                return
            self._not_before = time.monotonic() + PAUSE
            chatter = tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - `_listen` does
            self._process = subprocess.Popen(
                [*self.command, self._address, *self._needs],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=chatter,
                text=True,
                encoding="utf-8",
                env={**QUIET, **os.environ},
                start_new_session=True,  # Ctrl-C goes to the worker
            )
            threading.Thread(target=self._listen, args=(self._process, chatter), daemon=True).start()

    def take(self, asks: Asks, loss: Loss | None = None) -> RayTrainer:
        """A new trainer, which is told what becomes of it; with a `loss` it is one that has ended."""
        with self._lock:
            self._number += 1
            trainer = RayTrainer(self._number, asks, self._send)
            if loss or not self.nodes:
                trainer.lose(loss or self._loss())
            else:
                trainer.nodes = self.nodes
                self._trainers[self._number] = trainer
            return trainer

    def replace(self, asked: RayTrainer, seat: RayTrainer) -> bool:
        """Give up the place that was asked for, and have a seat that waits carry out its run; whether it did.

        It waits until that place is given up: there must not be two trainers of one lease. What befalls either of
        them meanwhile is told to whoever watches.
        """
        given_up = RayTrainer(asked.number, asked.asks, self._send)
        with self._lock:
            if asked.is_killed or asked.number not in self._trainers or seat.number not in self._trainers:
                return False  # it has just ended
            self._trainers[asked.number] = given_up
        given_up.kill()
        with self._lock:
            is_moved = self._trainers.get(seat.number) is seat and not given_up.alive
            if is_moved:
                self._trainers[seat.number] = asked
        if is_moved:
            asked.take_over(seat)
        else:  # the seat has ended with its node or the link, or the link is stuck
            asked.lose(cluster_away("the seat that was to carry it out has ended"))
        return is_moved

    def close(self) -> None:
        """End the link, and with it all seats."""
        with self._lock:
            self._is_closed = True
            self.nodes = []
            process = self._process
        if process is None:
            return
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _send(self, order: dict[str, Any]) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(OSError, ValueError), self._lock:  # it has just ended, which is told to whoever waits
                process.stdin.write(json.dumps(order) + "\n")
                process.stdin.flush()

    def _listen(self, process: "subprocess.Popen[str]", chatter: IO[str]) -> None:
        """What one link says, to its end."""
        reason = ""
        assert process.stdout is not None
        with process.stdout as lines:
            try:
                for line in lines:
                    reason = self._heed(json.loads(line)) or reason
            except Exception:  # a mistake of this program's: without a listener nobody would learn of any end
                log.exception("link.failed")
                process.kill()
        status = process.wait()
        with chatter:
            reason = reason or last_line(chatter) or f"the link to it ended with status {status}"
        with suppress(OSError):
            process.stdin.close() if process.stdin else None
        if not self._is_closed:
            self._is_away(reason)
        with self._lock:
            left, self._trainers = self._trainers, {}
        for trainer in left.values():
            trainer.lose(self._loss())

    def _heed(self, said: dict[str, Any]) -> str:
        """One line of the link's; why it is about to end, if it says so."""
        if "cannot" in said:
            return str(said["cannot"])
        if "trace" in said:
            log.error("link.failed", exception=said["trace"])
            return f"the link to it failed: {said['trace'].strip().splitlines()[-1]}"
        if "cluster" in said:
            self._look_at(said["cluster"])
        elif "mistake" in said:  # of one seat's: the link goes on
            log.error("link.seat_failed", exception=said["mistake"])
        elif trainer := self._trainers.get(said["number"]):
            if said.get("hopeless") and any(map(trainer.asks.fit, tuple(self._ever))):
                said["hopeless"] = False  # a node that was lost could hold it
            trainer.hear(said)
            if "gone" in said:
                self._trainers.pop(said["number"], None)
        return ""

    def _look_at(self, told: dict[str, Any]) -> None:
        self.versions = told["versions"]
        left_out = set(told["left_out"])
        for reason in sorted(left_out - self._left_out):
            log.warning("cluster.node_left_out", address=self._address, reason=reason)
        self._left_out = left_out
        if told["problem"]:
            self._is_away(told["problem"])
        elif not told["nodes"]:
            self._is_away("it has no node with CPUs")
        else:
            with self._lock:
                if self._is_closed:  # else runs would be claimed that nobody carries out
                    return
                self.nodes = [Node(*each) for each in told["nodes"]]
            self._ever.update(self.nodes)
            if self._away_since is not None:
                log.info("cluster.back", seconds=round(time.monotonic() - self._away_since, 1), nodes=len(self.nodes))
            self._away_since, self._reason = None, ""

    def _is_away(self, reason: str) -> None:
        """Said once, and again if the reason is another one by now."""
        self.nodes = []
        if self._away_since is None:
            self._away_since = time.monotonic()
        if reason != self._reason:
            log.warning("cluster.away", address=self._address, reason=reason)
            self._reason = reason

    def _loss(self) -> Loss:
        return cluster_away(self._reason or "the Ray cluster is away")


def last_line(chatter: IO[str]) -> str:
    """The last of what Ray printed before it ended the process, or what that means."""
    chatter.seek(0)
    lines = [line.strip() for line in chatter if line.strip()]
    if any(GCS in line for line in lines):
        return "its head stayed away for a minute, and Ray has ended the link to it"
    told = [line for line in lines if not FRAME.search(line)] or [""]
    return HEAD.sub("", told[-1])[-300:]
