"""Rows of a dataset in one pass."""

from pathlib import Path

from app.datasets import browsing
from app.datasets.catalog import DatasetCatalog
from tests.support.tasks import TASKS


def test_a_stream_has_the_rows_that_are_selected(tmp_path: Path) -> None:
    task, catalog = TASKS.get("planar"), DatasetCatalog(tmp_path)
    info = next(each for each in task.datasets if each.is_built_in)
    portions = list(browsing.stream(catalog, task, info, "test", None, 50))
    selected = browsing.select(catalog, task, info, "test", None, 0, 10_000)

    assert len(portions) > 1
    assert selected.rows == [row for each in portions for row in each.rows]
    assert list(selected.target) == [value for each in portions for value in each.target]
    assert {"test"} == {split for each in portions for split in each.splits}
