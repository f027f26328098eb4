"""The simulation drawn: how full each part is as the load grows, and what that does to an answer."""

from pathlib import Path

import numpy as np

from benchmarks.simulation import limits
from benchmarks.simulation.figures import Figures
from benchmarks.simulation.requests import Answers


def draw(figures: Figures, plan: limits.Plan, curve: list[tuple[float, Answers]], folder: Path) -> Path:
    """Two panels in one PNG; the file."""
    from matplotlib.figure import Figure

    picture = Figure(figsize=(11, 4.5), layout="constrained", dpi=110)
    left, right = picture.subplots(1, 2)
    times = np.geomspace(0.1, 1_000, 120)
    for name in (*limits.COUNTED, limits.LOCK):
        left.plot(times, [limits.shares(figures, plan, each)[name] for each in times], label=name, linewidth=2)
    left.axhline(limits.FULL, color="grey", linestyle="--", linewidth=1)
    left.set(
        xscale="log", ylim=(0, 1), xlabel="times 100,000 requests/s and 10,000 runs a day", ylabel="share that is busy"
    )
    picture.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    for name in ("p50", "p99"):
        right.plot([each for each, _ in curve], [getattr(found, name) for _, found in curve], marker="o", label=name)
    right.set(xlabel="share of the replicas' processor time", ylabel="milliseconds of an answer", ylim=(0, None))
    right.legend(frameon=False)
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "simulation.png"
    picture.savefig(file)
    return file
