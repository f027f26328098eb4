"""Servers that speak as Google's and Azure's object storage do, each in its own process, and what a client needs.

Google's comes with what the tests install. Azurite is a program of npm, of 186 MB: it is used where it is in PATH.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.storage.filesystems import closer_of, open_filesystem
from tests.support.nginx import listens
from tests.support.s3 import free_port

START_SECONDS = 30.0
ACCOUNT = "tests"
KEY = b64encode(b"of nobody").decode()


def environment(kind: str, url: str) -> dict[str, str]:
    """What a process needs to reach a server at this URL of HTTP."""
    if kind == "gs":
        return {"STORAGE_EMULATOR_HOST": url, "NO_GCE_CHECK": "true"}
    end_point = f"BlobEndpoint={url}/{ACCOUNT}"
    return {"AZURE_STORAGE_CONNECTION_STRING": f"AccountName={ACCOUNT};AccountKey={KEY};{end_point};"}


@dataclass
class Cloud:
    """A server with its objects in a folder."""

    kind: str
    folder: Path
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return environment(self.kind, f"http://127.0.0.1:{self.port}")

    def start(self) -> None:
        """With what it had before; the test is skipped where there is no such server."""
        program = shutil.which("azurite-blob")
        if self.kind == "gs":
            emulator = [sys.executable, "-W", "ignore", "-m", "gcp_storage_emulator", "--data-dir", str(self.folder)]
            command = [*emulator, "start", "--host", "127.0.0.1", "--port", str(self.port), "--quiet"]
        elif program is None:
            pytest.skip("azurite-blob is not in PATH: npm install -g azurite")
        else:
            command = [program, "--blobPort", str(self.port), "--location", str(self.folder), "--silent"]
            command += ["--disableTelemetry", "--skipApiVersionCheck"]
        quiet = subprocess.DEVNULL
        accounts = {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}
        self._process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=accounts)
        end = time.monotonic() + START_SECONDS
        while not listens(self.port):
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server of {self.kind} did not start")
            time.sleep(0.02)

    def stop(self) -> None:
        """Until it is started again."""
        if self._process:
            self._process.send_signal(signal.SIGINT)  # so both write what they have
            try:
                self._process.wait(5)
            finally:
                self._process.kill()
                self._process.wait()
            self._process = None

    def bucket(self, name: str) -> str:
        """Make an empty one; the URL of a store in it."""
        filesystem = open_filesystem(f"{self.kind}://{name}")
        try:
            filesystem.mkdir(name)
        finally:
            closer_of(filesystem)()
        return f"{self.kind}://{name}/densely"
