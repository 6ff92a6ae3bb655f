"""Looking at a source's chunks before lifting: counts by listing, speeds from a small sample."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks import listing
from zarrlift.chunks.source import ChunkSource
from zarrlift.chunks.units import chunk_units
from zarrlift.errors import DamageError, ZarrliftError
from zarrlift.plan.cost import Counted, Sample
from zarrlift.plan.methods import is_rewrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.chunks.listing import Unit
    from zarrlift.plan.plan import ArrayPlan, Plan
    from zarrlift.store.folder import Folder

_ARRAYS = 8
_CHUNKS = 12
_SECONDS = 1.0


def count_arrays(plan: Plan, source: Folder) -> dict[str, Counted]:
    """List every array's chunk objects with their sizes."""
    lenient = plan.settings.leaves_out
    return {a.path: _count(a, source, lenient=lenient) for a in plan.arrays}


def _count(array: ArrayPlan, source: Folder, *, lenient: bool) -> Counted:
    objects = stored = units = 0
    for unit in _units(array, source, array.target.stored, lenient=lenient):
        units += 1
        objects += len(unit.chunks)
        stored += sum(c.size for c in unit.chunks)
    return Counted(objects=objects, bytes=stored, units=units)


def _units(
    array: ArrayPlan, source: Folder, stored: grid.Index, *, lenient: bool
) -> Iterator[Unit]:
    whole = tuple(max(1, s // c) * c for s, c in zip(stored, array.source.chunks, strict=True))
    strays = listing.Strays(broken=[] if lenient else None)
    return chunk_units(source, array.path, array.source, whole, strays=strays, sizes=True)


@dataclass(slots=True)
class _Seen:
    chunks: int = 0
    stored: int = 0
    raw: int = 0
    seconds: float = 0.0
    encoded: int = 0
    encode_seconds: float = 0.0


def sample_arrays(plan: Plan, source: Folder) -> dict[str, Sample]:
    """Read a few chunks of the largest arrays, for at most about a second.

    Gives one sample for each array read and one, under the empty path, for all together.
    """
    started, total, samples = time.perf_counter(), _Seen(), {}
    for array in sorted(plan.arrays, key=lambda a: -a.source.raw_bytes)[:_ARRAYS]:
        if time.perf_counter() - started > _SECONDS:
            break
        seen = _sample(array, source)
        if seen.chunks:
            samples[array.path] = _frozen(seen)
            for name in _Seen.__slots__:
                setattr(total, name, getattr(total, name) + getattr(seen, name))
    if total.chunks:
        samples[""] = _frozen(total)
    return samples


def _frozen(seen: _Seen) -> Sample:
    return Sample(
        stored_ratio=seen.stored / seen.raw if seen.raw else 1.0,
        seconds_per_byte=seen.seconds / max(1, seen.stored),
        seconds_per_object=30e-6,
        encode_seconds_per_byte=seen.encode_seconds / seen.encoded if seen.encoded else 0.0,
    )


def _sample(array: ArrayPlan, source: Folder) -> _Seen:
    """Read chunks from all over the array, the same each time; absent ones are passed over."""
    seen, chunks = _Seen(), ChunkSource(source, array.path, array.source)
    limit = array.source.chunk_grid
    total = grid.count(limit)
    chosen = random.Random(total).sample(range(total), min(_CHUNKS, total))  # noqa: S311 - a sample
    for number in sorted(chosen):
        index = grid.unravel(number, limit)
        begun = time.perf_counter()
        data = _readable(chunks, index)
        if data is None:
            continue
        seen.seconds += time.perf_counter() - begun
        seen.chunks += 1
        seen.stored += len(data)
        seen.raw += array.source.chunk_bytes or len(data)
        if not array.method.undecoded and not seen.encoded:
            _time_encoding(array, data, seen)
    return seen


def _readable(chunks: ChunkSource, index: grid.Index) -> bytes | None:
    """Give a chunk's bytes; None where it is absent, or where a shard does not tell where it is."""
    try:
        return chunks.read(index)
    except DamageError:
        return None


def _time_encoding(array: ArrayPlan, data: bytes, seen: _Seen) -> None:
    from zarrlift.chunks import codec, fills  # noqa: PLC0415 - numcodecs is slow to load

    begun = time.perf_counter()
    try:
        if is_rewrap(array.source, array.target):
            codec.rewrap_zlib(data, array.source.chunk_bytes or None)
        elif array.source.chunks == array.target.chunks:
            codec.encode(codec.decode(data, array.source), array.target)
        else:
            codec.decode(data, array.source)
            codec.encode(fills.filled(array.target.fill, array.target), array.target)
    except ZarrliftError:
        return
    seen.encoded = max(1, array.source.chunk_bytes)
    seen.encode_seconds = time.perf_counter() - begun
