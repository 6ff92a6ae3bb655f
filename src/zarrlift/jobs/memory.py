"""The memory that a run of a plan takes, and the workers that it has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.errors import UsageError
from zarrlift.jobs.options import default_memory, threads
from zarrlift.plan.memory import Resources, chunk_bound, workers_within
from zarrlift.store import address

if TYPE_CHECKING:
    from zarrlift.jobs.options import RunOptions
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.plan import Plan


def resources(plan: Plan, options: RunOptions) -> Resources:
    """Give the workers and the memory that a run of a plan takes, one worker at the least."""
    memory = default_memory() if options.memory is None else options.memory
    remote = address.is_remote(plan.source) or address.is_remote(plan.target)
    wanted = threads(options, encodes=plan.encodes, remote=remote)
    try:
        return Resources(workers_within(plan, wanted, memory), memory)
    except UsageError:
        return Resources(1, memory)


def bytes_under_way(plan: Plan) -> int:
    """Give the memory that one worker takes for what is on its way from and to object stores."""
    received = sent = 0
    if address.is_remote(plan.source):
        from zarrlift.chunks.fetch import AHEAD  # noqa: PLC0415 - for buckets only

        received = 2 * AHEAD
    if address.is_remote(plan.target):
        from zarrlift.store.upload import sent_bytes  # noqa: PLC0415 - for buckets only

        objects = [(stored_bytes(a.target), chunk_bound(a.target)) for a in plan.arrays]
        sent = max((sent_bytes(*sizes) for sizes in objects), default=0)
    return received + sent


def stored_bytes(layout: ArrayLayout) -> int:
    """Bound the bytes of an object; chunks hardly grow by encoding."""
    return chunk_bound(layout) * grid.count(layout.per_object)
