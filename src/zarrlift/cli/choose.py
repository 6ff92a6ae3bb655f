"""tune."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import zarrlift as zl
from zarrlift.cli import faces
from zarrlift.cli import options as o
from zarrlift.cli.reach import one_reach, reach_words

if TYPE_CHECKING:
    from zarrlift.plan.tuning import Tuning

_CHOICES = ("level", "chunk", "sample", "seed", "codecs")
_MEASURED, _SHOWN = "What is measured", "What is shown"
_FILE = click.Path(path_type=Path, dir_okay=False)


def _codecs(_context: click.Context, _parameter: click.Parameter, text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


@click.command(cls=o.Command)
@click.argument("source", metavar="URL")
@o.option(
    "--level",
    heading=_MEASURED,
    metavar="N|PATH",
    help="Level of the first image, or path of an array or image (0).",
)
@o.option(
    "--chunk",
    heading=_MEASURED,
    metavar="INDEX",
    help="One chunk instead of a sample: 0,0,0,0,0 or with its level, 2/0,0,0,0,0.",
)
@o.option(
    "--sample",
    heading=_MEASURED,
    metavar="SIZE",
    default="64MiB",
    help="Decoded data to measure on, at most (64MiB).",
)
@o.seed(_MEASURED)
@o.option(
    "--codecs",
    heading=_MEASURED,
    metavar="LIST",
    callback=_codecs,
    help="Codecs to try, with commas between, as --codec of convert takes them; or zlib[:level].",
)
@o.option(
    "--plot",
    heading=_SHOWN,
    type=_FILE,
    metavar="FILE",
    help="Draw the result: .png or .svg. Needs zarrlift[plot].",
)
@o.option(
    "--output",
    heading=_SHOWN,
    type=_FILE,
    metavar="FILE",
    help="Write a file for --layout of plan and convert, with the balanced codec.",
)
@o.one_reached
@o.quiet
@o.as_json
def tune(source: str, output_format: str, as_json: bool, quiet: bool, **given: object) -> None:
    """Measure codecs on your own data, and count what chunks and shards cost."""
    from zarrlift.report.tunings import tuning_text, tuning_to_json

    plot, output = given.pop("plot"), given.pop("output")
    with faces.errors_in_words(), faces.stopping_cleanly():
        _check_files(plot, output)
        measured = {n: given[n] for n in _CHOICES}
        with faces.watching(quiet=quiet, yes=False) as watch:
            made = zl.tune(source, **measured, **one_reach(given), watch=watch)  # type: ignore[arg-type]
        if output is not None:
            _save_layout(made, output)  # type: ignore[arg-type]
        if plot is not None:
            from zarrlift.report.plots import save_plot

            save_plot(made, plot)  # type: ignore[arg-type]
        if as_json or output_format == "json":
            faces.show_json(tuning_to_json(made))
        elif not quiet:
            faces.show(tuning_text(made, _next(made, source, output, reach_words(given))))


def _check_files(plot: object, output: object) -> None:
    """Refuse what could only fail after everything is measured."""
    if plot is not None:
        from zarrlift.report.plots import check_plot

        check_plot(plot)  # type: ignore[arg-type]
    faces.check_writable(plot)
    faces.check_writable(output)


def _save_layout(made: Tuning, output: Path) -> None:
    from zarrlift.plan.tuning import layout_rules

    faces.save(output, faces.json_text(layout_rules(made)))


def _next(made: Tuning, source: str, output: object, reach: list[str]) -> list[str] | None:
    """Give the command that shows what a lift with the result would do."""
    if made.advice is None:
        return None
    balanced = made.codec(made.advice.balanced)
    words = ["--layout", str(output)] if output is not None else ["--codec", balanced.name]
    if balanced.candidate.now and output is None:
        words = []
    return ["zarrlift", "plan", source, "lifted.zarr", *words, *reach]
