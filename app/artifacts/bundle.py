"""The models that come with a release, as files: which there are, and what copying them takes."""

import json
from collections.abc import Container
from pathlib import Path

from app.errors import ArtifactInvalid

BUNDLED = "bundled.json"


def listed(root: Path) -> dict[str, str]:
    """Model id by task; none in a folder without `bundled.json`.

    Raises:
        ArtifactInvalid: the list cannot be read.
    """
    try:
        content = json.loads((root / BUNDLED).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactInvalid(f"{BUNDLED} cannot be read") from error
    if not isinstance(content, dict) or not all(isinstance(each, str) for each in content.values()):
        raise ArtifactInvalid(f"{BUNDLED} is no list of models by task")
    return content


def missing(root: Path, target: Path, tasks: Container[str]) -> int:
    """Bytes to copy to `target`, without the models of `tasks`, which have others."""
    try:
        models = listed(root)
    except ArtifactInvalid:
        return 0
    wanted = [Path(task, model) for task, model in models.items() if task not in tasks]
    files = [file for path in wanted if not (target / path).exists() for file in (root / path).glob("*")]
    return sum(file.stat().st_size for file in files if file.is_file())
