"""Inputs of a task, made of what is handy in Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from densely_client.errors import InvalidArgument
from densely_client.forms import AnswerKind, Task
from densely_client.inputs import instance_of, picture


@pytest.fixture
def task() -> Callable[..., Task]:
    """Makes a task of a kind; its `columns` are texts."""

    def make(kind: str, *columns: str, required: tuple[str, ...] = ()) -> Task:
        schema = {"properties": {name: {"type": "string"} for name in columns}, "required": list(required)}
        nothing: dict[str, Any] = {"output_schema": {}, "example": {}, "presets": {}, "ranges": {}}
        lists: dict[str, Any] = {"datasets": [], "examples": [], "active_model": None}
        answer = AnswerKind(kind="number")
        return Task(
            name="t", kind=kind, title="", description="", answer=answer, input_schema=schema, **nothing, **lists
        )

    return make


def test_a_text_goes_into_the_first_that_is_needed(task: Any) -> None:
    assert {"body": "x"} == instance_of(task("text", "title", "body", "note", required=("note", "body")), "x")
    with pytest.raises(InvalidArgument, match="give its fields by name"):
        instance_of(task("text", "title"), "x")


def test_other_kinds_have_their_fields(task: Any) -> None:
    assert {"point": [0.5, 1]} == instance_of(task("plane"), (0.5, 1))
    assert {"features": {"a": 1}} == instance_of(task("table"), {"a": 1})
    assert {"features": {"a": 1}} == instance_of(task("table"), [("a", 1)])
    assert {"pixels": [[0, 1]]} == instance_of(task("image"), [[0, 1]])


@pytest.mark.parametrize("kind", ["text", "image", "table", "plane", "sound"])
def test_a_mapping_of_the_fields_is_taken_as_it_is(task: Any, kind: str) -> None:
    assert {"features": 1, "more": 2} == instance_of(task(kind), {"features": 1, "more": 2})


def test_a_kind_of_a_newer_service_takes_fields_only(task: Any) -> None:
    with pytest.raises(InvalidArgument, match="an input of t cannot be made of bytes"):
        instance_of(task("sound"), b"RIFF")


def test_a_picture_is_pixels_or_an_image(tmp_path: Path) -> None:
    (tmp_path / "seven.png").write_bytes(b"\x89PNG")
    pixels = np.array([[0, 255], [7, 0]])

    for image in (tmp_path / "seven.png", str(tmp_path / "seven.png"), b"\x89PNG", memoryview(b"\x89PNG")):
        assert {"image": "iVBORw=="} == picture(image)
    for rows in (pixels, list(pixels), pixels.tolist()):
        assert {"pixels": [[0, 255], [7, 0]]} == picture(rows)
