"""Large bodies are read in pieces, so that the event loop has its turns between them.

A parser of JSON holds Python's lock from its first byte to its last: 11 ms for each MiB of numbers, in whatever thread.
"""

import re
import secrets
from collections.abc import Callable
from typing import Any

PIECE = 65_536  # bytes, about
TRIES = 4  # ends of an input that may not be one, as within a text

_BEGINNING = re.compile(rb'"instances"\s*:\s*\[')
_BETWEEN = re.compile(rb"\}\s*,\s*(?=\{)")
_REST = secrets.token_hex(16)  # under which name the last piece's inputs are read; no client knows it

Loads = Callable[[bytes], Any]


def read(body: bytes, loads: Loads) -> Any:
    """What `loads` makes of the body, its `instances` some at a time where that can be done.

    Raises:
        ValueError, RecursionError: as `loads`, of the whole body.
    """
    try:
        found = _read(body, loads)
    except (ValueError, RecursionError):
        found = None
    return loads(body) if found is None else found


def _read(body: bytes, loads: Loads) -> dict[str, Any] | None:
    """None: it is not of the usual form, or holds a name twice."""
    beginning = _BEGINNING.search(body, 0, PIECE)
    if beginning is None:
        return None
    before = loads(body[: beginning.start()] + b'"instances":[]}')  # an object, and it is its member, if this is JSON
    instances: list[Any] = []
    at = beginning.end()
    while len(body) - at > PIECE:
        end, piece = _next_piece(body, at, loads)
        if not end:
            break  # of what is left
        instances += piece
        at = end
    after = loads(b'{"%s":[%s' % (_REST.encode(), body[at:]))
    instances += after.pop(_REST)
    return {**before, **after, "instances": instances} if before.keys().isdisjoint(after) else None


def _next_piece(body: bytes, at: int, loads: Loads) -> tuple[int, list[Any]]:
    """Where the inputs after the next few begin, and these; 0: nobody knows.

    Where `[` before and `]` after it make JSON of a piece, a parser of the whole would be between two inputs there too.
    """
    near = at + PIECE
    for _ in range(TRIES):
        end = _BETWEEN.search(body, near, near + 16 * PIECE)
        if end is None:
            break
        try:
            return end.end(), loads(b"[%s]" % body[at : end.start() + 1])
        except (ValueError, RecursionError):
            near = end.end()
    return 0, []
