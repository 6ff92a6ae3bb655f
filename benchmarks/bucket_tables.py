"""What was measured on a server, as tables."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.results import Result, alone, shown
from benchmarks.table import Table

KINDS = ("GET", "LIST", "HEAD", "PUT", "POST", "DELETE")

Requests = Mapping[tuple[str, str], Counter[str]]
"""What the last run of a tool on a case asked for, where a relay counted it."""


def lifts_table(
    results: Sequence[Result], served: Mapping[tuple[str, str], Sequence[float]]
) -> Table:
    """A row for each tool on each case; `served` are the server's seconds of CPU, run by run."""
    beside = ("to bare loop", "x challenge", "CPU s", "server CPU s", "peak MB")
    heads = ("case", "tool", "runs", "median s", *beside)
    rows = []
    for result in results:
        for series in result.series:
            runs, seconds, cpu, peak = alone(series)
            to_bare = shown(result.figure_of(series, "to bare loop"))
            faster = shown(result.figure_of(series, "faster than challenge"))
            theirs = f"{statistics.median(served[result.name, series.name]):.2f}"
            figures = (runs, seconds, to_bare, faster, cpu, theirs, peak)
            rows.append((result.name, series.name, *figures))
    return Table(title="From and to buckets", heads=heads, rows=tuple(rows), left=2)


def requests_table(requests: Requests) -> Table:
    """A row for each tool on each case with a relay."""
    rows = tuple(
        (case, tool, *(f"{counts[kind]:,}" for kind in KINDS))
        for (case, tool), counts in requests.items()
    )
    return Table(title="Requests of one run", heads=("case", "tool", *KINDS), rows=rows, left=2)
