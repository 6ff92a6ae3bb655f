"""What there is to do for one array: list its objects, read its shards, decode its chunks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.audit import shards
from zarrlift.audit.decoding import Decoder
from zarrlift.audit.result import Picked, Tally
from zarrlift.audit.sample import order_of
from zarrlift.audit.sizes import Sizes, sizes_of
from zarrlift.chunks import listing
from zarrlift.pool import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.audit.sample import Choice
    from zarrlift.chunks.listing import ChunkFile
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

_TOGETHER = 64
"""Chunks of files that one task decodes."""

Done = tuple[str, Tally]
"""The path of the array, and what was looked at."""


@dataclass(frozen=True, kw_only=True)
class ArrayLook:
    """Looks at the data of one array."""

    folder: Folder
    number: int
    """Among the arrays of the dataset."""
    path: str
    layout: ArrayLayout
    """With the keys that its objects have."""
    decode: bool
    choice: Choice | None
    """Takes the chunks that are decoded; None where all are."""
    memory: int
    """Bytes that one worker may take."""

    @cached_property
    def _sizes(self) -> Sizes:
        return sizes_of(self.layout)

    @cached_property
    def _decoder(self) -> Decoder | None:
        """Return what decodes its chunks; None where that is not asked for, or takes too much."""
        made = Decoder(
            folder=self.folder,
            path=self.path,
            layout=self.layout,
            memory=self.memory,
        )
        return made if self.decode and made.fits else None

    @property
    def _later(self) -> Choice | None:
        """Return what decides once all chunks were shown; None where each is decoded as met."""
        return None if self.choice is None or self.choice.final else self.choice

    @property
    def weight(self) -> int:
        """Return the decoded bytes of one chunk."""
        return self.layout.chunk_bytes

    def tasks(self, seen: listing.Strays, tally: Tally) -> Iterator[Task[Done]]:
        """List its objects; sizes are judged at once, into `tally`, the rest is for workers."""
        if self.decode and self._decoder is None:
            tally.unseen.append(
                f"chunks of {self.path or '/'}: decoding one of {self.weight:,} bytes takes more "
                "memory than is allowed"
            )
        if self.layout.shards is None:
            yield from self._of_files(seen, tally)
        else:
            yield from self._of_shards(seen, tally)

    def _objects(self, seen: listing.Strays) -> Iterator[tuple[Index, ChunkFile]]:
        layout = self.layout
        # The objects of one folder, or row, come together.
        per = (1,) * (layout.ndim - 1) + tuple(max(1, n) for n in layout.object_grid[-1:])
        units = listing.units(
            self.folder,
            self.path,
            keys=layout.keys,
            chunk_grid=layout.object_grid,
            per_object=per,
            strays=seen,
            sizes=True,
        )
        for unit in units:
            yield from ((grid.cell(unit.at, f.number, per), f) for f in unit.chunks)

    def _of_files(self, seen: listing.Strays, tally: Tally) -> Iterator[Task[Done]]:
        waiting: list[tuple[Index, ChunkFile]] = []
        found = 0
        for at, file in self._objects(seen):
            found += 1
            tally.objects += 1
            tally.stored += file.size
            problem = self._sizes.problem(file.size)
            if problem is not None:
                tally.find(problem[0], self.path, problem[1], at)
            if self._decoder is None or not (problem is None or problem[0] == "chunk-long"):
                continue
            picked = self._picked(at, file)
            if picked is None:
                continue
            if self._later is not None:
                self._later.show(picked, self.weight or file.size)
                continue
            waiting.append((at, file))
            if len(waiting) == _TOGETHER:
                yield self.decoding(waiting)
                waiting = []
        if waiting:
            yield self.decoding(waiting)
        tally.chunks += found
        tally.missing[self.path] += grid.count(self.layout.object_grid) - found

    def _picked(self, at: Index, file: ChunkFile) -> Picked | None:
        """Give a chunk that may be decoded, now or later; None for one that is not."""
        if self.choice is None:
            return Picked(0, self.number, at, file)
        order = order_of(self.choice.seed, self.path, at)
        return Picked(order, self.number, at, file) if self.choice.takes(order) else None

    def _of_shards(self, seen: listing.Strays, tally: Tally) -> Iterator[Task[Done]]:
        there, fits = 0, shards.index_fits(self.layout, self.memory)
        if not fits:
            tally.unseen.append(
                f"shards of {self.path or '/'}: an index takes more memory than is allowed"
            )
        for at, file in self._objects(seen):
            one = shards.Shard(self.path, self.layout, self._sizes, at, file)
            there += one.within
            if one.index_bytes <= file.size and not fits:
                tally.objects, tally.stored = tally.objects + 1, tally.stored + file.size
                continue
            decodes = self._decoder is not None and self._later is None
            weight = file.size if decodes else min(one.index_bytes, file.size)
            yield Task(weight, partial(self._look, one))
        tally.missing[self.path] += grid.count(self.layout.chunk_grid) - there

    def _look(self, one: shards.Shard) -> Done:
        """Read the index of a shard, and decode its chunks or choose among them; in a thread."""
        found, judged = shards.look(self.folder, one)
        if judged is not None and self._decoder is not None:
            held = (self._picked(h.at, h.file) for h in judged.held())
            picked = [p for p in held if p is not None]
            if self._later is None:
                found.add(self._decoder.run([(p.at, p.file) for p in picked]))
            else:
                found.picked += picked
        return self.path, found

    def decoding(self, chunks: list[tuple[Index, ChunkFile]]) -> Task[Done]:
        """Give the task that decodes some chunks."""
        return Task(sum(file.size for _, file in chunks), partial(self._decoded, chunks))

    def _decoded(self, chunks: list[tuple[Index, ChunkFile]]) -> Done:
        decoder = self._decoder
        return self.path, Tally() if decoder is None else decoder.run(chunks)
