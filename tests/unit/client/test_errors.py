"""The client's exceptions follow the service's error tree."""

from typing import Any

import httpx
import pytest

from app import errors as ours
from app.client import ApiError, errors
from app.server import error_handlers


def tree(kind: Any) -> list[Any]:
    return [
        kind,
        *(found for each in kind.__subclasses__() if each.__module__ == ours.__name__ for found in tree(each)),
    ]


@pytest.mark.parametrize("kind", tree(ours.DenselyError)[1:], ids=lambda kind: kind.__name__)
def test_each_error_of_the_service_has_an_exception_of_its_name(kind: type[ours.DenselyError]) -> None:
    """What the service answers is raised under the same name, below the same parents."""
    made = getattr(errors, kind.__name__)
    parents = [name.__name__ for name in kind.__mro__ if issubclass(name, ours.DenselyError)]
    assert parents[:-1] == [name.__name__ for name in made.__mro__ if name.__name__ in parents[:-1]]

    answer = error_handlers.problem_of(kind("the reason"), "q-1")
    raised = errors.error_of(httpx.Response(answer.status_code, content=bytes(answer.body)))
    if answer.status_code == 500:  # never told to clients
        assert type(raised) is ApiError
    else:
        assert type(raised) is made
        assert (answer.status_code, "the reason", "q-1") == (raised.status, raised.detail, raised.request_id)


def test_a_body_that_is_no_json_has_the_same_name_whoever_found_out() -> None:
    content = b'{"type": "urn:densely:problem:invalid-body", "title": "Bad Request", "status": 400, "detail": "x"}'
    assert isinstance(errors.error_of(httpx.Response(400, content=content)), errors.MalformedBody)


def test_instances_are_counted_from_the_first_of_all() -> None:
    fields = [ours.FieldError("instances.3.text", "is empty"), ours.FieldError("model", "no")]
    problem = errors.Problem("invalid-input", 422, "t", "instances.3.text: is empty", fields)
    moved = errors.moved(errors.InvalidInput(problem), 1000)

    assert isinstance(moved, errors.InvalidInput)
    assert ["instances.1003.text", "model"] == [e.field for e in moved.errors]
    assert "instances.1003.text: is empty" == str(moved)


def test_there_is_no_exception_of_another_name() -> None:
    with pytest.raises(AttributeError, match="NoSuchThing"):
        errors.NoSuchThing  # noqa: B018
    assert "QueueFull" in dir(errors)
