"""Reading the index of a source's shard, and judging how much of it can be trusted."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.chunks import shard

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarrlift.chunks.listing import ChunkFile
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

_ANYWHERE = 2**66
"""Beyond any place that an entry can name."""
_LARGEST = 2**30
"""Bytes of an index above which it is not read: 2^26 chunks in one shard."""


class FoundIndex(NamedTuple):
    """What a shard says of where its chunks lie."""

    size: int
    """Of the shard in bytes."""
    trusted: shard.ShardIndex | None
    """None where it tells nothing that can be trusted."""
    problem: str = ""
    outside: frozenset[int] = frozenset()
    """Places in the index whose chunk lies beyond the shard; the others are sound."""


def read_index(folder: Folder, source: ArrayLayout, file: ChunkFile) -> FoundIndex:
    """Read the index of a listed shard and check it; raise `StorageError` where that fails."""
    slots, form = grid.count(source.per_object), source.form
    length = shard.index_bytes(slots, checksum=form.checksum)
    if length > _LARGEST:
        return _too_large(length, file.size)
    data, size = _read(folder, file, length, at_start=form.index_at_start)
    return _judged(source, data, size)


def read_last(folder: Folder, source: ArrayLayout, key: str) -> FoundIndex | None:
    """Read the index at the end of a shard that was not listed; None where the shard is absent."""
    length = shard.index_bytes(grid.count(source.per_object), checksum=source.form.checksum)
    if length > _LARGEST:
        return None if (size := folder.size(key)) is None else _too_large(length, size)
    found = folder.read_tail(key, length)
    return None if found is None else _judged(source, *found)


def _too_large(length: int, size: int) -> FoundIndex:
    return FoundIndex(size, None, f"of {size} bytes: an index of {length:,} bytes is not read")


def _judged(source: ArrayLayout, data: bytes, size: int) -> FoundIndex:
    slots, form = grid.count(source.per_object), source.form
    length = shard.index_bytes(slots, checksum=form.checksum)
    found = shard.decode(data, slots, checksum=form.checksum)
    if isinstance(found, str):
        return FoundIndex(size, None, f"of {size} bytes: {found}")
    start, end = (length, size) if form.index_at_start else (0, size - length)
    problem = found.problem(end, start)
    if problem is None:
        return FoundIndex(size, found)
    outside = found.outside(end, start)
    # Bytes that are gone from before the index move all that lay behind them.
    fits = form.index_at_start or found.bytes_held <= end or found.problem(_ANYWHERE) is not None
    if form.checksum and fits and found.without(outside).problem(end, start) is None:
        return FoundIndex(size, found, f"of {size} bytes: its entry lies beyond the data", outside)
    return FoundIndex(size, None, f"of {size} bytes: {problem}")


def _read(folder: Folder, file: ChunkFile, length: int, *, at_start: bool) -> tuple[bytes, int]:
    at = 0 if at_start else max(0, file.size - length)
    place = f"{file.folder}/{file.name}"
    data = folder.read_at(place, max(0, file.offset) + at, min(length, file.size))
    return data, file.size


def numbering(order: Index | None, per: Index) -> Callable[[int], int]:
    """Give what turns a chunk's number in C order into its place in a shard's index."""
    if order is None:
        return lambda local: local
    return lambda local: _permuted(order, per, local)


@lru_cache(maxsize=4096)
def _permuted(order: Index, per: Index, local: int) -> int:
    at = grid.unravel(local, per)
    return grid.ravel(tuple(at[a] for a in order), tuple(per[a] for a in order))
