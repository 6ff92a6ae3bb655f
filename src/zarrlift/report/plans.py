"""A plan in words: like arrays in one row, the method, why, and what it will take."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from zarrlift.metadata import codecs
from zarrlift.plan.cost import added
from zarrlift.report import requests, words
from zarrlift.report.requests import QUALIFIED

if TYPE_CHECKING:
    from zarrlift.plan.cost import ArrayCost, Costs, Figure
    from zarrlift.plan.plan import ArrayPlan, Plan
    from zarrlift.plan.requests import Expected

Row = tuple["ArrayPlan", "ArrayCost"]


def plan_text(
    plan: Plan, costs: Costs, space: tuple[int, int | None] | None, command: list[str]
) -> str:
    """Show a plan; `space` are free bytes and inodes at the target, `command` carries it out."""
    version = f"OME-Zarr {plan.version}" if plan.version else "Zarr v2"
    aim = f"OME-Zarr {plan.settings.ome_version}" if plan.version else "Zarr v3"
    lines = [f"Plan to lift {plan.source} ({version})", f"          to {plan.target} ({aim})", ""]
    for rows in _alike(plan, costs):
        lines += _group(rows)
    lines += ["", *_totals(plan, costs), *_space(costs, space, plan)]
    if plan.findings:
        lines += ["", "Worth knowing", *words.findings(plan.findings)]
    lines += ["", "Nothing has been written. To do it:", f"  {shlex.join(command)}"]
    return "\n".join(lines)


def _alike(plan: Plan, costs: Costs) -> list[list[Row]]:
    groups: dict[object, list[Row]] = {}
    for array, cost in zip(plan.arrays, costs.arrays, strict=True):
        key = (array.method, array.reason, array.source, array.target)
        groups.setdefault(key, []).append((array, cost))
    return list(groups.values())


def _group(rows: list[Row]) -> list[str]:
    array, cost = rows[0]
    more = f" and {len(rows) - 1:,} alike" if len(rows) > 1 else ""
    head = f"{array.path or '/'}{more}"
    layout = f"{words.shape(array.source.shape)} {array.source.data_type.name}"
    lines = [f"{array.method!s:<8}{head}  {layout}"]
    if len(lines[0]) > words.WIDTH:
        lines = [f"{array.method!s:<8}{head}", f"        {layout}"]
    lines += words.wrapped(_storage(array), 8)
    if not array.method.undecoded or array.reason.startswith("codec"):
        lines += words.wrapped(f"why: {array.reason}", 8)
    figures = [added(getattr(c, n) for _, c in rows) for n in _FIGURES]
    lines.append(f"        {_moves(*figures)}")
    times = cost.amplification
    if times is not None:
        often = "once" if times < _ONCE else f"{times:.{1 if times < _MANY else 0}f} times"
        lines.append(f"        each source chunk decoded {often}; {words.size(cost.memory)} held")
    return lines


_ONCE, _MANY = 1.05, 10


_FIGURES = ("objects_in", "objects_out", "bytes_in")


def _storage(array: ArrayPlan) -> str:
    parts = [f"chunks {words.shape(array.source.chunks)}"]
    if array.target.chunks != array.source.chunks:
        parts[0] += f" -> {words.shape(array.target.chunks)}"
    parts.append(_shards(array.source.shards, array.target.shards))
    codec = codecs.describe(array.source.codecs)
    if array.target.codecs != array.source.codecs:
        codec += f" -> {codecs.describe(array.target.codecs)}"
    return "; ".join([*parts, codec])


def _shards(old: tuple[int, ...] | None, new: tuple[int, ...] | None) -> str:
    if old is None:
        return f"shards {words.shape(new)}" if new else "no shards"
    if old == new:
        return f"shards {words.shape(new)}"
    return f"shards {words.shape(old)} -> {words.shape(new) if new else 'none'}"


def _moves(objects_in: Figure, objects_out: Figure, bytes_in: Figure) -> str:
    return (
        f"{_number(objects_in)} -> {_number(objects_out)} objects, "
        f"{QUALIFIED[bytes_in.basis]}{words.size(bytes_in.value)}"
    )


def _number(figure: Figure) -> str:
    return f"{QUALIFIED[figure.basis]}{figure.value:,}"


def _totals(plan: Plan, costs: Costs) -> list[str]:
    figures = [costs.total(n) for n in _FIGURES]
    file_bytes = sum(f.size for f in plan.files)
    beside = (
        words.plural(len(plan.documents), "document"),
        words.plural(len(plan.files), "other file"),
    )
    lines = [
        *words.wrapped(
            f"{words.plural(len(plan.arrays), 'array')}, {_moves(*figures)}", 10, "In all    "
        ),
        f"          {', '.join(beside)} ({words.size(file_bytes)})",
    ]
    if plan.settings.crate is not None:
        lines += words.wrapped(words.crate_line(plan), 10, "RO-Crate  ")
    lines.append(f"Memory    {words.size(costs.memory)} for each worker")
    if costs.allowed is not None and costs.memory > costs.allowed:
        said = f"more than the usual {words.size(costs.allowed)}: to be done it needs"
        lines.append(f"          {said} --memory {costs.memory // 2**20 + 1}MiB")
    if costs.requests is not None:
        lines += _asked(costs, costs.requests)
    elif costs.seconds is not None:
        lines.append(f"Time      about {words.duration(costs.seconds)} on one worker (measured)")
    return lines


def _asked(costs: Costs, expected: Expected) -> list[str]:
    """Say what is asked of object stores, the time it takes, and the money."""
    lines = requests.expected_lines(expected.sides, expected.proof, 10, "Requests  ")
    if costs.seconds is not None:
        said = f"about {words.duration(costs.seconds)}, measured on the source"
        lines.append(f"Time      {said} with {expected.at_once} requests at a time")
    if costs.prices is not None:
        kept = expected.kept
        lines += requests.money_lines(costs.prices, expected.numbers, kept, 10, "Money     ")
    return lines


def _space(costs: Costs, space: tuple[int, int | None] | None, plan: Plan) -> list[str]:
    if space is None:
        return []
    free, inodes = space
    files = costs.total("objects_out").value + len(plan.documents) + len(plan.files)
    enough = free > costs.total("bytes_in").value and (inodes is None or inodes > files)
    line = f"{words.size(free)} free at the target"
    line += f", {inodes:,} inodes" if inodes is not None else ""
    lines = words.wrapped(line, 10, "Space     ")
    return lines if enough else [*lines, "          this may NOT be enough"]
