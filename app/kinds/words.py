"""What the words of a text do to an answer, each where it stands."""

from collections.abc import Mapping

import numpy as np

from app.domain.word_ids import UNKNOWN
from app.encoding import tokens
from app.encoding.multi_hot import TextEncoder
from app.encoding.n_grams import NGramEncoder
from app.encoding.words import spans_within
from app.kinds.answers import DECIMALS, Effects
from app.wire.predictions import WordEffect


def of_words(encoder: TextEncoder, texts: Mapping[str, str], effects: Effects) -> list[WordEffect]:
    """Of multi-hot rows. Of several unknown words none has an effect: the others stay unknown."""
    words: list[WordEffect] = []
    unknown: set[str] = set()
    for field, spans in spans_within(texts):
        ids = [encoder.ids.get(word, UNKNOWN) for word, _, _ in spans]
        unknown |= {span[0] for span, number in zip(spans, ids, strict=True) if number == UNKNOWN}
        words += [
            {"word": word, "field": field, "start": start, "end": end, "effect": effect}
            for (word, start, end), effect in zip(spans, np.round(effects[ids], DECIMALS).tolist(), strict=True)
        ]
    if len(unknown) > 1:
        for word in words:
            word["effect"] = 0.0 if word["word"] in unknown else word["effect"]
    return words


def of_n_grams(encoder: NGramEncoder, texts: Mapping[str, str], effects: Effects) -> list[WordEffect]:
    """Of n-grams: what a contraction stands for counts together, and marks that are in none are left out."""
    spans = [(field, *span) for field, text in texts.items() for span in tokens.spans_of(text)]
    ids = [encoder.ids_for(words) for _, words, _, _ in spans]
    shares = encoder.shares(np.array([number for some in ids for number in some], dtype=np.int64), effects)
    ends = np.cumsum([0, *map(len, ids)]).tolist()
    return [
        {
            "word": " ".join(words),
            "field": field,
            "start": start,
            "end": end,
            "effect": round(float(shares[first:last].sum()), DECIMALS),
        }
        for (field, words, start, end), first, last in zip(spans, ends[:-1], ends[1:], strict=True)
        if words and words[0] not in (tokens.PAUSE, tokens.FULL_STOP)
    ]
