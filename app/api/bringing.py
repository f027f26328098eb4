"""What the calls that bring files share: their fields, their description, and the way from a file to a dataset."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from app.api.dependencies import Services
from app.api.uploads.uploads import Received
from app.errors import InvalidInput
from app.services.upload_options import UploadOptions, options_of
from app.wire.datasets import UPLOAD_NAME, DatasetDetail, ImportPlan
from app.wire.tasks import Look

KNOWN = frozenset(("task", "name", "dataset", "dry_run", "mapping", "file", "version"))

_BINARY = {"type": "string", "format": "binary", "minLength": 1}
_FIELDS = {
    "file": {**_BINARY, "description": "the rows"},
    "task": {"type": "string"},
    "name": {"type": "string", "pattern": UPLOAD_NAME},
    "mapping": {"type": "string", "description": "JSON object: the file's columns by the task's"},
    "dry_run": {"type": "boolean"},
}
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            **{kind: {"schema": _BINARY} for kind in ("text/csv", "application/octet-stream", "application/zip")},
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": _FIELDS,
                    "required": ["file"],
                    "additionalProperties": {"type": "string", "description": "the file's column of this name"},
                }
            },
        },
    }
}
LOOK: dict[int | str, dict[str, Any]] = {200: {"model": Look, "description": "With `dry_run`: what was found"}}


def query(request: Request) -> dict[str, str]:
    """The parameters of the query.

    Raises:
        InvalidInput: one is given more than once: which one is meant?
    """
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise InvalidInput("is given more than once", field=name[:100])
        found[name] = value
    return found


def wanted(fields: Mapping[str, str], received: Received | None = None) -> UploadOptions:
    """What these fields say; without a file as far as is known before it has come.

    Raises:
        InvalidInput: one of them is not what it should be.
    """
    filename, kind = (received.filename, received.content_type) if received else ("", "")
    return options_of(fields, filename, kind, KNOWN)


async def kept(services: Services, received: Received, plan: ImportPlan, *, dry_run: bool) -> DatasetDetail | Look:
    """The dataset that a file has become, or what was found in it.

    Raises:
        InvalidInput: nothing can be made of the file.
        Conflict, Unavailable: see the services.
    """
    if dry_run:
        result = await services.uploads.imported(received, plan)
        return Look(findings=result.findings, kind=result.kind, answer=result.answer)
    place = await run_in_threadpool(services.datasets.new)
    try:
        result = await services.uploads.imported(received, place.told(plan))
        await services.uploads.in_thread(place.send)
        keep = partial(services.datasets.keep, plan, place, result)
        return await services.writes(partial(place.settle, keep))
    finally:
        await run_in_threadpool(place.discard_staging)
