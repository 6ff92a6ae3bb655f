"""Reading what a small picture of an image takes: one plane of its smallest fitting level."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zarrlift import grid
from zarrlift.about import picture as p
from zarrlift.chunks import bounded, codec, fills
from zarrlift.chunks.source import source_for
from zarrlift.errors import DamageError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zarrlift.about.picture import Color, Picture, Plane
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder
    from zarrlift.survey.found import Hierarchy
    from zarrlift.survey.images import Image, Level

SIZE = 512
"""Pixels of a picture's longer side, at most."""
MOST = 2**28
"""Decoded bytes that are read for one picture."""
_LEAST = 2**12
"""Bytes that a chunk counts for at the least: each has to be looked for."""
_CHANNELS = 8
_NUMBERS = "biuf"
"""Kinds of NumPy's types that a picture can be made of."""


class Taken(NamedTuple):
    """A picture, and where it was taken."""

    picture: Picture
    """y, x and red, green, blue."""
    image: str
    """Path of the image."""
    level: str
    position: tuple[tuple[str, int], ...]
    """Name and index along each axis that was cut."""
    damaged: int
    """Chunks that do not decode, shown as the fill value."""


def picture_of(
    folder: Folder,
    tree: Hierarchy,
    image: Image,
    size: int = SIZE,
    *,
    most: int = MOST,
    proved: Callable[[str, ArrayLayout], ArrayLayout] | None = None,
) -> Taken:
    """Take a picture of an image's middle plane, channels in their colours, in one.

    At most `most` bytes of decoded chunks are read for it. `proved` gives the layout of the level
    that is taken, with keys in the form that its objects have; by default as the tree has it.
    Raises `SourceError` where the image has no plane of numbers, or no level that is small enough
    to be read for a picture; `StorageError` where reading fails.
    """
    names = image.axis_names
    level, stated = _level(image, size, most)
    layout = proved(level.path, stated) if proved else _proved(tree, level.path, stated)
    across = _across(image, layout)
    cut = {a: _middle(tree, image, a, layout) for a in range(layout.ndim) if a not in across}
    reading = _Reading(folder, level.path, layout, across)
    channel = next((a for a in cut if image.axes[a].type == "channel"), None)
    if image.is_label:
        shown = p.fitted(reading.plane(cut), size, mean=False)
        made = p.of_labels(shown, _label_colors(tree, image))
    else:
        made = p.composed(_channels(image, reading, cut, channel, size))
    position = tuple((names[a], i) for a, i in cut.items() if a != channel or image.is_label)
    return Taken(made, image.path, level.name, position, reading.damaged)


def _level(image: Image, size: int, most: int) -> tuple[Level, ArrayLayout]:
    """Choose the smallest level that is as large as the picture, if it is not too much to read."""
    fit = [
        (level, level.layout)
        for level in image.levels
        if level.layout is not None and len(level.shape) == len(image.axes)
    ]
    fit = [(x, y) for x, y in fit if math.prod(y.shape) and y.data_type.numpy[0] in _NUMBERS]
    fit.sort(key=lambda pair: math.prod(pair[1].shape))
    if not fit or min(len(image.axes), fit[0][1].ndim) < 2:  # noqa: PLR2004 - a plane
        raise SourceError(
            "has no plane of numbers to show",
            place=image.path or "/",
            hint="name an image with two axes, of whole or real numbers",
        )
    small = [pair for pair in fit if _cost(image, pair[1]) <= most]
    if not small:
        raise SourceError(
            f"has no level small enough for a picture: one plane of level {fit[0][0].name} takes "
            f"{_cost(image, fit[0][1]):,} bytes of decoded chunks",
            place=image.path or "/",
            hint="zarrlift.open gives a part of it; smaller levels make a picture possible",
        )
    large = (pair for pair in small if max(_plane(image, pair[1])) >= size)
    return next(large, small[-1])


def _proved(tree: Hierarchy, path: str, layout: ArrayLayout) -> ArrayLayout:
    found = tree.get(path)
    proved = found.proved if found is not None else None
    return layout if proved is None else layout.with_keys(proved)


def _across(image: Image, layout: ArrayLayout) -> tuple[int, int]:
    """Give the two axes of the picture: y and x, else the last two of space, else the last two."""
    names = image.axis_names
    if "y" in names and "x" in names:
        return names.index("y"), names.index("x")
    space = [a for a, axis in enumerate(image.axes) if axis.type == "space"]
    last = (space if len(space) > 1 else list(range(layout.ndim)))[-2:]
    return last[0], last[1]


def _plane(image: Image, layout: ArrayLayout) -> tuple[int, int]:
    first, second = _across(image, layout)
    return layout.shape[first], layout.shape[second]


def _cost(image: Image, layout: ArrayLayout) -> int:
    """Give the decoded bytes of chunks that a picture's planes touch; a small one counts more."""
    touched = 1
    for axis in range(layout.ndim):
        if axis in _across(image, layout):
            touched *= layout.chunk_grid[axis]
        elif image.axes[axis].type == "channel":
            touched *= min(layout.chunk_grid[axis], _CHANNELS)
    return touched * max(layout.chunk_bytes, _LEAST)


def _middle(tree: Hierarchy, image: Image, axis: int, layout: ArrayLayout) -> int:
    """Give the index along an axis that is cut: as `omero` has it at first, else the middle."""
    length, kind = layout.shape[axis], image.axes[axis]
    node = tree.get(image.path)
    omero = node.ome.get("omero") if node is not None else None
    rdefs = omero.get("rdefs") if isinstance(omero, dict) else None
    word = {"z": "defaultZ", "t": "defaultT"}.get(kind.name, "")
    stated = rdefs.get(word) if isinstance(rdefs, dict) else None
    first = image.levels[0].shape
    if type(stated) is int and axis < len(first) and 0 <= stated < first[axis]:
        return stated * length // first[axis]
    return 0 if kind.type in ("time", "channel") else length // 2


def _channels(
    image: Image, reading: _Reading, cut: dict[int, int], channel: int | None, size: int
) -> list[p.Shown]:
    if channel is None:
        numbers, count = [0], 1
    else:
        count = reading.layout.shape[channel]
        stated = image.channels
        active = (n for n in range(count) if n >= len(stated) or stated[n].active)
        numbers = list(islice(active, _CHANNELS)) or list(range(min(count, _CHANNELS)))
    shown = []
    for number in numbers:
        at = cut if channel is None else {**cut, channel: number}
        described = image.channels[number] if number < len(image.channels) else None
        shown.append(
            p.Shown(
                plane=p.fitted(reading.plane(at), size),
                color=p.color_of(described, number, count),
                window=described.window if described is not None else None,
                inverted=described.inverted if described is not None else False,
            )
        )
    return shown


def _label_colors(tree: Hierarchy, image: Image) -> Mapping[int, Color]:
    """Give the colours that `image-label` states, those that are three or four whole numbers."""
    node = tree.get(image.path)
    stated = node.ome.get("image-label") if node is not None else None
    listed = stated.get("colors") if isinstance(stated, dict) else None
    found: dict[int, Color] = {}
    for entry in listed if isinstance(listed, list) else ():
        value = entry.get("label-value") if isinstance(entry, dict) else None
        rgba = entry.get("rgba") if isinstance(entry, dict) else None
        if type(value) is not int or not isinstance(rgba, list):
            continue
        red, green, blue = (v if type(v) is int else -1 for v in [*rgba, -1, -1, -1][:3])
        if min(red, green, blue) >= 0 and max(red, green, blue) < 256:  # noqa: PLR2004 - a byte
            found[value] = (red, green, blue)
    return found


class _Reading:
    """Reads planes of one array, from chunks that may be absent or damaged."""

    def __init__(
        self, folder: Folder, path: str, layout: ArrayLayout, across: tuple[int, int]
    ) -> None:
        self.layout, self._across = layout, across
        self._asks = folder.remote
        self._source = source_for(folder, path, layout)
        self.damaged = 0
        """Chunks that were met so far and do not decode."""

    def plane(self, cut: Mapping[int, int]) -> Plane:
        """Give one plane, y before x, at an index along each other axis."""
        layout, (first, second) = self.layout, self._across
        part = tuple(
            slice(cut[a], cut[a] + 1) if a in cut else slice(0, layout.shape[a])
            for a in range(layout.ndim)
        )
        shape = tuple(s.stop - s.start for s in part)
        made = np.full(shape, fills.scalar(layout.fill, layout), codec.native_type(layout))
        wanted = list(grid.covering(part, layout.chunks))
        self._source.ahead(wanted)
        for index in wanted:
            chunk = self._chunk(index)
            if chunk is not None:
                there, here = grid.overlap(part, index, layout.chunks)
                made[there] = chunk[here]
        order = (first, second, *(a for a in range(layout.ndim) if a not in (first, second)))
        plane: Plane = made.transpose(order).reshape(shape[first], shape[second])
        return plane

    def _chunk(self, index: grid.Index) -> codec.Array | None:
        try:
            self._refuse_large(index)
            data = self._source.read(index)
            return None if data is None else bounded.values(data, self.layout, MOST)
        except DamageError:
            self.damaged += 1
            return None

    def _refuse_large(self, index: grid.Index) -> None:
        """Raise `DamageError` for a chunk of more bytes than it may have; from afar nobody asks."""
        lies = None if self._asks else self._source.lies(index)
        if lies is not None and lies.length > bounded.stored_most(self.layout, MOST):
            raise DamageError(f"of {lies.length:,} bytes, more than it may have")


def cells(picture: Picture, columns: int, rows: int) -> Picture:
    """Make a picture small enough for a terminal: `columns` wide, two pixels to a line of text."""
    planes = [picture[:, :, color] for color in range(3)]
    most = max(picture.shape[:2])
    step = max(1, math.ceil(picture.shape[1] / columns), math.ceil(picture.shape[0] / (2 * rows)))
    small = [p.fitted(plane, max(1, math.ceil(most / step))) for plane in planes]
    made: Picture = np.stack(small, axis=-1).astype(np.uint8)
    return made
