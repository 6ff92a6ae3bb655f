"""How a job runs: threads, memory, proof. None of it changes what is written."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from zarrlift.jobs.stores import Stores
from zarrlift.verify.level import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarrlift.crew import Crew
    from zarrlift.plan.prices import Prices

_DEFAULT_MEMORY = 2 * 2**30
_PACKING_WORKERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to carry a plan out."""

    workers: int | None = None
    """Threads or processes; None means the CPUs this process may use, at most 4 for packing."""
    memory: int | None = None
    """Bytes for chunks in flight; None means 2 GiB or half of what the cgroup allows."""
    verify: Level = Level.QUICK
    overwrite: bool = False
    fsync: bool = False
    processes: bool = False
    """Pack on processes in place of threads, where this process can be forked safely."""
    stores: Stores = field(default_factory=Stores)
    prices: Prices | None = None
    """What requests to object stores cost, for the report."""


class Watch(Protocol):
    """Told what a job is doing, by its main thread."""

    def phase(self, name: str, total: int | None) -> None:
        """Start a phase; `total` are the bytes it is expected to read, if known."""

    def advance(self, path: str, amount: int) -> None:
        """Bytes of one array or file have been dealt with."""

    def confirm(self, question: str) -> bool:
        """Ask before something is removed."""
        ...


class Silent:
    """Watches without a word; a caller that asks for a removal in code has confirmed it."""

    def phase(self, name: str, total: int | None) -> None:
        """Ignore."""

    def advance(self, path: str, amount: int) -> None:
        """Ignore."""

    def confirm(self, question: str) -> bool:
        """Agree."""
        del question
        return True


def usable_cpus() -> int:
    """Count the CPUs this process may use: affinity, cgroup quota, Slurm's allotment."""
    counts = [len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0]
    counts.append(os.cpu_count() or 1)
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        counts.append(-(-int(quota) // int(period)))
    with contextlib.suppress(KeyError, ValueError):
        counts.append(int(os.environ["SLURM_CPUS_PER_TASK"]))
    return max(1, min(c for c in counts if c > 0))


def default_memory() -> int:
    """Give the default budget: 2 GiB, or half of the cgroup's limit where that is less."""
    with contextlib.suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        return min(_DEFAULT_MEMORY, limit // 2)
    return _DEFAULT_MEMORY


def crew_of(
    options: RunOptions,
    size: int,
    meanwhile: Callable[[], None] = lambda: None,
    *,
    remote: bool = False,
) -> Crew[Any] | None:
    """Give the processes that take the place of threads, where they are asked for and can be.

    `meanwhile` is done here while they are at work. What talks to object stores must not be forked.
    """
    if not options.processes or remote or size < 2:  # noqa: PLR2004 - one alone needs no other process
        return None
    from zarrlift import crew  # noqa: PLC0415 - needed by the command, not from Python

    return crew.Crew(size, meanwhile) if crew.can_fork() else None


def threads(options: RunOptions, *, encodes: bool, remote: bool = False) -> int:
    """Give the number of workers to start with, before memory reduces it.

    Those that talk to object stores wait most of the time, so they are more.
    """
    if options.workers is not None:
        return max(1, options.workers)
    if remote:
        return max(1, options.stores.requests // 2)
    cpus = usable_cpus()
    return cpus if encodes else max(1, min(_PACKING_WORKERS, max(2, cpus)))
