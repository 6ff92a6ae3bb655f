"""Whether an object that stands in the target is already what the plan would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.chunks import envelope, shard
from zarrlift.engine.objects import UnitDone

if TYPE_CHECKING:
    from zarrlift.chunks.listing import Unit
    from zarrlift.engine.objects import ArrayWork
    from zarrlift.grid import Index


def done_already(work: ArrayWork, unit: Unit) -> UnitDone | None:
    """Check an existing object against the listed sizes of the source's chunks.

    Gives None where it is absent, not whole, or not provably what the plan would write.
    """
    if not work.plan.method.undecoded:
        return done_encoded(work, unit.at, len(unit.chunks))
    if work.plan.target.shards is None:
        size = unit.chunks[0].size
        whole = work.target.size(work.key(unit.at)) == size and _passes(work, unit)
        return UnitDone(1, size, size, size, already=True) if whole else None
    expected, at = shard.empty(work.slots), 0
    for chunk in unit.chunks:
        expected[2 * chunk.number], expected[2 * chunk.number + 1] = at, chunk.size
        at += chunk.size
    tail = work.target.read_tail(work.key(unit.at), shard.index_bytes(work.slots))
    if tail is None or tail[1] != at + shard.index_bytes(work.slots):
        return None
    if tail[0] != shard.ShardIndex(entries=expected).encode():
        return None
    return UnitDone(len(unit.chunks), at, at, tail[1], already=True)


def _passes(work: ArrayWork, unit: Unit) -> bool:
    """Check a chunk that has the right size: in a bucket, where it is whole, by a glimpse."""
    if work.target.remote and work.glimpse is not None:
        size = unit.chunks[0].size
        seen = work.target.read_range(work.key(unit.at), *work.glimpse.span(size))
        return work.glimpse.check(seen, size) is None
    data = work.target.read(work.key(unit.at))
    return data is not None and work.check(data) is None


def done_encoded(work: ArrayWork, at: Index, chunks: int) -> UnitDone | None:
    """Check an object of chunks encoded anew: it came by rename, so a whole footer means whole.

    A single chunk is judged by its envelope. `chunks` are those of the source that it counts for.
    """
    key = work.key(at)
    if work.plan.target.shards is None:
        data = work.target.read(key)
        if data is None or envelope.check_for(work.plan.target)(data) is not None:
            return None
        return UnitDone(chunks, 0, 0, len(data), already=True)
    tail = work.target.read_tail(key, shard.index_bytes(work.slots))
    found = shard.decode(tail[0], work.slots) if tail else "absent"
    if tail is None or isinstance(found, str):
        return None
    if found.bytes_held + shard.index_bytes(work.slots) != tail[1]:
        return None
    return UnitDone(chunks, 0, 0, tail[1], already=True)
