"""`validate` against yaozarrs on one plate, and what `--level chunks` reads.

Whole commands, and the call alone: `python -m benchmarks.judging ours|yaozarrs|chunks PATH` makes
that one call in a process that has loaded everything, and says what it took.
"""

import json
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.cases import CHUNKS_TARGETS, JUDGING_TARGETS
from benchmarks.measure import CommandError, Rounds, Run, Series, run_once
from benchmarks.results import Result

OURS, THEIRS = "zarrlift", "yaozarrs"
PLATE = "384 wells x 4 x 3"
_COUNTS = Path("/proc/self/io")


def judging_results(plates: dict[str, Path], rounds: Rounds, log: Path) -> list[Result]:
    """Both validators on plates by OME-Zarr version, as commands and as calls."""
    program = str(Path(sys.executable).with_name(OURS))
    rival = shutil.which(THEIRS, path=str(Path(sys.executable).parent)) or THEIRS
    made = []
    for version, plate in plates.items():
        ways: dict[str, dict[str, tuple[str, ...]]] = {
            "validate": {
                OURS: (program, "validate", "--quiet", str(plate)),
                THEIRS: (rival, "validate", str(plate)),
            },
            "validate, the call": {
                OURS: (sys.executable, "-m", "benchmarks.judging", "ours", str(plate)),
                THEIRS: (sys.executable, "-m", "benchmarks.judging", THEIRS, str(plate)),
            },
        }
        for way, commands in ways.items():
            name = f"{way} {PLATE}, {version}"
            runs = _in_turns(commands, rounds, log, told=way != "validate")
            made.append(
                Result(name=name, place="", series=runs, subject=OURS, targets=JUDGING_TARGETS)
            )
    return made


def chunks_result(image: Path, rounds: Rounds, log: Path) -> Result:
    """What `--level chunks` reads of an image in shards, as the system counts it."""
    name = "validate --level chunks of A in shards"
    command = (sys.executable, "-m", "benchmarks.judging", "chunks", str(image))
    runs, shares = list[Run](), list[float]()
    for _ in range(rounds.quick):
        run = run_once(command, log)
        told = json.loads(log.read_text().splitlines()[-1])
        runs.append(replace(run, seconds=told["seconds"]))
        shares.append(told["share"])
    series = Series(name=name, command=" ".join(command), runs=tuple(runs))
    measured = (("share read", max(shares)),)
    return Result(
        name=name,
        place="",
        series=(series,),
        subject=name,
        targets=CHUNKS_TARGETS,
        measured=measured,  # type: ignore[arg-type]
    )


def _in_turns(
    commands: dict[str, tuple[str, ...]], rounds: Rounds, log: Path, *, told: bool
) -> tuple[Series, ...]:
    """Each command's series, in rounds of one run each, after a first that is not counted."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(-1, rounds.quick):
        for name, command in commands.items():
            run = run_once(command, log)
            if told:
                seconds = float(log.read_text().splitlines()[-1])
                run = replace(run, seconds=seconds)
            if number >= 0:
                runs[name].append(run)
    return tuple(
        Series(name=name, command=" ".join(command), runs=tuple(runs[name]))
        for name, command in commands.items()
    )


def _ours(path: str) -> Callable[[], bool]:
    import zarrlift as zl  # noqa: PLC0415 - loaded outside the timing

    return lambda: zl.validate(path).valid


def _theirs(path: str) -> Callable[[], bool]:
    from yaozarrs import validate_zarr_store  # noqa: PLC0415 - as above

    return lambda: validate_zarr_store(path) is not None


def _timed(call: Callable[[], bool]) -> float:
    """The time of a second call, since the first loads what is loaded late."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            start = time.perf_counter()
            if not call():
                raise CommandError("the plate is not valid")
            seconds = time.perf_counter() - start
    return seconds


def _chunks(path: str) -> str:
    import zarrlift as zl  # noqa: PLC0415 - as above

    zl.validate(path, level="chunks")
    before, start = _bytes_read(), time.perf_counter()
    found = zl.validate(path, level="chunks")
    seconds, read = time.perf_counter() - start, _bytes_read() - before
    share = read / found.looked.stored_bytes
    return json.dumps({"seconds": seconds, "share": share, "bytes": read})


def _bytes_read() -> int:
    """All bytes that this process has read, as Linux counts them."""
    return int(_COUNTS.read_text().split()[1])


def lifted(program: Path, source: Path, target: Path, *options: str) -> Path:
    """A dataset lifted from another, if it is not there from an earlier run."""
    if not target.is_dir():
        part = target.with_suffix(".part")
        command = (str(program), "convert", "--quiet", *options, str(source), str(part))
        subprocess.run(command, check=True)
        part.rename(target)
    return target


if __name__ == "__main__":
    what, where = sys.argv[1:]
    if what == "chunks":
        print(_chunks(where))
    else:
        print(_timed({"ours": _ours, THEIRS: _theirs}[what](where)))
