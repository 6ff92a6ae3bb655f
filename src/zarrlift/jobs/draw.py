"""Drawing chunks from all over an array: seeded, and few of them in memory."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.chunks import listing
from zarrlift.chunks.source import ChunkSource
from zarrlift.chunks.units import chunk_units
from zarrlift.pool import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

_TRIES, _MORE_TRIES = 8, 128
_MOST_AHEAD = 64
"""Requests under way at a time."""


class Drawn(NamedTuple):
    """One encoded chunk."""

    at: Index
    data: bytes


def some_below(total: int, number: int, seed: int) -> Iterable[int]:
    """Draw numbers below a total, none twice; a `range` has no length beyond `sys.maxsize`."""
    chance = random.Random(seed)  # noqa: S311 - a sample
    if total <= sys.maxsize:
        return chance.sample(range(total), number)
    return dict.fromkeys(chance.randrange(total) for _ in range(number))


class Drawing:
    """Draws chunks that are there, each at most once, in an order that the seed decides.

    Looks for chunks anywhere in the grid; where a number of tries meets none at all, the array is
    listed, and chunks are drawn from those that are listed.
    """

    def __init__(self, folder: Folder, path: str, layout: ArrayLayout, seed: int) -> None:
        self._folder, self._path, self._layout = folder, path, layout
        self._seed = seed
        self._source = ChunkSource(folder, path, layout)
        self.looked_for = 0
        """Cells of the grid that were looked at."""
        self.found = 0
        """How many of these hold a chunk."""

    def chunks(self, wanted: int) -> Iterator[Drawn]:
        """Draw chunks until the caller has enough; `wanted` decides how long to go on trying."""
        limit = self._layout.chunk_grid
        total = grid.count(limit)
        tries = min(total, _TRIES * wanted + _MORE_TRIES)
        numbers = some_below(total, tries, self._seed)
        for index, data in self._read(grid.unravel(number, limit) for number in numbers):
            self.looked_for += 1
            if data is not None:
                self.found += 1
                yield Drawn(index, data)
        if not self.found and tries < total:
            yield from self._from_listing(wanted, total)

    def _read(self, indices: Iterable[Index]) -> Iterator[tuple[Index, bytes | None]]:
        """Read chunks one after another, or from a bucket several ahead, in the same order."""
        if not self._folder.remote:
            yield from ((index, self._source.read(index)) for index in indices)
            return
        from zarrlift.chunks.fetch import AHEAD  # noqa: PLC0415 - for buckets only

        def bring(index: Index) -> tuple[Index, bytes | None]:
            return index, ChunkSource(self._folder, self._path, self._layout).read(index)

        fetcher = self._folder.fetcher  # type: ignore[attr-defined]
        most = min(_MOST_AHEAD, max(1, AHEAD // max(1, self._layout.chunk_bytes)))
        yield from in_order(fetcher, bring, indices, most)

    def _from_listing(self, wanted: int, total: int) -> Iterator[Drawn]:
        """Draw from a listing, each chunk with the same chance, without holding the listing."""
        kept: list[Index] = []
        chance = random.Random(self._seed)  # noqa: S311 - a sample
        self.looked_for = total
        for index in self._listed():
            self.found += 1
            if len(kept) < wanted:
                kept.append(index)
            elif (place := chance.randrange(self.found)) < wanted:
                kept[place] = index
        for index, data in self._read(kept):
            if data is not None:
                yield Drawn(index, data)

    def _listed(self) -> Iterator[Index]:
        """Walk the chunks that are there, in files or in shards."""
        layout = self._layout
        units = chunk_units(
            self._folder, self._path, layout, layout.chunks, strays=listing.Strays()
        )
        return (unit.at for unit in units)
