"""Datasets, images, levels and plates as pages of notebooks: no scripts, nothing from outside.

Every text that comes from a dataset is escaped.
"""

from __future__ import annotations

import base64
import json
from html import escape as _escape
from typing import TYPE_CHECKING

from zarrlift.report import grids, looks
from zarrlift.report import info_words as said
from zarrlift.report.screen import clean
from zarrlift.report.words import shape, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zarrlift.report.looks import Look
    from zarrlift.survey.images import Axis, Channel, Image, Level
    from zarrlift.survey.screens import Plate

_FRAME = "font-family: sans-serif; font-size: 13px; line-height: 1.45"
_CELL = "padding: 2px 10px 2px 0; text-align: left; vertical-align: top; white-space: nowrap"
_TABLE = "border-collapse: collapse; font-size: inherit"
_FAINT = "opacity: 0.65"
_BOX = "display: inline-block; width: 1em; outline: 1px solid currentColor"
_BESIDE = "display: flex; flex-wrap: wrap; align-items: flex-start; gap: 16px"
_MOST_LEVELS, _MOST_NAMES = 24, 60
_MOST_CHANNELS, _MOST_CELLS = 64, 2**14
_LONGEST_JSON = 20_000


def escape(text: str) -> str:
    """Give a text as a page shows it: no tag, and no character that cannot be seen or sent."""
    return _escape(clean(text))


def dataset(
    place: str, look: Look, *, picture: bytes | None, attributes: Mapping[str, object]
) -> str:
    """Show a dataset: what it is, its images, wells or series, and its attributes."""
    parts = [f"<b>{escape(looks.what(look))}</b> <span style='{_FAINT}'>{escape(place)}</span>"]
    if look.image is not None:
        parts.append(_image_body(look.image, look.labels, picture))
    if look.plate is not None:
        parts.append(_plate_body(look.plate))
    if look.array is not None:
        parts.append(_level_body(look.array, ()))
    if look.inside:
        parts.append(_folded(f"{len(look.inside):,} inside", _names(look.inside), is_open=True))
    if attributes:
        parts.append(_folded("Attributes", _json(attributes)))
    return _framed(parts)


def image(shown: Image, *, labels: Sequence[str] = (), picture: bytes | None = None) -> str:
    """Show an image: axes, channels, levels, the grid of chunks, and a picture."""
    kind = "label" if shown.is_label else "image"
    head = f"<b>{kind} {escape(shown.name)}</b> <span style='{_FAINT}'>{escape(shown.path or '/')}"
    return _framed([f"{head}</span>", _image_body(shown, labels, picture)])


def level(shown: Level, axes: Sequence[Axis]) -> str:
    """Show one array: its facts and its grid."""
    return _framed([f"<b>array {escape(shown.name or '/')}</b>", _level_body(shown, axes)])


def plate(shown: Plate) -> str:
    """Show a plate as a grid of its wells."""
    return _framed([f"<b>plate {escape(shown.name)}</b>", _plate_body(shown)])


def listed(title: str, names: Sequence[str]) -> str:
    """Show names below a title."""
    return _framed([f"<b>{escape(title)}</b>", _names(names)])


def _image_body(shown: Image, labels: Sequence[str], picture: bytes | None) -> str:
    parts = [_folded("Axes", _axes_table(shown), is_open=True)] if shown.axes else []
    if shown.channels:
        parts.append(_folded(f"Channels ({len(shown.channels)})", _channels(shown.channels)))
    parts.append(_folded(f"Levels ({len(shown.levels)})", _level_table(shown), is_open=True))
    first = next((one for one in shown.levels if one.layout is not None), None)
    if first is not None and first.layout is not None:
        drawn = grids.svg(first.layout, shown.axis_names)
        told = escape(grids.words(first.layout, shown.axis_names))
        caption = f"<div style='{_FAINT}'>level {escape(first.name)}, {told}</div>"
        parts.append(_folded("Chunks", drawn + caption, is_open=True))
    if labels:
        parts.append(_folded(f"Labels ({len(labels):,})", _names(labels)))
    told = "".join(parts)
    if picture is None:
        return told
    data = base64.b64encode(picture).decode("ascii")
    drawn = (
        f"<img alt='middle plane of {escape(shown.name) or 'the image'}' "
        f"src='data:image/png;base64,{data}' "
        "style='max-width: 256px; image-rendering: auto; border-radius: 4px'/>"
    )
    return f"<div style='{_BESIDE}'><div>{told}</div>{drawn}</div>"


def _names(names: Sequence[str]) -> str:
    named = [f"<li>{escape(name)}</li>" for name in names[:_MOST_NAMES]]
    more = len(names) - _MOST_NAMES
    rest = f"<li>… and {more:,} more</li>" if more > 0 else ""
    return f"<ul style='margin: 2px 0'>{''.join(named)}{rest}</ul>"


def _axes_table(shown: Image) -> str:
    first = next((one for one in shown.levels if one.layout is not None), None)
    sizes = first.shape if first is not None else ()
    steps = first.scale if first is not None else None
    rows = []
    for place, axis in enumerate(shown.axes):
        step = steps[place] if steps is not None else None
        length = sizes[place] if place < len(sizes) else None
        unit = said.unit(axis.unit)
        whole = f"{said.number(step * length)} {unit}" if step and length and unit else ""
        rows.append(
            (
                axis.name,
                axis.type,
                f"{length:,}" if length is not None else "",
                f"{said.number(step)} {unit}" if step is not None else unit,
                whole,
            )
        )
    return _table(("axis", "type", "size", "element", "extent"), rows)


def _channels(shown: Sequence[Channel]) -> str:
    rows = []
    for number, channel in enumerate(shown[:_MOST_CHANNELS]):
        color = f"#{channel.color}" if channel.color else ""
        box = f"<span style='{_BOX}; background: {color}'>&nbsp;</span>"
        window = channel.window
        values = (
            f"{said.number(window.start)} to {said.number(window.end)}"
            if window is not None
            else ""
        )
        named = escape(channel.label or f"#{number}")
        cells = (f"{box} {color}" if color else "", named, values, "" if channel.active else "off")
        rows.append("".join(f"<td style='{_CELL}'>{cell}</td>" for cell in cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    more = len(shown) - _MOST_CHANNELS
    rest = f"<div>… and {more:,} more</div>" if more > 0 else ""
    return f"<table style='{_TABLE}'><tbody>{body}</tbody></table>{rest}"


def _level_table(shown: Image) -> str:
    rows = [_level_row(one) for one in shown.levels[:_MOST_LEVELS]]
    if len(shown.levels) > _MOST_LEVELS:
        rows.append((f"… and {len(shown.levels) - _MOST_LEVELS} more",))
    return _table(("level", "shape", "type", "chunks", "shards", "codecs", "decoded"), rows)


def _level_row(shown: Level) -> tuple[str, ...]:
    layout = shown.layout
    if layout is None:
        return (shown.name, shown.problem)
    return (
        shown.name,
        shape(layout.shape),
        said.data_type(layout),
        shape(layout.chunks),
        shape(layout.shards) if layout.shards else "-",
        said.codecs(layout.codecs),
        size(layout.raw_bytes),
    )


def _level_body(shown: Level, axes: Sequence[Axis]) -> str:
    layout = shown.layout
    if layout is None:
        return f"<div>{escape(shown.problem)}</div>"
    names = [axis.name for axis in axes]
    rows = [
        ("shape", shape(layout.shape) or "no axes"),
        ("axes", ", ".join(names) or "-"),
        ("type", said.data_type(layout)),
        ("chunks", shape(layout.chunks)),
        ("shards", shape(layout.shards) if layout.shards else "-"),
        ("codecs", said.codecs(layout.codecs)),
        ("decoded", size(layout.raw_bytes)),
        ("fill", str(layout.fill)),
    ]
    told = escape(grids.words(layout, names))
    drawn = f"{grids.svg(layout, names)}<div style='{_FAINT}'>{told}</div>"
    return f"<div style='{_BESIDE}'>{_table((), rows)}<div>{drawn}</div></div>"


def _plate_body(shown: Plate) -> str:
    fields = f", at most {shown.field_count} fields each" if shown.field_count else ""
    told = f"<div>{len(shown.wells):,} wells{fields}</div>"
    if (len(shown.rows) + 1) * (len(shown.columns) + 1) > _MOST_CELLS:
        return told
    there = {(well.row, well.column): well.name for well in shown.wells}
    heads = "".join(_head(name, "col", "padding: 0 3px") for name in shown.columns)
    lines = [f"<tr><td></td>{heads}</tr>"]
    for number, row in enumerate(shown.rows):
        cells = "".join(
            _well_cell(there.get((number, column))) for column in range(len(shown.columns))
        )
        lines.append(f"<tr>{_head(row, 'row', 'padding: 0 6px 0 0')}{cells}</tr>")
    grid = f"<table style='{_TABLE}'><tbody>{''.join(lines)}</tbody></table>"
    return told + _folded("Wells", grid, is_open=True)


def _well_cell(name: str | None) -> str:
    if name is None:
        return f"<td style='text-align: center; {_FAINT}'>·</td>"
    return f"<td title='{escape(name)}' style='text-align: center'>●</td>"


def _head(text: str, scope: str, style: str) -> str:
    return f"<th scope='{scope}' style='{style}'>{escape(text)}</th>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(_head(text, "col", f"{_CELL}; {_FAINT}") for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td style='{_CELL}'>{escape(text)}</td>" for text in row) + "</tr>"
        for row in rows
    )
    named = f"<thead><tr>{head}</tr></thead>" if heads else ""
    return f"<table style='{_TABLE}'>{named}<tbody>{body}</tbody></table>"


def _folded(title: str, body: str, *, is_open: bool = False) -> str:
    """Give a part that a click opens and closes."""
    state = " open" if is_open else ""
    inner = f"<div style='margin: 2px 0 6px 16px'>{body}</div>"
    head = f"<summary style='cursor: pointer'>{escape(title)}</summary>"
    return f"<details{state}>{head}{inner}</details>"


def _json(value: object) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    if len(text) > _LONGEST_JSON:
        text = f"{text[:_LONGEST_JSON]}\n… {len(text) - _LONGEST_JSON:,} characters more"
    lines = "\n".join(map(escape, text.split("\n")))
    return f"<pre style='max-height: 300px; overflow: auto; margin: 0'>{lines}</pre>"


def _framed(parts: Iterable[str]) -> str:
    return f"<div style='{_FRAME}'>{''.join(parts)}</div>"
