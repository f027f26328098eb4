"""`densely backup` and `densely restore` where PostgreSQL asks for a password, which the URL has."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from app.db import migrate, postgres_programs
from app.db.engine import Database
from app.errors import Unusable
from tests.integration.cli.conftest import Done, start
from tests.support import postgres

# What means something in a URL, in a shell or in libpq's own form.
PASSWORD, WRITTEN = "p@s/s'w o%rd", "p%40s%2Fs'w%20o%25rd"


def densely(*words: str | Path, **settings: str | Path) -> Done:
    process = start(*map(str, words), **{name: str(value) for name, value in settings.items()})
    out, err = process.communicate("", timeout=60)
    return Done(words, process.returncode, out, err)


@pytest.fixture
def urls(cluster: postgres.Cluster) -> list[str]:
    """Two databases of a user with a password: one with this release's tables, and one without any."""
    cluster.let_in("host all keeper 127.0.0.1/32 scram-sha-256")
    quoted = PASSWORD.replace("'", "''")
    cluster.execute(f"CREATE ROLE keeper LOGIN PASSWORD '{quoted}'")
    made = []
    for scheme in ("postgresql", "postgresql+psycopg"):
        url = cluster.new_database()
        cluster.execute(f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO keeper")
        made.append(url.replace("postgresql://densely@", f"{scheme}://keeper:{WRITTEN}@"))
    migrate.upgrade(made[0])
    return made


def seen(name: str, folder: Path) -> None:
    """Put a program there that writes down its command line, and goes on as the real one."""
    program = folder / name
    lines = [f'echo "$0 $*" >> "{folder}/seen"', f'cat "$PGSERVICEFILE" >> "{folder}/handed"']
    program.write_text("\n".join(["#!/bin/sh", *lines, f'exec {shutil.which(name)} "$@"\n']))
    program.chmod(0o755)


def test_the_password_of_the_url_is_handed_over_where_nobody_sees_it(
    urls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of a key's file, too; from a machine without a home of Densely yet; with another one in the environment."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("pg_dump", "pg_restore"):
        seen(name, programs)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    monkeypatch.setenv("PGPASSWORD", "another")
    places = {"DENSELY_HOME": tmp_path / "home", "DENSELY_MODELS_DIR": tmp_path / "models"}

    first, second = (f"{url}?sslpassword=of%20the%3Dkey" for url in urls)

    backup = densely("backup", tmp_path / "b.tar", DENSELY_DATABASE_URL=first, **places)
    assert (0, "") == (backup.returncode, backup.stderr)
    restore = densely("restore", tmp_path / "b.tar", DENSELY_DATABASE_URL=second, **places)
    assert (0, "") == (restore.returncode, restore.stderr)

    database = Database(urls[1])
    database.check_revision()
    database.close()
    told = (programs / "seen").read_text()
    assert ["pg_dump", "pg_restore"] == [line.split()[0].rpartition("/")[2] for line in told.splitlines()]
    assert "s/s" not in told
    assert "s%2Fs" not in told
    assert "***" not in told
    assert "the=key" not in told
    assert ["[densely]", "sslpassword=of the=key"] * 2 == (programs / "handed").read_text().splitlines()


@pytest.mark.parametrize("more", ["&service=another", "%0Ahost%3Delsewhere"])
def test_a_secret_that_cannot_be_handed_over_unseen_is_refused(more: str, tmp_path: Path) -> None:
    url = make_url(f"postgresql+psycopg://127.0.0.1:9/densely?sslpassword=key{more}")

    with pytest.raises(Unusable, match="sslpassword of the database's URL cannot be handed on: put it into"):
        postgres_programs.restore(url, tmp_path / "b")
