"""From what a client asks for to a plan, with every check."""

from typing import NamedTuple, cast

from app.datasets.catalog import DatasetCatalog
from app.db.sweeps import Skipped
from app.domain.conditions import order_of
from app.domain.draws import drawn
from app.domain.fields import is_number
from app.domain.grids import combinations, count
from app.domain.recipes import Holdout, KFold, NoValidation, Validation
from app.domain.runs import RunRequest
from app.domain.spaces import Choice, CmaEs, Grid, Pruner
from app.domain.sweeps import SweepPlan
from app.domain.trials import Monitored
from app.errors import InvalidInput
from app.kinds.base import Task
from app.services.sweeps.axes import check_axis
from app.services.sweeps.recipes import metrics_of, why_not
from app.services.training import TrainingService, dataset_of
from app.wire.runs import TrainRequest
from app.wire.sweeps import SweepRequest

MOST_COMBINATIONS = 1_000  # as many as trials
MOST_HELD_OUT = 10_000  # rows, where a preset holds none out
FEWEST_STEPS = 2  # epochs, or folds, before a pruner looks, unless it is told otherwise
LOOKED_AT = 200  # combinations of a space, one of which has to make a recipe


class Planned(NamedTuple):
    """A plan, and which combinations were left out of it."""

    plan: SweepPlan
    skipped: Skipped


def plan_of(training: TrainingService, catalog: DatasetCatalog, request: SweepRequest) -> Planned:
    """The request with everything that was left out, checked.

    Raises:
        InvalidInput: a field does not fit; it names the field and its limit.
    """
    task = training.find_task(request.task)
    if isinstance(request.validation, NoValidation):
        reason = "must be holdout or kfold: trials are compared on rows that they have not seen, and not on the test's"
        raise InvalidInput(reason, field="validation.kind")
    base = _base(training, catalog, request, task)
    plan = SweepPlan(
        task=base.task,
        preset=base.preset,
        dataset=base.dataset,
        recipe=base.recipe,
        validation=base.validation,
        space=request.space,
        method=request.method,
        pruner=_complete(request.pruner, base),
        budget=request.budget,
        metric=_metric(request, base),
        generation=request.generation,
        seed=base.seed,
        final_seeds=1 if isinstance(base.validation, KFold) else request.final_seeds,  # whose folds show a spread
        activate=request.activate,
        base_first=not isinstance(request.method, Grid) and request.budget.trials > 1,
    )
    _check_space(plan)
    _check_heads(task, catalog, plan)
    if isinstance(plan.method, Grid):
        all_of_it = "trials" not in request.budget.model_fields_set
        return _grid(task, plan, all_of_it=all_of_it)
    _check_drawn(task, plan)
    return Planned(plan, (0, None))


def _complete(pruner: Pruner | None, base: RunRequest) -> Pruner | None:
    """What a trial of two epochs has found says little about four: it gets a while before it is looked at."""
    if pruner is None or pruner.least is not None:
        return pruner
    steps = base.validation.folds if isinstance(base.validation, KFold) else base.recipe.epochs
    return pruner.model_copy(update={"least": max(FEWEST_STEPS, -(-steps // 4))})


def _base(training: TrainingService, catalog: DatasetCatalog, request: SweepRequest, task: Task) -> RunRequest:
    """The base of all trials, as a run."""
    return training.complete(
        TrainRequest(
            task=request.task,
            preset=request.preset,
            dataset=request.dataset,
            seed=request.seed,
            recipe=request.recipe,
            validation=request.validation or _validation(catalog, request, task),
            activate=request.activate,
            name=request.name,
            tags=request.tags,
        )
    )


def _validation(catalog: DatasetCatalog, request: SweepRequest, task: Task) -> Validation | None:
    """The preset's; where it has none, a fifth of the training rows."""
    preset = task.presets.get(request.preset)
    if preset is None or not isinstance(preset.validation, NoValidation):
        return None
    rows = catalog.train_rows(dataset_of(task, request.dataset))
    return Holdout(size=max(1, min(rows // 5, MOST_HELD_OUT)), rows="shuffled")


def _metric(request: SweepRequest, base: RunRequest) -> Monitored:
    known = metrics_of(base.recipe.head)
    if request.metric is not None and request.metric not in known:
        reason = f"is not measured here: the head {base.recipe.head} has {' and '.join(known)}"
        raise InvalidInput(f"{request.metric} {reason}", field="metric")
    return request.metric or cast(Monitored, known[-1])


def _check_space(plan: SweepPlan) -> None:
    for path, axis in plan.space.items():
        check_axis(path, axis)
    order_of(plan.space)
    if isinstance(plan.method, CmaEs):
        numbers = [p for p, axis in plan.space.items() if not isinstance(axis, Choice) and not axis.when]
        if sum(map(is_number, numbers)) < 2:
            reason = "needs two ranges that vary in every trial: choose tpe or random"
            raise InvalidInput(f"cma_es {reason}", field="method.kind")


def _check_heads(task: Task, catalog: DatasetCatalog, plan: SweepPlan) -> None:
    """Of heads that vary, that the dataset has what they learn."""
    axis = plan.space.get("head")
    info = dataset_of(task, plan.dataset)
    for head in axis.contents if isinstance(axis, Choice) else ():
        if head in task.heads and not catalog.has_column(task, info, target := task.target_of(head)):
            reason = f"{head!r} needs the column {target!r}, which dataset {info.name!r} does not have"
            raise InvalidInput(reason, field="space.head.values")


def _check_drawn(task: Task, plan: SweepPlan) -> None:
    """That one of some combinations makes a recipe."""
    first = None
    for number in range(LOOKED_AT):
        if (reason := why_not(task, plan, drawn(plan.space, plan.seed, number, 0))) is None:
            return
        first = first or reason
    raise _none_suits(first)


def _grid(task: Task, plan: SweepPlan, *, all_of_it: bool) -> Planned:
    """The plan of a grid, whose combinations are counted, then looked at one by one."""
    amount, exact = count(plan.space)
    if amount > MOST_COMBINATIONS:
        many = f"{amount:,}" if amount < 10**12 else f"{amount:.0e}"
        told = f"{'' if exact else 'at least '}{many} combinations; the limit is {MOST_COMBINATIONS:,}"
        raise InvalidInput(f"makes {told}", field="space")
    reasons = [why_not(task, plan, parameters) for parameters in combinations(plan.space)]
    skipped = [reason for reason in reasons if reason is not None]
    suiting = len(reasons) - len(skipped)
    if not suiting:
        raise _none_suits(skipped[0] if skipped else None)
    trials = suiting if all_of_it else min(suiting, plan.budget.trials)
    budget = plan.budget.model_copy(update={"trials": trials})
    first = skipped[0].message if skipped else None
    return Planned(plan.model_copy(update={"budget": budget}), (len(skipped), first))


def _none_suits(reason: InvalidInput | None) -> InvalidInput:
    """No combination makes a recipe; told by the first."""
    assert reason is not None
    return InvalidInput(f"no combination makes a recipe: {reason.message}", field=reason.errors[0].field)
