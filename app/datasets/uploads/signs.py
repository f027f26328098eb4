"""What speaks against training on rows as they are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from app.datasets.uploads.keys import Keys
from app.datasets.uploads.names import listed
from app.datasets.uploads.problems import shown
from app.datasets.uploads.profile import Profile
from app.datasets.uploads.roles import Input
from app.datasets.uploads.split import Mask, on_both_sides
from app.domain.counting import counted
from app.wire.datasets import Fault, LabelCount

SAMPLE = 5_000  # rows in which a column that gives the label away is looked for
SAMPLE_CELLS = 400_000  # of these rows
FEW = 10  # rows of a label, below which it is hardly learnt
FEW_ROWS = 100  # in all
UNEVEN = 50  # times as many rows of the most frequent label as of the rarest
GIVEN_AWAY = 0.995  # of the rows in which a column alone tells the label


def about_labels(labels: Sequence[LabelCount], rows: int) -> list[str]:
    """Labels with few rows, and labels that nearly all rows have."""
    warnings = []
    if rows < FEW_ROWS:
        warnings.append(
            f"there {'is' if rows == 1 else 'are'} {counted(rows, 'row')}; a network needs some hundred at least"
        )
    if not labels:
        return warnings
    counts = {str(label.label): label.train + label.test for label in labels}
    if few := [name for name, count in counts.items() if count < FEW]:
        warnings.append(f"fewer than {FEW} rows have the label {listed(few, 5)}")
    if absent := [str(label.label) for label in labels if label.test == 0]:
        warnings.append(f"no row of the test split has the label {listed(absent, 5)}")
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[most] >= UNEVEN * max(1, counts[least]) or counts[most] > 0.95 * rows:
        rarest = f"{shown(least)} {counts[least]:,}"
        warnings.append(f"the labels are unbalanced: {shown(most)} has {counted(counts[most], 'row')}, {rarest}")
    return warnings


def about_nested(profiles: Sequence[Profile]) -> list[Fault]:
    """Columns that hold objects, each with the line of the first one."""
    return [
        Fault(line=profile.nested_line, column=profile.name, message="is an object, not one value")
        for profile in profiles
        if profile.nested_line is not None and profile.share("nested") > 0.5
    ]


def about_sides(keys: Keys, test: Mask, known: Keys) -> list[str]:
    """Inputs on both sides of the split; `known` are the keys that several rows have."""
    both = on_both_sides(keys, known, test)
    return (
        [f"{counted(both, 'input')} of the test split {'is' if both == 1 else 'are'} trained on as well"]
        if both
        else []
    )


def giveaways(inputs: Sequence[Input], sample: Mapping[str, list[Any]], answers: list[Any]) -> list[str]:
    """Columns that tell the answer on their own, as something that was written down after it does."""
    if len(answers) < 30 or isinstance(answers[0], list):
        return []
    are_numbers = isinstance(answers[0], float)
    usual = 0.0 if are_numbers else Counter(answers).most_common(1)[0][1] / len(answers)
    if usual > 0.97:
        return []
    found = []
    for column in inputs:
        cells = sample[column.name]
        if column.role == "text":
            told = not are_numbers and _says_label(cells, answers)
        elif column.role == "image":
            told = False
        elif are_numbers:
            told = column.role == "number" and _is_same(cells, answers)
        else:
            told = _tells(cells, answers, usual, ordered=column.role in {"number", "date"})
        if told:
            found.append(f"the column {shown(column.title)} alone gives the answer away: should it be an input?")
    return found


def _says_label(texts: list[Any], answers: list[Any]) -> bool:
    """Whether nearly every text has its label's own words, and few have another's."""
    if any(len(str(answer)) < 3 for answer in set(answers)):
        return False
    own = np.mean(
        [str(answer).casefold() in (text or "").casefold() for text, answer in zip(texts, answers, strict=True)]
    )
    others = np.mean(
        [
            str(answer).casefold() in (text or "").casefold()
            for text, answer in zip(texts, answers[1:] + answers[:1], strict=True)
        ]
    )
    return bool(own >= 0.98 and others < 0.9)


def _is_same(cells: list[Any], answers: list[Any]) -> bool:
    pairs = np.array([(cell, answer) for cell, answer in zip(cells, answers, strict=True) if cell is not None])
    if len(pairs) < 30 or not pairs.std(axis=0).all():
        return False
    return bool(abs(np.corrcoef(pairs.T)[0, 1]) > 0.9999)


def _tells(cells: list[Any], answers: list[Any], usual: float, *, ordered: bool) -> bool:
    """Whether equal cells, or ordered ones side by side, have equal labels far oftener than by chance."""
    known = [(cell, str(answer)) for cell, answer in zip(cells, answers, strict=True) if cell is not None]
    if len(known) < 0.9 * len(cells):
        return False
    if ordered:
        known.sort(key=lambda pair: pair[0])
        runs = sum(one[1] != other[1] for one, other in pairwise(known))
        return runs <= 2 * len(set(answers)) and 1 - runs / len(known) >= GIVEN_AWAY - 0.02 and usual < 0.95
    values: dict[Any, Counter[str]] = {}
    for cell, answer in known:
        values.setdefault(cell, Counter())[answer] += 1
    if len(values) > len(known) / 3:
        return False
    right = sum(counts.most_common(1)[0][1] for counts in values.values())
    return right / len(known) >= GIVEN_AWAY
