"""`densely keys` as a process: what options say, what is refused in one line, and what the audit tells."""

import json
from pathlib import Path

import pytest

from app.db import migrate
from app.settings import Settings
from tests.integration.cli.conftest import Done, one_line, start


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """One with an empty database."""
    migrate.upgrade(Settings(home=tmp_path / "home").url)
    return tmp_path / "home"


def densely(home: Path, *words: str) -> Done:
    """The command, on this machine's database."""
    process = start(*words, DENSELY_HOME=str(home))
    out, err = process.communicate("", timeout=60)
    return Done(words, process.returncode, out, err)


def test_lists_have_commas_or_are_repeated(home: Path) -> None:
    options = ["--scope", "train, predict", "--task", "planar,digits", "--task", "housing"]
    options += ["--origin", "https://a.example.org,https://b.example.org"]
    done = densely(home, "keys", "create", "--name", "several", *options, "--json")
    made = json.loads(done.stdout)

    assert ["predict", "train"] == made["scopes"]
    assert ["digits", "housing", "planar"] == made["tasks"]
    assert ["https://a.example.org", "https://b.example.org"] == made["origins"]


def test_a_name_is_given_once_and_the_audit_tells_of_it(home: Path) -> None:
    made = densely(home, "keys", "create", "--name", "scraper", "--scope", "metrics", "--json")
    again = densely(home, "keys", "create", "--name", "scraper")
    told = densely(home, "audit", "--json")

    assert 0 == made.returncode, made.stderr
    assert (1, "", True) == (again.returncode, again.stdout, one_line(again.stderr))
    assert "there is a key 'scraper' already" in again.stderr
    (entry,) = json.loads(told.stdout)
    assert ("key.created", "scraper", ["metrics"]) == (entry["action"], entry["name"], entry["scopes"])
    assert "(scraper: metrics)" in " ".join(densely(home, "audit").stdout.split())
