"""Counts what is asked of an object store."""

from collections.abc import Callable

from app.metrics.catalog import STORE_BYTES, STORE_REQUESTS
from app.metrics.tally import Tally

_DIRECTIONS = {"get": "read", "put": "written"}


def counted_in(tally: Tally) -> Callable[[str, str, int], None]:
    """Takes an operation, how it went, and the bytes of its file."""

    def count(operation: str, outcome: str, size: int) -> None:
        tally.add(STORE_REQUESTS, (operation, outcome))
        if size:
            tally.add(STORE_BYTES, (_DIRECTIONS[operation],), size)

    return count
