"""The command line. One module for each group of commands; `frame` turns errors into one line and an exit code.

frame       errors, exit codes
output      tables, JSON, and how figures look
connection  where the service is: `--url` and `--api-key`
service     up, serve, worker, migrate
predict     predict, encode
train       train, with `watch`, which draws a run while it goes on
runs        runs, compare
models      models, activate
doctor      doctor, with `checks` and `places`
"""

from collections.abc import Callable

from app.cli import doctor, models, predict, runs, service, train
from app.cli.frame import EXIT_CODES, CommandLine

app = CommandLine(
    name="densely",
    no_args_is_help=True,
    help="Train small Keras networks and serve them.",
    epilog=f"Exit codes: {EXIT_CODES}. Every command has --help.",
)

COMMANDS: tuple[Callable[..., None], ...] = (
    service.up, service.serve, service.worker, service.migrate, doctor.doctor,
    predict.predict, predict.encode, train.train, runs.compare, models.activate,
)  # fmt: skip
for command in COMMANDS:
    app.command()(command)
app.add_typer(runs.app, name="runs")
app.add_typer(models.app, name="models")
