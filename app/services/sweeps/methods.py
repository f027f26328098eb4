"""How a sweep chooses its trials' parameters: one generation at a time, and the same ones whoever asks.

What a generation asks for is a function of the plan and of what the generations before it found, never of time, of who
asks or of the order in which trials ended: a sweep over a killed worker goes on as one that was not disturbed.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

from app.domain.draws import drawn
from app.domain.grids import combinations
from app.domain.parameters import of_base
from app.domain.spaces import Choice, Parameters
from app.domain.sweeps import SweepPlan

MOST_TRIES = 100  # at parameters of a trial that make a recipe
MOST_LOOKED_AT = 10_000  # combinations of a space, for one that no trial has had
MOST_REPEATS = 20  # of parameters that a trial has had, before those that none has had are looked for

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


def asked_numbers(plan: SweepPlan, generation: int) -> list[int]:
    """Of the trials whose parameters are chosen: all but that of the base."""
    return [number for number in numbers_of(plan, generation) if number or not plan.base_first]


class BaseFirst:
    """Another method, after one trial of the base: by its figure what is found can be judged, and is not worse."""

    def __init__(self, plan: SweepPlan, method: Method) -> None:
        self._base = of_base(plan.recipe, plan.seed, plan.space)
        self._method = method

    def ask(self, generation: int, former: Sequence[Former]) -> Choices:
        """What the method asks for; it knows the base as a trial before its first, if that lies within the space."""
        found = next((trial for trial in former if trial.number == 0), Former(0, 0, self._base))
        known = [replace(found, generation=-1)] if self._base else []
        choices = self._method.ask(generation, [*known, *(trial for trial in former if trial.number)])
        if generation == 0:
            choices.trials.insert(0, (0, self._base))
        return choices


class Tried:
    """Which parameters trials have had: with one seed for all, the same ones would find the same again."""

    def __init__(self, plan: SweepPlan, former: Iterable[Former]) -> None:
        self._plan = plan
        self._known = {_key(trial.parameters) for trial in former}

    def __contains__(self, parameters: Parameters) -> bool:
        return _key(parameters) in self._known

    def add(self, parameters: Parameters) -> None:
        """Of a trial that is asked for."""
        self._known.add(_key(parameters))

    def left(self, suits: Suits) -> Parameters | None:
        """The first that no trial has had, in a space of so few that they can be gone through."""
        if not all(isinstance(axis, Choice) or getattr(axis, "step", None) for axis in self._plan.space.values()):
            return None
        some = islice(combinations(self._plan.space), MOST_LOOKED_AT)
        return next((found for found in some if found not in self and suits(found) is None), None)


def _key(parameters: Parameters) -> str:
    return json.dumps(parameters, sort_keys=True)


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
    """Each trial drawn by itself; none twice."""

    def __init__(self, plan: SweepPlan, suits: Suits) -> None:
        self._plan = plan
        self._suits = suits

    def ask(self, generation: int, former: Sequence[Former]) -> Choices:
        choices, tried = Choices(), Tried(self._plan, former)
        for number in asked_numbers(self._plan, generation):
            found = self._drawn(number, tried, choices) or tried.left(self._suits)
            if found is not None:
                tried.add(found)
                choices.trials.append((number, found))
        return choices

    def _drawn(self, number: int, tried: Tried, choices: Choices) -> Parameters | None:
        repeats = 0
        for tries in range(MOST_TRIES):
            parameters = drawn(self._plan.space, self._plan.seed, number, tries)
            if parameters in tried:
                repeats += 1
            elif (reason := self._suits(parameters)) is None:
                return parameters
            else:
                choices.skip(reason)
            if repeats >= MOST_REPEATS:
                break
        return None
