"""Measures how fast and how lean zarrlift is: `python -m benchmarks`."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from benchmarks.cases import CASES
from benchmarks.chart import save_chart
from benchmarks.machine import Machine, describe_machine
from benchmarks.measure import Rounds
from benchmarks.results import Result, commands_table, recoding_table, targets_table, tools_table
from benchmarks.session import (
    Findings,
    Programs,
    find_programs,
    measure_case,
    measure_commands,
    measure_judging,
    opened_place,
)
from benchmarks.table import Table

DATA = Path("bench-data")
IN_MEMORY = Path("/dev/shm")
SPACE_NEEDED = 6_000_000_000
SLOW_ROUNDS = 3
DISK_ROUNDS = 3
START, JUDGING = "start", "validate"
LEGEND = """\
to cp -r: time over that of `cp -r` in the same round; x challenge: time of
ome2024-ngff-challenge over this one; to bare calls, to tensorstore, to zarrs_reencode: time
over theirs, without verification. Medians of whole commands, caches warm;
peak memory is the highest of all runs."""
BUSY = "Other programs were using this machine when the run began: do not quote its figures."
NAMES = (*(case.name for case in CASES), START, JUDGING)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give 1 if a command failed."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up, too
    findings = Findings()
    machine = describe_machine()
    if machine.busy:
        print(BUSY, file=sys.stderr)
    programs = find_programs(DATA / "challenge", skip_challenge=options.skip_challenge)
    _tell(programs.missing)
    try:
        _measure(options, programs, findings)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    _print_report(machine, findings, markdown=options.markdown)
    if options.output is not None:
        options.output.write_text(_as_json(machine, programs, findings))
    if options.chart is not None and findings.results:
        options.chart.parent.mkdir(parents=True, exist_ok=True)
        save_chart(findings.results, machine, options.chart)
        print(f"The same as a picture: {options.chart}")
    _tell((*programs.missing, *findings.failures))
    return 1 if findings.failures else 0


def _measure(options: argparse.Namespace, programs: Programs, findings: Findings) -> None:
    cases = [case for case in CASES if case.name in options.only]
    rounds = Rounds(quick=options.rounds, slow=min(options.rounds, SLOW_ROUNDS))
    with opened_place(options.work, rounds, keep=options.keep) as place:
        for case in cases:
            measure_case(case, place, programs, findings)
        if START in options.only:
            measure_commands(place, programs, findings)
        if JUDGING in options.only:
            measure_judging(place, programs, findings)
    cases = [case for case in cases if not case.recoders and not case.lifted]
    if options.skip_disk or not cases:
        return
    few = Rounds(quick=min(options.rounds, DISK_ROUNDS), slow=1)
    with opened_place(options.disk, few, keep=options.keep) as place:
        for case in cases:
            measure_case(case, place, programs, findings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--work", type=Path, default=default_work(), help="folder in memory (%(default)s)")
    add("--disk", type=Path, default=DATA, help="folder on disk, second (%(default)s)")
    add("--skip-disk", action="store_true", help="measure in --work only")
    add("--only", type=_names, default=NAMES, help=f"some of {','.join(NAMES)}")
    add("--rounds", type=at_least_one, default=5, help="runs of each (%(default)s)")
    add("--skip-challenge", action="store_true", help="leave the slow rival out")
    add("--markdown", action="store_true", help="print tables for a README")
    add("--output", type=Path, metavar="FILE.json", help="write every run there too")
    add("--chart", type=Path, metavar="FILE.svg", help="draw every row there")
    add("--keep", action="store_true", help="keep the datasets for the next time")
    return parser


def default_work() -> Path:
    """Give memory where there is enough, so that no disk's speed is in the figures."""
    if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > SPACE_NEEDED:
        return IN_MEMORY
    return Path(tempfile.gettempdir())


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := sorted(set(names) - set(NAMES)):
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(NAMES)}")
    return names


def at_least_one(text: str) -> int:
    """Read a number of runs."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of runs, 1 or more")
    return int(text)


def _print_report(machine: Machine, findings: Findings, *, markdown: bool) -> None:
    print(machine, *[BUSY] * machine.busy, LEGEND, sep="\n\n", end="\n\n")
    for table in _tables(findings.results):
        print(table.as_markdown() if markdown else table.as_text(), end="\n\n")


def _tables(results: Sequence[Result]) -> list[Table]:
    """A table for each file system, one for the single commands, one for the targets."""
    makers = {"lift": tools_table, "recode": recoding_table}
    tables = [
        makers[kind](place, tuple(group)) if place else commands_table(tuple(group))
        for (place, kind), group in groupby(results, key=_kind)
    ]
    return [*tables, targets_table(results)]


def _kind(result: Result) -> tuple[str, str]:
    return result.place, "recode" if result.recodes else "lift"


def _as_json(machine: Machine, programs: Programs, findings: Findings) -> str:
    document = {
        "schema": 1,
        "machine": asdict(machine),
        "missing": programs.missing,
        "failures": findings.failures,
        "results": [asdict(result) for result in findings.results],
    }
    return json.dumps(document, indent=2) + "\n"


def _tell(lines: Sequence[str]) -> None:
    for line in lines:
        print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
