"""A trainer that imports nothing: what it does with a run, the run's id says. Its temporary folder tells who it is."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any


def say(what: dict[str, Any]) -> None:
    """To the worker."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """`end-3`: exit with 3. `sleep-0.5`: so many seconds, then 0. `die`: as if killed. `trial-…`: said, and kept."""
    say({"devices": ["CPU:0"], "versions": {"tensorflow": "0"}})
    for line in sys.stdin:
        order = json.loads(line)
        what, _, how = order["run_id"].partition("-")
        Path(order["checkpoints_dir"], order["run_id"]).write_text(f"{os.getpid()} {os.environ['TMPDIR']}", "ascii")
        if what == "sleep":
            time.sleep(float(how))
        if what == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if not order["keep"]:
            sys.exit(int(how) if what == "end" else 0)
        say({"ended": 0})


if __name__ == "__main__":
    main()
