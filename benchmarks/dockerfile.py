"""A Dockerfile as data: its stages with their instructions, as far as ours goes."""

import json
import re
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True)
class Copy:
    """Sources, of the context or of another stage, and where they go."""

    stage: str | None
    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True)
class Run:
    """A command of the shell."""

    command: str


@dataclass
class Stage:
    """One image on the way: what it begins with, and what is done to it, in order."""

    name: str
    base: str
    steps: list[Copy | Run] = field(default_factory=list)
    folder: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    stop_signal: str = ""


def read(path: Path) -> dict[str, Stage]:
    """Every stage by its name; what it has of the stage that it begins with is in it.

    Raises:
        ValueError: an instruction that ours does not have.
    """
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    stages: dict[str, Stage] = {}
    current = Stage("", "")
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            current = stages[name] = _after(stages.get(base), name, base)
        elif word not in {"ARG", "EXPOSE"}:
            _carry_out(current, word, rest.strip())
    return stages


def _after(base: Stage | None, name: str, given: str) -> Stage:
    if base is None:
        return Stage(name, given)
    return replace(base, name=name, base=base.name, steps=list(base.steps), environment=dict(base.environment))


def _carry_out(stage: Stage, word: str, rest: str) -> None:
    match word:
        case "COPY":
            *options, last = shlex.split(rest)
            origin = next((each.partition("=")[2] for each in options if each.startswith("--from=")), None)
            sources = tuple(each for each in options if not each.startswith("--"))
            whole = last if last.startswith("/") else f"{stage.folder.rstrip('/')}/{last}"
            stage.steps.append(Copy(origin, sources, whole))
        case "RUN":
            stage.steps.append(Run(rest))
        case "ENV":
            stage.environment.update(each.partition("=")[::2] for each in shlex.split(rest))
        case "WORKDIR":
            stage.folder = rest
        case "USER":
            stage.user = rest
        case "CMD":
            stage.command = json.loads(rest)
        case "HEALTHCHECK":
            stage.health = json.loads(rest.partition("CMD ")[2])
        case "STOPSIGNAL":
            stage.stop_signal = rest
        case _:
            raise ValueError(f"an instruction that is not known here: {word} {rest}")
