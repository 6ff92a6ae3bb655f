"""What is known of other nodes: that they are there, that they are not, or neither.

Absence is sure only where somebody looked: not below the depth that was asked for, not behind a
link that leads out of the dataset, not outside of the place looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.metadata import ome
from zarrlift.survey.found import FoundKind
from zarrlift.validate.values import entries, items, member, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.survey.found import Found, Hierarchy
    from zarrlift.validate.subject import Subject

_OLD_AXES = ("t", "c", "z", "y", "x")


def is_absent(tree: Hierarchy, path: str) -> bool:
    """Say whether it is sure that nothing lies at a path."""
    if path in tree.nodes or (tree.depth is not None and path.count("/") + 1 > tree.depth):
        return False
    while path and path not in tree.links:
        path = path.rpartition("/")[0]
    return not path


def was_looked_at(subject: Subject, path: str) -> bool:
    """Say whether somebody looked where a path leads that a node names; outside nobody did."""
    place, tree = subject.place(path), subject.tree
    return place is not None and (place in tree.nodes or is_absent(tree, place))


def is_readable(node: Found) -> bool:
    """Say whether all documents of a node can be read, so that what they lack is lacking."""
    return all(document.value is not None for document in node.documents.values())


def lacks(node: Found, name: str) -> bool:
    """Say whether a node surely has no OME-Zarr member of that name, not even misplaced."""
    return is_readable(node) and name not in node.ome and name not in node.attributes


def no_image(tree: Hierarchy, path: str) -> str | None:
    """Say why there is no image at a path; None where there is one, or where nobody knows.

    Of a folder without a document another rule tells.
    """
    node = tree.get(path)
    if node is None:
        return "is not there" if is_absent(tree, path) else None
    if node.kind is FoundKind.ARRAY:
        return "is an array, no image"
    if node.kind is FoundKind.GROUP and lacks(node, "multiscales"):
        return "is a group without multiscales"
    return None


def first_multiscale(node: Found) -> Mapping[str, object]:
    """Give the multiscale that readers use; an empty one where there is none."""
    for entry in entries(node.ome.get("multiscales")):
        return entry.value
    return {}


def level_layouts(tree: Hierarchy, node: Found) -> Iterator[ArrayLayout | None]:
    """Walk the layouts of an image's levels; None for one that cannot be read or is not there."""
    for entry in items(first_multiscale(node).get("datasets")):
        path = member(entry, "path")
        array = tree.get(ome.resolve(node.path, path)) if isinstance(path, str) else None
        yield array.layout if array is not None else None


def axis_names(node: Found, ndim: int) -> tuple[str, ...] | None:
    """Give the names of an image's axes; those of 0.1 and 0.2 are known. None if they do not fit.

    `ndim` is the number of axes of its arrays.
    """
    multiscale = first_multiscale(node)
    names = ome.axis_names(multiscale)
    if names is None and "axes" not in multiscale and "coordinateSystems" not in multiscale:
        names = _OLD_AXES
    return names if names is not None and len(names) == ndim else None


def axis_units(node: Found) -> dict[str, str]:
    """Give the units of an image's axes, of those that state one."""
    multiscale = first_multiscale(node)
    system = ome.level_system(multiscale)
    axes = entries(multiscale if system is None else system, "axes")
    stated = ((a.value.get("name"), a.value.get("unit")) for a in axes)
    return {n: u for n, u in stated if isinstance(n, str) and isinstance(u, str)}


def level_scale(node: Found, level: int = 0) -> list[int | float] | None:
    """Give the pixel size of a level along each axis, a multiscale's own scale included.

    None where it is not stated, or not as a scale of one length (in 0.6: a scale, or a sequence).
    """
    multiscale = first_multiscale(node)
    datasets = items(multiscale.get("datasets"))
    own = _scale(member(datasets[level], "coordinateTransformations")) if datasets else None
    if own is None or "coordinateSystems" in multiscale:
        return own
    outer = _scale(multiscale.get("coordinateTransformations"))
    if outer is None:
        return own
    if len(own) != len(outer):
        return None
    return [float(a) * float(b) for a, b in zip(own, outer, strict=True)]


def _scale(transforms: object) -> list[int | float] | None:
    for transform in _flat(transforms):
        if transform.get("type") == "scale":
            return numbers(transform.get("scale"))
    return None


def _flat(transforms: object) -> Iterator[Mapping[str, object]]:
    for entry in entries(transforms):
        if entry.value.get("type") == "sequence":
            yield from (inner.value for inner in entries(entry.value, "transformations"))
        else:
            yield entry.value
