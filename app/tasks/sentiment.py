"""Sentiment: is a film review negative or positive?"""

from app.tasks.presets.sentiment import PRESETS
from app.tasks.samples import drawn_by
from app.wire.declarations import SAMPLE, DatasetInfo, Declaration, OneOf, TextColumn, TextKind
from app.wire.pieces import Example

TASK = Declaration(
    name="sentiment",
    title="Film review sentiment",
    description="Says whether a film review is negative or positive, from its raw text.",
    kind=TextKind(columns=(TextColumn(name="text", title="Review"),)),
    answer=OneOf(labels=("negative", "positive"), shows=("probabilities",)),
    examples=(
        Example(
            title="Kind",
            input={"text": "A wonderful film: moving, funny and beautifully acted. I loved every minute."},
        ),
        Example(
            title="Unkind",
            input={"text": "A dull mess. The plot is ridiculous, the acting is awful and I wanted my two hours back."},
        ),
        Example(
            title="Mixed",
            input={
                "text": "The photography is superb and the lead is excellent, but the story is boring and far too long."
            },
        ),
    ),
    presets=PRESETS,
    datasets=(
        DatasetInfo(
            "imdb", "Large Movie Review Dataset: reviews with a clear opinion", 25_000, 25_000, published="imdb"
        ),
        DatasetInfo(
            SAMPLE, "Sample: short reviews composed for Densely, not real data", 8_000, 2_000, is_built_in=True
        ),
    ),
)

ROWS = {SAMPLE: drawn_by("reviews")}
