"""The page's files as they are served; what the page does is tested in a browser, in tests/browser."""

import re
import tomllib
from pathlib import Path

import httpx
import pytest

import app
from app.api.routes import page
from app.api.routes.page import CLIENT, COMMENT, FOLDER, UNNAMED, VERSION, files, version, without_comments
from app.api.routes.page import client as javascript_client

ROOT = Path(app.__file__).parent.parent
PATHS = [*files(), "densely.js"]
MOST_BYTES = 200_000  # of all files together, as they are sent: compressed
MOST_LINES = 300


def address(path: str) -> str:
    return {"index.html": "/", "densely.js": "/client/densely.js"}.get(path, f"/web/{path}")


@pytest.mark.parametrize("path", PATHS)
def test_a_file_comes_with_its_type_and_a_strict_policy(client: httpx.Client, path: str) -> None:
    answer = client.get(address(path))

    assert 200 == answer.status_code
    kept = (CLIENT if path == "densely.js" else FOLDER / path).read_bytes()
    if path.startswith("js/"):
        kept = without_comments(kept)
    assert kept.replace(UNNAMED, UNNAMED.replace(b'""', b'"%s"' % version().encode())) == answer.content
    expected = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert expected[path.rpartition(".")[2]] == answer.headers["content-type"].partition(";")[0]
    assert "nosniff" == answer.headers["x-content-type-options"]
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "://" not in policy


def test_a_file_that_the_browser_has_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/web/style.css")

    again = client.get("/web/style.css", headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    changed = client.get("/web/style.css", headers={"If-None-Match": '"other"'})

    assert "no-cache" == first.headers["cache-control"]
    assert (304, b"") == (again.status_code, again.content)
    assert first.headers["etag"] == again.headers["etag"]
    assert 200 == changed.status_code


def test_a_file_is_compressed_for_who_can_read_that(client: httpx.Client) -> None:
    plain = client.get("/web/style.css", headers={"Accept-Encoding": "identity"})
    packed = client.get("/web/style.css", headers={"Accept-Encoding": "gzip, br"})

    assert "content-encoding" not in plain.headers
    assert "gzip" == packed.headers["content-encoding"]
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert plain.content == packed.content


def test_comments_are_left_out_and_nothing_else() -> None:
    script = b"// head\nlet a = 1; // kept\n\t/** of b\n\t * @type {x} */\n\tconst b = `/* ${a} */ // in it`;\n"

    assert b"\nlet a = 1; // kept\n\n\n\tconst b = `/* ${a} */ // in it`;\n" == without_comments(script)


@pytest.mark.parametrize("path", [path for path in files() if path.endswith(".js")])
def test_no_comment_that_is_left_out_is_part_of_a_text(path: str) -> None:
    """A line of a template may begin as a comment does: before each comment there are as many backticks as end."""
    script = (FOLDER / path).read_bytes()

    assert script.count(b"\n") == without_comments(script).count(b"\n")  # an error's line is that of the source
    before = [without_comments(script[: found.start()]) for found in COMMENT.finditer(script)]
    assert [] == [text[-80:] for text in before if text.count(b"`") % 2]


def test_every_answer_names_the_pages_version(client: httpx.Client) -> None:
    html = client.get("/").text

    assert re.search(rf'<meta name="{VERSION}" content="{version()}">', html)
    for path in ("/runs", "/tasks", "/health/live", "/runs/r-nothing"):
        assert version() == client.get(path).headers[VERSION]


def test_the_version_is_another_one_when_a_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for text in ("a", "b", "a"):
        (tmp_path / "main.js").write_text(text)
        monkeypatch.setattr(page, "FOLDER", tmp_path)
        found.append(version.__wrapped__())

    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize(
    "path",
    [
        "/web/",
        "/web/nothing.js",
        "/web/../main.py",
        "/web/%2e%2e/main.py",
        "/web/js/../../settings.py",
        "/web//etc/passwd",
    ],
)
def test_nothing_else_of_the_machine_is_served(client: httpx.Client, path: str) -> None:
    answer = client.get("/", extensions={"target": path.encode()})

    assert 404 == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]


def test_the_page_is_small_and_asks_no_other_host() -> None:
    served = {**files(), "densely.js": javascript_client()}
    texts = {path: file.content.decode() for path, file in served.items()}

    assert sum(len(file.compressed) for file in served.values()) <= MOST_BYTES
    assert all(len(text.splitlines()) <= MOST_LINES for path, text in texts.items() if path != "densely.js")
    for path, text in texts.items():
        found = set(re.findall(r"""https?://[^"'\s)<]+""", text))
        assert not found - {"http://www.w3.org/2000/svg", "http://127.0.0.1:8000/"}, (path, found)


def test_every_file_that_another_names_exists() -> None:
    for path, file in files().items():
        text = file.content.decode()
        named = re.findall(r'(?:from|import\()\s*"\./([^"]+)"', text)
        assert {f"js/{name}" for name in named} <= set(files()), path
    index = files()["index.html"].content.decode()
    assert set(re.findall(r'(?:src|href)="web/([^"]+)"', index)) <= set(files())


def test_the_wheel_holds_the_page() -> None:
    """Static files are no packages: what is not listed would be left out."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["app"]
    listed = {path for pattern in patterns for path in (ROOT / "app").glob(pattern) if path.is_file()}

    assert {FOLDER / path for path in files()} == listed
