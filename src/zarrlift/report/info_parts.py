"""Parts of `info` that are asked for by name: objects, documents, one chunk, a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.report import info_words as said
from zarrlift.report import words
from zarrlift.report.screen import clean, field, table, text, width_of, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.text import Text

    from zarrlift.chunks.facts import ChunkFacts
    from zarrlift.jobs.informed import Info
    from zarrlift.jobs.picture import Taken
    from zarrlift.store.facts import ObjectFacts

_SHOWN = 256
_TAG = 12
_CELLS = (64, 20)
"""Columns and lines that a picture takes at most."""
_RIGHT = "size"
_FLAGS = {"copied": "copied, since packing it gained nothing", "checksum": "with a checksum"}


def object_lines(info: Info, room: int) -> list[Text]:
    """List what lies under a node: one level, prefixes first."""
    found = info.objects or ()
    if not found:
        return [text("nothing lies here")]
    rows = [_object(facts) for facts in found[:_SHOWN]]
    names = ["name", "size", "modified", "ETag", "class", "type"]
    kept = [0, 1, *(n for n in range(2, len(names)) if any(row[n] for row in rows))]
    lines = _fitting([names[n] for n in kept], [[row[n] for n in kept] for row in rows], room)
    if len(found) > _SHOWN:
        lines.append(text((f"and {len(found) - _SHOWN:,} more; --json lists them all", "dim")))
    total = sum(facts.size or 0 for facts in found)
    objects = sum(facts.size is not None for facts in found)
    folders = len(found) - objects
    summary = f"{words.plural(objects, 'object')}, {words.size(total)}"
    if folders:
        summary += f"; {folders:,} with more below"
    return [*lines, text((summary, "dim"))]


def _object(facts: ObjectFacts) -> list[str]:
    when = facts.modified.strftime("%Y-%m-%d %H:%M") if facts.modified is not None else ""
    tag = facts.etag.strip('"')
    tag = tag if len(tag) <= _TAG else f"{tag[: _TAG - 1]}…"
    size = "" if facts.size is None else f"{facts.size:,}"
    return [facts.name, size, when, tag, facts.storage_class, facts.content_type]


def _fitting(head: list[str], rows: list[list[str]], room: int) -> list[Text]:
    """Leave out the last columns where a table is too wide; JSON has them."""
    while True:
        lines = table(head, rows, _RIGHT)
        if width_of(lines) <= room or len(head) <= 3:  # noqa: PLR2004 - name, size, date
            return lines
        head, rows = head[:-1], [row[:-1] for row in rows]


def document_lines(info: Info, room: int) -> list[Text]:
    """Show documents as they are stored, and what their members mean."""
    lines: list[Text] = []
    for one in info.documents:
        lines += [text(), text((one.document.name, "bold"), f"  {one.document.size:,} bytes")]
        if one.document.problem:
            lines += field("problem", one.document.problem, room, "yellow")
        lines += [text(clean(line)) for line in one.text.rstrip("\n").split("\n")]
        if one.members:
            lines += [text(), text(("what its members mean", "dim"))]
            lines += _members(dict(one.members), room)
    return lines[1:]


def _members(members: Mapping[str, str], room: int) -> Iterator[Text]:
    side = min(max(map(len, members)) + 2, room // 2)
    for path, meaning in members.items():
        broken = wrapped(meaning, room - side)
        if len(path) + 2 > side:
            yield text(path)
            yield from (text(" " * side, (line, "dim")) for line in broken)
        else:
            yield text(f"{path:<{side}}", (broken[0], "dim"))
            yield from (text(" " * side, (line, "dim")) for line in broken[1:])


def chunk_lines(chunk: ChunkFacts, room: int) -> list[Text]:
    """Say all there is to say of one chunk."""
    region = ", ".join(f"{start}:{stop}" for start, stop in chunk.region)
    lines = field("array", chunk.path or "/", room)
    lines += field("chunk", words.shape(chunk.index) or "the only one", room)
    lines += field("elements", region or "one", room)
    lines += field("key", chunk.key, room)
    if not chunk.present:
        if chunk.problem:
            return [*lines, *field("DAMAGED", chunk.problem, room, "yellow")]
        here = "is not in its shard" if chunk.object_bytes else "is not stored"
        return [*lines, *field("state", f"{here}: it reads as the fill value {chunk.fill}", room)]
    return [*lines, *_stored_lines(chunk, room)]


def _stored_lines(chunk: ChunkFacts, room: int) -> list[Text]:
    lines: list[Text] = []
    if chunk.shard is not None:
        within = f"shard {words.shape(chunk.shard)} of {chunk.object_bytes:,} bytes"
        lines += field("offset", f"{chunk.offset:,} in {within}", room)
    lines += field("stored", f"{chunk.stored_bytes:,} bytes", room)
    if chunk.decoded_bytes:
        ratio = f", ratio {said.ratio(chunk.ratio)}" if chunk.ratio is not None else ""
        lines += field("decoded", f"{chunk.decoded_bytes:,} bytes{ratio}", room)
    if chunk.header:
        lines += field("header", _header(chunk.header), room)
    if chunk.minimum is not None and chunk.maximum is not None:
        ends = f"{_value(chunk.minimum)} to {_value(chunk.maximum)}"
        mean = f", mean {said.number(chunk.mean)}" if chunk.mean is not None else ""
        lines += field("values", f"{ends}{mean}", room)
    if chunk.envelope:
        lines += field("envelope", chunk.envelope, room, "yellow")
    if chunk.problem:
        lines += field("DAMAGED", chunk.problem, room, "yellow")
    return lines


def _value(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else said.number(value)


def _header(header: Mapping[str, int | str | bool]) -> str:
    """Say what a codec's header states, without the numbers of its own format."""
    shown = []
    for name, value in header.items():
        if name == "shuffle":
            shown.append(said.shuffle(str(value)))
        elif isinstance(value, bool):
            shown.append(_FLAGS[name]) if value else None
        elif not name.endswith("format") and name != "stored_bytes":
            number = f"{value:,}" if isinstance(value, int) else value
            shown.append(f"{name.replace('_', ' ')} {number}")
    return ", ".join(shown)


def picture_lines(taken: Taken, room: int) -> Iterator[Text]:
    """Draw a picture of half blocks, two pixels to a character, and say what it shows."""
    from rich.text import Text

    from zarrlift.jobs.picture import cells

    columns, rows = _CELLS
    small = cells(taken.picture, min(columns, room), rows)
    for top in range(0, small.shape[0], 2):
        line = Text(no_wrap=True)
        for x in range(small.shape[1]):
            upper = _rgb(small[top, x].tolist())
            lower = _rgb(small[top + 1, x].tolist()) if top + 1 < small.shape[0] else ""
            line.append("▀", f"{upper} on {lower}" if lower else upper)
        yield line
    place = ", ".join(f"{name} {index}" for name, index in taken.position)
    shown = f"level {taken.level} of {taken.image or 'the image'}"
    yield text((clean(shown), "dim"), f" {clean(place)}")


def _rgb(color: list[int]) -> str:
    return f"#{color[0]:02x}{color[1]:02x}{color[2]:02x}"
