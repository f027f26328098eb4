"""Bodies that routes take as bytes, since their forms are not known when the routes are made."""

import json
from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

F = TypeVar("F", bound=BaseModel)


def parsed(body: bytes, form: type[F]) -> F:
    """A body of JSON as this form.

    Raises:
        RequestValidationError: it is none.
    """
    try:
        given = json.loads(body) if body else None
    except (ValueError, RecursionError) as error:
        told = {"type": "json_invalid", "loc": ("body", 0), "ctx": {"error": getattr(error, "msg", str(error))}}
        raise RequestValidationError([told], body=None) from error
    if given is None:
        raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "Field required"}])
    try:
        return form.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in found], body=given) from error
