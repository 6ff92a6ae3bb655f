"""upgrade, crate and undo."""

from __future__ import annotations

import sys

import click

import zarrlift as zl
from zarrlift.cli import faces
from zarrlift.cli import options as o
from zarrlift.cli.lift import crate_choices
from zarrlift.cli.reach import one_reach, reach_words


@click.command(cls=o.Command)
@o.in_place
@o.one_reached
@o.shown_in_place
def upgrade(url: str, **given: object) -> None:
    """Write 0.5 metadata beside 0.1-0.4's, in place; no chunk is touched."""
    from zarrlift.report.in_place import upgraded_text, upgraded_to_json

    with faces.errors_in_words(), faces.stopping_cleanly():
        faces.configure_log(given)
        with faces.watching(quiet=bool(given["quiet"]), yes=bool(given["yes"])) as watch:
            made = zl.upgrade(
                url,
                exclude=given["exclude"],  # type: ignore[arg-type]
                level=str(given["level"]),
                drop_v2=bool(given["drop_v2"]),
                plain_zarr=bool(given["plain_zarr"]),
                dry_run=bool(given["dry_run"]),
                fsync=bool(given["fsync"]),
                watch=watch,
                **one_reach(given),
                **crate_choices(given),
            )
        if given["as_json"] or given["output_format"] == "json":
            faces.show_json(upgraded_to_json(made))
        elif not given["quiet"] or not made.possible:
            faces.show(upgraded_text(made, without_dry_run(sys.argv), reach_words(given)))
        if not made.possible:
            sys.exit(faces.FOUND)


@click.command(cls=o.Command)
@o.url
@o.force
@o.one_reached
@o.shown_in_place
def undo(url: str, **given: object) -> None:
    """Take back the last upgrade, repair or crate change, byte for byte."""
    from zarrlift.report.in_place import undone_text, undone_to_json

    with faces.errors_in_words(), faces.stopping_cleanly():
        faces.configure_log(given)
        with faces.watching(quiet=bool(given["quiet"]), yes=False) as watch:
            made = zl.undo(url, force=bool(given["force"]), watch=watch, **one_reach(given))
        if given["as_json"] or given["output_format"] == "json":
            faces.show_json(undone_to_json(made))
        elif not given["quiet"]:
            faces.show(undone_text(made, reach_words(given)))


def without_dry_run(argv: list[str]) -> list[str]:
    """Give the words of a dry run that carry it out."""
    words, skip = ["zarrlift"], False
    for word in argv[1:]:
        if skip:
            skip = False
        elif word == "--format":
            skip = True
        elif word not in ("--dry-run", "--json") and not word.startswith("--format="):
            words.append(word)
    return words
