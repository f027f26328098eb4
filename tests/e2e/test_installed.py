"""Installed from a wheel, in an empty folder: migrations, models and page come with it."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.service import REPOSITORY, Service
from tests.e2e.conftest import NO_NETWORK
from tests.support.tasks import TASKS


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel. It is built of a copy in a folder with an odd name, beside models of the user's own."""
    source = tmp_path_factory.mktemp("source") / "50% of (this) checkout"
    source.mkdir()
    for name in ("app", "migrations", "models_store", "clients"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(REPOSITORY / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(REPOSITORY / name, source)
    (source / "models_store" / "planar" / "m-own").mkdir()
    (source / "models_store" / "planar" / "m-own" / "manifest.json").write_text("{}")
    made = tmp_path_factory.mktemp("wheel")
    command = [
        "pip",
        "wheel",
        ".",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--quiet",
        "--wheel-dir",
        str(made),
    ]
    subprocess.run([sys.executable, "-m", *command], cwd=source, check=True, timeout=120)
    (wheel,) = made.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(made / "site %20?")
    return made / "site %20?"


@pytest.fixture
def installed(site: Path, tmp_path: Path) -> Iterator[Service]:
    """The service of that wheel, behind an environment as offices have it."""
    empty = tmp_path / "empty"
    empty.mkdir()
    proxies = {**NO_NETWORK, "ALL_PROXY": "socks5://127.0.0.1:9"}
    with Service(tmp_path / "service", {"PYTHONPATH": str(site), **proxies}, cwd=empty) as service:
        yield service


def test_what_comes_with_it_is_what_the_release_names(site: Path) -> None:
    shipped = site / "app" / "_shipped"

    assert not (shipped / "models_store" / "planar" / "m-own").exists()
    for name in ("migrations", "models_store", "clients"):
        inside = {str(path.relative_to(shipped)) for path in (shipped / name).rglob("*") if path.is_file()}
        beside = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / name).rglob("*") if path.is_file()}
        assert inside
        assert inside <= beside
    assert {"app", next(path.name for path in site.glob("*.dist-info"))} == {path.name for path in site.iterdir()}


def test_it_starts_greets_predicts_shows_the_page_and_trains(installed: Service, site: Path) -> None:
    for task in TASKS.all.values():
        body = {"task": task.name, **task.example}
        assert 200 == installed.client.post("/predict", json=body).status_code
    assert "<title>" in installed.client.get("/").text
    client = REPOSITORY / "clients" / "javascript" / "densely.js"
    assert client.read_text(encoding="utf-8") == installed.client.get("/client/densely.js").text
    run = installed.wait(installed.train(task="planar", dataset="sample", recipe={"epochs": 2})["id"])

    assert "succeeded" == run["status"]
    assert f"Densely answers at {installed.url}" in installed.log.read_text()
    where = Path(f"/proc/{installed.process.pid}/cwd").readlink()
    assert [] == list(where.iterdir()), "home and models lie where the settings say"
