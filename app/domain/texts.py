"""How texts become numbers."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from app.domain.numbers import Integer
from app.domain.part import Part

MOST_N_GRAMS = 500_000  # 2 MB of kernel for each unit of the first layer
MOST_HASHED = 2**18  # the largest power of two of them

Weights = Literal["presence", "tf_idf", "naive_bayes"]


class MultiHot(Part):
    """A text as a row of zeros with a one for each word id that occurs in it."""

    kind: Literal["multi_hot"] = "multi_hot"
    words: Annotated[int, Integer(5, 100_000)] = Field(
        10_000,
        description="word ids in use, as num_words in keras.datasets: ids 0-3 are reserved, "
        "the others go to the most frequent words of the training split, or to the first of the word index that "
        "imported rows came with",
    )


class NGrams(Part):
    """A text as a row of weights, of length one, for the words and sequences of words that occur in it.

    Contractions are taken apart, letters are repeated twice at most, and `!`, `?`, emoticons and emojis are words.
    """

    kind: Literal["n_grams"] = "n_grams"
    max_n: Annotated[int, Integer(1, 3)] = Field(2, description="words in the longest n-gram")
    max_features: Annotated[int, Integer(10, MOST_N_GRAMS)] = Field(100_000, description="n-grams in use, at most")
    hashed: bool = Field(
        False,
        description=f"whether all n-grams are in use, in `max_features` columns, a power of two up to {MOST_HASHED:,}: "
        "which one each has is told by its hash, so that some share one (Weinberger et al. 2009), and no vocabulary is "
        "kept. Otherwise those are in use that most texts hold",
    )
    weights: Weights = Field(
        "tf_idf",
        description="`presence`: 1; `tf_idf`: 1 + log(occurrences), times 1 + the log of the inverse share of "
        "texts that hold it; `naive_bayes`: how far apart the labels are in using it, as the log of the ratio of their "
        "shares of texts that hold it (Wang & Manning 2012), learnt from the rows that are trained on",
    )
    negation: bool = Field(
        False,
        description="whether the next four words after `not`, `never` and the like, within the clause, are other words "
        "(Das & Chen 2001)",
    )
    contrast: bool = Field(
        False,
        description="whether the words of a sentence before its last `but` are other words (as Polanyi & Zaenen 2006 "
        "weigh them)",
    )
    sentences: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the training texts' sentences that are texts of their own in an epoch, drawn anew for "
        "each: so that a single sentence is judged as well as a page. Of all of four words and more, from texts of "
        "several, four for each text are drawn from",
    )
    spelling: bool = Field(
        False,
        description="whether an unknown word of five letters and more is read as the most frequent known one that is "
        "one edit away, with the same first letter (Damerau 1964)",
    )
    interpolation: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of what is learnt in each weight; the rest is the mean weight, with the sign of the "
        "n-gram's ratio by naive Bayes (Wang & Manning 2012). 1: only what is learnt. Of `naive_bayes`, the head "
        "`binary` and no hidden layers",
    )

    @field_validator("hashed")
    @classmethod
    def _columns_are_a_power_of_two(cls, hashed: bool, info: ValidationInfo) -> bool:
        columns: int | None = info.data.get("max_features")
        if hashed and columns and (columns & (columns - 1) or columns > MOST_HASHED):
            raise ValueError(f"needs max_features that are a power of two up to {MOST_HASHED:,}, not {columns:,}")
        return hashed

    @field_validator("spelling")
    @classmethod
    def _spelling_has_words(cls, spelling: bool, info: ValidationInfo) -> bool:
        if spelling and info.data.get("hashed"):
            raise ValueError("is for n-grams that are not hashed: of those no words are kept that could be meant")
        return spelling

    @field_validator("interpolation")
    @classmethod
    def _interpolation_fits_weights(cls, share: float, info: ValidationInfo) -> float:
        weights: Weights | None = info.data.get("weights")
        if share < 1 and weights and weights != "naive_bayes":
            raise ValueError(f"below 1 is for weights naive_bayes, not {weights}")
        return share
