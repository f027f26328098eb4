"""Installed from wheels, in empty folders: migrations, models and page come along; the client needs nothing of them."""

import shutil
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

import app
from benchmarks.service import REPOSITORY, Service
from densely_client import __version__
from tests.e2e.conftest import NO_NETWORK
from tests.support import examples
from tests.support.tasks import TASKS
from tests.support.wheels import Environment, build, needed


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of the service and of the client, built of a copy in a folder with an odd name, beside a model of the user's."""
    source = tmp_path_factory.mktemp("source") / "50% of (this) checkout"
    source.mkdir()
    for name in ("app", "clients", "migrations", "models_store"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "node_modules")
        shutil.copytree(REPOSITORY / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(REPOSITORY / name, source)
    (source / "models_store" / "planar" / "m-own").mkdir()
    (source / "models_store" / "planar" / "m-own" / "manifest.json").write_text("{}")
    made = tmp_path_factory.mktemp("wheels")
    return {"service": build(source, made), "client": build(source / "clients" / "python", made)}


@pytest.fixture(scope="module")
def site(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Both wheels in an environment with an odd name, which has the locked packages."""
    environment = Environment(tmp_path_factory.mktemp("environment") / "site %20?")
    environment.share()
    environment.install(*wheels.values())
    return environment


@pytest.fixture(scope="module")
def alone(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The client with httpx, pydantic and what these need."""
    environment = Environment(tmp_path_factory.mktemp("alone"))
    for name in needed("httpx", "pydantic"):
        environment.copy(name)
    environment.install(wheels["client"])
    return environment


@pytest.fixture
def installed(site: Environment, tmp_path: Path) -> Iterator[Service]:
    """The service of that environment, behind a network as offices have it."""
    empty = tmp_path / "empty"
    empty.mkdir()
    settings = {**NO_NETWORK, "PYTHONPATH": "", "ALL_PROXY": "socks5://127.0.0.1:9"}
    with Service(tmp_path / "service", settings, cwd=empty, program=(str(site.bin / "densely"),)) as service:
        yield service


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_what_comes_with_it_is_what_the_release_names(wheels: dict[str, Path]) -> None:
    names = names_in(wheels["service"])
    shipped = {name.removeprefix("app/_shipped/") for name in names if name.startswith("app/_shipped/")}

    for folder in ("migrations", "models_store", "clients"):
        inside = {name for name in shipped if name.startswith(f"{folder}/")}
        beside = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / folder).rglob("*") if path.is_file()}
        assert inside
        assert inside <= beside, "no models of the user's own"
    assert {"app", f"densely-{app.__version__}.dist-info"} == {name.split("/")[0] for name in names}


def test_the_service_needs_the_client_and_the_client_two_packages(wheels: dict[str, Path], alone: Environment) -> None:
    names = names_in(wheels["client"])
    installed = {each.name: each.requires or [] for each in Distribution.discover(path=[str(alone.site)])}

    assert "densely_client/py.typed" in names
    assert {"densely_client", f"densely_client-{__version__}.dist-info"} == {name.split("/")[0] for name in names}
    assert ["httpx", "pydantic"] == [each.split(">")[0] for each in installed["densely-client"]]
    assert {"densely-client", *needed("httpx", "pydantic")} == {canonicalize_name(name) for name in installed}
    assert any(each.startswith("densely-client") for each in distribution("densely").requires or [])


def test_it_starts_greets_predicts_shows_the_page_and_trains_for_a_client_of_its_own(
    installed: Service, alone: Environment, tmp_path: Path
) -> None:
    for task in TASKS.all.values():
        body = {"task": task.name, **task.example}
        assert 200 == installed.client.post("/predict", json=body).status_code
    assert "<title>" in installed.client.get("/").text
    script = REPOSITORY / "clients" / "javascript" / "densely.js"
    assert script.read_text(encoding="utf-8") == installed.client.get("/client/densely.js").text
    client = REPOSITORY / "clients" / "javascript" / "densely.js"
    assert client.read_text(encoding="utf-8") == installed.client.get("/client/densely.js").text
    run = installed.wait(installed.train(task="planar", dataset="sample", recipe={"epochs": 2})["id"])
    assert "succeeded" == run["status"]

    done = alone.run(str(Path(examples.__file__)), installed.url, cwd=tmp_path)
    assert (0, f"{len(examples.examples())} examples\n") == (done.returncode, done.stdout), done.stderr

    assert f"Densely answers at {installed.url}" in installed.log.read_text()
    where = Path(f"/proc/{installed.process.pid}/cwd").readlink()
    assert [] == list(where.iterdir()), "home and models lie where the settings say"
