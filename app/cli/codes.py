"""The exit codes."""

REFUSED, USAGE, UNREACHABLE, RUN_ENDED = 1, 2, 3, 4
INTERRUPTED = 130  # as shells tell of Ctrl-C
MEANINGS = (
    "0 done, 1 refused or failed, 2 wrong usage, 3 the service cannot be reached, "
    "4 the run or sweep that was watched failed or was cancelled, 130 interrupted"
)
