"""Small pictures of images, for pages that show them unasked."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from zarrlift.errors import SourceError, ZarrliftError

if TYPE_CHECKING:
    from zarrlift.survey.found import Found, Hierarchy
    from zarrlift.survey.images import Image
    from zarrlift.view.opened import Opened

SIZE = 192
"""Pixels of the longer side, at most."""
_MOST_UNASKED = 2**25
"""Decoded bytes of chunks that are read for a picture that nobody asked for."""


def draw(opened: Opened, image: Image, size: int) -> bytes | None:
    """Draw an image's middle plane as a PNG; None where there is none, or none that is small."""
    from zarrlift.about.picture import png
    from zarrlift.jobs.picture import picture_of

    try:
        taken = picture_of(opened.folder, _proved(opened, image), image, size)
    except SourceError:
        return None
    return png(taken.picture)


def draw_unasked(opened: Opened, image: Image) -> bytes | None:
    """Draw it where that takes little; a picture that fails is none."""
    costs = [
        level.layout.chunk_bytes * math.prod(level.layout.chunk_grid[-2:]) * _channels(image)
        for level in image.levels
        if level.layout is not None
    ]
    if min(costs, default=math.inf) > _MOST_UNASKED:
        return None
    try:
        return draw(opened, image, SIZE)
    except ZarrliftError:
        return None


def _channels(image: Image) -> int:
    return max(1, len(image.channels))


def _proved(opened: Opened, image: Image) -> Hierarchy:
    """Give the image's nodes, each array with the form of keys that its objects prove."""
    tree = opened.nodes.image_tree(image.path)

    def with_keys(found: Found) -> Found:
        if found.layout is None:
            return found
        return replace(found, proved=opened.nodes.proved(found.path, found.layout).keys)

    return replace(tree, nodes={path: with_keys(found) for path, found in tree.nodes.items()})
