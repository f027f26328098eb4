"""Whose uploaded rows are."""

from pathlib import Path
from typing import IO

from app.datasets.catalog import OWNER_KEY


def owner_of(path: Path | IO[bytes]) -> str | None:
    """The identity of the database that a file of uploaded rows says it belongs to; its last bytes are enough."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        owner: bytes | None = (pq.read_schema(path).metadata or {}).get(OWNER_KEY)
    except (OSError, pa.ArrowException):  # nobody's that can be told
        return None
    return owner.decode(errors="replace") if owner else None
