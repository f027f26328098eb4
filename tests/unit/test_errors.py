"""The error tree: its drawing, its words, its statuses."""

import ast
import builtins
import inspect
import json
from pathlib import Path

import pytest

import app
from app import errors
from app.errors import DenselyError, FieldError
from app.server.error_handlers import STATUSES, problem_of

CLASSES = {
    name: member
    for name, member in vars(errors).items()
    if inspect.isclass(member) and issubclass(member, DenselyError)
}

INTENDED = {
    "DenselyError": 500,
    "InvalidInput": 422,
    "MalformedBody": 400,
    "MalformedRequest": 400,
    "TooLarge": 413,
    "HeadTooLarge": 431,
    "TargetTooLong": 414,
    "TooSlow": 408,
    "Refused": 422,
    "Misdirected": 421,
    "CrossSite": 403,
    "UnsupportedMediaType": 415,
    "UnsupportedEncoding": 415,
    "NotFound": 404,
    "NotEvaluated": 404,
    "NotAcceptable": 406,
    "Conflict": 409,
    "InvalidTransition": 409,
    "IdempotencyConflict": 422,
    "LeaseLost": 409,
    "Unauthorized": 401,
    "Forbidden": 403,
    "RateLimited": 429,
    "QueueFull": 429,
    "QuotaReached": 429,
    "Unavailable": 503,
    "Overloaded": 503,
    "StoreAway": 503,
    "Unusable": 503,
    "ArtifactInvalid": 503,
    "EntryDamaged": 500,
    "NewerRelease": 500,
    "NothingHeard": 500,
    "SeatEnded": 500,
    "SeatLost": 500,
    "CopyDiffers": 500,
    "BackupInvalid": 500,
    "Undelivered": 500,
    "AddressRefused": 500,
    "TrainingError": 500,
    "Hopeless": 500,
    "TaskGone": 500,
    "DatasetUnavailable": 500,
    "DatasetInvalid": 500,
    "Diverged": 500,
    "ParityError": 500,
}


def drawn_tree(drawing: str) -> dict[str, str | None]:
    """Each class that the drawing names, with the class it hangs from."""
    parents: dict[str, str | None] = {}
    above: list[str] = []
    for line in drawing.splitlines():
        depth = (len(line) - len(line.lstrip("│├└─ "))) // 4
        if line.startswith("DenselyError") or depth:
            name = line.lstrip("│├└─ ").split()[0]
            parents[name] = above[depth - 1] if depth else None
            above[depth:] = [name]
    return parents


def test_the_drawing_is_the_inheritance() -> None:
    """Every class is drawn, under the class that it inherits from, and nothing else is."""
    inherited = {name: None if kind is DenselyError else kind.mro()[1].__name__ for name, kind in CLASSES.items()}

    assert inherited == drawn_tree(errors.__doc__ or "")


def test_every_error_class_of_the_service_is_in_the_tree() -> None:
    """An exception of its own that hangs from a built-in one would be in no drawing and have no status."""
    builtin = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    outside = {
        f"{path.name}: {node.name}"
        for path in Path(app.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and builtin & {ast.unparse(base) for base in node.bases}
    }

    assert {"errors.py: DenselyError"} == outside


def test_a_refusal_without_a_message_counts_its_instances() -> None:
    refused = errors.Refused(refusals=[errors.Refusal(0, "text", "holds no words")])

    assert "1 instance refused" == refused.message
    assert [errors.Refusal(0, "text", "holds no words")] == refused.refusals


def test_the_drawing_explains_every_class_but_the_root() -> None:
    lines = [line.lstrip("│├└─ ") for line in (errors.__doc__ or "").splitlines() if "─ " in line]

    assert len(CLASSES) - 1 == len(lines)
    assert all(len(line.split()) > 2 for line in lines)


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_an_error_without_a_message_says_its_docstring(kind: type[DenselyError]) -> None:
    assert kind.__doc__
    assert kind.__doc__ == kind().message
    assert kind.__doc__ == str(kind())


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_every_class_has_a_docstring_of_its_own(kind: type[DenselyError]) -> None:
    """An inherited docstring would tell the client about the wrong error."""
    assert kind.__doc__ is not kind.mro()[1].__doc__


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_a_message_replaces_the_docstring(kind: type[DenselyError]) -> None:
    assert "the cat sat on it" == kind("the cat sat on it").message
    assert "the cat sat on it" == str(kind("the cat sat on it"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionError(13, "Permission denied", "/srv/densely/models"), "Permission denied"),
        (OSError(30, "Read-only file system"), "Read-only file system"),
        (ValueError("a row has 3 columns"), "a row has 3 columns"),
        (RuntimeError("fetch failure on https://example.org/a/b.npz: refused"),
         "fetch failure on https://example.org/a/b.npz: refused"),
        (FileNotFoundError(2, "Failed to open local file '/srv/x.parquet'"), "FileNotFoundError; the worker's log"),
        (ValueError("unable to open file: name = '/srv/x', errno = 2"), "ValueError; the worker's log says more"),
        (ValueError("file C:\\models is locked"), "ValueError; the worker's log says more"),
        (RuntimeError("https://example.org/a saved to ./cache"), "RuntimeError; the worker's log says more"),
        (KeyError(), "KeyError; the worker's log says more"),
    ],
)  # fmt: skip
def test_an_error_that_is_not_ours_is_told_without_a_path(error: Exception, expected: str) -> None:
    assert errors.told(error).startswith(expected)
    assert "srv" not in errors.told(error)


def test_invalid_input_names_its_field() -> None:
    assert [FieldError("seed", "too small")] == errors.InvalidInput("too small", field="seed").errors


def test_invalid_input_without_a_field_names_none() -> None:
    assert [] == errors.InvalidInput("too small").errors


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_every_class_is_answered_with_its_intended_status(kind: type[DenselyError]) -> None:
    """Subclasses have their parent's status unless the table gives them their own."""
    assert INTENDED[kind.__name__] == problem_of(kind()).status_code


def test_the_table_of_statuses_knows_only_errors_of_the_tree() -> None:
    assert set(CLASSES.values()) >= set(STATUSES)


def test_a_500_keeps_its_message_to_itself() -> None:
    """What went wrong inside is for the log."""
    body = problem_of(errors.TrainingError("/srv/secret is full")).body

    assert b"secret" not in bytes(body)
    assert "urn:densely:problem:internal-error" == json.loads(bytes(body))["type"]


def test_a_problem_document_carries_type_detail_and_fields() -> None:
    document = json.loads(bytes(problem_of(errors.InvalidInput("too small", field="seed"), "r-1").body))

    assert {
        "type": "urn:densely:problem:invalid-input",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "too small",
        "request_id": "r-1",
        "errors": [{"field": "seed", "message": "too small"}],
    } == document
