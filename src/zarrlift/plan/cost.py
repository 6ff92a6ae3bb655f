"""What a plan needs and how much it will write: bounds from shapes, or counts from a listing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.errors import UsageError
from zarrlift.metadata.layout import Keys
from zarrlift.plan import walks, workspace
from zarrlift.plan.methods import Method, is_rewrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zarrlift.metadata.codecs import Codec
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.plan import ArrayPlan, Plan
    from zarrlift.plan.walks import Walk

WRITE_BUFFER = 4 * 2**20
_PER_CHUNK = 400
"""Bytes held for each chunk of an object, and for each that is listed: name, index and entry."""


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


class Resources(NamedTuple):
    """What a run may take."""

    workers: int
    memory: int
    """Bytes, of all workers together."""


RESOURCES = Resources(1, 2**29)
"""Assumed where nothing else is said."""


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
    amplification: float | None = None
    """How often a source chunk is decoded on average while rechunking, where all are there."""


def chunk_bound(layout: ArrayLayout) -> int:
    """Give the most bytes an encoded chunk takes; codecs add little to what does not compress."""
    return workspace.chunk_bound(layout, WRITE_BUFFER)


def worker_bytes(plan: ArrayPlan, block: int = 0, *, decoded: bool = False) -> int:
    """Give the memory that one worker needs to write one object of an array, and to prove it.

    While rechunking it holds a block of that many bytes, one chunk of the target at the least.
    The proof may ask for chunks `decoded` that passed undecoded.
    """
    return max(_writing(plan, block), _proving(plan, decoded=decoded))


def _writing(plan: ArrayPlan, block: int) -> int:
    source, target = plan.source, plan.target
    bound = chunk_bound(source)
    held = _held(plan)
    if plan.method.undecoded:
        return max(WRITE_BUFFER, bound) + held
    if is_rewrap(source, target):
        return max(WRITE_BUFFER, bound) + held + 2 * source.chunk_bytes + bound
    coding = workspace.decoding(source) + workspace.encoding(target, chunk_bound(target))
    if plan.method is Method.RECODE:
        moved = target.chunk_bytes * (_plain(source) != _plain(target))
        return max(WRITE_BUFFER, bound) + held + coding + moved
    return WRITE_BUFFER + held + bound + coding + max(block, target.chunk_bytes)


def _held(plan: ArrayPlan) -> int:
    """Count what is held for the chunks of one object, and for those that are listed with it."""
    return _PER_CHUNK * (grid.count(plan.target.per_object) + _listed(plan))


def _listed(plan: ArrayPlan) -> int:
    """Count the chunks that are listed at a time: a block of shards, or a row of objects.

    Flat keys are not counted: one folder holds all, and how many there are nobody knows before.
    """
    source = plan.source
    stored = source.chunks if plan.method is Method.RECHUNK else plan.target.stored
    if source.shards is not None:
        block = grid.block_shape(source.shape, source.stored, stored)
        return grid.count(grid.chunks_per_shard(block, source.chunks))
    if source.ndim <= 1 or source.keys in (Keys.V2_FLAT, Keys.DEFAULT_FLAT):
        return 0
    above = grid.chunks_per_shard(stored, source.chunks)[:-1]
    return grid.count(above) * source.chunk_grid[-1]


def _proving(plan: ArrayPlan, *, decoded: bool) -> int:
    """Count what comparing one chunk by value takes: both sides' chunks, and the part compared.

    Bytes are compared piece by piece, which takes less than writing them did.
    """
    source, target = plan.source, plan.target
    if plan.method.undecoded:
        return decoded * (_held(plan) + chunk_bound(source) + workspace.decoding(source))
    old = chunk_bound(source) + workspace.decoding(source) + source.chunk_bytes
    new = max(chunk_bound(target) + workspace.decoding(target), 2 * target.chunk_bytes)
    return _held(plan) + WRITE_BUFFER + old + new + target.chunk_bytes


def _plain(layout: ArrayLayout) -> list[Codec]:
    return [c for c in layout.codecs if c.name in ("transpose", "bytes")]


def walk_of(plan: ArrayPlan, share: int, workers: int) -> Walk:
    """Choose how an array is rechunked where each of `workers` may take `share` bytes."""
    room = share - _writing(plan, 0) + plan.target.chunk_bytes
    return walks.choose(plan.source, plan.target, room, workers)


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
        seconds = (
            objects * general.seconds_per_object
            + 2 * stored * general.seconds_per_byte
            + encoded * general.encode_seconds_per_byte
        )
    return Costs(arrays=arrays, seconds=seconds, allowed=run.memory)


def workers_within(
    plan: Plan, workers: int, memory: int, *, decoded: bool = False, under_way: int = 0
) -> int:
    """Give with how many workers a plan is carried out quickest within `memory` bytes.

    Fewer of them may hold larger blocks while rechunking. The proof may ask for chunks `decoded`;
    `under_way` are bytes that each worker has on its way from and to object stores.
    Raises `UsageError` where not even one fits.
    """
    needs = {a.path: worker_bytes(a, decoded=decoded) + under_way for a in plan.arrays}
    need = max(needs.values(), default=WRITE_BUFFER)
    if need > memory:
        worst = max(plan.arrays, key=lambda a: needs[a.path])
        raise UsageError(
            f"needs {need / 2**20:.0f} MiB of memory for one object, --memory allows "
            f"{memory / 2**20:.0f} MiB",
            place=worst.path or "/",
            hint=f"allow --memory {need // 2**20 + 1}MiB, or choose smaller chunks",
        )
    most = max(1, min(workers, memory // need))
    kinds: dict[tuple[ArrayLayout, ArrayLayout], ArrayPlan] = {}
    rest = 0
    for array in plan.arrays:
        if array.method is Method.RECHUNK:
            kinds.setdefault((array.source, array.target), array)
        elif array.method is Method.RECODE:
            rest += array.source.raw_bytes

    def effort(number: int) -> float:
        made = ((walk_of(a, memory // number, number), a.source.raw_bytes) for a in kinds.values())
        return rest * walks.ONCE / number + sum(walk.effort * size for walk, size in made)

    return min(range(most, 0, -1), key=effort) if kinds else most
