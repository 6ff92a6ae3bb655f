"""Whole commands run as child processes, in turns, with their time and peak memory."""

import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from benchmarks.rivals import Tool

_KEEPS_BYTECODE = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""Installed programs come with bytecode: no tool is to be compiled anew at every start."""
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit in which the system counts peak memory."""


class CommandError(Exception):
    """A measured command did not do its work; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One command from start to exit."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The runs of one command."""

    name: str
    command: str
    runs: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        """Median wall time."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        """Median of user and system time together."""
        return statistics.median(run.cpu_seconds for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        """The highest of all runs, since a bound on memory holds for every run."""
        return max(run.peak_bytes for run in self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How often commands take their turn."""

    quick: int
    slow: int
    """For tools that take many times as long as a copy."""

    def of(self, tool: Tool) -> int:
        """The turns of one tool."""
        return self.slow if tool.slow else self.quick


def paired_ratio(numerator: Series, denominator: Series) -> float:
    """Median ratio of wall times within a round, which a machine that slows down leaves alone."""
    pairs = zip(numerator.runs, denominator.runs, strict=False)
    return statistics.median(above.seconds / below.seconds for above, below in pairs)


def own_peak_bytes() -> int:
    """Peak memory of this process, below which the system reports none for a child."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT


def run_once(
    command: tuple[str, ...], log: Path, variables: Mapping[str, str] = MappingProxyType({})
) -> Run:
    """One measured run, its output going to `log`; `variables` are added to the environment."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    output = (
        (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    )
    start = time.perf_counter()
    environment = {**_KEEPS_BYTECODE, **variables}
    child = os.posix_spawnp(command[0], command, environment, file_actions=output)
    status, usage = _wait(child)
    seconds = time.perf_counter() - start
    if status != 0:
        raise CommandError(f"{' '.join(command)}\n  exit status {status}: {_last_line(log)}")
    return Run(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * MAXRSS_UNIT,
    )


def repeat(name: str, command: tuple[str, ...], *, rounds: int, log: Path) -> Series:
    """A command that writes nothing, timed after a first run that is not."""
    run_once(command, log)
    runs = tuple(run_once(command, log) for _ in range(rounds))
    return Series(name=name, command=" ".join(command), runs=runs)


def take_turns(
    tools: Sequence[Tool], source: Path, target: Path, rounds: Rounds
) -> tuple[list[Series], list[str]]:
    """Every tool's series, in rounds of one run each; a tool that fails is left out and told."""
    warm = warm_up_bytes(source)
    runs: dict[Tool, list[Run]] = {tool: [] for tool in tools}
    failures = []
    for number in range(-1, max(rounds.quick, rounds.slow)):
        for tool in [tool for tool in runs if _has_turn(tool, number, rounds)]:
            try:
                run = _convert_once(tool, source, target, warm)
            except CommandError as error:
                failures.append(str(error))
                del runs[tool]
                continue
            if number >= 0:
                runs[tool].append(run)
    series = [
        Series(name=tool.name, command=" ".join(tool.command(source, target)), runs=tuple(done))
        for tool, done in runs.items()
    ]
    return series, failures


def warm_up_bytes(source: Path) -> int:
    """Memory that a run touches for the first time: the copy, and some for the process."""
    files = (Path(folder, name) for folder, _, names in os.walk(source) for name in names)
    return round(1.2 * sum(file.stat().st_size for file in files)) + 100_000_000


def _has_turn(tool: Tool, number: int, rounds: Rounds) -> bool:
    """Round -1 warms the caches up, for which a slow tool's own start has done enough."""
    return not tool.slow if number < 0 else number < rounds.of(tool)


def _convert_once(tool: Tool, source: Path, target: Path, warm: int) -> Run:
    """A run to a target that is not there before and is removed after, outside the timing."""
    log = target.with_suffix(".log")
    os.sync()
    touch_memory(warm)
    try:
        run = run_once(tool.command(source, target), log)
        if not (target / tool.writes).is_file():
            raise CommandError(f"{tool.name} ended well, but wrote no {tool.writes}")
    finally:
        shutil.rmtree(target, ignore_errors=True)
    return run


def touch_memory(size: int) -> None:
    """Make a virtual machine's free pages real, so that no run pays for the host's page faults.

    Without it the same copy takes up to six times as long from one run to the next.
    """
    subprocess.run([sys.executable, "-c", f"b'x' * {size}"], check=True)


def _wait(child: int) -> tuple[int, resource.struct_rusage]:
    try:
        _, status, usage = os.wait4(child, 0)
    except BaseException:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        raise
    return os.waitstatus_to_exitcode(status), usage


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "no message")
