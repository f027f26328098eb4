"""How much each field of a sweep's space shows in the figures of its trials."""

from app.plots.style import SMALL_POINTS, WIDTH, Look, clean, colours, drawing, light_grid, page, render
from app.plots.trials import figures, told
from app.wire.sweeps import Sweep

NAME, NARROW_NAME = 44, 24  # letters of a field's name


def importance(sweep: Sweep, title: str, look: Look) -> bytes:
    """A bar for each field, the most important first, with its share of 100 %."""
    found = sorted(sweep.importance, key=lambda each: -each.share)
    names = [clean(each.field, NARROW_NAME if look.is_narrow else NAME) for each in found]
    shares = [each.share for each in found]
    places = list(range(len(found)))
    said = f"share of the differences in {figures(sweep).metric} that each field explains"
    with drawing(look.theme):
        figure = page(look.fit(WIDTH * 0.8), 0.7 + 0.34 * len(found), title, told(sweep, [said]))
        axes = figure.subplots()
        light_grid(axes, "x")
        axes.barh(places, shares, height=0.64, color=colours().blue)
        for place, share in zip(places, shares, strict=True):
            axes.annotate(
                f"{share:.0%}" if share >= 0.01 or not share else "< 1%",
                (share, place),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                color=colours().ink,
                fontsize=SMALL_POINTS,
            )
        axes.set_yticks(places, names)
        axes.set(ylim=(len(found) - 0.5, -0.5), xlim=(0, max(shares) * 1.12 or 1.0))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.locator_params(axis="x", nbins=3 if look.is_narrow else 6)
        return render(figure, look, title)
