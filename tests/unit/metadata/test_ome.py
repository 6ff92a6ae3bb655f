"""OME members: which count, which version they state, which arrays they name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from zarrlift.metadata import ome

IMAGE = {"datasets": [{"path": "0"}, {"path": "1"}]}


def kept(attributes: Mapping[str, object], name: str = "image") -> set[str]:
    """Give the keys that count as OME members of a group of that name."""
    return set(ome.members(attributes, name))


@pytest.mark.parametrize(
    ("attributes", "name", "expected"),
    [
        pytest.param({"multiscales": [{}]}, "x", {"multiscales"}, id="image"),
        pytest.param({"multiscales": []}, "x", {"multiscales"}, id="image-empty"),
        pytest.param({"multiscales": {}}, "x", set(), id="multiscales-no-list"),
        pytest.param({"multiscales": ["0"]}, "x", set(), id="multiscales-of-text"),
        pytest.param({"multiscales": [{}], "omero": {}}, "x", {"multiscales", "omero"}, id="omero"),
        pytest.param({"omero": {}}, "x", set(), id="omero-alone"),
        pytest.param(
            {"multiscales": [{}], "omero": []}, "x", {"multiscales"}, id="omero-no-object"
        ),
        pytest.param({"labels": ["a"]}, "labels", {"labels"}, id="labels"),
        pytest.param({"labels": ["a"], "n": 1}, "labels", {"labels"}, id="labels-beside-others"),
        pytest.param({"labels": ["a"]}, "", {"labels"}, id="labels-alone"),
        pytest.param({"labels": ["a"], "n": 1}, "table", set(), id="labels-of-a-table"),
        pytest.param({"labels": "a"}, "labels", set(), id="labels-no-list"),
        pytest.param({"image-label": {}}, "x", {"image-label"}, id="label"),
        pytest.param({"image-label": True}, "x", set(), id="label-no-object"),
        pytest.param({"plate": {}}, "x", {"plate"}, id="plate"),
        pytest.param({"plate": "P1"}, "x", set(), id="plate-as-text"),
        pytest.param({"well": {}}, "x", {"well"}, id="well"),
        pytest.param({"well": "A1"}, "x", set(), id="well-as-text"),
        pytest.param({"series": ["0"]}, "OME", {"series"}, id="series"),
        pytest.param({"series": ["0"]}, "x", set(), id="series-elsewhere"),
        pytest.param({"series": "0"}, "OME", set(), id="series-no-list"),
        pytest.param({"bioformats2raw.layout": 3}, "", {"bioformats2raw.layout"}, id="collection"),
        pytest.param({"_creator": {}, "version": "1"}, "x", set(), id="foreign"),
    ],
)
def test_members_count_where_they_belong(
    attributes: Mapping[str, object], name: str, expected: set[str]
) -> None:
    """A key is an OME member where the specification puts it, with the type it has there."""
    assert kept(attributes, name) == expected


def test_members_come_in_the_order_in_which_they_are_written() -> None:
    """Whatever their order in the source, members come in the one of 0.5."""
    attributes: Mapping[str, object] = {"omero": {}, "image-label": {}, "multiscales": [{}]}

    assert list(ome.members(attributes, "")) == ["multiscales", "omero", "image-label"]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"multiscales": [{"version": "0.4"}]}, "0.4"),
        ({"multiscales": [{}, {"version": "0.4"}]}, None),
        ({"multiscales": [{"version": 0.4}]}, "0.4"),
        ({"multiscales": [{"version": None}], "omero": {"version": "0.3"}}, "0.3"),
        ({"plate": {"version": "0.2"}}, "0.2"),
        ({"well": {"version": "0.1"}}, "0.1"),
        ({"image-label": {"version": "0.4"}}, "0.4"),
        ({"omero": {"version": "0.3"}}, "0.3"),
        ({"multiscales": [], "plate": "x"}, None),
        ({"multiscales": "x"}, None),
        ({"version": "0.4"}, None),
        ({"labels": ["a"]}, None),
        ({"bioformats2raw.layout": 3}, None),
    ],
)
def test_stated_version(attributes: Mapping[str, object], expected: str | None) -> None:
    """The version is that of the first image, else of plate, well, label or omero."""
    assert ome.stated_version(attributes) == expected


@pytest.mark.parametrize(
    ("multiscale", "separators", "expected"),
    [
        ({"axes": [{"name": "y"}]}, {"."}, "0.4"),
        ({"axes": ["y", "x"]}, {"/"}, "0.3"),
        ({}, {"/"}, "0.2"),
        ({"axes": []}, {"/", "."}, "0.2"),
        ({}, {"."}, "0.1"),
        ({}, set(), "0.1"),
    ],
)
def test_guessed_version(
    multiscale: Mapping[str, object], separators: set[str], expected: str
) -> None:
    """Without a stated version, axes and key separator tell 0.1 to 0.4 apart."""
    assert ome.guessed_version({"multiscales": [multiscale]}, separators) == expected


def test_guessed_version_without_an_image() -> None:
    """Where there is no image to look at, it is 0.4."""
    assert ome.guessed_version({"plate": {}}, set()) == "0.4"


@pytest.mark.parametrize(
    ("attributes", "around", "expected"),
    [
        ({"multiscales": [{"version": "0.2"}]}, "0.4", "0.2"),
        ({"image-label": {"version": "0.4"}, "multiscales": [{}]}, "0.3", "0.4"),
        ({"multiscales": [{"axes": ["y", "x"]}]}, "0.4", "0.3"),
        ({"multiscales": [{}]}, "0.4", "0.3"),
        ({"multiscales": [{"axes": []}]}, "0.4", "0.3"),
        ({"multiscales": [{}]}, "0.1", "0.1"),
        ({"multiscales": [{"axes": [{"name": "y"}]}]}, "0.4", "0.4"),
        ({"multiscales": [{"axes": [{"name": "y"}]}]}, "0.1", "0.1"),
        ({"multiscales": [{"axes": [{"name": "y"}, "x"]}]}, "0.4", "0.4"),
        ({"multiscales": [{"axes": ["y", {"name": "x"}]}]}, "0.4", "0.3"),
        ({"plate": {}}, "0.2", "0.2"),
        ({}, "0.4", "0.4"),
    ],
)
def test_own_version_of_a_group(
    attributes: Mapping[str, object], around: str, expected: str
) -> None:
    """A group that states its version has it; axes tell older images from those around them."""
    assert ome.own_version(attributes, around) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"plate": {"wells": [{"path": "A/1"}, {"path": "B/2"}]}}, ["p/A/1", "p/B/2"]),
        ({"well": {"images": [{"path": "0"}, {"acquisition": 1}, {"path": 3}]}}, ["p/0"]),
        ({"plate": {"wells": "A/1"}, "well": {"images": None}}, []),
        ({"plate": {"wells": {"path": "A/1"}}}, []),
        ({"plate": [{"wells": [{"path": "A/1"}]}]}, []),
        ({"wells": [{"path": "A/1"}]}, []),
    ],
)
def test_named_groups(attributes: Mapping[str, object], expected: list[str]) -> None:
    """A plate names its wells and a well its fields, relative to themselves."""
    assert list(ome.named_groups("p", attributes)) == expected


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        (["t", "y"], ("t", "y")),
        ([{"name": "y", "type": "space"}, {"name": "x"}], ("y", "x")),
        ([], None),
        (None, None),
        ("yx", None),
        ([{"type": "space"}], None),
        ([3], None),
        ([None], None),
    ],
)
def test_axis_names(axes: object, expected: tuple[str, ...] | None) -> None:
    """Axes are named as strings or as objects; where one has no name, none has."""
    assert ome.axis_names({"axes": axes}) == expected


SYSTEMS = [
    {"name": "a", "axes": [{"name": "y"}, {"name": "x"}]},
    {"name": "b", "axes": [{"name": "v"}, {"name": "u"}]},
]


def to_systems(*outputs: object, systems: object = SYSTEMS) -> dict[str, object]:
    """Give an image of 0.6 whose levels have those outputs."""
    levels = [{"coordinateTransformations": [{"output": output}]} for output in outputs]
    return {"coordinateSystems": systems, "datasets": levels}


@pytest.mark.parametrize(
    ("multiscale", "expected"),
    [
        pytest.param(to_systems({"name": "b"}), ("v", "u"), id="object"),
        pytest.param(to_systems("b", {"name": "b"}), ("v", "u"), id="text-as-in-previews"),
        pytest.param(to_systems({"name": "a"}, {"name": "b"}), None, id="two-systems"),
        pytest.param(to_systems({"name": "c"}), None, id="not-listed"),
        pytest.param(to_systems({"path": "0"}), None, id="not-named"),
        pytest.param(to_systems({"name": ["b"]}), None, id="name-no-text"),
        pytest.param(to_systems(None, {"name": "b"}), ("v", "u"), id="first-level-silent"),
        pytest.param(to_systems(), None, id="no-levels"),
        pytest.param(to_systems("b", systems=[*SYSTEMS, SYSTEMS[1]]), None, id="listed-twice"),
        pytest.param(to_systems("b", systems={"name": "b"}), None, id="systems-no-list"),
        pytest.param(to_systems("b", systems=["b", SYSTEMS[1]]), ("v", "u"), id="odd-system"),
        pytest.param(to_systems("b", systems=[{"name": "b"}]), None, id="system-without-axes"),
        pytest.param({**to_systems("b"), "axes": ["q"]}, ("v", "u"), id="leftover-axes"),
        pytest.param({**to_systems("c"), "axes": ["q"]}, ("q",), id="axes-and-no-system"),
        pytest.param({"axes": ["q"], "coordinateSystems": SYSTEMS}, ("q",), id="0.5-and-systems"),
    ],
)
def test_axis_names_of_0_6(
    multiscale: Mapping[str, object], expected: tuple[str, ...] | None
) -> None:
    """In 0.6 the axes are those of the one system that all levels go to."""
    assert ome.axis_names(multiscale) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"ome": {"version": "0.5"}}, "0.5"),
        ({"ome": {"version": "0.6rc0", "plate": {}}}, "0.6rc0"),
        ({"ome": {"version": 0.5}}, "0.5"),
        ({"ome": {"version": True}}, None),
        ({"ome": {"version": None}}, None),
        ({"ome": {"multiscales": [{"version": "0.4"}]}}, None),
        ({"ome": "0.5"}, None),
        ({"version": "0.5", "multiscales": [{"version": "0.4"}]}, None),
        ({}, None),
    ],
)
def test_version_of_a_v3_group(attributes: Mapping[str, object], expected: str | None) -> None:
    """From 0.5 on, `ome.version` says it and nothing else."""
    assert ome.v3_version(attributes) == expected


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        ({"version": "0.5"}, True),
        ({"version": "0.6.dev3"}, True),
        ({"version": 0.6}, True),
        ({"multiscales": []}, True),
        ({"scene": {}, "version": "0.9"}, True),
        ({"version": "1.0"}, False),
        ({"xml": "METADATA.ome.xml"}, False),
        ({}, False),
        ([], False),
    ],
)
def test_members_of_a_v3_group(found: object, *, counts: bool) -> None:
    """What stands below `ome` is OME-Zarr's if a member or the version says so."""
    assert ome.v3_members({"ome": found}) == (found if counts else None)


def test_datasets_without_a_path_are_passed_over() -> None:
    """Only entries that name an array count."""
    multiscale = {"datasets": [{"path": "0"}, {}, "1", {"path": 2}, {"path": "2"}]}

    assert [d["path"] for d in ome.datasets(multiscale)] == ["0", "2"]
    assert list(ome.datasets({"datasets": {"path": "0"}})) == []


def test_named_arrays_come_with_image_and_level() -> None:
    """Each array comes with its path in the dataset, the number of its image, and its level."""
    attributes = {"multiscales": [IMAGE, "none", {"datasets": [{"path": "../raw/0"}]}]}

    assert list(ome.named_arrays("A/1/0", attributes)) == [
        ("A/1/0/0", 0, 0),
        ("A/1/0/1", 0, 1),
        ("A/1/raw/0", 1, 0),
    ]


@pytest.mark.parametrize(
    ("group", "path", "expected"),
    [
        ("", "0", "0"),
        ("A/1", "0/0", "A/1/0/0"),
        ("A/1", "./0", "A/1/0"),
        ("A/1", "0/", "A/1/0"),
        ("labels/nuclei", "../../0", "0"),
        ("", "./0", "0"),
    ],
)
def test_resolve_gives_the_path_in_the_dataset(group: str, path: str, expected: str) -> None:
    """A path relative to a group becomes one relative to the root, without dots."""
    assert ome.resolve(group, path) == expected
