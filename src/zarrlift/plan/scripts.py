"""Shell scripts that make the arrays of a plan with `zarrs_reencode`, of zarrs_tools 0.8: pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from zarrlift.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.plan import ArrayPlan, Plan

NAME = "convert.sh"
_READ = frozenset({"transpose", "bytes", "blosc", "zstd", "gzip", "crc32c"})
_WITHOUT = "convert without scripts: zarrlift reads it"


def refuse_unreadable(plan: Plan) -> None:
    """Raise `UsageError` for an array that `zarrs_reencode` cannot read, or would read wrongly."""
    misread = {f.path for f in plan.findings if f.rule == "separator-proved"}
    for array in plan.arrays:
        unknown = [c for c in array.source.codecs if not c.shared or c.name not in _READ]
        problem = ""
        if unknown:
            problem = f"zarrs_reencode does not read codec {unknown[0]}"
        elif array.path in misread:
            problem = "the chunk keys are not what .zarray says, so zarrs_reencode finds no chunk"
        elif not array.source.ndim or 0 in array.source.shape:
            problem = "zarrs_reencode does not make arrays without axes or without elements"
        if problem:
            raise UsageError(problem, place=array.path or "/", hint=_WITHOUT)


def script_text(plan: Plan, array: ArrayPlan, foreign: Iterable[str]) -> str:
    """Give the script of one array; `foreign` are paths of plain files in the source's array.

    `zarrs_reencode` empties the folder that it writes to. So the script keeps a copy of itself
    until it has succeeded, and copies the plain files afterwards.
    """
    source, target = (_under(root, array.path) for root in (plan.source, plan.target))
    statement = ["zarrs_reencode", *_shapes(array.target), *_names(array.target)]
    statement += ["--validate", "--separator", "/", source, target]
    lines = [
        "#!/bin/sh",
        "# Makes one array. zarrs_reencode comes with: cargo install zarrs_tools",
        "set -eu",
        'script=$(cat "$0")',
        "again() {",
        f"  mkdir -p {shlex.quote(target)}",
        f"  printf '%s\\n' \"$script\" >{shlex.quote(_under(target, NAME))}",
        "  exit 3",
        "}",
        f"{shlex.join(statement)} || again",
    ]
    for path in foreign:
        folder = shlex.quote(_under(plan.target, path.rpartition("/")[0]))
        file = shlex.quote(_under(plan.source, path))
        lines.append(f"mkdir -p {folder} && cp -R {file} {folder}/")
    return "\n".join(lines) + "\n"


def _under(root: str, path: str) -> str:
    return f"{root.rstrip('/')}/{path}" if path else root


def _shapes(layout: ArrayLayout) -> list[str]:
    """Give both shapes: without a shard shape, zarrs_reencode 0.8 keeps the source's chunks."""
    return ["--chunk-shape", _sizes(layout.chunks), "--shard-shape", _sizes(layout.stored)]


def _sizes(shape: Sequence[int]) -> str:
    return ",".join(map(str, shape))


def _names(layout: ArrayLayout) -> list[str]:
    names = layout.dimension_names or ()
    if not names or any(not name or "," in name for name in names):
        return []
    return ["--dimension-names", ",".join(name for name in names if name)]
