"""A worker that looks at the others' leases while time passes."""

from app.services.execution import WorkerService
from tests.support.clock import FakeClock


def watch(watcher: WorkerService, clock: FakeClock, seconds: float, step: float = 0.5) -> list[str]:
    """Look, and again every `step` seconds for so long; the ids of the runs that it freed."""
    freed = watcher.expire()
    for _ in range(round(seconds / step)):
        clock.advance(step)
        freed += watcher.expire()
    return freed
