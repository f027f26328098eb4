"""The link to a Ray cluster: a process of the worker's that asks for seats there, and tells what becomes of them.

A process of its own, since Ray ends the one that speaks to it when the cluster stays away for a minute, and takes its
signals: the worker stays. Standard input has the worker's orders, standard output what there is to tell, in JSON lines.
When standard input ends, however the worker ended, so do all seats; when this process is killed, Ray ends them.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from app import stdio
from app.worker import ray_nodes
from app.worker.ray_watch import Say, Watch

LOOK = 1.0  # seconds between two looks at the nodes
SILENT = 15.0  # seconds that a look may take: meanwhile Ray waits for the head, for a minute, and tells nobody
ANSWER = 5.0  # seconds within which the cluster's address answers
PROBE = 60.0  # seconds that a node may take to tell its versions
NAMESPACE = "densely"
VERSIONS = ray.remote(num_cpus=0, max_retries=0)(ray_nodes.probe)


def main(address: str, database: str, store: str) -> int:
    """Until standard input ends; 1 if there is no cluster, which is told.

    `database`, `store`: how their URLs begin, which tells what nodes need.
    """
    stdio.settle()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker decides
    worker = os.dup(1)
    os.dup2(2, 1)  # what a library prints must not reach the worker
    said = threading.Lock()

    def say(what: dict[str, Any]) -> None:
        with said, suppress(BrokenPipeError):
            os.write(worker, (json.dumps(what) + "\n").encode())

    if reason := join(address):
        say({"cannot": reason})
        return 1
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # Ray's own would end this process before its seats
    nodes = Nodes(say, database, store)
    threading.Thread(target=nodes.look_round, daemon=True).start()
    threading.Thread(target=nodes.watch_head, daemon=True).start()
    _obey(say, nodes)
    ray.shutdown()
    return 0


def join(address: str) -> str | None:
    """Become a part of the cluster; why not, in a line."""
    try:
        if address != "auto":
            host, _, port = address.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
    except OSError as error:  # also Ray's own ConnectionError, after a minute, if no node is here
        if isinstance(error, ConnectionError) and error.errno is None:
            return (
                f"no Ray cluster at {address} has a node on this machine, which it takes to speak to it: "
                f"`ray start --address={address} --num-cpus=0` makes one"
            )
        return f"no Ray cluster answers at {address}: {error.strerror or error}"
    except (RuntimeError, ValueError) as error:  # also other versions of Ray or Python
        return f"the Ray cluster at {address} cannot be joined: {' '.join(str(error).split())}"
    return None


class Nodes:
    """The cluster's machines, looked at again and again."""

    def __init__(self, say: Say, database: str, store: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._monotonic = monotonic
        self._needs = (database, store)
        self._answers = ray_nodes.Answers(ray_nodes.versions(), monotonic)
        self._asked: dict[str, tuple[Any, float]] = {}  # by the id of a node: its answer to be, and since when
        self._told: dict[str, Any] = {}
        self._looked_at = monotonic()
        self._lock = threading.Lock()  # over what was told last
        self.present: list[dict[str, Any]] = []  # those that have CPUs, as Ray tells of them
        self.shunned: list[str] = []  # ids of those among them that cannot carry out runs, or have not answered yet

    def look_round(self) -> None:
        """For ever; what has changed is told. An error ends this process, and the worker starts another one."""
        try:
            while True:
                self.look()
                time.sleep(LOOK)
        except BaseException:  # noqa: BLE001 - else the worker would believe what was told last for ever
            self._say({"trace": traceback.format_exc()})
            os._exit(1)

    def watch_head(self) -> None:
        """For ever; that it is silent is told once. Runs that have their places go on without it."""
        while True:
            time.sleep(LOOK)
            self.mind_head()

    def mind_head(self) -> None:
        """Once."""
        with self._lock:  # before it is asked: a look that ends meanwhile would tell first, and be taken back
            if self.is_silent:
                self._change(nodes=[], problem=f"its head has not answered for {SILENT:g} seconds")

    @property
    def is_silent(self) -> bool:
        """Whether the head has not answered for long: whoever asks it something waits for it too."""
        return self._monotonic() - self._looked_at > SILENT

    def _tell(self, **news: Any) -> None:
        """What has changed."""
        with self._lock:
            self._change(**news)

    def _change(self, **news: Any) -> None:
        """The same, for who has the lock."""
        told = {"left_out": [], "versions": {"ray": ray.__version__}, **self._told, **news}
        if told != self._told:
            self._say({"cluster": told})
            self._told = told

    def look(self) -> None:
        """Once; nothing is told before every node has been asked."""
        self.present = [each for each in ray.nodes() if each["Alive"] and each["Resources"].get("CPU")]
        self._looked_at = self._monotonic()
        names = {each["NodeID"]: each["NodeManagerAddress"] for each in self.present}
        for each in self._answers.due(names):
            if each not in self._asked:  # else it has its time to answer first
                self._asked[each] = self._ask(each), self._monotonic()
        self._hear()
        left_out = self._answers.left_out(names)
        self.shunned = [each for each in names if each in left_out or not self._answers.knows(each)]
        nodes = [ray_nodes.node_of(each) for each in self.present if each["NodeID"] not in self.shunned]
        if len(self.shunned) > len(left_out) and not (self._told and nodes):
            return
        reasons = sorted(left_out.values())
        self._tell(
            nodes=[[node.cpus, node.memory, node.gpus] for node in nodes],
            problem=self._answers.misfit(names) or (reasons[0] if reasons and not nodes else None),
            left_out=reasons,
        )

    def _ask(self, node: str) -> Any:
        where = NodeAffinitySchedulingStrategy(node, soft=False)
        return VERSIONS.options(scheduling_strategy=where).remote(*self._needs)

    def _hear(self) -> None:
        """What has been answered by now, or too late."""
        for node, (answer, since) in tuple(self._asked.items()):
            try:
                if ray.wait([answer], timeout=0)[0]:
                    self._answers.take(node, ray.get(answer))
                elif self._monotonic() - since > PROBE:
                    self._answers.take(node, f"it did not tell its versions within {PROBE:g} seconds")
                    ray.cancel(answer, force=True)  # else one more would wait there each time that it is asked
                else:
                    continue
            except Exception as error:  # noqa: BLE001 - whatever comes from there
                self._answers.take(node, _reason(error))
            del self._asked[node]


def _reason(error: Exception) -> str:
    """The last line of what Ray says: what comes before is where it happened."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


def _obey(say: Say, nodes: Nodes) -> None:
    """The worker's orders, to their end."""
    watches: dict[int, Watch] = {}
    for line in sys.stdin:
        order = json.loads(line)
        number = order["number"]
        if order["do"] == "start":
            watches[number] = Watch(order, say, nodes)
            watches[number].start()
        elif number in watches:
            watches[number].orders.put(order)
        watches = {key: watch for key, watch in watches.items() if watch.is_alive()}
    for watch in watches.values():
        watch.orders.put({"do": "kill"})
    for watch in watches.values():
        watch.join()


if __name__ == "__main__":
    status = main(*sys.argv[1:4])
    os._exit(status)  # all seats have ended: Ray's threads need not be waited for
