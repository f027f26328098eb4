"""One JSON line per event on standard error, with a stable `event` key; `run_id` and `request_id` where they apply."""

import logging
import sys
from contextlib import AbstractContextManager
from typing import Any

from app.stdio import Forgiving

# structlog's console for developers has every process import rich and Pygments, 4 MB, for no line of ours: it does
# without where they are not to be had, as they are here while it is imported. Who uses rich imports it afterwards.
_IS_RICH_HERE = "rich" in sys.modules
if not _IS_RICH_HERE:
    sys.modules["rich"] = None  # type: ignore[assignment]  # as the import system has a module that cannot be imported
try:
    import structlog
finally:
    if not _IS_RICH_HERE:
        del sys.modules["rich"]


def configure(level: str = "info") -> None:
    """Set up the process's logging once, from a composition root. `level`: debug, info, warning or error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(Forgiving(sys.stderr)),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )


def get(**values: Any) -> Any:
    """A logger whose lines all carry `values`."""
    return structlog.get_logger(**values)


def bound(**values: Any) -> AbstractContextManager[Any]:
    """Meanwhile all lines carry `values`, also those of threads that are handed this context."""
    return structlog.contextvars.bound_contextvars(**values)
