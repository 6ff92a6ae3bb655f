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
    ZARRS,
    Case,
    Target,
)
from benchmarks.judging import chunks_result, judging_results, lifted
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
    recoder,
    zarrlift,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The programs that were found, and a line about each that was not."""

    zarrlift: Path | None
    challenge: Path | None
    missing: tuple[str, ...]
    absent: tuple[str, ...] = ()
    """Rivals of `benchmarks.recoders` that are not installed."""

    def tools(self, case: Case) -> list[Tool]:
        """Everything that converts or copies the dataset of a case."""
        tools = [recoder(*each) for each in case.recoders if each[0] not in self.absent]
        tools = tools or [copier(case)]
        if self.zarrlift is not None:
            tools.append(zarrlift(self.zarrlift, case))
        if self.challenge is not None and not case.recoders and not case.lifted:
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
    absent = () if shutil.which(ZARRS) else (ZARRS,)
    missing += [f"{name} is not measured: not on the path" for name in absent]
    return Programs(zarrlift=ours, challenge=theirs, missing=tuple(missing), absent=absent)


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
    source, tools = _source(case, place, programs), programs.tools(case)
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
    plan = (program, "plan", str(_dataset("absent", place)), str(place.folder / "target"))
    _measure_command("plan 10^9 absent chunks", plan, ABSENT_TARGETS, place, findings)
    words = f"{shlex.quote(program)} %s {shlex.quote(str(_dataset('U', place)))} --quiet"
    there_and_back = ("sh", "-c", f"{words % 'upgrade'} && {words % 'undo'}")
    name = "upgrade and undo 384 wells x 4 x 3"
    _measure_command(name, there_and_back, UPGRADE_TARGETS, place, findings)


def measure_judging(place: Place, programs: Programs, findings: Findings) -> None:
    """`validate` against yaozarrs, and what it reads of shards."""
    if programs.zarrlift is None:
        return
    _progress("Validation")
    log = place.folder / "command.log"
    plate = _dataset("U", place)
    newer = lifted(programs.zarrlift, plate, place.folder / "U-0.5.zarr", "--shards", "none")
    large = _dataset("A", place)
    shards = ("--shards", "1,1,1,2048,2048")
    sharded = lifted(programs.zarrlift, large, place.folder / "A-merge.zarr", *shards)
    try:
        plates = {"0.4": plate, "0.5": newer}
        findings.results.extend(judging_results(plates, place.rounds, log))
        findings.results.append(chunks_result(sharded, place.rounds, log))
    except (CommandError, OSError) as error:
        findings.failures.append(str(error))


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


def _source(case: Case, place: Place, programs: Programs) -> Path:
    """The dataset of a case; one of Zarr v3 is lifted from another case's."""
    folder = place.folder / f"{case.dataset}.zarr"
    if case.lifted and not folder.is_dir() and programs.zarrlift is not None:
        command = (str(programs.zarrlift), "convert", "--quiet", *case.lifted)
        made = folder.with_suffix(".part")
        subprocess.run((*command, str(_dataset(case.data, place)), str(made)), check=True)
        made.rename(folder)
    return folder if case.lifted else _dataset(case.dataset, place)


def _dataset(name: str, place: Place) -> Path:
    """A dataset, written if it is not there from another case or an earlier run."""
    folder = place.folder / f"{name}.zarr"
    if not folder.is_dir():
        command = (sys.executable, "-m", "benchmarks.datasets", name, str(folder))
        subprocess.run(command, check=True)
    return folder


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
