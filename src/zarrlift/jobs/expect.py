"""What a lift will ask of object stores, step by step as it is carried out.

Each figure is a count where the plan's chunks were listed, else a bound; where chunks are decoded,
and where a sample is drawn, it is an estimate. A lift that begins anew is meant, without faults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks.envelope import glimpse_for
from zarrlift.chunks.listing import LISTED_AT_ONCE
from zarrlift.engine.files import PIECE as FILE_PIECE
from zarrlift.jobs import leftovers
from zarrlift.jobs.memory import stored_bytes
from zarrlift.jobs.transfers import PIECE, index_bytes
from zarrlift.plan.cost import Basis, Figure, least_sure
from zarrlift.plan.memory import chunk_bound
from zarrlift.plan.methods import Method
from zarrlift.plan.requests import Expected, Side, array_lists, pages, whole_lists
from zarrlift.store.address import is_remote
from zarrlift.store.upload import PART, WHOLE
from zarrlift.verify.files import ENDS, SMALL
from zarrlift.verify.level import SAMPLE, Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.plan.cost import Costs, Counted
    from zarrlift.plan.plan import ArrayPlan, Plan
    from zarrlift.store.asking import Requests

_CRATE = 8192
"""Bytes that a crate takes, about."""


@dataclass(slots=True, kw_only=True)
class _Both:
    """Both sides, of which those that are local are never shown."""

    source: Side
    target: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """All that the figures rest on."""

    plan: Plan
    costs: Costs
    counted: Mapping[str, Counted]
    """By array path, where arrays were listed."""
    listed: Requests | None = None
    """What that listing took, of the whole source."""
    level: Level = Level.QUICK
    claim: int = 0
    """Bytes of the claim."""
    copies: bool = False
    """The store copies whole objects by itself."""
    at_once: int = 64

    def stored(self, place: int) -> Figure:
        """Give the stored bytes of an array's chunks, which a codec may make larger than raw."""
        said, layout = self.costs.arrays[place].bytes_in, self.plan.arrays[place].source
        if said.basis is not Basis.BOUND:
            return said
        most = grid.count(layout.chunk_grid) * chunk_bound(layout)
        return Figure(value=most, basis=Basis.BOUND)

    def copied(self, array: ArrayPlan) -> bool:
        """Say whether the store copies an array's objects by itself."""
        able = self.copies and array.method is Method.COPY
        return able and glimpse_for(array.source) is not None

    @property
    def whole(self) -> bool:
        """Say whether datasets are listed in one go where they are small."""
        return not self.plan.settings.exclude


def expected(lift: Lift) -> Expected:
    """Give what a lift will ask of both sides."""
    plan = lift.plan
    work = _Both(source=Side(), target=Side())
    if plan.surveyed is not None:
        work.source.add(**plan.surveyed._asdict())
    _listing(lift, work.source)
    for place, array in enumerate(plan.arrays):
        _array(lift, place, array, work)
    _files(lift, work)
    _frame(lift, work)
    proof = _proof(lift)
    work.source.join(proof.source)
    work.target.join(proof.target)
    remote = {"source": is_remote(plan.source), "target": is_remote(plan.target)}
    return Expected(
        source=work.source if remote["source"] else None,
        target=work.target if remote["target"] else None,
        proof={side: getattr(proof, side) for side, there in remote.items() if there},
        at_once=lift.at_once,
    )


def _listing(lift: Lift, side: Side) -> None:
    """Add what listing the source's chunks takes, and reading the indexes of its shards."""
    plan = lift.plan
    if lift.listed is not None:
        side.add(**lift.listed._asdict())
        return
    most = sum(a.objects_in for a in plan.arrays)
    if lift.whole and most <= LISTED_AT_ONCE:
        side.add(Basis.BOUND, list=whole_lists(most, len(plan.documents), len(plan.files)))
    else:
        lists = (array_lists(a.source, LISTED_AT_ONCE) for a in plan.arrays)
        side.add(Basis.BOUND, list=sum(lists))
    for array in plan.arrays:
        if array.source.shards is not None:
            size = array.objects_in * index_bytes(array.source)
            side.add(Basis.BOUND, get=array.objects_in, bytes_in=size)


def _array(lift: Lift, place: int, array: ArrayPlan, work: _Both) -> None:
    """Add the chunks of an array, and the objects that they go into."""
    counted, bytes_in = lift.counted.get(array.path), lift.stored(place)
    cost, stored, basis = lift.costs.arrays[place], bytes_in.value, bytes_in.basis
    asked = counted.transfers if counted else None
    if lift.copied(array):
        _copied(lift, place, array, work)
        return
    if array.method is Method.RECHUNK:
        times = max(1.0, cost.amplification or 1.0)
        gets = int(times * (counted.objects if counted else grid.count(array.source.chunk_grid)))
        work.source.add(Basis.ESTIMATED, get=gets, bytes_in=int(times * stored))
    elif asked is not None:
        work.source.add(get=asked.gets, bytes_in=stored)
    else:
        work.source.add(Basis.BOUND, get=grid.count(array.source.chunk_grid))
        work.source.add(basis, bytes_in=stored)
    _objects(lift, place, array, work.target)


def _copied(lift: Lift, place: int, array: ArrayPlan, work: _Both) -> None:
    """Add the headers of chunks that are looked at, and the copies that the store makes."""
    units, counted = lift.costs.arrays[place].objects_out, lift.counted.get(array.path)
    glimpse = glimpse_for(array.source)
    head = glimpse.length if glimpse is not None else 0
    asked = counted.transfers if counted else None
    heads = asked.heads if asked else units.value * head
    work.source.add(units.basis, get=units.value if head else 0, bytes_in=heads)
    work.target.add(units.basis, copy=units.value)


def _objects(lift: Lift, place: int, array: ArrayPlan, side: Side) -> None:
    cost, counted = lift.costs.arrays[place], lift.counted.get(array.path)
    units, asked = cost.objects_out, counted.transfers if counted else None
    index, stored = index_bytes(array.target), lift.stored(place)
    if array.method.undecoded and asked is not None:
        basis = Basis.COUNTED if asked.certain else Basis.BOUND
        side.add(basis, put=units.value - asked.in_parts)
        side.add(basis, upload=2 * asked.in_parts, part=asked.parts)
        side.add(bytes_out=stored.value + index * units.value)
        return
    basis = Basis.BOUND if array.method.undecoded else Basis.ESTIMATED
    largest = stored_bytes(array.target) + index
    side.add(Basis.BOUND, put=units.value)
    if largest > WHOLE:
        side.add(Basis.BOUND, upload=2 * units.value, part=units.value * -(-largest // PART))
    sure = least_sure(basis, stored.basis)
    side.add(sure, bytes_out=stored.value + index * units.value)


def _files(lift: Lift, work: _Both) -> None:
    """Add the plain files beside the nodes; those within arrays are found while lifting."""
    for file in lift.plan.files:
        if lift.copies:
            work.target.add(copy=1)
            continue
        work.source.add(get=max(1, -(-file.size // FILE_PIECE)), bytes_in=file.size)
        if file.size <= WHOLE:
            work.target.add(put=1)
        else:
            work.target.add(upload=2, part=-(-file.size // PART))
        work.target.add(bytes_out=file.size)


def _frame(lift: Lift, work: _Both) -> None:
    """Add the documents, and the claim: looked for twice, put, read, seen again and removed."""
    plan, side = lift.plan, work.target
    side.add(get=4, list=2, put=1, delete=1, bytes_in=2 * lift.claim, bytes_out=lift.claim)
    side.add(put=len(plan.documents))
    side.add(Basis.BOUND, list=int(leftovers.possible(plan)))
    if is_remote(plan.target):
        side.add(bytes_out=sum(len(document.encode()) for document in plan.documents))
    if plan.settings.crate is not None:
        side.add(put=1)
        side.add(Basis.ESTIMATED, bytes_out=_CRATE)
        work.source.add(get=int(plan.crate_found))
        work.source.add(Basis.ESTIMATED, bytes_in=_CRATE * plan.crate_found)


def _proof(lift: Lift) -> _Both:
    """Give what the verification within a lift takes."""
    made = _Both(source=Side(), target=Side())
    if lift.level is Level.NONE:
        return made
    _listing(lift, made.source)
    _listing_anew(lift, made.target)
    for place, array in enumerate(lift.plan.arrays):
        if array.method.undecoded:
            _compared(lift, place, array, made)
        else:
            _decoded(lift, place, array, made)
    for file in lift.plan.files:
        for side in (made.source, made.target):
            _compared_file(lift, file.size, side)
    return made


def _listing_anew(lift: Lift, side: Side) -> None:
    """Add what listing the target takes: its objects, and what else lies there."""
    plan, figure = lift.plan, lift.costs.total("objects_out")
    sure = figure.basis if all(a.method.undecoded for a in plan.arrays) else Basis.BOUND
    if lift.whole and sum(a.objects_out for a in plan.arrays) <= LISTED_AT_ONCE:
        counted = (lift.counted.get(a.path) for a in plan.arrays)
        empty = sum(found is None or not found.units for found in counted)
        side.add(sure, list=pages(figure.value + len(plan.files) + 1) + empty)
        return
    lists = (array_lists(a.target, LISTED_AT_ONCE) for a in plan.arrays)
    side.add(Basis.BOUND, list=sum(lists) + 2 * len(plan.documents))


def _compared(lift: Lift, place: int, array: ArrayPlan, made: _Both) -> None:
    """Add the index of every shard, and the chunks whose bytes are compared on both sides."""
    cost, counted = lift.costs.arrays[place], lift.counted.get(array.path)
    units, asked, stored = (
        cost.objects_out,
        counted.transfers if counted else None,
        lift.stored(place),
    )
    if array.target.shards is not None:
        size = units.value * index_bytes(array.target)
        made.target.add(units.basis, get=units.value, bytes_in=size)
    if asked is not None:
        (ours, theirs), size, basis = asked.compared, asked.compared_bytes, Basis.COUNTED
    else:
        chunks = grid.count(array.source.chunk_grid)
        share = SAMPLE if lift.level is Level.QUICK else 1
        pieces = pieces_of(chunks * array.source.chunk_bytes, chunks)
        ours = theirs = -(-chunks * pieces // share)
        size = stored.value // share
        basis = Basis.ESTIMATED if share > 1 else Basis.BOUND
    for side, gets in ((made.source, ours), (made.target, theirs)):
        side.add(basis, get=gets)
        side.add(least_sure(basis, stored.basis), bytes_in=size)
    if lift.level is Level.DECODE:
        made.target.add(Basis.BOUND, get=theirs, bytes_in=size)


def pieces_of(raw: int, chunks: int) -> int:
    """Give by how many requests a chunk comes, of so many chunks of `raw` bytes."""
    return max(1, -(-raw // max(1, chunks) // PIECE))


def _decoded(lift: Lift, place: int, array: ArrayPlan, made: _Both) -> None:
    """Add about what comparing values takes: a sample of chunks, and the source's under them."""
    cost, level = lift.costs.arrays[place], lift.level
    share = SAMPLE if level is Level.QUICK else 1
    chunks = -(-grid.count(array.target.chunk_grid) // share)
    under = 1.0
    for old, new in zip(array.source.chunks, array.target.chunks, strict=True):
        under *= max(1.0, new / old)
    units = cost.objects_out.value
    sharded = array.target.shards is not None
    made.source.add(Basis.ESTIMATED, get=int(chunks * under), bytes_in=cost.bytes_in.value // share)
    made.target.add(
        Basis.ESTIMATED,
        get=chunks + sharded * (units + min(units, chunks)),
        bytes_in=cost.bytes_in.value // share,
    )
    made.source.add(Basis.ESTIMATED, list=array_lists(array.source, LISTED_AT_ONCE))


def _compared_file(lift: Lift, size: int, side: Side) -> None:
    if size <= SMALL:
        side.add(get=1, bytes_in=size)
        return
    quick = lift.level is Level.QUICK
    gets = 2 if quick else -(-size // SMALL)
    side.add(head=1, get=gets, bytes_in=2 * ENDS if quick else size)
