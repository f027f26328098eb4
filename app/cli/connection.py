"""Where the service is: `--url` and `--api-key`, their variables, or the settings of a service on this machine."""

import re
import sys
import time
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from app.cli.codes import USAGE
from app.cli.frame import fail
from app.settings import Settings
from densely_client import Densely, Retries, Time

_THEIRS = re.compile(r"^(Input|String) should ")  # how the validator begins; a line begins with the setting's name


def is_given(context: typer.Context, name: str) -> bool:
    """Whether the option stands on the command line, at this command's place."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _inherited(context: typer.Context, parameter: typer.CallbackParam, value: Any) -> Any:
    """What was given with the command, else before it, else with the command before that."""
    here: Any = context
    name = parameter.name or ""
    if is_given(here, name):
        return value
    while here := here.parent:
        if is_given(here, name):
            return here.params[name]
    return value


Url = Annotated[
    str | None,
    typer.Option(
        envvar="DENSELY_URL",
        help="the service's address; default: DENSELY_HOST and DENSELY_PORT",
        show_default=False,
        rich_help_panel="Service",
        callback=_inherited,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        envvar="DENSELY_API_KEY",
        help="one of the service's keys; default: the first of DENSELY_API_KEYS, unless there is a --url",
        show_default=False,
        show_envvar=True,
        rich_help_panel="Service",
        callback=_inherited,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="print JSON, for scripts", rich_help_panel="Output", callback=_inherited)
]


class AnnouncedSleep:
    """Sleeps; somebody in front of a screen is told once what it is for."""

    def __init__(self) -> None:
        self._slept = 0.0

    def __call__(self, seconds: float) -> None:
        """As `time.sleep`."""
        self._slept += seconds
        if self._slept > NOTICED and sys.stderr.isatty():
            print("waiting for the service …", file=sys.stderr)  # noqa: T201
            self._slept = float("-inf")
        time.sleep(seconds)


NOTICED = 1.0  # seconds
# Somebody waits for the answer: what the service asks to wait longer for is told at once.
RETRIES = Retries(patience=2.0, time=Time(sleep=AnnouncedSleep()))


def connect(url: str | None, api_key: str | None, retries: Retries = RETRIES) -> Densely:
    """A client of the service that is meant.

    Raises:
        typer.Exit: it is the settings' service, and these have a mistake.
        InvalidArgument: the URL or key cannot be used.
    """
    where, key = place(url, api_key)
    return Densely(where, key, retries=retries, trust_env=bool(url))  # of this machine, whatever its name is


def place(url: str | None, api_key: str | None) -> tuple[str, str | None]:
    """The URL of the service that is meant, and the key that it is sent.

    Raises:
        typer.Exit: it is the settings' service, and these have a mistake.
    """
    if url:
        return url, api_key or None
    found = settings()
    # Never sent elsewhere: whoever names another service names its key too.
    return address(found), api_key or next(iter(found.api_keys), None)


def address(found: Settings) -> str:
    """The URL of the service that has these settings, as seen from this machine."""
    every = found.host in ("0.0.0.0", "::")  # noqa: S104 - a question, not a choice
    host = "localhost" if every else f"[{found.host}]" if ":" in found.host else found.host
    return f"http://{host}:{found.port}"


def settings() -> Settings:
    """From the environment.

    Raises:
        typer.Exit: a mistake there, told in one line for each.
    """
    try:
        return Settings()
    except ValidationError as error:
        for line in mistakes(error):
            fail(line)
        raise typer.Exit(USAGE) from error


def mistakes(error: ValidationError) -> list[str]:
    """A line for each setting at fault."""
    lines = []
    for item in error.errors():
        name = "".join(f"DENSELY_{part}".upper() for part in item["loc"])
        told = item["msg"].removeprefix("Value error, ")
        lines.append(f"{name} {_THEIRS.sub('must ', told)}".strip())
    return lines


def check_task(client: Densely, task: str) -> None:
    """For a list that is empty: whether there is such a task at all.

    Raises:
        typer.Exit: there is none.
    """
    names = [each.name for each in client.tasks.list()]
    if task not in names:
        raise fail(f"task: must be one of {', '.join(names)}; got {task!r}")
