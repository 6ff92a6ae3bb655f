"""From OME-Zarr 0.5 to 0.6, document by document."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.judges import attribute_problems
from tests.unit.metadata.ome_documents import YX, image_0_5, image_0_6, level, rules, scale, shift
from zarrlift.findings import Finding, has_errors
from zarrlift.metadata.ome_0_6 import to_0_6

ENDS = {"input": {"path": "0"}, "output": {"name": "intrinsic"}}


def lift(
    attributes: Mapping[str, object], path: str = "image"
) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Lift a group's attributes, and see that the source's are as they were."""
    before = copy.deepcopy(attributes)
    made, found = to_0_6(path, attributes)
    assert attributes == before
    return made, found


def lifted_level(*transformations: object, **members: object) -> tuple[object, tuple[Finding, ...]]:
    """Give what the transformations of an image's one level become."""
    made, found = lift(image_0_5(transformations, **members))
    return made["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"], found


def test_axes_become_a_coordinate_system() -> None:
    """`axes` give way to one system in their place; all other members stay, in their order."""
    source = image_0_5([scale(1, 2)], name="n", type="gaussian", metadata={"method": "m"}, more=[1])

    made, found = lift(source)

    assert made["ome"]["version"] == "0.6"
    assert made["ome"]["multiscales"] == [
        {
            "coordinateSystems": [{"name": "intrinsic", "axes": YX}],
            "datasets": [level(scale(1, 2))],
            "name": "n",
            "type": "gaussian",
            "metadata": {"method": "m"},
            "more": [1],
        }
    ]
    assert next(iter(made["ome"]["multiscales"][0])) == "coordinateSystems"
    assert found == ()


@pytest.mark.parametrize(
    "members",
    [
        {"labels": ["cells"]},
        {"series": ["0", "1"]},
        {"bioformats2raw.layout": 3},
        {"plate": {"rows": [{"name": "A"}], "version": "2", "wells": [{"path": "A/1"}]}},
        {"well": {"images": [{"path": "0", "acquisition": 1}]}},
        {"image-label": {"colors": [], "source": {"image": "../../"}}, "omero": {"rdefs": {}}},
        {"unknown": {"version": "0.5"}},
        {},
    ],
    ids=lambda members: next(iter(members), "version-only"),
)
def test_other_members_stay(members: dict[str, object]) -> None:
    """All that is no image keeps its members; the group's version is all that changes."""
    source = {"first": 1, "ome": {"version": "0.5", **members}, "version": "0.5"}

    made, found = lift(source)

    assert made == {**source, "ome": {"version": "0.6", **members}}
    assert list(made) == list(source)
    assert found == ()


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"multiscales": [{"axes": YX}], "version": "0.5"},
        {"ome": 3},
        {"ome": {"xml": "METADATA.ome.xml"}},
        {"ome": {"version": "9"}},
        {"ome": {"version": None}},
        image_0_6(level(scale(1, 1))),
    ],
    ids=["none", "outside-ome", "number", "foreign", "other-version", "null-version", "0.6"],
)
def test_what_is_not_0_5_comes_back_equal(attributes: dict[str, object]) -> None:
    """Foreign attributes, and those of 0.6, are not touched, and nothing is said."""
    assert lift(attributes) == (attributes, ())


def test_a_group_without_a_version_gains_it() -> None:
    """Members that are OME-Zarr's make a group one of OME-Zarr."""
    assert lift({"ome": {"labels": []}})[0] == {"ome": {"version": "0.6", "labels": []}}


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ([scale(1, 2)], scale(1, 2)),
        ([{**scale(1, 2), "name": "px", "?": 0}], {**scale(1, 2), "name": "px", "?": 0}),
        ([{"type": "identity"}], {"type": "identity"}),
        (
            [scale(1, 2), shift(0, -0.5)],
            {"type": "sequence", "transformations": [scale(1, 2), shift(0, -0.5)]},
        ),
        (
            [{**scale(1, 2), "?": 0}, {**shift(0, 1), "!": 1}],
            {
                "type": "sequence",
                "transformations": [{**scale(1, 2), "?": 0}, {**shift(0, 1), "!": 1}],
            },
        ),
    ],
)
def test_levels_get_one_transformation(stated: Sequence[object], expected: object) -> None:
    """A list becomes the one transformation of the same meaning, from its path to the system."""
    assert isinstance(expected, dict)

    assert lifted_level(*stated) == ([{**expected, **ENDS}], ())


def test_a_translation_alone_gains_a_scale() -> None:
    """0.6 takes a translation only after a scale; one of ones moves nothing."""
    made, found = lifted_level(shift(3, 4))

    steps = [scale(1.0, 1.0), shift(3, 4)]
    assert made == [{"type": "sequence", "transformations": steps, **ENDS}]
    assert rules(found) == [("scale-added", "note")]


@pytest.mark.parametrize(
    ("whole", "stated", "expected"),
    [
        ([scale(2, 3)], [scale(3, 0.5)], [scale(6, 1.5)]),
        ([scale(1.0, 1)], [scale(2**63, 7)], [scale(2**63, 7)]),
        ([scale(0.1, 2)], [scale(3, 1)], [scale(0.1 * 3, 2)]),
        ([scale(2, 3)], [scale(1, 1), shift(5, 7)], [scale(2, 3), shift(10, 21)]),
        ([scale(2, 3), shift(1, 1)], [scale(1, 1)], [scale(2, 3), shift(1, 1)]),
        ([scale(2, 3), shift(1, 0)], [scale(4, 5), shift(6, 7)], [scale(8, 15), shift(13, 21)]),
        ([shift(1, 1)], [scale(4, 5)], [scale(4, 5), shift(1, 1)]),
        (
            [scale(2, 2)],
            [{"type": "identity", "?": 1}],
            [{"type": "scale", "?": 1, "scale": [2, 2]}],
        ),
        ([{"type": "identity"}], [scale(4, 5)], [scale(4, 5)]),
        ([], [scale(4, 5)], [scale(4, 5)]),
        (None, [scale(4, 5)], [scale(4, 5)]),
    ],
)
def test_transformations_of_the_image_are_folded(
    whole: object, stated: Sequence[object], expected: list[dict[str, object]]
) -> None:
    """Those of the whole image are applied after each level's; integers stay integers."""
    source = image_0_5(stated, stated, coordinateTransformations=whole)

    made, found = lift(source)

    image = made["ome"]["multiscales"][0]
    assert "coordinateTransformations" not in image
    for entry in image["datasets"]:
        (one,) = entry["coordinateTransformations"]
        steps = one["transformations"] if one["type"] == "sequence" else [without_ends(one)]
        assert repr(steps) == repr(expected)
    assert rules(found) == [("transformations-folded", "note")]
    assert "/attributes/ome/multiscales/0/coordinateTransformations" in found[0].message


def without_ends(transform: Mapping[str, object]) -> dict[str, object]:
    """Give a transformation without input and output."""
    return {k: v for k, v in transform.items() if k not in ENDS}


def test_the_note_on_folding_names_the_numbers() -> None:
    """What was folded can be taken out again by hand."""
    _, found = lifted_level(scale(1, 1), coordinateTransformations=[scale(0.1, 2), shift(3, 4)])

    assert "scale [0.1, 2] and translation [3, 4]" in found[0].message


def test_members_that_are_folded_away_are_told() -> None:
    """What else a transformation of the whole image says has no place left."""
    named = {**scale(2, 2), "name": "calibration"}

    _, found = lifted_level(scale(1, 1), coordinateTransformations=[named])

    assert ("transformation-members-dropped", "warning") in rules(found)
    assert "'name'" in found[0].message


@pytest.mark.parametrize("stated", [[scale(1, 1)], [scale(1, 1), shift(1, 1)]], ids=len)
def test_ends_that_are_there_already_are_told(stated: list[dict[str, object]]) -> None:
    """A transformation's own `input` gives way to that of 0.6, and that is said."""
    made, found = lifted_level({**stated[0], "input": "somewhere"}, *stated[1:])

    assert isinstance(made, list)
    assert made[0]["input"] == {"path": "0"}
    assert "'somewhere'" not in repr(made)
    assert rules(found) == [("transformation-members-dropped", "warning")]


@pytest.mark.parametrize(
    "stated",
    [
        [{"type": "affine", "affine": [[1, 0, 0], [0, 1, 0]]}],
        [{"type": "scale", "path": "scales/0"}],
        [{"type": "scale", "scale": [1, "2"]}],
        [{"type": "scale", "scale": [1, True]}],
        [{"type": "scale", "scale": [1, None]}],
        [{"type": ["scale"]}],
        [{"scale": [1, 1]}],
        [shift(1, 1), scale(2, 2)],
        [scale(1, 1), scale(2, 2)],
        [{"type": "identity"}, scale(2, 2)],
        ["scale"],
        {"type": "scale"},
        3,
    ],
    ids=repr,
)
def test_other_transformations_stop_the_lift(stated: object) -> None:
    """Kinds, orders and forms that 0.6 cannot say the same are errors, at either level."""
    source = image_0_5([scale(1, 1)])
    source["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"] = stated

    for attributes in (source, image_0_5([scale(1, 1)], coordinateTransformations=stated)):
        _, found = lift(attributes)
        assert rules(found) == [("transformation-unknown", "error")]
        assert found[0].path == "image"
        assert "/coordinateTransformations: " in found[0].message


@pytest.mark.parametrize(
    ("whole", "stated"),
    [
        ([scale(1, 2, 3)], [scale(1, 1)]),
        ([scale(1, 2), shift(1)], [scale(1, 1)]),
        ([scale(2, 2)], [scale(1, 1), shift(1)]),
        ([scale(1e300, 1)], [scale(1e300, 1)]),
        ([scale(10**400, 1)], [scale(0.5, 1)]),
        ([scale(float("inf"), 1)], [scale(1, 1)]),
    ],
)
def test_what_cannot_be_folded_stops_the_lift(
    whole: list[object], stated: Sequence[object]
) -> None:
    """Lengths that differ, and products beyond what JSON holds, are errors."""
    _, found = lifted_level(*stated, coordinateTransformations=whole)

    assert ("transformations-unfoldable", "error") in rules(found)


@pytest.mark.parametrize("stated", [None, []], ids=repr)
def test_levels_without_transformations(stated: object) -> None:
    """Nothing is made up; where something had to be folded in, the lift stops."""
    for whole, severity in ((None, "warning"), ([scale(2, 2)], "error")):
        source = image_0_5([], **({"coordinateTransformations": whole} if whole else {}))
        source["ome"]["multiscales"][0]["datasets"] = [
            {"path": "0", "coordinateTransformations": stated}
        ]

        made, found = lift(source)

        assert rules(found)[0] == ("transformations-missing", severity)
        assert made["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"] == stated


@pytest.mark.parametrize(
    "stated", [[scale(1, 2, 3)], [scale(1, 2), shift(1)], [scale(1)]], ids=repr
)
def test_wrong_lengths_are_written_and_told(stated: list[dict[str, object]]) -> None:
    """A scale that does not fit the axes did not fit them before either."""
    made, found = lifted_level(*stated)

    assert repr(stated[0]["scale"]) in repr(made)
    assert rules(found) == [("transformation-length", "warning")]


@pytest.mark.parametrize("factor", [0, -1, -0.5, float("nan"), float("inf")])
def test_scales_that_0_6_refuses_are_written_and_told(factor: float) -> None:
    """Zero, negative and infinite scales stay as they are."""
    made, found = lifted_level(scale(1, factor))

    assert repr([1, factor]) in repr(made)
    assert rules(found) == [("scale-refused", "warning")]


def test_a_negative_scale_of_the_image_is_told_by_level() -> None:
    """Folding makes the levels' scales negative; the pixels stay where they were."""
    made, found = lifted_level(scale(1, 2), coordinateTransformations=[scale(1, -3)])

    assert repr([1, -6]) in repr(made)
    assert ("scale-refused", "warning") in rules(found)


def test_axes_named_x_y_z_gain_their_type() -> None:
    """0.6 wants space axes to say so; other axes and other members stay as they are."""
    axes = [
        {"name": "t"},
        {"name": "z", "type": None, "unit": None},
        {"name": "y", "unit": "micrometer"},
        {"name": "x", "type": "space"},
    ]

    made, found = lift(image_0_5(axes=axes))

    assert made["ome"]["multiscales"][0]["coordinateSystems"][0]["axes"] == [
        {"name": "t"},
        {"name": "z", "type": "space"},
        {"name": "y", "type": "space", "unit": "micrometer"},
        {"name": "x", "type": "space"},
    ]
    assert rules(found) == [
        ("axes-typed", "note"),
        ("null-dropped", "note"),
        ("axes-typed", "note"),
    ]


@pytest.mark.parametrize(
    "axes",
    [
        [{"name": "c", "type": "channel"}, {"name": "x", "type": "space"}],
        [{"name": "a"}, {"name": "b"}],
        [{"name": n, "type": "space"} for n in "wzyx"],
        ["y", "x"],
        [*YX, {"type": "channel"}],
        [*YX, {"name": ""}],
        [*YX, {"name": 3, "type": "channel"}],
        [*YX, {"name": "c", "type": 3}],
        [*YX, {"name": "c", "unit": 3}],
        [*YX, {"name": "c", "longName": 3}],
        [*YX, {"name": "c", "discrete": "yes"}],
    ],
    ids=repr,
)
def test_axes_that_0_6_refuses_are_written_and_told(axes: list[object]) -> None:
    """Axes that the schema refuses stay as they are; those that it takes are not told."""
    made, found = lift(image_0_5([scale(*[1] * len(axes))], axes=axes))

    assert made["ome"]["multiscales"][0]["coordinateSystems"][0]["axes"] == axes
    assert set(rules(found)) == {("axes-refused", "warning")}
    assert attribute_problems(made, "0.6")


@pytest.mark.parametrize("axes", [None, [], "yx", {}], ids=repr)
def test_images_without_axes_stop_the_lift(axes: object) -> None:
    """Without axes there is no coordinate system that a scale could lead to."""
    assert rules(lift(image_0_5([scale(1, 1)], axes=axes))[1]) == [("axes-missing", "error")]


def test_coordinate_systems_in_0_5_stop_the_lift() -> None:
    """A member that 0.6 defines and 0.5 does not is not overwritten."""
    _, found = lift(image_0_5([scale(1, 1)], coordinateSystems=[]))

    assert rules(found) == [("coordinate-systems-taken", "error")]


@pytest.mark.parametrize("entry", [{}, {"path": 3}, "0", None], ids=repr)
def test_levels_without_a_path_stay_and_are_told(entry: object) -> None:
    """An entry that names no array is left as it is."""
    made, found = lift(image_0_5(datasets=[entry]))

    assert made["ome"]["multiscales"][0]["datasets"] == [entry]
    assert rules(found) == [("level-unnamed", "warning")]


def test_every_image_of_a_group_is_lifted() -> None:
    """A second multiscale counts too, and messages say which one is meant."""
    source = image_0_5([scale(1, 1)])
    source["ome"]["multiscales"].append({"axes": YX, "datasets": [{"path": "p"}]})

    made, found = lift(source)

    assert all("coordinateSystems" in image for image in made["ome"]["multiscales"])
    assert "/multiscales/1/datasets/0/" in found[0].message


@pytest.mark.parametrize("value", [{}, "x", None, ["x"], [[]], [{}]], ids=repr)
def test_odd_multiscales_neither_fail_nor_are_lost(value: object) -> None:
    """Whatever stands in `multiscales`, lifting ends, and keeps it unless it says why."""
    made, found = lift({"ome": {"version": "0.5", "multiscales": value}})

    assert made["ome"]["multiscales"] == value
    assert has_errors(found) is (value == [{}])
