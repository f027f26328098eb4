"""Toy house prices: 400 invented towns to train on and 100 to test with.

The columns are those of the Boston housing data of 1978; the values are drawn, not copied. Three numbers rule a
town: how *urban* it is, how *poor* it is (0.6 urban + 0.8 noise) and how *old* it is (0.7 urban + 0.7 noise), all
about N(0, 1). With e a fresh N(0, 1) each time, and each range the bounds that values are clipped to:

    CRIM     crimes per person, relative     exp(-1.3 + 1.5 urban + 0.5 poor + 0.6 e)          0.006 - 89
    ZN       % of land in large plots        0 for urban > -0.6, else 20 - 28 urban + 8 e          0 - 100
    INDUS    % of land in industry           11 + 5.5 urban + 3 e                               0.46 - 27.74
    CHAS     1 by the river, else 0          1 for about 7 % of towns                              0 or 1
    NOX      nitric oxides, 10 ppm           0.555 + 0.085 urban + 0.05 e                      0.385 - 0.871
    RM       rooms per dwelling              6.3 - 0.35 poor + 0.55 e                           3.56 - 8.78
    AGE      % built before 1940             68 + 24 old + 10 e                                  2.9 - 100
    DIS      distance to work, miles         exp(1.2 - 0.42 urban + 0.22 e)                     1.13 - 12.13
    RAD      access to highways, rank        24 for urban > 0.75, else 1, 2, 3, 4, 5, 6, 7 or 8
    TAX      dollars per $10,000             330 + 7 RAD + 35 urban + 40 e                       187 - 711
    PTRATIO  pupils per teacher              18.4 + 0.7 poor + 0.4 urban + 1.7 e                12.6 - 22
    LSTAT    % of lower status               exp(2.4 + 0.45 poor + 0.25 e)                      1.73 - 37.97
    B        no meaning here                 uniform                                             350 - 396.9

The target MEDV, the median price in thousands of dollars, is

    22.5 + 4.5 (RM - 6.3) + 2.5 max(RM - 7, 0)^2 - 7 ln(LSTAT / 11) - 1.2 ln(1 + CRIM) + 3 CHAS
         - 14 (NOX - 0.555) - 0.6 (PTRATIO - 18.5) - 0.4 (DIS - 3.8) - 0.004 (TAX - 400) + 0.02 ZN + 2 e

clipped to 5 - 50. AGE, INDUS and RAD act on it only through what they go together with; B not at all.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

SEED = 50_613
ROWS = {"train": 400, "test": 100}
FEATURES = ("CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT")
NOISE = 2.0  # standard deviation of the price, thousands of dollars
PRICES = (5.0, 50.0)  # thousands of dollars

Column = npt.NDArray[np.float64]


def rows() -> dict[str, list[Any]]:
    """The 13 feature columns (float), `MEDV` (thousands of dollars, 5-50) and `split` ('train' or 'test')."""
    rng = np.random.default_rng(SEED)
    features = _towns(rng, sum(ROWS.values()))
    noise = rng.normal(0.0, NOISE, len(features["RM"]))
    columns: dict[str, list[Any]] = {name: features[name].tolist() for name in FEATURES}
    columns["MEDV"] = (price_without_noise(features) + noise).clip(*PRICES).round(1).tolist()
    columns["split"] = [split for split, count in ROWS.items() for _ in range(count)]
    return columns


def price_without_noise(features: Mapping[str, Column]) -> Column:
    """What the formula above gives for the features without its last term, unclipped: (n,), thousands of dollars."""
    price: Column = (
        22.5
        + 4.5 * (features["RM"] - 6.3)
        + 2.5 * np.maximum(features["RM"] - 7.0, 0.0) ** 2
        - 7.0 * np.log(features["LSTAT"] / 11.0)
        - 1.2 * np.log1p(features["CRIM"])
        + 3.0 * features["CHAS"]
        - 14.0 * (features["NOX"] - 0.555)
        - 0.6 * (features["PTRATIO"] - 18.5)
        - 0.4 * (features["DIS"] - 3.8)
        - 0.004 * (features["TAX"] - 400.0)
        + 0.02 * features["ZN"]
    )
    return price


def _towns(rng: np.random.Generator, count: int) -> dict[str, Column]:
    """The features of `count` towns, each column (count,), rounded as a printed table would be."""

    def e() -> Column:
        return rng.normal(0.0, 1.0, count)

    def table(values: Column, low: float, high: float, decimals: int) -> Column:
        # Rounding also makes the rows the same on machines whose exp() differs in the last bit.
        return values.clip(low, high).round(decimals)

    urban = e()
    poor = 0.6 * urban + 0.8 * e()
    old = 0.7 * urban + 0.7 * e()
    rank = rng.integers(1, 9, count).astype(np.float64)
    rad = np.where(urban > 0.75, 24.0, rank)
    return {
        "CRIM": table(np.exp(-1.3 + 1.5 * urban + 0.5 * poor + 0.6 * e()), 0.006, 89.0, 4),
        "ZN": table(np.where(urban > -0.6, 0.0, 20.0 - 28.0 * urban + 8.0 * e()), 0.0, 100.0, 1),
        "INDUS": table(11.0 + 5.5 * urban + 3.0 * e(), 0.46, 27.74, 2),
        "CHAS": (rng.random(count) < 0.07).astype(np.float64),
        "NOX": table(0.555 + 0.085 * urban + 0.05 * e(), 0.385, 0.871, 3),
        "RM": table(6.3 - 0.35 * poor + 0.55 * e(), 3.56, 8.78, 3),
        "AGE": table(68.0 + 24.0 * old + 10.0 * e(), 2.9, 100.0, 1),
        "DIS": table(np.exp(1.2 - 0.42 * urban + 0.22 * e()), 1.13, 12.13, 4),
        "RAD": rad,
        "TAX": table(330.0 + 7.0 * rad + 35.0 * urban + 40.0 * e(), 187.0, 711.0, 0),
        "PTRATIO": table(18.4 + 0.7 * poor + 0.4 * urban + 1.7 * e(), 12.6, 22.0, 1),
        # The original B was derived from the share of Black residents in a town and made race a price factor.
        # We do not reproduce that link: the column stays so that the 13 names fit, and means nothing.
        "B": table(rng.uniform(350.0, 396.9, count), 350.0, 396.9, 2),
        "LSTAT": table(np.exp(2.4 + 0.45 * poor + 0.25 * e()), 1.73, 37.97, 2),
    }
