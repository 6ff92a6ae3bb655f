"""Looking at a source's chunks before lifting: counts by listing, speeds from a small sample."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zarrlift import grid
from zarrlift.chunks import listing
from zarrlift.chunks.source import ChunkSource
from zarrlift.chunks.units import chunk_units
from zarrlift.errors import DamageError, ZarrliftError
from zarrlift.jobs.claim import document
from zarrlift.jobs.draw import some_below
from zarrlift.jobs.expect import Lift, expected
from zarrlift.jobs.memory import resources
from zarrlift.jobs.transfers import Transferring
from zarrlift.plan.cost import Counted, Sample, costs
from zarrlift.plan.methods import Method, is_rewrap
from zarrlift.store.address import is_remote
from zarrlift.verify.level import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.chunks.listing import Unit
    from zarrlift.jobs.options import RunOptions
    from zarrlift.jobs.result import Report
    from zarrlift.jobs.stores import Stores
    from zarrlift.plan.cost import Costs
    from zarrlift.plan.plan import ArrayPlan, Plan
    from zarrlift.plan.requests import Expected
    from zarrlift.store.asking import Requests
    from zarrlift.store.folder import Folder

_ARRAYS = 8
_CHUNKS = 12
_SECONDS = 1.0


def estimate(plan: Plan, options: RunOptions, *, count: bool, level: Level = Level.QUICK) -> Costs:
    """Say what a plan takes; the chunks are listed where they are to be counted."""
    source = options.stores.source_at(plan.source)
    counted = count_arrays(plan, source, level) if count else {}
    listed = source.asked()
    samples = sample_arrays(plan, source)
    made = costs(plan, counted, samples, resources(plan, options))
    if not _foreseen(plan, options.stores):
        return made
    lift = _lift(plan, options, made, level, counted=counted, listed=listed if count else None)
    asked = expected(lift)
    general = samples.get("") if source.remote else None  # a disk tells nothing of the network
    seconds = None if general is None else _seconds(plan, asked, general)
    return replace(made, seconds=seconds, requests=asked, prices=options.prices)


def _seconds(plan: Plan, asked: Expected, sample: Sample) -> float:
    """Expect of bytes sent, and of requests that move no chunks, what those of the sample took."""
    moved = others = 0
    for side in asked.numbers.values():
        moved += side["bytes_in"] + side["bytes_out"]
        others += sum(side[kind] for kind in ("list", "head", "put", "upload", "delete"))
    encoded = sum(a.source.raw_bytes for a in plan.arrays if not a.method.undecoded)
    encoding = encoded * sample.encode_seconds_per_byte
    return moved * sample.seconds_per_byte + others * sample.seconds_per_object + encoding


def with_requests(report: Report, options: RunOptions, before: Mapping[str, Requests]) -> Report:
    """Add to a report what was asked of object stores, and what its plan says of that."""
    from zarrlift.store.asking import Requests  # noqa: PLC0415 - for buckets only

    plan, none = report.plan, Requests()
    asked = {s: r.less(before.get(s, none)) for s, r in options.stores.asked_so_far.items()}
    if plan.surveyed is not None:
        asked["source"] = asked.get("source", none).plus(plan.surveyed)
    asked = {side: asked[side] for side in sorted(asked)}
    report = replace(report, requests=asked, prices=options.prices)
    if not _foreseen(plan, options.stores):
        return report
    lift = _lift(plan, options, costs(plan, {}, {}), options.verify)
    return replace(report, expected=expected(lift))


def _foreseen(plan: Plan, stores: Stores) -> bool:
    """Say whether requests can be told beforehand: not of sources that are zipped or not listed."""
    if not is_remote(plan.source):
        return is_remote(plan.target)
    zipped = plan.source.endswith(".ozx")  # whose opening takes requests
    return not (zipped or stores.source_at(plan.source).unlisted)


def _lift(plan: Plan, options: RunOptions, made: Costs, level: Level, **more: Any) -> Lift:  # noqa: ANN401 - members of `Lift`
    claim, copies = 0, False
    if is_remote(plan.target):
        claim = len(document(plan, fsync=options.fsync))
        target = options.stores.target_at(plan.target)
        copies = target.copies_from(options.stores.source_at(plan.source)) is not None
    return Lift(
        plan=plan,
        costs=made,
        level=level,
        claim=claim,
        copies=copies,
        at_once=options.stores.requests,
        **{"counted": {}} | more,
    )


def count_arrays(plan: Plan, source: Folder, level: Level = Level.QUICK) -> dict[str, Counted]:
    """List every array's chunk objects with their sizes."""
    objects = sum(a.objects_in for a in plan.arrays)
    listing.list_at_once(source, objects, whole=not plan.settings.exclude)
    lenient, remote = plan.settings.leaves_out, is_remote(plan.target) or source.remote
    kinds: set[object] = set()
    found = {}
    for array in plan.arrays:
        moved = None
        if remote and array.method is not Method.RECHUNK:
            first = (array.source, array.target) not in kinds
            moved = Transferring(array, source, level, first=first)
        kinds.add((array.source, array.target))
        found[array.path] = _count(array, source, moved, lenient=lenient)
    return found


def _count(
    array: ArrayPlan, source: Folder, moved: Transferring | None, *, lenient: bool
) -> Counted:
    objects = stored = units = 0
    for unit in _units(array, source, array.target.stored, lenient=lenient):
        units += 1
        objects += len(unit.chunks)
        stored += sum(c.size for c in unit.chunks)
        if moved is not None:
            moved.add(unit)
    transfers = moved.counted() if moved else None
    return Counted(objects=objects, bytes=stored, units=units, transfers=transfers)


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
            samples[array.path] = _frozen(seen, source)
            for name in _Seen.__slots__:
                setattr(total, name, getattr(total, name) + getattr(seen, name))
    if total.chunks:
        samples[""] = _frozen(total, source)
    return samples


def _frozen(seen: _Seen, source: Folder) -> Sample:
    return Sample(
        stored_ratio=seen.stored / seen.raw if seen.raw else 1.0,
        seconds_per_byte=seen.seconds / max(1, seen.stored),
        seconds_per_object=seen.seconds / seen.chunks if source.remote else 30e-6,
        encode_seconds_per_byte=seen.encode_seconds / seen.encoded if seen.encoded else 0.0,
    )


def _sample(array: ArrayPlan, source: Folder) -> _Seen:
    """Read chunks from all over the array, the same each time; absent ones are passed over."""
    seen = _Seen()
    limit = array.source.chunk_grid
    total = grid.count(limit)
    chosen = some_below(total, min(_CHUNKS, total), seed=total)
    for seconds, data in _read(array, source, [grid.unravel(n, limit) for n in sorted(chosen)]):
        seen.seconds += seconds
        seen.chunks += 1
        seen.stored += len(data)
        seen.raw += array.source.chunk_bytes or len(data)
        if not array.method.undecoded and not seen.encoded:
            _time_encoding(array, data, seen)
    return seen


def _read(
    array: ArrayPlan, source: Folder, chosen: list[grid.Index]
) -> Iterator[tuple[float, bytes]]:
    """Read the chunks that are there, each with the seconds it took.

    From an object store they come many at a time, as a lift asks for them.
    """

    def read(index: grid.Index) -> bytes | None:
        return _readable(ChunkSource(source, array.path, array.source), index)

    if source.remote:
        begun = time.perf_counter()
        found = list(source.fetcher.map(read, chosen))  # type: ignore[attr-defined]
        share = (time.perf_counter() - begun) / len(found)
        yield from ((share, data) for data in found if data is not None)
        return
    chunks = ChunkSource(source, array.path, array.source)
    for index in chosen:
        begun = time.perf_counter()
        data = _readable(chunks, index)
        if data is not None:
            yield time.perf_counter() - begun, data


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
