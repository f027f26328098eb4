"""The JavaScript client's classes and forms are those of the service."""

import re
from typing import Any

import pytest

from app import errors
from app.main import create_app
from app.server.error_handlers import STATUSES
from app.settings import Settings
from tests.support.node import CLIENT

SOURCE = (CLIENT / "densely.js").read_text(encoding="utf-8")
CLASSES = dict(re.findall(r"^export class (\w+) extends (\w+) \{", SOURCE, flags=re.MULTILINE))
KINDS = dict(re.findall(r'^\t"?([\w-]+)"?: (\w+),', SOURCE[SOURCE.index("BY_KIND") :], flags=re.MULTILINE))
FORM = re.compile(
    r"/\*\* [^*]*?; schema (\w+)\. \*/\nexport interface \w+(?: extends (\w+))? \{\n(.*?)\n\}", flags=re.DOTALL
)
FIELD = re.compile(r"^\t(\w+)\??:", flags=re.MULTILINE)
# What the client takes as an argument of its own.
OWN = {"TrainRequest": {"task"}, "SweepRequest": {"task", "space"}}


# Workers get the one, and the other becomes InvalidInput on its way.
NEVER_SENT = {errors.LeaseLost, errors.Refused}


def sent() -> list[type[errors.DenselyError]]:
    """The errors that clients get as problem documents of a type of their own."""
    found: list[type[errors.DenselyError]] = []
    waiting = errors.DenselyError.__subclasses__()
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        status = next(STATUSES[parent] for parent in kind.__mro__ if parent in STATUSES)
        if kind.__module__ == errors.__name__ and status != 500 and kind not in NEVER_SENT:
            found.append(kind)
    return found


@pytest.mark.parametrize("kind", sent(), ids=lambda kind: kind.__name__)
def test_an_error_has_its_class_in_the_same_tree(kind: type[errors.DenselyError]) -> None:
    (parent,) = kind.__bases__
    assert (parent.__name__ if parent is not errors.DenselyError else "ApiError") == CLASSES[kind.__name__]
    assert kind.__name__ == KINDS[re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()]


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    """Of the service's description, by name."""
    found: dict[str, Any] = create_app(Settings()).api.openapi()["components"]["schemas"]
    return found


FORMS = {
    name: (parent, set(FIELD.findall(body)))
    for name, parent, body in FORM.findall((CLIENT / "answers.d.ts").read_text())
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_has_the_fields_of_its_schema(name: str, schemas: dict[str, Any]) -> None:
    parent, fields = FORMS[name]
    inherited = next((found for other, (_, found) in FORMS.items() if other in {parent, f"{parent}Summary"}), set())

    schema = schemas.get(name) or schemas[f"{name}-Input"]  # what is both asked and answered has two
    assert set(schema["properties"]) - OWN.get(name, set()) == fields | inherited


def test_most_forms_are_compared() -> None:
    assert len(FORMS) >= 20
    assert {"Run", "TaskDetail", "Model", "TrainRequest", "Event"} <= set(FORMS)
