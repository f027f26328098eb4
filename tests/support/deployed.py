"""What the files of a deployment name of the service."""

from pathlib import Path
from typing import Any

import yaml

import app
from app.settings import Settings

ROOT = Path(app.__file__).parent.parent
PREFIX = "DENSELY_"


def unknown(names: set[str]) -> set[str]:
    """Those that would be settings, and are none."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    return {name for name in names if name.startswith(PREFIX)} - known


def documents(path: Path) -> list[dict[str, Any]]:
    """Every document of a YAML file."""
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]
