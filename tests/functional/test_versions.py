"""OME-Zarr 0.6 as a target and a source, and back to 0.5."""

from __future__ import annotations

from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import read_json, sample, write_json
from tests.build_ome import write_image
from tests.functional.runs import assert_refused, tree, zarrlift
from tests.oracles import assert_same_voxels, every_array
from tests.traps import TRAPS, Trap
from zarrlift.demo.write import Kind
from zarrlift.errors import SourceError, UsageError

SOUND = [trap for trap in TRAPS if trap.topic in ("labels", "plate", "collection", "foreign")]


@pytest.mark.parametrize("trap", SOUND, ids=[trap.id for trap in SOUND])
def test_hierarchies_reach_0_6_by_either_way(trap: Trap, tmp_path: Path) -> None:
    """v2 to 0.6 is v2 to 0.5 to 0.6, file for file; voxels are the source's."""
    source, lifted, by, straight = (tmp_path / n for n in ("old", "lifted", "by", "straight"))
    trap.build(source)
    zl.convert(source, lifted, plain_zarr=True)
    zl.convert(lifted, by, plain_zarr=True, ome_version="0.6")
    report = zl.convert(source, straight, plain_zarr=True, ome_version="0.6", verify="decode")

    assert report.finished
    assert tree(by) == tree(straight)
    for array in every_array(source):
        assert_same_voxels(source / array, straight / array)
    assert zl.verify(source, straight, level="full").equal
    assert zl.verify(lifted, straight, level="full").equal


@pytest.mark.parametrize("kind", Kind)
def test_way_to_0_6_and_back_is_none(kind: Kind, tmp_path: Path) -> None:
    """0.5 to 0.6 to 0.5 is the 0.5 dataset, file for file; every group states its version."""
    zl.demo(tmp_path / "old", kind=kind, size="1MiB")
    zl.convert(tmp_path / "old", tmp_path / "five")
    zl.convert(tmp_path / "five", tmp_path / "six", ome_version="0.6")
    zl.convert(tmp_path / "six", tmp_path / "back", ome_version="0.5")

    assert tree(tmp_path / "back") == tree(tmp_path / "five")
    stated = {
        members["version"]
        for document in (tmp_path / "six").rglob("zarr.json")
        if isinstance(members := read_json(document)["attributes"], dict)
        and isinstance(members := members.get("ome"), dict)
    }
    assert stated == {"0.6"}


def test_axes_of_0_6_name_the_dimensions(tmp_path: Path) -> None:
    """Dimension names are those of the system that the levels go to."""
    write_image(tmp_path / "old", [sample((8, 8), "<u2")], axes="yx", chunks=(4, 4))
    zl.convert(tmp_path / "old", tmp_path / "six", ome_version="0.6")
    array = tmp_path / "six" / "0" / "zarr.json"
    document = read_json(array)
    assert document.pop("dimension_names") == ["y", "x"]
    write_json(array, document)
    zl.convert(tmp_path / "six", tmp_path / "again", ome_version="0.6", shards="y=8,x=4")

    assert read_json(tmp_path / "again" / "0" / "zarr.json")["dimension_names"] == ["y", "x"]


def test_what_0_5_has_no_form_for_is_refused_by_name(tmp_path: Path) -> None:
    """A rotation has no place in 0.5: the message names it, and 0.6 to 0.6 goes on."""
    write_image(tmp_path / "old", [sample((8, 8), "<u2")], axes="yx", chunks=(4, 4))
    zl.convert(tmp_path / "old", tmp_path / "six", ome_version="0.6")
    root = read_json(tmp_path / "six" / "zarr.json")
    image = root["attributes"]["ome"]["multiscales"][0]  # type: ignore[index]
    level = image["datasets"][0]["coordinateTransformations"][0]
    turned = {"type": "rotation", "rotation": [[0, -1], [1, 0]]}
    image["datasets"][0]["coordinateTransformations"] = [
        {**turned, "input": level["input"], "output": level["output"]}
    ]
    write_json(tmp_path / "six" / "zarr.json", root)

    ran = zarrlift("convert", tmp_path / "six", tmp_path / "five")
    assert_refused(ran, "rotation", "--exclude")
    assert not (tmp_path / "five").exists()
    again = zarrlift("convert", tmp_path / "six", tmp_path / "new", "--ome-version", "0.6")
    assert again.code == 0, again.said


def test_versions_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    """Only 0.5 and 0.6 can be asked for."""
    write_image(tmp_path / "old", [sample((8, 8), "<u2")], axes="yx", chunks=(4, 4))
    with pytest.raises(UsageError, match=r"0\.4"):
        zl.convert(tmp_path / "old", tmp_path / "new", ome_version="0.4")
    ran = zarrlift("convert", tmp_path / "old", tmp_path / "new", "--ome-version", "0.7")
    assert ran.code == 2
    with pytest.raises(SourceError):
        zl.convert(tmp_path / "nowhere", tmp_path / "new", ome_version="0.6")
