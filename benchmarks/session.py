"""One place to measure in: its datasets, the tools taking turns on them, and cleaning up."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cases import (
    ABSENT_TARGETS,
    HELP_TARGETS,
    IMPORT_TARGETS,
    UPGRADE_TARGETS,
    Case,
    Target,
)
from benchmarks.machine import file_system
from benchmarks.measure import CommandError, Rounds, repeat, take_turns
from benchmarks.results import Result, case_result
from benchmarks.rivals import (
    Tool,
    UnavailableError,
    challenge,
    copier,
    find_challenge,
    find_zarrlift,
    zarrlift,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The programs that were found, and a line about each that was not."""

    zarrlift: Path | None
    challenge: Path | None
    missing: tuple[str, ...]

    def tools(self, case: Case) -> list[Tool]:
        """Everything that converts or copies the dataset of a case."""
        tools = [copier()]
        if self.zarrlift is not None:
            tools.append(zarrlift(self.zarrlift, case))
        if self.challenge is not None:
            tools.append(challenge(self.challenge, case))
        return tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder of ours on one file system."""

    folder: Path
    kind: str
    rounds: Rounds
    keep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What has been measured so far, and which commands failed."""

    results: list[Result] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def find_programs(environment: Path, *, skip_challenge: bool) -> Programs:
    """The programs to measure; the challenge tool is installed into `environment` if need be."""
    missing = []
    ours = theirs = None
    try:
        ours = find_zarrlift()
    except UnavailableError as error:
        missing.append(str(error))
    try:
        theirs = None if skip_challenge else find_challenge(environment)
    except UnavailableError as error:
        missing.append(str(error))
    return Programs(zarrlift=ours, challenge=theirs, missing=tuple(missing))


@contextmanager
def opened_place(parent: Path, rounds: Rounds, *, keep: bool) -> Iterator[Place]:
    """A folder below `parent`, removed at the end unless kept."""
    folder = parent / "zarrlift-bench"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield Place(folder=folder, kind=file_system(folder), rounds=rounds, keep=keep)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def measure_case(case: Case, place: Place, programs: Programs, findings: Findings) -> None:
    """Every tool on one dataset."""
    _progress(f"{case.name} on {place.kind}: {case.title}")
    with _dataset(case.name, place) as source:
        tools = programs.tools(case)
        series, failures = take_turns(tools, source, place.folder / "target", place.rounds)
    findings.results.append(case_result(case, place.kind, series))
    findings.failures.extend(failures)


def measure_commands(place: Place, programs: Programs, findings: Findings) -> None:
    """Start-up, planning an image of which no chunk is there, and a plate upgraded in place."""
    _progress("Start-up and planning")
    _measure_command("python -c pass", (sys.executable, "-c", "pass"), (), place, findings)
    if programs.zarrlift is None:
        return
    program = str(programs.zarrlift)
    commands: tuple[tuple[str, tuple[str, ...], tuple[Target, ...]], ...] = (
        ("import zarrlift", (sys.executable, "-c", "import zarrlift"), IMPORT_TARGETS),
        ("zarrlift --help", (program, "--help"), HELP_TARGETS),
    )
    for name, command, targets in commands:
        _measure_command(name, command, targets, place, findings)
    with _dataset("absent", place) as source:
        plan = (program, "plan", str(source), str(place.folder / "target"))
        name = "plan 10^9 absent chunks"
        _measure_command(name, plan, ABSENT_TARGETS, place, findings)
    with _dataset("U", place) as source:
        words = f"{shlex.quote(program)} %s {shlex.quote(str(source))} --quiet"
        there_and_back = ("sh", "-c", f"{words % 'upgrade'} && {words % 'undo'}")
        name = "upgrade and undo 384 wells x 4 x 3"
        _measure_command(name, there_and_back, UPGRADE_TARGETS, place, findings)


def _measure_command(
    name: str,
    command: tuple[str, ...],
    targets: tuple[Target, ...],
    place: Place,
    findings: Findings,
) -> None:
    log = place.folder / "command.log"
    try:
        series = repeat(name, command, rounds=place.rounds.quick, log=log)
    except CommandError as error:
        findings.failures.append(str(error))
        return
    result = Result(name=name, place="", series=(series,), subject=name, targets=targets)
    findings.results.append(result)


@contextmanager
def _dataset(name: str, place: Place) -> Iterator[Path]:
    """A dataset, written if it is not there from an earlier run."""
    folder = place.folder / f"{name}.zarr"
    if not folder.is_dir():
        command = (sys.executable, "-m", "benchmarks.datasets", name, str(folder))
        subprocess.run(command, check=True)
    yield folder
    if not place.keep:
        shutil.rmtree(folder)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
