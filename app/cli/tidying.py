"""`densely rm`, and what is written of runs: `densely runs edit`, `archive` and `restore`."""

import sys
from typing import Annotated, Any

import typer

from app.cli import completion
from app.cli.codes import REFUSED
from app.cli.connection import Json, Key, Url, connect
from app.cli.findings import bytes_of
from app.cli.frame import fail
from app.cli.output import as_json, console, line
from app.cli.train import tags_of
from app.domain.counting import counted
from densely_client import Densely
from densely_client.forms import RunActionDone

AT_ONCE = 500  # runs that the service takes at a time

RunIds = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="run ids", show_default=False, autocompletion=completion.runs)
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="remove without asking")]


def edit(
    run_ids: RunIds,
    name: Annotated[str | None, typer.Option(help="its name; '' takes it away")] = None,
    note: Annotated[str | None, typer.Option(help="what is to be known of it; '' takes it away")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="add KEY=VALUE, any number of times")] = None,
    untag: Annotated[list[str] | None, typer.Option(help="take KEY away, any number of times")] = None,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Change the name, the note or tags of runs; what is not named stays."""
    changes: dict[str, Any] = {} if name is None else {"name": name or None}
    changes |= {} if note is None else {"note": note}
    more = tags_of(tag or []) or {}
    if not (changes or tag or untag):
        raise typer.BadParameter("nothing to change: --name, --note, --tag or --untag")
    with connect(url, api_key) as client:
        for run_id in run_ids:
            if tag or untag:
                changes["tags"] = _tagged(client.runs.get(run_id).data.tags, more, untag or [])
            run = client.runs.update(run_id, **changes)
            if as_text:
                as_json(run.data)
            else:
                line(f"{run.id} is changed")


def archive(run_ids: RunIds, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """Take runs that have ended out of lists; `densely runs --archived` shows them."""
    _act("archive", "is archived", run_ids, as_text, url, api_key)


def restore(run_ids: RunIds, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """Put archived runs back into lists."""
    _act("restore", "is back", run_ids, as_text, url, api_key)


def rm(
    run_ids: RunIds,
    models: Annotated[bool, typer.Option("--models", help="their models too, but for one that is active")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be removed")] = False,
    yes: Yes = False,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Remove runs that have ended with their epochs and events, after showing what that frees."""
    ids = list(dict.fromkeys(run_ids))
    with connect(url, api_key) as client:
        looked = [_remove(client, part, models, dry_run=True) for part in _parts(ids)]
        if not as_text and any(each.done for each in looked):
            _tell(looked, "would be removed")
        elif not as_text:
            _tell_refused(looked)
        if not any(each.done for each in looked):
            _end(looked, as_text)
            return
        if dry_run or not (yes or _agreed()):
            if as_text:
                as_json(looked)
            elif not dry_run:
                raise fail("nothing was removed; --yes removes it")
            return
        done = [_remove(client, part, models, dry_run=False) for part in _parts(ids)]
    if not as_text:
        _tell(done, "removed", refused=False)
    _end(done, as_text)


def _act(action: Any, told: str, ids: list[str], as_text: bool, url: str | None, api_key: str | None) -> None:
    with connect(url, api_key) as client:
        done = [client.runs.act(action, part) for part in _parts(list(dict.fromkeys(ids)))]
    if not as_text:
        for run_id in [run_id for each in done for run_id in each.done]:
            line(f"{run_id} {told}")
        _tell_refused(done)
    _end(done, as_text)


def _parts(ids: list[str]) -> list[list[str]]:
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]


def _remove(client: Densely, ids: list[str], models: bool, *, dry_run: bool) -> RunActionDone:
    return client.runs.act("delete", ids, models=models, dry_run=dry_run)


def _agreed() -> bool:
    return sys.stdin.isatty() and typer.confirm("Remove them?", err=True)


def _tell(found: list[RunActionDone], what: str, *, refused: bool = True) -> None:
    """What goes, and what it frees."""
    runs, models, size = (sum(getattr(each.frees, part) for each in found) for part in ("runs", "models", "bytes"))
    parts = [counted(runs, "run")] + ([f"{counted(models, 'model')} of {bytes_of(size)}"] if models else [])
    line(f"{' and '.join(parts)} {what}")
    if refused:
        _tell_refused(found)


def _tell_refused(found: list[RunActionDone]) -> None:
    for each in (refusal for part in found for refusal in part.refused):
        console(error=True).print(f"{each.run}: {each.reason}", markup=False)


def _end(done: list[RunActionDone], as_text: bool) -> None:
    """JSON, a list where there were more than one call could take; and exit code 1 where a run was refused."""
    if as_text:
        as_json(done)
    if any(each.refused for each in done):
        raise typer.Exit(REFUSED)


def _tagged(tags: dict[str, str], more: dict[str, str], gone: list[str]) -> dict[str, str]:
    """The tags, with some more and some less."""
    return {key: value for key, value in {**tags, **more}.items() if key not in gone}
