"""Columns whose numbers have a decimal comma: they are read as if it were a point."""

from collections.abc import Iterator

from app.datasets.uploads.names import listed
from app.datasets.uploads.profile import Profile
from app.datasets.uploads.reading import Batch, Reader


def with_commas(profiles: list[Profile], delimiter: str | None) -> list[int]:
    """The places of the columns of which no number can be meant otherwise: no points, nothing between thousands."""
    return [] if delimiter == "," else [place for place, profile in enumerate(profiles) if _is_sure(profile)]


def _is_sure(profile: Profile) -> bool:
    kinds, commas = profile.kinds, profile.kinds["comma"]
    return (
        commas > 0
        and profile.plain_commas == commas
        and profile.sure_commas > 0
        and commas + kinds["number"] == profile.filled
        and all(number.is_integer() for number in profile.kept)
    )


def about(profiles: list[Profile], places: list[int]) -> list[str]:
    """That it was done."""
    return [f"decimal commas are read in {listed([profiles[place].name for place in places], 6)}"] if places else []


class WithPoints:
    """A reader's rows, with points for the commas of some columns."""

    def __init__(self, reader: Reader, places: list[int]) -> None:
        self._reader, self._places = reader, places

    @property
    def names(self) -> list[str]:
        """Of the columns."""
        return self._reader.names

    def batches(self, *, look: bool) -> Iterator[Batch]:
        """All rows, in order."""
        for batch in self._reader.batches(look=look):
            for place in self._places:
                cells = batch.columns[place]
                batch.columns[place] = [cell.replace(",", ".") if isinstance(cell, str) else cell for cell in cells]
            yield batch
