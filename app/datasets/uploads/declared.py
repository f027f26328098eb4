"""Which column of a file is what, for a task that has its columns already; and what a layout is as a declaration."""

import math
from typing import Any

import numpy as np

from app.datasets.uploads.answers import count_labels
from app.datasets.uploads.categories import limited
from app.datasets.uploads.layout import IMAGE, LABEL, SPLIT
from app.datasets.uploads.names import find, found, listed
from app.datasets.uploads.problems import Problem, beyond, shown
from app.datasets.uploads.profile import Overview, Profile
from app.datasets.uploads.roles import MOST_CATEGORIES, Input, Layout, Role, Target, role_of, split_place
from app.encoding.cells import label_of, whole_of
from app.wire.datasets import ImageSpec, ImportPlan
from app.wire.declarations import (
    Answer,
    CategoryColumn,
    DateColumn,
    DeclaredKind,
    FlagColumn,
    ImageKind,
    NumberAnswer,
    NumberColumn,
    OneOf,
    PlaneKind,
    RatingAnswer,
    SeveralOf,
    TableKind,
    TextColumn,
    TextKind,
)
from app.wire.pieces import Range


def layout_of(overview: Overview, plan: ImportPlan) -> Layout:
    """The columns that the task asks for, found in the file.

    Raises:
        Problem: one is not there.
    """
    kind, answer = plan.declared_kind, plan.declared_answer
    assert kind is not None
    assert answer is not None
    sources = [profile.name for profile in overview.profiles]
    unknown = [name for name in plan.mapping if name not in {*_names(kind), answer.column, LABEL, SPLIT, IMAGE}]
    if unknown:
        raise Problem(f"the task has no column {shown(unknown[0])}; it has {listed(_names(kind))}", "mapping")
    split = plan.mapping.get(SPLIT)
    split_at = split_place(overview.profiles) if split is None else found(split, sources, SPLIT)
    asked = plan.mapping.get(answer.column) or plan.mapping.get(LABEL)
    target_at = find(answer.column, sources) if asked is None else found(asked, sources, answer.column)
    if target_at is None:
        target_at = found(LABEL if isinstance(kind, ImageKind) else answer.column, sources, "the answer")
    inputs = _image(overview, plan) if isinstance(kind, ImageKind) else _inputs(kind, overview, plan, sources)
    target = _target(answer, target_at, overview.profiles[target_at], plan)
    known = {each.name: len(each.values) for each in getattr(kind, "columns", ()) if isinstance(each, CategoryColumn)}
    return Layout(kind.kind, inputs, target, split_at, [] if plan.fixed else limited(inputs, known))


def _names(kind: DeclaredKind) -> list[str]:
    if isinstance(kind, PlaneKind):
        return ["x", "y"]
    return ["pixels"] if isinstance(kind, ImageKind) else [column.name for column in kind.columns]


def _image(overview: Overview, plan: ImportPlan) -> list[Input]:
    sources = [profile.name for profile in overview.profiles]
    asked = plan.mapping.get("pixels") or plan.mapping.get(IMAGE)
    if asked:
        place: int | None = found(asked, sources, IMAGE)
    else:
        places = [place for place, profile in enumerate(overview.profiles) if role_of(profile, overview) == "image"]
        place = places[0] if len(places) == 1 else find(IMAGE, sources)
    if place is None:
        raise Problem("the task needs pictures: a zip of them in folders, or a column `image` of base64", IMAGE)
    return [Input("pixels", place, sources[place], "image")]


def _inputs(kind: DeclaredKind, overview: Overview, plan: ImportPlan, sources: list[str]) -> list[Input]:
    if isinstance(kind, PlaneKind):
        columns: Any = [NumberColumn(name=name) for name in ("x", "y")]
    else:
        assert not isinstance(kind, ImageKind)
        columns = kind.columns
    inputs = []
    for column in columns:
        asked = plan.mapping.get(column.name)
        title = column.title if isinstance(column, TextColumn) else column.description
        place = find(column.name, sources) if asked is None else found(asked, sources, column.name)
        if place is None and title:
            place = find(title, sources)
        if place is None:
            if column.required:
                raise Problem(
                    f"the task needs a column {shown(column.name)}; the file has {listed(sources)}", column.name
                )
            continue
        role: Role = "text" if isinstance(column, TextColumn) else column.kind
        made = Input(column.name, place, sources[place], role, column.required)
        profile = overview.profiles[place]
        made.day_first = profile.is_day_first(getattr(column, "day_first", False))
        if isinstance(column, CategoryColumn):
            seen = [label_of(value) for value, _ in profile.common(words=False)]
            made.values = list(dict.fromkeys([*column.values, *seen]))[:MOST_CATEGORIES]
        inputs.append(made)
    return inputs


def _target(answer: Answer, source: int, profile: Profile, plan: ImportPlan) -> Target:
    target = Target(answer.column, source, profile.name, answer.kind)
    if isinstance(answer, RatingAnswer):
        target.least, target.greatest = answer.least, answer.greatest
    if isinstance(answer, NumberAnswer | RatingAnswer):
        target.unit = answer.unit
        return target
    counted = count_labels(target, profile)
    known: list[Any] = list(answer.labels)
    if isinstance(answer, OneOf):
        seen = [whole_of(label) for label in counted or {}]
        target.are_whole = all(isinstance(label, int) for label in known) if known else bool(seen) and None not in seen
    target.is_fixed = plan.fixed
    if plan.fixed:
        target.labels = known
        return target
    if counted is None or len({*known, *counted}) > plan.most_labels:
        raise beyond(plan, "most_labels", "the file has more different labels", field=profile.name)
    found_ones: list[Any] = [whole_of(label) if target.are_whole else label for label in counted]
    new = sorted({label for label in found_ones if label is not None} - set(known))
    target.labels = [*known, *new]
    return target


def kind_of(layout: Layout, plan: ImportPlan, profiles: list[Profile]) -> DeclaredKind:
    """The input's kind as a task declares it: of one that has it already, with its new categories."""
    by_name = {column.name: column for column in layout.inputs}
    if plan.declared_kind is not None:
        if not isinstance(plan.declared_kind, TableKind):
            return plan.declared_kind
        columns = tuple(
            column.model_copy(update={"values": tuple(by_name[column.name].values)})
            if isinstance(column, CategoryColumn) and column.name in by_name and not plan.fixed
            else column
            for column in plan.declared_kind.columns
        )
        return plan.declared_kind.model_copy(update={"columns": columns})
    if layout.kind == "text":
        return TextKind(
            columns=tuple(
                TextColumn(name=column.name, title=column.title[:80], required=column.required)
                for column in layout.inputs
            )
        )
    if layout.kind == "image":
        spec = plan.kind if isinstance(plan.kind, ImageSpec) else ImageSpec()
        return ImageKind(size=spec.size, colours=spec.colours, scaling=spec.scaling)
    return TableKind(columns=tuple(_column(column, profiles[column.source]) for column in layout.inputs))


def _column(column: Input, profile: Profile) -> Any:
    about: Any = {
        "name": column.name,
        "description": "" if column.title == column.name else column.title,
        "required": column.required,
    }
    if column.role == "number":
        return NumberColumn(**about, range=_range(profile))
    if column.role == "category":
        return CategoryColumn(**about, kind="category", values=tuple(column.values))
    if column.role == "flag":
        return FlagColumn(**about, kind="flag")
    return DateColumn(**about, kind="date", day_first=column.day_first)


def _range(profile: Profile) -> Range | None:
    """Where all but the outermost hundredths lie, in round steps."""
    if not profile.kept:
        return None
    numbers = np.array(profile.kept)
    least, greatest = (float(bound) for bound in np.quantile(numbers, (0.01, 0.99)))
    if least >= greatest:
        least, greatest = float(numbers.min()), float(numbers.max())
    if least >= greatest or not math.isfinite(greatest - least):
        return None
    step = 10.0 ** math.floor(math.log10((greatest - least) / 100))
    if (numbers == np.round(numbers)).all():
        step = max(1.0, step)
    low, high = math.floor(least / step) * step, math.ceil(greatest / step) * step
    places = max(0, -math.floor(math.log10(step)))
    low, high = round(low, places), round(high, places)
    return Range(least=low, greatest=high, step=step) if low < high < math.inf else None


def answer_of(layout: Layout, plan: ImportPlan) -> Answer:
    """The answer as a task declares it, with all labels."""
    target, declared = layout.target, plan.declared_answer
    labels: Any = tuple(label for label in target.labels if label not in target.absent)
    if isinstance(declared, OneOf | SeveralOf):
        return declared if plan.fixed else declared.model_copy(update={"labels": labels})
    if declared is not None:
        return declared
    if target.kind == "one_of":
        return OneOf(labels=labels, column=target.name)
    if target.kind == "several_of":
        return SeveralOf(labels=labels, column=target.name)
    if target.kind == "number":
        return NumberAnswer(title=target.title, unit=target.unit, column=target.name)
    bounds: Any = {"from": target.least, "to": target.greatest}
    return RatingAnswer(title=target.title, column=target.name, **bounds)
