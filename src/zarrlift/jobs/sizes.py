"""Listing the objects of arrays: how many are there, how large they are, how full shards are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.about.sizes import Sizes
from zarrlift.chunks import listing
from zarrlift.chunks.indexes import read_index
from zarrlift.chunks.listed import Side, listed_ahead
from zarrlift.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zarrlift.chunks.indexes import FoundIndex
    from zarrlift.chunks.listing import ChunkFile
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

SHARDS = 64
"""Shards of one array whose index is read, at most."""
_ASKED_BY_KEY = 2**14
"""Objects of an array up to which each is asked for, where nothing lists."""


def sizes_of(folder: Folder, arrays: Sequence[tuple[str, ArrayLayout]]) -> dict[str, Sizes]:
    """List the objects of arrays, whose layouts have keys in the form that the objects have.

    Gives one value for each path. Raises `StorageError` where nothing can be listed.
    """
    due = sum(grid.count(layout.object_grid) for _, layout in arrays)
    listing.list_at_once(folder, due)
    found: dict[str, Sizes] = {}

    def sides(item: tuple[str, ArrayLayout]) -> Iterable[Side]:
        path, layout = item
        return (Side(folder, path, layout),)

    for path, layout in listed_ahead(arrays, sides):
        found[path] = _sizes(folder, path, layout)
    return found


def _sizes(folder: Folder, path: str, layout: ArrayLayout) -> Sizes:
    due = grid.count(layout.object_grid)
    if folder.unlisted and due > _ASKED_BY_KEY:
        problem = f"not counted: nothing lists here, and {due:,} keys would have to be asked for"
        return Sizes(objects=0, due=due, stored_bytes=0, problem=problem)
    strays = listing.Strays()
    objects = stored = 0
    every = max(1, due // SHARDS)
    looked: list[tuple[grid.Index, ChunkFile]] = []
    try:
        for unit in _units(folder, path, layout, strays):
            (chunk,) = unit.chunks
            objects += 1
            stored += chunk.size
            if layout.shards and len(looked) < SHARDS and _drawn(unit.at, layout, every):
                looked.append((unit.at, chunk))
    except StorageError as error:
        if objects:
            raise
        return Sizes(objects=0, due=due, stored_bytes=0, problem=error.message)
    made = Sizes(
        objects=objects,
        due=due,
        stored_bytes=stored,
        strays=len(strays.foreign) + len(strays.stale),
    )
    made = made.plus(_filled(folder, layout, looked)) if looked else made
    there = layout.raw_bytes * objects // max(1, due)
    return replace(made, decoded_bytes=int(there * (1.0 if made.fill is None else made.fill)))


def _units(
    folder: Folder, path: str, layout: ArrayLayout, strays: listing.Strays
) -> Iterator[listing.Unit]:
    return listing.units(
        folder,
        path,
        keys=layout.keys,
        chunk_grid=layout.object_grid,
        per_object=(1,) * layout.ndim,
        strays=strays,
        sizes=True,
    )


def _drawn(at: grid.Index, layout: ArrayLayout, every: int) -> bool:
    """Say whether the index of a shard is read: of every so-and-so-many-th place in the grid."""
    return grid.ravel(at, layout.object_grid) % every == 0


def _filled(
    folder: Folder, layout: ArrayLayout, looked: Sequence[tuple[grid.Index, ChunkFile]]
) -> Sizes:
    """Read indexes of shards, from a bucket many at a time."""

    def read(chunk: ChunkFile) -> FoundIndex:
        return read_index(folder, layout, chunk)

    chunks = [chunk for _, chunk in looked]
    answers = folder.fetcher.map(read, chunks) if folder.remote else map(read, chunks)  # type: ignore[attr-defined]
    held = places = broken = 0
    for (at, _), found in zip(looked, answers, strict=True):
        if found.trusted is None:
            broken += 1
            continue
        broken += bool(found.outside)
        room = _places(at, layout)
        held += min(found.trusted.present, room)
        places += room
    return Sizes(
        objects=0,
        due=0,
        stored_bytes=0,
        shards_looked_at=len(looked),
        chunks_in_them=held,
        places_in_them=places,
        broken=broken,
    )


def _places(at: grid.Index, layout: ArrayLayout) -> int:
    """Count the chunks of a shard that lie within the array."""
    total = 1
    for index, per, limit in zip(at, layout.per_object, layout.chunk_grid, strict=True):
        total *= min(per, limit - index * per)
    return total
