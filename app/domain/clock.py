"""The clock is an argument, so that expiry is tested without sleeping."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present time in UTC."""
    return datetime.now(UTC)
