"""The program: its commands and their order."""

from __future__ import annotations

import gc

import click

from zarrlift.cli import faces
from zarrlift.cli.group import Group

_VALUES = 50_000


@click.group(
    cls=Group,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(package_name="zarrlift", message="zarrlift %(version)s")
def app() -> None:
    """Look into OME-Zarr, judge it, and lift it to Zarr v3 without decoding it.

    Start with `zarrlift info URL`, which shows what is there, and `zarrlift plan SRC DST`, which
    shows what would happen; both write nothing.
    """


app.add_from("zarrlift.cli.look", "info", heading="Look")
app.add_from("zarrlift.cli.judge", "validate", heading="Look")
app.add_from("zarrlift.cli.lift", "plan", "convert", "verify", heading="Lift")
app.add_from("zarrlift.cli.in_place", "upgrade", heading="In place")
app.add_from("zarrlift.cli.repair", "repair", heading="In place")
app.add_from("zarrlift.cli.describe", "crate", heading="In place")
app.add_from("zarrlift.cli.in_place", "undo", heading="In place")
app.add_from("zarrlift.cli.choose", "tune", heading="Choose")
app.add_from("zarrlift.cli.lift", "run", heading="Scale")
app.add_from("zarrlift.cli.learn", "demo", heading="Learn")
app.add_from("zarrlift.cli.conformance", "conformance")


def answer() -> int:
    """Carry out the command line; gives the exit status."""
    return faces.answer(app, "zarrlift")


def main() -> None:
    """Run the program."""
    # What a survey makes stays: to look through it for circles at every 700 values takes a
    # twentieth of a short command's time.
    gc.set_threshold(_VALUES)
    faces.leave(answer())
