"""Schemathesis against a started service: requests drawn from `/openapi.json`, all answers held against it."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.integration.site import KEY, Site

CONFIG = Path(__file__).with_name("schemathesis.toml")
KNOWN = Path(__file__).with_name("known.toml")


@dataclass(frozen=True)
class Outcome:
    """What a run of Schemathesis came to."""

    failed: bool
    told: str  # what it printed
    cases: int
    reached: Mapping[str, int]  # valid requests by call that were answered with what was asked for

    def __str__(self) -> str:
        calls = "\n".join(f"  {name}: {count}" for name, count in sorted(self.reached.items()))
        return f"{self.told}\n{self.cases} requests; those that were valid and done, by call:\n{calls}\n"


def fuzz(site: Site, folder: Path, *, keyed: bool, known: bool, options: Sequence[str]) -> Outcome:
    """Run it with these options of its command line; `folder` keeps its configuration and its report.

    `known`: mostly ask for what there is, which takes longer.
    """
    config, report = folder / "schemathesis.toml", folder / "report.json"
    text = CONFIG.read_text(encoding="utf-8")
    added = f"{KNOWN.read_text(encoding='utf-8')}\n{_dictionaries(site)}" if known else ""
    config.write_text(f"{text}\n{added}", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        f"--config-file={config}",
        "run",
        f"{site.server.url}/openapi.json",
    ]
    command += ["--checks=all", "--no-color", f"--report-json-path={report}", *options]
    command += [f"--header=Authorization: Bearer {KEY}"] if keyed else []
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = json.loads(report.read_text(encoding="utf-8"))
    reached = {
        name: sum(phase["accepted"] for phase in phases.values()) for name, phases in found["valid_rates"].items()
    }
    return Outcome(done.returncode != 0, done.stdout + done.stderr, found["test_cases"]["generated"], reached)


def _dictionaries(site: Site) -> str:
    """The names of what there is, as TOML: its strings and lists are JSON's."""
    known, doomed = site.described.known, site.described.doomed
    found = {
        "run_id": [known["run_id"], doomed["run_id"]],
        "model_id": [known["model_id"], doomed["model_id"]],
        "task": [task["name"] for task in site.client.get("/tasks").json()["items"]],
        "name": ["mine", "spare"],
        "dataset": ["sample", "mine"],
        "runs": [known["runs"]],
    }
    return "\n".join(f"[dictionaries.{name}]\nvalues = {json.dumps(values)}" for name, values in found.items())
