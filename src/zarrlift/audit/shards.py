"""Reading and judging the index of a shard: its checksum, bounds, overlaps, and what it names.

Source: Zarr v3 `sharding_indexed` codec 1.0, "Binary shard format".
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.audit.result import Tally
from zarrlift.chunks import shard
from zarrlift.chunks.listing import ChunkFile
from zarrlift.chunks.units import chunk_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.audit.sizes import Sizes
    from zarrlift.chunks.shard import ShardIndex
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

_TIMES = 12
"""Memory that judging an index takes, as many times its length."""


def index_fits(layout: ArrayLayout, memory: int) -> bool:
    """Say whether the index of a shard can be judged in so much memory."""
    return shard.index_bytes(grid.count(layout.per_object)) * _TIMES <= memory


class Held(NamedTuple):
    """A chunk within the array that a sound entry of an index names."""

    at: Index
    file: ChunkFile
    """Where its bytes lie."""


class Shard(NamedTuple):
    """One shard to look at."""

    path: str
    """Of the array."""
    layout: ArrayLayout
    sizes: Sizes
    at: Index
    file: ChunkFile

    @property
    def name(self) -> str:
        """Return the shard's key within the array."""
        return self.layout.keys.of(self.at)

    @property
    def index_bytes(self) -> int:
        """Return the length of the index."""
        slots = grid.count(self.layout.per_object)
        return shard.index_bytes(slots, checksum=self.layout.form.checksum)

    @property
    def inner(self) -> bool:
        """Say whether all of its chunks lie within the array."""
        sides = zip(self.at, self.layout.per_object, self.layout.chunk_grid, strict=True)
        return all((at + 1) * per <= size for at, per, size in sides)

    @property
    def within(self) -> int:
        """Return how many of its chunks lie within the array."""
        sides = zip(self.at, self.layout.per_object, self.layout.chunk_grid, strict=True)
        return grid.count(tuple(min(per, size - at * per) for at, per, size in sides))


class _Entry(NamedTuple):
    offset: int
    length: int
    slot: int


def look(folder: Folder, one: Shard) -> tuple[Tally, _Judged | None]:
    """Read the index of a shard and judge it; gives the chunks that can be found by it.

    Raises `StorageError` where reading fails.
    """
    found = Tally(objects=1, stored=one.file.size)
    length, path = one.index_bytes, one.path
    if length > one.file.size:
        message = f"holds {one.file.size:,} bytes, fewer than its index of {length:,}"
        found.find("shard-index", path, f"shard {one.name} {message}")
        return found, None
    data = _read(folder, one, length)
    found.indexes, found.index_bytes = 1, len(data)
    slots = grid.count(one.layout.per_object)
    index = shard.decode(data, slots, checksum=one.layout.form.checksum)
    if isinstance(index, str):
        found.find("shard-index", path, f"shard {one.name}: {index}")
        return found, None
    judged = _Judged(one, found)
    judged.run(index)
    return found, judged


def _read(folder: Folder, one: Shard, length: int) -> bytes:
    at = 0 if one.layout.form.index_at_start else one.file.size - length
    place = f"{one.file.folder}/{one.file.name}"
    return folder.read_at(place, max(0, one.file.offset) + at, length)


class _Judged:
    """Judges the entries of one index."""

    def __init__(self, one: Shard, found: Tally) -> None:
        self._one, self._found = one, found
        self._sound: list[_Entry] = []
        self._seen: list[_Entry] = []
        """Those of them that are chunks of the array, and may decode."""
        self._present = 0
        """Chunks of the array that it names, rightly or not."""

    def held(self) -> Iterator[Held]:
        """Walk the chunks that can be found."""
        one, base = self._one, max(0, self._one.file.offset)
        for offset, length, slot in self._seen:
            part = ChunkFile(slot, one.file.folder, one.file.name, length, base + offset)
            yield Held(self._at(slot), part)

    def run(self, index: ShardIndex) -> None:
        """Judge them all."""
        one, beyond = self._one, 0
        length, size, inner = one.index_bytes, one.file.size, one.inner
        start, end = (length, size) if one.layout.form.index_at_start else (0, size - length)
        for entry in self._entries(index):
            within = inner or grid.inside(self._at(entry.slot), one.layout.chunk_grid)
            self._present += within
            if entry.offset < start or entry.offset + entry.length > end:
                words = f"bytes {entry.offset:,} to {entry.offset + entry.length:,}"
                message = f"{words} are not among the data, {start:,} to {end:,}"
                self._find("shard-bounds", message, entry.slot if within else None)
                continue
            self._sound.append(entry)
            beyond += not within
            if within:
                self._size(entry)
        named = sum(stop - first for first, stop in self._runs())
        self._found.unnamed[one.path] = end - start - named
        self._found.missing[one.path] = one.within - self._present
        if beyond:
            self._find("shard-beyond", f"holds {beyond:,} chunks outside the array's shape")

    def _at(self, slot: int) -> Index:
        return chunk_at(self._one.layout, self._one.at, slot)

    def _find(self, rule: str, message: str, slot: int | None = None) -> None:
        at = None if slot is None else self._at(slot)
        self._found.find(rule, self._one.path, f"shard {self._one.name}: {message}", at)

    def _entries(self, index: ShardIndex) -> Iterator[_Entry]:
        """Walk the entries that are there."""
        numbers = index.entries
        for slot in range(len(index)):
            offset, length = numbers[2 * slot], numbers[2 * slot + 1]
            if offset == shard.ABSENT == length:
                continue
            if shard.ABSENT in (offset, length):
                what = "offset" if offset == shard.ABSENT else "length"
                self._find("shard-entry", f"an entry's {what} is absent, the other is not", slot)
                continue
            yield _Entry(offset, length, slot)

    def _size(self, entry: _Entry) -> None:
        self._found.chunks += 1
        problem = self._one.sizes.problem(entry.length)
        if problem is None:
            self._seen.append(entry)
            return
        rule, message = problem
        self._found.find(rule, self._one.path, message, self._at(entry.slot))
        if rule == "chunk-long":
            self._seen.append(entry)

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Walk the bytes that entries name, each once; note what lies over something else."""
        last = 0
        shared = Counter((e.offset, e.length) for e in self._sound if e.length)
        for offset, length in sorted(shared):
            if offset < last:
                self._find("shard-overlap", f"two chunks lie over one another at byte {offset:,}")
            if offset + length > last:
                yield max(offset, last), offset + length
                last = offset + length
        several = sum(number - 1 for number in shared.values())
        if several:
            self._find("shard-shared", f"{several:,} chunks share their bytes with another")
