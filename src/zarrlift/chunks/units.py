"""Which encoded chunks go into which target object, wherever they lie: in files or in shards."""

from __future__ import annotations

import os
from collections import defaultdict
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks import listing, shard
from zarrlift.chunks.files import ChunkFiles
from zarrlift.chunks.listing import ChunkFile, Unit
from zarrlift.errors import DamageError, from_os_error
from zarrlift.store.folder import open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zarrlift.chunks.parts import ShardFiles
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

    Files = ChunkFiles | ShardFiles


def chunk_units(
    folder: Folder,
    path: str,
    source: ArrayLayout,
    stored: Index,
    *,
    strays: listing.Strays,
    sizes: bool = False,
    part: grid.Part | None = None,
) -> Iterator[Unit]:
    """List an array's chunks, gathered by the target objects of shape `stored` that take them.

    `stored` must be whole chunks. From files, units come in C order; from shards, block by block
    of as many shards as fill whole objects, in C order within each, and `sizes` always. Raises
    `DamageError` for a shard whose index cannot be read.
    """
    if source.shards is None:
        per = grid.chunks_per_shard(stored, source.chunks)
        yield from listing.units(
            folder,
            path,
            keys=source.keys,
            chunk_grid=source.chunk_grid,
            per_object=per,
            strays=strays,
            sizes=sizes,
            part=part,
        )
        return
    held = part or grid.WHOLE
    for _, units in shard_blocks(folder, path, source, stored, strays=strays):
        yield from (u for u in units if all(held.holds(a, i) for a, i in enumerate(u.at)))


def files_for(folder: Folder, source: ArrayLayout) -> Files:
    """Give what reads an array's chunks."""
    if source.shards is None and not folder.packed:
        return ChunkFiles()
    from zarrlift.chunks.parts import ShardFiles  # noqa: PLC0415 - few sources have shards

    return ShardFiles()


def block_shape(source: ArrayLayout, stored: Index) -> Index:
    """Give the part of a sharded array that is listed at a time: whole objects on both sides."""
    return grid.block_shape(source.shape, source.stored, stored)


def shard_blocks(
    folder: Folder, path: str, source: ArrayLayout, stored: Index, *, strays: listing.Strays
) -> Iterator[tuple[Index, list[Unit]]]:
    """List a sharded array's chunks, gathered by target objects, block by block in C order."""
    blocks = listing.units(
        folder,
        path,
        keys=source.keys,
        chunk_grid=source.object_grid,
        per_object=grid.chunks_per_shard(block_shape(source, stored), source.stored),
        strays=strays,
        sizes=True,
    )
    for block in blocks:
        yield block.at, list(_from_shards(source, stored, block))


def _from_shards(source: ArrayLayout, stored: Index, block: Unit) -> Iterator[Unit]:
    per_block = grid.chunks_per_shard(block_shape(source, stored), source.stored)
    per = grid.chunks_per_shard(stored, source.chunks)
    units: dict[Index, list[ChunkFile]] = defaultdict(list)
    for file in block.chunks:
        at = grid.cell(block.at, file.number, per_block)
        for cells, offset, length in _held(source, file, _places(source, at, per)):
            unit = tuple([outer for outer, _ in cells])
            number = sum([within for _, within in cells])
            start = max(0, file.offset) + offset
            units[unit].append(ChunkFile(number, file.folder, file.name, length, start))
    for unit in sorted(units):
        yield Unit(unit, sorted(units[unit]))


Place = tuple[int, int]
"""Along one axis: a target object's index, and what a chunk there adds to its number in it."""


def _places(source: ArrayLayout, at: Index, per: Index) -> list[list[Place | None]]:
    """Give, along each axis, where each chunk of a shard goes; None beyond the array."""
    places: list[list[Place | None]] = []
    stride = 1
    for axis in reversed(range(source.ndim)):
        first = at[axis] * source.per_object[axis]
        indices = range(first, first + source.per_object[axis])
        limit, size = source.chunk_grid[axis], per[axis]
        places.append([(i // size, i % size * stride) if i < limit else None for i in indices])
        stride *= size
    return places[::-1]


def _held(
    source: ArrayLayout, file: ChunkFile, places: list[list[Place | None]]
) -> Iterator[tuple[tuple[Place, ...], int, int]]:
    """Walk the chunks that a shard holds: places along the axes, offset and length.

    Chunks outside the array are passed over: no reader sees them.
    """
    entries = read_index(source, file).entries
    number_of = numbering(source.form.order, source.per_object)
    for local, cells in enumerate(product(*places)):
        slot = 2 * number_of(local)
        offset, length = entries[slot], entries[slot + 1]
        if not offset == shard.ABSENT == length and None not in cells:
            yield cells, offset, length  # type: ignore[misc]


def read_index(source: ArrayLayout, file: ChunkFile) -> shard.ShardIndex:
    """Read a shard's index and check it; raise `DamageError` where it is not whole."""
    place = os.path.join(file.folder, file.name)
    slots, form = grid.count(source.per_object), source.form
    length = shard.index_bytes(slots, checksum=form.checksum)
    try:
        fd = open_file(place)
        try:
            start, size = 0, os.fstat(fd).st_size
            if file.offset >= 0:
                start, size = file.offset, file.size
            at = 0 if form.index_at_start else max(0, size - length)
            data = os.pread(fd, min(length, size), start + at)
        finally:
            os.close(fd)
    except OSError as error:
        raise from_os_error(error, doing="reading", place=place) from error
    found = shard.decode(data, slots, checksum=form.checksum)
    bounds = (size, length) if form.index_at_start else (size - length, 0)
    problem = found if isinstance(found, str) else found.problem(*bounds)
    if problem is not None or isinstance(found, str):
        raise DamageError(
            f"shard of {size} bytes: {problem}",
            place=place,
            hint="mend the source, or leave the array out with --exclude",
        )
    return found


def numbering(order: Index | None, per: Index) -> Callable[[int], int]:
    """Give what turns a chunk's number in C order into its place in a shard's index."""
    if order is None:
        return lambda local: local
    return lambda local: _permuted(order, per, local)


@lru_cache(maxsize=4096)
def _permuted(order: Index, per: Index, local: int) -> int:
    at = grid.unravel(local, per)
    return grid.ravel(tuple(at[a] for a in order), tuple(per[a] for a in order))
