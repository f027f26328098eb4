"""What encoders of n-grams write into `preprocessing.json` alike."""

from collections.abc import Mapping
from typing import Any

from app.domain.texts import NGrams

VERSION = 1  # of these rules; raise it when a text gets other n-grams


def features_of(saved: Mapping[str, Any]) -> NGrams:
    """The features that `to_json` wrote; fields that came later have their defaults.

    Raises:
        KeyError, ValueError: it describes none, or a later release made it.
    """
    if saved["version"] > VERSION:
        raise ValueError(f"version {saved['version']} is of a later release")
    return NGrams.model_validate({name: saved[name] for name in NGrams.model_fields if name in saved})
