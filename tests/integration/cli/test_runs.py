"""`densely runs` and `densely rm`: runs are found, sorted, edited, archived and removed, one or many."""

import json

import httpx
import pytest

from tests.integration.cli.conftest import Densely, one_line
from tests.integration.finished import Finished, model_of
from tests.support.queue import queue_run


def test_runs_are_found_edited_archived_and_brought_back(
    densely: Densely, client: httpx.Client, finished: Finished
) -> None:
    one, two, _ = (finished.run("housing", None, name=name) for name in ("Wide", "narrow", None))
    waiting = queue_run(finished.database, finished.clock)
    edited = densely("runs", "edit", one, two, "--tag", "team:ada", "--tag", "why=x", "--note", "ask Ada")
    densely("runs", "edit", two, "--untag", "why", "--name", "")
    columns = ("--columns", "run,name,tags,note,score")
    listed = densely("runs", "-q", "ADA", "--sort", "name", "--since", "2030-01-01", "--limit", "1", *columns)
    archived = densely("runs", "archive", one, waiting)
    told = json.loads(densely("runs", "--archived", "--json").stdout)

    assert f"{one} is changed\n{two} is changed\n" == edited.stdout
    assert (None, {"team": "ada"}) == tuple(client.get(f"/runs/{two}").json()[name] for name in ("name", "tags"))
    assert [
        ["run", "name", "tags", "note", "score"], [one, "Wide", "team:ada,", "why:x", "ask", "Ada", "mae", "0.5"],
    ] == [line.split() for line in listed.stdout.splitlines()]  # fmt: skip
    assert "1 of 2; --limit shows more\n" == listed.stderr
    assert (1, f"{one} is archived\n") == (archived.returncode, archived.stdout)
    assert f"{waiting}: run {waiting} is queued; only one that has ended can be archived\n" == archived.stderr
    assert [one] == [run["id"] for run in told]
    assert f"{one} is back\n" == densely("runs", "restore", one).stdout


def test_what_is_removed_is_shown_first(densely: Densely, client: httpx.Client, finished: Finished) -> None:
    """And asked for: what is piped is not removed without --yes. A run whose model is active stays with it."""
    one, two = (finished.run("housing", None) for _ in range(2))
    client.put("/tasks/housing/active-model", json={"model_id": model_of(two)}).raise_for_status()
    looked = densely("rm", one, two, "--models", "--dry-run")
    unsure = densely("rm", one, two, "--models")

    assert (0, "1 run and 1 model of ") == (looked.returncode, looked.stdout[:21])
    assert f"{two}: run {two} stays with its model: model {model_of(two)} is active" in looked.stderr
    assert (1, looked.stdout) == (unsure.returncode, unsure.stdout)
    assert "nothing was removed; --yes removes it" in unsure.stderr
    assert 200 == client.get(f"/runs/{one}").status_code
    (removed,) = json.loads(densely("rm", "--yes", one, two, "--models", "--json").stdout)
    assert ([one], 1, False) == (removed["done"], removed["frees"]["models"], removed["dry_run"])
    assert [404, 200] == [client.get(f"/models/{model_of(run_id)}").status_code for run_id in (one, two)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["runs", "--columns", "run,colour"], "there is no column 'colour'; there are run, name"),
        (["runs", "--since", "9999999d"], "is a time as 90d"),
        (["runs", "--sort", "colour"], "sort: Input should be"),
        (["runs", "edit", "r-none"], "nothing to change"),
        (["runs", "edit", "r-none", "--note", "x"], "there is no run 'r-none'"),
    ],
)
def test_what_cannot_be_asked_of_runs_is_one_line(densely: Densely, words: list[str], told: str) -> None:
    done = densely(*words)

    assert done.returncode in (1, 2)
    assert one_line(done.stderr)
    assert told in done.stderr
