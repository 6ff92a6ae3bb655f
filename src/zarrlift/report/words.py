"""Numbers, sizes and findings in words that fit a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from zarrlift.findings import Finding, counted_alike

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zarrlift.plan.plan import Plan

WIDTH = 80
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_THREE_DIGITS = 100
_MINUTE, _HOUR = 60, 3600


def size(count: float) -> str:
    """Give bytes as people read them, e.g. `1.3 GiB`."""
    step = 0
    while count >= 1024 and step < len(_UNITS) - 1:  # noqa: PLR2004 - binary units
        count /= 1024
        step += 1
    digits = 0 if step == 0 or count >= _THREE_DIGITS else 1
    return f"{count:.{digits}f} {_UNITS[step]}"


def duration(seconds: float) -> str:
    """Give a time as people read it, e.g. `3 min 20 s`."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min {int(seconds % _MINUTE)} s"
    return f"{int(seconds // _HOUR)} h {int(seconds % _HOUR // _MINUTE)} min"


def plural(count: int, noun: str, *, more: bool = False) -> str:
    """Give a count with its noun, e.g. `1 object`, `1,008 objects`, `2 more objects`."""
    ending = "" if count == 1 else "es" if noun.endswith("x") else "s"
    return f"{count:,} {'more ' if more else ''}{noun}{ending}"


def shape(sizes: Iterable[int]) -> str:
    """Give a shape as users write it."""
    return ",".join(map(str, sizes))


def printable(text: str) -> str:
    """Spell what a terminal would take for a command, or not show; ends of lines, too."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def wrapped(text: str, indent: int, first: str = "") -> list[str]:
    """Break a text into lines of 80 columns; `first` starts the first line."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first or " " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first]


def findings(found: Iterable[Finding], most: int = 12) -> list[str]:
    """Give findings as lines, equal ones counted together, the gravest first."""
    groups = sorted(counted_alike(found), key=lambda pair: _GRAVITY[str(pair[0].severity)])
    lines = []
    for finding, count in groups[:most]:
        place = finding.path or "/"
        if finding.chunk is not None:
            place += f" chunk {shape(finding.chunk)}"
        if count > 1:
            place += f" and {count - 1:,} more"
        text = f"{place}: {finding.message} [{finding.rule}]"
        lines += wrapped(text, 11, f"  {finding.severity!s:<9}")
    if len(groups) > most:
        lines.append(f"  … and {len(groups) - most:,} more kinds; --json lists them all")
    return lines


def crate_line(plan: Plan) -> str:
    """Say what a lift's crate says, and what becomes of the source's."""
    said = ", ".join(plan.settings.crate.given) if plan.settings.crate else ""
    merged = "; the source's own is kept within it" if plan.crate_found else ""
    return f"says {said or 'how the dataset was made'}{merged}"


_GRAVITY = {"error": 0, "warning": 1, "note": 2}
