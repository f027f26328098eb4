"""Bodies of JSON: how many values they may hold, and those that routes take as bytes, since their forms come later.

To parse and to check a body is one call of a library in C, which nothing else runs beside, in whatever thread: the
event loop stands still for as long. What takes long are not bytes, but lists, objects and mistakes: they are counted.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from app.errors import TooLarge

F = TypeVar("F", bound=BaseModel)

MOST_VALUES = 4_000  # of a body whose forms are declared: a run's recipe has some hundreds at most
MOST_CONTAINERS = 20_000  # lists and objects of any other one: a picture of 96 pixels a side in colours has 9,313


class BoundedRoute(APIRoute):
    """A route that parses no body with more than `MOST_VALUES`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual one, behind the look at the body."""
        usual = super().get_route_handler()
        if self.body_field is None:
            return usual

        async def handle(request: Request) -> Response:
            if _count(await request.body(), b",[{") > MOST_VALUES:  # also within texts, of which it has only short ones
                raise TooLarge(f"holds more than {MOST_VALUES:,} values", field="body")
            return await usual(request)

        return handle


def _count(body: bytes, signs: bytes) -> int:
    return sum(body.count(signs[place : place + 1]) for place in range(len(signs)))


def _outside_of_texts(body: bytes) -> bytes:
    """What is left of JSON without its texts."""
    return b"".join(body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])


def parsed(body: bytes, form: type[F]) -> F:
    """A body of JSON as this form.

    Raises:
        RequestValidationError: it is none.
        TooLarge: it holds more than `MOST_CONTAINERS`.
    """
    if _count(body, b"[{") > MOST_CONTAINERS and _count(_outside_of_texts(body), b"[{") > MOST_CONTAINERS:
        raise TooLarge(f"holds more than {MOST_CONTAINERS:,} lists and objects", field="body")
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
