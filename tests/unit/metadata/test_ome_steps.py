"""From one OME-Zarr version to the next, member by member."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import Index
from tests.unit.layouts import bounded
from zarrlift.findings import Finding, Severity
from zarrlift.metadata import ome_steps

SHAPES: Mapping[str, Index] = {
    "0": (1, 2, 10, 100, 100),
    "1": (1, 2, 5, 50, 33),
    "flat": (100, 100),
    "none": (1, 2, 0, 50, 50),
}
SPACE = {"type": "space"}
FIVE = [
    {"name": "t", "type": "time"},
    {"name": "c", "type": "channel"},
    *({"name": name, **SPACE} for name in "zyx"),
]

words = st.sampled_from(
    ["axes", "datasets", "path", "version", "name", "rows", "columns", "wells", "type", "ome"]
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["0", "", "A/1", "0.3", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=10,
)


def lift(
    attributes: Mapping[str, object], version: str = "0.4", path: str = "image"
) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Lift a group whose arrays have the shapes above, below its path."""
    return ome_steps.lift(
        path, attributes, version, lambda key: SHAPES.get(key.removeprefix(f"{path}/"))
    )


def image(**members: object) -> dict[str, object]:
    """Give an image of two levels in `multiscales`, with some members added."""
    return {"multiscales": [{"datasets": [{"path": "0"}, {"path": "1"}], **members}]}


def rules(found: tuple[Finding, ...]) -> list[str]:
    """Give the rules of findings."""
    return [f.rule for f in found]


@pytest.mark.parametrize("version", ["0.1", "0.4"])
def test_members_move_below_ome_and_the_rest_stays(version: str) -> None:
    """OME members stand below `ome` under one version; every other key stays where it was."""
    attributes = {
        **image(axes=FIVE, name="n", type="gaussian", metadata={"method": "m"}),
        "omero": {"channels": [], "rdefs": {"model": "color"}},
        "_creator": {"name": "omero-zarr", "version": "0.4.2"},
        "vendor": [1],
    }

    made, _ = lift(attributes, version)

    assert list(made) == ["ome", "_creator", "vendor"]
    assert made["_creator"] == attributes["_creator"]
    assert made["ome"]["version"] == "0.5"
    assert made["ome"]["omero"] == attributes["omero"]
    assert made["ome"]["multiscales"][0]["type"] == "gaussian"
    assert made["ome"]["multiscales"][0]["metadata"] == {"method": "m"}


def test_group_without_ome_members_is_unchanged() -> None:
    """A group that is no part of OME-Zarr keeps its attributes, `version` included."""
    attributes = {"version": "1", "well": "A1", "ome": 3}

    assert lift(attributes) == (attributes, ())


def test_inner_versions_go_only_from_ome_members() -> None:
    """Each OME member loses its version; a foreign key's own, and deeper ones, survive."""
    attributes = {
        "multiscales": [
            {"version": "0.4", "axes": FIVE, "metadata": {"version": "0.20", "kwargs": {}}}
        ],
        "omero": {"version": "0.4", "id": 1},
        "image-label": {"version": "0.4", "source": {"image": "../../", "version": "7"}},
        "plate": {"version": "0.4", "wells": []},
        "well": {"version": "0.4", "images": [{"path": "0", "version": "3"}]},
        "_creator": {"version": "5"},
    }

    made, _ = lift(attributes)

    assert made == {
        "ome": {
            "version": "0.5",
            "multiscales": [{"axes": FIVE, "metadata": {"version": "0.20", "kwargs": {}}}],
            "omero": {"id": 1},
            "image-label": {"source": {"image": "../../", "version": "7"}},
            "plate": {"wells": []},
            "well": {"images": [{"path": "0", "version": "3"}]},
        },
        "_creator": {"version": "5"},
    }


@pytest.mark.parametrize(
    ("attributes", "path"),
    [
        ({"labels": ["cells"]}, "image/labels"),
        ({"series": ["0", "1"]}, "OME"),
        ({"bioformats2raw.layout": 3}, ""),
    ],
)
def test_lists_and_layouts_move_as_they_are(attributes: dict[str, object], path: str) -> None:
    """`labels`, `series` and `bioformats2raw.layout` only move."""
    assert lift(attributes, path=path) == ({"ome": {"version": "0.5", **attributes}}, ())


@pytest.mark.parametrize("version", ["0.1", "0.2"])
def test_images_without_axes_gain_five(version: str) -> None:
    """Before 0.3 arrays are t,c,z,y,x; the axes are written, and that is said."""
    made, found = lift(image(), version)

    assert made["ome"]["multiscales"][0]["axes"] == FIVE
    assert "axes-added" in rules(found)
    assert all(f.severity is Severity.NOTE for f in found)


def test_axes_as_text_gain_their_types() -> None:
    """0.3's axes become objects; an axis of another name has no type."""
    made, _ = lift(image(axes=["t", "c", "z", "angle", "x"]), "0.3")

    axes = made["ome"]["multiscales"][0]["axes"]
    assert axes == [*FIVE[:3], {"name": "angle"}, FIVE[4]]


@pytest.mark.parametrize("axes", [None, []], ids=str)
def test_axes_of_a_preview_of_0_6_are_taken(axes: object) -> None:
    """An image that has coordinate systems before their time gets the axes of its levels'."""
    output = {"type": "scale", "scale": [1, 1], "output": {"name": "a"}}
    source = image(
        axes=axes,
        coordinateSystems=[{"name": "a", "axes": [{"name": "y"}, {"name": "x"}]}],
        datasets=[{"path": "flat", "coordinateTransformations": [output]}],
    )

    made, _ = lift(source)

    axes = made["ome"]["multiscales"][0]["axes"]
    assert axes == [{"name": "y", **SPACE}, {"name": "x", **SPACE}]


def test_axes_as_objects_stay_as_they_are() -> None:
    """0.4's axes keep units and unknown members."""
    axes = [{"name": "y", "type": "space", "unit": "micrometer", "long": 1}, {"name": "q"}]

    made, found = lift(image(axes=axes))

    assert made["ome"]["multiscales"][0]["axes"] == axes
    assert found == ()


def test_axes_are_not_made_up_for_other_arrays() -> None:
    """An image without axes whose arrays are not 5-D is told, and gets none."""
    made, found = lift({"multiscales": [{"datasets": [{"path": "flat"}]}]}, "0.2")

    assert "axes" not in made["ome"]["multiscales"][0]
    assert ("axes-unknown", Severity.WARNING) in [(f.rule, f.severity) for f in found]


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
def test_levels_gain_the_ratio_of_shapes_as_scale(version: str) -> None:
    """Each level without a scale gets that of its shape to the first's, and no unit."""
    made, found = lift(image(), version)

    scales = [d["coordinateTransformations"] for d in made["ome"]["multiscales"][0]["datasets"]]
    assert scales == [
        [{"type": "scale", "scale": [1.0, 1.0, 1.0, 1.0, 1.0]}],
        [{"type": "scale", "scale": [1.0, 1.0, 2.0, 2.0, 100 / 33]}],
    ]
    assert "scales-added" in rules(found)


def test_scales_that_are_there_stay() -> None:
    """A level's own transformations are never replaced, those of 0.4 are never added to."""
    stated = [{"type": "scale", "scale": [1, 1, 1, 0.5, 0.5]}, {"type": "translation", "by": 1}]
    source = {
        "multiscales": [
            {"datasets": [{"path": "0", "coordinateTransformations": stated}, {"path": "1"}]}
        ]
    }

    old, _ = lift(source, "0.3")
    new, _ = lift(source, "0.4")

    assert old["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"] == stated
    assert "coordinateTransformations" not in new["ome"]["multiscales"][0]["datasets"][1]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param(["0", "gone"], [True, False], id="level-missing"),
        pytest.param(["gone", "0"], [False, False], id="first-missing"),
        pytest.param(["0", "flat"], [True, False], id="other-axes"),
        pytest.param(["0", "none"], [True, True], id="empty-level"),
    ],
)
def test_scales_are_not_made_up(paths: list[str], expected: list[bool]) -> None:
    """Where a shape is not known or has other axes, a level gets no scale."""
    made, _ = lift({"multiscales": [{"datasets": [{"path": p} for p in paths]}]}, "0.2")

    entries = made["ome"]["multiscales"][0]["datasets"]
    assert ["coordinateTransformations" in e for e in entries] == expected


def plate(paths: list[str], **members: object) -> dict[str, object]:
    """Give a plate of wells at some paths, with rows A and B and columns 1 and 2."""
    return {
        "plate": {
            "rows": [{"name": "A"}, {"name": "B"}],
            "columns": [{"name": "1"}, {"name": "2"}],
            "wells": [{"path": path} for path in paths],
            **members,
        }
    }


def test_wells_gain_their_indices() -> None:
    """Row and column of each well come from its path, as positions in the plate's lists."""
    made, found = lift(plate(["A/1", "B/2", "B/1"]), "0.3")

    assert made["ome"]["plate"]["wells"] == [
        {"path": "A/1", "rowIndex": 0, "columnIndex": 0},
        {"path": "B/2", "rowIndex": 1, "columnIndex": 1},
        {"path": "B/1", "rowIndex": 1, "columnIndex": 0},
    ]
    assert rules(found) == ["well-indices-added"]


def test_indices_that_are_there_stay() -> None:
    """A well's own indices are kept; 0.4's wells are not touched."""
    stated = plate([], wells=[{"path": "B/2", "rowIndex": 5}])

    assert lift(stated, "0.2")[0]["ome"]["plate"]["wells"] == [
        {"path": "B/2", "rowIndex": 5, "columnIndex": 1}
    ]
    assert lift(stated, "0.4")[0]["ome"]["plate"]["wells"] == [{"path": "B/2", "rowIndex": 5}]


def test_paths_with_a_folder_before_the_row_are_told() -> None:
    """0.1's `DATE/A/1` gains its indices, keeps its path, and is a warning."""
    made, found = lift(plate(["2020-10-10/B/1"]), "0.1")

    assert made["ome"]["plate"]["wells"] == [
        {"path": "2020-10-10/B/1", "rowIndex": 1, "columnIndex": 0}
    ]
    assert "well-path-leading" in rules(found)


@pytest.mark.parametrize("path", ["C/1", "A/3", "A", ""])
def test_wells_in_no_listed_row_are_told(path: str) -> None:
    """A well whose row or column the plate does not list gets no index made up."""
    made, found = lift(plate([path]), "0.3")

    assert made["ome"]["plate"]["wells"] == [{"path": path}]
    assert "well-index-unknown" in rules(found)


def test_rows_and_columns_without_names_are_named_after_the_wells() -> None:
    """Lines that have no name take those of the wells' paths, numbers in their order."""
    source = plate(["A/10", "B/9"], rows=[{}, {}], columns=[{}, {"n": 1}])

    made, _ = lift(source, "0.1")

    assert made["ome"]["plate"]["rows"] == [{"name": "A"}, {"name": "B"}]
    assert made["ome"]["plate"]["columns"] == [{"name": "9"}, {"n": 1, "name": "10"}]


def test_nothing_is_said_where_no_index_was_added() -> None:
    """A plate of 0.3 whose wells have their indices already is lifted without a word."""
    wells = [{"path": "A/1", "rowIndex": 0, "columnIndex": 0}]

    assert lift(plate([], wells=wells), "0.3")[1] == ()


@pytest.mark.parametrize("axes", [["y", {"name": "x"}], [{"name": "y"}, "x"]], ids=str)
def test_axes_of_both_kinds_keep_their_names(axes: list[object]) -> None:
    """Axes that mix text and objects still name the axes in order."""
    made, _ = lift(image(axes=axes), "0.3")

    written = made["ome"]["multiscales"][0]["axes"]
    assert [a["name"] if isinstance(a, dict) else a for a in written] == ["y", "x"]


@pytest.mark.parametrize("key", ["type", "unit"])
def test_null_type_and_unit_are_left_out(key: str) -> None:
    """The schemas of 0.5 refuse a null `type` or `unit`; other nulls are kept."""
    axes = [{"name": "y", key: None, "note": None}, {"name": "x", "type": "space"}]

    made, found = lift(image(axes=axes))

    assert made["ome"]["multiscales"][0]["axes"] == [{"name": "y", "note": None}, axes[1]]
    assert rules(found) == ["null-dropped"]


def test_foreign_ome_member_is_kept_within() -> None:
    """A member named `ome` that says other things is merged, and that is said."""
    made, found = lift({**image(axes=FIVE), "ome": {"xml": "METADATA.ome.xml"}})

    assert made["ome"]["xml"] == "METADATA.ome.xml"
    assert made["ome"]["version"] == "0.5"
    assert rules(found) == ["ome-merged"]


@pytest.mark.parametrize("taken", ["text", [], {"version": "9"}, {"multiscales": []}], ids=str)
def test_foreign_ome_member_in_the_way_is_an_error(taken: object) -> None:
    """A member named `ome` that cannot be kept beside ours stops the lift."""
    _, found = lift({**image(axes=FIVE), "ome": taken})

    assert [(f.rule, f.severity, f.path) for f in found] == [("ome-taken", Severity.ERROR, "image")]


@bounded
@given(
    st.dictionaries(st.text(max_size=4), junk, max_size=4),
    st.dictionaries(st.text(max_size=4).filter(lambda k: k != "ome"), junk, max_size=4),
    st.sampled_from(["0.1", "0.2", "0.3", "0.4"]),
)
def test_unknown_keys_survive(
    inner: dict[str, object], outer: dict[str, object], version: str
) -> None:
    """Keys that nobody knows come out as they went in, beside OME members and within them."""
    attributes = {
        **outer,
        "multiscales": [{"axes": FIVE, **{f"?{k}": v for k, v in inner.items()}}],
    }

    made, _ = lift(attributes, version)

    assert {k: v for k, v in made.items() if k != "ome"} == outer
    found = made["ome"]["multiscales"][0]
    assert {k: v for k, v in found.items() if k.startswith("?")} == {
        f"?{k}": v for k, v in inner.items()
    }


@bounded
@given(
    st.dictionaries(
        st.sampled_from(["multiscales", "plate", "well", "omero", "image-label", "labels", "ome"]),
        st.lists(st.dictionaries(words, junk, max_size=4), max_size=2)
        | st.dictionaries(words, junk, max_size=5)
        | junk,
        max_size=5,
    ),
    st.sampled_from(["0.1", "0.3", "0.4"]),
)
def test_odd_documents_neither_fail_nor_change(attributes: dict[str, object], version: str) -> None:
    """Whatever JSON stands in OME members, lifting ends, and the source's value is not touched."""
    before = copy.deepcopy(attributes)

    made, _ = lift(attributes, version)

    assert isinstance(made, dict)
    assert attributes == before


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param(plate(["A/1"], rows=[{"name": ["A"]}]), id="row-name-list"),
        pytest.param(plate(["A/1"], columns=[{"name": {}}, {}]), id="column-name-object"),
        pytest.param(plate([], wells=[{"path": None}, {}, 3]), id="well-path-null"),
        pytest.param(plate([], wells={"A/1": {}}), id="wells-object"),
        pytest.param(plate([], rows="AB", columns=None), id="rows-text"),
        pytest.param(image(axes=[["y"]]), id="axis-list"),
        pytest.param(image(axes={"y": 1}), id="axes-object"),
        pytest.param(image(datasets="0"), id="datasets-text"),
        pytest.param(image(datasets=[{"path": "/0"}, {"path": "../../.."}]), id="paths-out"),
    ],
)
def test_odd_members_neither_fail_nor_are_lost(attributes: dict[str, object]) -> None:
    """Members of another kind than the specification's stay, and stop nothing."""
    made, _ = lift(attributes, "0.1")

    assert made["ome"].keys() == {"version", *attributes}
