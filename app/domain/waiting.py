"""When runs that wait will begin: of what is going, of how many there are to train them, and of what runs take."""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

UNKNOWN = math.inf  # seconds


@dataclass(frozen=True)
class Took:
    """What a run took that has ended well."""

    seconds: float
    work: int  # epochs of all its fits


def estimate(earlier: Sequence[Took], work: int) -> float:
    """Seconds that a run of so much work will take, by earlier ones like it; UNKNOWN without any.

    Those of the same work count alone where there are any; else all, in proportion to their work.
    """
    same = [each.seconds for each in earlier if each.work == work]
    if same:
        return median(same)
    return median(each.seconds * work / max(each.work, 1) for each in earlier) if earlier else UNKNOWN


def starts(slots: int, going: Sequence[float], waiting: Sequence[float]) -> list[float]:
    """Seconds until each of the waiting runs begins, in their order; UNKNOWN where nothing tells.

    `slots`: how many are trained at a time. `going`: what is left of those that are; `waiting`: what each will take.
    Each begins where a run ends first.
    """
    if slots <= 0:
        return [UNKNOWN] * len(waiting)
    free = [0.0] * max(0, slots - len(going))
    ends = [*free, *sorted(going)[: slots if len(going) > slots else None]]
    heapq.heapify(ends)
    begun = []
    for each in waiting:
        begins = heapq.heappop(ends)
        begun.append(begins)
        heapq.heappush(ends, begins + each)
    return begun
