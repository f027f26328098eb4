"""Cutting what was read into pages."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def cut(rows: Sequence[T], limit: int, cursor: Callable[[T], int]) -> tuple[list[T], int | None]:
    """At most `limit` of the `limit + 1` rows that were read, and the cursor of the next page if there is one."""
    page = list(rows[:limit])
    return page, cursor(page[-1]) if len(rows) > limit else None
