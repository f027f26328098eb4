"""Files of anything, sent to a served application: an answer or a 4xx, and nothing that is left."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.site import Site
from tests.property.test_damaged_files import CONTENT

KINDS = [
    "text/csv",
    "application/jsonl",
    "application/vnd.apache.parquet",
    "application/zip",
    "application/octet-stream",
]
TASK = {"name": "own", "kind": {"kind": "text", "columns": ["message"]}, "answer": {"kind": "one_of", "column": "team"}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    started = Site(tmp_path_factory.mktemp("files"))
    started.client.post("/tasks", json=TASK).raise_for_status()
    yield started
    started.close()


def kept(site: Site) -> set[Path]:
    """What lies in the folder of uploads."""
    folder: Path = site.server.app.api.state.services.uploads._folder
    return set(folder.rglob("*"))


@pytest.mark.slow
@given(st.sampled_from(sorted(CONTENT)), st.sampled_from(KINDS), st.booleans(), st.data())
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_answered_and_leaves_nothing(
    site: Site, name: str, kind: str, is_part: bool, data: st.DataObject
) -> None:
    """Whole or cut off, with bytes changed, as the body or as a part of one, called what it is or something else."""
    content = bytearray(CONTENT[name])
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, max(0, len(content) - 1)))
        content[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    del content[data.draw(st.just(len(content)) | st.integers(0, len(content))) :]
    before = kept(site)
    where = {"task": "own", "name": "drawn", "dry_run": "true"}
    if is_part:
        answer = site.client.post("/datasets", data=where, files={"file": (f"x.{name[:4]}", bytes(content), kind)})
    else:
        answer = site.client.post("/datasets", params=where, content=bytes(content), headers={"Content-Type": kind})

    assert answer.status_code == 200 or 400 <= answer.status_code < 500, answer.text
    assert before == kept(site)
    assert [] == [each for each in psutil.Process().children() if "app.datasets.uploads" in each.cmdline()]
    assert 200 == site.client.get("/health/live").status_code
