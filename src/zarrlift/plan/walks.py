"""How an array is walked while its chunks change shape: what is decoded when, and how often.

A **block** is what a worker holds decoded at one time: some chunks of a target object, or some
whole objects. A source chunk is decoded once for each block that it touches. Blocks come from one
chain of shapes for each pair of layouts, each nested in the next, so that the order in which the
chunks of an object are written follows from the layouts alone, however large a block fits.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout

_ENCODING = 3
"""Encoding a chunk takes about so many times as long as decoding it."""
_HANDY = 4 * 2**20
"""Bytes up to which a larger block is better: there are fewer to go through."""
ONCE = _ENCODING + 1
"""The effort for each byte of decoding once and encoding."""
_STEPS = (2, 3, 5)
_GOOD = 1.02
"""Decoding that is not worth a larger block any more, over each chunk once."""
_ALIKE = 1.03
"""Walks whose times differ less are alike: the one in the smallest block is taken,
or in the largest that is handy."""


class Axis(NamedTuple):
    """Sizes along one axis, in elements."""

    extent: int
    source: int
    """Of a source chunk."""
    chunk: int
    """Of a target chunk."""
    stored: int
    """Of a target object."""


class Walk(NamedTuple):
    """How one array is walked."""

    block: Index
    """Shape of a block in elements: whole chunks within an object, or whole objects."""
    task: Index
    """Objects along each axis that one worker makes one after another."""
    nested: tuple[Index, ...]
    """Shapes in chunks, from large to small, by which the chunks of an object are ordered."""
    amplification: float
    """How often a source chunk is decoded, on average, where all are there."""
    effort: float
    """Time for each byte of the array, by which walks are compared."""


class Level(NamedTuple):
    """One shape of the chain."""

    shape: Index
    decoded: float
    """How often a source chunk is decoded on average, in blocks of this shape."""
    within: bool
    """Each block lies in one source chunk."""


def axes_of(source: ArrayLayout, target: ArrayLayout) -> tuple[Axis, ...]:
    """Give the sizes of a pair of layouts by axis."""
    sizes = (source.shape, source.chunks, target.chunks, target.stored)
    return tuple(Axis(*along) for along in zip(*sizes, strict=True))


def decoded_along(axis: Axis, block: int) -> int:
    """Count, along one axis, how many source chunks blocks of a size decode in all.

    A block is cut off at the end of its object, or holds whole objects. Each source chunk is
    decoded once, and once more for every boundary between blocks that falls within it.
    """
    extent, source, _, stored = axis
    if not extent:
        return 0
    chunks = grid.ceil_div(extent, source)
    if block % stored == 0 or stored % block == 0:
        between = grid.ceil_div(extent, block) - 1
        return chunks + between - (grid.ceil_div(extent, math.lcm(block, source)) - 1)
    starts = extent // stored * grid.ceil_div(stored, block)
    starts += grid.ceil_div(extent % stored, block)
    offsets = range(0, min(stored, extent), block)
    return chunks + starts - sum(_aligned(axis, offset) for offset in offsets)


def _aligned(axis: Axis, offset: int) -> int:
    """Count the objects in which an offset falls between two source chunks, or at the start."""
    common = math.gcd(axis.stored, axis.source)
    if offset % common:
        return 0
    period = axis.source // common
    first = -(offset // common) * pow(axis.stored // common, -1, period) % period
    objects = grid.ceil_div(axis.extent - offset, axis.stored)
    return max(0, grid.ceil_div(objects - first, period))


def amplification(axes: tuple[Axis, ...], block: Index) -> float:
    """Give how often a source chunk is decoded on average, in blocks of a shape."""
    times = 1.0
    for axis, size in zip(axes, block, strict=True):
        if axis.extent:
            times *= decoded_along(axis, size) / grid.ceil_div(axis.extent, axis.source)
    return times


@lru_cache(maxsize=256)
def chain(axes: tuple[Axis, ...]) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """Give the shapes of blocks within an object, and of those that hold whole objects.

    Each grows from the one before along the axis that saves most decoding for its memory, until
    next to nothing is to be saved.
    """
    whole = tuple(min(a.stored, grid.ceil_div(a.extent, a.chunk) * a.chunk) for a in axes)
    whole = tuple(max(a.chunk, w) for a, w in zip(axes, whole, strict=True))
    inside = _grown(axes, tuple(a.chunk for a in axes), whole)
    stored = tuple(a.stored for a in axes)
    reach = tuple(max(1, grid.ceil_div(a.extent, a.stored)) * a.stored for a in axes)
    return inside, _grown(axes, stored, reach)


def _grown(axes: tuple[Axis, ...], start: Index, limit: Index) -> tuple[Level, ...]:
    shape, made = start, [_level(axes, start)]
    while (larger := _larger(axes, shape, limit)) is not None:
        shape = larger
        made.append(_level(axes, shape))
    return tuple(made)


def _level(axes: tuple[Axis, ...], shape: Index) -> Level:
    within = all(
        a.source >= a.extent
        or (a.source % size == 0 and (a.stored % size == 0 or size % a.stored == 0))
        for a, size in zip(axes, shape, strict=True)
    )
    return Level(shape, amplification(axes, shape), within)


def _larger(axes: tuple[Axis, ...], shape: Index, limit: Index) -> Index | None:
    best: tuple[float, int, int] | None = None
    if amplification(axes, shape) <= _GOOD:
        return None
    for number, (axis, size, most) in enumerate(zip(axes, shape, limit, strict=True)):
        before = decoded_along(axis, size)
        sizes = {size * step for step in _STEPS} | {math.lcm(size, axis.source)}
        for tried in (*(s for s in sizes if s < most), most):
            after = decoded_along(axis, tried) if tried > size else before
            if after < before:
                saved = math.log(before / after) / math.log(tried / size)
                best = max(best or (0.0, 0, 0), (round(saved, 9), -tried, number))
    if best is None:
        return None
    _, tried, number = best
    return (*shape[:number], -tried, *shape[number + 1 :])


def choose(source: ArrayLayout, target: ArrayLayout, room: int, workers: int) -> Walk:
    """Choose the quickest walk whose block takes at most `room` bytes, or holds one chunk only.

    Each of `workers` has that room. No walk changes what is written.
    """
    return _choose(axes_of(source, target), target.data_type.itemsize, room, workers)


@lru_cache(maxsize=1024)
def _choose(axes: tuple[Axis, ...], itemsize: int, room: int, workers: int) -> Walk:
    inside, beyond = chain(axes)
    levels = [*((level, False) for level in inside), *((level, True) for level in beyond)]
    found = [t for n in range(len(levels)) for t in _tried(axes, levels[n:], itemsize, workers)]
    one_chunk = block_bytes(axes, inside[0].shape, itemsize)
    fit = [t for t in found if t.bytes <= max(room, one_chunk)]
    quickest = min(t.seconds for t in fit)
    alike = (t for t in fit if t.seconds <= _ALIKE * quickest)
    best = min(alike, key=lambda t: (max(t.bytes, _HANDY), math.prod(t.task), -t.bytes, t))
    return Walk(
        block=best.block,
        task=tuple(t // a.stored for a, t in zip(axes, best.task, strict=True)),
        nested=tuple(_in_chunks(axes, level.shape) for level in reversed(inside)),
        amplification=best.decoded,
        effort=best.seconds,
    )


class _Tried(NamedTuple):
    seconds: float
    bytes: int
    decoded: float
    block: Index
    task: Index


def _tried(
    axes: tuple[Axis, ...], levels: list[tuple[Level, bool]], itemsize: int, workers: int
) -> Iterator[_Tried]:
    """Try walks that hold the first block at one time, in runs as large as each of the others.

    A run that lies within one source chunk decodes it once: the chunk last decoded is kept.
    """
    held, one = levels[0][0].shape, tuple(a.stored for a in axes)
    size = block_bytes(axes, held, itemsize)
    for number, (run, several) in enumerate(levels):
        if number and not run.within:
            continue
        task = run.shape if several else one
        tasks = math.prod(grid.ceil_div(a.extent, t) for a, t in zip(axes, task, strict=True))
        seconds = (_ENCODING + run.decoded) / max(1, min(workers, tasks))
        yield _Tried(seconds, size, run.decoded, held, task)


def _in_chunks(axes: tuple[Axis, ...], shape: Index) -> Index:
    return tuple(size // a.chunk for a, size in zip(axes, shape, strict=True))


def block_bytes(axes: tuple[Axis, ...], shape: Index, itemsize: int) -> int:
    """Give the bytes of a block, in whole chunks, none of them beyond the array."""
    sizes = (
        min(size, max(1, grid.ceil_div(a.extent, a.chunk)) * a.chunk)
        for a, size in zip(axes, shape, strict=True)
    )
    return math.prod(sizes) * itemsize


def ordered(nested: tuple[Index, ...], first: Index, stop: Index) -> Iterator[Index]:
    """Walk the cells from `first` to before `stop`: by blocks of each shape in turn.

    `nested` are shapes from large to small; the smallest gives the cells that are walked.

    >>> list(ordered(((1, 2), (1, 1)), (0, 0), (2, 3)))
    [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    """
    if not nested:
        yield first
        return
    steps = (range(a, z, s) for a, z, s in zip(first, stop, nested[0], strict=True))
    for start in product(*steps):
        if len(nested) == 1:
            yield start
            continue
        end = tuple(min(a + s, z) for a, s, z in zip(start, nested[0], stop, strict=True))
        yield from ordered(nested[1:], start, end)
