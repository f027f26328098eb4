"""A real Ray cluster of our own on loopback: each node has an address and a folder, and is ended by the ids it has."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

SCRIPT = [sys.executable, "-m", "ray.scripts.scripts"]
STORE = 80 * 2**20  # bytes, the least that Ray takes: nothing of ours goes through it
START_SECONDS = 60


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.2", 0)) as server:
        return int(server.getsockname()[1])


class RayCluster:
    """Its head has the port that others join; nodes are known by their addresses, 127.0.0.2 and so on."""

    def __init__(self) -> None:
        self._port = free_port()
        self.address = f"127.0.0.2:{self._port}"
        self.folder = Path(tempfile.mkdtemp(prefix="dr"))  # short: sockets below it have no long names
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}

    def add(self, cpus: int, memory: int = 2**36, environment: dict[str, str] | None = None) -> str:
        """A node with so many CPUs, whatever this machine has, and bytes to be asked for; its address."""
        ip = f"127.0.0.{2 + len(self._nodes)}"
        where = ["--head", f"--port={self._port}"] if not self._nodes else [f"--address={self.address}"]
        command = [
            *SCRIPT, "start", *where, f"--node-ip-address={ip}", f"--num-cpus={cpus}", f"--memory={memory}", "--block",
            f"--object-store-memory={STORE}", "--disable-usage-stats", "--min-worker-port=0", "--max-worker-port=0",
            "--dashboard-agent-listen-port=0", f"--temp-dir={self.folder}",
            *(["--include-dashboard=false", f"--ray-client-server-port={free_port()}"] if not self._nodes else []),
        ]  # fmt: skip
        with (self.folder / f"{ip}.log").open("wb") as log:
            self._nodes[ip] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1", **(environment or {})},
                start_new_session=True,
            )
        return ip

    def wait(self, ip: str) -> None:
        """Until a node has started."""
        deadline = time.monotonic() + START_SECONDS
        while b"Ray runtime started" not in self.said(ip):
            assert self._nodes[ip].poll() is None, self.said(ip)
            assert time.monotonic() < deadline, self.said(ip)
            time.sleep(0.05)

    def said(self, ip: str) -> bytes:
        """By the program that started a node."""
        return (self.folder / f"{ip}.log").read_bytes()

    def runs(self, module: str, ip: str) -> bool:
        """Whether a process of this module runs on a node."""
        for each in psutil.Process(self._nodes[ip].pid).children(recursive=True):
            with suppress(psutil.Error):
                if module in each.cmdline():
                    return True
        return False

    def kill(self, ip: str) -> None:
        """As if its machine were gone: every process of it at once."""
        _kill_all(self._nodes.pop(ip))

    def close(self) -> None:
        """End what there is, and remove what it wrote."""
        for process in self._nodes.values():
            _kill_all(process)
        shutil.rmtree(self.folder, ignore_errors=True)


def _kill_all(process: "subprocess.Popen[bytes]") -> None:
    with suppress(psutil.NoSuchProcess):
        head = psutil.Process(process.pid)
        for each in [head, *head.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGKILL)
    process.wait(30)


@contextmanager
def running(*cpus: int) -> Iterator[RayCluster]:
    """A cluster whose nodes have so many CPUs."""
    cluster = RayCluster()
    try:
        for each in cpus:
            cluster.wait(cluster.add(each))
        yield cluster
    finally:
        cluster.close()
