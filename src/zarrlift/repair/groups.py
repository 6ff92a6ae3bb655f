"""Groups that are folders only, and lists that what lies in a folder makes plain.

Sources: OME-Zarr 0.4-0.6, "labels", "plate" and "bioformats2raw.layout"; Zarr v3 has no groups
without a document.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from zarrlift.metadata import ome, v3
from zarrlift.repair.edit import Edit, undecided, with_members
from zarrlift.repair.versions import multiscales_of, version_of
from zarrlift.survey.found import V3_DOCUMENT, Found, FoundKind
from zarrlift.survey.images import texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.repair.edit import Repaired
    from zarrlift.survey.found import Hierarchy

_V2_GROUP = {"zarr_format": 2}
_WITH_INDICES = ("0.4", "0.5", "0.6")
_LAYOUT = "bioformats2raw.layout"
_UNSEEN = "links lead to images that are not seen"


def folders(tree: Hierarchy) -> Repaired:
    """Make folders groups that lie between a group and nodes of the same Zarr format.

    One that is named as a well or an image has lost what made it one, which no group gives back.
    """
    formats, named = _formats_below(tree), set(_named(tree))
    for node in tree.nodes.values():
        if node.kind is FoundKind.FOLDER:
            here = _format_around(node, tree)
            if here is None or formats[node.path] != {here}:
                continue
            if node.path in named:
                yield undecided(node.path, "is named as a well or image, and has no document")
            else:
                yield _group_of(node.path, here)
        elif node.kind is FoundKind.GROUP and _is_v2_without_document(node):
            yield _group_of(node.path, 2)


def _named(tree: Hierarchy) -> Iterator[str]:
    """Walk the paths that are named as those of wells, fields, labels and series."""
    for node in tree.nodes.values():
        yield from ome.named_groups(node.path, node.ome)
        yield from (ome.resolve(node.path, name) for name in texts(node.ome.get("labels")))
        yield from (ome.resolve(node.above or "", name) for name in texts(node.ome.get("series")))


def _formats_below(tree: Hierarchy) -> dict[str, set[int | None]]:
    """Give the Zarr formats of the nodes below each folder that has no document."""
    found: dict[str, set[int | None]] = defaultdict(set)
    for node in tree.nodes.values():
        above = node.above if node.documents else None
        while above is not None:
            if tree.nodes[above].kind is FoundKind.FOLDER:
                found[above].add(node.zarr_format)
            above = tree.nodes[above].above
    return found


def _format_around(node: Found, tree: Hierarchy) -> int | None:
    """Give the Zarr format of the group that a folder lies in, None where there is none."""
    above = node.above
    while above is not None:
        found = tree.nodes[above]
        if found.kind is not FoundKind.FOLDER:
            return found.zarr_format if found.kind is FoundKind.GROUP else None
        above = found.above
    return None


def _is_v2_without_document(node: Found) -> bool:
    return node.zarr_format == 2 and ".zgroup" not in node.documents  # noqa: PLR2004 - the format


def _group_of(path: str, zarr_format: int) -> Edit:
    if zarr_format == 3:  # noqa: PLR2004 - the format's number
        return Edit(path, V3_DOCUMENT, v3.group_document({}))
    return Edit(path, ".zgroup", _V2_GROUP)


def labels(tree: Hierarchy) -> Repaired:
    """List the label images of a `labels` group that has no list, in the order of their names.

    What has other pixels than whole numbers may lie there, and is none: readers that are given it
    as one fail. That is left to a person.
    """
    for node in tree.nodes.values():
        above = tree.get(node.above) if node.above is not None else None
        if node.name != "labels" or above is None or "multiscales" not in above.ome:
            continue
        if node.kind not in (FoundKind.GROUP, FoundKind.FOLDER) or "labels" in node.ome:
            continue
        names = _images_below(node, tree)
        if "labels" in node.attributes:
            yield undecided(node.path, "has labels that are no list, or lie beside `ome`")
        elif names and any(link.startswith(f"{node.path}/") for link in tree.links):
            yield undecided(node.path, f"lists nothing, and {_UNSEEN}")
        elif odd := next((n for n in names if not _of_integers(f"{node.path}/{n}", tree)), None):
            yield undecided(node.path, f"lists nothing, and {odd} is not of whole numbers")
        elif names:
            yield from _listing(node, above, {"labels": names}, tree)


def _images_below(node: Found, tree: Hierarchy) -> list[str]:
    """Give the images below a group, by their paths from it; none that lies in another image."""
    found: list[str] = []
    ahead = [*tree.inside(node.path)]
    while ahead:
        inner = ahead.pop()
        if "multiscales" in inner.ome:
            found.append(inner.path[len(node.path) + 1 :])
        else:
            ahead += tree.inside(inner.path)
    return sorted(found)


def _of_integers(path: str, tree: Hierarchy) -> bool:
    """Say whether no level of an image is known to be of other pixels than label images have."""
    levels = (
        tree.get(ome.resolve(path, str(level["path"])))
        for multiscale in multiscales_of(tree.nodes[path].ome)
        for level in ome.datasets(multiscale)
    )
    kinds = (x.layout.data_type.name for x in levels if x is not None and x.layout is not None)
    return all(kind.startswith(("int", "uint")) for kind in kinds)


def _listing(node: Found, above: Found, given: Mapping[str, object], tree: Hierarchy) -> Repaired:
    """Give a group its list, and the documents that a group of its parent's format has."""
    if above.zarr_format == 3:  # noqa: PLR2004 - the format's number
        version = above.stated or version_of(tree)
        if version is None:
            return
        if V3_DOCUMENT in node.documents:
            yield with_members(node, {"version": version, **given})
        else:
            yield Edit(
                node.path, V3_DOCUMENT, v3.group_document({"ome": {"version": version, **given}})
            )
        return
    if ".zgroup" not in node.documents:
        yield Edit(node.path, ".zgroup", _V2_GROUP)
    yield Edit(node.path, ".zattrs", {**node.attributes, **given})


def series(tree: Hierarchy) -> Repaired:
    """List the images of a bioformats2raw collection in its `OME` group.

    Without a list they are those numbered from 0 on, so that is what it lists. A plate's order is
    in the OME-XML only, and is left to a person.
    """
    for node in tree.nodes.values():
        if _LAYOUT not in node.ome or "plate" in node.ome or "OME" not in node.folders:
            continue
        path = f"{node.path}/OME".lstrip("/")
        group = tree.get(path) or Found(path=path, kind=FoundKind.FOLDER, documents={})
        if "series" in group.attributes or "series" in group.ome:
            continue
        images = [inner.name for inner in tree.inside(node.path) if "multiscales" in inner.ome]
        due = [str(number) for number in range(len(images))]
        if images and tree.has_links(node.path):
            yield undecided(path, f"lists no series, and {_UNSEEN}")
        elif images and sorted(images) == sorted(due):
            yield from _listing(group, node, {"series": due}, tree)
        elif images:
            yield undecided(path, "lists no series, and the images are not numbered from 0 on")


def indices(tree: Hierarchy) -> Repaired:
    """Add rowIndex and columnIndex to wells whose path names a listed row and column."""
    for node in tree.nodes.values():
        plate = node.ome.get("plate")
        version = node.stated or tree.version or "0.4"
        if not isinstance(plate, dict) or not version.startswith(_WITH_INDICES):
            continue
        rows, columns = (_positions(plate.get(member)) for member in ("rows", "columns"))
        wells = plate.get("wells")
        if not isinstance(wells, list):
            continue
        made = [_indexed(well, rows, columns) for well in wells]
        if made != wells:
            yield with_members(node, {"plate": {**plate, "wells": made}})
        left = sum(1 for well in made if isinstance(well, dict) and _lacks_index(well))
        if left:
            message = f"{left:,} wells lack an index, and their paths do not tell it"
            yield undecided(node.path, message)


def _positions(lines: object) -> dict[str, int]:
    """Give the place of each row or column by its name; none where a name stands twice."""
    names = [v.get("name") if isinstance(v, dict) else None for v in _items(lines)]
    if len(set(map(str, names))) != len(names):
        return {}
    return {name: number for number, name in enumerate(names) if isinstance(name, str)}


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _lacks_index(well: Mapping[str, object]) -> bool:
    return "rowIndex" not in well or "columnIndex" not in well


def _indexed(well: object, rows: Mapping[str, int], columns: Mapping[str, int]) -> object:
    """Give a well with its indices; as it is where they are there, or the path tells none."""
    if not isinstance(well, dict) or not _lacks_index(well):
        return well
    row, _, column = str(well.get("path")).partition("/")
    if row not in rows or column not in columns:
        return well
    due = {"rowIndex": rows[row], "columnIndex": columns[column]}
    contradicted = any(well.get(key, place) != place for key, place in due.items())
    return well if contradicted else {**well, **due}
