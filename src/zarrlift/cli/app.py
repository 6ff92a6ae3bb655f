"""The program: its commands and their order."""

from __future__ import annotations

import gc

import click

from zarrlift.cli import (
    choose,
    conformance,
    describe,
    faces,
    in_place,
    judge,
    learn,
    lift,
    look,
    repair,
)
from zarrlift.cli.options import Group

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


app.add("Look", look.info)
app.add("Look", judge.validate)
app.add("Lift", lift.plan)
app.add("Lift", lift.convert)
app.add("Lift", lift.verify)
app.add("In place", in_place.upgrade)
app.add("In place", repair.repair)
app.add("In place", describe.crate)
app.add("In place", in_place.undo)
app.add("Choose", choose.tune)
app.add("Scale", lift.run)
app.add("Learn", learn.demo)
app.add_command(conformance.conformance)


def answer() -> int:
    """Carry out the command line; gives the exit status."""
    return faces.answer(app, "zarrlift")


def main() -> None:
    """Run the program."""
    # What a survey makes stays: to look through it for circles at every 700 values takes a
    # twentieth of a short command's time.
    gc.set_threshold(_VALUES)
    faces.leave(answer())
