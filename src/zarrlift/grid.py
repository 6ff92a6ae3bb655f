"""Chunk, shard and region arithmetic: pure functions on tuples of integers.

Shapes, indices and regions are in array order (the order of the array's axes).
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Index = tuple[int, ...]


class Part(NamedTuple):
    """Every so-and-so-many-th cell along one axis of a grid, to share its cells out."""

    axis: int
    number: int
    """Of the share, from 0."""
    of: int

    def holds(self, axis: int, coordinate: int) -> bool:
        """Say whether a coordinate along an axis leaves a cell in this part."""
        return axis != self.axis or coordinate % self.of == self.number


WHOLE = Part(-1, 0, 1)


def ceil_div(a: int, b: int) -> int:
    """Divide rounding up."""
    return -(-a // b)


def grid_shape(shape: Index, chunks: Index) -> Index:
    """Give the number of chunks along each axis; zero where the array is empty.

    >>> grid_shape((5, 4), (2, 4))
    (3, 1)
    """
    return tuple(ceil_div(s, c) for s, c in zip(shape, chunks, strict=True))


def block_shape(shape: Index, ours: Index, theirs: Index) -> Index:
    """Give the least shape that is whole objects of both kinds, but no more than covers the array.

    Along each axis it is their least common multiple, or what objects of ours cover the array.

    >>> block_shape((100, 10), (4, 4), (6, 6))
    (12, 12)
    """
    covers = (o * max(1, ceil_div(s, o)) for s, o in zip(shape, ours, strict=True))
    common = (math.lcm(o, t) for o, t in zip(ours, theirs, strict=True))
    return tuple(min(c, most) for c, most in zip(common, covers, strict=True))


def count(grid: Index) -> int:
    """Give the number of cells of a grid; one for a grid without axes."""
    return math.prod(grid)


def ravel(index: Index, grid: Index) -> int:
    """Number a cell in C order."""
    n = 0
    for i, g in zip(index, grid, strict=True):
        n = n * g + i
    return n


def unravel(n: int, grid: Index) -> Index:
    """Give the cell with number `n` in C order."""
    index = []
    for g in reversed(grid):
        n, i = divmod(n, g)
        index.append(i)
    return tuple(reversed(index))


def inside(index: Index, grid: Index) -> bool:
    """Say whether a cell lies within a grid."""
    return len(index) == len(grid) and all(0 <= i < g for i, g in zip(index, grid, strict=True))


def divides(inner: Index, outer: Index) -> bool:
    """Say whether `outer` is a whole multiple of `inner` along every axis."""
    return all(o % i == 0 for i, o in zip(inner, outer, strict=True))


def chunks_per_shard(shards: Index, chunks: Index) -> Index:
    """Give how many inner chunks a shard holds along each axis."""
    return tuple(s // c for s, c in zip(shards, chunks, strict=True))


def cells_within(outer: Index, per: Index, grid: Index) -> Iterator[tuple[int, Index]]:
    """Walk the inner cells of one outer cell in C order, leaving out those beyond `grid`.

    Yields the cell's number within the outer cell (which counts cells beyond the grid too)
    and its index in the whole grid.
    """
    starts = tuple(o * p for o, p in zip(outer, per, strict=True))
    ranges = [range(min(p, g - s)) for p, g, s in zip(per, grid, starts, strict=True)]
    for local in product(*ranges):
        yield ravel(local, per), tuple(s + i for s, i in zip(starts, local, strict=True))


def cell(outer: Index, number: int, per: Index) -> Index:
    """Give the index in the whole grid of the inner cell with a number within an outer cell."""
    local = unravel(number, per)
    return tuple(o * p + i for o, p, i in zip(outer, per, local, strict=True))


def region(index: Index, chunks: Index, shape: Index) -> tuple[slice, ...]:
    """Give the part of the array that a chunk covers, clipped to the shape."""
    return tuple(
        slice(i * c, min((i + 1) * c, s)) for i, c, s in zip(index, chunks, shape, strict=True)
    )


def covering(part: tuple[slice, ...], chunks: Index) -> Iterator[Index]:
    """Walk the indices of the chunks that touch a region, in C order."""
    return product(
        *(range(p.start // c, ceil_div(p.stop, c)) for p, c in zip(part, chunks, strict=True))
    )


def overlap(
    part: tuple[slice, ...], index: Index, chunks: Index
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Give where a chunk and a region meet: first within the region, then within the chunk."""
    in_region, in_chunk = [], []
    for p, i, c in zip(part, index, chunks, strict=True):
        low, high = max(p.start, i * c), min(p.stop, (i + 1) * c)
        in_region.append(slice(low - p.start, high - p.start))
        in_chunk.append(slice(low - i * c, high - i * c))
    return tuple(in_region), tuple(in_chunk)
