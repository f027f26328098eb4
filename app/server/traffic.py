"""Counting requests: by route as it is declared, never by what a client has sent."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from starlette.types import Scope

from app.metrics import catalog
from app.metrics.tally import OTHER, Tally

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
PROBLEM = "problem"  # where a scope says which problem it was answered with


class Traffic:
    """Counts what is not answered inline."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def count(self, method: str, route: str, status: int, seconds: float, *, task: str = "", problem: str = "") -> None:
        """An answer that has begun; `seconds` since its request. What is not known is empty."""
        known = method if method in METHODS or not method else OTHER
        self._tally.add(catalog.REQUESTS, (known, route, task, "", str(status)))
        self._tally.observe(catalog.REQUEST_SECONDS, (route,), seconds)
        if problem:
            self._tally.add(catalog.PROBLEMS, (route, problem))

    def clock(self, method: str, scope: Scope, route: str = "") -> Callable[[int], None]:
        """Starts now; what is returned takes the status when the answer begins.

        `scope` has got its route by then, unless it is given, and its problem, if it has one.
        """
        began = perf_counter()

        def begun(status: int) -> None:
            named = route or _route_of(scope)
            problem, task = scope.get(PROBLEM, ""), scope.get("task", "")
            self.count(method, named, status, perf_counter() - began, task=task, problem=problem)

        return begun


def _route_of(scope: Scope) -> str:
    route: Any = scope.get("route")
    path: str = getattr(route, "path", "")
    return path
