"""What a plan needs and how much it will write: bounds from shapes, or counts from a listing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.errors import UsageError
from zarrlift.plan.methods import Method

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.plan import ArrayPlan, Plan

WRITE_BUFFER = 4 * 2**20
_PER_CHUNK = 400
"""Bytes held for each chunk of an object: its name, index and entry."""
_BLOSC_WORKSPACE = 4
"""Blosc's zstd holds several times the decoded chunk for each thread."""


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
class Counted:
    """Chunk objects that a listing found in one array."""

    objects: int
    bytes: int
    units: int
    """Target objects that have something to hold."""


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


def chunk_bound(layout: ArrayLayout) -> int:
    """Give the most bytes an encoded chunk takes; codecs add little to what does not compress."""
    raw = layout.chunk_bytes or WRITE_BUFFER
    return raw + raw // 128 + 1024


def worker_bytes(plan: ArrayPlan) -> int:
    """Give the memory that one worker needs for one object of an array."""
    held = _PER_CHUNK * grid.count(plan.target.per_object)
    bound = chunk_bound(plan.source)
    need = max(WRITE_BUFFER, bound) + held
    if plan.method is Method.RECODE:
        need += bound + (2 + _BLOSC_WORKSPACE) * plan.source.chunk_bytes
    if plan.method is Method.RECHUNK:
        need += bound + (2 + _BLOSC_WORKSPACE) * (plan.source.chunk_bytes + plan.target.chunk_bytes)
    return need


def array_cost(plan: ArrayPlan, counted: Counted | None, sample: Sample | None) -> ArrayCost:
    """Give what one array takes: counted where listed, else bounds and estimates."""
    memory = worker_bytes(plan)
    if counted is not None:
        return ArrayCost(
            objects_in=Figure(value=counted.objects, basis=Basis.COUNTED),
            objects_out=Figure(value=counted.units, basis=Basis.COUNTED),
            bytes_in=Figure(value=counted.bytes, basis=Basis.COUNTED),
            memory=memory,
        )
    raw = grid.count(plan.source.chunk_grid) * plan.source.chunk_bytes
    sampled = sample is not None
    estimate = int(raw * sample.stored_ratio) if sample is not None else raw
    return ArrayCost(
        objects_in=Figure(value=plan.objects_in, basis=Basis.BOUND),
        objects_out=Figure(value=plan.objects_out, basis=Basis.BOUND),
        bytes_in=Figure(value=estimate, basis=Basis.ESTIMATED if sampled else Basis.BOUND),
        memory=memory,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a whole plan takes."""

    arrays: tuple[ArrayCost, ...]
    """In the order of the plan's arrays."""
    seconds: float | None
    """Expected time on one worker; None where nothing could be measured."""

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
    order = list(Basis)
    for figure in figures:
        total += figure.value
        basis = max(basis, figure.basis, key=order.index)
    return Figure(value=total, basis=basis)


def costs(plan: Plan, counted: Mapping[str, Counted], samples: Mapping[str, Sample]) -> Costs:
    """Give what a plan takes; `samples` are by array path, one under the empty path for all."""
    general = samples.get("")
    arrays = tuple(
        array_cost(a, counted.get(a.path), samples.get(a.path, general)) for a in plan.arrays
    )
    seconds = None
    if general is not None:
        objects = sum(c.objects_in.value for c in arrays)
        stored = sum(c.bytes_in.value for c in arrays)
        encoded = sum(a.source.raw_bytes for a in plan.arrays if not a.method.undecoded)
        seconds = (
            objects * general.seconds_per_object
            + 2 * stored * general.seconds_per_byte
            + encoded * general.encode_seconds_per_byte
        )
    return Costs(arrays=arrays, seconds=seconds)


def workers_within(plan: Plan, workers: int, memory: int) -> int:
    """Give how many workers fit into `memory` bytes; raise `UsageError` where not even one does."""
    need = max((worker_bytes(a) for a in plan.arrays), default=WRITE_BUFFER)
    if need > memory:
        worst = max(plan.arrays, key=worker_bytes)
        raise UsageError(
            f"needs {need / 2**20:.0f} MiB of memory for one object, --memory allows "
            f"{memory / 2**20:.0f} MiB",
            place=worst.path or "/",
            hint=f"allow --memory {need // 2**20 + 1}MiB, or choose smaller chunks",
        )
    return max(1, min(workers, memory // need))
