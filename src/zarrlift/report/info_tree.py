"""The tree of a hierarchy: each image, plate, well, array and group with its facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.report import info_words as said
from zarrlift.report import words
from zarrlift.report.info_levels import array_lines, level_lines
from zarrlift.report.info_plates import plate_lines
from zarrlift.report.screen import LABEL, clean, cut, field, table, text
from zarrlift.survey.found import FoundKind
from zarrlift.survey.screens import collection_of, plate_of, well_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text
    from rich.tree import Tree

    from zarrlift.jobs.informed import Info
    from zarrlift.survey.found import Found
    from zarrlift.survey.images import Channel, Image

_GUIDE = 4
"""Columns that each step down the tree takes."""
_IN_FULL = 4
"""Images up to which each is shown with all of its facts."""
_FILES = 6


def hierarchy(info: Info, width: int) -> Tree:
    """Draw the tree; where there are many images, all but the first take one line each."""
    from rich.text import Text
    from rich.tree import Tree

    pictures = [p for p, found in info.images.items() if not all(i.is_label for i in found)]
    brief = set(pictures[1:]) if len(pictures) > _IN_FULL else set()
    drawn: dict[str, tuple[Tree, int]] = {}
    for path, above in _order(info):
        if any(path.startswith(f"{p}/") for p in brief):
            continue
        branch, depth = drawn[above] if above is not None else (None, -1)
        name = _name(info, path, above)
        lines = _lines(info, path, name, width - _GUIDE * (depth + 1), brief=path in brief)
        label = Text("\n", no_wrap=True).join(lines)
        made = Tree(label, guide_style="dim") if branch is None else branch.add(label)
        drawn[path] = made, depth + 1
    return drawn[""][0]


def datasets(info: Info, room: int) -> Iterator[Text]:
    """List several datasets, one on each line."""
    rows = []
    for node in info.tree.datasets:
        plate, collection = plate_of(node), collection_of(info.tree, node)
        facts = [_facts(image) for image in info.images.get(node.path, ())[:1]]
        if plate is not None:
            facts.append(words.plural(len(plate.wells), "well"))
        if collection is not None:
            facts.append(f"{len(collection.series):,} series")
        name = cut(clean(node.path), room // 3)
        kind = cut(_kind(info, node), room // 4)
        rows.append([name, _version(info, node) or "-", kind, "; ".join(facts)])
    for line in table(["dataset", "version", "kind", ""], rows):
        line.truncate(room, overflow="ellipsis")
        yield line
    yield from _left_lines(info, info.tree.nodes[""], room)


def _version(info: Info, node: Found) -> str:
    """Give the version that a dataset's first node states which states one."""
    nodes = info.tree.nodes.values()
    inside = (n for n in nodes if n is node or n.path.startswith(f"{node.path}/"))
    return next((n.stated for n in inside if n.ome and n.stated), "")


def _facts(image: Image) -> str:
    """Say what matters most of an image."""
    first = image.levels[0] if image.levels else None
    facts = [said.axes(image, brief=True)]
    if first is not None and first.layout is not None:
        facts.append(first.layout.data_type.name)
    facts.append(words.plural(len(image.levels), "level"))
    if image.labels:
        facts.append(words.plural(len(image.labels), "label"))
    return ", ".join(facts)


def _order(info: Info) -> Iterator[tuple[str, str | None]]:
    """Walk the nodes that have a place of their own in the tree, each with the one above it.

    Levels stand in the tables of their images; rows of plates, and groups of labels, have nothing
    to say of themselves.
    """
    shown: set[str] = set()
    levels = {level.path for found in info.images.values() for i in found for level in i.levels}
    labels = {p for found in info.images.values() for i in found for p in i.labels}
    plates = {plate.path for plate in info.plates}
    for path, node in info.tree.nodes.items():
        if path and (path in levels or _silent(info, node, labels, plates)):
            continue
        above = node.above
        while above is not None and above not in shown:
            above = above.rpartition("/")[0] if above else None
        shown.add(path)
        yield path, above


def _silent(info: Info, node: Found, labels: set[str], plates: set[str]) -> bool:
    if node.path in info.images or node.kind is FoundKind.ARRAY:
        return False
    if "labels" in node.ome or any(p.startswith(f"{node.path}/") for p in labels):
        return True
    row = node.above in plates and not node.ome and not node.files
    return row and any(p.startswith(f"{node.path}/") for p in info.tree.nodes)


def _lines(info: Info, path: str, name: str, room: int, *, brief: bool) -> Iterator[Text]:
    node = info.tree.nodes[path]
    images = info.images.get(path, ())
    if brief and images:
        yield _one_line(name, images[0], room)
        return
    name = cut(name, room // 2)
    yield text((name, "bold"), "  ", (cut(_kind(info, node), room - len(name) - 2), "cyan"))
    plate, collection = plate_of(node), collection_of(info.tree, node)
    if plate is not None:
        yield from plate_lines(info, plate, room)
    if collection is not None:
        yield from _collection_lines(info, path, room)
    for image in images:
        yield from image_lines(info, image, room)
    if node.kind is FoundKind.ARRAY:
        yield from array_lines(info, node, room)
    yield from _left_lines(info, node, room)
    yield from _file_lines(node, room)


def _name(info: Info, path: str, above: str | None) -> str:
    """Name a node as seen from the one that it hangs on in the tree."""
    if not path:
        return clean(info.source.rstrip("/").rpartition("/")[2] or info.source)
    return clean(path[len(above) + 1 :] if above else path)


def _kind(info: Info, node: Found) -> str:
    images = info.images.get(node.path, ())
    if "plate" in node.ome:
        return _named("plate", node.ome["plate"])
    if images:
        what = "label image" if images[0].is_label else "image"
        return f'{what} "{clean(images[0].name)}"' if images[0].name else what
    well = well_of(node)
    if well is not None:
        return f"well, {words.plural(len(well.fields), 'field')}"
    if "bioformats2raw.layout" in node.ome:
        return "collection"
    if "series" in node.ome:
        return "group of the collection's metadata"
    if "scene" in node.ome:
        return "scene"
    if node.kind is FoundKind.UNREADABLE:
        return "cannot be read"
    return str(node.kind)


def _named(kind: str, member: object) -> str:
    name = member.get("name") if isinstance(member, dict) else None
    return f'{kind} "{clean(name)}"' if isinstance(name, str) and name else kind


def _one_line(name: str, image: Image, room: int) -> Text:
    """Show one image of many."""
    name, title = cut(name, room // 2), f' "{clean(image.name)}"' if image.name else ""
    line = f"  {_facts(image)}"
    if len(name) + len(title) + len(line) > room:
        title = ""
    return text((name, "bold"), (title, "cyan"), cut(line, room - len(name) - len(title)))


def image_lines(info: Info, image: Image, room: int) -> Iterator[Text]:
    """Give the facts of one image."""
    if image.number:
        yield text()
        yield text((f"image {image.number}", "bold"), f"  {clean(image.name)}")
    if image.axes:
        yield from field("axes", said.axes(image), room)
    placed = next((x for x in image.levels if x.scale is not None), None)
    placed = placed or next((x for x in image.levels if x.placed_by), None)
    if image.levels:
        size = said.pixel(image, placed or image.levels[0])
        if placed is not None and placed is not image.levels[0]:
            size += f" (of level {placed.name})"
        yield from field("pixel", size, room)
    if image.channels and not image.number:
        yield from _channel_lines(image.channels, room)
    yield from level_lines(info, image, room)
    there = [p for p in image.labels if p in info.tree.nodes]
    lost = [p.rpartition("/")[2] for p in image.labels if p not in there]
    if lost:
        yield from field("labels", f"not looked at or not there: {', '.join(lost)}", room)


def _channel_lines(channels: tuple[Channel, ...], room: int) -> Iterator[Text]:
    lines: list[list[Text]] = [[]]
    for number, channel in enumerate(channels):
        one = _channel(channel, number)
        if lines[-1] and _taken(lines[-1]) + one.cell_len > room - LABEL:
            lines.append([])
        lines[-1].append(one)
    for place, line in enumerate(lines):
        label = f"{'channels' if not place else '':<{LABEL}}"
        yield text((label, "dim")) + _joined(line)


def _taken(line: list[Text]) -> int:
    return sum(one.cell_len + 3 for one in line)


def _joined(line: list[Text]) -> Text:
    from rich.text import Text

    return Text("   ").join(line)


def _channel(channel: Channel, number: int) -> Text:
    parts: list[str | tuple[str, str]] = []
    if channel.color:
        parts.append(("■ ", f"#{channel.color.lower()}"))
    parts.append(clean(channel.label) or str(number))
    if channel.color:
        parts.append((f" {channel.color}", "dim"))
    if channel.window is not None:
        ends = f"{said.number(channel.window.start)}–{said.number(channel.window.end)}"
        parts.append((f" {ends}", "dim"))
    if not channel.active:
        parts.append((" (off)", "dim"))
    return text(*parts)


def _collection_lines(info: Info, path: str, room: int) -> Iterator[Text]:
    node = info.tree.nodes[path]
    collection = collection_of(info.tree, node)
    if collection is None:
        return
    order = "as OME/series lists them" if collection.stated else "by number"
    xml = "with OME-XML" if collection.has_ome_xml else "without OME-XML"
    count = len(collection.series)
    yield from field("series", f"{count:,} {order}, {xml}", room)


def _left_lines(info: Info, node: Found, room: int) -> Iterator[Text]:
    number = info.left.get(node.path, 0)
    if not number:
        return
    what = "well" if "plate" in node.ome else "field" if "well" in node.ome else ""
    what = what or ("series" if "bioformats2raw.layout" in node.ome else "folder")
    noun = f"{number:,} series" if what == "series" else words.plural(number, what)
    yield from field("not seen", f"{noun} not looked at; --all looks at every one", room, "yellow")


def _file_lines(node: Found, room: int) -> Iterator[Text]:
    if not node.files:
        return
    named = [f"{name} ({words.size(size)})" for name, size in list(node.files.items())[:_FILES]]
    more = len(node.files) - _FILES
    if more > 0:
        named.append(f"{more:,} more")
    yield from field("files", ", ".join(named), room, "dim")
