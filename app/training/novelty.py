"""Learn what the training rows look like, and how novel rows are that were not learnt from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.word_ids import FIRST_WORD
from app.encoding.encoder import Encoder
from app.encoding.n_grams import NGramEncoder
from app.encoding.pixels import PixelEncoder
from app.encoding.rows import Encoded, SparseRows, dense, take
from app.inference.distance import Distance
from app.inference.forward import Network
from app.inference.novelty import LABELS, MOST_NUMBERS, WORDS, Measure, Novelty, Strangeness
from app.inference.within import Within
from app.wire.manifests import NoveltyRecord

FEWEST = 100  # rows that tell what is usual
PARTS = 5  # of the training rows: each is judged by what the others tell
MOST_ROWS = 30_000  # that are looked at
MOST_IN_MEMORY = 2**23  # numbers of them, 32 MiB of float32
COMPONENTS = 50  # directions in which rows vary
WIDE = 512  # numbers, from which on a part's directions are sought from those of all rows: much less to reckon
BESIDES = 14  # directions that are sought with them, so that the last ones are found as soon
ROUNDS = 6  # of that search
ENOUGH = 10_000  # training rows: of fewer a network knows its own too well to tell what it sees in others
RIDGE = 0.01  # share of a typical number's variance that each direction has at least
MOST_LABELS = 64  # that are told apart: all further ones count as one
TELLING = 500  # words of a label
LIMIT = 0.99  # share of rows that are less novel, above which an answer warns
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, LIMIT, 0.995, 0.999, 1.0)
SEED = 11

Numbers = NDArray[np.int64]


def learn(
    encoder: Encoder, train: Encoded, targets: NDArray[Any], test: Encoded, network: Network | None = None
) -> tuple[Measure, NoveltyRecord] | None:
    """A measure learnt from the training rows, with what rows score that it was not learnt from.

    `targets` are as `Task.targets` gives them. None if the rows are too few, or all the same. Of many pictures the
    measure looks at the last hidden layer of the `network` too.
    """
    if len(train) < FEWEST:
        return None
    most = MOST_ROWS if isinstance(train, SparseRows) else min(MOST_ROWS, MOST_IN_MEMORY // encoder.width)
    drawn = np.random.default_rng(SEED).permutation(len(train))[: max(FEWEST, most)]
    parts = np.array_split(drawn, PARTS)
    whole = _fitted(encoder, take(train, drawn), targets[drawn])
    if whole is None:
        return None
    scores: list[float] = []
    for number, part in enumerate(parts):
        others = np.concatenate(parts[:number] + parts[number + 1 :])
        measure = _fitted(encoder, take(train, others), targets[others], whole)
        if measure is None:
            return None
        scores += measure.raw(take(train, part))
    found = np.array(scores)
    found = found[np.isfinite(found)]
    if not len(found):
        return None
    hidden = None
    if network and network.head and isinstance(whole, Distance) and len(train) >= ENOUGH:
        whole, found = _within(whole, network, take(train, drawn), found)
        hidden = network.hidden(test)
    # As conformal prediction takes them (Vovk et al. 2005): of few rows, the next greater score.
    levels = np.minimum(1.0, np.ceil((len(found) + 1) * np.array(SHARES)) / len(found))
    quantiles = np.quantile(found, levels, method="inverted_cdf").tolist()
    record = NoveltyRecord(rows=len(found), limit=LIMIT, shares=list(SHARES), scores=quantiles, false_alarms=0.0)
    alarms = [share > LIMIT for share, _ in Novelty(whole, record).of(test, hidden)]
    return whole, record.model_copy(update={"false_alarms": round(float(np.mean(alarms)), 4)})


def _within(
    distance: Distance, network: Network, rows: Encoded, apart: NDArray[np.float64]
) -> tuple[Within, NDArray[np.float64]]:
    """A measure that looks within, and what it says of these rows, which are `apart` from the others by so much."""
    assert network.head is not None
    hidden = network.hidden(rows)
    mean = hidden.mean(axis=0, dtype=np.float64).astype(np.float32)
    _, vectors = np.linalg.eigh((hidden - mean).T @ (hidden - mean) / len(hidden))
    directions = np.ascontiguousarray(vectors[:, -min(COMPONENTS, max(1, len(mean) // 2)) :], dtype=np.float32)
    measure = Within(distance, network.head, mean, directions, np.array([[0, 1]] * 3, dtype=np.float32))
    parts = np.array(measure.parts(rows, hidden))
    parts[:, 0] = apart
    median, high = np.quantile(parts, (0.5, LIMIT), axis=0)
    usual = np.stack([median, np.maximum(high - median, 1e-6)], axis=1).astype(np.float32)
    measure = Within(distance, network.head, mean, directions, usual)
    return measure, np.array([measure.score(*each) for each in parts.tolist()])


def _fitted(encoder: Encoder, rows: Encoded, targets: NDArray[Any], whole: Measure | None = None) -> Measure | None:
    """`whole`: the measure of all rows, of which these are a part."""
    if isinstance(rows, SparseRows):
        return _strangeness(encoder, rows, _groups(targets))
    near = whole.directions if isinstance(whole, Distance) else None
    return _distance(dense(rows), near, of_one_scale=isinstance(encoder, PixelEncoder))


def _distance(
    rows: NDArray[np.float32], near: NDArray[np.float32] | None = None, *, of_one_scale: bool
) -> Distance | None:
    """Of float rows; by the products of rows with each other where there are fewer of them than numbers.

    `near` (width, some): directions that are about the ones sought.
    """
    count, width = rows.shape
    mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    scale = np.ones(width, dtype=np.float32)
    if not of_one_scale:
        deviations = rows.std(axis=0, dtype=np.float64).astype(np.float32)
        scale = np.where(deviations > 1e-6 * np.abs(mean), deviations, scale)
    apart = (rows - mean) / scale
    total = float(np.square(apart, dtype=np.float64).sum()) / count
    if not total > 0:
        return None
    if width <= count:
        variances, vectors = _leading(apart.T @ apart / count, near)
    else:
        variances, sides = _leading(apart @ apart.T / count, None if near is None else apart @ near)
        vectors = apart.T @ sides / np.sqrt(count * np.maximum(variances, np.finfo(np.float32).tiny))
    most = max(1, min(COMPONENTS, MOST_NUMBERS // width, np.count_nonzero(variances > 1e-6 * variances[-1])))
    variances, vectors = variances[-most:].astype(np.float64), vectors[:, -most:]
    ridge = RIDGE * total / width
    others = width - most
    rest = (max(0.0, total - variances.sum()) / others if others else total / width) + ridge
    return Distance(
        mean, scale, np.ascontiguousarray(vectors, np.float32), np.sqrt(variances + ridge).astype(np.float32), rest**0.5
    )


def _leading(
    products: NDArray[np.float32], near: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Eigenvalues, going up, and eigenvectors: all, or as many as `near` has of the greatest, found from there.

    By subspace iteration with a Rayleigh-Ritz step at its end (Halko, Martinsson & Tropp 2011, section 4.4).
    """
    size = len(products)
    if near is None or size < WIDE:
        return np.linalg.eigh(products)
    besides = np.random.default_rng(SEED).normal(size=(size, BESIDES)).astype(np.float32)
    found = np.linalg.qr(np.concatenate([near, besides], axis=1))[0]
    for _ in range(ROUNDS):
        found = np.linalg.qr(products @ found)[0]
    values, turns = np.linalg.eigh(found.T @ products @ found)
    count = near.shape[1]
    return values[-count:], found @ turns[:, -count:]


def _groups(targets: NDArray[Any]) -> list[Numbers]:
    """The rows of each label, those of the most frequent labels first; of a regression all in one."""
    if targets.ndim == 2:
        rows = [np.flatnonzero(column) for column in targets.T]
    elif targets.dtype.kind == "i":
        rows = [np.flatnonzero(targets == label) for label in np.unique(targets)]
    else:
        rows = [np.arange(len(targets))]
    rows = sorted((each for each in rows if len(each)), key=len, reverse=True)
    if len(rows) > MOST_LABELS:
        rows[MOST_LABELS - 1 :] = [np.unique(np.concatenate(rows[MOST_LABELS - 1 :]))]
    return rows or [np.arange(len(targets))]


def _strangeness(encoder: Encoder, rows: SparseRows, groups: Sequence[Numbers]) -> Strangeness:
    first, end = _columns_of_words(encoder)
    counts = np.bincount(rows.indices, minlength=end)[first:end].astype(np.int32)
    few = min(TELLING, len(counts))
    share = np.log((len(rows) + 1) / (counts + 1.0))
    places, weights = [], []
    for group in groups:
        found = _telling(rows.take(group), first, share)
        chosen = np.sort(np.argpartition(found, -few)[-few:])
        places.append(chosen)
        weights.append(found[chosen])
    measure = Strangeness(
        first, counts, len(rows), np.array(places, dtype=np.int32), np.array(weights, dtype=np.float32)
    )
    # A row's own words would be less rare than those of one that was not learnt from.
    table = measure.table(counts - 1)
    features = np.concatenate([_features(measure, each, table) for each in (rows, _thinned(rows, first, end))])
    longest = float(features[:, 2].max(initial=1.0))
    fits = np.array([_by_length(features[:, place], features[:, 2]) for place in (0, 1)], dtype=np.float32)
    measure.settle(fits, (1.0, 1.0), longest)
    own = np.array([measure.deviating(*each) for each in features[: len(rows)].tolist()]).reshape(-1, 2)
    both, distance = np.maximum(np.quantile(own, LIMIT, axis=0), 0.1).tolist() if len(own) else (1.0, 1.0)
    measure.settle(fits, (both, distance), longest)
    return measure


def _columns_of_words(encoder: Any) -> tuple[int, int]:
    """The columns that stand for single words, from the first to the one after the last."""
    if isinstance(encoder, NGramEncoder):
        return encoder.columns_of_words
    return FIRST_WORD, encoder.width


def _telling(rows: SparseRows, first: int, share: NDArray[np.float64]) -> NDArray[np.float64]:
    """(words,) the mean of rows of length one, made to have length one itself."""
    owners = np.repeat(np.arange(len(rows)), np.diff(rows.offsets))
    is_word = (rows.indices >= first) & (rows.indices < first + len(share))
    owners, words = owners[is_word], rows.indices[is_word] - first
    lengths = np.sqrt(np.bincount(owners, np.square(share[words]), minlength=len(rows)))
    lengths[lengths == 0] = 1
    total = np.bincount(words, share[words] / lengths[owners], minlength=len(share))
    found: NDArray[np.float64] = total / (np.sqrt(np.square(total).sum()) or 1.0)
    return found


def _features(measure: Strangeness, rows: SparseRows, table: NDArray[np.float32]) -> NDArray[np.float64]:
    """(rows that have a known word, 3)."""
    sums = measure.sums(rows, table).tolist()
    found = [
        measure.features(each, known) for each, known in zip(sums, rows.known.tolist(), strict=True) if each[WORDS] > 0
    ]
    return np.array(found).reshape(-1, LABELS)


def _thinned(rows: SparseRows, first: int, end: int) -> SparseRows:
    """Each text with some of its words only: as many texts of one word as of ten, and as of a hundred."""
    random = np.random.default_rng(SEED)
    owners = np.repeat(np.arange(len(rows)), np.diff(rows.offsets))
    is_word = (rows.indices >= first) & (rows.indices < end)
    words = np.bincount(owners[is_word], minlength=len(rows))
    kept = np.exp(random.uniform(size=len(rows)) * np.log(np.maximum(words, 1))) / np.maximum(words, 1)
    stays = is_word & (random.random(len(owners)) < kept[owners])
    known = np.bincount(owners[stays], minlength=len(rows))
    share = np.nan_to_num(rows.known)
    unknown = random.binomial(np.rint(words * (1 - share) / np.maximum(share, 1e-9) * (share > 0)).astype(int), kept)
    stays[rows.offsets[:-1]] = True  # no row is empty: the first column of each is no word
    offsets = np.concatenate([[0], np.cumsum(stays)])[rows.offsets]
    return SparseRows(rows.indices[stays], offsets, rows.width, known / np.maximum(known + unknown, 1))


def _by_length(values: NDArray[np.float64], words: NDArray[np.float64]) -> list[float]:
    """A parabola over the logarithm of the length, and the variance around it, with its part per word."""
    log = np.log(np.maximum(words, 1))
    powers = np.stack([np.ones_like(log), log, np.square(log)], axis=1)
    curve = np.linalg.lstsq(powers, values, rcond=None)[0]
    squares = np.square(values - powers @ curve)
    roots = np.sqrt(np.maximum(words, 1))  # short texts stray far: they would decide alone
    terms = np.stack([roots, 1 / roots], axis=1)
    spread = np.maximum(np.linalg.lstsq(terms, squares * roots, rcond=None)[0], 1e-6)
    return [*curve.tolist(), *spread.tolist()]
