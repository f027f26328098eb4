"""A task of coloured pictures that is dropped in as one file of data: its pictures are chosen, not drawn."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.service import Service
from tests.support import shapes, sixth

NAME = "flags"
COLOURS = """() => { const seen = document.querySelector('[aria-label="The picture as the model sees it"]');
  const { data } = seen.getContext("2d").getImageData(0, 0, seen.width, seen.height);
  return [seen.width, seen.height, ...data.slice(4 * (8 * 16 + 8), 4 * (8 * 16 + 8) + 3)]; }"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service from a folder with a task of pictures, with a model of it."""
    folder = tmp_path_factory.mktemp("flags")
    place = sixth.house(folder / "house")
    blue = shapes.as_base64(shapes.drawing("blue disc", 90, np.random.default_rng(6)))
    examples = [{"title": "Red", "input": shapes.task(NAME).example}, {"title": "Blue", "input": {"image": blue}}]
    declaration = shapes.task(NAME, examples=examples).declaration.model_dump(mode="json", exclude={"datasets"})
    info = {"name": NAME, "description": "Drawn", "train_rows": shapes.TRAIN, "test_rows": shapes.TEST}
    (place / "app" / "tasks" / f"{NAME}.json").write_text(json.dumps({**declaration, "datasets": [info]}))
    rows = shapes.rows(NAME)
    pixels = pa.FixedSizeListArray.from_arrays(pa.array(rows["pixels"].ravel()), rows["pixels"].shape[1])
    (folder / "datasets").mkdir()
    pq.write_table(pa.table({**rows, "pixels": pixels}), folder / "datasets" / f"{NAME}.parquet")
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    settings = {
        **proxies,
        "PYTHONPATH": str(place),
        "KERAS_HOME": str(folder / "keras"),
        "DENSELY_DATASETS_DIR": str(folder / "datasets"),
    }
    with Service(folder, settings, cwd=place) as started:
        run = started.wait(started.train(task=NAME, seed=1)["id"])
        assert "succeeded" == run["status"], run["error"]
        yield started


def test_a_picture_is_chosen_and_seen_in_its_colours(open_page: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = open_page(f"#/try/{NAME}")
    expect(page.get_by_label("The picture that was chosen")).to_be_visible()
    expect(page.get_by_text("The model sees the whole of it.")).to_be_visible()
    green = shapes.file_of(shapes.drawing("green disc", 300, np.random.default_rng(4)), "JPEG")

    picture = {"name": "flag", "mimeType": "image/jpeg", "buffer": green}
    page.locator("input[type=file]").set_input_files(picture)

    expect(page.locator(".verdict")).to_contain_text("green disc")
    width, height, *middle = page.evaluate(COLOURS)
    assert (16, 16) == (width, height)
    np.testing.assert_allclose(shapes.COLOURS["green"], middle, atol=25)
    expect(page.get_by_text("Pixels for and against green disc")).to_be_visible()
    for name in ("Red", "Blue"):
        page.get_by_role("button", name=name).click()
        expect(page.locator(".verdict")).to_contain_text(f"{name.lower()} disc")
    page.locator(".pad").click()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Choose a picture.")).to_be_visible()
