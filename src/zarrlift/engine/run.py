"""Carrying out a plan's arrays, one after another, their units on all threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks import listing
from zarrlift.engine.objects import ArrayWork, UnitDone, stale_finding, write_unit
from zarrlift.engine.resume import done_already
from zarrlift.plan.methods import Method

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zarrlift.chunks.listing import Unit
    from zarrlift.findings import Finding
    from zarrlift.plan.plan import ArrayPlan, Plan
    from zarrlift.pool import Pool
    from zarrlift.store.folder import Folder
    from zarrlift.store.target import Target

_BATCH_BYTES = 4 * 2**20
_BATCH_MOST = 32


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
        tally = Tally()
        for array in self.plan.arrays:
            self._array(array, tally)
        return tally

    def _array(self, array: ArrayPlan, tally: Tally) -> None:
        work = ArrayWork(
            plan=array,
            source=self.source,
            target=self.target,
            pool=self.pool,
            damaged=self.plan.settings.damaged,
        )
        strays = listing.Strays()
        for results in self.pool.each(*self._tasks(work, strays)):
            for done in results:
                tally.add(done)
                self.watch(array.path, done)
        tally.foreign += strays.foreign
        if strays.stale:
            tally.findings.append(stale_finding(array.path, strays.stale))

    def _tasks(
        self, work: ArrayWork, strays: listing.Strays
    ) -> tuple[Callable[[list[object]], list[UnitDone]], Iterator[list[object]]]:
        array = work.plan
        if array.method is Method.RECHUNK:
            from zarrlift.engine import rechunk  # noqa: PLC0415 - NumPy is slow to load

            ones = (1,) * array.source.ndim
            present = (u.at for u in _units(work, strays, ones))
            cache = self.cache_bytes

            def assemble(batch: list[object]) -> list[UnitDone]:
                return [rechunk.write_rechunked(work, u, cache) for u in batch]  # type: ignore[arg-type]

            return assemble, _batched(rechunk.rechunk_units(work, present), 1)

        def write(batch: list[object]) -> list[UnitDone]:
            return [self._unit(work, u) for u in batch]  # type: ignore[arg-type]

        raw = max(1, array.target.chunk_bytes * grid.count(array.target.per_object))
        size = max(1, min(_BATCH_MOST, _BATCH_BYTES // raw))
        return write, _batched(_units(work, strays, array.target.per_object), size)

    def _unit(self, work: ArrayWork, unit: Unit) -> UnitDone:
        if self.resuming and self.trusting:
            done = done_already(work, unit)
            if done is not None:
                return done
        return write_unit(work, unit)


def _units(work: ArrayWork, strays: listing.Strays, per: grid.Index) -> Iterator[Unit]:
    source = work.plan.source
    return listing.units(
        work.source,
        work.plan.path,
        keys=source.keys,
        chunk_grid=source.chunk_grid,
        per_object=per,
        strays=strays,
    )


def _batched(items: Iterator[object], size: int) -> Iterator[list[object]]:
    while batch := list(islice(items, size)):
        yield batch
