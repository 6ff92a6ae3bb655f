"""The documents of a lift: attributes, dimension names, and their order."""

from __future__ import annotations

import json

import pytest

from tests.unit.layouts import layout_of
from tests.unit.surveys import array, cells, group, image, image_attributes, survey_of
from zarrlift.metadata.layout import ArrayLayout
from zarrlift.plan.documents import Document, Lifted, lift_attributes
from zarrlift.plan.plan import make_plan
from zarrlift.plan.settings import Settings
from zarrlift.survey.facts import Node, NodeKind

PLANE = layout_of((64, 64), (32, 32))
STACK = layout_of((2, 64, 64), (1, 32, 32))


def lifted(*nodes: Node, version: str = "0.4") -> Lifted:
    """Lift the attributes of some nodes."""
    return lift_attributes(survey_of(*nodes, version=version), "0.5")


def test_every_node_has_a_document_parents_first() -> None:
    """Each group and array has one `zarr.json`, the root's at the top."""
    plan = make_plan(cells(), "/t", Settings())

    assert [d.key for d in plan.documents] == [
        "zarr.json",
        "0/zarr.json",
        "1/zarr.json",
        "labels/zarr.json",
        "labels/nuclei/zarr.json",
        "labels/nuclei/0/zarr.json",
    ]


def test_folders_without_documents_become_groups() -> None:
    """A row of a plate, or a folder between `labels` and a label, becomes a group."""
    row = Node(path="A", kind=NodeKind.IMPLICIT, attributes={})

    plan = make_plan(survey_of(group("", {"plate": {}}), row), "/t", Settings())

    assert json.loads(plan.documents[1].encode()) == {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {},
    }


def test_arrays_keep_their_attributes() -> None:
    """An array's own attributes are written as they are, OME words among them."""
    node = array("0", PLANE, {"multiscales": [{"version": "0.4"}], "_ARRAY_DIMENSIONS": ["y", "x"]})

    plan = make_plan(survey_of(group("", {"plate": {}}), node), "/t", Settings())

    assert plan.documents[1].content()["attributes"] == node.attributes


def test_names_come_from_the_image_that_names_the_array() -> None:
    """Each level has its image's axes, each label its own."""
    found = lifted(*image("", "cyx", [STACK, STACK]), *image("labels/a", "yx", [PLANE]))

    assert found.names == {
        "0": ("c", "y", "x"),
        "1": ("c", "y", "x"),
        "labels/a/0": ("y", "x"),
    }


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (["y", "x"], ("y", "x")),
        (["y"], None),
        ("yx", None),
        ([1, 2], None),
        (None, None),
    ],
)
def test_names_of_arrays_in_no_image(stated: object, expected: tuple[str, ...] | None) -> None:
    """An array that no image names has what `_ARRAY_DIMENSIONS` says, if that fits."""
    found = lifted(group(""), array("mask", PLANE, {"_ARRAY_DIMENSIONS": stated}))

    assert found.names == {"mask": expected}


def test_an_images_axes_come_before_what_the_array_states() -> None:
    """`_ARRAY_DIMENSIONS` gives way to the axes of the image."""
    level = array("0", PLANE, {"_ARRAY_DIMENSIONS": ["dim_0", "dim_1"]})

    assert lifted(group("", image_attributes("yx", ["0"])), level).names == {"0": ("y", "x")}


def test_first_image_names_a_shared_array() -> None:
    """Where two images name one array, the first one's axes count."""
    both = image_attributes("zy", ["0"])["multiscales"]
    first = image_attributes("yx", ["0"])["multiscales"]
    assert isinstance(both, list)
    assert isinstance(first, list)

    found = lifted(group("", {"multiscales": [*first, *both]}), array("0", PLANE))

    assert found.names == {"0": ("y", "x")}


@pytest.mark.parametrize("axes", ["zyx", "x"])
def test_axes_that_do_not_fit_name_nothing(axes: str) -> None:
    """Where axes and array count differently, the array is not named wrongly."""
    found = lifted(group("", image_attributes(axes, ["0"])), array("0", PLANE))

    assert found.names == {"0": None}


def test_images_of_0_1_name_their_arrays_too() -> None:
    """Axes that lifting fills in name the arrays as stated ones do."""
    five: ArrayLayout = layout_of((1, 1, 2, 64, 64), (1, 1, 1, 32, 32))
    attributes = {"multiscales": [{"version": "0.1", "datasets": [{"path": "0"}]}]}

    found = lifted(group("", attributes), array("0", five), version="0.1")

    assert found.names == {"0": tuple("tczyx")}
    assert [f.rule for f in found.findings] == ["axes-added", "scales-added"]


def test_arrays_that_are_not_there_are_listed() -> None:
    """A level that an image names and that is missing is told, with the image."""
    found = lifted(group("A", image_attributes("yx", ["0", "../b"])), array("A/0", PLANE))

    assert found.missing == (("A", "b"),)


def test_older_images_in_a_newer_hierarchy_are_lifted_from_their_own_version() -> None:
    """A label of 0.1 beside an image of 0.4 gains what its own version lacks."""
    old = layout_of((1, 1, 1, 64, 64), (1, 1, 1, 32, 32))
    label = {"multiscales": [{"version": "0.1", "datasets": [{"path": "0"}]}]}

    found = lifted(*image("", "yx", [PLANE]), group("labels/a", label), array("labels/a/0", old))

    assert found.names["labels/a/0"] == tuple("tczyx")
    assert [(f.rule, f.path) for f in found.findings] == [
        ("axes-added", "labels/a"),
        ("scales-added", "labels/a"),
    ]


@pytest.mark.parametrize("attributes", [{}, {"note": "µm"}], ids=["bare", "with-attributes"])
def test_bytes_are_those_of_the_content(attributes: dict[str, object]) -> None:
    """A document's bytes hold its content, whether they were made before or not."""
    made = Document(path="0", attributes=attributes, layout=PLANE)

    assert json.loads(made.encode()) == made.content()
    assert made.encode() == Document(path="1", attributes=attributes, layout=PLANE).encode()
