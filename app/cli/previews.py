"""`densely train --dry-run`: what a training would be."""

import json
from typing import Any

from app.cli.output import as_json, facts, line, show
from densely_client.forms import Estimate, Preview

SIZES = ("units", "filters", "rate", "pool_size", "learning_rate", "words", "max_features", "size", "folds")


def tell(preview: Preview, *, as_text: bool) -> None:
    """Its layers, what is not the preset's, how long it takes, what is not certain; `as_text`: as JSON."""
    if as_text:
        as_json(preview)
        return
    rows: list[tuple[Any, ...]] = [("input", _shape(preview.input), "")]
    rows += [(layer.kind, _shape(layer.output), f"{layer.parameters:,}") for layer in preview.layers]
    show(["layer", "output", "parameters"], rows, "")
    line("")
    if preview.changes:
        changes = [(change.field, _value(change.preset), _value(change.value)) for change in preview.changes]
        show(["changes", "preset", "here"], changes, "")
        line("")
    facts(
        [
            ("parameters", f"{preview.parameters:,}"),
            ("dataset", preview.dataset),
            ("takes", _taken(preview.estimate) if preview.estimate else "not known: no run has been carried out yet"),
            ("waits", duration(preview.queue_seconds) if preview.queue_seconds else None),
        ]
    )
    for warning in preview.warnings:
        line(f"! {warning}")


def _shape(shape: list[int]) -> str:
    return " × ".join(f"{side:,}" for side in shape)


def _value(value: Any) -> str:
    """A value in few letters: of parts, their kinds and their sizes."""
    if isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
        text = ", ".join(map(_value, value))
    elif isinstance(value, dict) and "kind" in value:
        size = next((value[name] for name in SIZES if name in value), "")
        text = f"{value['kind']} {size}".strip()
    else:
        text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _taken(estimate: Estimate) -> str:
    runs = f"{estimate.runs} run{'s' * (estimate.runs != 1)}"
    told = {"same recipe": "of the same recipe", "similar runs": "of the same dataset", "weights": "of other tasks"}
    between = f"between {duration(estimate.low)} and {duration(estimate.high)}"
    return f"about {duration(estimate.seconds)}, {between}, by {runs} {told[estimate.basis]}"


def duration(seconds: float) -> str:
    """In the unit that suits it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
