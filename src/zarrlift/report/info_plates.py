"""Plates as a grid of wells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.report import words
from zarrlift.report.screen import clean, field, text
from zarrlift.survey.screens import well_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from zarrlift.jobs.informed import Info
    from zarrlift.survey.screens import Plate

_MOST = 512
"""Rows or columns above which no grid is drawn."""


def plate_lines(info: Info, plate: Plate, room: int) -> Iterator[Text]:
    """Give a plate's facts, then a cell for each place where a well may be."""
    sides = (words.plural(len(plate.rows), "row"), words.plural(len(plate.columns), "column"))
    facts = [f"{words.plural(len(plate.wells), 'well')} on {' and '.join(sides)}"]
    if plate.field_count is not None:
        facts.append(f"up to {words.plural(plate.field_count, 'field')} each")
    if plate.acquisitions:
        named = ", ".join(clean(a.name) for a in plate.acquisitions if a.name)
        runs = words.plural(len(plate.acquisitions), "acquisition")
        facts.append(f"{runs}{f' ({named})' if named else ''}")
    yield from field("wells", ", ".join(facts), room)
    if 0 < len(plate.rows) <= _MOST and 0 < len(plate.columns) <= _MOST:
        yield from _grid(info, plate, room)
    lost = sum(well.row is None or well.column is None for well in plate.wells)
    if lost:
        yield from field("", f"{words.plural(lost, 'well')} outside the rows and columns", room)


def _grid(info: Info, plate: Plate, room: int) -> Iterator[Text]:
    cells = _cells(info, plate)
    counted = any(len(cell) > 1 or cell.isdigit() for cell in cells.values())
    side = max(map(len, plate.rows)) + 2
    widest = max(map(len, (*plate.columns, *cells.values())), default=1)
    wide = widest + 1
    step = 1
    if side + wide * len(plate.columns) > room:
        wide = 2 if side + 2 * len(plate.columns) <= room else 1
        step = -(-(widest + 1) // wide)
    across = max(1, (room - side) // wide)
    for start in range(0, len(plate.columns), across):
        part = range(start, min(start + across, len(plate.columns)))
        yield text((" " * side + _heads(plate, part, wide, step), "dim"))
        for row, name in enumerate(plate.rows):
            line = "".join(f"{cells.get((row, c), '·')[:wide]:>{wide}}" for c in part)
            yield text((f"{clean(name):<{side}}", "dim"), line)
    if counted:
        yield text(("numbers are fields of the wells that were looked at", "dim"))


def _heads(plate: Plate, part: range, wide: int, step: int) -> str:
    made = ""
    for number in part:
        place = (number - part.start + 1) * wide
        if (number - part.start) % step == 0:
            name = clean(plate.columns[number])
            made = f"{made:<{max(0, place - len(name))}}{name}"
    return made


def _cells(info: Info, plate: Plate) -> dict[tuple[int, int], str]:
    """Give what stands for each well: how many fields it has, where that was looked at."""
    looked = len(plate.wells) > 1 and not info.left.get(plate.path)
    made = {}
    for well in plate.wells:
        if well.row is None or well.column is None:
            continue
        node = info.tree.get(well.path)
        found = well_of(node) if node is not None else None
        known = looked and found is not None
        made[well.row, well.column] = str(len(found.fields)) if known and found else "●"
    return made
