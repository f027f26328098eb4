"""Newswire: which topic does a newswire story have?"""

from app.tasks.presets.newswire import PRESETS
from app.tasks.samples import drawn_by
from app.wire.declarations import SAMPLE, DatasetInfo, Declaration, OneOf, TextColumn, TextKind
from app.wire.pieces import Example

# In the numbering of keras.datasets.reuters, 0 to 45.
TOPICS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass "
    "crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi "
    "iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead"
).split()


TASK = Declaration(
    name="newswire",
    title="Newswire topics",
    description="Says which of up to 46 topics a newswire story has, from its raw text and headline; with a multilabel "
    "head, all of its topics.",
    kind=TextKind(
        columns=(
            TextColumn(
                name="title",
                title="Headline",
                description="headline, at most 1,000 characters",
                required=False,
                max_length=1_000,
            ),
            TextColumn(name="text", title="Story"),
        )
    ),
    answer=OneOf(labels=tuple(TOPICS), several="topics", shows=("labels", "top")),
    examples=(
        Example(
            title="Oil",
            input={
                "title": "OIL PRICES RISE AS PRODUCERS AGREE ON OUTPUT CEILING",
                "text": "Crude oil futures rose sharply after producing countries agreed to hold output at 15.8 mln "
                "barrels per day, traders said.",
            },
        ),
        Example(
            title="Grain",
            input={
                "title": "WHEAT EXPORTS SEEN HIGHER",
                "text": "The Agriculture Department said wheat and corn exports would rise by two mln tonnes this "
                "season.",
            },
        ),
        Example(
            title="Rates",
            input={
                "title": "CENTRAL BANK CUTS DISCOUNT RATE",
                "text": "The central bank cut its discount rate by half a point, and the dollar fell against the yen, "
                "dealers said.",
            },
        ),
    ),
    presets=PRESETS,
    datasets=(
        DatasetInfo(
            "reuters",
            "Reuters-21578: first topic of each story, 46 in all; every topic for multilabel heads",
            8_982,
            2_246,
            published="reuters",
        ),
        DatasetInfo(
            SAMPLE, "Sample: newswires composed for Densely on 8 topics, not real data", 800, 240, is_built_in=True
        ),
    ),
)

ROWS = {SAMPLE: drawn_by("newswires")}
