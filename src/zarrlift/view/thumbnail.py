"""Small pictures of images, for pages that show them unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.errors import SourceError, UsageError, ZarrliftError

if TYPE_CHECKING:
    from zarrlift.survey.images import Image
    from zarrlift.view.opened import Opened

SIZE = 192
"""Pixels of the longer side, at most."""
_MOST_UNASKED = 2**25
"""Decoded bytes of chunks that are read for a picture that nobody asked for."""


def draw(opened: Opened, image: Image, size: int, most: int | None = None) -> bytes | None:
    """Draw an image's middle plane as a PNG; None where there is none, or none that is small.

    At most `most` bytes of decoded chunks are read for it. Raises `UsageError` for no pixel.
    """
    from zarrlift.about.picture import png
    from zarrlift.jobs.picture import MOST, picture_of

    if size < 1:
        raise UsageError(f"a picture of {size} pixels has none", hint="say 1 or more")
    nodes, tree = opened.nodes, opened.nodes.image_tree(image.path)
    try:
        taken = picture_of(opened.folder, tree, image, size, most=most or MOST, proved=nodes.proved)
    except SourceError:
        return None
    return png(taken.picture)


def draw_unasked(opened: Opened, image: Image) -> bytes | None:
    """Draw it where that takes little; a picture that fails is none."""
    try:
        return draw(opened, image, SIZE, most=_MOST_UNASKED)
    except ZarrliftError:
        return None
