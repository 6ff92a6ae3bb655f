"""Lines of styled text in a given width, as a terminal shows them or as plain text."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, RenderableType
    from rich.text import Text

LABEL = 11
"""Columns of the words that lines begin with."""


class Screen(NamedTuple):
    """What a result is shown on."""

    width: int = 80
    colors: str | None = None
    """As rich calls them: `truecolor`, `256`, `standard`; None for plain text."""


def screen_of_terminal() -> Screen:
    """Look at standard output: its width, at most 120, and its colours; plain where it is none."""
    from rich.console import Console

    found = Console()
    if not found.is_terminal:
        return Screen()
    return Screen(max(40, min(found.width, 120)), None if found.no_color else found.color_system)


def rendered(screen: Screen, parts: Iterable[RenderableType]) -> str:
    """Give what a screen shows of some parts, one below the other, without spaces at line ends."""
    console = _console(screen)
    for part in parts:
        console.print(part, soft_wrap=False, overflow="ignore", no_wrap=True, crop=False)
    file = console.file
    text = file.getvalue() if isinstance(file, io.StringIO) else ""
    return "\n".join(line.rstrip() for line in text.rstrip("\n").split("\n"))


def _console(screen: Screen) -> Console:
    from rich.console import Console

    return Console(
        file=io.StringIO(),
        width=screen.width,
        force_terminal=screen.colors is not None,
        color_system=screen.colors,  # type: ignore[arg-type]
        no_color=screen.colors is None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )


def text(*parts: str | tuple[str, str]) -> Text:
    """Make a text of parts, plain or with a style."""
    from rich.text import Text

    return Text.assemble(*parts, no_wrap=True)


def field(label: str, words: str, room: int, style: str = "") -> list[Text]:
    """Give a label and what stands beside it, broken into lines of so many columns."""
    lines = wrapped(words, room - LABEL)
    first = text((f"{clean(label):<{LABEL}}", "dim"), (lines[0], style))
    return [first, *(text(" " * LABEL, (line, style)) for line in lines[1:])]


def wrapped(words: str, room: int) -> list[str]:
    """Break words into lines."""
    found = textwrap.wrap(clean(words), max(16, room), break_on_hyphens=False)
    return found or [""]


def clean(words: str) -> str:
    """Put what a dataset says into one line that no terminal takes for a command."""
    return "".join(c if c.isprintable() else " " for c in words)


def cut(words: str, room: int) -> str:
    """Leave out the end of what is too long."""
    return words if len(words) <= room else f"{words[: max(0, room - 1)]}…"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> list[Text]:
    """Give rows in columns two spaces apart; `right` names columns whose ends are put in line."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    ends = [name in right.split() for name in head]

    def line(row: Sequence[str]) -> str:
        put = (
            f"{cell:>{w}}" if end else f"{cell:<{w}}"
            for cell, w, end in zip(row, widths, ends, strict=True)
        )
        return "  ".join(put).rstrip()

    return [text((line(head), "dim")), *(text(line(row)) for row in cells)]


def width_of(lines: Sequence[Text]) -> int:
    """Give the columns that the longest line takes."""
    return max((line.cell_len for line in lines), default=0)
