"""Newswire's presets: the Reuters notebook, its variations and exercises."""

from typing import Any

from app.domain.optimizers import MomentumSGD, RMSprop
from app.domain.recipes import Cosine, EarlyStopping, Holdout, KFold, Preset, Recipe
from app.domain.texts import MultiHot, NGrams
from app.tasks.presets import hidden, with_best

_NOTEBOOK = Recipe(
    features=MultiHot(words=10_000),
    layers=hidden(64, 64),
    head="multiclass",
    loss="categorical_crossentropy",
    optimizer=RMSprop(),
    epochs=9,
    batch_size=512,
)


def _watched(description: str, **changes: Any) -> Preset:
    """A variation, 20 epochs unless said otherwise, watched on the first 1,000 stories."""
    recipe = _NOTEBOOK.model_copy(update={"epochs": 20, **changes})
    return Preset(description=description, recipe=recipe, validation=Holdout(size=1_000))


_MULTILABEL = _watched(
    "The baseline's layers with all topics of each story, 60 epochs at most",
    head="multilabel",
    loss="binary_crossentropy",
    epochs=60,
    batch_size=128,
    early_stopping=EarlyStopping(patience=5, restore_best=False),
)

_BEST = _NOTEBOOK.model_copy(
    update={
        "features": NGrams(max_n=1, max_features=20_000, weights="tf_idf"),
        "layers": (),
        "loss": "sparse_categorical_crossentropy",
        "optimizer": MomentumSGD(learning_rate=8.0, momentum=0.9),
        "schedule": Cosine(),
        "epochs": 25,
        "batch_size": 128,
    }
)

PRESETS = {
    "baseline": Preset(
        description="Two hidden layers of 64 units, 9 epochs: the notebook's final network", recipe=_NOTEBOOK
    ),
    "best": Preset(
        description="No hidden layer: 20,000 words weighted by tf-idf, rows of length one; calibrated on five folds",
        recipe=_BEST,
        validation=KFold(folds=5),
    ),
    "overfit": _watched("The same for 20 epochs, watched on 1,000 stories: to see when it overfits"),
    "bottleneck": _watched(
        "Four units in the second hidden layer, 20 epochs: too few for 46 topics", layers=hidden(64, 4), batch_size=128
    ),
    **with_best({"multilabel": _MULTILABEL}),
    "layers-1": _watched("Exercise: one hidden layer of 64 units", layers=hidden(64)),
    "layers-3": _watched("Exercise: three hidden layers of 64 units", layers=hidden(64, 64, 64)),
    "units-32": _watched("Exercise: two hidden layers of 32 units", layers=hidden(32, 32)),
    "units-128": _watched("Exercise: two hidden layers of 128 units", layers=hidden(128, 128)),
}
