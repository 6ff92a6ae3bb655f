"""Which chunks an array has, found by listing it once, in the order of the target's objects.

Presence comes from listings, never from failed reads. Only the folders of one row of objects
are held at a time where keys are nested, so memory does not grow with the number of chunks;
flat keys lie in one folder, whose names are held.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.errors import StorageError
from zarrlift.metadata.layout import Keys
from zarrlift.store.folder import Kind, kind_of, size_of
from zarrlift.store.target import OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zarrlift.grid import Index
    from zarrlift.store.folder import Folder

DOCUMENTS = frozenset({".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json", OURS})
"""Names in an array's folder that are neither chunks nor strays."""

_NAMED = 2**12
LISTED_AT_ONCE = 2**17
"""Chunks up to which those below a prefix of a bucket are listed together, not level by level."""


class ChunkFile(NamedTuple):
    """One encoded chunk: an object of an unsharded array, or part of a shard."""

    number: int
    """Its place in the target object that it goes to, in C order."""
    folder: str
    name: str
    size: int = -1
    """Stored bytes, where the listing was asked for them, or the file holds more than this."""
    offset: int = -1
    """Where in the file the chunk begins; -1 where it is all of it."""


class Unit(NamedTuple):
    """One target object that has something to hold."""

    at: Index
    """Index in its grid, in array order."""
    chunks: list[ChunkFile]
    lost: tuple[int, ...] = ()
    """Numbers of chunks that a shard of the source may hold, but does not tell where."""


class Broken(NamedTuple):
    """A shard whose index is not whole, or one chunk that lies nowhere in it."""

    key: str
    """Of the shard, in the dataset."""
    problem: str
    region: tuple[tuple[int, int], ...]
    """First element and the one after the last, along each axis of the array."""
    chunk: Index | None = None
    """Index in array order, where only this chunk's entry is wrong."""

    @property
    def words(self) -> str:
        """Return the shard's key and what is wrong with it."""
        return f"shard {self.key} {self.problem}"

    @property
    def place(self) -> str:
        """Return the region as slices."""
        return ",".join(f"{start}:{stop}" for start, stop in self.region)


@dataclass(slots=True, kw_only=True)
class Strays:
    """What an array's folder holds beside its chunks and documents."""

    foreign: list[str] = field(default_factory=list)
    """Files and folders that are no chunks, by path in the dataset."""
    stale: list[str] = field(default_factory=list)
    """Chunk objects outside the array's shape."""
    broken: list[Broken] | None = None
    """Shards that are not whole; None where the first of them is to be raised as an error."""
    odd: dict[str, str] | None = None
    """What lies where a chunk or a folder of chunks would and is none, by path in the dataset; None
    where the first of it is to be raised."""

    def join(self, other: Strays) -> None:
        """Take in what another listing of the same array found; both may have met the same."""
        self.foreign = list(dict.fromkeys([*self.foreign, *other.foreign]))
        self.stale = list(dict.fromkeys([*self.stale, *other.stale]))
        if other.broken:
            self.broken = list(dict.fromkeys([*(self.broken or []), *other.broken]))

    def __bool__(self) -> bool:
        """Say whether there is anything to tell."""
        return bool(self.foreign or self.stale or self.broken)


def list_at_once(folder: Folder, objects: int, *, whole: bool = True) -> None:
    """List a dataset of at most so many chunk objects with a request for each thousand of them.

    Where it has too many, or is not wanted as a `whole`, each array is listed on its own later.
    """
    if folder.remote and whole and not folder.unlisted and objects <= LISTED_AT_ONCE:
        folder.list_below(folder.path(""))


def units(
    folder: Folder,
    path: str,
    *,
    keys: Keys,
    chunk_grid: Index,
    per_object: Index,
    strays: Strays,
    sizes: bool = False,
    part: grid.Part | None = None,
) -> Iterator[Unit]:
    """List an unsharded array, gathering its chunks by the objects that will hold them.

    `per_object` is the number of chunks along each axis of a target object. Objects come in C
    order and only where at least one chunk is there; chunks in C order within each, with their
    `sizes` where these are wanted. `part` leaves all other objects out, and their folders unread.
    """
    if folder.unlisted:
        from zarrlift.chunks import probing  # noqa: PLC0415 - for what does not list only

        asked = probing.Asked(folder, path, keys, chunk_grid)  # type: ignore[arg-type]
        yield from asked.units(per_object, part or grid.WHOLE)
        return
    walk = _Listing(folder, path, chunk_grid, per_object, strays)
    # A listing over a network gives sizes anyway, and what is asked for ahead is bounded by them.
    walk.size = size_of if sizes or folder.remote else _no_size
    walk.part = part or grid.WHOLE
    prefix = keys.prefix
    if folder.remote and grid.count(chunk_grid) <= LISTED_AT_ONCE:
        folder.list_below(folder.path(path))
    if prefix and not folder.has_folder(path):
        return
    if not chunk_grid or keys in (Keys.V2_FLAT, Keys.DEFAULT_FLAT) or len(chunk_grid) == 1:
        yield from walk.flat(keys)
        return
    if prefix and not walk.only_prefix(prefix):
        return
    start = f"{path}/{prefix}".strip("/") if prefix else path
    yield from walk.nested((), [(0, folder.path(start))])


class _Listing:
    def __init__(
        self, folder: Folder, path: str, chunk_grid: Index, per: Index, strays: Strays
    ) -> None:
        self.size: Callable[[os.DirEntry[str]], int] = _no_size
        self.part = grid.WHOLE
        self._folder, self._path = folder, path
        self._grid, self._per, self._strays = chunk_grid, per, strays
        self._numbers = [_names(min(n, _NAMED)) for n in chunk_grid]
        self._cut = len(folder.path("").rstrip("/")) + 1

    def only_prefix(self, prefix: str) -> bool:
        """Note what lies beside the folder that holds all chunks; say whether that is there."""
        there = False
        for entry in self._folder.entries(self._path):
            if entry.name == prefix and kind_of(entry) is Kind.FOLDER:
                there = True
            else:
                self._stray(entry, top=True)
        return there

    def nested(self, unit: Index, folders: list[tuple[int, str]]) -> Iterator[Unit]:
        """Descend one axis: group the entries of all folders by the object they belong to.

        Each folder comes with the number, within the object, of the axes above it.
        """
        axis = len(unit)
        per, numbers, last = self._per[axis], self._numbers[axis], axis == len(self._grid) - 1
        groups: dict[int, list[ChunkFile]] = defaultdict(list)
        for base, folder in folders:
            first = base * per
            for entry in self._scanned(folder, axis):
                name = entry.name
                number = numbers.get(name)
                if number is None and (number := self._number(entry, axis)) is None:
                    continue
                if self._stands(entry, last=last):
                    size = self.size(entry) if last else -1
                    chunk = ChunkFile(first + number % per, folder, name, size)
                    groups[number // per].append(chunk)
                else:
                    self._strays.foreign.append(entry.path[self._cut :])
        for coordinate in sorted(groups):
            found = (*unit, coordinate)
            if not self.part.holds(axis, coordinate):
                continue
            if last:
                yield Unit(found, self._placed(groups[coordinate]))
            else:
                inner = [(c.number, f"{c.folder}/{c.name}") for c in groups[coordinate]]
                yield from self.nested(found, inner)

    def _scanned(self, folder: str, axis: int) -> list[os.DirEntry[str]]:
        """List the entries along one axis."""
        if self._folder.remote and grid.count(self._grid[axis:]) <= LISTED_AT_ONCE:
            self._folder.list_below(folder)
        return self._folder.scan(folder)

    def _placed(self, chunks: list[ChunkFile]) -> list[ChunkFile]:
        """Give chunks in order, where they lie in fact: in files, or in the one of an archive."""
        chunks.sort()
        if not self._folder.packed:
            return chunks
        places = [self._folder.lies_at(f"{c.folder}/{c.name}") for c in chunks]
        return [
            ChunkFile(c.number, folder, name, size, offset)
            for c, (folder, name, offset, size) in zip(chunks, places, strict=True)
        ]

    def _number(self, entry: os.DirEntry[str], axis: int) -> int | None:
        """Give the index that an entry stands for; note what is none, or beyond the grid."""
        last = axis == len(self._grid) - 1
        if not is_index(entry.name):
            self._stray(entry, top=axis == 0)
        elif (number := int(entry.name)) < self._grid[axis]:
            return number
        elif self._stands(entry, last=last):
            self._beyond(entry, axis)
        else:
            self._strays.foreign.append(entry.path[self._cut :])
        return None

    def _stands(self, entry: os.DirEntry[str], *, last: bool) -> bool:
        """Say whether an entry is what its place among the keys asks for: a chunk, or a folder.

        A file in place of a folder is foreign. Anything else proves no absence, so it is an
        error: a folder or pipe in place of a chunk, a link that leads nowhere or back.
        """
        if entry.is_file(follow_symlinks=False) if last else entry.is_dir(follow_symlinks=False):
            return True
        kind = kind_of(entry)
        if kind is (Kind.FILE if last else Kind.FOLDER):
            return True
        if kind is Kind.FILE:
            return False
        what = "a folder" if kind is Kind.FOLDER else f"a {kind} link or file"
        message = f"{what} lies where {'a chunk' if last else 'chunks'} would"
        if self._strays.odd is not None:
            self._strays.odd[entry.path[self._cut :]] = message
            return False
        raise StorageError(
            message,
            place=entry.path,
            hint="put the data back, or stop what writes there if the source changes; --exclude "
            "leaves the array out",
        )

    def _beyond(self, entry: os.DirEntry[str], axis: int) -> None:
        """Note what lies outside the grid: stale chunks where it is as deep as chunks are."""
        deepest = len(self._grid) - 1
        if kind_of(entry) is not Kind.FOLDER:
            self._strays.stale.append(entry.path[self._cut :])
            return
        for inner in self._folder.scan(entry.path):
            if is_index(inner.name) and (kind_of(inner) is Kind.FOLDER) is (axis + 1 < deepest):
                self._beyond(inner, axis + 1)
            else:
                self._strays.foreign.append(inner.path[self._cut :])

    def _stray(self, entry: os.DirEntry[str], *, top: bool) -> None:
        if not (top and entry.name in DOCUMENTS):
            self._strays.foreign.append(entry.path[self._cut :])

    def flat(self, keys: Keys) -> Iterator[Unit]:
        """List the one folder that holds all chunks."""
        groups: dict[Index, list[ChunkFile]] = defaultdict(list)
        folder = self._folder.path(self._path)
        nested_one = keys is Keys.DEFAULT_NESTED and len(self._grid) == 1
        if nested_one:
            if not self.only_prefix("c"):
                return
            folder = os.path.join(folder, "c")
        for entry in self._folder.scan(folder):
            index = self._flat_index(entry.name, keys, bare=nested_one)
            if index is None or not self._stands(entry, last=True):
                self._stray(entry, top=True)
            elif not grid.inside(index, self._grid):
                self._strays.stale.append(entry.path[self._cut :])
            else:
                unit = tuple([i // p for i, p in zip(index, self._per, strict=True)])
                local = tuple([i % p for i, p in zip(index, self._per, strict=True)])
                number = grid.ravel(local, self._per)
                groups[unit].append(ChunkFile(number, folder, entry.name, self.size(entry)))
        for unit in sorted(groups):
            chunks = self._placed(groups.pop(unit))
            if all(self.part.holds(axis, i) for axis, i in enumerate(unit)):
                yield Unit(unit, chunks)

    def _flat_index(self, name: str, keys: Keys, *, bare: bool) -> Index | None:
        if not self._grid:
            return () if name == keys.of(()) else None
        parts = name.split(".")
        if keys.prefix and not bare and parts.pop(0) != keys.prefix:
            return None
        good = len(parts) == len(self._grid) and all(map(is_index, parts))
        return tuple(map(int, parts)) if good else None

    def _foreign(self, path: str) -> None:
        self._strays.foreign.append(path[self._cut :])


def _no_size(_: os.DirEntry[str]) -> int:
    return -1


@lru_cache(maxsize=64)
def _names(count: int) -> dict[str, int]:
    """Give the first indices by name: looking one up is quicker than judging and reading it."""
    return {str(n): n for n in range(count)}


def is_index(name: str) -> bool:
    """Say whether a name is a whole number as chunk keys write it."""
    return name.isdigit() and name.isascii() and (name[0] != "0" or name == "0")
