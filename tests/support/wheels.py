"""Wheels of this checkout, and environments to install them into, without a package registry."""

import shutil
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import pip
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(pip.__file__).resolve().parent.parent  # site-packages of this environment


def build(source: Path, target: Path) -> Path:
    """The wheel of a project's folder."""
    before = set(target.glob("*.whl"))
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", ".", *options], cwd=source, check=True, timeout=120)
    (wheel,) = set(target.glob("*.whl")) - before
    return wheel


def needed(*names: str) -> set[str]:
    """These distributions and all that they need, as they are installed here."""
    found: set[str] = set()
    rest = list(names)
    while rest:
        name = canonicalize_name(rest.pop())
        if name not in found:
            found.add(name)
            wanted = map(Requirement, distribution(name).requires or [])
            rest += [each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found


class Environment:
    """A virtual environment with nothing in it, not even pip."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, symlinks=True)
        self.bin = folder / "bin"
        self.python = self.bin / "python"
        (self.site,) = (folder / "lib").glob("python*/site-packages")

    def install(self, *wheels: Path) -> None:
        """Install wheels, and nothing that they need."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check", "--quiet"]
        options = ["--no-deps", "--no-index", "--no-compile"]
        subprocess.run([*pip, "install", *options, *map(str, wheels)], check=True, timeout=120)

    def copy(self, name: str) -> None:
        """A distribution as it is installed here."""
        for file in distribution(name).files or []:
            if ".." not in file.parts:  # programs lie elsewhere
                target = self.site / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(HERE / file, target)

    def share(self) -> None:
        """See what is installed here too, but for what is installed editable: path files of path files are not read."""
        (self.site / "shared.pth").write_text(f"{HERE}\n", encoding="utf-8")

    def run(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run its Python, which sees nothing but what is installed."""
        command = [str(self.python), "-I", *words]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
