"""Carrying out a plan's arrays, one after another, their units on all threads."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks import listing
from zarrlift.chunks.listed import Side, listed_ahead
from zarrlift.chunks.units import chunk_units
from zarrlift.engine.objects import (
    ArrayWork,
    UnitDone,
    broken_finding,
    stale_finding,
    write_unit,
)
from zarrlift.engine.resume import done_already
from zarrlift.plan.memory import walk_of
from zarrlift.plan.methods import Method
from zarrlift.plan.shares import shared_out
from zarrlift.pool import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from zarrlift.chunks.listing import Unit
    from zarrlift.crew import Crew
    from zarrlift.findings import Finding
    from zarrlift.grid import Index
    from zarrlift.plan.plan import ArrayPlan, Plan
    from zarrlift.pool import Pool
    from zarrlift.store.folder import Folder
    from zarrlift.store.target import Target

Outcome = tuple[str, "UnitDone | listing.Strays", int]
"""An array's path, what came of one of its objects, and the decoded bytes it stands for.

At the end comes what lies in its folder beside chunks.
"""


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
    _told: set[Finding] = field(default_factory=set)
    """Rechunking meets a damaged chunk once for each object that it touches."""

    def add(self, done: UnitDone) -> None:
        """Add one object."""
        self.chunks += done.chunks
        self.objects += bool(done.bytes_out) if done.objects is None else done.objects
        self.objects_already += done.already
        self.bytes_in += done.bytes_in
        self.bytes_out += done.bytes_out
        self.undecoded_bytes += done.passed
        for finding in done.findings:
            if finding not in self._told:
                self._told.add(finding)
                self.findings.append(finding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Where and how a plan is carried out."""

    plan: Plan
    source: Folder
    target: Target
    pool: Pool
    share: int
    """Bytes that one worker may take."""
    resuming: bool
    """Objects may stand in the target from an earlier run."""
    trusting: bool = True
    """Take an earlier run's objects for whole by their index; else write them anew."""
    watch: Callable[[str, int], None] = lambda _path, _raw: None
    crew: Crew[Outcome] | None = None
    """Processes that take the place of the pool's threads."""

    def run(self) -> Tally:
        """Write every data object of the plan."""
        tally, seen = Tally(), dict[str, listing.Strays]()
        # Closed before an error of this loop goes on: whoever cleans up finds no one writing.
        with closing(self._outcomes(tally)) as outcomes:
            for path, done, raw in outcomes:
                if isinstance(done, listing.Strays):
                    seen.setdefault(path, listing.Strays()).join(done)
                else:
                    tally.add(done)
                    self.watch(path, raw)
        for path in sorted(seen):
            strays = seen[path]
            tally.foreign += strays.foreign
            if strays.stale:
                tally.findings.append(stale_finding(path, strays.stale))
            tally.findings += [broken_finding(path, b) for b in strays.broken or ()]
        return tally

    def _outcomes(self, tally: Tally) -> Generator[Outcome, None, None]:
        if self.crew is not None:
            yield from self.crew.each(self._part)
            return
        seen = list[tuple[str, listing.Strays]]()
        objects = sum(a.objects_in for a in self.plan.arrays)
        listing.list_at_once(self.source, objects, whole=not self.plan.settings.exclude)
        yield from self.pool.each(self._tasks(tally, seen))
        yield from _told(seen)

    def _part(self, number: int, of: int) -> Iterator[Outcome]:
        """Do what falls to one process, in its only thread."""
        seen = list[tuple[str, listing.Strays]]()
        self.pool.turn.worth = False
        for task in self._tasks(Tally(), seen, number, of):
            yield task.work()
        yield from _told(seen)

    def _tasks(
        self, tally: Tally, seen: list[tuple[str, listing.Strays]], number: int = 0, of: int = 1
    ) -> Iterator[Task[Outcome]]:
        arrays = self.plan.arrays
        shares = shared_out(((a.source, a.target) for a in arrays), number, of)
        for place, part in listed_ahead(shares, lambda share: [self._side(arrays[share[0]])]):
            array = arrays[place]
            work = ArrayWork(
                plan=array,
                source=self.source,
                target=self.target,
                pool=self.pool,
                damaged=self.plan.settings.damaged,
            )
            strays = listing.Strays(broken=[] if self.plan.settings.leaves_out else None)
            seen.append((array.path, strays))
            if array.method is Method.RECHUNK:
                yield from self._rechunked(work, strays, tally)
            else:
                stored = array.target.stored
                for unit in _units(work, strays, stored, sizes=self.resuming, part=part):
                    raw = array.target.chunk_bytes * len(unit.chunks)
                    yield Task(raw, partial(self._unit, work, unit, raw))

    def _side(self, array: ArrayPlan) -> Side:
        return Side(self.source, array.path, array.source)

    def _rechunked(
        self, work: ArrayWork, strays: listing.Strays, tally: Tally
    ) -> Iterator[Task[Outcome]]:
        from zarrlift.engine import rechunk  # noqa: PLC0415 - NumPy is slow to load

        walk = walk_of(work.plan, self.share, self.pool.workers)
        known = self.resuming and self.trusting

        def make(unit: rechunk.RechunkUnit) -> Outcome:
            done = rechunk.write_rechunked(work, unit, walk, known=known)
            return work.plan.path, done, unit.raw

        for unit in rechunk.rechunk_units(work, _counted(work, strays, tally), walk):
            yield Task(unit.raw, partial(make, unit))

    def _unit(self, work: ArrayWork, unit: Unit, raw: int) -> Outcome:
        done = None
        if self.resuming and self.trusting:
            done = done_already(work, unit)
        return work.plan.path, done or write_unit(work, unit), raw


def _counted(work: ArrayWork, strays: listing.Strays, tally: Tally) -> Iterator[Index]:
    """Walk the source's chunks, counting each once however often it will be read."""
    source = work.plan.source
    for unit in _units(work, strays, source.stored, sizes=True):
        for chunk in unit.chunks:
            tally.chunks += 1
            tally.bytes_in += chunk.size
            yield grid.cell(unit.at, chunk.number, source.per_object)


def _told(seen: list[tuple[str, listing.Strays]]) -> Iterator[Outcome]:
    for path, strays in seen:
        if strays:
            yield path, strays, 0


def _units(
    work: ArrayWork,
    strays: listing.Strays,
    stored: Index,
    *,
    sizes: bool,
    part: grid.Part | None = None,
) -> Iterator[Unit]:
    path, layout = work.plan.path, work.plan.source
    return chunk_units(work.source, path, layout, stored, strays=strays, sizes=sizes, part=part)
