"""Commands as in a container, by bubblewrap: an image's own folders, this machine's /usr and /etc, and nothing else."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from fnmatch import translate
from pathlib import Path

import pip

USER = 10001
OWN = ("opt", "densely", "locks")  # the folders that an image of ours has besides those of the system
PYTHON = sys.base_prefix  # where its libraries are looked for; in the image that is /usr/local
SITE = f"{PYTHON}/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
CAPABILITIES = ("SETUID", "SETGID", "SETPCAP")  # to become the user, who has none


def missing() -> str | None:
    """What this machine lacks, or None."""
    if os.geteuid() != 0:
        return "only root becomes another user"
    lacking = [name for name in ("bwrap", "setpriv", "git") if shutil.which(name) is None]
    return f"{', '.join(lacking)} not installed: apt-get install bubblewrap util-linux git" if lacking else None


class Sandbox:
    """The image that lies in the folder `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        for name in OWN:
            (root / name).mkdir(parents=True, exist_ok=True)
        os.chown(root / "opt", USER, USER)  # as in a build, where root would write

    def building(self, command: str, folder: str) -> None:
        """One `RUN`, which may write to the image.

        Raises:
            CalledProcessError: as the command ended.
        """
        passed = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        passed |= {name: os.environ[name] for name in ("PIP_CERT", "PIP_DEFAULT_TIMEOUT") if name in os.environ}
        environment = {"PATH": f"{PYTHON}/bin:/usr/bin:/bin", "HOME": "/tmp", "PIP_QUIET": "1", **passed}
        pip_itself = ["--ro-bind", str(Path(pip.__file__).parent), f"{SITE}/pip"]
        line = self._command("--bind", pip_itself, environment, folder)
        subprocess.run([*line, "sh", "-c", command], check=True)

    def command(self, words: Sequence[str], environment: Mapping[str, str], folder: str, data: Path) -> list[str]:
        """The command line of a process that can write to /data, which is the folder `data`, and to /tmp."""
        more = ["--bind", str(data), "/data", "--remount-ro", "/"]
        return [*self._command("--ro-bind", more, environment, folder), *words]

    def _command(self, how: str, more: Sequence[str], environment: Mapping[str, str], folder: str) -> list[str]:
        line = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--clearenv", "--new-session"]
        for name in ("usr", "lib", "lib64", "etc"):
            line += ["--ro-bind-try", f"/{name}", f"/{name}"]
        for above in reversed(Path(PYTHON).parents):
            line += ["--perms", "0755", "--dir", str(above)]
        line += ["--ro-bind", PYTHON, PYTHON, "--symlink", "usr/bin", "/bin"]
        line += ["--tmpfs", SITE]  # empty, as in an image whose pip has gone
        line += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chmod", "1777", "/tmp"]
        line += ["--tmpfs", "/dev/shm", "--chmod", "1777", "/dev/shm"]
        for name in OWN:
            line += [how, str(self._root / name), f"/{name}"]
        line += more
        for name, value in environment.items():
            line += ["--setenv", name, value]
        for capability in CAPABILITIES:
            line += ["--cap-add", f"CAP_{capability}"]
        drop = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs"]
        return [*line, "--chdir", folder, *drop, "--bounding-set=-all", "--inh-caps=-all"]


def context_of(checkout: Path) -> list[str]:
    """The files that an image's build is given: those that Git has or would take, and `.dockerignore` lets through."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listed, cwd=checkout, check=True, capture_output=True, text=True).stdout
    lines = (checkout / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in map(str.strip, lines) if line and not line.startswith("#")]
    names = filter(None, found.split("\0"))
    return [name for name in names if not hidden(name, patterns) and (checkout / name).is_file()]


def hidden(name: str, patterns: Sequence[str]) -> bool:
    """Whether the patterns of a `.dockerignore` leave a file out: the last that fits it, or a folder above it, says."""
    parts = name.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    out = False
    for pattern in patterns:
        given = pattern.removeprefix("!")
        anywhere = given.startswith("**/")
        depth = given.count("/")
        tried = (
            [each.rsplit("/", 1)[-1] for each in above]
            if anywhere
            else [each for each in above if each.count("/") == depth]
        )
        if any(_fits(each, given.removeprefix("**/")) for each in tried):
            out = not pattern.startswith("!")
    return out


def _fits(name: str, pattern: str) -> bool:
    return re.fullmatch(translate(pattern).replace("(?s:.*)", "[^/]*"), name) is not None
