"""An audit from beginning to end: every object listed, every index read, chunks decoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, cast

from zarrlift import grid
from zarrlift.audit.array import ArrayLook, Done
from zarrlift.audit.result import Tally
from zarrlift.chunks import listing
from zarrlift.chunks.listed import Side, listed_ahead
from zarrlift.pool import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zarrlift.audit.result import Picked
    from zarrlift.audit.sample import Choice
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.pool import Pool
    from zarrlift.store.archive import Archive
    from zarrlift.store.folder import Folder
    from zarrlift.survey.found import Found

_MOST_ASKED = 2**24
"""Keys of one array that are asked for one by one, where nothing is listed."""


class Array(NamedTuple):
    """An array whose data is looked at."""

    path: str
    layout: ArrayLayout
    """With the keys that its objects have."""


def array_of(node: Found) -> Array | None:
    """Give an array with the keys that its objects have; None where its document is not readable.

    A document of v2 may state another separator than keys prove; one of v3 is taken at its word.
    """
    layout, proved = node.layout, node.proved
    if layout is None:
        return None
    takes = node.zarr_format == 2 and layout.ndim > 1  # noqa: PLR2004 - v2
    return Array(node.path, layout.with_keys(proved) if proved and takes else layout)


@dataclass(slots=True, kw_only=True)
class Auditor:
    """Looks at the data of a dataset's arrays."""

    folder: Folder
    arrays: tuple[Array, ...]
    decode: bool
    """Decode all chunks, or those that `choice` takes."""
    choice: Choice | None
    pool: Pool
    memory: int
    """Bytes of all workers together."""
    watch: Callable[[str, int], None] = lambda _path, _amount: None
    tally: Tally = field(default_factory=Tally)

    def run(self) -> Tally:
        """Look at everything; raises `StorageError` where something cannot be read."""
        total = sum(grid.count(a.layout.object_grid) for a in self.arrays)
        listing.list_at_once(self.folder, total)
        strays: list[tuple[str, listing.Strays]] = []
        self._carry_out(self._tasks(strays))
        for path, seen in strays:
            self._tell(path, seen)
        self._count()
        if self.choice is not None:
            self._carry_out(self._sampled(self.choice))
        elif self.decode and self.folder.packed:
            self._members()
        self.tally.unseen += self.tally.left_out()
        return self.tally

    def _carry_out(self, tasks: Iterator[Task[Done]]) -> None:
        for path, part in self.pool.each(tasks):
            for picked in part.picked:
                if self.choice is not None:
                    layout = self.arrays[picked.array].layout
                    self.choice.show(picked, layout.chunk_bytes or picked.file.size)
            self.tally.add(part)
            self.watch(path, part.chunk_bytes + part.index_bytes)

    def _look(self, number: int) -> ArrayLook:
        array = self.arrays[number]
        return ArrayLook(
            folder=self.folder,
            number=number,
            path=array.path,
            layout=array.layout,
            decode=self.decode,
            choice=self.choice,
            memory=self.memory // max(1, self.pool.workers),
        )

    def _tasks(self, strays: list[tuple[str, listing.Strays]]) -> Iterator[Task[Done]]:
        """Walk the arrays and their objects."""
        numbers = range(len(self.arrays))
        for number in listed_ahead(numbers, lambda n: [Side(self.folder, *self.arrays[n])]):
            path, layout = self.arrays[number]
            objects = grid.count(layout.object_grid)
            if self.folder.unlisted and objects > _MOST_ASKED:
                self.tally.unseen.append(
                    f"{objects:,} objects of {path or '/'}: each would have to be asked for, since "
                    "nothing is listed"
                )
                continue
            seen = listing.Strays(odd={})
            strays.append((path, seen))
            yield from self._look(number).tasks(seen, self.tally)

    def _sampled(self, choice: Choice) -> Iterator[Task[Done]]:
        """Decode what was chosen, the chunks of one object together."""
        for (number, _, _), group in groupby(choice.taken(), key=_object_of):
            yield self._look(number).decoding([(p.at, p.file) for p in group])

    def _tell(self, path: str, seen: listing.Strays) -> None:
        odd, tally = seen.odd or {}, self.tally
        for place, message in odd.items():
            tally.find("chunk-odd", path, f"{place}: {message}")
        for place in seen.foreign:
            if place not in odd:
                tally.find("chunk-stray", path, f"{place} is no chunk of the array")
        for place in seen.stale:
            tally.find("chunk-beyond", path, f"{place} lies outside the array's shape")

    def _count(self) -> None:
        """Tell, for each array, what is missing, and what its shards hold beside their chunks."""
        for path, layout in self.arrays:
            total, missing = grid.count(layout.chunk_grid), self.tally.missing[path]
            if missing > 0:
                message = f"{missing:,} of {total:,} chunks are not stored: they read as fill"
                self.tally.find("chunks-missing", path, message)
            if (size := self.tally.unnamed[path]) > 0:
                message = f"{size:,} bytes of its shards are neither chunks nor index"
                self.tally.find("shard-unnamed", path, message)

    def _members(self) -> None:
        """Check the CRC-32 of every member of an archive."""
        archive = cast("Archive", self.folder)
        sizes = ((key, archive.size(key) or 0) for key in archive.members())
        tasks = (Task(size, partial(_member, archive, key)) for key, size in sizes)
        for part in self.pool.each(tasks):
            self.tally.add(part)


def _object_of(picked: Picked) -> tuple[int, str, str]:
    return picked.array, picked.file.folder, picked.file.name


def _member(archive: Archive, key: str) -> Tally:
    found, problem = Tally(), archive.unsound(key)
    if problem is not None:
        found.find("entry-checksum", key, problem)
    return found
