"""What a node is within its dataset, in one of the field's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.survey.found import FoundKind

if TYPE_CHECKING:
    from zarrlift.survey.found import Found, Hierarchy

_BY_MEMBER = (
    ("plate", "plate"),
    ("well", "well"),
    ("image-label", "label"),
    ("labels", "labels group"),
    ("scene", "scene"),
    ("bioformats2raw.layout", "collection"),
    ("series", "OME group"),
)
_PLAIN = {
    FoundKind.GROUP: "group",
    FoundKind.ARRAY: "array",
    FoundKind.FOLDER: "folder",
    FoundKind.UNREADABLE: "node",
}


def role_of(node: Found, tree: Hierarchy) -> str:
    """Say what a node is: by its own members, else by what it lies in."""
    members = node.ome
    for member, word in _BY_MEMBER:
        if member in members:
            return word
    above = tree.get(node.above) if node.above is not None else None
    around = above.ome if above is not None else {}
    if "multiscales" in members:
        return "field" if "well" in around else "image"
    if node.kind is FoundKind.ARRAY:
        return "level" if "multiscales" in around else "array"
    if "plate" in around:
        return "row"
    return _PLAIN[node.kind]
