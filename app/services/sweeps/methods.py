"""How a sweep chooses its trials' parameters: one generation at a time, and the same ones whoever asks.

What a generation asks for is a function of the plan and of what the generations before it found, never of time, of who
asks or of the order in which trials ended: a sweep over a killed worker goes on as one that was not disturbed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.draws import drawn
from app.domain.grids import combinations
from app.domain.spaces import Parameters
from app.domain.sweeps import SweepPlan

MOST_TRIES = 100  # at parameters of a trial that make a recipe

Suits = Callable[[Parameters], str | None]  # why these make no recipe; None: they do


@dataclass(frozen=True)
class Former:
    """A trial of a former generation, and what it found."""

    number: int
    generation: int
    parameters: Parameters
    value: float | None = None  # None: it failed, or was cancelled or removed
    stopped_at: int | None = None  # the epoch or fold after which it was hopeless


@dataclass
class Choices:
    """What a generation asks for."""

    trials: list[tuple[int, Parameters]] = field(default_factory=list)  # number, parameters
    skipped: int = 0
    reason: str | None = None  # why the first of those skipped make no recipe

    def skip(self, reason: str) -> None:
        """Count parameters that make no recipe."""
        self.skipped += 1
        self.reason = self.reason or reason


class Method(Protocol):
    """Chooses parameters."""

    def ask(self, generation: int, former: Sequence[Former]) -> Choices:
        """The trials of a generation; `former`: those of the generations before it, by number."""


def numbers_of(plan: SweepPlan, generation: int) -> range:
    """The numbers of a generation's trials; none when the budget is used up."""
    start = generation * plan.generation
    return range(start, max(start, min(start + plan.generation, plan.budget.trials)))


class GridMethod:
    """Every combination that makes a recipe; they were counted when the sweep was asked for."""

    def __init__(self, plan: SweepPlan, suits: Suits) -> None:
        self._plan = plan
        self._suiting = [found for found in combinations(plan.space) if suits(found) is None]

    def ask(self, generation: int, former: Sequence[Former]) -> Choices:
        del former
        numbers = numbers_of(self._plan, generation)
        return Choices([(number, self._suiting[number]) for number in numbers if number < len(self._suiting)])


class RandomMethod:
    """Each trial drawn by itself."""

    def __init__(self, plan: SweepPlan, suits: Suits) -> None:
        self._plan = plan
        self._suits = suits

    def ask(self, generation: int, former: Sequence[Former]) -> Choices:
        del former
        choices = Choices()
        for number in numbers_of(self._plan, generation):
            for tries in range(MOST_TRIES):
                parameters = drawn(self._plan.space, self._plan.seed, number, tries)
                if (reason := self._suits(parameters)) is None:
                    choices.trials.append((number, parameters))
                    break
                choices.skip(reason)
        return choices
