"""What was measured, as a picture: ratio against decode speed, and requests for each view."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zarrlift.errors import UsageError, from_os_error
from zarrlift.plan.candidates import Readers
from zarrlift.report import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from zarrlift.plan.candidates import CodecResult
    from zarrlift.plan.tuning import Tuning

KINDS = (".png", ".svg")
_ROW, _LEAST = 0.27, 3.6
"""Height in inches of a line of text, and of the smallest panel."""
_GREY, _BLUE, _ORANGE = "#666666", "#1b6ca8", "#c4500b"


def check_plot(path: Path) -> None:
    """Raise `UsageError` where no picture could be drawn: its kind, or the library."""
    if path.suffix.lower() not in KINDS:
        raise UsageError(
            f"a picture that ends in {path.suffix!r} cannot be drawn",
            place=str(path),
            hint=f"name it {' or '.join(KINDS)}",
        )
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise UsageError(
            "--plot needs matplotlib, which is not installed",
            hint="pip install 'zarrlift[plot]', or leave --plot out",
        ) from error
    mpl.use("agg", force=False)


def save_plot(tuning: Tuning, path: Path) -> None:
    """Draw a tuning; PNG or SVG by the file's name. Text stays text in SVG.

    Raises `UsageError` as `check_plot` does, `StorageError` where it cannot be written.
    """
    check_plot(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    heights = [
        max(_LEAST, _ROW * (len(tuning.codecs) + 2)),
        max(_LEAST / 2, _ROW * (len(tuning.layouts) + 3)),
    ]
    with mpl.rc_context({"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "zarrlift"}):
        figure = Figure(figsize=(9.0, sum(heights) + 1.3), layout="constrained")
        above, below = figure.subplots(2, 1, height_ratios=heights)
        level = tuning.subject.level
        title = f"{Path(tuning.source).name} {level.path}: {words.shape(level.layout.shape)}"
        figure.suptitle(f"{title} {level.layout.data_type.name}", fontsize=10)
        _draw_codecs(above, tuning)
        _draw_requests(below, tuning)
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
        try:
            figure.savefig(path, dpi=110, metadata=metadata)
        except OSError as error:
            raise from_os_error(error, doing="writing", place=str(path)) from error


def _draw_codecs(axes: Axes, tuning: Tuning) -> None:
    """Draw each candidate as a point, named in a column at the right that a line leads to."""
    from matplotlib.ticker import LogLocator, NullLocator

    advice = tuning.advice
    front = [r for r in tuning.codecs if advice and r.name in advice.front]
    front.sort(key=lambda r: r.decode_rate)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.plot(*_points(front), color=_BLUE, linewidth=1.2, zorder=2, label="Pareto front")
    for one in tuning.codecs:
        axes.scatter(*_points([one]), s=34, color=_colour(one, tuning), zorder=3)
    _name_points(axes, tuning)
    axes.set_xlabel("decoding on one core, MB/s of decoded data (right is quicker)")
    axes.set_ylabel("raw / stored (up is smaller)")
    axes.grid(visible=True, color="#dddddd", linewidth=0.6, which="major")
    axes.legend(loc="lower left", frameon=False)
    axes.set_title("Codecs: ratio against decode speed", loc="left", fontsize=10)


def _points(results: Sequence[CodecResult]) -> tuple[list[float], list[float]]:
    return [r.decode_rate / 1e6 for r in results], [r.ratio for r in results]


def _colour(one: CodecResult, tuning: Tuning) -> str:
    if one.candidate.now:
        return _ORANGE
    return _BLUE if tuning.advice and one.name in tuning.advice.front else _GREY


def _name_points(axes: Axes, tuning: Tuning) -> None:
    """Write the names in the order of the points' heights, evenly spaced, so that none meet."""
    ordered = sorted(tuning.codecs, key=lambda r: (r.ratio, r.decode_rate))
    for place, one in enumerate(ordered):
        axes.annotate(
            _label(one),
            xy=(one.decode_rate / 1e6, one.ratio),
            xytext=(1.03, (place + 0.5) / len(ordered)),
            textcoords="axes fraction",
            va="center",
            ha="left",
            color=_colour(one, tuning),
            arrowprops={
                "arrowstyle": "-",
                "relpos": (0.0, 0.5),
                "color": _colour(one, tuning),
                "linewidth": 0.5,
                "alpha": 0.6,
                "shrinkA": 1,
                "shrinkB": 3,
            },
        )


def _label(one: CodecResult) -> str:
    name = one.name if len(one.name) <= 40 else f"{one.name[:39]}…"  # noqa: PLR2004 - a column
    if one.candidate.now:
        return f"{name} (now)"
    return f"{name} (few readers)" if one.candidate.readers is Readers.FEW else name


def _draw_requests(axes: Axes, tuning: Tuning) -> None:
    """Draw a table of requests, each cell the darker the more there are."""
    from matplotlib.colors import LogNorm

    table = [[cost.requests for cost in one.views] for one in tuning.layouts]
    most = max(max(row) for row in table)
    norm = LogNorm(1, max(10, most))
    axes.imshow(table, aspect="auto", cmap="Blues", norm=norm)
    for y, row in enumerate(table):
        for x, number in enumerate(row):
            colour = "white" if norm(max(1, number)) > 0.6 else "black"  # noqa: PLR2004 - legible
            axes.text(x, y, f"{number:,}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(tuning.views)), [view.name for view in tuning.views])
    axes.set_yticks(
        range(len(tuning.layouts)), [_layout_label(tuning, n) for n in range(len(table))]
    )
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_title("Requests for each view", loc="left", fontsize=10)


def _layout_label(tuning: Tuning, number: int) -> str:
    one = tuning.layouts[number]
    return one.name if one.shards else f"{one.name}: {words.shape(one.chunks)}"
