"""What is unusual in a dataset, each in a few words: nothing is judged, but nobody expects it.

Whether a dataset obeys the specification, the rules of `validate` say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zarrlift.metadata import ome
from zarrlift.survey.found import V3_DOCUMENT, FoundKind
from zarrlift.survey.images import beyond
from zarrlift.survey.screens import plate_of, well_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.survey.found import Found, Hierarchy
    from zarrlift.survey.images import Image, Level

_VERSIONS = ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6")
_LARGE, _SMALL = 2**28, 2**12
"""Decoded bytes of a chunk above and below which it is worth a word."""
_NAMED = 3
_OFF = 0.02
"""Share by which a scale may differ from what shapes say, beside one pixel of rounding."""


class Remark(NamedTuple):
    """Something unusual."""

    path: str
    words: str


def remarks(tree: Hierarchy, images: Sequence[Image]) -> tuple[Remark, ...]:
    """Give what is unusual, in the order of the hierarchy's nodes."""
    found: list[Remark] = []
    if tree.version is not None and tree.version not in _VERSIONS:
        found.append(Remark("", f"states version {tree.version[:40]!r}, no released one"))
    for node in tree.nodes.values():
        found += (Remark(node.path, words) for words in _of_node(tree, node))
        if node.kind is FoundKind.ARRAY:
            found += (Remark(node.path, words) for words in _of_array(node))
    for image in images:
        found += _of_image(tree, image)
    return tuple(dict.fromkeys(found))


def _of_node(tree: Hierarchy, node: Found) -> Iterator[str]:
    for document in node.documents.values():
        if document.problem:
            yield f"{document.name}: {document.problem}"
    v2 = [name for name in node.documents if name.startswith((".zgroup", ".zarray"))]
    if V3_DOCUMENT in node.documents and v2:
        yield "documents of Zarr v2 and v3 side by side; v3 counts"
    if ".zmetadata" in node.documents or _consolidated(node):
        yield "consolidated metadata, which has to be kept up to date"
    if node.kind is FoundKind.GROUP and node.zarr_format == 3:  # noqa: PLR2004 - the format
        lost = ome.members(node.attributes, node.name)
        if lost and not node.ome:
            yield f"{', '.join(lost)} beside 'ome' instead of in it: not seen by readers of 0.5"
    yield from _lacking(tree, node)


def _consolidated(node: Found) -> bool:
    held = node.documents.get(V3_DOCUMENT)
    return held is not None and "consolidated_metadata" in (held.value or {})


def _lacking(tree: Hierarchy, node: Found) -> Iterator[str]:
    """Say which nodes are named and not there, among those that were looked for."""
    plate, well = plate_of(node), well_of(node)
    named = [w.path for w in plate.wells] if plate else []
    named += [f.path for f in well.fields] if well else []
    rows = {path.rpartition("/")[0] for path in named} - {node.path}
    lost = [
        path
        for path in named
        if (above := tree.get(path.rpartition("/")[0])) is not None
        and path.rpartition("/")[2] not in above.folders
        and not beyond(tree, path)
    ]
    if tree.listed:
        lost += [row for row in sorted(rows) if row.rpartition("/")[2] not in _beside(tree, row)]
    if lost:
        short = [path.removeprefix(node.path).lstrip("/") for path in lost[:_NAMED]]
        more = f" and {len(lost) - _NAMED:,} more" if len(lost) > _NAMED else ""
        yield f"names what is not there: {', '.join(short)}{more}"


def _beside(tree: Hierarchy, path: str) -> tuple[str, ...]:
    """Give the names of folders where a path would lie; the path's own, where that is not known."""
    above = tree.get(path.rpartition("/")[0])
    return above.folders if above is not None else (path.rpartition("/")[2],)


def _of_array(node: Found) -> Iterator[str]:
    layout = node.layout
    if layout is None:
        if node.problem and not any(d.problem for d in node.documents.values()):
            yield f"cannot be read as an array: {node.problem}"
        return
    yield from _of_codecs(layout)
    own = node.documents.get(".zarray")
    if own is not None and V3_DOCUMENT not in node.documents and own.value is not None:
        yield from _of_v2(node, layout, own.value)
    if layout.chunk_bytes > _LARGE:
        yield "chunks of more than 256 MiB decoded"
    if 0 < layout.chunk_bytes < _SMALL and layout.raw_bytes > _LARGE:
        yield "chunks of less than 4 KiB decoded: many requests"


def _of_codecs(layout: ArrayLayout) -> Iterator[str]:
    if any(c.name == "bytes" and c.get("endian") == "big" for c in layout.codecs):
        yield "big-endian"
    if any(c.name == "transpose" for c in layout.codecs):
        yield "elements stored in another order of axes (order F, or a transpose)"
    odd = [c.name for c in layout.codecs if not c.shared]
    if odd:
        yield f"codec {', '.join(odd)}, which readers of Zarr v3 do not share"


def _of_v2(node: Found, layout: ArrayLayout, stated: Mapping[str, object]) -> Iterator[str]:
    if stated.get("fill_value") is None:
        yield "fill value undefined (null): readers differ in what missing chunks hold"
    if node.proved is not None and node.proved is not layout.keys:
        verb = "states" if "dimension_separator" in stated else "means"
        yield (
            f".zarray {verb} keys with {layout.keys.separator!r}, its chunks have "
            f"{node.proved.separator!r}: some readers see nothing but fill"
        )


def _of_image(tree: Hierarchy, image: Image) -> Iterator[Remark]:
    if image.number:
        yield Remark(image.path, "several images in one group; viewers show the first")
    for level in image.levels:
        if level.problem and tree.get(level.path) is None and not beyond(tree, level.path):
            yield Remark(image.path, f"names level {level.name}, which is not there")
    layouts = [level.layout for level in image.levels if level.layout is not None]
    yield from (Remark(image.path, words) for words in _of_levels(image, layouts))
    if len(layouts) == len(image.levels):
        yield from _scales(image)


def _of_levels(image: Image, layouts: Sequence[ArrayLayout]) -> Iterator[str]:
    if len({x.data_type.name for x in layouts}) > 1:
        yield "levels of different data types"
    if any(x.ndim != len(image.axes) for x in layouts):
        yield f"{len(image.axes)} axes for arrays of another number of them"
    if image.is_label and any(not _whole(x.data_type.name) for x in layouts):
        yield "a label image whose values are no whole numbers"
    placed = next((level.placed_by for level in image.levels if level.placed_by), "")
    if placed:
        yield f"pixel size not said as a scale ({placed})"


def _whole(name: str) -> bool:
    return name.startswith(("int", "uint"))


def _scales(image: Image) -> Iterator[Remark]:
    """Say where the scale of a level does not follow from the shapes."""
    first = image.levels[0] if image.levels else None
    for level in image.levels[1:]:
        axis = _off(first, level) if first is not None else None
        if axis is not None and axis < len(image.axes):
            name = image.axes[axis].name
            words = f"scale of level {level.name} along {name} does not follow from the shapes"
            yield Remark(image.path, words)
            return


def _off(first: Level, level: Level) -> int | None:
    if first.scale is None or level.scale is None or len(first.shape) != len(level.shape):
        return None
    if len(first.scale) != len(first.shape):
        return None
    for axis, (size, small) in enumerate(zip(first.shape, level.shape, strict=True)):
        if not (size and small and first.scale[axis]):
            continue
        stated = level.scale[axis] / first.scale[axis]
        least, most = size / (small + 1), size / max(small - 1, 0.5)
        if not least * (1 - _OFF) <= stated <= most * (1 + _OFF):
            return axis
    return None
