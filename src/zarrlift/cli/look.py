"""info: what is in a dataset."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

import zarrlift as zl
from zarrlift.cli import faces
from zarrlift.cli import options as o
from zarrlift.cli.reach import one_reach

if TYPE_CHECKING:
    from zarrlift.jobs.informed import Info

_LOOKED, _SHOWN = "What is looked at", "What is shown"
_FILE = click.Path(path_type=Path, dir_okay=False)
_ASKED = ("depth", "every", "sizes", "keys", "documents", "chunk")


@click.command(cls=o.Command)
@o.url
@o.option(
    "--depth",
    heading=_LOOKED,
    type=click.IntRange(min=0),
    help="Levels of folders below URL (all).",
)
@o.option(
    "--all",
    "every",
    heading=_LOOKED,
    is_flag=True,
    help="Every well, field, series and dataset, not only the first.",
)
@o.option(
    "--sizes",
    heading=_LOOKED,
    is_flag=True,
    help="List all objects: stored size, ratio, missing chunks, how full shards are.",
)
@o.option(
    "--keys",
    heading=_LOOKED,
    is_flag=True,
    help="What lies directly under URL: size, date, ETag, storage class, content type.",
)
@o.option(
    "--doc",
    "documents",
    heading=_LOOKED,
    is_flag=True,
    help="The metadata documents of URL as they are, and what their members mean.",
)
@o.option(
    "--chunk",
    heading=_LOOKED,
    metavar="LEVEL/INDEX",
    help="One chunk, such as 0/0,0,0,1,2: where it lies, its header, its values.",
)
@o.option(
    "--thumbnail",
    heading=_SHOWN,
    type=_FILE,
    metavar="FILE",
    help="Save a picture of the first image as a PNG file.",
)
@o.option(
    "--picture", heading=_SHOWN, is_flag=True, help="Draw it here, in a terminal with colours."
)
@o.one_reached
@o.as_json
@o.logged
def info(
    url: str,
    output_format: str,
    as_json: bool,
    thumbnail: Path | None,
    picture: bool,
    **given: object,
) -> None:
    """Show what is in a dataset, or in any node of one.

    Only metadata is read, unless more is asked for; of a plate the first well tells how the others
    are. URL is a folder or address of a dataset, image, label, well or array, of a zipped .ozx, or
    of a folder that holds several datasets.
    """
    with faces.errors_in_words(), faces.stopping_cleanly():
        faces.configure_log(given)
        faces.check_writable(thumbnail)
        asked = {name: given[name] for name in _ASKED}
        drawn = picture or thumbnail is not None
        found = zl.info(url, picture=drawn, **asked, **one_reach(given))  # type: ignore[arg-type]
        if thumbnail is not None:
            _save_picture(found, thumbnail)
        if as_json or output_format == "json":
            from zarrlift.report.info_json import info_to_json

            faces.show_json(info_to_json(found))
        else:
            _show(found, every=bool(given["every"]), drawn=picture)
        if found.chunk is not None and not found.chunk.sound:
            sys.exit(faces.FOUND)


def _save_picture(found: Info, file: Path) -> None:
    from zarrlift.about.picture import png

    if found.picture is not None:
        faces.save_bytes(file, png(found.picture.picture))


def _show(found: Info, *, every: bool, drawn: bool) -> None:
    from zarrlift.report.info import info_text
    from zarrlift.report.screen import screen_of_terminal

    screen = screen_of_terminal()
    if drawn and screen.colors not in ("truecolor", "256"):
        faces.say("no picture: this is no terminal with colours; --thumbnail FILE saves one")
    faces.show(info_text(found, screen, every=every, drawn=drawn), painted=True)
