"""What a client says beside its file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from app.errors import InvalidInput
from app.services.specs import nested
from app.wire.datasets import UploadName
from app.wire.tasks import TaskCreate

_NAME: TypeAdapter[str] = TypeAdapter(UploadName)
_MAPPING: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


@dataclass(frozen=True)
class UploadOptions:
    """What a client says beside its file."""

    dataset: str | None
    mapping: dict[str, str]
    filename: str
    content_type: str
    dry_run: bool = False
    train: bool = True


def options_of(fields: Mapping[str, str], filename: str, content_type: str, known: frozenset[str]) -> UploadOptions:
    """The fields beside a file; those that are not `known` name columns: of the task by name, of the file by content.

    Raises:
        InvalidInput: one of them is not what it should be.
    """
    mapping = {name: value for name, value in fields.items() if name not in known}
    if "mapping" in fields:
        try:
            mapping |= _MAPPING.validate_json(fields["mapping"])
        except ValidationError as error:
            told = "must be a JSON object: the file's columns by the task's"
            raise InvalidInput(told, field="mapping") from error
    name = fields.get("dataset") or fields.get("name") or None
    return UploadOptions(
        dataset=None if name is None else dataset_name(name),
        mapping=mapping,
        filename=filename,
        content_type=content_type,
        dry_run=_flag(fields, "dry_run", default=False),
        train=_flag(fields, "train", default=True),
    )


def dataset_name(name: str) -> str:
    """
    Raises:
        InvalidInput: no dataset can be called this.
    """
    try:
        return _NAME.validate_python(name)
    except ValidationError as error:
        told = "must be 1 to 48 letters, digits, dots, hyphens and underscores, and begin with a letter or a digit"
        raise InvalidInput(told, field="name") from error


def task_asked(text: str | None) -> TaskCreate:
    """The part `task` of a request.

    Raises:
        InvalidInput: it is missing, is not JSON, or does not fit.
    """
    if text is None:
        raise InvalidInput("is needed: the task as JSON, with its `name`", field="task")
    try:
        return TaskCreate.model_validate(json.loads(text))
    except ValidationError as error:
        raise nested("task", error) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"is not JSON: {error}", field="task") from error


def _flag(fields: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = fields.get(name, "").strip().lower()
    known = {"": default, "true": True, "1": True, "false": False, "0": False}
    if value not in known:
        raise InvalidInput("must be true or false", field=name)
    return known[value]
