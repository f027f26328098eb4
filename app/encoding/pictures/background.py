"""What of a picture is ink: the ground is estimated where it is seen, and ink is what differs from it.

Paper in a photograph is brighter here and darker there, and no threshold on brightness tells it from ink. So the
ground is estimated locally, by a grey opening (Serra 1982): what is narrower than some part of the picture is taken
off. A ground of one colour, as programs draw it, needs none of this, and there grey edges stay as grey as they are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float32]  # (rows, columns, 1 or 3), 0 to 255
Plane = NDArray[np.float32]  # (rows, columns)

BAND = 0.1  # of each side: the outer part of a picture, which is mostly ground
EVEN = 4.0  # grey values that a ground of one colour differs by, at most
QUIET = 1.2  # grey values: noise that needs no smoothing
MOSTLY = 0.3  # of what is away from the ground's colour is wide in a shadow
WIDEST = 0.25  # of the shorter side: what is wider is ground
COARSE = 48  # cells of the longer side of the copy that shows the ink's colour
SAMPLED = 160  # pixels of the longer side, about, that tell colours and levels
LEVELS = 128  # of a histogram
DIMMEST = 0.3  # of the light: ink in deeper shadows is amplified no further
LEAST = 10.0  # grey values: what differs less from its ground is none
LEAST_SHADED = 34.0  # the same where the ground is not of one colour
CLEAR = 4.0  # times the noise, and as many times at least does ink differ


@dataclass(frozen=True)
class Ink:
    """What differs from the ground."""

    share: Plane  # 0 to 1, of the ink's strength
    is_even: bool  # whether the ground is of one colour
    contrast: float  # grey values between ink and ground


def ink_of(colours: Colours) -> Ink | None:
    """The ink of a picture, of at least 3 × 3 pixels; None where there is next to none."""
    from scipy import ndimage

    noise = noise_of(colours)
    if noise > QUIET:
        width = min(1.6, 0.5 + noise / 10)
        colours = ndimage.gaussian_filter(colours, (width, width, 0))
    ground = _band_median(colours)
    is_even = _is_even(np.abs(colours - ground).max(axis=2) > EVEN + noise)
    direction = _direction(colours - ground if is_even else _fitted(colours))
    plane = colours @ direction
    plane = plane - ground @ direction if is_even else _lit(plane, direction)
    return _normalised(plane, is_even, noise)


def noise_of(colours: Colours) -> float:
    """Standard deviation of a picture's noise, grey values (Immerkær 1996, with a median for the mean)."""
    plane = colours[..., colours.shape[2] // 2]  # the only one, or green
    rows = plane[:-2:2] - 2 * plane[1:-1:2] + plane[2::2]
    both = rows[:, :-2:2] - 2 * rows[:, 1:-1:2] + rows[:, 2::2]
    return float(np.median(np.abs(both))) / (0.6745 * 6)


def _band_median(colours: Colours) -> NDArray[np.float32]:
    """(channels,) the colour of the outer part; a frame there takes less than half of it."""
    wide, high = (max(1, round(BAND * side)) for side in colours.shape[1::-1])
    parts = (colours[:high], colours[-high:], colours[high:-high, :wide], colours[high:-high, -wide:])
    channels = colours.shape[2]
    outer = np.concatenate([part.reshape(-1, channels) for part in parts])
    return np.asarray(np.median(outer, axis=0), dtype=np.float32)


def _is_even(away: NDArray[np.bool_]) -> bool:
    """Whether what is away from the ground's colour can be ink: not most, nor mostly wide where it is at the edge."""
    from scipy import ndimage

    if away.mean() > 0.5:
        return False
    step = max(1, max(away.shape) // COARSE)
    coarse = away[::step, ::step]
    size = max(2, round(WIDEST * min(coarse.shape)))
    wide = ndimage.grey_opening(np.pad(coarse, size), size=(size, size))[size:-size, size:-size]
    if wide.sum() < MOSTLY * coarse.sum():  # a thick digit has a wide part or two
        return True
    return not any(side.any() for side in (wide[0], wide[-1], wide[:, 0], wide[:, -1]))


def _fitted(colours: Colours) -> Colours:
    """What a coarse copy differs by from the mean around each of its cells: (cells, cells, channels)."""
    from scipy import ndimage

    step = max(1, max(colours.shape[:2]) // COARSE)
    rows, columns = (max(1, side // step) for side in colours.shape[:2])
    step = min(step, *colours.shape[:2])
    cells = colours[: rows * step, : columns * step].reshape(rows, step, columns, step, -1).mean(axis=(1, 3))
    size = max(3, round(WIDEST * min(rows, columns)))
    away: Colours = cells - ndimage.uniform_filter(cells, (size, size, 0), mode="nearest")
    return away


def _direction(away: Colours) -> NDArray[np.float32]:
    """(channels,) the way from the ground's colour to the ink's: whatever two colours they are, one plane has all."""
    step = max(1, max(away.shape) // SAMPLED)
    flat = away[::step, ::step].reshape(-1, away.shape[2]).astype(np.float64)
    weight = (flat**2).sum(axis=1)
    strong = weight > 0.25 * np.quantile(weight, 0.998)
    flat, weight = flat[strong], weight[strong]
    if not len(flat) or not weight.any():
        return np.full(away.shape[2], 1 / away.shape[2], dtype=np.float32)
    _, vectors = np.linalg.eigh((flat * weight[:, None]).T @ flat)
    main = vectors[:, -1]
    sign = np.sign(((flat @ main) ** 3).sum()) or 1.0
    return np.asarray(sign * main / np.sqrt(len(main)), dtype=np.float32)


def _lit(plane: Plane, direction: NDArray[np.float32]) -> Plane:
    """What stands out of a plane's own ground, as if the light were the same everywhere."""
    from scipy import ndimage

    size = max(3, round(WIDEST * min(plane.shape)))
    ground = ndimage.grey_opening(plane, size=(size, size), mode="nearest")
    ink = plane - ground
    ink -= np.float32(np.median(ink))
    along = -float(direction.sum())  # of dark ink on grey paper 1
    if along > 0.7:
        light = np.maximum(-ground, 1)
        brightest = float(np.quantile(light, 0.95))
        if brightest > 80:
            ink /= np.clip(light / brightest, DIMMEST, 1)
    return np.asarray(ink, dtype=np.float32)


def _normalised(plane: Plane, is_even: bool, noise: float) -> Ink | None:
    threshold = otsu(plane)
    above = plane[plane > threshold]
    strength = float(np.quantile(above, 0.9)) if len(above) else 0.0
    if strength < max(LEAST if is_even else LEAST_SHADED, CLEAR * noise):
        return None
    low, high = (0.0, strength) if is_even and noise <= QUIET else (0.3 * strength, 0.85 * strength)
    return Ink(np.clip((plane - low) / (high - low), 0, 1).astype(np.float32), is_even, strength)


def otsu(plane: Plane) -> float:
    """The threshold that parts the values of a plane best (Otsu 1979)."""
    least, most = float(plane.min()), float(plane.max())
    if most - least < 1e-6:
        return most
    step = max(1, max(plane.shape) // SAMPLED)
    places = ((plane[::step, ::step] - least) * (LEVELS / (most - least))).astype(np.int16)
    counts = np.bincount(np.minimum(places, LEVELS - 1).ravel(), minlength=LEVELS)
    below = np.cumsum(counts)
    sums = np.cumsum(counts * np.arange(LEVELS))
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums[-1] * (below / below[-1]) - sums) ** 2 / (below * (below[-1] - below).astype(np.float64))
    best = int(np.argmax(np.where(np.isfinite(between), between, -1)))
    return least + (best + 1) * (most - least) / LEVELS
