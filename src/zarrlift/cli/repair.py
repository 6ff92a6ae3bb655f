"""repair: what can only be meant in one way, put right in place."""

from __future__ import annotations

import sys

import click

import zarrlift as zl
from zarrlift.cli import faces
from zarrlift.cli import options as o
from zarrlift.cli.in_place import without_dry_run
from zarrlift.cli.reach import one_reach, reach_words


@click.command(cls=o.Command)
@o.repairing
@o.one_reached
@o.shown_in_place
def repair(url: str, **given: object) -> None:
    """Put metadata right in place where it can only be meant in one way.

    It says what stays wrong; exit code 1 means that something does. No chunk is touched, and
    zarrlift undo takes it back.
    """
    from zarrlift.report.repairs import repaired_text, repaired_to_json

    with faces.errors_in_words(), faces.stopping_cleanly():
        faces.configure_log(given)
        with faces.watching(quiet=bool(given["quiet"]), yes=False) as watch:
            made = zl.repair(
                url,
                only=given["only"],  # type: ignore[arg-type]
                exclude=given["exclude"],  # type: ignore[arg-type]
                dry_run=bool(given["dry_run"]),
                fsync=bool(given["fsync"]),
                watch=watch,
                **one_reach(given),
            )
        if given["as_json"] or given["output_format"] == "json":
            faces.show_json(repaired_to_json(made))
        elif not given["quiet"] or not made.valid:
            faces.show(repaired_text(made, without_dry_run(sys.argv), reach_words(given)))
        if not made.valid:
            sys.exit(faces.FOUND)
