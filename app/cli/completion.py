"""What the shell completes: names and ids, asked from the service that the line names.

Somebody holds the Tab key: there is a second for it, and whatever goes wrong completes nothing and says nothing.
"""

import contextlib
import io
from collections.abc import Callable, Iterable
from typing import Any

import typer

from densely_client import Densely, Retries

SECONDS = 1.0  # for connecting, and for the answer
MOST = 50  # newest ones
Known = tuple[str, str]  # what is completed, and what shells that can show beside it


def tasks(context: typer.Context, incomplete: str) -> list[Known]:
    """Names of tasks."""
    return _asked(context, incomplete, lambda client: [(task.name, task.title) for task in client.tasks.list()])


def presets(context: typer.Context, incomplete: str) -> list[Known]:
    """Names of the presets of the line's task."""
    return _asked(context, incomplete, lambda client: _presets(client, context))


def datasets(context: typer.Context, incomplete: str) -> list[Known]:
    """Names of datasets: of the line's task, if it names one, also those whose rows are not here yet."""
    return _asked(context, incomplete, lambda client: _datasets(client, context))


def runs(context: typer.Context, incomplete: str) -> list[Known]:
    """Ids of runs, newest first; with the beginning of one of any run."""
    return _asked(context, incomplete, lambda client: _runs(client, incomplete))


def models(context: typer.Context, incomplete: str) -> list[Known]:
    """Ids of models, newest first: of the line's task, if it names one."""
    return _asked(context, incomplete, lambda client: _models(client, context))


def sweeps(context: typer.Context, incomplete: str) -> list[Known]:
    """Ids of sweeps, newest first."""
    return _asked(context, incomplete, _sweeps)


def _presets(client: Densely, context: typer.Context) -> Iterable[Known]:
    task = context.params.get("task")
    known = [client.tasks.get(task)] if task else client.tasks.list()
    return ((name, preset.description) for each in known for name, preset in each.presets.items())


def _datasets(client: Densely, context: typer.Context) -> Iterable[Known]:
    task = context.params.get("task")
    declared = client.tasks.get(task).datasets if task else []
    stored = client.datasets.list(task=task, limit=MOST)
    return [(one.name, one.description) for one in declared] + [(one.name, f"of {one.task}") for one in stored]


def _runs(client: Densely, incomplete: str) -> Iterable[Known]:
    found = client.runs.rows(limit=MOST, archived="all", q=incomplete or None)
    return ((row.id, f"{row.status} {row.task} {row.name or row.preset}") for row in found.items)


def _models(client: Densely, context: typer.Context) -> Iterable[Known]:
    found = client.models.list(task=context.params.get("task"), limit=MOST)
    return ((each.id, f"{each.task} version {each.version}{', active' if each.active else ''}") for each in found)


def _sweeps(client: Densely) -> Iterable[Known]:
    return (
        (each.id, f"{each.status} {each.task} {each.name or each.plan.preset}")
        for each in client.sweeps.list(limit=MOST)
    )


def _asked(context: typer.Context, incomplete: str, ask: Callable[[Densely], Iterable[Known]]) -> list[Known]:
    """What begins with what is typed, each once and on one line; nothing without an answer in time."""
    from app.cli.connection import place

    words: dict[str, str] = {}
    with contextlib.suppress(Exception), contextlib.redirect_stderr(io.StringIO()):
        url, key = place(_given(context, "url"), _given(context, "api_key"))
        with Densely(url, key, timeout=SECONDS, retries=Retries(most=0), trust_env=False) as client:
            for word, told in ask(client):
                if word.startswith(incomplete):
                    words.setdefault(word, " ".join(told.split()))
    return list(words.items())


def _given(context: Any, name: str) -> str | None:
    """The value of an option that may stand before the command too, or in the environment."""
    while context is not None:
        if value := context.params.get(name):
            found: str = value
            return found
        context = context.parent
    return None
