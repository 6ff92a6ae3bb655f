"""What a plan will read and write: bounds from shapes, or counts from a listing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.plan import walks
from zarrlift.plan.memory import RESOURCES, WRITE_BUFFER, walk_of, worker_bytes
from zarrlift.plan.methods import Method

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zarrlift.plan.memory import Resources
    from zarrlift.plan.plan import ArrayPlan, Plan
    from zarrlift.plan.prices import Prices
    from zarrlift.plan.requests import Expected


_WRITTEN = 3e-4
"""Seconds in which a small server writes one file of a target and proves it, however small; what
chunks take to be read tells nothing of it (4,608 objects and 6,545 documents: 3.4 s)."""


class Basis(StrEnum):
    """How a figure came about."""

    COUNTED = "counted"
    BOUND = "bound"
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number and how it came about."""

    value: int
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfers:
    """What a listing tells of the requests that move one array's chunks undecoded."""

    gets: int
    """Requests that bring all chunks; neighbours in a shard come together."""
    in_parts: int
    """Target objects that are too large for one request."""
    parts: int
    certain: bool
    """No object is so close to that size that it may go either way."""
    compared: tuple[int, int]
    """Requests that bring the chunks which verification compares: from the source, the target."""
    compared_bytes: int
    heads: int
    """Bytes of the chunks' ends that are looked at where the store copies chunks by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Chunk objects that a listing found in one array."""

    objects: int
    bytes: int
    units: int
    """Target objects that have something to hold."""
    transfers: Transfers | None = None
    """None where neither side is an object store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A few of the source's chunks, read to learn how large and how fast they are."""

    stored_ratio: float
    """Stored bytes over decoded bytes of whole chunks, padding included."""
    seconds_per_byte: float
    seconds_per_object: float
    encode_seconds_per_byte: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayCost:
    """What one array takes."""

    objects_in: Figure
    objects_out: Figure
    bytes_in: Figure
    memory: int
    """Bytes that one worker needs."""
    amplification: float | None = None
    """How often a source chunk is decoded on average while rechunking, where all are there."""


def array_cost(
    plan: ArrayPlan, counted: Counted | None, sample: Sample | None, run: Resources = RESOURCES
) -> ArrayCost:
    """Give what one array takes: counted where listed, else bounds and estimates."""
    memory, times = worker_bytes(plan), None
    if plan.method is Method.RECHUNK:
        walk = walk_of(plan, run.memory // run.workers, run.workers)
        axes = walks.axes_of(plan.source, plan.target)
        held = walks.block_bytes(axes, walk.block, plan.target.data_type.itemsize)
        memory, times = worker_bytes(plan, held), walk.amplification
    if counted is not None:
        return ArrayCost(
            objects_in=Figure(value=counted.objects, basis=Basis.COUNTED),
            objects_out=Figure(value=counted.units, basis=Basis.COUNTED),
            bytes_in=Figure(value=counted.bytes, basis=Basis.COUNTED),
            memory=memory,
            amplification=times,
        )
    raw = grid.count(plan.source.chunk_grid) * plan.source.chunk_bytes
    sampled = sample is not None
    estimate = int(raw * sample.stored_ratio) if sample is not None else raw
    return ArrayCost(
        objects_in=Figure(value=plan.objects_in, basis=Basis.BOUND),
        objects_out=Figure(value=plan.objects_out, basis=Basis.BOUND),
        bytes_in=Figure(value=estimate, basis=Basis.ESTIMATED if sampled else Basis.BOUND),
        memory=memory,
        amplification=times,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a whole plan takes."""

    arrays: tuple[ArrayCost, ...]
    """In the order of the plan's arrays."""
    seconds: float | None
    """Expected time on one worker; None where nothing could be measured."""
    allowed: int | None = None
    """Bytes that all workers together may take, where this was considered."""
    requests: Expected | None = None
    """Of object stores; None where there are none."""
    prices: Prices | None = None
    """None where they were not asked for."""

    def __repr__(self) -> str:
        """Give the totals in one line."""
        figures = ((n, self.total(n)) for n in ("objects_in", "objects_out", "bytes_in"))
        said = ", ".join(f"{name} {f.value} ({f.basis})" for name, f in figures)
        return f"Costs({said}, {self.memory} bytes for each worker)"

    def total(self, member: str) -> Figure:
        """Add up `objects_in`, `objects_out` or `bytes_in` over the arrays."""
        return added(getattr(a, member) for a in self.arrays)

    @property
    def memory(self) -> int:
        """Return the most that one worker needs, in bytes."""
        return max((a.memory for a in self.arrays), default=WRITE_BUFFER)


def added(figures: Iterable[Figure]) -> Figure:
    """Add figures; the sum is only as good as the least certain of them."""
    total, basis = 0, Basis.COUNTED
    for figure in figures:
        total += figure.value
        basis = least_sure(basis, figure.basis)
    return Figure(value=total, basis=basis)


def least_sure(*bases: Basis) -> Basis:
    """Give the least certain of some ways to come to a figure."""
    return max(bases, key=list(Basis).index)


def costs(
    plan: Plan,
    counted: Mapping[str, Counted],
    samples: Mapping[str, Sample],
    run: Resources = RESOURCES,
) -> Costs:
    """Give what a plan takes; `samples` are by array path, one under the empty path for all."""
    general = samples.get("")
    arrays = tuple(
        array_cost(a, counted.get(a.path), samples.get(a.path, general), run) for a in plan.arrays
    )
    seconds = None
    if general is not None:
        objects = sum(c.objects_in.value for c in arrays)
        stored = sum(c.bytes_in.value for c in arrays)
        encoded = sum(a.source.raw_bytes for a in plan.arrays if not a.method.undecoded)
        written = sum(c.objects_out.value for c in arrays) + len(plan.documents)
        seconds = (
            objects * general.seconds_per_object
            + written * _WRITTEN
            + 2 * stored * general.seconds_per_byte
            + encoded * general.encode_seconds_per_byte
        )
    return Costs(arrays=arrays, seconds=seconds, allowed=run.memory)
