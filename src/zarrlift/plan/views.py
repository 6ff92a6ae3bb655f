"""What typical views of an image cost with one layout of chunks and shards or another: pure.

Without shards a reader asks once for each chunk that a view touches. With shards it asks once for
each shard's index, and once more for each chunk: no reader is taken to merge neighbours, nor to
keep an index. Edge chunks are stored in full. All chunks are taken to be there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.plan.settings import DEFAULT_SHARD_SIZE, Shape
from zarrlift.plan.shapes import auto_shards, wished_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.documents import Names
    from zarrlift.plan.subject import Subject

SCREEN = (1080, 1920)
"""Height and width of the screen that a plane is looked at on, in pixels."""
BLOCK = 64
_ENTRY, _CHECKSUM = 16, 4
_PLANES, _CUBES = (256, 512, 1024, 2048), (32, 64, 128)
_AXES = "tczyx"
_GOOD_EXCESS, _GOOD_REQUESTS = 4, 64
_BAD_EXCESS, _BAD_REQUESTS = 32, 1024


class Verdict(StrEnum):
    """What a layout is for a view."""

    GOOD = "good"
    """At most 64 requests, and at most 4 times what is shown is decoded."""
    FAIR = "fair"
    BAD = "bad"
    """More than 1,024 requests, or at least 32 times what is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Something that a person looks at: a region of one level."""

    name: str
    """Stable: `screen`, `plane`, `block`, `xz`, `volume` or `time`."""
    level: int
    region: tuple[slice, ...]

    @property
    def elements(self) -> int:
        """Return how many elements it shows."""
        return math.prod(s.stop - s.start for s in self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewCost:
    """What one view costs with one layout."""

    view: str
    requests: int
    chunks: int
    """Chunks that are fetched and decoded."""
    decoded_bytes: int
    """Of these chunks, padding at the edges included."""
    shown_bytes: int
    """Of what was asked for."""
    index_bytes: int
    """Of the shard indexes that are fetched."""

    @property
    def excess(self) -> float:
        """Return how many times more is decoded than is shown."""
        return self.decoded_bytes / self.shown_bytes if self.shown_bytes else 1.0

    @property
    def verdict(self) -> Verdict:
        """Judge the cost."""
        if self.excess >= _BAD_EXCESS or self.requests > _BAD_REQUESTS:
            return Verdict.BAD
        good = self.excess <= _GOOD_EXCESS and self.requests <= _GOOD_REQUESTS
        return Verdict.GOOD if good else Verdict.FAIR


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutResult:
    """What one shape of chunks and shards costs."""

    name: str
    """`now`, `plane 512` or `cube 64`, with `+ shards` where it has any that `now` has not."""
    chunks: Index
    """At the level that was measured."""
    shards: Index | None
    objects: tuple[int, ...]
    """At each level, the finest first; at most, where chunks are absent."""
    index_bytes: int
    """Of all shard indexes of all levels."""
    views: tuple[ViewCost, ...]

    def cost(self, view: str) -> ViewCost:
        """Give what a view costs."""
        return next(v for v in self.views if v.view == view)


def axis_roles(ndim: int, names: Names) -> dict[str, int]:
    """Give the axes of t, c, z, y and x; counted from the end where names are unknown."""
    if names is not None and any(n and n.lower() in _AXES for n in names):
        return {n.lower(): a for a, n in enumerate(names) if n and n.lower() in _AXES}
    known = ("t", "c", "z", "y", "x")[-ndim:] if ndim else ()
    return {name: ndim - len(known) + n for n, name in enumerate(known)}


def typical_views(subject: Subject) -> tuple[View, ...]:
    """Give the views that an image has: of its middle, at the level that is meant.

    `screen`: a plane on a screen of 1920 x 1080, at the finest level whose plane fits it whole;
    where none does, as much of the coarsest level as fits. `plane`: the whole plane. `block`: 64
    along each axis of space, or as many as there are. `xz`: all of z and x at one y. `volume`: all
    of space. `time`: one pixel at all times.
    """
    shape = subject.level.layout.shape
    roles = axis_roles(len(shape), subject.names)
    wide = {a for n, a in roles.items() if n in "zyx"}
    if not {"y", "x"} <= roles.keys():
        return (_view("volume", subject.number, shape, dict(enumerate(shape))),)
    y, x = roles["y"], roles["x"]
    made = [_screen(subject, y, x)]
    made.append(_view("plane", subject.number, shape, {y: shape[y], x: shape[x]}))
    made.append(_view("block", subject.number, shape, dict.fromkeys(wide, BLOCK)))
    if "z" in roles and shape[roles["z"]] > 1:
        z = roles["z"]
        made.append(_view("xz", subject.number, shape, {z: shape[z], x: shape[x]}))
        made.append(_view("volume", subject.number, shape, {a: shape[a] for a in wide}))
    if "t" in roles and shape[roles["t"]] > 1:
        made.append(_view("time", subject.number, shape, {roles["t"]: shape[roles["t"]]}))
    return tuple(made)


def _screen(subject: Subject, y: int, x: int) -> View:
    height, width = SCREEN
    number = len(subject.levels) - 1
    for level in range(number):
        shape = subject.levels[level].layout.shape
        if len(shape) > max(y, x) and shape[y] <= height and shape[x] <= width:
            number = level
            break
    return _view("screen", number, subject.levels[number].layout.shape, {y: height, x: width})


def _view(name: str, level: int, shape: Index, extent: dict[int, int]) -> View:
    """Give the middle of a level: `extent` elements along some axes, clipped; else one."""
    region = []
    for axis, size in enumerate(shape):
        length = min(extent.get(axis, 1), size)
        start = (size - length) // 2
        region.append(slice(start, start + length))
    return View(name=name, level=level, region=tuple(region))


def view_cost(view: View, layout: ArrayLayout) -> ViewCost:
    """Count what a view of a level costs with the level's layout."""
    chunks = _touched(view.region, layout.chunks)
    shards = _touched(view.region, layout.shards) if layout.shards else 0
    return ViewCost(
        view=view.name,
        requests=chunks + shards,
        chunks=chunks,
        decoded_bytes=chunks * layout.chunk_bytes,
        shown_bytes=view.elements * layout.data_type.itemsize,
        index_bytes=shards * _index_bytes(layout),
    )


def _touched(region: tuple[slice, ...], shape: Index) -> int:
    """Count the chunks of a shape that a region touches."""
    spans = zip(region, shape, strict=True)
    return math.prod(
        grid.ceil_div(r.stop, c) - r.start // c if r.stop > r.start else 0 for r, c in spans
    )


def _index_bytes(layout: ArrayLayout) -> int:
    """Give the bytes of one shard's index: 16 for each chunk, and a checksum of 4."""
    return _ENTRY * grid.count(layout.per_object) + _CHECKSUM if layout.shards else 0


def layout_results(subject: Subject, views: Sequence[View]) -> tuple[LayoutResult, ...]:
    """Give what today's layout and the usual candidates cost; each shape of chunks once."""
    roles = axis_roles(subject.level.layout.ndim, subject.names)
    now = tuple(level.layout for level in subject.levels)
    made = [_result("now", now, subject, views)]
    packed = tuple(_sharded(layout, subject.names) for layout in now)
    if packed[subject.number].shards != now[subject.number].shards:
        made.append(_result("now + shards", packed, subject, views))
    seen = {subject.level.layout.chunks}
    for name, sizes in _shapes(roles):
        wish = Shape(sizes=tuple(sizes.get(a, 1) for a in range(subject.level.layout.ndim)))
        layouts = tuple(_rechunked(layout, wish, subject.names) for layout in now)
        if layouts[subject.number].chunks not in seen:
            seen.add(layouts[subject.number].chunks)
            made.append(_result(name, layouts, subject, views))
            packed = tuple(_sharded(layout, subject.names) for layout in layouts)
            if packed[subject.number].shards is not None:
                made.append(_result(f"{name} + shards", packed, subject, views))
    return tuple(made)


def _shapes(roles: dict[str, int]) -> list[tuple[str, dict[int, int]]]:
    plane = [roles[n] for n in "yx" if n in roles]
    if len(plane) < 2:  # noqa: PLR2004 - an image has two
        return []
    made = [(f"plane {size}", dict.fromkeys(plane, size)) for size in _PLANES]
    if "z" in roles:
        cube = [*plane, roles["z"]]
        made += [(f"cube {size}", dict.fromkeys(cube, size)) for size in _CUBES]
    return made


def _rechunked(layout: ArrayLayout, wish: Shape, names: Names) -> ArrayLayout:
    return replace(layout, chunks=wished_chunks(wish, layout, names, None), shards=None)


def _sharded(layout: ArrayLayout, names: Names) -> ArrayLayout:
    return replace(layout, shards=auto_shards(layout, names, DEFAULT_SHARD_SIZE))


def _result(
    name: str, layouts: Sequence[ArrayLayout], subject: Subject, views: Sequence[View]
) -> LayoutResult:
    level = layouts[subject.number]
    objects = tuple(grid.count(layout.object_grid) for layout in layouts)
    return LayoutResult(
        name=name,
        chunks=level.chunks,
        shards=level.shards,
        objects=objects,
        index_bytes=sum(n * _index_bytes(lo) for n, lo in zip(objects, layouts, strict=True)),
        views=tuple(view_cost(view, layouts[view.level]) for view in views),
    )
