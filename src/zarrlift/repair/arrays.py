"""What an array's document says of its axes and keys, where images and objects tell what is due.

Sources: OME-Zarr 0.5, "multiscales" (`dimension_names`); Zarr v2, "Chunk keys"; Zarr v3, the `v2`
chunk key encoding.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from zarrlift.metadata import ome
from zarrlift.metadata.layout import Keys
from zarrlift.repair.edit import Edit, undecided
from zarrlift.repair.versions import groups_of, multiscales_of
from zarrlift.survey.found import V3_DOCUMENT

if TYPE_CHECKING:
    from zarrlift.repair.edit import Repaired
    from zarrlift.survey.found import Found, Hierarchy

    Axes = tuple[str, ...]

_V2_KEYS = (Keys.V2_FLAT, Keys.V2_NESTED)


def names(tree: Hierarchy) -> Repaired:
    """Name the dimensions of each level by the axes of its image.

    Where a name is that of another axis, either may be wrong; from 0.6 on names may be others than
    those of the axes, which may be those of the array alone. Both are left to a person.
    """
    free = (tree.version or "").startswith("0.6")
    for path, wanted in _axes_by_array(tree).items():
        node = tree.get(path)
        value = node.documents[V3_DOCUMENT].value if node is not None and _is_v3(node) else None
        if value is None or value.get("node_type") != "array":
            continue
        shape, held = value.get("shape"), value.get("dimension_names")
        if len(wanted) > 1:
            yield undecided(path, "images with other axes have this array in common")
            continue
        (axes,) = wanted
        if not isinstance(shape, list) or len(shape) != len(axes) or held == list(axes):
            continue
        if _other_order(held, axes):
            message = f"dimension_names {held} and axes {list(axes)} have another order"
            yield undecided(path, message)
        elif free and _all_named(held, axes):
            message = f"dimension_names {held} are not the axes {list(axes)}, as 0.6 allows"
            yield undecided(path, message)
        else:
            yield Edit(path, V3_DOCUMENT, {**value, "dimension_names": list(axes)})


def _axes_by_array(tree: Hierarchy) -> dict[str, set[Axes]]:
    """Give the axes of the images that name each array, by its path."""
    found: dict[str, set[Axes]] = defaultdict(set)
    for group in groups_of(tree):
        for multiscale in multiscales_of(group.ome):
            axes = ome.axis_names(multiscale)
            if axes is not None and len(set(axes)) == len(axes):
                for level in ome.datasets(multiscale):
                    found[ome.resolve(group.path, str(level["path"]))].add(axes)
    return found


def _all_named(held: object, axes: Axes) -> bool:
    """Say whether each dimension has a name, be it none of the axes."""
    return isinstance(held, list) and len(held) == len(axes) and all(map(_is_name, held))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_v3(node: Found) -> bool:
    return node.zarr_format == 3  # noqa: PLR2004 - the format's number


def _other_order(held: object, axes: Axes) -> bool:
    """Say whether a name stands where the axes have another, and have it elsewhere."""
    if not isinstance(held, list):
        return False
    return any(
        name in axes and (place >= len(axes) or axes[place] != name)
        for place, name in enumerate(held)
    )


def separators(tree: Hierarchy) -> Repaired:
    """State the separator that an array's objects have in their keys.

    With another one readers find no chunk, and give the fill value without a word.
    """
    for node in tree.arrays:
        if node.layout is None or node.proved is None or node.layout.ndim < 2:  # noqa: PLR2004 - else keys are alike
            continue
        if node.proved == node.layout.keys or node.layout.keys not in _V2_KEYS:
            continue
        name = V3_DOCUMENT if _is_v3(node) else ".zarray"
        value = node.documents[name].value or {}
        separator = node.proved.separator
        if _is_v3(node):
            encoding = {"name": "v2", "configuration": {"separator": separator}}
            yield Edit(node.path, name, {**value, "chunk_key_encoding": encoding})
        else:
            yield Edit(node.path, name, {**value, "dimension_separator": separator})
