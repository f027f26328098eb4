"""All commands, and the options that every one of them takes, before its name or after it."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

import app as densely
from app.cli import (
    backup,
    codes,
    datasets,
    doctor,
    encode,
    keys,
    leftovers,
    migrate_data,
    models,
    predict,
    runs,
    searching,
    service,
    sweeps,
    tasks,
    tidying,
    train,
)
from app.cli.connection import Json, Key, Url, is_given
from app.cli.frame import Command, CommandLine
from app.cli.output import line

app = CommandLine(
    name="densely",
    no_args_is_help=True,
    help="Train small Keras networks and serve them.",
    epilog=f"--json, --url and --api-key may stand before the command or after it, where they win. "
    f"Exit codes: {codes.MEANINGS}. Every command has --help.",
)

COMMANDS: tuple[Callable[..., None], ...] = (
    service.up, service.serve, service.worker, service.migrate, doctor.doctor, leftovers.gc,
    backup.backup, backup.restore, migrate_data.migrate_data,
    predict.predict, encode.encode, encode.decode, train.train, train.presets, searching.sweep,
    runs.compare, models.activate, keys.audit, tidying.rm,
)  # fmt: skip
for command in COMMANDS:
    app.command(cls=Command)(command)
app.add_typer(tasks.app, name="tasks")
app.add_typer(datasets.app, name="datasets")
app.add_typer(runs.app, name="runs")
app.add_typer(sweeps.app, name="sweeps")
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")


def _version(asked: bool) -> None:
    if asked:
        line(f"densely {densely.__version__}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    as_text: Json = False,  # noqa: ARG001 - these three are handed on by `connection`
    url: Url = None,  # noqa: ARG001
    api_key: Key = None,  # noqa: ARG001
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="print it")] = False,  # noqa: ARG001
) -> None:
    """What stands before a command."""
    command: Any = context.command
    taken = {each.name for each in command.commands[context.invoked_subcommand].params}
    for each in command.params:
        if is_given(context, each.name) and each.name not in taken:
            raise typer.BadParameter(f"{context.invoked_subcommand} takes no {each.opts[0]}")
