"""A clock that moves when it is told to."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stands still at 2030-01-01 00:00 UTC until `advance` is called; `monotonic` moves along."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)
        self._passed = timedelta()

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        """Seconds since some moment, which nothing but `advance` changes."""
        return self._passed.total_seconds()

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)
        self._passed += timedelta(seconds=seconds)

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock; no time passes."""
        self.now += timedelta(seconds=seconds)
