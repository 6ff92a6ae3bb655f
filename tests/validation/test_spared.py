"""Documents that are valid, though they are easily taken for wrong."""

from __future__ import annotations

import pytest

from tests.validation.changes import drop_folder, rename
from tests.validation.pairs_collections import collection
from tests.validation.pairs_systems import field_tree
from tests.validation.trees import (
    Json,
    Tree,
    axes_of,
    changed,
    group,
    image,
    inner,
    items,
    judged,
    label,
    ome,
    plate,
    rendered,
    under,
)


def rules(tree: Tree) -> set[str]:
    """What is found."""
    return {finding.rule for finding in judged(tree)}


def with_decimals(tree: Tree) -> None:
    """Write whole numbers of a plate as some languages do."""
    held = inner(ome(tree), "plate")
    inner(held, "acquisitions", 0).update(id=1.0, maximumfieldcount=1.0)
    held["field_count"] = 1.0
    for number, well in enumerate(items(held, "wells")):
        inner(well).update(rowIndex=float(number // 2), columnIndex=float(number % 2))


@pytest.mark.parametrize("acquisition", [1, 1.0])
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_whole_numbers_may_have_a_decimal_point(version: str, acquisition: float) -> None:
    """For JSON 1.0 is 1, in a plate and in its wells."""
    tree = changed(plate(version), with_decimals)
    inner(ome(tree, "A/1"), "well", "images", 0)["acquisition"] = acquisition

    assert rules(tree) == set()
    inner(ome(tree, "A/1"), "well", "images", 0)["acquisition"] = 2
    assert rules(tree) == {"well-acquisition-listed"}


def test_values_and_colours_of_labels_may_have_a_decimal_point() -> None:
    """So it is for labels."""
    tree = label("0.5")
    inner(ome(tree), "image-label", "colors", 0).update(
        {"label-value": 1.0, "rgba": [255.0, 0, 0, 255]}
    )

    assert "label-colors" not in rules(tree)
    assert "label-rgba" not in rules(tree)


NAMES = {"t": "Time", "c": "c", "z": "depth", "y": "y", "x": "x"}


def other_names(version: str, axes: str, **rendering: object) -> Tree:
    """Give an image whose axes of time and depth have names of their own."""
    tree = image(version, axes)
    stated = [
        {**inner(axis), "name": NAMES[a]} for axis, a in zip(axes_of(axes), axes, strict=True)
    ]
    inner(ome(tree), "multiscales", 0)["axes"] = stated
    for level in "01":
        document = inner(tree.get(f"{level}/zarr.json", {}))
        if document:
            document["dimension_names"] = [NAMES[a] for a in axes]
    ome(tree)["omero"] = {"channels": [], "rdefs": rendering}
    return tree


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_axes_of_time_and_depth_may_have_any_name(version: str) -> None:
    """What is shown first is measured by the axis of that kind."""
    fine = other_names(version, "tzyx", defaultT=1, defaultZ=3)
    beyond = other_names(version, "tzyx", defaultT=2, defaultZ=4)

    assert "omero-defaults" not in rules(fine)
    told = [f.pointer for f in judged(beyond) if f.rule == "omero-defaults"]
    assert [str(pointer).rpartition("/")[2] for pointer in told] == ["defaultT", "defaultZ"]


def test_where_there_is_no_such_axis_it_has_one_place() -> None:
    """Unless an axis without a type may be it."""
    flat = other_names("0.4", "yx", defaultT=0, defaultZ=1)
    untyped = other_names("0.4", "tyx", defaultT=1)
    inner(ome(untyped), "multiscales", 0, "axes", 0).pop("type")

    assert "omero-defaults" in rules(flat)
    assert "omero-defaults" not in rules(untyped)


def test_channels_are_counted_by_name_where_the_type_is_not_stated() -> None:
    """An axis `c` is that of channels."""
    tree = rendered("0.4")
    inner(ome(tree), "multiscales", 0, "axes", 0).pop("type")
    assert "omero-channel-count" not in rules(tree)
    items(ome(tree), "omero", "channels").pop()
    assert "omero-channel-count" in rules(tree)


def test_a_gap_before_a_large_number_is_named() -> None:
    """The first number that is missing is told, however large the others."""
    tree = changed(collection("0.5", series=False), rename("1", "5000000"))
    (told,) = [f.message for f in judged(tree) if f.rule == "collection-numbered"]
    assert told == "there is no image 1, but an image 5000000"
    only = changed(tree, drop_folder("0"))
    (told,) = [f.message for f in judged(only) if f.rule == "collection-numbered"]
    assert told == "there is no image 0, but an image 5000000"


MOVED: Json = {"input": {"name": "intrinsic"}, "output": {"name": "w", "path": "labels/w"}}


@pytest.mark.parametrize("kind", [[], {}, None, 7, ["scale"]])
def test_a_transformation_of_no_kind_leads_to_a_label(kind: object) -> None:
    """Whatever stands as its type is told, and stops nothing."""
    tree = image("0.6")
    one: Json = {"type": kind, **MOVED}
    nested: Json = {"type": "sequence", "transformations": [{"type": kind}], **MOVED}
    inner(ome(tree), "multiscales", 0)["coordinateTransformations"] = [one, nested]

    told = [f.pointer for f in judged(tree) if f.rule == "image-transform-labels"]

    assert len(told) == 2
    assert "transformation-kind" in rules(tree)


def test_a_field_beside_the_image_that_is_looked_at_is_not_missing() -> None:
    """Of what lies outside, nothing is known: the image may be looked at by itself."""
    tree = field_tree("displacements")
    own = {path: d for path, d in tree.items() if not path.startswith("field/")}
    inner(ome(own), "multiscales", 0, "coordinateTransformations", 0)["path"] = "../field"
    field = {path: d for path, d in tree.items() if path.startswith("field/")}

    assert rules(group("0.6") | under("a", own) | field) == set()
    assert rules(group("0.6") | under("a", own)) == {"field-image"}
    assert rules(own) == set()


def test_under_a_folder_the_same_is_told() -> None:
    """A tree that lies deeper is judged as it is by itself."""
    assert rules(under("a", plate("0.5"))) == set()
