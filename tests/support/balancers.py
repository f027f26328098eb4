"""nginx and HAProxy before replicas, configured as `deploy/` has it for everybody, with ports of this machine."""

import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.service import REPOSITORY, free_port
from tests.support.nginx import Nginx, listens

ADDRESS = re.compile(r"10\.0\.0\.\d+:8000")
# So that draining takes less of a test's time; the rule between them is the same.
IDLE = re.compile(r"(keepalive_timeout|pool-purge-delay) \d+s")


def filled(name: str, ports: Sequence[int]) -> str:
    """An example of `deploy/` with these replicas, idle connections to which are kept for a second."""
    example = (REPOSITORY / "deploy" / name).read_text(encoding="utf-8")
    assert len(ports) == len(ADDRESS.findall(example)), f"{name} has as many replicas"
    assert len(IDLE.findall(example)) == 1
    left = iter(ports)
    return IDLE.sub(r"\1 1s", ADDRESS.sub(lambda _: f"127.0.0.1:{next(left)}", example))


def nginx_before(folder: Path, ports: Sequence[int]) -> Nginx:
    """A running nginx; `close` ends it."""
    example = filled("nginx.conf", ports)
    assert "listen 80;" in example
    return Nginx(folder, servers=lambda port: example.replace("listen 80;", f"listen 127.0.0.1:{port};"))


class HAProxy:
    """Listens on a port of its own until it is closed."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
        if program is None:
            pytest.skip("HAProxy is not installed, for example Debian's package `haproxy`")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        example = filled("haproxy.cfg", ports)
        assert "bind :80\n" in example
        file = folder / "haproxy.cfg"
        file.write_text(example.replace("bind :80\n", f"bind 127.0.0.1:{port}\n"), encoding="utf-8")
        self.log = folder / "haproxy.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen([program, "-db", "-f", str(file)], stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while not listens(port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                raise RuntimeError(f"HAProxy did not start: {self.log.read_text()}")
            time.sleep(0.01)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
