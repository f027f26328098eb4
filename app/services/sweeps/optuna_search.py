"""Optuna's samplers through ask and tell, and the importance of fields. Imported late, by workers alone."""

import hashlib
import warnings
from collections.abc import Sequence
from typing import Any, Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.samplers import BaseSampler, CmaEsSampler, RandomSampler, TPESampler
from optuna.trial import TrialState, create_trial

from app.domain.conditions import holds, order_of
from app.domain.fields import takes_whole
from app.domain.grids import steps_of, within
from app.domain.spaces import TPE, Axis, Choice, CmaEs, LogRange, NumberRange, Parameters, Space
from app.domain.sweeps import SweepPlan
from app.services.sweeps.methods import MOST_REPEATS, MOST_TRIES, Choices, Former, Suits, Tried, asked_numbers

optuna.logging.set_verbosity(optuna.logging.ERROR)
# For good, because hiding them for a while is undone by another thread that does so too. The lock file keeps what is
# experimental as it is.
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
warnings.filterwarnings("ignore", message="Target and region quantiles select the same", category=UserWarning)

Asked = tuple[optuna.Trial, int, Parameters]  # by Optuna, with its number


class OptunaMethod:
    """A study that is made anew of what is in the database, generation by generation."""

    def __init__(self, plan: SweepPlan, suits: Suits) -> None:
        self._plan = plan
        self._suits = suits
        self._axes = {path: plan.space[path] for path in order_of(plan.space)}
        self._distributions = {path: distribution_of(path, axis) for path, axis in self._axes.items()}

    def ask(self, generation: int, former: Sequence[Former]) -> Choices:
        study = optuna.create_study(direction=_direction(self._plan))
        if isinstance(self._plan.method, CmaEs):  # whose state lies with the trials that it was asked for
            for before in range(generation):
                self._repeat(study, before, former)
        else:
            for trial in former:
                self._add(study, trial)
        choices, _ = self._ask(study, generation, former)
        return choices

    def _ask(self, study: optuna.Study, generation: int, former: Sequence[Former]) -> tuple[Choices, list[Asked]]:
        """One generation, no parameters twice; with what Optuna knows its trials by."""
        study.sampler = self._sampler(generation)
        choices, asked = Choices(), []
        tried = Tried(self._plan, [trial for trial in former if trial.generation < generation])
        for number in asked_numbers(self._plan, generation):
            if (found := self._new(study, tried, choices)) is not None:
                asked.append((found[0], number, found[1]))
                parameters = found[1]
            elif (left := tried.left(self._suits)) is not None:
                parameters = left
            else:
                continue
            tried.add(parameters)
            choices.trials.append((number, parameters))
        return choices, asked

    def _new(self, study: optuna.Study, tried: Tried, choices: Choices) -> tuple[optuna.Trial, Parameters] | None:
        """What the sampler proposes that makes a recipe, and has not been tried."""
        repeats = 0
        for _ in range(MOST_TRIES):
            trial = study.ask()
            parameters = self._suggested(trial)
            is_repeated = parameters in tried
            if not is_repeated:
                if (reason := self._suits(parameters)) is None:
                    return trial, parameters
                choices.skip(reason)
            study.tell(trial, state=TrialState.FAIL)
            repeats += is_repeated
            if repeats >= MOST_REPEATS:
                break
        return None

    def _repeat(self, study: optuna.Study, generation: int, former: Sequence[Former]) -> None:
        """Ask what was asked then, and tell what came of it."""
        known = {trial.number: trial for trial in former if trial.generation == generation}
        _, asked = self._ask(study, generation, former)
        for trial, number, parameters in asked:
            found = known.get(number)
            if found is None or found.value is None or found.parameters != parameters:
                study.tell(trial, state=TrialState.FAIL)
            elif found.stopped_at is not None:
                trial.report(found.value, found.stopped_at)
                study.tell(trial, state=TrialState.PRUNED)
            else:
                study.tell(trial, found.value)

    def _add(self, study: optuna.Study, trial: Former) -> None:
        if trial.value is None:
            told: dict[str, Any] = {"state": TrialState.FAIL}
        elif trial.stopped_at is None:
            told = {"state": TrialState.COMPLETE, "value": trial.value}
        else:
            told = {"state": TrialState.PRUNED, "intermediate_values": {trial.stopped_at: trial.value}}
        study.add_trial(_frozen(self._plan.space, self._distributions, trial.parameters, **told))

    def _sampler(self, generation: int) -> BaseSampler:
        seed = int.from_bytes(hashlib.sha256(f"{self._plan.seed} {generation}".encode()).digest()[:4], "big")
        method = self._plan.method
        if isinstance(method, TPE):
            return TPESampler(
                seed=seed, multivariate=True, group=True, constant_liar=True, n_startup_trials=method.startup_trials
            )
        assert isinstance(method, CmaEs)
        return CmaEsSampler(
            seed=seed,
            n_startup_trials=method.startup_trials,
            independent_sampler=RandomSampler(seed=seed),
            warn_independent_sampling=False,
            consider_pruned_trials=True,
        )

    def _suggested(self, trial: optuna.Trial) -> Parameters:
        found: Parameters = {}
        for path, axis in self._axes.items():
            if holds(self._plan.space, path, found):
                found[path] = _parameter(path, axis, _suggest(trial, path, self._distributions[path]))
        return found


def importance_of(plan: SweepPlan, former: Sequence[Former]) -> dict[str, float]:
    """How much each field shows in the figures of trials that were not stopped early, the most important first.

    By PED-ANOVA (Watanabe et al. 2023), which takes conditions.
    """
    complete = [trial for trial in former if trial.value is not None and trial.stopped_at is None and trial.parameters]
    distributions = {path: distribution_of(path, axis) for path, axis in plan.space.items()}
    study = optuna.create_study(direction=_direction(plan))
    for trial in complete:
        state = TrialState.COMPLETE
        study.add_trial(_frozen(plan.space, distributions, trial.parameters, state=state, value=trial.value))
    shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    places = {path: place for place, path in enumerate(plan.space)}
    # Rounded and ordered here: Optuna keeps its fields in a set, whose order is another one in each process.
    told_shares = {path: round(shares.get(path, 0.0), 6) for path in places}
    return dict(sorted(told_shares.items(), key=lambda pair: (-pair[1], places[pair[0]])))


def distribution_of(path: str, axis: Axis) -> BaseDistribution:
    """An axis as Optuna has it; of a choice, and of a range with a step, the places of its values."""
    if isinstance(axis, Choice):
        return CategoricalDistribution(tuple(range(len(axis.values))))
    if _step_of(axis) is not None:  # Optuna drops a last step that rounding in binary puts beyond the end
        assert isinstance(axis, NumberRange)
        return IntDistribution(0, steps_of(axis) - 1)
    log = isinstance(axis, LogRange)
    if takes_whole(path):
        return IntDistribution(round(axis.low), round(axis.high), log=log)
    return FloatDistribution(axis.low, axis.high, log=log)


def _step_of(axis: Axis) -> float | None:
    return axis.step if isinstance(axis, NumberRange) else None


def _suggest(trial: optuna.Trial, path: str, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(path, distribution.choices)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(path, distribution.low, distribution.high, log=distribution.log)
    assert isinstance(distribution, FloatDistribution)
    return trial.suggest_float(path, distribution.low, distribution.high, log=distribution.log)


def _parameter(path: str, axis: Axis, suggested: Any) -> Any:
    if isinstance(axis, Choice):
        return axis.parameters[suggested]
    step = _step_of(axis)
    return within(axis, suggested if step is None else axis.low + suggested * step, takes_whole(path))


def _frozen(
    space: Space, distributions: dict[str, BaseDistribution], parameters: Parameters, **told: Any
) -> optuna.trial.FrozenTrial:
    params = {path: _suggestion(space[path], value) for path, value in parameters.items()}
    return create_trial(params=params, distributions={path: distributions[path] for path in params}, **told)


def _suggestion(axis: Axis, value: Any) -> Any:
    """What Optuna knows a parameter by."""
    if isinstance(axis, Choice):
        return _place(axis.parameters, value)
    step = _step_of(axis)
    return value if step is None else round((value - axis.low) / step)


def _place(values: list[Any], value: Any) -> int:
    """As JSON has it: true is not 1."""
    return next(place for place, each in enumerate(values) if each == value and type(each) is type(value))


def _direction(plan: SweepPlan) -> Literal["maximize", "minimize"]:
    return "maximize" if plan.higher_is_better else "minimize"
