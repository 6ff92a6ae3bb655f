"""Objects whose chunks have another shape than the source's.

The plan's walk says in which blocks, and which objects one worker makes one after another. The
chunks of an object follow one another in an order that the layouts alone decide.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.chunks import codec, fills, shard
from zarrlift.engine.blocks import Block, Decoder
from zarrlift.engine.objects import UnitDone, finish
from zarrlift.engine.resume import done_encoded
from zarrlift.plan.walks import ordered

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

    from zarrlift.engine.objects import ArrayWork
    from zarrlift.grid import Index
    from zarrlift.plan.walks import Walk
    from zarrlift.store.target import PendingObject


class RechunkUnit(NamedTuple):
    """Target objects that one worker makes, at least one of which has a source chunk."""

    at: Index
    """Index in the grid of such groups, in array order."""
    raw: int
    """Bytes of the array that they hold, decoded."""


def rechunk_units(work: ArrayWork, present: Iterator[Index], walk: Walk) -> Iterator[RechunkUnit]:
    """Walk the groups of target objects touched by source chunks, each once.

    `present` are the source's chunk indices, in C order; groups come as these appear.
    """
    source, target = work.plan.source, work.plan.target
    seen: set[int] = set()
    sizes = tuple(s * t for s, t in zip(target.stored, walk.task, strict=True))
    limit = grid.grid_shape(target.shape, sizes)
    for index in present:
        part = grid.region(index, source.chunks, source.shape)
        for unit in grid.covering(part, sizes):
            number = grid.ravel(unit, limit)
            if number not in seen:
                seen.add(number)
                held = grid.region(unit, sizes, target.shape)
                elements = grid.count(tuple(along.stop - along.start for along in held))
                yield RechunkUnit(unit, elements * target.data_type.itemsize)


def write_rechunked(work: ArrayWork, unit: RechunkUnit, walk: Walk, *, known: bool) -> UnitDone:
    """Make a group of objects by decoding, assembling and encoding.

    Those that an earlier run left are kept where `known` says that they may be.
    """
    group = _Group(work, walk)
    made = [
        (known and done_encoded(work, at, 0)) or group.write(at) for at in group.objects(unit.at)
    ]
    return UnitDone(
        0,
        0,
        0,
        sum(done.bytes_out for done in made),
        tuple(group.found),
        already=sum(done.already for done in made),
        objects=sum(done.bytes_out > 0 for done in made),
    )


def _covers(larger: Index, smaller: Index) -> bool:
    return all(a >= b for a, b in zip(larger, smaller, strict=True))


class _Group:
    def __init__(self, work: ArrayWork, walk: Walk) -> None:
        self._work, self._walk = work, walk
        target = work.plan.target
        self._blank = fills.Blank(target)
        self._per, self._limit = target.per_object, target.chunk_grid
        shape = tuple(b // c for b, c in zip(walk.block, target.chunks, strict=True))
        self._shape, self._several = (
            shape,
            any(s > p for s, p in zip(shape, self._per, strict=True)),
        )
        self._outer = tuple(n for n in walk.nested if _covers(n, shape))
        self._inner = tuple(n for n in walk.nested if not _covers(n, shape)) or walk.nested[-1:]
        self._loaded: tuple[Index, Index] | None = None
        decoded = work.plan.source.chunk_bytes
        at_most = tuple(min(s, max(1, n)) for s, n in zip(shape, self._limit, strict=True))
        held = decoded + target.chunk_bytes * grid.count(at_most)
        room = codec.bytes_in(work.pool.scratch(held), held)
        self._decoder = Decoder(work, room[:decoded])
        self._block = Block(work.plan, room[decoded:])
        self.found = self._decoder.found

    def objects(self, group: Index) -> Iterator[Index]:
        """Walk the objects of a group, in C order."""
        grids = zip(group, self._walk.task, self._work.plan.target.object_grid, strict=True)
        yield from product(*(range(g * t, min(g * t + t, n)) for g, t, n in grids))

    def write(self, at: Index) -> UnitDone:
        """Make one object."""
        work = self._work
        out = work.begin(at)
        try:
            entries = shard.empty(work.slots)
            first = tuple(a * p for a, p in zip(at, self._per, strict=True))
            stop = tuple(
                min(f + p, n) for f, p, n in zip(first, self._per, self._limit, strict=True)
            )
            for start, end in self._blocks(first, stop):
                self._load(start, end)
                self._encode(start, end, out, entries, first)
            return finish(work, at, out, entries, UnitDone(0, 0, 0, 0))
        except BaseException:
            out.abort()
            raise

    def _blocks(self, first: Index, stop: Index) -> Iterator[tuple[Index, Index]]:
        """Walk the blocks of an object, in the order in which its chunks are written."""
        if not self._outer:
            yield first, stop
            return
        for start in ordered(self._outer, first, stop):
            end = (min(a + s, z) for a, s, z in zip(start, self._shape, stop, strict=True))
            yield start, tuple(end)

    def _load(self, start: Index, stop: Index) -> None:
        """Have the chunks of a block at hand: a block of several objects is loaded once."""
        if self._several:
            group = tuple(s // n for s, n in zip(start, self._shape, strict=True))
            start = tuple(g * n for g, n in zip(group, self._shape, strict=True))
            ends = zip(start, self._shape, self._limit, strict=True)
            stop = tuple(min(a + n, m) for a, n, m in ends)
        if self._loaded != (start, stop):
            self._block.load(self._decoder, start, stop)
            self._loaded = (start, stop)

    def _encode(
        self, start: Index, stop: Index, out: PendingObject, entries: array[int], first: Index
    ) -> None:
        """Write the chunks of a block that hold more than the fill value."""
        target = self._work.plan.target
        for index in ordered(self._inner, start, stop):
            chunk = self._block.chunk(index)
            if chunk is None or self._blank.holds(chunk):
                continue
            made = codec.encode(chunk, target)
            number = grid.ravel(tuple(i - f for i, f in zip(index, first, strict=True)), self._per)
            entries[2 * number], entries[2 * number + 1] = out.position, len(made)
            out.write(made)
