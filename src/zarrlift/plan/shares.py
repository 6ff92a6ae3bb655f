"""Sharing a plan's arrays out among workers that each go their own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.grid import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zarrlift.metadata.layout import ArrayLayout


def shared_out(
    arrays: Iterable[tuple[ArrayLayout, ArrayLayout]], number: int, of: int
) -> Iterator[tuple[int, Part | None]]:
    """Give what falls to one of several workers: arrays by their place, whole or in part.

    Each array is given by what it is and what it becomes. It is parted along the axis with most
    objects of the target, or most blocks of these where the source has shards, so that no two
    workers read the index of one shard. An array with fewer than one for each worker goes whole
    to whoever has least so far. All workers together miss nothing and do nothing twice.
    """
    loads = [0] * of
    for place, (source, target) in enumerate(arrays):
        if of == 1:
            yield place, None
            continue
        cells = _cells(source, target)
        axis = max(range(len(cells)), key=cells.__getitem__, default=-1)
        if axis >= 0 and cells[axis] >= of:
            yield place, Part(axis, number, of)
            continue
        owner = loads.index(min(loads))
        loads[owner] += target.chunk_bytes * grid.count(target.object_grid + target.per_object)
        if owner == number:
            yield place, None


def _cells(source: ArrayLayout, target: ArrayLayout) -> grid.Index:
    if source.shards is None:
        return target.object_grid
    return grid.grid_shape(
        source.shape, grid.block_shape(source.shape, source.stored, target.stored)
    )
