"""The page at `/` and its files: static, of our own, over the public API only. And the client that it uses.

The HTML names the version of all of them, and so does every answer of the API: a page that is open tells by it that
another one is served by now.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from app.errors import NotFound
from app.server.prefix import Prefix
from app.shipped import shipped

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parents[2] / "web"
CLIENT = shipped("clients") / "javascript" / "densely.js"
VERSION = "densely-page"  # header of answers, and the name in the HTML
UNNAMED = b'<meta name="densely-page" content="">'
COMMENT = re.compile(rb"^[ \t]*(?://[^\n]*|/\*\*(?:[^*]|\*(?!/))*\*/)[ \t]*\n", re.MULTILINE)
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Pictures of a model come as blobs, since an <img> cannot send an API key; nothing else is ever loaded from elsewhere.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-cache",  # kept, and asked for again by its ETag: a new release is seen at once
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class File:
    """A file of the page, as it is sent."""

    content: bytes
    compressed: bytes
    media_type: str
    etag: str  # of the content, compressed or not: a weak one


@cache
def files() -> Mapping[str, File]:
    """The page's files by their path under the folder, for example `js/main.js`; read once."""
    return {
        path.relative_to(FOLDER).as_posix(): _read(path)
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in MEDIA_TYPES
    }


@cache
def client() -> File:
    """The JavaScript client."""
    return _read(CLIENT)


@cache
def version() -> str:
    """Of the page: the same as long as none of its files changes, nor the client."""
    digest = hashlib.sha256()
    for path in [*sorted(FOLDER.rglob("*")), CLIENT]:
        if path.suffix in MEDIA_TYPES:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def without_comments(script: bytes) -> bytes:
    """The same on the same lines, of a third less: comments of whole lines are for who reads the source."""
    return COMMENT.sub(lambda found: b"\n" * found.group().count(b"\n"), script)


def _read(path: Path) -> File:
    content = path.read_bytes()
    if path.suffix == ".js" and path != CLIENT:  # which is for reading too
        content = without_comments(content)
    elif path.name == "index.html":
        content = content.replace(UNNAMED, UNNAMED.replace(b'content=""', b'content="%s"' % version().encode()))
    digest = hashlib.sha256(content).hexdigest()[:32]
    return File(content, gzip.compress(content, mtime=0), MEDIA_TYPES[path.suffix], f'W/"{digest}"')


@router.get("/")
def index(request: Request, prefix: Prefix) -> Response:
    if not request.scope["raw_path"].endswith(b"/"):  # a proxy's path to us without its slash: links would lead aside
        return RedirectResponse(f"{prefix}/", 308)
    return _answer(request, files()["index.html"])


@router.get("/web/{path:path}")
def file(path: str, request: Request) -> Response:
    found = files().get(path)
    if found is None:
        raise NotFound(f"the page has no file {path[:100]!r}")
    return _answer(request, found)


@router.get("/client/densely.js")
def javascript_client(request: Request) -> Response:
    return _answer(request, client())


def _answer(request: Request, found: File) -> Response:
    headers = {**HEADERS, "ETag": found.etag}
    known = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    if found.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.compressed, media_type=found.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.content, media_type=found.media_type, headers=headers)
