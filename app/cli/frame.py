"""What surrounds every command: an error is one line on standard error, and the exit code says of what kind it is."""

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from app import stdio
from app.cli.codes import INTERRUPTED, REFUSED, RUN_ENDED, UNREACHABLE, USAGE
from app.cli.output import visible
from app.errors import DenselyError
from densely_client import ApiError, ServiceUnreachable
from densely_client import DenselyError as ClientError
from densely_client.errors import InvalidArgument, RunEnded, SweepEnded

# What typer raises for wrong usage; the class has no public name.
_Mistake: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


class Group(TyperGroup):
    """The commands, with their errors in one line."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and end the process with its exit code."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        code: Any
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except _Mistake as error:
            code = _usage(error)
        except typer.Abort:
            code = INTERRUPTED
        except BrokenPipeError:  # as `| head` does when it has enough
            stdio.leave_quietly()
            code = REFUSED
        except (DenselyError, ClientError, OSError) as error:
            code = _failed(error)
        except Exception as error:  # noqa: BLE001 - a mistake of ours is one line too, and can be shown whole
            code = _surprised(error)
        if not stdio.flush():  # the disk of what was printed is full
            code = code or REFUSED
        sys.exit(code if isinstance(code, int) else 0)


class Command(TyperCommand):
    """A command, whose arguments may be negative numbers: `-1,2` is no option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The same, with options and arguments told apart first."""
        options: list[Any] = [each for each in self.params if each.param_type_name == "option"]
        valued = {name for each in options if not each.is_flag for name in each.opts}
        if (
            ctx.resilient_parsing and args[-1:] and args[-1] in valued
        ):  # a shell completes its value, by what is before it
            args = args[:-1]
        return super().parse_args(ctx, _apart(args, valued) if any(map(_NEGATIVE.match, args)) else args)


_NEGATIVE = re.compile(r"-\.?\d")


def _apart(args: list[str], valued: set[str]) -> list[str]:
    """Options first, then `--` and what is none, in its order. `valued`: options whose value follows."""
    options: list[str] = []
    words: list[str] = []
    rest = iter(args)
    for arg in rest:
        if arg == "--":
            words += rest
        elif arg in valued:
            options += [arg, *islice(rest, 1)]
        else:
            (options if arg.startswith("-") and arg != "-" and not _NEGATIVE.match(arg) else words).append(arg)
    return [*options, "--", *words]


class CommandLine(typer.Typer):
    """Typer with our frame."""

    def __init__(self, **options: Any) -> None:
        super().__init__(cls=Group, pretty_exceptions_enable=False, **options)


def fail(message: str, code: int = REFUSED) -> typer.Exit:
    """Print one line on standard error; raise what this returns."""
    line = visible(" ".join(message.split()))
    red = sys.stderr.isatty()
    with suppress(OSError):  # nobody may read it
        print(f"\033[31m{line}\033[0m" if red else line, file=sys.stderr)  # noqa: T201 - a console would wrap it
    return typer.Exit(code)


def _usage(error: Any) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
        error.show()
    else:
        command = error.ctx.command_path if getattr(error, "ctx", None) else "densely"
        fail(f"{_sentence(error.format_message())} See `{command} --help`.")
    return USAGE


def _surprised(error: Exception) -> int:
    if os.environ.get("DENSELY_LOG_LEVEL", "").lower() == "debug":
        raise error
    fail(f"unexpected {type(error).__name__}: {error} (DENSELY_LOG_LEVEL=debug shows where)")
    return REFUSED


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _named(error: DenselyError | ClientError) -> str:
    """The message, with the field at fault where the service tells it apart; lines of a file are told after it."""
    first = error.errors[0] if isinstance(error, ApiError) and error.errors else None
    if first is None or first.line is not None or first.field in error.message:
        return error.message
    return f"{first.field}: {first.message}"


def _failed(error: DenselyError | ClientError | OSError) -> int:
    if isinstance(error, OSError):
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return REFUSED
    told = _named(error)
    if isinstance(error, ApiError) and error.status == 401:
        told = f"{_sentence(told)} Use --api-key, or set DENSELY_API_KEY."
    elif isinstance(error, ServiceUnreachable):
        told += "; start it with `densely up`, or name another with --url"
    fail(told)
    for fault in error.errors if isinstance(error, ApiError) else ():
        if fault.line is not None:
            column = "" if fault.field in ("", "file") else f", {fault.field}"
            fail(f"line {fault.line}{column}: {fault.message}")
    if isinstance(error, ServiceUnreachable):
        return UNREACHABLE
    if isinstance(error, (RunEnded, SweepEnded)):
        return RUN_ENDED
    return USAGE if isinstance(error, InvalidArgument) else REFUSED
