"""The command line. One module for each group of commands; `frame` turns errors into one line and an exit code.

codes       the exit codes
frame       errors: one line, and the code that ends the process
output      tables, JSON, and how figures look
files       what commands write: whole or not at all
connection  where the service is: `--url` and `--api-key`
inputs      what INPUT looks like, by the task's kind
completion  what the shell completes, asked from the service
commands    all of them together, and what may stand before their names
service     up, serve, worker, migrate
predict     predict
encode      encode, decode
train       train, with `watch`, which draws a run while it goes on
tasks       tasks, with `create`, what it shows (`findings`, `outcome`) and asks for (`specs`)
datasets    datasets
uploading   `--from FILE`, with its bar
runs        runs, compare; with `run_list`, which chooses, sorts and shows columns
tidying     rm, and of runs edit, archive, restore
searching   sweep, with `spaces`, which reads what varies, and `leaderboard`, which draws a sweep while it goes on
sweeps      sweeps
models      models, activate
leftovers   gc
backup      backup, restore
migrate_data migrate-data
keys        keys, audit
doctor      doctor, with `checks` and `places`
"""

import os
import signal
import sys
from typing import Any

from app import stdio
from app.cli.codes import INTERRUPTED


def app(**options: Any) -> None:
    """Run the command of the process's arguments, and end the process with its exit code.

    Nothing above imports what takes long: Ctrl-C while the rest is imported should end it as quietly as later.
    """
    stdio.settle()
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # a shell may have told to ignore it
    if ours:
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    from app.cli.commands import app as commands

    try:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        commands(**options)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
