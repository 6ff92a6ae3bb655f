"""The program: its commands and their order."""

from __future__ import annotations

import io
import os
import sys

import click

from zarrlift.cli import choose, describe, in_place, learn, lift
from zarrlift.cli.faces import FAILED
from zarrlift.cli.options import Group


@click.group(
    cls=Group,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(package_name="zarrlift", message="zarrlift %(version)s")
def app() -> None:
    """Lift OME-Zarr 0.1-0.4 to 0.5 without decoding it, and prove the result.

    Start with `zarrlift plan SRC DST`: it shows what would happen and writes nothing.
    """


app.add("Lift", lift.plan)
app.add("Lift", lift.convert)
app.add("Lift", lift.verify)
app.add("In place", in_place.upgrade)
app.add("In place", describe.crate)
app.add("In place", in_place.undo)
app.add("Choose", choose.tune)
app.add("Scale", lift.run)
app.add("Learn", learn.demo)


def answer() -> int:
    """Carry out the command line; gives the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="zarrlift")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def main() -> None:
    """Run the program.

    It leaves without taking the interpreter apart, which takes longer than reading a small image.
    NumPy's linear algebra, of which nothing is used, is kept from starting a thread for each CPU.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    status = answer()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or FAILED
    os._exit(status)
