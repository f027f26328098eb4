"""What keeps a PostgreSQL server from being used is one line that says why, and never shows a password."""

import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.db import condition
from app.db.engine import Database
from app.errors import DenselyError, Unavailable, Unusable
from tests.support import postgres

SECRET = "not-to-be-seen"


@pytest.fixture(scope="module")
def guarded(cluster: postgres.Cluster, template_of_postgresql: str) -> str:
    """A database, two of whose users are not let in as they are: one has a password, and one may do nothing."""
    cluster.let_in("host all secured 127.0.0.1/32 scram-sha-256")
    cluster.execute("CREATE ROLE secured LOGIN PASSWORD 'another one'")
    cluster.execute("CREATE ROLE poor LOGIN")
    return cluster.new_database(template_of_postgresql)


WRONG = [
    ({"port": 1}, Unavailable, "the database does not answer: .*Connection refused"),
    ({"host": "nowhere.invalid"}, Unavailable, "does not answer: failed to resolve host 'nowhere.invalid'"),
    ({"username": "secured"}, Unavailable, 'does not answer: .*password authentication failed for user "secured"'),
    ({"username": "nobody"}, Unavailable, 'does not answer: .*role "nobody" does not exist'),
    ({"database": "elsewhere"}, Unavailable, 'does not answer: .*database "elsewhere" does not exist'),
    ({"username": "poor"}, Unusable, "permission denied for table alembic_version; grant its user all rights"),
]


@pytest.mark.parametrize(("changed", "error", "told"), WRONG, ids=[str(each[0]) for each in WRONG])
def test_it_is_told_why(guarded: str, changed: dict[str, object], error: type[DenselyError], told: str) -> None:
    url = make_url(guarded).set(password=SECRET, **changed)  # type: ignore[arg-type]

    with pytest.raises(error, match=told) as caught:
        condition.check(url.render_as_string(hide_password=False))

    assert 1 == len(caught.value.message.splitlines())
    assert SECRET not in caught.value.message


@pytest.mark.parametrize(("password", "told"), [("e", "does not answer"), ("127.0.0.1", '"***", port 1 failed')])
def test_a_password_is_hidden_where_it_is_a_word(guarded: str, password: str, told: str) -> None:
    """One that is a letter of other words leaves them readable."""
    url = make_url(guarded).set(password=password, port=1)

    with pytest.raises(Unavailable) as caught:
        condition.check(url.render_as_string(hide_password=False))

    assert told in caught.value.message
    assert "Connection refused" in caught.value.message


def test_a_server_that_takes_no_writes_is_refused_at_the_start_and_away_later(
    cluster: postgres.Cluster, template_of_postgresql: str
) -> None:
    """As a standby is, and a primary that becomes one."""
    url = cluster.new_database(template_of_postgresql)
    condition.check(url)
    cluster.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")

    with pytest.raises(Unavailable, match="takes no writes: it is read-only, or a standby; name one that does"):
        condition.check(url)
    database = Database(url)
    with pytest.raises(Unavailable, match="the database takes no writes"), database.write() as tx:
        tx.execute(text("DELETE FROM runs"))
    database.close()


@pytest.mark.parametrize("missing", ["psycopg", "psycopg_binary"])
def test_a_driver_that_is_missing_is_named_with_its_extra(missing: str) -> None:
    program = f"""
import sys
sys.modules[{missing!r}] = None  # as if it was not installed
sys.modules["psycopg_c"] = None
import ctypes.util
ctypes.util.find_library = lambda _: None  # nor its library
from app.db.engine import Database
from app.errors import Unusable
try:
    Database("postgresql://u:{SECRET}@127.0.0.1/x")
except Unusable as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "PostgreSQL needs its driver: pip install 'densely[postgres]'\n" == done.stdout
    assert "" == done.stderr
