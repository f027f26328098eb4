"""The project's own rules about its files."""

import ast
import json
import re
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

import app

ROOT = Path(app.__file__).parent.parent
FOLDERS = ("app", "clients/python/src", "clients/python/scripts")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 41


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_stay_small(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MOST_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MOST_LINES_OF_A_FUNCTION, node.name


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Neither late nor for their types alone."""
    graph = grimp.build_graph("app", "densely_client")
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}

    TopologicalSorter(imports).prepare()  # raises CycleError, which names them


def test_the_map_names_every_package() -> None:
    """`app/__init__.py` is what a newcomer reads first."""
    assert app.__doc__ is not None
    listed = set(re.findall(r"^(\w+)  +\S", app.__doc__, flags=re.MULTILINE))
    packages = {path.parent.name for path in (ROOT / "app").glob("*/__init__.py")}
    assert packages == listed


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("*.lock")))
def test_locks_pin_with_hashes_and_name_no_host(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    requirements = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(requirements) > 30
    assert all("==" in line for line in requirements)
    assert len(requirements) <= lock.count("--hash=sha256:")
    assert "://" not in lock
    assert "index" not in re.sub(r"^\S+==.*$", "", lock, flags=re.MULTILINE)


def test_packages_of_node_are_pinned_with_hashes_and_name_no_host() -> None:
    folder = ROOT / "clients" / "javascript"
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    packages = {path: package for path, package in lock["packages"].items() if path}

    assert len(packages) > 30
    assert all(package["version"] and package["integrity"].startswith("sha512-") for package in packages.values())
    assert [] == [path for path, package in packages.items() if "resolved" in package]
    assert "registry=" not in (folder / ".npmrc").read_text(encoding="utf-8")
    assert not json.loads((folder / "package.json").read_text(encoding="utf-8")).get("dependencies")


def test_an_api_image_has_no_tensorflow_and_all_locks_agree() -> None:
    """The same release of a package, wherever it is installed."""
    pins = {path.name: set(re.findall(r"^(\S+==\S+)", path.read_text(), re.MULTILINE)) for path in ROOT.glob("*.lock")}

    assert {"requirements.lock", *(f"requirements-{name}.lock" for name in ("api", "dev", "gpu", "scale"))} == set(pins)
    assert not any(pin.startswith(("tensorflow", "keras", "ray=")) for pin in pins["requirements-api.lock"])
    assert any(pin.startswith("nvidia-") for pin in pins["requirements-gpu.lock"])
    assert pins["requirements.lock"] <= pins["requirements-dev.lock"]
    for smaller in ("requirements.lock", "requirements-api.lock"):
        assert pins[smaller] <= pins["requirements-scale.lock"] <= pins["requirements-gpu.lock"]
