"""How DENSELY_DATABASE_URL is written."""

import pytest
from pydantic import ValidationError
from sqlalchemy.engine import make_url

from app.settings import Settings


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/densely.db",
        "sqlite+pysqlite:///densely.db",
        "sqlite:///file:x.db?uri=true",
        "postgresql://densely@127.0.0.1:5432/densely",
        "postgres://db/densely",
        "postgresql+psycopg://densely:p%40s@db.example.org/densely",
        "postgresql://densely:a/b?c#d:e@db/densely",
        "postgresql://me@corp@db/densely",
        "postgresql://densely:p@[::1]:5432/densely",
        "postgresql:///densely?host=a:5432&host=b:5433&target_session_attrs=read-write",
        "postgresql://densely:p@db/densely?application_name=a@b",
        "postgresql://",
    ],
)
def test_what_names_a_database_is_taken_as_sqlalchemy_does(url: str) -> None:
    assert url == Settings(database_url=f" {url}\n").url
    make_url(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "must be as postgresql://user@host/name or sqlite:///file"),
        ("mysql://x:hunter2@y/z", "must be as postgresql://"),
        ("postgresql+psycopg2://x:hunter2@y/z", "must be as postgresql://"),
        ("postgresql:/127.0.0.1/x", "must be as postgresql://"),
        ("sqlite://densely.db", "must be as postgresql://"),
        ("sqlite://", "must be as postgresql://"),
        ("sqlite:///", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("postgresql://127.0.0.1:notaport/x", "the port, as in host:5432, must be a number"),
        ("postgresql://127.0.0.1:65536/x", "the port, as in host:5432, must be a number"),
        ("postgresql://127.0.0.1:/x", "the port, as in host:5432, must be a number"),
        ("postgresql://densely:p@hunter2@127.0.0.1:28719/densely", "write an @ in a password as %40"),
        ("postgresql://densely:p@hunter2/x@127.0.0.1:28719/densely", "write an @ in a password as %40"),
        ("postgresql://densely:p@s:hunter2@127.0.0.1:28719/densely", "write an @ in a password as %40"),
        ("postgresql://densely:p@s?hunter2@127.0.0.1:28719/densely", "write an @ in a password as %40"),
    ],
)
def test_what_does_not_is_refused_without_being_shown(url: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told) as caught:
        Settings(database_url=url)
    assert "hunter2" not in str(caught.value)
