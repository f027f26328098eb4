"""An input of a task, made of what is handy in Python: its form follows from the task's kind and input schema."""

import base64
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from densely_client.errors import InvalidArgument
from densely_client.forms.tasks import Task

MOST_FILE = 2**26  # bytes of a picture's file; one that has no end, such as a device, is not read for ever


def instance_of(task: Task, value: Any) -> dict[str, Any]:
    """The fields of one input.

    `value`: of a text task, the text; of an image task, pixels (lists or an array) or an image's bytes or path; of a
    table, a mapping of its columns; of points of the plane, a pair. A mapping of the fields themselves is taken as it
    is.

    Raises:
        InvalidArgument: no input of this task can be made of it.
        OSError: the file of an image cannot be read.
    """
    if isinstance(value, Mapping) and not _are_columns(task, value):
        return dict(value)
    if task.kind == "text":
        return {text_column(task): value}
    if task.kind == "image":
        return picture(value)
    try:
        if task.kind == "table":
            return {"features": dict(value)}
        if task.kind == "plane" and not isinstance(value, str):
            return {"point": list(value)}
    except (TypeError, ValueError):
        pass
    raise InvalidArgument(f"an input of {task.name} cannot be made of {type(value).__name__}: give its fields by name")


def text_column(task: Task) -> str:
    """The first text that an input must have.

    Raises:
        InvalidArgument: it needs none.
    """
    needed = task.input_schema.get("required", [])
    for name, schema in task.input_schema.get("properties", {}).items():
        if name in needed and schema.get("type") == "string":
            return str(name)
    raise InvalidArgument(f"an input of {task.name} has no text that it must have: give its fields by name")


def picture(value: Any) -> dict[str, Any]:
    """Pixels, or an image: its bytes, or the path of its file.

    Raises:
        InvalidArgument: the file is larger than any service takes, or this is no picture.
        OSError: the file cannot be read.
    """
    if isinstance(value, str | os.PathLike):
        return {"image": _base64(_content(Path(value)))}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"image": _base64(value)}
    if hasattr(value, "tolist"):
        return {"pixels": value.tolist()}
    if not isinstance(value, Iterable):
        raise InvalidArgument(f"pixels or an image cannot be made of {type(value).__name__}")
    return {"pixels": [row.tolist() if hasattr(row, "tolist") else row for row in value]}


def with_image(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same fields; an `image` may be bytes, or the path of a file (as a `Path`: a text is base64 already)."""
    if isinstance(fields.get("image"), bytes | bytearray | memoryview | os.PathLike):
        return {**fields, **picture(fields["image"])}
    return fields


def _are_columns(task: Task, value: Mapping[Any, Any]) -> bool:
    """Whether a mapping has the columns of a table instead of the fields of an input."""
    return task.kind == "table" and "features" not in value


def _base64(content: bytes | bytearray | memoryview) -> str:
    return base64.b64encode(content).decode("ascii")


def _content(path: Path) -> bytes:
    """
    Raises:
        OSError: the file cannot be read.
        InvalidArgument: it is larger than any service takes.
    """
    with path.open("rb") as file:
        content = file.read(MOST_FILE + 1)
    if len(content) > MOST_FILE:
        raise InvalidArgument(f"{path} is larger than {MOST_FILE // 2**20} MiB", field="image")
    return content
