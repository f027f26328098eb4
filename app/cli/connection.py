"""Where the service is: `--url` and `--api-key`, their variables, or the settings of a service on this machine."""

from typing import Annotated

import typer
from pydantic import ValidationError

from app.cli.frame import USAGE, fail
from app.client import Densely, Retries
from app.settings import Settings

Url = Annotated[
    str | None,
    typer.Option(
        envvar="DENSELY_URL",
        help="the service's address; default: DENSELY_HOST and DENSELY_PORT",
        show_default=False,
        rich_help_panel="Service",
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
    ),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON, for scripts", rich_help_panel="Output")]

# Somebody is waiting in front of the screen: what the service asks to wait longer for is told at once.
RETRIES = Retries(patience=2.0)


def connect(url: str | None, api_key: str | None, retries: Retries = RETRIES) -> Densely:
    """A client of the service that is meant.

    Raises:
        typer.Exit: it is the settings' service, and these have a mistake.
        InvalidInput: the URL or key cannot be used.
    """
    if not url:
        found = settings()
        url = address(found)
        # Never sent elsewhere: whoever names another service names its key too.
        api_key = api_key or next(iter(found.api_keys), None)
    return Densely(url, api_key or None, retries=retries)


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
        lines.append(f"{name} {item['msg'].removeprefix('Value error, ')}".strip())
    return lines
