"""What pyproject.toml has no words for: files that lie beside `app`, and inside of it in a wheel.

Migrations, bundled models, and the JavaScript client, which the service serves.
"""

import json
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

INSIDE = "app/_shipped"  # where app/shipped.py looks


def shipped() -> list[str]:
    """The files that go along. Of the models only those that the release names: a checkout may have published more."""
    store = Path("models_store")
    listing = store / "bundled.json"
    folders = [store / task / model for task, model in json.loads(listing.read_bytes()).items()]
    models = [listing, *(file for folder in folders for file in sorted(folder.iterdir()))]
    client = Path("clients/javascript/densely.js")
    return [file.as_posix() for file in [*sorted(Path("migrations").rglob("*.py")), *models, client]]


class BuildWithShipped(build_py):
    """Copies them into the wheel; an editable installation finds them where they lie."""

    def run(self) -> None:
        """Build."""
        super().run()
        if not self.editable_mode:
            for source, target in self._pairs():
                self.mkpath(str(target.parent))
                self.copy_file(source, str(target))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """What `run` makes."""
        own = [] if self.editable_mode else [str(target) for _, target in self._pairs()]
        return [*super().get_outputs(include_bytecode), *own]

    def get_source_files(self) -> list[str]:
        """What a source distribution needs."""
        return [*super().get_source_files(), *shipped()]

    def _pairs(self) -> list[tuple[str, Path]]:
        return [(source, Path(self.build_lib, INSIDE, source)) for source in shipped()]


setup(cmdclass={"build_py": BuildWithShipped})
