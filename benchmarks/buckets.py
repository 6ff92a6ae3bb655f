"""Measures lifts from and to buckets of a real server, SeaweedFS: `python -m benchmarks.buckets`.

Every round of a case has a server of its own, freshly filled, on which all tools take their turn,
in each round another one first.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import obstore

from benchmarks.__main__ import BUSY, DATA, at_least_one, default_work
from benchmarks.bare import store_at
from benchmarks.bucket_cases import (
    BUCKET_CASES,
    BucketCase,
    Where,
    bare_loop,
    c_client,
    challenge_from,
    lifting,
    planning,
    unproved,
)
from benchmarks.bucket_tables import lifts_table, requests_table
from benchmarks.latency import relayed
from benchmarks.machine import Machine, cpu_seconds_of, describe_machine
from benchmarks.measure import (
    CommandError,
    Run,
    Series,
    run_once,
    touch_memory,
    warm_up_bytes,
)
from benchmarks.results import Result, targets_table
from benchmarks.rivals import Tool
from benchmarks.session import Programs, find_programs
from tests.servers import PRIVATE, PUBLIC, seaweed

LEGEND = """\
to bare loop: time over that of obstore called from 64 threads for the same requests and bytes,
without listing, checking or proving anything; C client: h2load (Debian: nghttp2-client), where it
is installed, which gets the chunks unsigned and drops them; x challenge: time of
ome2024-ngff-challenge over this one. Medians of whole commands, start-up and quick verification
included but where said. The server, and what delays requests, share the processor with what is
measured."""
NAMES = tuple(case.name for case in BUCKET_CASES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where is measured, with what, and what came of it."""

    folder: Path
    programs: Programs
    rounds: int
    runs: dict[tuple[str, str], list[Run]] = field(default_factory=dict)
    requests: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    served: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    """Seconds of CPU that the server took in each run."""
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that holds the dataset of a case."""

    endpoint: str
    process: int
    variables: dict[str, str]
    source: str
    key: str
    """Of the dataset in the bucket that anybody may read."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give 1 if a command failed."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops servers, too
    machine = describe_machine()
    programs = find_programs(DATA / "challenge", skip_challenge=options.skip_challenge)
    folder = options.work / "zarrlift-bench-s3"
    bench = Bench(folder=folder, programs=programs, rounds=options.rounds)
    cases = [case for case in BUCKET_CASES if case.name in options.only]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for case in cases:
            _measure(case, bench)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    results = _results(cases, bench)
    _print_report(machine, results, bench, markdown=options.markdown)
    if options.output is not None:
        options.output.write_text(_as_json(machine, results, bench))
    print(*bench.failures, sep="\n", end="\n" * bool(bench.failures), file=sys.stderr)
    return 1 if bench.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.buckets", description=__doc__)
    add = parser.add_argument
    add("--work", type=Path, default=default_work(), help="folder in memory (%(default)s)")
    add("--only", type=_names, default=NAMES, help=f"some of {','.join(NAMES)}")
    add("--rounds", type=at_least_one, default=3, help="runs of each (%(default)s)")
    add("--skip-challenge", action="store_true", help="leave the slow rival out")
    add("--markdown", action="store_true", help="print tables for a README")
    add("--output", type=Path, metavar="FILE.json", help="write every run there too")
    add("--keep", action="store_true", help="keep the datasets for the next time")
    return parser


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := sorted(set(names) - set(NAMES)):
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(NAMES)}")
    return names


def _measure(case: BucketCase, bench: Bench) -> None:
    print(f"{case.name}: {case.title}", file=sys.stderr, flush=True)
    data = bench.folder / f"{case.data}.zarr"
    if not data.is_dir():
        command = (sys.executable, "-m", "benchmarks.datasets", case.data, str(data))
        subprocess.run(command, check=True)
    for number in range(bench.rounds):
        with _served(case, data, bench.folder / "server") as served:
            tools = [*_tools(case, bench, served)]
            first = number % len(tools) if tools else 0  # a server grows with what it is sent
            for tool in (*tools[first:], *tools[:first]):
                _take_turn(case, tool, served, bench)


def _tools(case: BucketCase, bench: Bench, served: Served) -> Iterator[Tool]:
    programs, ours = bench.programs, bench.programs.zarrlift
    if case.planned:
        yield from () if ours is None else (planning(ours),)
        return
    if case.bare:
        yield bare_loop()
    loader = shutil.which("h2load")
    if case.bare and case.challenged and not case.milliseconds and loader is not None:
        yield c_client(loader, served.endpoint, served.key, bench.folder / "chunks.txt")
    if ours is not None:
        yield from (lifting(ours, case), unproved(ours, case))
    if case.challenged and programs.challenge is not None:
        yield challenge_from(programs.challenge, case, served.endpoint)


@contextmanager
def _served(case: BucketCase, data: Path, folder: Path) -> Iterator[Served]:
    """A server with the dataset in it, as far away as the case says."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with seaweed(folder) as server:
            source = f"s3://{PUBLIC}/{data.name}"
            variables = {**server.environment, "AWS_REGION": "us-east-1"}
            near = {**os.environ, **variables, "AWS_ENDPOINT_URL": server.endpoint}
            command = (sys.executable, "-m", "benchmarks.bare", "upload", str(data), source)
            subprocess.run(command, check=True, env=near)
            local = case.source is Where.FOLDER
            yield Served(
                endpoint=server.endpoint,
                process=server.process,
                variables=variables,
                source=str(data) if local else source,
                key=data.name,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take_turn(case: BucketCase, tool: Tool, served: Served, bench: Bench) -> None:
    """One run; what it writes into a folder is removed, what into a bucket goes with the server."""
    folder, name = bench.folder / "target", tool.name.replace(", ", "-").replace(" ", "-")
    remote = case.target is Where.BUCKET
    target = f"s3://{PRIVATE}/{name}" if remote else str(folder)
    source = served.key if tool.name == "challenge" else served.source
    warm = warm_up_bytes(bench.folder / f"{case.data}.zarr")
    os.sync()
    touch_memory(warm)
    place = (case.name, tool.name)
    before = cpu_seconds_of(served.process)
    try:
        if case.milliseconds:
            with relayed(served.endpoint, case.milliseconds) as relay:
                run = _run(tool, source, target, served, relay.endpoint, bench.folder)
                bench.requests[place] = relay.counted()
        else:
            run = _run(tool, source, target, served, served.endpoint, bench.folder)
    except CommandError as error:
        bench.failures.append(str(error))
        return
    finally:
        there = not tool.writes or _there(target, tool.writes, served)
        shutil.rmtree(folder, ignore_errors=True)
    if there:
        bench.runs.setdefault(place, []).append(run)
        bench.served.setdefault(place, []).append(cpu_seconds_of(served.process) - before)
        print(f"  {tool.name}: {run.seconds:.2f} s", file=sys.stderr, flush=True)
    else:
        bench.failures.append(f"{tool.name} ended well, but wrote no {tool.writes}")


def _run(tool: Tool, source: str, target: str, served: Served, endpoint: str, folder: Path) -> Run:
    variables = {**served.variables, "AWS_ENDPOINT_URL": endpoint}
    # The challenge's program is told where the server is, the others find it in the environment.
    command = tool.command(source, target)
    words = tuple(word.replace(served.endpoint, endpoint) for word in command)
    return run_once(words, folder / "command.log", variables)


def _there(target: str, name: str, served: Served) -> bool:
    if not target.startswith("s3://"):
        return Path(target, name).is_file()
    store = store_at(target, served.endpoint, **_keys(served))
    try:
        obstore.head(store, name)
    except FileNotFoundError:
        return False
    return True


def _keys(served: Served) -> dict[str, str]:
    return {
        "access_key_id": served.variables["AWS_ACCESS_KEY_ID"],
        "secret_access_key": served.variables["AWS_SECRET_ACCESS_KEY"],
    }


def _results(cases: Sequence[BucketCase], bench: Bench) -> list[Result]:
    made = []
    for case in cases:
        series = tuple(
            Series(name=tool, command="", runs=tuple(runs))
            for (name, tool), runs in bench.runs.items()
            if name == case.name
        )
        subject = "zarrlift plan" if case.planned else "zarrlift"
        made.append(
            Result(
                name=case.name,
                place="SeaweedFS",
                series=series,
                subject=subject,
                targets=case.targets,
            )
        )
    return made


def _print_report(
    machine: Machine, results: Sequence[Result], bench: Bench, *, markdown: bool
) -> None:
    print(machine, *[BUSY] * machine.busy, LEGEND, sep="\n\n", end="\n\n")
    for table in (
        lifts_table(results, bench.served),
        requests_table(bench.requests),
        targets_table(results),
    ):
        print(table.as_markdown() if markdown else table.as_text(), end="\n\n")
    for case in BUCKET_CASES:
        print(f"{case.name}: {case.title}")


def _as_json(machine: Machine, results: Sequence[Result], bench: Bench) -> str:
    document = {
        "schema": 1,
        "machine": asdict(machine),
        "missing": bench.programs.missing,
        "failures": bench.failures,
        "results": [asdict(result) for result in results],
        "requests": [
            {"case": case, "tool": tool, **counts}
            for (case, tool), counts in bench.requests.items()
        ],
    }
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
