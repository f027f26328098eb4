"""The colours of pictures, in the light and in the dark theme of the page, and how well they stand apart.

They are Okabe and Ito's, told apart with any colour vision; in the light theme the pale ones are darker than theirs, so
that every line stands off its ground by 3 to 1 (WCAG 2.2, 1.4.11). Grounds, text and grid are those of the page's cards
(app/web/style.css).
"""

from dataclasses import dataclass
from typing import Literal

Theme = Literal["light", "dark"]


@dataclass(frozen=True)
class Palette:
    """Colours as `#rrggbb`."""

    ground: str
    ink: str  # text
    muted: str  # secondary text, axes
    pale: str  # grid
    blue: str
    vermillion: str
    green: str
    purple: str
    orange: str
    sky: str
    strong: str  # the ground's opposite
    wine: str
    grey: str
    indigo: str
    shares: tuple[str, ...]  # from nothing to all, of a matrix
    goodness: tuple[str, ...]  # from worst to best, of lines: the better, the farther from the ground

    @property
    def runs(self) -> tuple[str, ...]:
        """A colour for each of ten runs: Okabe and Ito's, then three that stay apart from them."""
        first = (self.blue, self.vermillion, self.green, self.purple, self.orange, self.sky, self.strong)
        return (*first, self.wine, self.grey, self.indigo)

    @property
    def classes(self) -> tuple[str, str]:
        """Those of two classes."""
        return self.blue, self.vermillion

    def on(self, colour: str) -> str:
        """What text on this colour is written in: one of them always stands off it by 4.5 to 1."""
        return max("#000000", "#ffffff", self.ink, key=lambda each: contrast(each, colour))


LIGHT = Palette(
    ground="#ffffff", ink="#17201f", muted="#52605e", pale="#dbe0e0",
    blue="#0072b2", vermillion="#d55e00", green="#008f68", purple="#c46c9c", orange="#bf7f00", sky="#2f98d4",
    strong="#000000", wine="#882255", grey="#8c8c8c", indigo="#332288",
    shares=("#f2f7fc", "#6baed6", "#2171b5", "#08306b"),
    goodness=("#d9dee3", "#56b4e9", "#0072b2", "#00304d"),
)  # fmt: skip
DARK = Palette(
    ground="#181f1e", ink="#e7eeec", muted="#a3b2af", pale="#2c3735",
    blue="#56b4e9", vermillion="#f0803c", green="#2fc29a", purple="#df9cc3", orange="#f2c14e", sky="#bfe3f7",
    strong="#ffffff", wine="#d0688f", grey="#93a19e", indigo="#9a92f0",
    shares=("#1d2a30", "#1f5a80", "#3e93c9", "#cfeafa"),
    goodness=("#36423f", "#22628a", "#56b4e9", "#e3f4fd"),
)  # fmt: skip
PALETTES: dict[Theme, Palette] = {"light": LIGHT, "dark": DARK}


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminances, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
