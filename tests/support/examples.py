"""The examples in the client's docstrings, run against a service; also as a program, where only the client is."""

import doctest
import pkgutil
import sys
from importlib import import_module

from densely_client import Densely, sync


def examples() -> list[doctest.DocTest]:
    """Those of the synchronous side: of the other one they are the same, with `await`."""
    modules = [import_module(f"{sync.__name__}.{module.name}") for module in pkgutil.iter_modules(sync.__path__)]
    return [test for module in modules for test in doctest.DocTestFinder().find(module) if test.examples]


def check(example: doctest.DocTest, url: str) -> str:
    """What is wrong with it; empty if nothing is."""
    told: list[str] = []
    with Densely(url) as client:
        example.globs = {"client": client, "url": url, "Densely": Densely}
        if example.name.endswith("Run.events"):
            example.globs["run"] = client.train("planar", dataset="moons", preset="capacity-3", activate="never")
        result = doctest.DocTestRunner().run(example, out=told.append)
    return "".join(told) if result.failed or not result.attempted else ""


if __name__ == "__main__":
    sys.stdout.write(f"{len(examples())} examples\n")
    sys.exit("".join(check(example, sys.argv[1]) for example in examples()) or None)
