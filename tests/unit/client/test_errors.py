"""The client's exceptions follow the service's error tree."""

import re
from collections.abc import Iterator

import httpx
import pytest

from app import errors as ours
from app.server import error_handlers
from densely_client import errors, problems

OURS = [kind for kind in vars(ours).values() if isinstance(kind, type) and issubclass(kind, ours.DenselyError)]
SENT = [kind for kind in OURS if error_handlers.problem_of(kind("")).status_code != 500]  # of these nothing is told


def walk(kind: type[Exception], depth: int = 0) -> Iterator[tuple[int, str]]:
    yield depth, kind.__name__
    for child in kind.__subclasses__():
        yield from walk(child, depth + 1)


@pytest.mark.parametrize("kind", SENT, ids=lambda kind: kind.__name__)
def test_each_error_that_the_service_sends_has_an_exception_of_its_name(kind: type[ours.DenselyError]) -> None:
    """What the service answers is raised under the same name, below the same parents."""
    made = getattr(errors, kind.__name__)
    parents = [name.__name__ for name in kind.__mro__ if issubclass(name, ours.DenselyError)]
    assert parents[:-1] == [name.__name__ for name in made.__mro__ if name.__name__ in parents[:-1]]

    answer = error_handlers.problem_of(kind("the reason"), "q-1")
    raised = problems.error_of(httpx.Response(answer.status_code, content=bytes(answer.body)))
    assert type(raised) is made
    assert (answer.status_code, "the reason", "q-1") == (raised.status, raised.detail, raised.request_id)


def test_no_exception_is_for_what_no_service_sends() -> None:
    assert {kind.__name__ for kind in errors.BY_PROBLEM_TYPE.values()} == {kind.__name__ for kind in SENT}


def test_the_tree_is_drawn_as_it_is() -> None:
    """Names, in order, with their depth."""
    drawn = re.findall(r"^([│├└─ ]*)(\w+)  ", errors.__doc__ or "", re.MULTILINE)
    assert list(walk(errors.DenselyError)) == [(len(lines) // 4, name) for lines, name in drawn]


def test_a_body_that_is_no_json_has_the_same_name_whoever_found_out() -> None:
    content = b'{"type": "urn:densely:problem:invalid-body", "title": "Bad Request", "status": 400, "detail": "x"}'
    assert isinstance(problems.error_of(httpx.Response(400, content=content)), errors.MalformedBody)


def test_instances_are_counted_from_the_first_of_all() -> None:
    fields = [errors.FieldError("instances.3.text", "is empty"), errors.FieldError("model", "no")]
    problem = errors.Problem("invalid-input", 422, "t", "instances.3.text: is empty", fields)
    moved = problems.moved(errors.InvalidInput(problem), 1000)

    assert isinstance(moved, errors.InvalidInput)
    assert ["instances.1003.text", "model"] == [e.field for e in moved.errors]
    assert "instances.1003.text: is empty" == str(moved)
