"""What the documents of lifted groups say: images, labels, plates, collections, foreign groups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest

import zarrlift as zl
from tests.build import read_json, sample, write_json
from tests.build_ome import OMERO, label_of, pyramid, write_image, write_labels, write_plate
from tests.judges import all_schema_problems, yaozarrs_problems
from tests.traps import find_trap, traps_of

Json: TypeAlias = dict[str, Any]

AXES = [
    {"name": "t", "type": "time"},
    {"name": "c", "type": "channel"},
    {"name": "z", "type": "space"},
    {"name": "y", "type": "space"},
    {"name": "x", "type": "space"},
]
"""What 0.1-0.3 have in mind: no units, for none were stated."""

BARE = {"zarr_format": 3, "node_type": "group", "attributes": {}}


def lift(trap: str, folder: Path, **options: Any) -> tuple[Path, zl.Report]:
    """Lift a trap; give the target and the report."""
    find_trap(trap).build(folder / "old.zarr")
    return converted(folder, **options)


def converted(folder: Path, **options: Any) -> tuple[Path, zl.Report]:
    """Lift what lies in `old.zarr`; give the target and the report."""
    report = zl.convert(folder / "old.zarr", folder / "new.zarr", **options)
    return folder / "new.zarr", report


def read(folder: Path) -> Json:
    """Read a node's document."""
    return cast("Json", json.loads((folder / "zarr.json").read_text(encoding="utf-8")))


def ome(folder: Path) -> Json:
    """Read a group's OME members."""
    return cast("Json", read(folder)["attributes"]["ome"])


def scales(multiscale: Json) -> list[list[float]]:
    """Give the scale of each level, which is its one transformation."""
    transforms = [dataset["coordinateTransformations"] for dataset in multiscale["datasets"]]
    assert all([t["type"] for t in chain] == ["scale"] for chain in transforms)
    return [chain[0]["scale"] for chain in transforms]


def versions(value: object, at: str = "") -> list[str]:
    """Give where a member named `version` stands in a value."""
    if isinstance(value, dict):
        here = [f"{at}/version"] if "version" in value else []
        return here + [p for k, v in value.items() for p in versions(v, f"{at}/{k}")]
    if isinstance(value, list):
        return [place for item in value for place in versions(item, at)]
    return []


def test_image_group_is_this_document(tmp_path: Path) -> None:
    """The whole document of an image: its members below `ome`, in one version, as they were."""
    image = sample((1, 2, 1, 12, 16), "<u2")
    write_image(tmp_path / "old.zarr", pyramid(image), omero=OMERO, attributes={"lab": {"id": 7}})
    before = read_json(tmp_path / "old.zarr" / ".zattrs")
    (multiscale,) = cast("list[Json]", before["multiscales"])
    del multiscale["version"]
    target, _ = converted(tmp_path)
    assert read(target) == {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {
            "ome": {
                "version": "0.5",
                "multiscales": [multiscale],
                "omero": {key: value for key, value in OMERO.items() if key != "version"},
            },
            "lab": {"id": 7},
        },
    }


@pytest.mark.parametrize("trap", [t.id for t in traps_of("image", "labels", "plate", "collection")])
def test_each_group_states_one_version(trap: str, tmp_path: Path) -> None:
    """A group with OME metadata states 0.5 once, below `ome`, and its members none."""
    target, _ = lift(trap, tmp_path)
    groups = [document.parent for document in target.rglob("zarr.json")]
    with_ome = [group for group in groups if "ome" in read(group)["attributes"]]
    assert with_ome
    for group in with_ome:
        assert ome(group)["version"] == "0.5"
        assert versions(ome(group)) == ["/version"]


def test_foreign_version_stays(tmp_path: Path) -> None:
    """A member of nobody we know keeps its own version, and the one inside it."""
    target, _ = lift("foreign-key-with-version", tmp_path)
    attributes = read(target)["attributes"]
    assert attributes.pop("ome")["version"] == "0.5"
    assert attributes == {"vendor": {"version": "7.1", "plate": {"version": "x"}}, "version": "2"}


def test_creator_stays_beside_ome(tmp_path: Path) -> None:
    """`_creator` is no member of OME-Zarr: it stays where it was, version and all."""
    target, _ = lift("creator", tmp_path)
    creator = {"name": "omero-zarr", "version": "0.3.0"}
    assert read(target)["attributes"]["_creator"] == creator


def test_rendering_is_kept(tmp_path: Path) -> None:
    """`omero` keeps channels, `rdefs` and its other members, and loses its version."""
    target, _ = lift("omero-rdefs", tmp_path)
    rendering = ome(target)["omero"]
    assert rendering["rdefs"] == {"defaultT": 0, "defaultZ": 0, "model": "color"}
    assert rendering == {key: value for key, value in OMERO.items() if key != "version"}


def test_transformation_of_all_levels_is_kept(tmp_path: Path) -> None:
    """The transformations of a whole multiscale stay beside those of its levels."""
    target, _ = lift("multiscale-scale", tmp_path)
    (multiscale,) = ome(target)["multiscales"]
    assert multiscale["coordinateTransformations"] == [
        {"type": "scale", "scale": [0.1, 1.0, 1.0, 2.0, 2.0]}
    ]
    assert scales(multiscale) == [[1.0, 1.0, 0.5, 0.25, 0.25], [1.0, 1.0, 0.5, 0.5, 0.5]]


def test_downsampling_is_kept(tmp_path: Path) -> None:
    """`type`, `metadata` and a member that only one tool knows stay in the multiscale."""
    target, _ = lift("multiscale-type-and-metadata", tmp_path)
    (multiscale,) = ome(target)["multiscales"]
    assert multiscale["type"] == "gaussian"
    assert multiscale["metadata"]["kwargs"] == {"sigma": 1.0}
    assert multiscale["@type"] == "ngff:Image"


@pytest.mark.parametrize(
    "trap", ["version-0.1", "version-0.2", "version-absent-0.1", "version-absent-0.2"]
)
def test_images_without_axes_gain_five(trap: str, tmp_path: Path) -> None:
    """An image of 0.1 or 0.2 gains the axes t, c, z, y, x and its levels' scales, as reported."""
    target, report = lift(trap, tmp_path)
    images = [target, target / "labels" / "cells"] if trap.startswith("version-0") else [target]
    for image in images:
        (multiscale,) = ome(image)["multiscales"]
        assert multiscale["axes"] == AXES
        assert scales(multiscale) == [[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 2.0, 2.0]]
    assert {"axes-added", "scales-added"} <= {f.rule for f in report.findings}


@pytest.mark.parametrize("trap", ["version-0.3", "version-absent-0.3"])
def test_names_of_axes_become_objects(trap: str, tmp_path: Path) -> None:
    """The axes of 0.3, which are names, become objects with the type that the name implies."""
    target, _ = lift(trap, tmp_path)
    (multiscale,) = ome(target)["multiscales"]
    assert multiscale["axes"] == AXES
    assert scales(multiscale) == [[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 2.0, 2.0]]


def test_label_older_than_its_image_gains_what_it_lacks(tmp_path: Path) -> None:
    """In an image of 0.4, a label of 0.2 is lifted from 0.2: it gains axes and scales."""
    image = sample((1, 2, 1, 12, 16), "<u2")
    write_image(tmp_path / "old.zarr", pyramid(image))
    write_labels(tmp_path / "old.zarr", {"cells": pyramid(label_of(image))}, version="0.2")
    target, _ = converted(tmp_path)
    assert all_schema_problems(target) == []
    (multiscale,) = ome(target / "labels" / "cells")["multiscales"]
    assert multiscale["axes"] == AXES


def test_null_types_of_axes_are_dropped_and_reported(tmp_path: Path) -> None:
    """An axis type of null, which the schema of 0.5 refuses, is left out, and it is said."""
    target, report = lift("axes-type-null", tmp_path)
    assert ome(target)["multiscales"][0]["axes"] == [{"name": name} for name in "zyx"]
    assert "null-dropped" in {f.rule for f in report.findings}


@pytest.mark.parametrize("trap", ["plate", "plate-rows-without-group"])
def test_rows_are_real_groups(trap: str, tmp_path: Path) -> None:
    """A plate's rows have a document of their own, without OME metadata, whatever they were."""
    target, _ = lift(trap, tmp_path)
    assert {row: read(target / row) for row in "AB"} == {"A": BARE, "B": BARE}
    assert ome(target / "A" / "1") == {
        "version": "0.5",
        "well": {"images": [{"path": "0", "acquisition": 0}, {"path": "1", "acquisition": 0}]},
    }


@pytest.mark.parametrize("trap", ["labels-nested", "labels-nested-without-group"])
def test_folders_between_labels_and_a_label_are_real_groups(trap: str, tmp_path: Path) -> None:
    """A folder between `labels` and a label has a document of its own, without OME metadata."""
    target, _ = lift(trap, tmp_path)
    assert read(target / "labels" / "original") == BARE
    assert ome(target / "labels") == {"version": "0.5", "labels": ["original/0"]}
    assert set(ome(target / "labels" / "original" / "0")) == {
        "version",
        "multiscales",
        "image-label",
    }


def test_folder_between_an_image_and_a_level_is_a_real_group(tmp_path: Path) -> None:
    """A level at `scale0/image` lies in a group of its own, with what attributes it had."""
    target, _ = lift("level-paths-nested", tmp_path)
    assert read(target / "scale0") == {**BARE, "attributes": {"_ARRAY_DIMENSIONS": []}}


def test_unlisted_label_stays_unlisted(tmp_path: Path) -> None:
    """A label that the list leaves out arrives, and the list stays as it was."""
    target, _ = lift("label-unlisted", tmp_path)
    assert ome(target / "labels")["labels"] == ["cells"]
    assert "image-label" in ome(target / "labels" / "nuclei")


@pytest.mark.parametrize("trap", ["plate-0.1", "plate-0.3"])
def test_wells_gain_indices(trap: str, tmp_path: Path) -> None:
    """The wells of a plate older than 0.4 gain the indices of their rows and columns."""
    target, report = lift(trap, tmp_path)
    plate = ome(target)["plate"]
    assert plate["wells"] == [
        {"path": "A/1", "rowIndex": 0, "columnIndex": 0},
        {"path": "A/2", "rowIndex": 0, "columnIndex": 1},
        {"path": "B/1", "rowIndex": 1, "columnIndex": 0},
    ]
    assert plate["acquisitions"][0]["maximumfieldcount"] == 2
    assert "well-indices-added" in {f.rule for f in report.findings}


def test_rows_and_columns_without_a_name_are_named_after_the_wells(tmp_path: Path) -> None:
    """Rows and columns of 0.1 that have no name get the one in the paths of their wells."""
    source = write_plate(tmp_path / "old.zarr", version="0.1", wells=("A/2", "A/10", "B/2"))
    document = cast("Json", read_json(source / ".zattrs"))
    document["plate"] |= {"rows": [{}, {}], "columns": [{}, {}]}
    write_json(source / ".zattrs", document)
    target, _ = converted(tmp_path)
    plate = ome(target)["plate"]
    assert plate["rows"] == [{"name": "A"}, {"name": "B"}]
    assert plate["columns"] == [{"name": "2"}, {"name": "10"}]
    assert [well["columnIndex"] for well in plate["wells"]] == [0, 1, 0]
    assert yaozarrs_problems(target) == []


def test_leading_folder_of_a_well_is_kept_and_reported(tmp_path: Path) -> None:
    """A well path of three parts, as 0.1 allowed, stays, has its indices, and is reported."""
    target, report = lift("plate-0.1-leading-folder", tmp_path)
    assert ome(target)["plate"]["wells"] == [
        {"path": "2020-10-10/A/1", "rowIndex": 0, "columnIndex": 0},
        {"path": "2020-10-10/B/2", "rowIndex": 1, "columnIndex": 1},
    ]
    assert read(target / "2020-10-10") == read(target / "2020-10-10" / "A") == BARE
    assert "well-path-leading" in {f.rule for f in report.findings if f.severity == "warning"}


def test_collection_keeps_layout_and_series(tmp_path: Path) -> None:
    """A bioformats2raw layout has its number at the root, and its series in the `OME` group."""
    target, _ = lift("collection", tmp_path)
    assert ome(target) == {"version": "0.5", "bioformats2raw.layout": 3}
    assert ome(target / "OME") == {"version": "0.5", "series": ["0", "1"]}
    xml = "OME/METADATA.ome.xml"
    assert (target / xml).read_bytes() == (tmp_path / "old.zarr" / xml).read_bytes()


def test_plate_may_be_a_collection_too(tmp_path: Path) -> None:
    """A plate in a bioformats2raw layout keeps both members, and the series of its fields."""
    target, _ = lift("collection-plate", tmp_path)
    assert set(ome(target)) == {"version", "plate", "bioformats2raw.layout"}
    assert ome(target / "OME")["series"][:2] == ["A/1/0", "A/1/1"]


def test_foreign_group_is_left_as_it_was(tmp_path: Path) -> None:
    """A table that only its own tool knows keeps groups and attributes, and gains nothing."""
    target, _ = lift("foreign-group", tmp_path)
    assert read(target / "tables")["attributes"] == {"tables": ["cells"]}
    assert read(target / "tables" / "cells" / "uns") == BARE
    assert read(target / "tables" / "cells" / "var" / "_index")["attributes"] == {
        "encoding-type": "string-array",
        "encoding-version": "0.2.0",
    }


def test_listed_and_absent_nodes_are_not_made_up(tmp_path: Path) -> None:
    """A level that is listed and not there stays listed, is not made, and is reported."""
    target, report = lift("level-missing", tmp_path)
    paths = [dataset["path"] for dataset in ome(target)["multiscales"][0]["datasets"]]
    assert paths == ["0", "1", "2"]
    assert not (target / "2").exists()
    assert [f.severity for f in report.findings if f.rule == "array-missing"] == ["warning"]
