"""Objects whose chunks have another shape than the source's.

Each new chunk is assembled from the source chunks that cover it. Decoded source chunks are kept
while memory allows, so that neighbours need not decode them again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.chunks import codec, shard
from zarrlift.chunks.source import ChunkSource
from zarrlift.engine.objects import UnitDone, finish
from zarrlift.errors import DamageError
from zarrlift.findings import Finding, error
from zarrlift.plan.settings import Damaged
from zarrlift.pool import StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.chunks.codec import Array
    from zarrlift.engine.objects import ArrayWork
    from zarrlift.grid import Index


class RechunkUnit(NamedTuple):
    """One target object that at least one source chunk touches."""

    at: Index
    """Index in its grid, in array order."""


def rechunk_units(work: ArrayWork, present: Iterator[Index]) -> Iterator[RechunkUnit]:
    """Walk the target objects touched by source chunks, each once, in C order of appearance.

    `present` are the source's chunk indices, in C order.
    """
    source, target = work.plan.source, work.plan.target
    seen: set[int] = set()
    limit = target.object_grid
    for index in present:
        part = grid.region(index, source.chunks, source.shape)
        for unit in grid.covering(part, target.stored):
            number = grid.ravel(unit, limit)
            if number not in seen:
                seen.add(number)
                yield RechunkUnit(unit)


def write_rechunked(work: ArrayWork, unit: RechunkUnit, cache_bytes: int) -> UnitDone:
    """Make one object by decoding, assembling and encoding."""
    out = work.begin()
    try:
        assembly = _Assembly(work, cache_bytes)
        entries = shard.empty(work.slots)
        target = work.plan.target
        for number, index in grid.cells_within(unit.at, target.per_object, target.chunk_grid):
            made = assembly.chunk(index)
            if made is not None:
                entries[2 * number], entries[2 * number + 1] = out.position, len(made)
                out.write(made)
        done = UnitDone(0, 0, 0, 0, tuple(assembly.found))
        return finish(work, unit.at, out, entries, done)
    except BaseException:
        out.abort()
        raise


class _Assembly:
    def __init__(self, work: ArrayWork, cache_bytes: int) -> None:
        self._work = work
        self._reader = ChunkSource(work.source, work.plan.path, work.plan.source)
        self._cache: OrderedDict[Index, Array | None] = OrderedDict()
        self._most = max(1, cache_bytes // max(1, work.plan.source.chunk_bytes))
        self.found: list[Finding] = []

    def chunk(self, index: Index) -> bytes | None:
        """Give one new chunk encoded, or None where it holds nothing but the fill value."""
        if self._work.pool.stopping.is_set():
            raise StoppedError
        source, target = self._work.plan.source, self._work.plan.target
        part = grid.region(index, target.chunks, target.shape)
        made = codec.filled(target.fill, target)
        touched = False
        for cover in grid.covering(part, source.chunks):
            piece = self._decoded(cover)
            if piece is not None:
                to, of = grid.overlap(part, cover, source.chunks)
                made[to] = piece[of]
                touched = True
        if not touched or codec.is_filled(made, target.fill, target):
            return None
        return codec.encode(made, target)

    def _decoded(self, index: Index) -> Array | None:
        if index in self._cache:
            self._cache.move_to_end(index)
            return self._cache[index]
        while len(self._cache) >= self._most:
            self._cache.popitem(last=False)
        self._cache[index] = self._read(index)
        return self._cache[index]

    def _read(self, index: Index) -> Array | None:
        data = self._reader.read(index)
        if data is None:
            return None
        try:
            return codec.decode(data, self._work.plan.source)
        except DamageError as damage:
            if self._work.damaged is Damaged.STOP:
                damage.message = f"chunk {','.join(map(str, index))}: {damage.message}"
                damage.place = self._work.source.path(self._work.plan.path)
                damage.hint = "mend the source, or choose --damaged missing"
                raise
            message = f"{damage.message}; left out, so it reads as the fill value"
            self.found.append(error("chunk-damaged", self._work.plan.path, message, index))
            return None
