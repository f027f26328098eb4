"""The release after this one, as a folder: this code with another version and one migration more."""

import shutil
from pathlib import Path

import app
from app.db.base import SCHEMA_REVISION
from app.shipped import shipped
from benchmarks.service import REPOSITORY

VERSION = "9.9.9"
REVISION = "9001"
MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision = {REVISION!r}
down_revision = {SCHEMA_REVISION!r}
branch_labels = None
depends_on = None
works_from = {SCHEMA_REVISION!r}


def upgrade():
    op.add_column('runs', sa.Column('colour', sa.String(8), nullable=False, server_default=sa.text("'red'")))


def downgrade():
    op.drop_column('runs', 'colour')
"""


def made_in(folder: Path) -> Path:
    """The folder; `python -m app.cli` runs that release there."""
    shutil.copytree(REPOSITORY / "app", folder / "app")
    shutil.copytree(shipped("migrations"), folder / "migrations")
    for name in ("models_store", "clients"):
        (folder / name).symlink_to(shipped(name))
    for name, before, after in (
        ("app/__init__.py", f'"{app.__version__}"', f'"{VERSION}"'),
        ("app/db/base.py", f'SCHEMA_REVISION = "{SCHEMA_REVISION}"', f'SCHEMA_REVISION = "{REVISION}"'),
    ):
        file = folder / name
        text = file.read_text(encoding="utf-8")
        assert 1 == text.count(before)
        file.write_text(text.replace(before, after), encoding="utf-8")
    (folder / "migrations" / "versions" / f"{REVISION}_next.py").write_text(MIGRATION, encoding="utf-8")
    return folder
