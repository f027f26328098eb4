"""What goes over HTTP is described in one room."""

import ast
from pathlib import Path

import pytest

from benchmarks.service import REPOSITORY

APP = REPOSITORY / "app"
# Recipes and runs' figures are the domain's; settings come from no client.
ROOMS = {"wire", "domain"}
# Inputs whose validation is their kind's; columns of a run that are forms, read together.
ELSEWHERE = {
    "db/history.py": ["_Asked"],
    "kinds/image.py": ["ImageInput"],
    "kinds/plane.py": ["PointInput"],
}
FORMS = {"BaseModel", "TypedDict", "Part", "Piece", "Input", "Options", "ModelChoice"}


def forms_of(path: Path) -> list[str]:
    """Names of the Pydantic forms that a module defines."""
    classes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    return [each.name for each in classes if FORMS & {base.id for base in each.bases if isinstance(base, ast.Name)}]


@pytest.mark.parametrize("room", sorted(path.name for path in APP.iterdir() if path.is_dir()))
def test_only_wire_and_domain_define_forms(room: str) -> None:
    found = {str(path.relative_to(APP)): forms for path in (APP / room).rglob("*.py") if (forms := forms_of(path))}

    if room in ROOMS:
        assert found
    else:
        assert found == {path: forms for path, forms in ELSEWHERE.items() if path.startswith(f"{room}/")}
