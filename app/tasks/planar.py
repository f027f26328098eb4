"""Planar: to which of two classes does a point of the plane belong?"""

from functools import partial

from app.tasks.presets.planar import PRESETS
from app.tasks.samples.points import SHAPES, TEST, TRAIN, rows
from app.wire.declarations import SAMPLE, DatasetInfo, Declaration, OneOf, PlaneKind
from app.wire.pieces import Example, Range


def _drawn(name: str, description: str) -> DatasetInfo:
    return DatasetInfo(name, description, TRAIN, TEST, is_built_in=True)


TASK = Declaration(
    name="planar",
    title="Points of the plane",
    description="Says to which of two classes a point of the plane belongs: toy points, to look at boundaries.",
    kind=PlaneKind(range=Range(least=-3, greatest=4, step=0.1)),
    answer=OneOf(labels=(0, 1), shows=()),
    examples=(Example(title="Example", input={"point": [0.3, -1.2]}),),
    presets=PRESETS,
    datasets=(
        _drawn("moons", "Two half moons, noise 0.4, generated from a seed"),
        _drawn("circles", "A circle within a circle, noise 0.4, generated"),
        _drawn("xor", "Four corners of a square, opposite ones alike, noise 0.4"),
        DatasetInfo(
            SAMPLE,
            "Sample: half moons with little noise, 0.1; toy points, not real data",
            TRAIN,
            TEST,
            is_built_in=True,
        ),
    ),
)

ROWS = {**{name: partial(rows, name) for name in SHAPES}, SAMPLE: partial(rows, "moons", 0.1)}
