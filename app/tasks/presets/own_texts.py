"""The presets of texts of the user's own."""

from app.domain.optimizers import Adam, MomentumSGD
from app.domain.recipes import Cosine, Dense, Preset
from app.domain.texts import MultiHot, NGrams
from app.tasks.presets import varied
from app.tasks.presets.asking import Ask, epochs_of, stopped


def presets_of_texts(ask: Ask) -> dict[str, Preset]:
    """Of any answer; `best` first."""
    units = 16 if len(getattr(ask.answer, "labels", ())) <= 2 else 64
    batch = ask.batch(50, 512)
    told = f"The 10,000 most frequent words, one hidden layer of {units} units"
    best = {"binary": _two_labels, "multiclass": _labels, "multilabel": _several_labels, "regression": _number}
    return {
        "best": best[ask.head](ask),
        "baseline": stopped(
            ask, told, MultiHot(words=10_000), (Dense(units=units),), epochs=30, batch_size=batch, patience=2
        ),
        "quick": ask.preset(
            "The 5,000 most frequent words, one hidden layer of 16 units, a few epochs",
            MultiHot(words=5_000),
            (Dense(units=16),),
            epochs=epochs_of(ask, batch, 100),
            batch_size=batch,
        ),
    }


def _two_labels(ask: Ask) -> Preset:
    """As that of the reviews, where it was chosen."""
    batch = ask.batch(50, 512)
    return ask.preset(
        "No hidden layer: n-grams of up to three words, weighted by naive Bayes, and sentences besides whole texts",
        NGrams(
            max_n=3,
            max_features=150_000,
            weights="naive_bayes",
            negation=True,
            contrast=True,
            sentences=0.15,
            spelling=True,
        ),
        (),
        epochs=max(8, epochs_of(ask, batch, 400)),
        batch_size=batch,
        learning_rate=0.01,
        validation=ask.watched,
    )


def _labels(ask: Ask) -> Preset:
    """As that of the newswires, where it was chosen."""
    batch = ask.batch(70, 128)
    words = ask.preset(
        "No hidden layer: words weighted by tf-idf, rows of length one",
        NGrams(max_n=1, max_features=20_000, weights="tf_idf"),
        (),
        epochs=max(20, epochs_of(ask, batch, 1_500)),
        batch_size=batch,
        validation=ask.watched,
    )
    return varied(words, optimizer=MomentumSGD(learning_rate=8.0, momentum=0.9), schedule=Cosine())


def _several_labels(ask: Ask) -> Preset:
    """Chosen on all topics of the newswires.

    The loss is the mean over the labels, most of which a text has not: so small are its gradients that momentum would
    take hundreds of epochs, which Adam's steps do not depend on.
    """
    batch = ask.batch(70, 128)
    words = ask.preset(
        "No hidden layer: words weighted by tf-idf, rows of length one",
        NGrams(max_n=1, max_features=20_000, weights="tf_idf"),
        (),
        epochs=max(8, epochs_of(ask, batch, 1_050)),
        batch_size=batch,
        validation=ask.watched,
    )
    return varied(words, optimizer=Adam(learning_rate=0.5), schedule=Cosine())


def _number(ask: Ask) -> Preset:
    """Chosen on the ratings that some reviews state.

    Of rows of length one no learning rate below 1.9 diverges with this momentum, however alike they are.
    """
    batch = ask.batch(64, 512)
    pairs = ask.preset(
        "No hidden layer: words and pairs of words weighted by tf-idf, rows of length one",
        NGrams(max_n=2, max_features=50_000, weights="tf_idf", negation=True, spelling=True),
        (),
        epochs=max(8, epochs_of(ask, batch, 1_250)),
        batch_size=batch,
        validation=ask.watched,
    )
    return varied(pairs, optimizer=MomentumSGD(learning_rate=0.5, momentum=0.9), schedule=Cosine())
