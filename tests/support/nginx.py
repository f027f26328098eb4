"""A real nginx before a served application, with its files in a folder of the test's own."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {servers}
}}
"""


class Nginx:
    """Listens on a port of its own until it is closed."""

    def __init__(self, folder: Path, locations: str = "", servers: Callable[[int], str] | None = None) -> None:
        """`locations`: the server's, in nginx' own words; or `servers`, all of them, on the port that it is told."""
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if program is None:
            pytest.skip("nginx is not installed, for example Debian's package `nginx-light`")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        within = servers(port) if servers else f"server {{ listen 127.0.0.1:{port}; {locations} }}"
        (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, servers=within))
        command = [program, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 10
        while not listens(port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError(f"nginx did not start: {self._process.communicate()[1].decode()}")
            time.sleep(0.01)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.communicate()


def listens(port: int) -> bool:
    """Whether somebody does on this port of this machine."""
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0
