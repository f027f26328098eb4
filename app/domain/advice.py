"""What would make a run better: plain rules over what is known of it, each with the figure behind it.

A rule says nothing where the figures leave it open: advice that is wrong costs a training.
"""

from collections.abc import Callable, Sequence

from app.domain.advising import judging, learning
from app.domain.advising.curves import Curve
from app.domain.advising.known import Advice, AdviceKind, Known

__all__ = ["Advice", "AdviceKind", "Curve", "Known", "advise"]

Rule = Callable[[Known], Advice | None]
RULES: Sequence[Rule] = (
    judging.no_better_than_guessing,
    learning.unstable,
    learning.overfitting,
    learning.still_improving,
    judging.unbalanced_labels,
    judging.few_rows,
    judging.wide_spread,
)


def advise(known: Known) -> list[Advice]:
    """What to do about a run, the most important first; empty if nothing is known to help."""
    found = (rule(known) for rule in RULES)
    return [advice for advice in found if advice]
