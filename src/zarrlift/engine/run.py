"""Carrying out a plan's arrays, one after another, their units on all threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from zarrlift.chunks import listing
from zarrlift.engine.objects import ArrayWork, UnitDone, stale_finding, write_unit
from zarrlift.engine.resume import done_already
from zarrlift.plan.methods import Method
from zarrlift.pool import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zarrlift.chunks.listing import Unit
    from zarrlift.findings import Finding
    from zarrlift.grid import Index
    from zarrlift.plan.plan import Plan
    from zarrlift.pool import Pool
    from zarrlift.store.folder import Folder
    from zarrlift.store.target import Target

_ALONE = 2**62
Outcome = tuple[str, UnitDone]


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has been done so far; one thread adds to it."""

    chunks: int = 0
    objects: int = 0
    objects_already: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    undecoded_bytes: int = 0
    """Bytes of chunks that passed as they are."""
    findings: list[Finding] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    """Files and folders found within arrays that are no chunks."""

    def add(self, done: UnitDone) -> None:
        """Add one object."""
        self.chunks += done.chunks
        self.objects += bool(done.bytes_out)
        self.objects_already += done.already
        self.bytes_in += done.bytes_in
        self.bytes_out += done.bytes_out
        self.undecoded_bytes += done.passed
        self.findings += done.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Where and how a plan is carried out."""

    plan: Plan
    source: Folder
    target: Target
    pool: Pool
    cache_bytes: int
    """Decoded chunks that one worker may keep while rechunking."""
    resuming: bool
    """Objects may stand in the target from an earlier run."""
    trusting: bool = True
    """Take an earlier run's objects for whole by their index; else write them anew."""
    watch: Callable[[str, UnitDone], None] = lambda _path, _done: None

    def run(self) -> Tally:
        """Write every data object of the plan."""
        tally, seen = Tally(), list[tuple[str, listing.Strays]]()
        for path, done in self.pool.each(self._tasks(seen)):
            tally.add(done)
            self.watch(path, done)
        for path, strays in seen:
            tally.foreign += strays.foreign
            if strays.stale:
                tally.findings.append(stale_finding(path, strays.stale))
        return tally

    def _tasks(self, seen: list[tuple[str, listing.Strays]]) -> Iterator[Task[Outcome]]:
        for array in self.plan.arrays:
            work = ArrayWork(
                plan=array,
                source=self.source,
                target=self.target,
                pool=self.pool,
                damaged=self.plan.settings.damaged,
            )
            strays = listing.Strays()
            seen.append((array.path, strays))
            raw = array.target.chunk_bytes
            if array.method is Method.RECHUNK:
                yield from self._rechunked(work, strays)
            else:
                for unit in _units(work, strays, array.target.per_object):
                    yield Task(raw * len(unit.chunks), partial(self._unit, work, unit))

    def _rechunked(self, work: ArrayWork, strays: listing.Strays) -> Iterator[Task[Outcome]]:
        from zarrlift.engine import rechunk  # noqa: PLC0415 - NumPy is slow to load

        present = (u.at for u in _units(work, strays, (1,) * work.plan.source.ndim))
        path, cache = work.plan.path, self.cache_bytes
        for unit in rechunk.rechunk_units(work, present):
            made = partial(rechunk.write_rechunked, work, unit, cache)
            yield Task(_ALONE, lambda made=made: (path, made()))  # type: ignore[misc]

    def _unit(self, work: ArrayWork, unit: Unit) -> Outcome:
        done = None
        if self.resuming and self.trusting:
            done = done_already(work, unit)
        return work.plan.path, done or write_unit(work, unit)


def _units(work: ArrayWork, strays: listing.Strays, per: Index) -> Iterator[Unit]:
    source = work.plan.source
    return listing.units(
        work.source,
        work.plan.path,
        keys=source.keys,
        chunk_grid=source.chunk_grid,
        per_object=per,
        strays=strays,
    )
