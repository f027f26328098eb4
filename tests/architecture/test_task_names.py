"""Nobody but `tasks` names a task: everybody else learns from the catalog, or from `GET /tasks`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.service import REPOSITORY
from tests.support.tasks import TASKS

FOLDERS = ("app", "clients/python/src")
HOME = REPOSITORY / "app" / "tasks"
ORDINARY = {"digits", "housing"}  # words of the language too: only a whole text of them is a name


def modules() -> list[Path]:
    """Everything in Python that is delivered, but for the tasks themselves."""
    found = (path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py"))
    return [path for path in found if HOME not in path.parents]


def words_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Identifiers, attributes, keywords and texts, with their lines; docstrings are docs."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        for word in (getattr(node, name, None) for name in ("id", "attr", "arg", "name")):
            if isinstance(word, str):
                yield line, word
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield line, node.value


def names_a_task(word: str) -> bool:
    """Whether a word is a task's name, or a text holds one."""
    lower = word.lower()
    return lower in TASKS.all or any(name in re.split(r"[^a-z]+", lower) for name in set(TASKS.all) - ORDINARY)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_module_names_no_task(path: Path) -> None:
    assert [] == [(line, word) for line, word in words_of(ast.parse(path.read_text())) if names_a_task(word)]


PAGE = [path for path in (REPOSITORY / "app" / "web").rglob("*") if path.is_file()]


@pytest.mark.parametrize("path", [*PAGE, REPOSITORY / "clients" / "javascript" / "densely.js"], ids=lambda p: p.name)
def test_the_page_and_its_client_name_no_task(path: Path) -> None:
    """Not even as a part of a word, so that a search shows it at once."""
    assert [] == [name for name in TASKS.all if name in path.read_text(encoding="utf-8")]


def test_what_names_a_task_is_found() -> None:
    """The search itself, on what it has to find."""
    code = 'def digits(housing): """planar"""; return x.newswire, "for sentiment only", "28 digits"\nclass Planar: pass'

    found = {word for _, word in words_of(ast.parse(code)) if names_a_task(word)}

    assert {"digits", "housing", "newswire", "for sentiment only", "Planar"} == found
