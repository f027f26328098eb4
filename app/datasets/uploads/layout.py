"""Which column of a file is what: as the plan says, and where it says nothing, as it looks."""

import json
import shlex

from app.datasets.uploads.answers import target_of
from app.datasets.uploads.categories import limited
from app.datasets.uploads.names import found, listed, named, slug
from app.datasets.uploads.problems import Problem, shown
from app.datasets.uploads.profile import LONGEST_VALUE, Overview, Profile
from app.datasets.uploads.roles import (
    MOST_CATEGORIES,
    Input,
    Layout,
    Role,
    characters_of,
    content_of,
    date_among,
    likely_kind,
    likely_target,
    role_of,
    split_place,
)
from app.wire.datasets import ImageSpec, ImportPlan, TableSpec, TextSpec
from app.wire.declarations import RESERVED

MOST_TEXTS = 8  # columns
LABEL, SPLIT, IMAGE = "label", "split", "image"


class Planner:
    """Makes the layout of a new task."""

    def __init__(self, overview: Overview, plan: ImportPlan) -> None:
        """`plan` overrules what `overview` suggests."""
        self._plan, self._overview, self._profiles = plan, overview, overview.profiles
        self._sources = [profile.name for profile in overview.profiles]
        self._roles = [role_of(profile, overview) for profile in overview.profiles]
        self._warnings: list[str] = []

    def layout(self) -> Layout:
        """Which column is what.

        Raises:
            Problem: it is not to be guessed, or the file lacks what the plan names.
        """
        if len(self._sources) < 2:
            raise Problem(f"the file has one column, {listed(self._sources)}: an input and an answer are two")
        mapping = dict(self._plan.mapping)
        split = mapping.pop(SPLIT, None)
        split_at = split_place(self._profiles) if split is None else found(split, self._sources, SPLIT)
        target_name, target_at = self._target(mapping, split_at)
        others = {target_at} | ({split_at} if split_at is not None else set())
        names = {found(source, self._sources, name): self._checked(name) for name, source in mapping.items()}
        kind = self._plan.kind.kind if self._plan.kind else likely_kind(self._profiles, self._roles, others)
        taken = {target_name, *names.values()}
        inputs = {"text": self._texts, "image": self._image, "table": self._table}[kind](others, names, taken)
        target = target_of(self._profiles[target_at], self._roles[target_at], target_at, target_name, self._plan)
        return Layout(kind, inputs, target, split_at, self._warnings)

    def _target(self, mapping: dict[str, str], split: int | None) -> tuple[str, int]:
        """The name of the answer's column, and its place."""
        asked = self._plan.answer.column if self._plan.answer else None
        if LABEL in mapping:
            return LABEL, found(mapping.pop(LABEL), self._sources, LABEL)
        if asked and asked in mapping:
            source = found(mapping.pop(asked), self._sources, asked)
            return named(asked, [IMAGE, "pixels"], is_field=False, otherwise=LABEL), source
        place: int | None
        if asked:
            place = found(asked, self._sources, "answer.column")
        else:
            wanted = self._wanted()
            free = [place for place in range(len(self._sources)) if place not in wanted]
            place = likely_target(
                [self._profiles[place] for place in free],
                [self._roles[place] for place in free],
                free.index(split) if split in free else None,
            )
            place = (free[0] if len(free) == 1 and free[0] != split else None) if place is None else free[place]
        if place is None:
            raise Problem(
                f"none of the columns {listed(self._sources)} looks like the answer: name the one that holds it", LABEL
            )
        return named(self._sources[place], [IMAGE, "pixels"], is_field=False, otherwise=LABEL), place

    def _wanted(self) -> set[int]:
        """The places of the columns that the plan names as inputs."""
        spec = self._plan.kind
        asked = [] if spec is None or isinstance(spec, ImageSpec) else spec.columns or []
        mapping = {name: source for name, source in self._plan.mapping.items() if name not in {LABEL, SPLIT}}
        mapped = {found(source, self._sources, name) for name, source in mapping.items()}
        return mapped | {found(mapping.get(name, name), self._sources, "kind.columns") for name in asked}

    def _checked(self, name: str) -> str:
        is_field = self._plan.kind is None or self._plan.kind.kind != "table"
        if name in RESERVED or name.startswith("_") or named(name, (), is_field=False) != name:
            example = named(name, (), is_field=is_field)
            raise Problem(f"{shown(name)} cannot be a column's name; {example!r} could", "mapping")
        return name

    def _asked(self, columns: list[str] | None, others: set[int]) -> list[int] | None:
        """The places of the columns that the plan names."""
        if columns is None:
            return None
        places = [found(self._plan.mapping.get(name, name), self._sources, "kind.columns") for name in columns]
        if used := next((place for place in places if place in others), None):
            raise Problem(f"the column {shown(self._sources[used])} cannot be an input and the answer or split", "kind")
        return list(dict.fromkeys(places))

    def _texts(self, others: set[int], names: dict[int, str], taken: set[str]) -> list[Input]:
        spec = self._plan.kind
        places = self._asked(spec.columns if isinstance(spec, TextSpec) else None, others) or list(names)
        if not places:
            places = self._guessed_texts(others)
        if not places:
            raise Problem("the file has no column of texts besides the answer: name it", "text")
        if len(places) > MOST_TEXTS:
            raise Problem(f"{len(places)} columns of texts; the limit is {MOST_TEXTS}", "kind")
        fullest = max(places, key=lambda place: self._profiles[place].rows - self._profiles[place].kinds["blank"])
        inputs = []
        for place in places:
            profile = self._profiles[place]
            name = names.get(place) or named(profile.name, taken, is_field=True, otherwise="text")
            required = place == fullest or not profile.kinds["blank"]
            inputs.append(Input(name, place, profile.name, "text", required))
            taken.add(name)
        return inputs

    def _guessed_texts(self, others: set[int]) -> list[int]:
        """Those of texts, without short ones beside long ones."""
        free = [place for place in range(len(self._sources)) if place not in others]
        texts = [place for place in free if self._roles[place] == "text"]
        if not texts:
            return [place for place in free if self._roles[place] == "category"][:1]
        longest = max(characters_of(self._profiles[place]) for place in texts)
        kept = [place for place in texts if characters_of(self._profiles[place]) >= min(12, longest)]
        kept = sorted(sorted(kept, key=lambda place: -characters_of(self._profiles[place]))[:MOST_TEXTS])
        if left := [self._sources[place] for place in free if place not in kept and self._roles[place] != "ignored"]:
            self._warnings.append(f"texts are read; the columns {listed(left, 6)} are not")
        return kept

    def _image(self, others: set[int], names: dict[int, str], taken: set[str]) -> list[Input]:
        del taken
        free = [place for place, role in enumerate(self._roles) if place not in others and role == "image"]
        places = list(names) or free
        if len(places) != 1:
            raise Problem("a task of pictures needs one column of them, in base64: name it", IMAGE)
        assert self._plan.kind is None or isinstance(self._plan.kind, ImageSpec)
        return [Input("pixels", places[0], self._sources[places[0]], "image")]

    def _table(self, others: set[int], names: dict[int, str], taken: set[str]) -> list[Input]:
        spec = self._plan.kind if isinstance(self._plan.kind, TableSpec) else TableSpec()
        asked = self._asked(spec.columns, others)
        wanted = {
            found(self._plan.mapping.get(name, name), self._sources, "kind.roles"): role
            for name, role in spec.roles.items()
        }
        inputs = []
        for place in asked if asked is not None else range(len(self._sources)):
            is_asked = asked is not None or place in wanted or place in names
            own = content_of(self._profiles[place], self._overview) if is_asked else self._roles[place]
            role: Role = wanted.get(place, own)
            if place in others or not self._is_of_use(place, role, is_asked=is_asked):
                continue
            profile = self._profiles[place]
            name = names.get(place) or named(profile.name, taken, is_field=False)
            taken.add(name)
            missing = profile.kinds["blank"] + (0 if role == "category" else profile.kinds["absent"])
            inputs.append(Input(name, place, profile.name, self._fitting(role), not missing))
            self._describe(inputs[-1], profile)
            if role == "number" and place not in wanted:
                self._warn_of_dates(profile)
        self._warnings += limited(inputs, {})
        if not inputs:
            raise Problem(
                "the file has no columns of numbers, categories, true or false, or dates besides the answer", "kind"
            )
        return inputs

    @staticmethod
    def _fitting(role: Role) -> Role:
        return "category" if role in {"text", "ignored", "list"} else role

    def _is_of_use(self, place: int, role: Role, *, is_asked: bool) -> bool:
        """Whether a column is told to the network; what is left out without being asked for is told."""
        profile = self._profiles[place]
        if is_asked:
            return True
        if role in {"text", "image", "list"}:
            self._warnings.append(
                f"the column {shown(profile.name)} holds texts or lists, which a table does not: left out"
            )
            return False
        if role == "ignored" and profile.share("nested") > 0.5:
            return False  # which is told with its line
        if role == "ignored":
            reason = "tells rows apart and nothing else" if profile.filled else "is empty"
            self._warnings.append(f"the column {shown(profile.name)} {reason}: left out")
            return False
        if profile.values is not None and profile.distinct == 1 and not profile.kinds["blank"]:
            self._warnings.append(f"the column {shown(profile.name)} has one value in every row: left out")
            return False
        return True

    def _describe(self, column: Input, profile: Profile) -> None:
        if column.role == "category":
            if profile.is_long:
                raise Problem(
                    f"the column {shown(profile.name)} holds values of more than {LONGEST_VALUE} characters, "
                    "which is the limit of a category",
                    profile.name,
                )
            values = [str(value).strip() for value, _ in profile.common(words=False)]
            if profile.values is None or len(values) > MOST_CATEGORIES:
                raise Problem(
                    f"the column {shown(profile.name)} has more than {MOST_CATEGORIES:,} different values, "
                    "which is the limit of a category",
                    profile.name,
                )
            column.values = list(dict.fromkeys(values))
        if column.role == "date":
            column.day_first = profile.is_day_first()
            ambiguous = profile.day_first == profile.month_first == 0 and _slashed(profile)
            if ambiguous:
                self._warnings.append(f"dates of {shown(profile.name)} are read as month/day/year")
        if profile.filled < 0.1 * profile.rows:
            self._warnings.append(
                f"the column {shown(profile.name)} is empty in {1 - profile.filled / profile.rows:.0%} of the rows"
            )

    def _warn_of_dates(self, profile: Profile) -> None:
        """Numbers may be meant as dates."""
        name = profile.name
        if date := date_among(profile):
            role = (
                f"--role {shlex.quote(f'{name}=date')}, or {json.dumps({'roles': {name: 'date'}}, ensure_ascii=False)}"
            )
            told = f"holds numbers that look like dates, such as {date}; it is used as numbers. For dates: {role}"
            self._warnings.append(f"the column {shown(name)} {told}")
        elif slug(name, is_field=True).startswith("date"):
            self._warnings.append(f"the column {shown(name)} holds numbers; dates are written 2026-01-31")


def _slashed(profile: Profile) -> bool:
    return any("/" in str(value) and not str(value)[:4].isdigit() for value in list(profile.values or {})[:20])
