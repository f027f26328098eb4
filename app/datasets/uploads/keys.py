"""A number for each row, the same for rows whose inputs are the same to a network: 64 bits, drawn by the seed."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.datasets.uploads.roles import Input
from app.encoding.normalization import LOSSLESS
from app.encoding.words import words_of

Keys = NDArray[np.uint64]

_PRIME = np.uint64(0x9E3779B97F4A7C15)


def keys_of(columns: Sequence[tuple[Input, Any]], rows: int, seed: int) -> Keys:
    """(rows,): texts as training reads them, pictures by their pixels, tables by all of their values."""
    salt = seed.to_bytes(8, "little", signed=True)
    if columns[0][0].role == "text":
        texts = zip(*(array.to_pylist() for _, array in columns), strict=True)
        words = (" ".join(words_of(" ".join(text for text in row if text))) for row in texts)
        return np.array([_key(each.encode("utf-8", LOSSLESS), salt) for each in words], dtype=np.uint64)
    if columns[0][0].role == "image":
        array = columns[0][1]
        pixels = array.flatten().to_numpy().reshape(rows, -1)
        return np.array([_key(row.tobytes(), salt) for row in pixels], dtype=np.uint64)
    keys = np.full(rows, _key(b"", salt), dtype=np.uint64)
    for column, array in columns:
        keys = _mixed(keys ^ _numbers(column, array, salt))
    return keys


def _key(content: bytes, salt: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8, key=salt).digest(), "little")


def _numbers(column: Input, array: Any, salt: bytes) -> Keys:
    if column.role == "number":
        numbers = array.to_numpy(zero_copy_only=False).astype(np.float64) + 0.0  # no negative zero
        numbers[np.isnan(numbers)] = np.nan
        found: Keys = numbers.view(np.uint64)
        return found
    coded = array.dictionary_encode()
    known = [_key(repr(value).encode("utf-8", LOSSLESS), salt) for value in coded.dictionary.to_pylist()]
    table = np.array([*known, 0], dtype=np.uint64)
    places = coded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False).astype(np.int64)
    keys: Keys = table[places]
    return keys


def _mixed(keys: Keys) -> Keys:
    """The finaliser of MurmurHash3, about: each bit depends on all."""
    keys = (keys ^ (keys >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    keys = (keys ^ (keys >> np.uint64(33))) * _PRIME
    mixed: Keys = keys ^ (keys >> np.uint64(33))
    return mixed
