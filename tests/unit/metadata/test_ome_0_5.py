"""From OME-Zarr 0.6 back to 0.5, document by document."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from tests.judges import attribute_problems
from tests.unit.metadata.ome_documents import (
    YX,
    image_0_5,
    image_0_6,
    level,
    rules,
    scale,
    shift,
    system,
)
from zarrlift.findings import Finding
from zarrlift.metadata.ome_0_5 import to_0_5

IDENTITY = {"type": "identity"}
FURTHER = {"input": {"name": "intrinsic"}, "output": {"name": "stage"}}


def sequence(*steps: object, **members: object) -> dict[str, object]:
    """Give a sequence of transformations."""
    return {"type": "sequence", "transformations": list(steps), **members}


def lower(attributes: Mapping[str, object]) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Take a group's attributes to 0.5, and see that the source's are as they were."""
    before = copy.deepcopy(attributes)
    made, found = to_0_5("image", attributes)
    assert attributes == before
    return made, found


@pytest.mark.parametrize("version", ["0.6", "0.6rc0", "0.6.dev4"])
def test_a_coordinate_system_becomes_axes(version: str) -> None:
    """The system of the levels gives the axes, in its place; all other members stay."""
    source = image_0_6(level(scale(1, 2)), name="n", metadata={"m": 1}, more=[1])
    source["ome"] |= {"version": version, "omero": {"channels": []}}

    made, found = lower({**source, "vendor": {"version": "0.6"}})

    assert made == {
        "ome": {
            "version": "0.5",
            "multiscales": [
                {
                    "axes": YX,
                    "datasets": [{"path": "0", "coordinateTransformations": [scale(1, 2)]}],
                    "name": "n",
                    "metadata": {"m": 1},
                    "more": [1],
                }
            ],
            "omero": {"channels": []},
        },
        "vendor": {"version": "0.6"},
    }
    assert next(iter(made["ome"]["multiscales"][0])) == "axes"
    assert found == ()


@pytest.mark.parametrize(
    "attributes",
    [{}, {"ome": []}, {"ome": {"xml": 1}}, image_0_5([scale(1, 1)]), {"scene": {}}],
    ids=["none", "list", "foreign", "0.5", "scene-outside-ome"],
)
def test_what_is_not_0_6_comes_back_equal(attributes: dict[str, object]) -> None:
    """Foreign attributes, and those of 0.5, are not touched, and nothing is said."""
    assert lower(attributes) == (attributes, ())


@pytest.mark.parametrize(
    ("transform", "expected", "said"),
    [
        (scale(1, 2), [scale(1, 2)], []),
        (sequence(scale(1, 2), shift(3, 4)), [scale(1, 2), shift(3, 4)], []),
        (sequence(scale(1, 2)), [scale(1, 2)], []),
        ({**scale(1, 2), "name": "px"}, [{**scale(1, 2), "name": "px"}], []),
        (IDENTITY, [scale(1.0, 1.0)], [("scale-added", "note")]),
        ({**IDENTITY, "?": 1}, [{"?": 1, **scale(1.0, 1.0)}], [("scale-added", "note")]),
        (shift(3, 4), [scale(1.0, 1.0), shift(3, 4)], [("scale-added", "note")]),
        (
            sequence({**scale(1, 2), "input": "0"}, shift(3, 4), name="px"),
            [scale(1, 2), shift(3, 4)],
            [("transformation-members-dropped", "warning")] * 2,
        ),
        (scale(1, 2, 3), [scale(1, 2, 3)], [("transformation-length", "warning")]),
    ],
)
def test_levels_get_a_list(
    transform: dict[str, object], expected: object, said: list[tuple[str, str]]
) -> None:
    """One transformation becomes the list of the same meaning; what is added or lost is told."""
    made, found = lower(image_0_6(level(transform)))

    stated = made["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"]
    assert stated == expected
    assert rules(found) == said


@pytest.mark.parametrize(
    "transform",
    [
        {"type": "affine", "affine": [[1, 0, 0], [0, 1, 0]]},
        {"type": "rotation", "rotation": [[1, 0], [0, 1]]},
        {"type": "rotation", "path": "turn"},
        {"type": "mapAxis", "mapAxis": [1, 0]},
        {"type": "scale", "path": "scales"},
        {"type": "displacements", "path": "field"},
        sequence(shift(1, 1), scale(2, 2)),
        sequence(scale(1, 1), scale(2, 2)),
        sequence(),
        {"type": "sequence"},
        {},
    ],
    ids=repr,
)
def test_other_transformations_are_refused(transform: dict[str, object]) -> None:
    """Of a level, what is no scale and translation is an error that names type and place."""
    made, found = lower(image_0_6(level(scale(1, 1), "0"), level(transform, "1")))

    assert rules(found) == [("transformation-refused", "error")]
    assert "/attributes/ome/multiscales/0/datasets/1/coordinateTransformations" in found[0].message
    assert str(transform.get("type")) in found[0].message
    assert ("stored in an array" in found[0].message) is ("path" in transform)
    assert made["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"] == [
        scale(1, 1)
    ]


def test_more_than_one_transformation_is_refused() -> None:
    """A level of 0.6 has one; of two nobody knows which holds."""
    entry = level(scale(1, 1))
    entry["coordinateTransformations"] = 2 * [{**scale(1, 1), "output": {"name": "intrinsic"}}]

    assert rules(lower(image_0_6(entry))[1]) == [("transformation-refused", "error")]


@pytest.mark.parametrize(
    ("start", "end", "fits"),
    [
        ({"path": "0"}, {"name": "intrinsic"}, True),
        ({"path": "./0"}, {"name": "intrinsic"}, True),
        ({"path": "0", "name": None}, {"name": "intrinsic", "path": None}, True),
        ("0", "intrinsic", True),
        ("/0", {"name": "intrinsic"}, True),
        ({"path": "1"}, {"name": "intrinsic"}, False),
        ("1", "intrinsic", False),
        ({"path": "0", "name": "array"}, {"name": "intrinsic"}, False),
        ({"path": "0"}, {"name": "intrinsic", "path": "labels/a"}, False),
        ({"name": "0"}, {"name": "intrinsic"}, False),
        (None, {"name": "intrinsic"}, False),
    ],
)
def test_ends_of_a_level(start: object, end: object, *, fits: bool) -> None:
    """A level leads from its own array to its image's system, in 0.6's spelling or a preview's."""
    entry = level(scale(1, 2))
    entry["coordinateTransformations"] = [{**scale(1, 2), "input": start, "output": end}]

    made, found = lower(image_0_6(entry))

    stated = made["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"]
    assert (stated == [scale(1, 2)]) is fits
    assert rules(found) == ([] if fits else [("transformation-refused", "error")])


def test_members_of_ends_are_told() -> None:
    """What an input says beyond path and name has no place in 0.5."""
    entry = level(scale(1, 2))
    entry["coordinateTransformations"] = [
        {**scale(1, 2), "input": {"path": "0", "?": 1}, "output": {"name": "intrinsic"}}
    ]

    assert rules(lower(image_0_6(entry))[1]) == [("transformation-members-dropped", "warning")]


@pytest.mark.parametrize(
    ("systems", "levels"),
    [
        ([], ["intrinsic"]),
        ([system("physical")], ["intrinsic"]),
        ([system(), system()], ["intrinsic"]),
        ([system(), system("b")], ["intrinsic", "b"]),
        ([system()], [None]),
        ([system()], []),
        ([{"name": "intrinsic"}], ["intrinsic"]),
    ],
    ids=repr,
)
def test_levels_must_go_to_one_system(systems: list[Any], levels: list[object]) -> None:
    """Where it is not sure what the axes are, nothing is guessed."""
    entries = [level(scale(1, 1), str(n), name) for n, name in enumerate(levels)]

    assert rules(lower(image_0_6(*entries, systems=systems))[1]) == [("systems-refused", "error")]


def test_an_image_without_systems_is_refused() -> None:
    """Axes in the way of 0.5, in a group that states 0.6, are not taken on trust."""
    source = image_0_5([scale(1, 1)])
    source["ome"]["version"] = "0.6"

    assert rules(lower(source)[1]) == [("systems-refused", "error")]


def test_the_name_and_members_of_a_system_are_told() -> None:
    """0.5 has no name for where the levels go; `intrinsic` says no more than that."""
    source = image_0_6(level(scale(1, 1), system="world"), systems=[system("world", origin=[0])])

    made, found = lower(source)

    assert made["ome"]["multiscales"][0]["axes"] == YX
    assert rules(found) == [
        ("system-name-dropped", "note"),
        ("system-members-dropped", "warning"),
    ]
    assert "'world'" in found[0].message
    assert "'origin'" in found[1].message


def test_axes_keep_what_0_5_takes() -> None:
    """`discrete`, `longName` and types of 0.6 stay; a null, which the schema refuses, goes."""
    axes = [{"name": "c", "type": "array", "unit": None, "discrete": True}, *YX]
    source = image_0_6(level(scale(1, 1, 1)), systems=[system(axes=axes)])

    made, found = lower(source)

    kept = {"name": "c", "type": "array", "discrete": True}
    assert made["ome"]["multiscales"][0]["axes"] == [kept, *YX]
    assert rules(found) == [("null-dropped", "note")]
    assert attribute_problems(made, "0.5") == []


@pytest.mark.parametrize(
    "axes",
    [
        [{"name": "i", "type": "array"}, {"name": "j", "type": "array"}],
        [{"name": "c"}, *({"name": n, "type": "space"} for n in "zyx")],
        [*YX, "c"],
    ],
    ids=repr,
)
def test_axes_that_0_5_refuses_are_written_and_told(axes: list[object]) -> None:
    """The schema of 0.5 counts an axis without a type as space."""
    ones = scale(*[1] * len(axes))

    made, found = lower(image_0_6(level(ones), systems=[system(axes=axes)]))

    assert made["ome"]["multiscales"][0]["axes"] == axes
    assert rules(found) == [("axes-refused", "warning")]
    assert attribute_problems(made, "0.5")


@pytest.mark.parametrize(("axes", "said"), [(YX, []), (YX[:1], [("axes-taken", "error")])])
def test_axes_that_are_there_already(axes: object, said: list[tuple[str, str]]) -> None:
    """A leftover `axes` that says the same goes; one that says otherwise stops."""
    assert rules(lower(image_0_6(level(scale(1, 1)), axes=axes))[1]) == said


@pytest.mark.parametrize(
    "link",
    [
        {"input": {"name": "intrinsic"}, "output": {"name": "a", "path": "labels/a"}},
        {"input": {"name": "a", "path": "./labels/a"}, "output": {"name": "intrinsic"}},
        {"input": "intrinsic", "output": {"name": "a", "path": "labels/x/a"}},
    ],
    ids=repr,
)
def test_links_to_labels_that_move_nothing_go(link: dict[str, object]) -> None:
    """A label of 0.5 lies where its own transformations put it: an identity says no more."""
    source = image_0_6(level(scale(1, 1)), coordinateTransformations=[{**IDENTITY, **link}])

    made, found = lower(source)

    assert "coordinateTransformations" not in made["ome"]["multiscales"][0]
    assert rules(found) == [("label-link-dropped", "note")]


@pytest.mark.parametrize(
    "transform",
    [
        {
            **scale(2, 2),
            "input": {"name": "intrinsic"},
            "output": {"name": "a", "path": "labels/a"},
        },
        {**IDENTITY, "input": {"name": "other"}, "output": {"name": "a", "path": "labels/a"}},
        {**IDENTITY, "input": {"name": "intrinsic"}, "output": {"name": "a", "path": "raw/a"}},
        {**IDENTITY, "input": {"name": "intrinsic"}, "output": {"name": "a"}},
        {**IDENTITY},
        3,
    ],
    ids=repr,
)
def test_other_links_are_refused(transform: object) -> None:
    """Anything that moves a label, or leads elsewhere, has no form in 0.5."""
    found = lower(image_0_6(level(scale(1, 1)), coordinateTransformations=[transform]))[1]

    assert rules(found) == [("transformation-refused", "error")]
    assert "/attributes/ome/multiscales/0/coordinateTransformations/0: " in found[0].message


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (scale(2, 3), [scale(2, 3)]),
        (sequence(scale(2, 3), shift(4, 5)), [scale(2, 3), shift(4, 5)]),
        (shift(4, 5), [scale(1.0, 1.0), shift(4, 5)]),
    ],
    ids=["scale", "sequence", "translation"],
)
def test_one_further_system_with_equal_axes_is_kept(
    transform: dict[str, object], expected: object
) -> None:
    """0.5 applies the whole image's transformations after the levels', to the same axes."""
    link = {**IDENTITY, "input": "intrinsic", "output": {"name": "a", "path": "labels/a"}}
    source = image_0_6(
        level(scale(1, 1)),
        systems=[system("stage"), system()],
        coordinateTransformations=[link, {**transform, **FURTHER}],
    )

    made, found = lower(source)

    assert made["ome"]["multiscales"][0]["coordinateTransformations"] == expected
    assert attribute_problems(made, "0.5") == []
    assert {severity for _, severity in rules(found)} == {"note"}
    assert ("systems-joined", "note") in rules(found)


@pytest.mark.parametrize(
    ("systems", "transforms"),
    [
        ([system("stage", YX[:1])], [{**scale(2, 3), **FURTHER}]),
        (
            [system("stage", [{"name": n, "type": "space"} for n in "yx"])],
            [{**scale(2, 3), **FURTHER}],
        ),
        ([system("stage")], [{**scale(2, 3, 4), **FURTHER}]),
        ([system("stage")], [{**IDENTITY, **FURTHER}]),
        ([system("stage")], [{"type": "affine", "path": "a", **FURTHER}]),
        ([system("stage")], [{**scale(2, 3), "input": "stage", "output": "intrinsic"}]),
        ([system("stage")], [{**scale(2, 3), **FURTHER, "output": {"name": "stage", "path": "x"}}]),
        ([system("stage")], 2 * [{**scale(2, 3), **FURTHER}]),
        ([system("stage"), system("b")], [{**scale(2, 3), **FURTHER}]),
        ([system("stage")], []),
        (["stage"], [{**scale(2, 3), **FURTHER}]),
    ],
    ids=repr,
)
def test_other_further_systems_are_refused(systems: list[Any], transforms: list[object]) -> None:
    """Where 0.5 would mean something else, or has no place, systems and what leads there stop."""
    source = image_0_6(
        level(scale(1, 1)), systems=[system(), *systems], coordinateTransformations=transforms
    )

    refused = [("transformation-refused", "error")] * len(transforms)
    found = lower(source)[1]

    assert rules(found) == [*refused, ("systems-refused", "error")]
    assert "/coordinateSystems: " in found[-1].message


def test_scenes_are_refused() -> None:
    """0.5 has nothing for transformations between images."""
    made, found = lower({"ome": {"version": "0.6", "scene": {"coordinateTransformations": []}}})

    assert rules(found) == [("scene-refused", "error")]
    assert made["ome"]["scene"] == {"coordinateTransformations": []}


@pytest.mark.parametrize(
    ("path", "fits"),
    [("0", True), ("Field1", True), ("f_0", False), ("0.5", False), ("a-b", False), ("0\n", False)],
)
def test_paths_of_fields(path: str, *, fits: bool) -> None:
    """0.5 takes letters and digits where 0.6 takes more; both schemas agree."""
    well = {"images": [{"path": "1"}, {"path": path}]}

    made, found = lower({"ome": {"version": "0.6", "well": well}})

    assert made["ome"]["well"] == well
    assert rules(found) == ([] if fits else [("field-path-refused", "error")])
    assert fits or "/attributes/ome/well/images/1/path" in found[0].message
    assert path == "0\n" or (attribute_problems(made, "0.5") == []) is fits


@pytest.mark.parametrize("entry", [{}, {"path": 3}, "0"], ids=repr)
def test_levels_without_a_path_stay_and_are_told(entry: object) -> None:
    """An entry that names no array is left as it is."""
    source = image_0_6(level(scale(1, 1)))
    source["ome"]["multiscales"][0]["datasets"].append(entry)

    made, found = lower(source)

    assert made["ome"]["multiscales"][0]["datasets"][1] == entry
    assert rules(found) == [("level-unnamed", "warning")]


@pytest.mark.parametrize("stated", [None, []], ids=repr)
def test_levels_without_a_transformation_are_told(stated: object) -> None:
    """Nothing is made up for a level that says nothing."""
    entry = {"path": "1", "coordinateTransformations": stated}

    made, found = lower(image_0_6(level(scale(1, 1)), entry))

    assert made["ome"]["multiscales"][0]["datasets"][1] == entry
    assert rules(found) == [("transformations-missing", "warning")]
