"""Memory that workers need to carry a plan out, and how many of them fit into a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.errors import UsageError
from zarrlift.metadata.layout import Keys
from zarrlift.plan import walks, workspace
from zarrlift.plan.methods import Method, is_rewrap

if TYPE_CHECKING:
    from zarrlift.metadata.codecs import Codec
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.plan import ArrayPlan, Plan
    from zarrlift.plan.walks import Walk

WRITE_BUFFER = 4 * 2**20
_PER_CHUNK = 400
"""Bytes held for each chunk of an object, and for each that is listed: name, index and entry."""


class Resources(NamedTuple):
    """What a run may take."""

    workers: int
    memory: int
    """Bytes, of all workers together."""


RESOURCES = Resources(1, 2**29)
"""Assumed where nothing else is said."""


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
