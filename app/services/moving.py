"""Moving an installation from SQLite to PostgreSQL: its files first, then all its rows in one transaction.

Whatever ends this, the new database has no row, or all of them and each file that they name. The old one stays.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.db import copying, copying_source, copying_target, installation
from app.db.copying import Copied
from app.db.engine import Database, Transaction
from app.domain.clock import Clock
from app.errors import CopyDiffers
from app.services.moving_files import Carried, Files, carry_models, carry_uploads

Told = Callable[[str, int, int], None]  # of which part how many more, and how many it has
TABLES, MODELS, ROWS = "tables", "models", "uploaded rows"


@dataclass(frozen=True)
class Move:
    """From where to where, and what is put up with."""

    file: Path  # SQLite's
    source: Files
    database: Database  # PostgreSQL's
    target: Files
    shared: bool = False  # the old service may go on meanwhile: what it writes from then on is not carried over
    incomplete: bool = False  # rows are carried over also where their files are missing or altered
    dry: bool = False  # only look


@dataclass
class Report:
    """What was carried over, or would be."""

    rows: dict[str, int]  # by table
    models: Carried
    uploads: Carried
    waiting: int  # runs in the queue
    going: int  # runs that had a trainer when the service ended
    tables: list[Copied] = field(default_factory=list)  # none, if rows were not carried over

    @property
    def is_complete(self) -> bool:
        """Whether every file that the rows name is there, and right."""
        return not (self.models.wrong or self.uploads.wrong)

    def is_enough(self, *, incomplete: bool) -> bool:
        """Whether rows may follow; never if the new place would serve other weights under the row of a model."""
        return self.is_complete or (incomplete and not self.models.others)

    @property
    def is_same(self) -> bool:
        """Whether every row that was read is there, and no other."""
        return all(table.same for table in self.tables)


def move(wanted: Move, clock: Clock, told: Told) -> Report:
    """Carry everything over, unless it is only to be looked at. Done again, it carries over what has changed.

    Raises:
        Unavailable: the new database does not answer. It is as it was.
        Unusable: the old one is in use, or not of this release; the new one is not empty. The same.
        OSError: there is no room for files, or no right to write. The same, but for files that have been copied.
    """
    with copying_source.opened(wanted.file, clock(), shared=wanted.shared, write=not wanted.dry) as source:
        identity = installation.get(source, installation.DATABASE)
        check = copying_target.check_unchanged if wanted.dry else copying_target.check
        check(wanted.database, identity)
        report = _carry_files(wanted, source, identity or "", told)
        if wanted.dry or not report.is_enough(incomplete=wanted.incomplete):
            return report
        assert identity is not None
        copying_target.prepare(wanted.database)
        with suppress(CopyDiffers):  # nothing of it stays then
            _carry_rows(wanted, source, identity, report, told)
    return report


def _carry_files(wanted: Move, source: Transaction, identity: str, told: Told) -> Report:
    models, uploads = copying_source.named(source)
    size = sum(size for _, _, size in uploads)
    return Report(
        copying.counts(source),
        carry_models(
            wanted.source, wanted.target, models, lambda more: told(MODELS, more, len(models)), dry=wanted.dry
        ),
        carry_uploads(
            wanted.source, wanted.target, uploads, identity, lambda more: told(ROWS, more, size), dry=wanted.dry
        ),
        *copying_source.unfinished(source),
    )


def _carry_rows(wanted: Move, source: Transaction, identity: str, report: Report, told: Told) -> None:
    """
    Raises:
        CopyDiffers: some are not there, or not the same; `report` says of which tables.
    """
    total = 2 * sum(report.rows.values())  # written, and read again
    folder = wanted.target.store.identity(make=True)  # first: an object store may take a minute, and tables are locked
    with wanted.database.write() as target:
        copying_target.take(target, identity)
        report.tables = copying.copy(source, target, lambda more: told(TABLES, more, total))
        if not report.is_same:
            raise CopyDiffers
        sealed = copying.seal({table.name: table.target for table in report.tables})
        copying_target.sign(target, identity, sealed, folder)
