"""`pg_dump` and `pg_restore`, which come with PostgreSQL; a password goes to them in their environment."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy.engine import URL

from app.errors import Unusable

POLL = 0.2  # seconds between two looks at how much has been written

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
    there, secrets = _connection(url)
    environment = {**os.environ, **secrets, "LC_MESSAGES": "C"}
    command = [program, "--no-password", f"--dbname={there}", *options]
    try:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
    except OSError as error:
        told = f"{program} cannot be started ({error.strerror}): install PostgreSQL's client programs"
        raise Unusable(f"{told}, of the server's release or a later one") from error
    with process:
        try:
            said = _wait(process, look)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise Unusable(f"{program} failed: {_reason(said) or f'status {process.returncode}'}")


def _connection(url: URL) -> tuple[str, dict[str, str]]:
    """Where the database is, in libpq's words; and the environment with its password, which a command line would show.

    What the driver is told, so that both read the URL alike: several hosts, and what has to be escaped in it.
    """
    from psycopg.conninfo import make_conninfo  # an extra's

    options = dict(url.get_dialect()().create_connect_args(url)[1])
    password = options.pop("password", None)
    return make_conninfo("", **options), {} if password is None else {"PGPASSWORD": str(password)}


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
