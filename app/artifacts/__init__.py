"""Artifacts: the files of a model, immutable once published."""
