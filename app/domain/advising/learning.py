"""What the curves say: training that jumps, that has gone on for too long, or not for long enough."""

from app.domain import intervals
from app.domain.advising.changes import dropped, longer, slower, standardized, stopped
from app.domain.advising.known import Advice, Known, advice
from app.domain.recipes import NoValidation

RISE = 0.05  # of the validation loss over its lowest, from which on it is called overfitting
GAP, TIMES = 0.1, 3.0  # between training and test: of accuracy or F1; of errors, how many times the training's
FALL, FALL_UNSEEN = 0.01, 0.02  # of the loss in the last tenth of the epochs; where no rows are held out
JUMP, JUMPS = 0.05, 0.1  # of the loss, as a share of its first; so many of the epochs
AS_GOOD = 1.1  # times the training loss, up to which test rows do as well as those that were learnt from
ALL_RIGHT = 0.995  # of accuracy or F1: what is left is not worth another training
LEAST_EPOCHS = 3  # of a curve that tells anything
LEAST_JUMPING = 5  # of one that tells whether it jumps


def unstable(known: Known) -> Advice | None:
    """The training loss jumps up again and again, or became no number."""
    rate = known.recipe.optimizer.learning_rate
    if known.diverged:
        told = f"The loss grew until it was no number any more, with a learning rate of {rate:g}."
        change = standardized(known.recipe) or slower(known.recipe, 10)
        last = len(known.curve) + 1
        return advice("unstable", "Training diverged", told, {"learning_rate": rate}, change, last)
    losses = known.curve.figures("loss")
    if len(losses) < LEAST_JUMPING:
        return None
    scale = max(abs(losses[0]), 1e-12)
    jumps = [at for at in range(1, len(losses)) if losses[at] - losses[at - 1] > JUMP * scale]
    back = (losses[-1] - min(losses)) / scale
    if len(jumps) < max(2, JUMPS * len(losses)) and back < 5 * JUMP:
        return None
    first = jumps[0] + 1 if jumps else losses.index(min(losses)) + 2
    told = (
        f"The training loss rose by more than {JUMP:.0%} of its first value in {len(jumps)} of {len(losses)} epochs, "
        f"with a learning rate of {rate:g}."
    )
    figures = {"jumps": len(jumps), "epochs": len(losses), "learning_rate": rate}
    return advice("unstable", "Training is unstable", told, figures, slower(known.recipe, 3), first)


def overfitting(known: Known) -> Advice | None:
    """The validation loss has risen since its lowest, the training loss fell on, and the metric gained nothing.

    Where the weights of the best epoch are kept nothing is lost. Without held-out rows only a wide gap between
    training and test rows tells it, and not since when.
    """
    stopping = known.recipe.early_stopping
    if stopping and stopping.restore_best and stopping.monitor != "loss":
        return None
    if not known.curve.figures("val_loss"):
        return _by_gap(known)
    smooth, trained = known.curve.smoothed("val_loss"), known.curve.smoothed("loss")
    best = smooth.index(min(smooth))
    if not _has_turned(known, best):
        return None
    epoch = best + 1
    told = (
        f"The validation loss was lowest in epoch {epoch} ({smooth[best]:.4g}) and is {smooth[-1]:.4g} in epoch "
        f"{len(smooth)}, while the training loss fell from {trained[best]:.4g} to {trained[-1]:.4g}."
    )
    figures = {"epoch": epoch, "lowest": smooth[best], "last": smooth[-1]}
    change = None if isinstance(known.validation, NoValidation) else stopped(known.recipe, len(smooth))
    return advice("overfitting", f"Overfitting since epoch {epoch}", told, figures, change, epoch)


def _has_turned(known: Known, best: int) -> bool:
    """Whether what came after place `best` of the curves has made the network worse at what it has not seen."""
    held_out, trained = known.curve.smoothed("val_loss"), known.curve.smoothed("loss")
    after = len(held_out) - 1 - best
    if after < max(2, len(held_out) // 10) or not trained[-1] < trained[best]:
        return False
    tail = max(1, after // 2)  # epochs at the end, whose mean is compared: one alone may be chance
    rise = sum(held_out[-tail:]) / tail - held_out[best]
    if rise <= max(RISE * abs(held_out[best]), 2 * known.curve.noise("val_loss")):
        return False
    # Where the loss alone has risen it is surer of its mistakes, and makes no more of them.
    metric = known.curve.smoothed(f"val_{known.metric}")
    return not (metric and known.is_better(sum(metric[-tail:]) / tail, metric[best]))


def _by_gap(known: Known) -> Advice | None:
    train, test = known.metrics.train.get(known.metric), known.metrics.test.get(known.metric)
    if train is None or test is None:
        return None
    wrong, wrong_in_test = (1 - train, 1 - test) if known.higher_is_better else (train, test)
    if wrong_in_test <= TIMES * wrong or (known.higher_is_better and train - test <= GAP):
        return None
    rows = known.test_rows if known.metric == "accuracy" else None
    if rows and intervals.of_share(test, rows).high >= train - GAP / 2:
        return None
    told = f"{known.metric.capitalize()} is {train:.4g} on the training rows and {test:.4g} on the test rows."
    told += " Held-out rows (`validation`) would tell since when."
    figures = {"train": train, "test": test}
    return advice("overfitting", "Learnt by heart", told, figures, dropped(known.recipe))


def still_improving(known: Known) -> Advice | None:
    """It ended while its loss was falling: that of held-out rows, or of the training where test rows do as well."""
    if not known.succeeded or len(known.curve) < max(LEAST_EPOCHS, known.recipe.epochs):
        return None  # stopped before, by early stopping
    name, least = "val_loss", FALL
    if _is_all_right(known):
        return None
    if not known.curve.figures(name):
        train, test = known.metrics.train.get("loss"), known.metrics.test.get("loss")
        if train is None or test is None or test > AS_GOOD * train:
            return None
        name, least = "loss", FALL_UNSEEN
    smooth = known.curve.smoothed(name)
    tail = max(1, len(smooth) // 10)
    before, last = smooth[-1 - tail], smooth[-1]
    fall = (before - last) / max(abs(before), 1e-12)
    if fall < least or last > min(smooth) or before - last <= 2 * known.curve.noise(name):
        return None
    which = "validation loss" if name == "val_loss" else "training loss"
    over = "in the last epoch" if tail == 1 else f"over the last {tail} epochs"
    told = f"The {which} fell by {fall:.1%} {over}, to {last:.4g}, and was lowest at the end."
    if name == "loss":
        told += " The test rows do as well as those that it learnt from, so there is room."
    change = longer(known.recipe)
    if faster := standardized(known.recipe):
        told += " Its columns are as they are, each on a scale of its own, which makes learning slow."
        change = faster
    figures = {"fall": fall, "last": last, "epochs": len(smooth)}
    return advice("still_improving", "Still improving at the last epoch", told, figures, change)


def _is_all_right(known: Known) -> bool:
    """Whether next to nothing is wrong on the rows that tell: the loss can fall on for ever."""
    held_out = known.curve.figures(f"val_{known.metric}")
    value = held_out[-1] if held_out else known.metrics.test.get(known.metric)
    return known.higher_is_better and value is not None and value >= ALL_RIGHT
