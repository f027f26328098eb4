"""Which method a plan names."""

from app.domain.spaces import Grid, RandomSearch
from app.domain.sweeps import SweepPlan
from app.services.sweeps.methods import BaseFirst, GridMethod, Method, RandomMethod, Suits


def method_of(plan: SweepPlan, suits: Suits) -> Method:
    """The method that a plan names. Optuna is imported for those that are its."""
    method = _method(plan, suits)
    return BaseFirst(plan, method) if plan.base_first else method


def _method(plan: SweepPlan, suits: Suits) -> Method:
    if isinstance(plan.method, Grid):
        return GridMethod(plan, suits)
    if isinstance(plan.method, RandomSearch):
        return RandomMethod(plan, suits)
    from app.services.sweeps.optuna_search import OptunaMethod

    return OptunaMethod(plan, suits)
