"""The bundled `sample` dataset of each task: toy rows, so that a task trains in seconds with nothing else at hand.

One module per kind of row (`reviews`, `newswires`, `digits`, `houses`). Each has `rows()`, which returns its
columns by name, all train rows before all test rows, the same values on every call. Every row is written or
generated here; none comes from a published corpus.
"""
