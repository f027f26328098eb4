"""What the figures and the rows say."""

from app.domain import intervals
from app.domain.advising.changes import balanced, dropped, ensemble, unfrozen
from app.domain.advising.known import Advice, Known, advice
from app.domain.recipes import WEIGHED, KFold

UNBALANCED = 5  # times as many rows as the rarest label has
FEW_TESTED, FEW_OF_A_LABEL, FEW_NUMBERS = 100, 20, 50  # rows
WIDE, WIDE_ERRORS = 0.02, 0.2  # deviation over folds or seeds: of a share; of errors, as a share of their mean
LEAST_FITS = 3  # whose spread tells anything


def no_better_than_guessing(known: Known) -> Advice | None:
    """Its test figure is what guessing scores, or what the commonest label alone does."""
    value, guess = known.metrics.test.get(known.metric), known.metrics.baseline.get(known.metric)
    if value is None or guess is None:
        return None
    figures = {"test": value, "guessing": guess}
    commonest = known.commonest
    if known.metric == "accuracy" and commonest is not None and value <= commonest:
        told = f"Test accuracy is {value:.4g}; always answering the commonest label would score about {commonest:.4g}."
        change = balanced(known.recipe) or unfrozen(known.recipe, known.curve)
        figures["commonest"] = commonest
        return advice("no_better_than_guessing", "No better than guessing", told, figures, change)
    least = value
    if known.metric == "accuracy" and known.test_rows:
        least = intervals.of_share(value, known.test_rows).low
    if (least > guess) if known.higher_is_better else (value < guess):
        return None
    among = f" on {known.test_rows:,} rows" if known.test_rows else ""
    told = f"Test {known.metric} is {value:.4g}{among}; guessing scores {guess:.4g}."
    learnt_rows = known.metrics.train.get(known.metric)
    learnt_something = learnt_rows is not None and known.is_better(learnt_rows, guess)
    if learnt_something:
        told += f" On the rows that it learnt from it is {learnt_rows:.4g}: what it learns there does not carry over."
    change = dropped(known.recipe) if learnt_something else unfrozen(known.recipe, known.curve)
    return advice("no_better_than_guessing", "No better than guessing", told, figures, change)


def unbalanced_labels(known: Known) -> Advice | None:
    """Some label is much rarer than another, and each row counts the same."""
    if not known.labels or len(known.labels) < 2 or known.recipe.head not in WEIGHED:
        return None
    common, rare = max(known.labels, key=known.labels.__getitem__), min(known.labels, key=known.labels.__getitem__)
    most, fewest = known.labels[common], known.labels[rare]
    if most < UNBALANCED * max(1, fewest) or known.recipe.class_weights == "balanced":
        return None
    told = (
        f"{common} has {most:,} training rows, {rare} {fewest:,}. Rare labels are told worse, which accuracy over all "
        "rows hides; weights by label mend that, and may cost some of it."
    )
    figures = {"most": most, "fewest": fewest, "labels": len(known.labels)}
    return advice("unbalanced_labels", "Labels are unbalanced", told, figures, balanced(known.recipe))


def few_rows(known: Known) -> Advice | None:
    """Too few to learn from, or too few to be sure of the figure."""
    trained, tested = known.trained_rows, known.test_rows
    figures: dict[str, float] = {}
    said = []
    needed = FEW_OF_A_LABEL * len(known.labels) if known.labels else FEW_NUMBERS
    if trained is not None and trained < needed:
        each = f", {trained / len(known.labels):.3g} for each of {len(known.labels)} labels" if known.labels else ""
        said.append(f"It learnt from {trained:,} rows{each}.")
        figures["train_rows"] = trained
    if tested is not None and tested < FEW_TESTED:
        said.append(f"It was tested on {tested:,} rows{_how_sure(known, tested)}.")
        figures["test_rows"] = tested
    if not said:
        return None
    said.append("More rows would do more than another recipe.")
    return advice("few_rows", "Few rows", " ".join(said), figures, None)


def wide_spread(known: Known) -> Advice | None:
    """Its folds or seeds differ by more than their rows explain."""
    spread = known.metrics.spread
    if spread is None or spread.count < LEAST_FITS:
        return None
    found = (spread.validation if spread.over == "folds" else spread.test).get(known.metric)
    if found is None or found.std <= _usual(known, spread.over, spread.count, found.mean):
        return None
    one = "fold" if spread.over == "folds" else "seed"
    told = (
        f"{known.metric.capitalize()} is {found.min:.4g} to {found.max:.4g} by {one}: a difference of less than about "
        f"{2 * found.std:.2g} between two runs says nothing."
    )
    if spread.over == "folds" and isinstance(known.validation, KFold) and known.validation.rows == "in_order":
        told += " The folds are contiguous; `shuffled` ones would be more alike."
    figures = {"std": found.std, "min": found.min, "max": found.max, "count": spread.count}
    change = ensemble(known.recipe) if spread.over == "seeds" else None
    return advice("wide_spread", f"{one.capitalize()}s differ widely", told, figures, change)


def _usual(known: Known, over: str, count: int, mean: float) -> float:
    """The deviation that is nothing special: of shares what so many rows explain, twice."""
    if not known.higher_is_better:
        return WIDE_ERRORS * abs(mean)
    rows = known.train_rows // count if known.train_rows and over == "folds" else None
    by_chance = (mean * (1 - mean) / rows) ** 0.5 if rows and 0 <= mean <= 1 else 0.0
    return max(WIDE, 2 * by_chance)


def _how_sure(known: Known, rows: int) -> str:
    value = known.metrics.test.get("accuracy")
    if value is None or rows < 1:
        return ""
    low, high = intervals.of_share(value, rows)
    return f": its accuracy is somewhere from {low:.2g} to {high:.2g}"
