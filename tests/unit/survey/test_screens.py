"""Facts of plates, wells and collections; and how much of them is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import sample, write_group
from tests.build_ome import pyramid, write_collection, write_image, write_plate
from zarrlift.store.folder import Folder
from zarrlift.survey.found import Hierarchy
from zarrlift.survey.limits import Limits, Most
from zarrlift.survey.look import look
from zarrlift.survey.screens import collection_of, plate_of, well_of

WELLS = ("A/1", "A/2", "B/1", "C/2")


def looked(folder: Path, **most: int) -> tuple[Hierarchy, Limits]:
    """Look within limits."""
    limits = Limits(most=Most(**most))
    return look(Folder(folder), limits=limits), limits


@pytest.mark.parametrize("version", ["0.1", "0.4"])
def test_plate(version: str, tmp_path: Path) -> None:
    """Rows, columns and wells, whose places come from the path where no index says them."""
    write_plate(tmp_path, wells=WELLS, version=version, acquisitions=2)  # type: ignore[arg-type]
    tree = look(Folder(tmp_path))

    plate, well = plate_of(tree.nodes[""]), well_of(tree.nodes["B/1"])

    assert plate is not None
    assert (plate.name, plate.rows, plate.columns) == ("screen", ("A", "B", "C"), ("1", "2"))
    assert [(w.path, w.row, w.column) for w in plate.wells][-1] == ("C/2", 2, 1)
    assert [a.name for a in plate.acquisitions] == ["pass 0", "pass 1"]
    assert well is not None
    assert [(f.path, f.acquisition) for f in well.fields] == [("B/1/0", 0), ("B/1/1", 1)]


def test_unsound_plate(tmp_path: Path) -> None:
    """What has another type than it should is left out; an index out of range counts for none."""
    rows = [{"name": "A"}, 3, {"name": None}]
    wells = [{"path": "A/1", "rowIndex": 9, "columnIndex": True}, {"path": 3}, 7]
    write_group(tmp_path, {"plate": {"rows": rows, "columns": {}, "wells": wells}})

    plate = plate_of(look(Folder(tmp_path)).nodes[""])

    assert plate is not None
    assert plate.rows == ("A", "")
    assert [(w.name, w.row, w.column) for w in plate.wells] == [("A/1", 0, None)]


@pytest.mark.parametrize("series", [True, False])
def test_collection(series: bool, tmp_path: Path) -> None:
    """Series in the order that is stated, else by number."""
    write_collection(tmp_path, images=3, series=series)
    tree = look(Folder(tmp_path))

    found = collection_of(tree, tree.nodes[""])

    assert found is not None
    assert (found.series, found.stated, found.has_ome_xml) == (("0", "1", "2"), series, True)


def test_only_the_first_field_of_a_plate_is_looked_at(tmp_path: Path) -> None:
    """One well and one field tell what a plate is like; what is left out is counted."""
    write_plate(tmp_path, wells=WELLS, fields=3)

    tree, limits = looked(tmp_path)

    assert set(tree.nodes) == {"", "A", "A/1", "A/1/0", "A/1/0/0", "A/1/0/1"}
    assert limits.left == {"": 3, "A/1": 2}


def test_limits_may_be_wider(tmp_path: Path) -> None:
    """Two wells and two fields; a well by itself has a limit of its own."""
    write_plate(tmp_path, wells=WELLS, fields=3)

    tree, limits = looked(tmp_path, wells=2, fields=2)
    alone, none = looked(tmp_path / "A" / "1")

    fields = {n.path for n in tree.nodes.values() if "multiscales" in n.ome}
    assert fields == {"A/1/0", "A/1/1", "A/2/0", "A/2/1"}
    assert limits.left == {"": 2, "A/1": 1, "A/2": 1}
    assert sum("multiscales" in n.ome for n in alone.nodes.values()) == 3
    assert none.left == {}


def test_series_and_folders_are_bounded(tmp_path: Path) -> None:
    """Of collections and of folders of datasets, the first are looked at; `OME` always."""
    write_collection(tmp_path / "one", images=4)
    for name in ("a", "b", "c"):
        write_image(tmp_path / "many" / name, pyramid(sample((1, 1, 1, 8, 8), "<u2")))

    one, ours = looked(tmp_path / "one", series=2)
    many, theirs = looked(tmp_path / "many", folders=2)

    assert {p for p in one.nodes if "/" not in p} == {"", "0", "1", "OME"}
    assert ours.left == {"": 2}
    assert {p for p in many.nodes if "/" not in p} == {"", "a", "b"}
    assert theirs.left == {"": 1}


def test_nodes_are_bounded_in_all(tmp_path: Path) -> None:
    """No hierarchy is walked without an end."""
    write_plate(tmp_path, wells=WELLS, fields=3)

    tree, limits = looked(tmp_path, wells=99, fields=99, nodes=10)

    assert 10 <= len(tree.nodes) < 20
    assert sum(limits.left.values()) > 0
