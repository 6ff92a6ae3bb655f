"""Sharing a plan's arrays out among workers that each go their own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.grid import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zarrlift.metadata.layout import ArrayLayout


def shared_out(
    targets: Iterable[ArrayLayout], number: int, of: int
) -> Iterator[tuple[int, Part | None]]:
    """Give what falls to one of several workers: arrays by their place, whole or in part.

    An array is parted along the axis with most objects, where that has one for each worker;
    smaller ones go whole to whoever has least so far. All workers together miss nothing and do
    nothing twice.
    """
    loads = [0] * of
    for place, target in enumerate(targets):
        if of == 1:
            yield place, None
            continue
        objects = target.object_grid
        axis = max(range(len(objects)), key=objects.__getitem__, default=-1)
        if axis >= 0 and objects[axis] >= of:
            yield place, Part(axis, number, of)
            continue
        owner = loads.index(min(loads))
        loads[owner] += grid.count(objects) * target.chunk_bytes * grid.count(target.per_object)
        if owner == number:
            yield place, None
