"""`pg_dump` and `pg_restore`, which come with PostgreSQL; no secret of the URL is on their command line."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from app.errors import Unusable

POLL = 0.2  # seconds between two looks at how much has been written
SECRETS = ("sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")  # of libpq, without a variable
SERVICE = "densely"  # under which libpq finds them

Told = Callable[[int], None]  # how many bytes more


def dump(url: URL, snapshot: str, tables: Sequence[str], path: Path, told: Told) -> None:
    """Write these tables, as a transaction that exported `snapshot` sees them, to a file of PostgreSQL's custom form.

    Raises:
        Unusable: the program is missing, or failed; its own words say why.
    """
    chosen = [f"--table={table}" for table in tables]
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", *chosen]
    _run("pg_dump", url, [*options, f"--file={path}"], lambda: told(_size(path)))


def restore(url: URL, path: Path) -> None:
    """Make the tables of such a file in a database without them, all or none.

    Raises:
        Unusable: the same; nothing has changed.
    """
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run("pg_restore", url, [*options, str(path)], lambda: None)


def _run(program: str, url: URL, options: Sequence[str], look: Callable[[], None]) -> None:
    with _connection(url) as (there, variables, files):
        process = _start([program, "--no-password", f"--dbname={there}", *options], variables, files)
        said = _ended(process, look)
    if process.returncode:
        raise Unusable(f"{program} failed: {_reason(said) or f'status {process.returncode}'}")


def _start(command: list[str], variables: Mapping[str, str], files: Sequence[int]) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, **variables, "LC_MESSAGES": "C"}
    null = subprocess.DEVNULL
    try:
        return subprocess.Popen(
            command, env=environment, stdin=null, stdout=null, stderr=subprocess.PIPE, pass_fds=files
        )
    except OSError as error:
        told = f"{command[0]} cannot be started ({error.strerror}): install PostgreSQL's client programs"
        raise Unusable(f"{told}, of the server's release or a later one") from error


def _ended(process: "subprocess.Popen[bytes]", look: Callable[[], None]) -> str:
    """What it has said when it ended, which it does with whatever ends the waiting."""
    with process:
        try:
            return _wait(process, look)
        except BaseException:
            process.terminate()
            raise


@contextmanager
def _connection(url: URL) -> Iterator[tuple[str, dict[str, str], list[int]]]:
    """Where the database is, in libpq's words; the environment and the open files that hold what `ps` would show.

    What the driver is told, so that both read the URL alike: several hosts, and what has to be escaped in it.

    Raises:
        Unusable: there is a secret in the URL that no program can be given out of sight.
    """
    from psycopg.conninfo import make_conninfo  # an extra's

    options = dict(url.get_dialect()().create_connect_args(url)[1])
    password = options.pop("password", None)
    variables = {} if password is None else {"PGPASSWORD": str(password)}
    secrets = {name: str(options.pop(name)) for name in SECRETS if name in options}
    if not secrets:
        yield make_conninfo("", **options), variables, []
        return
    is_taken = "service" in options or "PGSERVICE" in os.environ
    if is_taken or any(value.strip() != value or "\n" in value for value in secrets.values()):
        names = " and ".join(secrets)
        raise Unusable(f"{names} of the database's URL cannot be handed on: put it into a service file of libpq's own")
    with tempfile.TemporaryFile() as file:  # without a name, so that nothing is left of it
        file.writelines(f"{line}\n".encode() for line in (f"[{SERVICE}]", *map("=".join, secrets.items())))
        file.seek(0)
        number = file.fileno()
        yield (
            make_conninfo("", service=SERVICE, **options),
            {**variables, "PGSERVICEFILE": f"/dev/fd/{number}"},
            [number],
        )


def _wait(process: "subprocess.Popen[bytes]", look: Callable[[], None]) -> str:
    while True:
        try:
            said = process.communicate(timeout=POLL)[1]
        except subprocess.TimeoutExpired:
            look()
        else:
            look()
            return said.decode(errors="replace")


def _reason(said: str) -> str:
    """The first complaint, without the program's name."""
    lines = [line.partition("error: ")[2] or line for line in said.splitlines() if line.strip()]
    return lines[0].strip() if lines else ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # not there yet
        return 0
