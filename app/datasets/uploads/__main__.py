"""Starts the importing process, with as few threads and as little memory as its work needs."""

import os
import sys


def _start() -> int:
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # read when NumPy comes, which needs none of them here
        os.environ.setdefault(name, "1")
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # which gives memory back
    from app.datasets.uploads.process import main

    if sys.argv[1:] and sys.argv[1].startswith("@"):  # a plan too long for an argument, by an open file of this number
        with os.fdopen(int(sys.argv[1][1:])) as plan:
            sys.argv[1] = plan.read()
    try:
        return main()
    except BrokenPipeError:  # whoever asked has gone
        os._exit(1)


if __name__ == "__main__":
    sys.exit(_start())
