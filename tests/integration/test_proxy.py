"""Below a path of a proxy everything is where it says it is, whether the proxy takes the path off or passes it on.

And whom a proxy asks for is known, if that proxy is trusted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from app.main import create_app
from app.services.audit import AuditService
from app.settings import Settings
from densely_client import Densely
from tests.support.artifacts import add_model
from tests.support.nginx import Nginx
from tests.support.server import LiveServer

PREFIX = "/ml/densely"
TRAIN: dict[str, Any] = {"task": "planar", "dataset": "sample"}


@dataclass
class Served:
    """One database, served for a proxy and without one."""

    below: str
    plain: httpx.Client


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("proxy")
    settings = Settings(home=folder / "home", models_dir=folder / "models", datasets_dir=folder / "datasets")
    migrate.upgrade(settings.url)
    database = Database(settings.url)
    add_model(database, ArtifactStore(settings.models_dir), "planar")
    servers = [LiveServer(create_app(settings.model_copy(update={"root_path": root}))) for root in (PREFIX, "")]
    yield Served(servers[0].url, servers[1].client)
    for server in servers:
        server.close()
    database.close()


@pytest.fixture(params=["taken off", "passed on"], scope="module")
def behind(
    request: pytest.FixtureRequest, served: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of the service behind nginx; its base is the service's own."""
    taken_off = f"location {PREFIX}/ {{ proxy_pass {served.below}/; }}"
    passed_on = f"location {PREFIX} {{ proxy_pass {served.below}; }}"
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), taken_off if request.param == "taken off" else passed_on)
    with httpx.Client(base_url=nginx.url + PREFIX, timeout=30) as found:
        yield found
    nginx.close()


def absolute(client: httpx.Client, answer: httpx.Response) -> str:
    """Where the answer's `Location` leads, as a client has it (RFC 9110, 10.2.2)."""
    return urljoin(str(answer.url), answer.headers["location"])


def test_a_new_runs_location_is_the_run(behind: httpx.Client) -> None:
    answer = behind.post("/train", json=TRAIN)

    assert f"{PREFIX}/runs/{answer.json()['id']}" == answer.headers["location"]
    assert answer.json() == behind.get(absolute(behind, answer)).json()
    assert 202 == behind.post(f"/runs/{answer.json()['id']}/cancel").status_code
    again = behind.post(f"/runs/{answer.json()['id']}/retry")
    assert again.json()["id"] == behind.get(absolute(behind, again)).json()["id"]


def test_the_documentation_and_all_that_it_loads_are_there(behind: httpx.Client) -> None:
    page = behind.get("/docs")
    named = re.findall(r"""(?:src|href)="([^"]+)"|url: '([^']+)'""", page.text)
    links = {urljoin(str(page.url), first or second) for first, second in named}

    assert 4 == len(links)
    assert all(link.startswith(str(behind.base_url)) for link in links)
    assert {200} == {behind.get(link).status_code for link in links}


def test_the_description_says_where_the_calls_are(behind: httpx.Client) -> None:
    (server,) = behind.get("/openapi.json").json()["servers"]

    assert str(behind.base_url).rstrip("/") == urljoin(str(behind.base_url), server["url"])


def test_the_page_and_its_files_are_there(behind: httpx.Client) -> None:
    page = behind.get("/")
    links = {urljoin(str(page.url), link) for link in re.findall(r'(?:src|href)="([^"#]+)"', page.text)}

    assert len(links) >= 3
    assert {200} == {behind.get(link).status_code for link in links}


def test_the_path_without_its_last_slash_leads_to_the_page(behind: httpx.Client) -> None:
    answer = behind.get(str(behind.base_url).rstrip("/"))

    assert answer.status_code in (301, 308)
    assert f"{PREFIX}/" == "/" + absolute(behind, answer).split("/", 3)[3]


def test_predictions_streams_and_the_client_work(behind: httpx.Client) -> None:
    assert 200 == behind.post("/predict", json={"task": "planar", "point": [0.5, 1.0]}).status_code
    assert 404 == behind.get("/nothing").status_code
    with Densely(str(behind.base_url)) as densely:
        run = densely.train("planar", dataset="sample")
        run.cancel()
        assert "cancelled" == [event for event in run.events() if event.type == "status"][-1].data["status"]
        assert 0 <= densely.predict.planar(0.5, 1.0).probability <= 1


def test_a_prefix_that_was_sent_by_nobody_we_know_changes_nothing(served: Served) -> None:
    """Only the setting counts: what a client sends may be kept by a cache and told to others."""
    told = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    answer = served.plain.post("/train", json=TRAIN, headers=told)

    assert f"/runs/{answer.json()['id']}" == answer.headers["location"]
    assert "evil" not in served.plain.get("/docs", headers=told).text
    assert "servers" not in served.plain.get("/openapi.json", headers=told).json()


@pytest.mark.parametrize(
    ("given", "expected"),
    [("", ""), ("/", ""), ("/ml", "/ml"), ("/ml/densely/", "/ml/densely"), ("/a.b/~c_d-1", "/a.b/~c_d-1")],
)
def test_the_setting_is_a_path(given: str, expected: str) -> None:
    assert expected == Settings(root_path=given).root_path


@pytest.mark.parametrize(
    "given", ["ml", "//evil.example", "/a//b", "/a?b", "/a b", "https://x.example/a", "/ä", "/a\nb"]
)
def test_what_is_no_path_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="root_path"):
        Settings(root_path=given)


@dataclass
class Forwarded:
    """A service that takes three requests of an address, behind nginx and without it."""

    nginx: httpx.Client
    plain: httpx.Client
    database: Database

    def rates(self, client: httpx.Client, told: str, *, inline: bool) -> list[str]:
        """Of four predictions and a list, as sent from the address that `X-Forwarded-For` tells: what is left."""
        body = {"task": "planar", "point": [0.5, 1.0], **({} if inline else {"explain": True, "model": 1})}
        answers = [client.post("/predict", json=body, headers={"X-Forwarded-For": told}) for _ in range(3)]
        answers.append(client.get("/tasks", headers={"X-Forwarded-For": told}))
        return [answer.headers["ratelimit"].split(";")[1] for answer in answers] + [str(answers[-1].status_code)]


@pytest.fixture
def forwarded(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Forwarded]:
    """`request.param`: the trusted proxies."""
    settings = Settings(
        home=tmp_path / "home",
        models_dir=tmp_path / "models",
        datasets_dir=tmp_path / "datasets",
        rate_per_address="3/7d",
    ).model_copy(update={"rate_per_address": "3/7d", "trusted_proxies": request.param})
    migrate.upgrade(settings.url)
    database = Database(settings.url)
    add_model(database, ArtifactStore(settings.models_dir), "planar")
    server = LiveServer(create_app(settings))
    # As nginx' own documentation has it; `$http_x_forwarded_for` stands in for the address of a client elsewhere, since
    # a test's client is always at loopback.
    location = f"location / {{ proxy_pass {server.url}; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }}"
    nginx = Nginx(tmp_path, location)
    with httpx.Client(base_url=nginx.url, timeout=30) as client:
        yield Forwarded(client, server.client, database)
    nginx.close()
    server.close()
    database.close()


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("forwarded", [("127.0.0.0/8",)], indirect=True)
def test_clients_behind_a_trusted_proxy_are_told_apart(forwarded: Forwarded, *, inline: bool) -> None:
    """By rates and by the audit; what a client writes left of its own address changes nothing."""
    first = forwarded.rates(forwarded.nginx, "198.51.100.1", inline=inline)
    again = forwarded.rates(forwarded.nginx, "10.0.0.1, 198.51.100.1", inline=inline)
    other = forwarded.rates(forwarded.nginx, "198.51.100.2", inline=inline)
    forwarded.nginx.post("/train", json=TRAIN, headers={"X-Forwarded-For": "203.0.113.9, 2001:db8::7"})
    (entry,) = AuditService(forwarded.database).page(1, None)[0]

    assert ["r=2", "r=1", "r=0", "r=0", "429"] == first == other
    assert ["r=0", "r=0", "r=0", "r=0", "429"] == again
    assert ("run.queued", "2001:db8::7") == (entry.action, entry.address)


@pytest.mark.parametrize("forwarded", [(), ("10.0.0.0/8",)], indirect=True)
def test_what_is_forwarded_by_others_is_not_believed(forwarded: Forwarded) -> None:
    """Loopback too is trusted only where it is named."""
    forwarded.plain.post("/train", json=TRAIN, headers={"X-Forwarded-For": "198.51.100.1"})
    (entry,) = AuditService(forwarded.database).page(1, None)[0]

    assert "127.0.0.1" == entry.address
    assert ["r=1", "r=0", "r=0", "r=0", "429"] == forwarded.rates(forwarded.nginx, "198.51.100.2", inline=True)


@pytest.mark.parametrize(("given", "expected"), [("", ()), ("127.0.0.1, 10.0.0.0/8,", ("127.0.0.1/32", "10.0.0.0/8"))])
def test_trusted_proxies_are_addresses_and_networks(
    monkeypatch: pytest.MonkeyPatch, given: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DENSELY_TRUSTED_PROXIES", given)

    assert expected == Settings().trusted_proxies


def test_what_would_trust_everybody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSELY_TRUSTED_PROXIES", "10.0.0.0/8,0.0.0.0/0")

    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings()
