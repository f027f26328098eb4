"""What an `Idempotency-Key` stands for: the API key that sent it, and what was asked with it."""

import hashlib
from typing import Any

from app.domain.recipes import Holdout, KFold
from app.domain.texts import NGrams
from app.wire.runs import TrainRequest

OF_NGRAMS_LATER = {"hashed", "interpolation", "spelling", "contrast"}


def digest_of(request: TrainRequest) -> str:
    """SHA-256 of the request: two are the same where theirs are."""
    return sha256_of(_told(request))


def sha256_of(content: str) -> str:
    """What tells one request from another."""
    return hashlib.sha256(content.encode()).hexdigest()


def own(idempotency_key: str, key_id: str) -> str:
    """What two API keys that send the same do not share."""
    return hashlib.sha256(f"{key_id}\0{idempotency_key}".encode()).hexdigest() if key_id else idempotency_key


def _told(request: TrainRequest) -> str:
    """The request without fields that say nothing: keys of before there were such fields stay known."""
    silent: dict[str, Any] = {
        name: True
        for name, default in (("seeds", 1), ("webhook", None), ("note", ""))
        if getattr(request, name) == default
    }
    course = ("schedule", "label_smoothing", "class_weights", "averaging", "precision")
    later = ("targets", "members", "augmentation", *course)
    if unsaid := {name for name in later if name not in request.recipe.model_fields_set}:
        silent["recipe"] = dict.fromkeys(unsaid, True)
    features = request.recipe.features
    if isinstance(features, NGrams) and (unsaid := OF_NGRAMS_LATER - features.model_fields_set):
        silent.setdefault("recipe", {})["features"] = unsaid
    if isinstance(request.validation, Holdout | KFold) and request.validation.rows == "in_order":
        silent["validation"] = {"rows"}
    return request.model_dump_json(exclude=silent)
