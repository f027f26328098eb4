"""Which requests bring files: bodies of any kind, larger than all others', which may take as long as they move."""

import re

PIECE = 2**20  # bytes that must arrive in the time that any other body has to be complete in
LEAST_SPEED = 32_768  # bytes a second, on average, that an upload may come at, after the time of any other body

_APPEND = re.compile(r"/datasets/[^/]+/rows")


def is_upload(method: str, path: str, content_type: bytes) -> bool:
    """Whether the body of this request is a file, or holds one."""
    if method != "POST":
        return False
    if path == "/tasks":
        return content_type.lstrip().lower().startswith(b"multipart/")
    return path == "/datasets" or _APPEND.fullmatch(path) is not None
