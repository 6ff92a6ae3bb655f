"""What was measured, as one picture: every row against its reference, and its aim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.results import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.cases import Figure as Measure
    from benchmarks.machine import Machine

_ROW = 0.3
"""Height of a row in inches."""
_COLORS = {
    "zarrlift": "#1b6ca8",
    "challenge": "#c4500b",
    "tensorstore": "#7a4fa3",
    "zarrs_reencode": "#3f7d20",
    "bare calls": "#666666",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    title: str
    axis: str
    figure: Measure
    shows: Callable[[Result], bool]
    reference: str = ""
    """The tool that has 1."""


_PANELS = (
    _Panel(
        title="Lifted or sharded anew, undecoded",
        axis="time over that of cp -r",
        figure="to cp -r",
        shows=lambda result: bool(result.place) and not result.recodes,
        reference="cp -r",
    ),
    _Panel(
        title="Encoded anew",
        axis="time over that of tensorstore",
        figure="to tensorstore",
        shows=lambda result: result.recodes,
        reference="tensorstore",
    ),
    _Panel(
        title="Short commands",
        axis="seconds",
        figure="seconds",
        shows=lambda result: not result.place,
    ),
)


def save_chart(results: Sequence[Result], machine: Machine, path: Path) -> None:
    """Draw all results; SVG or PNG by the file's name. Text stays text in SVG."""
    import matplotlib as mpl  # noqa: PLC0415 - not before the measuring is over
    from matplotlib.figure import Figure  # noqa: PLC0415 - not before the measuring is over

    shown = [(panel, [r for r in results if panel.shows(r)]) for panel in _PANELS]
    shown = [(panel, rows) for panel, rows in shown if rows]
    heights = [_ROW * (len(rows) + 3.2) for _, rows in shown]
    with mpl.rc_context({"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "zarrlift"}):
        figure = Figure(figsize=(8.0, sum(heights) + 0.7), layout="constrained")
        every = figure.subplots(len(shown), 1, height_ratios=heights, squeeze=False)[:, 0]
        for axes, (panel, rows) in zip(every, shown, strict=True):
            _draw(axes, panel, rows)
        figure.supxlabel(str(machine), fontsize=7, color="#444444")
        figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw(axes: Axes, panel: _Panel, rows: Sequence[Result]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator  # noqa: PLC0415 - as above

    axes.set_title(panel.title, loc="left", fontsize=9, fontweight="bold")
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel(panel.axis)
    axes.set_yticks(range(len(rows)), [_name(result) for result in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="x", color="#e4e4e4")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if panel.reference:
        axes.axvline(1, color="#444444", linewidth=1)
    for row, result in enumerate(rows):
        _draw_row(axes, panel, row, result)
    axes.margins(x=0.08)
    low, high = axes.get_xlim()
    steps = (1.0, 2.0, 5.0) if high > 5 * low else range(1, 10)
    axes.xaxis.set_major_locator(LogLocator(subs=steps))
    _explain(axes, panel, rows)


def _draw_row(axes: Axes, panel: _Panel, row: int, result: Result) -> None:
    for target in result.targets:
        if target.figure == panel.figure:
            axes.plot(target.limit, row, "|", color="#b00020", markersize=13, zorder=2)
    for series in result.series:
        value = result.figure_of(series, panel.figure)
        if value is None or series.name == panel.reference:
            continue
        ours = series.name == result.subject
        color = _COLORS["zarrlift" if ours else series.name]
        axes.plot(value, row, "o", color=color, markersize=8 if ours else 5, zorder=3)
        if ours:
            axes.annotate(
                f"{value:.2f}",
                (value, row),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=7,
                color=color,
            )


def _explain(axes: Axes, panel: _Panel, rows: Sequence[Result]) -> None:
    """Say which colour is which tool, and what the stroke is."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 - as above

    names = {series.name for result in rows for series in result.series}
    dots = [
        Line2D([], [], marker="o", linestyle="", color=color, label=name)
        for name, color in _COLORS.items()
        if name != panel.reference and (name in names or name == "zarrlift")
    ]
    aim = Line2D([], [], marker="|", linestyle="", color="#b00020", markersize=10, label="aim")
    if panel.reference:
        dots.append(Line2D([], [], color="#444444", linewidth=1, label=panel.reference))
    axes.legend(
        handles=[*dots, aim],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=6,
        frameon=False,
        fontsize=7.5,
        borderaxespad=0.1,
        handletextpad=0.3,
        columnspacing=1,
    )


def _name(result: Result) -> str:
    return f"{result.name} ({result.place})" if result.place else result.name
