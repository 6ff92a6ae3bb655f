"""What was not looked at is not told to be missing."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from tests.build_ome import write_collection, write_plate
from tests.validation.changes import rename
from tests.validation.pairs_collections import collection
from tests.validation.trees import Tree, changed, image, inner, items, judged, labelled, ome, plate
from zarrlift.findings import note
from zarrlift.store.folder import Folder
from zarrlift.survey.given import hierarchy
from zarrlift.survey.look import look
from zarrlift.validate.around import is_absent, level_scale, no_image
from zarrlift.validate.previews import preview_number
from zarrlift.validate.run import check


def test_absence_is_sure_where_somebody_looked() -> None:
    """A path that is not among the nodes leads nowhere."""
    tree = hierarchy(plate("0.5"))
    assert is_absent(tree, "A/3")
    assert not is_absent(tree, "A/1")


def test_below_the_depth_nothing_is_known() -> None:
    """Nodes at the depth were looked at, those below it not."""
    tree = replace(hierarchy({}), depth=1)
    assert is_absent(tree, "A")
    assert not is_absent(tree, "A/1")


def test_behind_a_link_that_leads_out_nothing_is_known() -> None:
    """Such a link is not followed, so that there may be anything."""
    tree = replace(hierarchy({}), findings=(note("link-outside", "A/1", "a link"),))
    assert not is_absent(tree, "A/1")
    assert not is_absent(tree, "A/1/0")
    assert is_absent(tree, "A/10")


def behind(tree: Tree, *links: str) -> tuple[set[str], set[str]]:
    """Give the rules that are broken where some paths are gone, and where they are links."""
    left: Tree = {
        p: d for p, d in tree.items() if not f"{p}/".startswith(tuple(f"{x}/" for x in links))
    }
    texts = {path: data for path, data in left.items() if isinstance(data, bytes)}
    linked = replace(hierarchy(left), findings=tuple(note("link-outside", p, "") for p in links))
    return {f.rule for f in judged(left)}, {f.rule for f in check(linked, texts=texts)}


@pytest.mark.parametrize(
    ("series", "link", "broken"),
    [
        (True, "0", {"series-exist"}),
        (True, "OME/METADATA.ome.xml", {"collection-xml"}),
        (False, "0", {"collection-numbered", "omexml-count"}),
        (False, "1", {"omexml-count"}),
    ],
)
def test_a_collection_with_a_link_is_sound(series: bool, link: str, broken: set[str]) -> None:
    """An image or the OME-XML behind a link is not told to be missing, nor counted as none."""
    assert behind(collection("0.5", series=series), link) == (broken, {"link-outside"})


def test_the_series_behind_a_link_are_not_told_to_be_none() -> None:
    """Images may have any name where they are listed."""
    tree = changed(collection("0.5"), rename("0", "a"))
    gone, linked = behind(tree, "OME")

    assert {"collection-numbered", "collection-xml"} <= gone
    assert linked == {"link-outside"}


def test_a_row_of_links_is_not_empty() -> None:
    """Its wells may lie elsewhere."""
    gone, linked = behind(plate("0.5"), "B/1", "B/2")

    assert "plate-row-empty" in gone
    assert linked == {"link-outside"}


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_a_plate_is_sound_at_any_depth(depth: int, tmp_path: Path) -> None:
    """Fewer levels give fewer findings, none of them false."""
    write_plate(tmp_path / "a.zarr")
    found = check(look(Folder(tmp_path / "a.zarr"), depth=depth))
    assert [f for f in found if f.rule.startswith(("plate", "well", "acquisition"))] == []


@pytest.mark.parametrize("series", [True, False])
@pytest.mark.parametrize("depth", [0, 1])
def test_a_collection_is_sound_at_any_depth(depth: int, series: bool, tmp_path: Path) -> None:
    """The images of a collection need not have been looked at."""
    write_collection(tmp_path / "a.zarr", series=series)
    found = check(look(Folder(tmp_path / "a.zarr"), depth=depth))
    assert [f for f in found if f.rule.startswith(("collection", "series", "omexml"))] == []


def test_why_there_is_no_image() -> None:
    """Each reason has its words."""
    tree = hierarchy(labelled("0.5"))
    assert no_image(tree, "labels/cells") is None
    assert no_image(tree, "labels") == "is a group without multiscales"
    assert no_image(tree, "0") == "is an array, no image"
    assert no_image(tree, "9") == "is not there"


@pytest.mark.parametrize("version", ["0.4", "0.5", "0.6"])
def test_the_scale_of_a_level_is_found_in_every_version(version: str) -> None:
    """A multiscale's own scale is applied after the level's."""
    tree = hierarchy(labelled(version))
    assert level_scale(tree.nodes["labels/cells"]) == [1.0, 1.0, 0.5, 0.5]


def test_scales_beyond_all_doubles_are_no_error() -> None:
    """A product of whole numbers may leave the range of doubles, and is then infinite."""
    tree = labelled("0.4")
    for path in (".zattrs", "labels/cells/.zattrs"):
        entry = inner(tree[path], "multiscales", 0)
        huge = [{"type": "scale", "scale": [10**300] * 4}]
        inner(entry["datasets"], 0)["coordinateTransformations"] = huge
        entry["coordinateTransformations"] = huge
    assert level_scale(hierarchy(tree).nodes[""]) == [math.inf] * 4
    assert check(hierarchy(tree))


@pytest.mark.parametrize("kind", ["rotation", "translation"])
def test_whole_numbers_whose_sums_are_no_doubles_are_no_error(kind: str) -> None:
    """Their difference, or the sum of their products, is larger than any of them."""
    tree, huge = image("0.6", "yx"), 2**1023 - 1
    entry = inner(ome(tree), "multiscales", 0)
    if kind == "rotation":
        rows = [[huge, 0.5], [0.5, huge]]
        entry["coordinateTransformations"] = [
            {"type": kind, kind: rows, "input": {"name": "intrinsic"}, "output": {"name": "w"}}
        ]
    for number, shift in enumerate((huge, -huge) if kind == "translation" else ()):
        (held,) = items(entry, "datasets", number, "coordinateTransformations")
        own = inner(held)
        moved = {"type": kind, kind: [shift] * 2}
        scale = {"type": "scale", "scale": own.pop("scale")}
        own.update(type="sequence", transformations=[scale, moved])

    due = {"rotation": "rotation-proper", "translation": "level-translations"}
    assert due[kind] in {f.rule for f in judged(tree)}


def test_pixels_too_small_for_doubles_are_no_error() -> None:
    """A size in metres may be too small to be told from nothing."""
    tree = labelled("0.4")
    entry = inner(tree[".zattrs"], "multiscales", 0)
    for axis in items(entry, "axes")[-2:]:
        inner(axis)["unit"] = "nanometer"
    tiny = [{"type": "scale", "scale": [1.0, 1.0, 1.0, 5e-324]}]
    inner(entry["datasets"], 0)["coordinateTransformations"] = tiny

    assert "pixel-size-plausible" in {f.rule for f in check(hierarchy(tree))}


@pytest.mark.parametrize("name", [f"r{'9' * 5000}", "r7", "r9999999999"])
def test_raw_types_of_any_length_are_judged(name: str) -> None:
    """A number of bits that no type has is no type of the core."""
    tree = labelled("0.5")
    inner(tree["0/zarr.json"])["data_type"] = name

    assert "zarr3-data-type" in {f.rule for f in check(hierarchy(tree))}


def test_previews_of_any_number_are_judged() -> None:
    """A number that no preview has is that of no preview."""
    assert preview_number("0.6.dev3") == 3
    assert preview_number(f"0.6.dev{'9' * 5000}") is None
