"""Which faults, drawn from a seed: the same seed, the same faults in the same order."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["kill", "stop", "terminate"]
Target = Literal["trainer", "worker", "api", "all"]
# When it falls: after a pause, or as soon as something is seen: a run claimed, an epoch recorded, an artifact being
# written, one in place whose row may not be there yet, a run ended.
Moment = Literal["pause", "claimed", "epoch", "staged", "placed", "ended"]

KINDS: tuple[Kind, ...] = get_args(Kind)
TARGETS: dict[Target, float] = {"trainer": 4, "worker": 3, "api": 3, "all": 0.6}  # how often, beside one another
MOMENTS: tuple[Moment, ...] = get_args(Moment)
LONGEST_HELD = 3.0  # leases that a process is stopped for
LONGEST_JITTER = 0.05  # seconds from what is seen to the fault


@dataclass(frozen=True)
class Fault:
    """One fault of the schedule. Times in seconds."""

    kind: Kind
    target: Target
    moment: Moment
    pause: float  # before it, or after what it waits for was seen
    which: int  # of several processes of that sort
    held: float  # for how long a stopped process stays so


def schedule(
    seed: int,
    faults: int,
    lease: float,
    pause: float,
    kinds: Sequence[Kind] = KINDS,
    targets: Sequence[Target] = tuple(TARGETS),
    moments: Sequence[Moment] = MOMENTS,
    longest: float = LONGEST_HELD,
) -> Iterator[Fault]:
    """So many faults; `lease` in seconds: stops are shorter and longer than it. `pause`: mean time between two.

    `kinds`, `targets`, `moments`: no others. `longest`: stops, in leases.
    """
    draw = random.Random(seed)
    for _ in range(faults):
        moment = draw.choice(moments)
        yield Fault(
            kind=draw.choice(kinds),
            target=draw.choices(targets, [TARGETS[target] for target in targets])[0],
            moment=moment,
            pause=draw.expovariate(1 / pause) if moment == "pause" else draw.uniform(0, LONGEST_JITTER),
            which=draw.randrange(1_000),
            held=draw.uniform(0.1, longest) * lease,
        )
