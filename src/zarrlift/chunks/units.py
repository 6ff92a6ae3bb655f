"""Which encoded chunks go into which target object, wherever they lie: in files or in shards."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks import listing, shard
from zarrlift.chunks.files import ChunkFiles
from zarrlift.chunks.indexes import FoundIndex, numbering, read_index
from zarrlift.chunks.listing import Broken, ChunkFile, Unit
from zarrlift.errors import DamageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.chunks.fetch import RemoteFiles
    from zarrlift.chunks.parts import ShardFiles
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

    Files = ChunkFiles | ShardFiles | RemoteFiles


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
    `DamageError` for a shard whose index is not whole, unless `strays` takes note of these. `part`
    leaves out other objects, or other blocks where there are shards.
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
    for _, units in shard_blocks(folder, path, source, stored, strays=strays, part=part):
        yield from (unit for unit in units if unit.chunks)


def files_for(folder: Folder, source: ArrayLayout, *, within: int | None = None) -> Files:
    """Give what reads an array's chunks; from a bucket, `within` so many bytes ahead."""
    if folder.remote:
        from zarrlift.chunks.fetch import RemoteFiles  # noqa: PLC0415 - for buckets only

        return RemoteFiles(folder, within)  # type: ignore[arg-type]
    if source.shards is None and not folder.packed:
        return ChunkFiles()
    from zarrlift.chunks.parts import ShardFiles  # noqa: PLC0415 - few sources have shards

    return ShardFiles()


def block_shape(source: ArrayLayout, stored: Index) -> Index:
    """Give the part of a sharded array that is listed at a time: whole objects on both sides."""
    return grid.block_shape(source.shape, source.stored, stored)


def shard_blocks(
    folder: Folder,
    path: str,
    source: ArrayLayout,
    stored: Index,
    *,
    strays: listing.Strays,
    part: grid.Part | None = None,
) -> Iterator[tuple[Index, list[Unit]]]:
    """List a sharded array's chunks, gathered by target objects, block by block in C order.

    An object is given too where all that is known of its chunks is that they are lost.
    """
    blocks = listing.units(
        folder,
        path,
        keys=source.keys,
        chunk_grid=source.object_grid,
        per_object=grid.chunks_per_shard(block_shape(source, stored), source.stored),
        strays=strays,
        sizes=True,
        part=part,
    )
    for block in blocks:
        yield block.at, list(_Shards(folder, path, source, strays).units(stored, block))


Place = tuple[int, int]
"""Along one axis: a target object's index, and what a chunk there adds to its number in it."""


class _Shards:
    """Walks what the shards of one array hold, and deals with those that are not whole."""

    def __init__(
        self, folder: Folder, path: str, source: ArrayLayout, strays: listing.Strays
    ) -> None:
        self._folder, self._path, self._source, self._strays = folder, path, source, strays

    def units(self, stored: Index, block: Unit) -> Iterator[Unit]:
        """Gather the chunks of a block of shards by the target objects that take them."""
        source = self._source
        per_block = grid.chunks_per_shard(block_shape(source, stored), source.stored)
        per = grid.chunks_per_shard(stored, source.chunks)
        chunks: dict[Index, list[ChunkFile]] = defaultdict(list)
        lost: dict[Index, list[int]] = defaultdict(list)
        for file in block.chunks:
            at = grid.cell(block.at, file.number, per_block)
            found = read_index(self._folder, source, file)
            if found.problem:
                self._note(at, found)
            for cells, entry in _held(source, found, _places(source, at, per)):
                unit = tuple([outer for outer, _ in cells])
                number = sum([within for _, within in cells])
                if entry is None:
                    lost[unit].append(number)
                    continue
                start = max(0, file.offset) + entry[0]
                chunks[unit].append(ChunkFile(number, file.folder, file.name, entry[1], start))
        for unit in sorted({*chunks, *lost}):
            yield Unit(unit, sorted(chunks.get(unit, [])), tuple(lost.get(unit, ())))

    def _note(self, at: Index, found: FoundIndex) -> None:
        """Take note of a shard that is not whole, or raise `DamageError`."""
        source = self._source
        key = f"{self._path}/{source.keys.of(at)}".lstrip("/")
        made = [Broken(key, found.problem, _pairs(at, source.stored, source.shape))]
        if found.trusted is not None:
            chunks = [chunk_at(source, at, slot) for slot in sorted(found.outside)]
            made = [
                Broken(key, found.problem, _pairs(c, source.chunks, source.shape), c)
                for c in chunks
                if grid.inside(c, source.chunk_grid)
            ]
        if self._strays.broken is not None:
            self._strays.broken += made
        elif made:
            named = f"array {self._path or '/'}, shard {source.keys.of(at)} {found.problem}"
            raise DamageError(
                named,
                place=self._folder.path(key),
                hint="mend the source, or choose --damaged missing: what cannot be located "
                "cannot be copied",
            )


def _pairs(at: Index, stored: Index, shape: Index) -> tuple[tuple[int, int], ...]:
    return tuple((along.start, along.stop) for along in grid.region(at, stored, shape))


def chunk_at(source: ArrayLayout, at: Index, slot: int) -> Index:
    """Give the index in the array of the chunk at a place of a shard's index."""
    per, order = source.per_object, source.form.order
    if order is None:
        return grid.cell(at, slot, per)
    turned = grid.unravel(slot, tuple(per[axis] for axis in order))
    local = dict(zip(order, turned, strict=True))
    return tuple(a * p + local[axis] for axis, (a, p) in enumerate(zip(at, per, strict=True)))


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
    source: ArrayLayout, found: FoundIndex, places: list[list[Place | None]]
) -> Iterator[tuple[tuple[Place, ...], tuple[int, int] | None]]:
    """Walk the chunks that a shard holds: places along the axes, offset and length.

    None stands for a chunk that may be there, but that cannot be found. Chunks outside the array
    are passed over: no reader sees them.
    """
    number_of = numbering(source.form.order, source.per_object)
    outside = found.outside
    entries = shard.empty(0) if found.trusted is None else found.trusted.entries
    for local, cells in enumerate(product(*places)):
        if None in cells:
            continue
        number = number_of(local)
        if found.trusted is None or (outside and number in outside):
            yield cells, None  # type: ignore[misc]
            continue
        offset, length = entries[2 * number], entries[2 * number + 1]
        if not offset == shard.ABSENT == length:
            yield cells, (offset, length)  # type: ignore[misc]
