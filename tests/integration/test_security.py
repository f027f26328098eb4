"""Who may ask, which id a request has, and what a failure inside tells."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from app.main import create_app
from app.settings import REPOSITORY
from tests.support.artifacts import add_model
from tests.support.server import LiveServer, settings_in
from tests.support.tasks import TASKS
from tests.support.wire import exchange

KEYS = ("correct-horse-battery", "another-key-of-the-team")
JSON = {"Content-Type": "application/json"}
GUARDED = [
    ("GET", "/tasks"), ("GET", "/web"), ("GET", "/docs2"), ("GET", "/openapi.json.old"), ("POST", "/train"),
    ("POST", "/predict"), ("GET", "/system"), ("GET", "/nothing"), ("GET", "/health"), ("GET", "/healthy"),
    ("PUT", "/tasks/digits/active-model"),
]  # fmt: skip


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, httpx.Client]]:
    """One database behind three applications: open, guarded by keys, and with a small body limit."""
    folder = tmp_path_factory.mktemp("security")
    plain = settings_in(folder)
    migrate.upgrade(plain.url)
    database = Database(plain.url)
    for task in TASKS.all:
        add_model(database, ArtifactStore(plain.models_dir), task)
    changes: dict[str, dict[str, Any]] = {"open": {}, "guarded": {"api_keys": KEYS}, "small": {"max_body_mib": 1}}
    running = {name: LiveServer(create_app(plain.model_copy(update=change))) for name, change in changes.items()}
    yield {name: server.client for name, server in running.items()}
    for server in running.values():
        server.close()
    database.close()


@pytest.fixture
def client(servers: dict[str, httpx.Client]) -> httpx.Client:
    """Of the application without keys."""
    return servers["open"]


@pytest.fixture
def guarded(servers: dict[str, httpx.Client]) -> httpx.Client:
    """Of the application with keys."""
    return servers["guarded"]


def test_each_key_opens_in_both_ways(guarded: httpx.Client) -> None:
    """`Authorization: Bearer` and `X-API-Key` are the same."""
    for key in KEYS:
        for headers in ({"Authorization": f"Bearer {key}"}, {"authorization": f"bearer  {key}"}, {"X-API-Key": key}):
            assert 200 == guarded.get("/tasks", headers=headers).status_code
            answer = guarded.post("/predict", json={"task": "sentiment", "text": "Good."}, headers=headers)
            assert 200 == answer.status_code


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong-key-of-nobody"},
        {"Authorization": f"Bearer {KEYS[0][:-1]}"},
        {"Authorization": f"Bearer {KEYS[0]}x"},
        {"Authorization": f"Bearer {KEYS[0].upper()}"},
        {"Authorization": f"Bearer {','.join(KEYS)}"},
        {"Authorization": f"Basic {KEYS[0]}"},
        {"Authorization": KEYS[0]},
        {"X-API-Key": ""},
        {"X-API-Key": "wrong-key-of-nobody"},
        {"X-API-Key": f"Bearer {KEYS[0]}"},
        {"Authorization": "Bearer wrong-key-of-nobody", "X-API-Key": KEYS[0]},
        {"Cookie": f"key={KEYS[0]}"},
    ],
    ids=str,
)
def test_without_a_key_nothing_answers(guarded: httpx.Client, headers: dict[str, str]) -> None:
    """A 401 problem says how to ask, on every path but the probes; unknown paths tell nothing more."""
    for method, path in GUARDED:
        answer = guarded.request(method, path, headers=headers)

        assert 401 == answer.status_code, path
        assert "Bearer" == answer.headers["www-authenticate"]
        assert "application/problem+json" == answer.headers["content-type"]
        assert "urn:densely:problem:unauthorized" == answer.json()["type"]
        assert not any(key in answer.text for key in KEYS)


def test_a_wrong_key_is_called_so(guarded: httpx.Client) -> None:
    wrong = [
        guarded.get("/tasks", headers=each) for each in ({"X-API-Key": "wrong"}, {"Authorization": "Bearer wrong"})
    ]

    assert ["this API key is not known, or is not let in any more"] * 2 == [answer.json()["detail"] for answer in wrong]
    assert "is needed" in guarded.get("/tasks").json()["detail"]


def test_a_key_in_the_url_does_not_count(guarded: httpx.Client) -> None:
    """It would end up in logs."""
    assert 401 == guarded.get(f"/tasks?api_key={KEYS[0]}&key={KEYS[0]}").status_code


def test_a_refused_training_is_not_queued(guarded: httpx.Client, client: httpx.Client) -> None:
    answer = guarded.post("/train", json={"task": "digits", "dataset": "sample"}, headers={"X-API-Key": "wrong"})

    assert 401 == answer.status_code
    assert [] == client.get("/runs").json()["items"]


def test_the_probes_are_open(guarded: httpx.Client) -> None:
    """A load balancer has no key."""
    assert {"live": True} == guarded.get("/health/live").json()
    assert guarded.get("/health/ready").json()["ready"]


@pytest.mark.parametrize("path", ["/health/../tasks", "/health/%2e%2e/tasks", "//health/live/../../tasks"])
def test_a_path_that_only_begins_like_a_probe_tells_nothing(guarded: httpx.Client, path: str) -> None:
    answer = guarded.get("/", extensions={"target": path.encode()})

    assert answer.status_code in (401, 404)
    assert "presets" not in answer.text


def test_with_keys_any_host_name_is_fine(guarded: httpx.Client) -> None:
    """Behind a load balancer the Host header is the service's public name; the key is the protection then."""
    headers = {"Host": "densely.example", "X-API-Key": KEYS[0]}

    assert 200 == guarded.get("/tasks", headers=headers).status_code


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.evil.example", "evil.example:8000",
        "localhost@evil.example", "evil.example@localhost", "0.0.0.0", "10.0.0.1", "[::2]", "", "localhost:",
    ],
)  # fmt: skip
def test_without_keys_only_names_of_this_machine_are_served(client: httpx.Client, host: str) -> None:
    """A foreign page that lets its own name resolve to 127.0.0.1 gets nothing."""
    answer = client.get("/tasks", headers={"Host": host})

    if host == "localhost:":  # an empty port is the default one
        assert 200 == answer.status_code
    else:
        assert 421 == answer.status_code
        assert "urn:densely:problem:misdirected" == answer.json()["type"]


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "127.0.0.2:9", "[::1]:8000", "LOCALHOST"])
def test_the_names_of_this_machine_are_served(client: httpx.Client, host: str) -> None:
    assert 200 == client.get("/tasks", headers={"Host": host}).status_code


HEADS = [
    (["GET /tasks HTTP/1.1"], 400),
    (["GET /tasks HTTP/1.1", "Host: localhost", "Host: localhost"], 400),
    (["GET /tasks HTTP/1.1", "Host: localhost", "Host: evil.example"], 400),
    (["POST /predict HTTP/1.1", "Host: localhost", "host: localhost", "Content-Type: application/json"], 400),
    (["POST /predict HTTP/1.1", "Content-Type: application/json"], 400),
    (["GET http://localhost/tasks HTTP/1.1"], 400),
    (["GET /tasks HTTP/1.1", "Host: localhost:8000, evil.example"], 400),
    (["GET /tasks HTTP/1.1", "Host: localhost:abc"], 400),
    (["GET /tasks HTTP/1.1", "Host: ["], 400),
    (["GET /tasks HTTP/1.1", "Host: a:b:c"], 400),
    (["POST /predict HTTP/1.1", "Host: localhost:80 80", "Content-Type: application/json"], 400),
    (["GET http://evil.example/tasks HTTP/1.1", "Host: localhost"], 421),
    (["GET http://evil.example/tasks HTTP/1.1", "Host: evil.example"], 421),
    (["GET http://localhost/tasks HTTP/1.1", "Host: evil.example"], 421),
    (["GET http://localhost:81/tasks HTTP/1.1", "Host: localhost"], 421),
    (["POST http://evil.example/predict HTTP/1.1", "Host: localhost", "Content-Type: application/json"], 421),
    (["GET http://evil.example/tasks HTTP/1.0"], 421),
    (["GET http://localhost@evil.example/tasks HTTP/1.1", "Host: localhost"], 400),
    (["GET ftp://localhost/tasks HTTP/1.1", "Host: localhost"], 400),
    (["GET http://localhost/tasks HTTP/1.1", "Host: localhost"], 200),
    (["GET http://localhost HTTP/1.1", "Host: localhost"], 200),
    (["GET http://localhost?a=b HTTP/1.1", "Host: localhost"], 200),
    (["GET http://LOCALHOST:80/tasks HTTP/1.1", "Host: localhost"], 200),
    (["GET http://[::1]:8000/tasks HTTP/1.1", "Host: [::1]:8000"], 200),
    (["GET /tasks HTTP/1.0"], 200),
]


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize(("lines", "status"), HEADS, ids=str)
def test_a_request_is_for_one_host_and_says_which(
    servers: dict[str, httpx.Client], lines: list[str], status: int, keyed: bool
) -> None:
    """The target's, where it names one, and no other than the header's; with keys as without."""
    client = servers["guarded" if keyed else "open"]
    if keyed and "Host: evil.example" in lines and "evil.example" in lines[0]:
        status = 200  # with keys any host name is fine
    elif keyed and lines == ["GET http://evil.example/tasks HTTP/1.0"]:
        status = 200
    head = "\r\n".join([*lines, f"X-API-Key: {KEYS[0]}", "Connection: close", "", ""])
    found = exchange(str(client.base_url), [head.encode()])

    assert [status] == [each.status for each in found]
    if status != 200:
        assert "application/problem+json" == found[0].headers["content-type"]


CHANGES = [
    ("POST", "/runs/r-nobody/cancel"), ("POST", "/runs/r-nobody/retry"), ("PUT", "/tasks/planar/active-model"),
    ("DELETE", "/models/m-nobody"), ("POST", "/predict"), ("POST", "/train"),
]  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null", "Content-Type": "text/plain"},
        {"Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"},
        {"Sec-Fetch-Site": "anything"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://evil.example", "Content-Type": "text/plain"},
        {"Origin": "https://evil.example", "X-Forwarded-Host": "densely.example"},
    ],
    ids=str,
)
@pytest.mark.parametrize("keyed", [False, True])
def test_another_sites_page_changes_nothing(
    servers: dict[str, httpx.Client], headers: dict[str, str], keyed: bool
) -> None:
    """A form needs no body, and so no content type that a browser would have to ask for."""
    client = servers["guarded" if keyed else "open"]
    for method, path in CHANGES:
        answer = client.request(method, path, headers={"X-API-Key": KEYS[0], **headers})
        assert 403 == answer.status_code, path
        assert "urn:densely:problem:cross-site" == answer.json()["type"]
    for path in ("/tasks", "/health/live", "/"):
        assert 200 == client.get(path, headers={"X-API-Key": KEYS[0], **headers}).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://densely.example"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
        {"Origin": "http://LOCALHOST:80"},
        {"Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"},
        {"Origin": "https://densely.example", "X-Forwarded-Host": "densely.example"},
        {"Origin": "https://densely.example", "X-Forwarded-Host": "densely.example, inner.example"},
        {"Origin": "http://densely.lan", "Content-Type": "application/json"},
    ],
    ids=str,
)
def test_our_own_page_and_command_lines_may(client: httpx.Client, headers: dict[str, str]) -> None:
    """Also behind a proxy, which changes the Host header, and says what it was or serves browsers that say it."""
    for action in ("cancel", "retry"):
        answer = client.post(f"/runs/r-nobody/{action}", headers={"Host": "localhost", **headers})
        assert 404 == answer.status_code


@pytest.mark.parametrize("given", ["a", "3f2c-77.b_9:1", "A" * 128])
def test_a_good_request_id_is_echoed(client: httpx.Client, given: str) -> None:
    answer = client.get("/tasks", headers={"X-Request-ID": given})

    assert [given] == answer.headers.get_list("x-request-id")


@pytest.mark.parametrize("given", [b"", b"A" * 129, b"two words", b'"quoted"', b"semi;colon", b"caf\xc3\xa9", b"a,b"])
def test_a_bad_request_id_is_replaced(client: httpx.Client, given: bytes) -> None:
    """What goes into the logs must not be anything that a client likes to write there."""
    answers = [client.get("/tasks", headers=[(b"X-Request-ID", given)]) for _ in range(2)]

    ids = [answer.headers["x-request-id"] for answer in answers]
    assert all(len(found) == 16 and set(found) <= set("0123456789abcdef") for found in ids), ids
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("status", "method", "path", "request_"),
    [
        (200, "GET", "/tasks", {}),
        (200, "GET", "/openapi.json", {}),
        (200, "GET", "/docs", {}),
        (200, "GET", "/health/live", {}),
        (200, "GET", "/", {}),
        (404, "GET", "/web/nothing.js", {}),
        (200, "POST", "/predict", {"json": {"task": "sentiment", "text": "Good."}}),
        (400, "POST", "/predict", {"content": b"{", "headers": JSON}),
        (404, "GET", "/nothing", {}),
        (404, "GET", "/runs/r-nobody", {}),
        (405, "GET", "/predict", {}),
        (413, "POST", "/predict", {"content": b" " * (2 * 2**20), "headers": JSON}),
        (415, "POST", "/predict", {"content": b"{}"}),
        (421, "GET", "/tasks", {"headers": {"Host": "evil.example"}}),
        (422, "POST", "/predict", {"json": {}}),
        (422, "POST", "/train", {"json": {}}),
    ],
)
def test_every_answer_has_one_request_id(
    servers: dict[str, httpx.Client], status: int, method: str, path: str, request_: Any
) -> None:
    """Answers and errors alike; problem documents repeat it in their body."""
    answer = servers["small"].request(method, path, **request_, follow_redirects=False)

    assert status == answer.status_code
    assert 1 == len(answer.headers.get_list("x-request-id"))
    if status >= 400:
        assert answer.headers["x-request-id"] == answer.json()["request_id"]


# In a process of its own, as logging is set up once per process.
_FAILING = """
import json, sys
from pathlib import Path
from app import logs
from app.db import migrate
from app.main import create_app
from app.settings import Settings
from tests.support.server import LiveServer, settings_in
from tests.support.wire import exchange

folder = Path(sys.argv[1])
settings = Settings(home=folder / "home", models_dir=folder / "models")
migrate.upgrade(settings.url)
logs.configure()
app = create_app(settings)

@app.api.get("/fails")
def fails() -> None:
    raise RuntimeError("the secret is 42")

@app.api.get("/fails-as-ours")
def fails_as_ours() -> None:
    from app.errors import ParityError
    raise ParityError("the secret is 42")

server = LiveServer(app)
answers = [server.client.get(path, headers={"X-Request-ID": f"id-{path[1:]}"}) for path in ("/fails", "/fails-as-ours")]
print(json.dumps([[a.status_code, dict(a.headers), a.json()] for a in answers]))
print(server.client.get("/health/live").status_code)
server.close()
"""


def test_a_failure_inside_is_logged_and_not_told(tmp_path: Any) -> None:
    """A 500 problem holds nothing but its id; one JSON line on standard error has the same id and the traceback."""
    process = subprocess.run(
        [sys.executable, "-c", _FAILING, str(tmp_path)],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    answers, alive = process.stdout.splitlines()[-2:]
    lines = [json.loads(line) for line in process.stderr.splitlines()]
    failures = [line for line in lines if line["event"] == "request.failed"]

    for (status, headers, problem), path in zip(json.loads(answers), ("fails", "fails-as-ours"), strict=True):
        assert (500, "application/problem+json") == (status, headers["content-type"])
        assert f"id-{path}" == headers["x-request-id"] == problem["request_id"]
        assert "urn:densely:problem:internal-error" == problem["type"]
        text = json.dumps([headers, problem])
        assert not any(word in text for word in ("secret", "RuntimeError", "Parity", "Traceback", ".py"))
        logged = [line for line in failures if line["request_id"] == f"id-{path}"]
        assert [("error", f"/{path}")] == [(line["level"], line["path"]) for line in logged]
        assert "the secret is 42" in logged[0]["exception"]
        assert "Traceback" in logged[0]["exception"]
    assert 2 == len(failures)
    assert "200" == alive


@pytest.mark.parametrize(
    "path",
    [
        "/health/live",
        "/",
        "/web/js/main.js",
        "/client/densely.js",
        "/docs",
        "/openapi.json",
        "/static-offline-docs/swagger-ui.css",
    ],
)
def test_the_documentation_opens_in_a_browser_and_asks_for_the_key(guarded: httpx.Client, path: str) -> None:
    """A browser has no way to send a key before it has the page."""
    assert 200 == guarded.get(path).status_code
    description = guarded.get("/openapi.json").json()
    assert [{"key": []}] == description["security"]
    scheme = description["components"]["securitySchemes"]["key"]
    assert ("http", "bearer") == (scheme["type"], scheme["scheme"])
