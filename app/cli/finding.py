"""What one of `densely doctor`'s checks found."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """`ok`; `note`: worth knowing; `wrong`: has to be mended, and `mend` says how."""

    about: str
    state: Literal["ok", "note", "wrong"]
    told: str
    mend: str | None = None
