"""Digits: which digit was written?"""

from app.encoding.pixels import SIDE
from app.tasks.presets.digits import PRESETS
from app.tasks.samples import drawn_by
from app.wire.declarations import SAMPLE, DatasetInfo, Declaration, ImageKind, OneOf
from app.wire.pieces import Example


def _seven() -> list[list[int]]:
    """A picture of a seven: a bar, and a stroke that leans to the left."""
    ink = {6: (7, 21), 7: (7, 21)} | {r: (19 - (r - 8) * 2 // 3, 22 - (r - 8) * 2 // 3) for r in range(8, 23)}
    spans = [ink.get(row, (0, 0)) for row in range(SIDE)]
    return [[255 if start <= column < stop else 0 for column in range(SIDE)] for start, stop in spans]


TASK = Declaration(
    name="digits",
    title="Handwritten digits",
    description="Reads one handwritten digit from 28 × 28 grey pixels.",
    kind=ImageKind(),
    answer=OneOf(labels=tuple(range(10)), shows=("probabilities",)),
    examples=(Example(title="Example", input={"pixels": _seven()}),),
    presets=PRESETS,
    datasets=(
        DatasetInfo("mnist", "MNIST: handwritten digits, centred in 28 × 28 pixels", 60_000, 10_000, published="mnist"),
        DatasetInfo(
            SAMPLE, "Sample: digits drawn from a font for Densely, not real data", 1_500, 500, is_built_in=True
        ),
    ),
)

ROWS = {SAMPLE: drawn_by("digits")}
