"""What is to be found: one of several labels, several, a rating or a number, and which labels there are."""

import math
from typing import Any, Literal

from app.datasets.uploads.names import listed, slug
from app.datasets.uploads.problems import Problem, beyond, shown
from app.datasets.uploads.profile import Profile
from app.datasets.uploads.roles import Role, Target, words_of
from app.encoding.cells import is_missing, kind_of, label_of, whole_of
from app.wire.datasets import AnswerSpec, ImportPlan, NumberSpec, OneOfSpec, RatingSpec, SeveralOfSpec

AnswerKind = Literal["one_of", "several_of", "number", "rating"]

FEW = 20  # different integers up to which they are taken as labels
MOST_GUESSED = 1_000  # labels of a column that nobody named
RATINGS = frozenset("rating ratings stars star score grade satisfaction".split())
SEVERAL = frozenset("labels tags topics categories genres classes keywords".split())
AMOUNTS = frozenset(
    "price amount cost age count value income revenue salary temperature duration minutes hours".split()
)
BOUNDS = ((0.0, 1.0), (1.0, 5.0), (0.0, 5.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0))
SEPARATORS = (";", "|", ",")


def target_of(profile: Profile, role: Role, source: int, name: str, plan: ImportPlan) -> Target:
    """The answer's column, as the plan says or as it looks.

    Raises:
        Problem: no answer can be learnt from it.
    """
    spec = plan.answer
    target = Target(name, source, profile.name, spec.kind if spec else _guessed(profile, role))
    if not profile.filled:
        raise Problem(f"the column {shown(profile.name)} is empty", profile.name)
    if isinstance(spec, NumberSpec):
        target.unit = spec.unit
    if target.kind == "rating":
        target.least, target.greatest = _bounds(spec, profile)
    if target.kind == "several_of":
        target.separator = spec.separator if isinstance(spec, SeveralOfSpec) else _separator(profile) or ";"
    if target.kind in {"one_of", "several_of"}:
        given = spec.labels if isinstance(spec, OneOfSpec | SeveralOfSpec) else None
        _find_labels(target, profile, given, plan, is_guessed=spec is None or spec.column is None)
    return target


def _guessed(profile: Profile, role: Role) -> AnswerKind:
    parts = set(slug(profile.name, is_field=True).split("_"))
    if role == "list":
        return "several_of"
    if role != "number":
        return "several_of" if parts & SEVERAL and _separator(profile) else "one_of"
    if parts & RATINGS and any(low <= profile.least and profile.greatest <= high for low, high in BOUNDS):
        return "rating"
    few = profile.values is not None and profile.distinct <= FEW
    whole = few and all(whole_of(value) is not None for value, _ in profile.common(words=True))
    return "one_of" if whole and not parts & AMOUNTS else "number"


def _bounds(spec: AnswerSpec | None, profile: Profile) -> tuple[float, float]:
    """As the plan says, else the narrowest usual ones that hold all of the numbers."""
    if isinstance(spec, RatingSpec) and spec.model_fields_set & {"least", "greatest"}:
        if spec.least >= spec.greatest:
            raise Problem("answer: `from` must be below `to`", "answer")
        return spec.least, spec.greatest
    if not math.isfinite(profile.least):
        raise Problem(f"the column {shown(profile.name)} holds no numbers, which a rating is", profile.name)
    fit = [bounds for bounds in BOUNDS if bounds[0] <= profile.least and profile.greatest <= bounds[1]]
    return fit[0] if fit else (profile.least, max(profile.greatest, profile.least + 1))


def _separator(profile: Profile) -> str | None:
    """What parts the labels of a text, if there are more texts than labels in them."""
    values = profile.common(words=False)
    for separator in SEPARATORS:
        parted = [str(value).split(separator) for value, _ in values]
        pieces = {piece.strip() for parts in parted for piece in parts}
        if sum(len(parts) > 1 for parts in parted) >= 0.1 * len(parted) and len(pieces) < len(values):
            return separator
    return None


def labels_in(value: Any, separator: str) -> list[str]:
    """The labels of a cell, each once, in its order; of a list or of a text with separators."""
    parts = value if isinstance(value, list) else str(value).split(separator)
    texts = (str(part).strip() for part in parts if part is not None)
    return list(dict.fromkeys(text for text in texts if text))


def _find_labels(target: Target, profile: Profile, given: Any, plan: ImportPlan, *, is_guessed: bool) -> None:
    name = shown(profile.name)
    if given:
        whole = [whole_of(label) for label in given]
        target.are_whole = target.kind == "one_of" and None not in whole
        target.labels, target.is_fixed = whole if target.are_whole else list(given), True
        return
    counted = count_labels(target, profile)
    if counted is None or len(counted) > plan.most_labels:
        _refuse_many(profile, plan, is_guessed=is_guessed)
        raise AssertionError
    if is_guessed and (len(counted) > MOST_GUESSED or words_of(profile) >= 12):
        _refuse_many(profile, plan, is_guessed=True)
    if target.kind == "one_of" and len(counted) > max(2, profile.filled / 2):
        raise Problem(
            f"the column {name} has {len(counted):,} different values in {profile.filled:,} rows: labels need two rows "
            "each, better ten. If another column holds the answer, name it",
            profile.name,
        )
    if len(counted) == 1:
        raise Problem(
            f"the column {name} says {shown(next(iter(counted)))} in every row: two labels are needed", profile.name
        )
    if not counted:
        raise Problem(f"the column {name} holds no labels", profile.name)
    whole = [whole_of(label) for label in counted]
    target.are_whole = target.kind == "one_of" and None not in whole
    target.labels = sorted(set(whole)) if target.are_whole else sorted(counted)


def count_labels(target: Target, profile: Profile) -> dict[str, int] | None:
    """Labels and their rows; None if there are too many to be counted."""
    counted: dict[str, int] = {}
    if target.kind == "several_of":
        for item, rows in profile.items.items():
            if text := str(item).strip():
                counted[text] = counted.get(text, 0) + rows
        if profile.values is None and profile.kinds["text"]:
            return None
        for value, rows in (profile.values or {}).items():
            for label in [] if is_missing(value, words=False) else labels_in(value, target.separator):
                counted[label] = counted.get(label, 0) + rows
        return counted
    if profile.values is None:
        return None
    for value, rows in profile.values.items():
        if kind_of(value)[0] not in {"blank", "nonfinite", "bytes", "nested"}:
            label = label_of(value)
            counted[label] = counted.get(label, 0) + rows
    return counted


def _refuse_many(profile: Profile, plan: ImportPlan, *, is_guessed: bool) -> None:
    name = shown(profile.name)
    if profile.is_long:
        raise Problem(f"the column {name} holds texts of more than 200 characters, which are no labels", profile.name)
    if profile.values is None and profile.most_values <= plan.most_labels:
        raise Problem(f"the column {name} has {profile.most_values:,} or more different values", profile.name)
    if is_guessed:
        known = f"{profile.distinct:,}{'' if profile.values is not None else ' or more'}"
        raise Problem(
            f"the column {name} looks like the answer, but has {known} different values, more than the "
            f"{MOST_GUESSED:,} that are taken without being asked for: name the answer's column, or give its labels",
            profile.name,
        )
    raise beyond(plan, "most_labels", f"the column {name} has more different labels", field=profile.name)


def alike(labels: list[Any]) -> list[str]:
    """Warnings of labels that differ in case or blanks alone."""
    forms: dict[str, list[str]] = {}
    for label in labels:
        forms.setdefault(" ".join(str(label).casefold().split()), []).append(str(label))
    same = [names for names in forms.values() if len(names) > 1]
    return [f"the labels {listed(names)} differ in case or blanks alone" for names in same[:3]]
