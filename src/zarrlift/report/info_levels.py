"""Levels of an image, and arrays, as tables that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zarrlift.report import info_words as said
from zarrlift.report import words
from zarrlift.report.screen import field, table, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.text import Text

    from zarrlift.about.sizes import Sizes
    from zarrlift.jobs.informed import Info
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.survey.found import Found
    from zarrlift.survey.images import Image

_RIGHT = "raw stored ratio objects missing fill"


class _Row(NamedTuple):
    name: str
    layout: ArrayLayout
    sizes: Sizes | None


def level_lines(info: Info, image: Image, room: int) -> Iterator[Text]:
    """Give what all levels have in common, then a table of what differs."""
    rows = [
        _Row(level.name, _as_stored(info, level.path, level.layout), info.sizes.get(level.path))
        for level in image.levels
        if level.layout is not None
    ]
    if rows:
        yield from _common(rows, room)
        yield from _table(rows, room)
    for level in image.levels:
        if level.layout is None:
            yield from field(f"level {level.name}"[:10], level.problem, room, "yellow")


def array_lines(info: Info, node: Found, room: int) -> Iterator[Text]:
    """Give the facts of an array that is no level of an image."""
    if node.layout is None:
        yield from field("problem", node.problem, room, "yellow")
        return
    layout = _as_stored(info, node.path, node.layout)
    names = layout.dimension_names or ()
    shape = words.shape(layout.shape) or "one element"
    if names and any(names):
        shape += f" ({', '.join(name or '-' for name in names)})"
    yield from field("shape", f"{shape}; {words.size(layout.raw_bytes)} decoded", room)
    yield from _common([_Row("", layout, None)], room)
    sizes = info.sizes.get(node.path)
    if sizes is not None:
        yield from field("stored", stored(sizes), room)


def stored(sizes: Sizes) -> str:
    """Say in one line what a listing gave."""
    if sizes.problem:
        return sizes.problem
    made = f"{words.size(sizes.stored_bytes)} in {words.plural(sizes.objects, 'object')}"
    if sizes.ratio is not None:
        made += f", ratio {said.ratio(sizes.ratio)}"
    if sizes.missing:
        made += f"; {sizes.missing:,} of {sizes.due:,} missing, which read as the fill value"
    if sizes.fill is not None:
        looked = words.plural(sizes.shards_looked_at, "shard")
        made += f"; {100 * sizes.fill:.0f} % of the chunks are there in {looked} looked at"
    if sizes.broken:
        made += f"; {words.plural(sizes.broken, 'shard')} NOT whole"
    if sizes.strays:
        made += f"; {words.plural(sizes.strays, 'other file')} among the chunks"
    return made


def _as_stored(info: Info, path: str, layout: ArrayLayout) -> ArrayLayout:
    node = info.tree.get(path)
    proved = node.proved if node is not None else None
    return layout if proved is None else layout.with_keys(proved)


def _common(rows: Sequence[_Row], room: int) -> Iterator[Text]:
    """Say of type, codecs, keys and chunks what holds for all levels."""
    first = rows[0].layout
    facts = [
        said.data_type(first) if _same(rows, "data_type") else "",
        said.codecs(first.codecs) if _same(rows, "codecs") else "",
    ]
    if any(facts):
        yield from field("stored as", ", ".join(f for f in facts if f), room)
    if _same(rows, "chunks") and _same(rows, "shards"):
        yield from field("chunks", said.chunks(first), room)
    if _same(rows, "keys"):
        yield from field("keys", said.keys(first), room)


def _same(rows: Sequence[_Row], what: str) -> bool:
    return len({getattr(row.layout, what) for row in rows}) == 1


def _table(rows: Sequence[_Row], room: int) -> Iterator[Text]:
    """Give the table in one piece where it fits, else sizes below shapes."""
    shapes, sizes = _shape_columns(rows), _size_columns(rows)
    names = {"level": [row.name for row in rows]}
    whole = _drawn({**names, **shapes, **sizes})
    if width_of(whole) <= room:
        yield from whole
        return
    for columns in (shapes, sizes):
        part = _drawn({**names, **columns}) if columns else []
        if width_of(part) <= room:
            yield from part
        else:
            yield from _stacked({**names, **columns}, room)


def _drawn(columns: dict[str, list[str]]) -> list[Text]:
    rows = list(zip(*columns.values(), strict=True))
    return table(list(columns), rows, _RIGHT)


def _stacked(columns: dict[str, list[str]], room: int) -> Iterator[Text]:
    """Give each level as words, where a table would be too wide."""
    for number, name in enumerate(columns["level"]):
        facts = [f"{k} {v[number]}" for k, v in columns.items() if k != "level" and v[number]]
        yield from field(f"level {name}"[:10], "; ".join(facts), room)


def _shape_columns(rows: Sequence[_Row]) -> dict[str, list[str]]:
    made = {"shape": [words.shape(row.layout.shape) or "-" for row in rows]}
    if not _same(rows, "data_type"):
        made["type"] = [said.data_type(row.layout) for row in rows]
    if not (_same(rows, "chunks") and _same(rows, "shards")):
        made["chunks"] = [words.shape(row.layout.chunks) for row in rows]
        if any(row.layout.shards for row in rows):
            made["shards"] = [words.shape(row.layout.shards or ()) or "-" for row in rows]
    if not _same(rows, "codecs"):
        made["codecs"] = [said.codecs(row.layout.codecs) for row in rows]
    made["raw"] = [words.size(row.layout.raw_bytes) for row in rows]
    return made


def _size_columns(rows: Sequence[_Row]) -> dict[str, list[str]]:
    if not any(row.sizes for row in rows):
        return {}
    made = {
        "stored": [_of(row, lambda s: words.size(s.stored_bytes)) for row in rows],
        "ratio": [_of(row, lambda s: said.ratio(s.ratio)) for row in rows],
        "objects": [_of(row, lambda s: f"{s.objects:,}") for row in rows],
        "missing": [_of(row, lambda s: f"{s.missing:,}" if s.missing else "-") for row in rows],
    }
    if any(row.layout.shards for row in rows):
        made["fill"] = [_of(row, _fill) for row in rows]
    return made


def _of(row: _Row, figure: Callable[[Sizes], str]) -> str:
    if row.sizes is None:
        return "-"
    return "not listed" if row.sizes.problem else figure(row.sizes)


def _fill(sizes: Sizes) -> str:
    if sizes.broken:
        return "broken"
    return "-" if sizes.fill is None else f"{100 * sizes.fill:.0f} %"
