"""How much of the user's own is taken. What is refused names the setting that has the limit."""

from dataclasses import dataclass, field

from app.services.quotas import Quotas


@dataclass(frozen=True)
class Limits:
    """Of an installation."""

    tasks: int = 1_000
    rows: int = 10_000_000
    columns: int = 1_000
    labels: int = 10_000
    bytes: int = 2**31  # of a file
    quotas: Quotas = field(default_factory=Quotas)  # of an API key
