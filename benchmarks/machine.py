"""Where and when the figures were measured."""

import math
import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a reader needs to judge the figures."""

    cpu: str
    cores: int
    memory_bytes: int
    kernel: str
    python: str
    date: str
    commit: str
    load: float
    """Average of processes that ran in the minute before."""

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_bytes / 2**30:.0f} GiB, {self.kernel}\n"
            f"Python {self.python}, {self.date}, commit {self.commit}, load before {self.load:.1f}"
        )

    @property
    def busy(self) -> bool:
        """Whether others used so much of it that figures mislead."""
        return self.load > self.cores / 4


def describe_machine() -> Machine:
    """The present machine and day, and the commit that is checked out."""
    return Machine(
        cpu=_cpu_model(),
        cores=_usable_cores(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        date=datetime.now(tz=UTC).date().isoformat(),
        commit=_commit(),
        load=os.getloadavg()[0],
    )


def cpu_seconds_of(process: int) -> float:
    """What a running process has taken so far; NaN where the system does not tell as Linux does."""
    try:
        told = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return math.nan
    user, system = told.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def file_system(folder: Path) -> str:
    """The type of the file system that holds `folder`, such as tmpfs or ext4."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return "disk"
    mounts = [(line.split()[1], line.split()[2]) for line in lines]
    holding = [(len(at), kind) for at, kind in mounts if folder.resolve().is_relative_to(at)]
    return max(holding, key=lambda mount: mount[0])[1]


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _commit() -> str:
    """The short hash, with `+` where files differ from it."""
    here = Path(__file__).parent
    described = ["git", "describe", "--always", "--abbrev=7", "--exclude=*", "--dirty=+"]
    done = subprocess.run(described, cwd=here, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
