"""What is known of a run, and what is said about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field

from app.domain.advising.changes import Change
from app.domain.advising.curves import Curve
from app.domain.recipes import HEADS, Holdout, Recipe, RecipePatch, Validation
from app.domain.runs import Metrics

AdviceKind = Literal[
    "no_better_than_guessing", "unstable", "overfitting", "still_improving", "unbalanced_labels", "few_rows",
    "wide_spread",
]  # fmt: skip


class Advice(BaseModel):
    """Something that would probably make the next run better."""

    kind: AdviceKind
    title: str
    message: str
    figures: dict[str, float] = Field(description="what speaks for it, by name")
    since_epoch: int | None = Field(
        description="overfitting: the epoch of the lowest validation loss; unstable: the first that jumped"
    )
    change: RecipePatch | None = Field(
        description="fields that replace the run's, of a recipe that its task takes; null: nothing in the recipe helps"
    )
    change_text: str | None = Field(description="what the change does")


@dataclass(frozen=True)
class Known:
    """What is known of a run; None, or empty, where it is not."""

    recipe: Recipe
    validation: Validation
    metrics: Metrics
    curve: Curve  # of the fit that is published, or the mean over folds
    succeeded: bool = False
    diverged: bool = False  # whether it failed since its loss was no longer a number
    labels: Mapping[str, int] | None = None  # training rows by label, those that are held out too
    train_rows: int | None = None  # the same in all
    test_rows: int | None = None

    @property
    def metric(self) -> str:
        """The figure that counts."""
        return self.recipe.metric

    @property
    def higher_is_better(self) -> bool:
        """Whether more of it is better."""
        return HEADS[self.recipe.head].higher_is_better

    @property
    def trained_rows(self) -> int | None:
        """Training rows that were learnt from."""
        held_out = self.validation.size if isinstance(self.validation, Holdout) else 0
        return None if self.train_rows is None else max(0, self.train_rows - held_out)

    @property
    def commonest(self) -> float | None:
        """The share of the commonest label among the training rows."""
        if not self.labels or not sum(self.labels.values()):
            return None
        return max(self.labels.values()) / sum(self.labels.values())

    def is_better(self, value: float, than: float) -> bool:
        """Whether the figure that counts is better."""
        return value > than if self.higher_is_better else value < than


def advice(
    kind: AdviceKind,
    title: str,
    message: str,
    figures: Mapping[str, float],
    change: Change | None,
    since: int | None = None,
) -> Advice:
    """`change` and `since`: where there are such."""
    patch, text = change or (None, None)
    if patch is not None:
        # With every field of its parts given: what is told of it leaves out those that are not, as it has to.
        patch = RecipePatch.model_validate(patch.model_dump(include=patch.model_fields_set))
    return Advice(
        kind=kind,
        title=title,
        message=message,
        figures={name: float(value) for name, value in figures.items()},
        since_epoch=since,
        change=patch,
        change_text=text,
    )
