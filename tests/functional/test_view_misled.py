"""`zarrlift.open` where documents mislead: names, axes and sizes that are not what they seem."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import zarrlift as zl
from tests.build import read_json, sample, write_array, write_group, write_json
from tests.build_ome import (
    label_of,
    pyramid,
    write_collection,
    write_image,
    write_labels,
    write_plate,
)
from tests.servers import web
from tests.unit.report.test_html import problems_of
from zarrlift.errors import UsageError
from zarrlift.view.opened import Opened

VALUES = sample((1, 2, 3, 16, 24), "<u2")
NOWHERE = ["../../../out", "/out", "a\0b", "n" * 5000, "\ud800", "0/0/0/0/0/0/x"]
"""Names that lead out of a dataset, to no file at all, and into a chunk."""


def scaled(*numbers: float, path: str = "0") -> dict[str, object]:
    """A dataset of `multiscales` with its scale."""
    transforms = [{"type": "scale", "scale": list(numbers)}]
    return {"path": path, "coordinateTransformations": transforms}


def axes(*names: str) -> list[dict[str, str]]:
    """Axes of space by their names."""
    return [{"name": name, "type": "space", "unit": "micrometer"} for name in names]


@pytest.mark.parametrize("name", NOWHERE, ids=lambda name: repr(name[:16]))
def test_names_lead_to_nothing_outside(name: str, tmp_path: Path) -> None:
    """Labels, levels and wells of such names are empty, and nothing outside is read."""
    write_image(tmp_path / "out", [VALUES])
    write_image(tmp_path / "in" / "image", [VALUES])
    write_group(tmp_path / "in" / "image" / "labels", {"labels": [name]})
    write_group(tmp_path / "in" / "levels", {"multiscales": [{"datasets": [{"path": name}]}]})
    plate = {"rows": [], "columns": [], "wells": [{"path": name}]}
    write_group(tmp_path / "in" / "plate", {"plate": plate})

    assert zl.open(tmp_path / "in" / "image").labels[name].levels == ()
    levels = zl.open(tmp_path / "in" / "levels").image.levels
    assert [level.problem for level in levels] == ["there is no such array"]
    assert len(zl.open(tmp_path / "in" / "plate").plate.wells[name].fields) == 0
    assert name not in zl.open(tmp_path / "in" / "image")


def test_names_with_slashes_are_found_as_they_are(tmp_path: Path) -> None:
    """Whatever a mapping lists, it gives."""
    plate = {"rows": [], "columns": [], "wells": [{"path": "A/1/"}, {"path": "A/2"}]}
    write_group(tmp_path, {"plate": plate})

    wells = zl.open(tmp_path).plate.wells

    assert [well.name for well in wells.values()] == ["A/1/", "A/2"]
    assert wells["/A/2/"].name == "A/2"


def test_axes_of_another_number_are_no_axes(tmp_path: Path) -> None:
    """An array of five axes, of which an image names two, has unnamed ones and no scale."""
    entry = {"axes": axes("y", "x"), "datasets": [scaled(0.5, 0.25)]}
    write_group(tmp_path, {"multiscales": [{**entry, "version": "0.4"}]})
    write_array(tmp_path / "0", VALUES, chunks=(1, 1, 1, 8, 8))

    level = zl.open(tmp_path).image.levels[0]

    assert level.dims == ("dim_0", "dim_1", "dim_2", "dim_3", "dim_4")
    assert level.scale == level.translation == {}
    assert level.to_xarray().dims == level.dims
    assert dict(level.to_xarray().coords) == {}
    assert level.to_dask({"dim_3": 16}).chunksize == (1, 1, 1, 16, 8)


def test_axes_of_one_name_keep_their_own_scale(tmp_path: Path) -> None:
    """Coordinates go by the place of an axis, not by its name."""
    entry = {"axes": axes("x", "x_1", "x"), "datasets": [scaled(2.0, 3.0, 5.0)]}
    write_group(tmp_path, {"multiscales": [{**entry, "version": "0.4"}]})
    write_array(tmp_path / "0", VALUES[0, 0], chunks=(1, 8, 8))

    array = zl.open(tmp_path).image.levels[0].to_xarray()

    assert array.dims == ("x", "x_1", "x_2")
    assert [float(array.coords[name][1]) for name in array.dims] == [2.0, 3.0, 5.0]


@pytest.mark.parametrize(
    ("name", "due"), [("/", None), ("a/b", "b"), ("cells/", "cells"), ("", None), ("DNA", "DNA")]
)
def test_trees_take_any_name(name: str, due: str | None, tmp_path: Path) -> None:
    """ome-zarr-py names the image of a root `/`."""
    write_image(tmp_path, pyramid(VALUES), multiscale={"name": name})

    tree = zl.open(tmp_path).image.to_xarray()

    assert isinstance(tree, xr.DataTree)
    assert tree.name == due
    assert list(tree.children) == ["scale0", "scale1"]


def test_a_dataset_is_asked_for_nodes_and_not_walked(tmp_path: Path) -> None:
    """`in` says whether a node is there; what a walk would give is named by its mappings."""
    write_image(tmp_path, pyramid(VALUES))
    ds = zl.open(tmp_path)

    assert "0" in ds
    assert ("7" in ds, 0 in ds, "0/0/0/0/0" in ds) == (False, False, False)
    assert ds[""].path == ds["/"].path == ""
    with pytest.raises(TypeError, match="not iterable"):
        list(ds)  # type: ignore[call-overload]


def test_levels_in_folders_of_their_own_have_axes(tmp_path: Path) -> None:
    """An image may name an array two folders below, as ngff-zarr does."""
    write_image(tmp_path, pyramid(VALUES), paths=["scale0/image", "scale1/image"])
    for number in range(2):
        write_group(tmp_path / f"scale{number}")

    arrays = zl.open(tmp_path).arrays

    assert list(arrays) == ["scale0/image", "scale1/image"]
    assert arrays["scale1/image"].scale["x"] == 0.5


def test_the_first_image_of_a_plate_takes_one_well(tmp_path: Path) -> None:
    """The documents of the others are not read for it."""
    write_plate(tmp_path / "plate", wells=[f"A/{n}" for n in range(1, 9)], absent=["A/1"])
    ds = zl.open(tmp_path / "plate")

    image = ds.image

    assert image.path == "A/2/0"
    assert ds.requests.get == 4 + 2 * 3 + 1 + 3 + 2 * 3
    assert ds.images["A/2/0"] is image
    assert zl.open(tmp_path).image.path == "plate/A/2/0"


def test_a_picture_that_nobody_asked_for_reads_little(tmp_path: Path) -> None:
    """Where the level that fits is large, a smaller one is shown; whoever asks gets the large."""
    write_image(tmp_path, [np.zeros((8, 8), "<u2"), VALUES[0, 0, 0]], axes="yx", chunks=(16, 24))
    document = read_json(tmp_path / "0" / ".zarray")
    write_json(
        tmp_path / "0" / ".zarray", {**document, "shape": [4608, 4608], "chunks": [1024] * 2}
    )
    image = zl.open(tmp_path).image
    ds = zl.open(tmp_path)
    before = ds.requests

    drawn = ds.image.picture()

    assert drawn is not None
    assert int.from_bytes(drawn[16:20], "big") == 24
    assert ds.requests.less(before).get < 16
    asked = image.thumbnail(256)
    assert asked is not None
    assert int.from_bytes(asked[16:20], "big") == 256
    with pytest.raises(UsageError, match="0 pixels"):
        image.thumbnail(0)


def test_a_picture_proves_the_keys_of_one_level(tmp_path: Path) -> None:
    """Those of the others are not asked for."""
    levels = pyramid(sample((1, 1, 1, 64, 64), "<u2"), 5)
    write_image(tmp_path, levels, chunks=(1, 1, 1, 64, 64))
    ds = zl.open(tmp_path)
    before = ds.requests.head

    assert ds.image.picture() is not None
    assert ds.requests.head - before == 1 + 1  # and the size of its one chunk


def test_sizes_are_told_without_reading(tmp_path: Path) -> None:
    """How much is stored, zarr-python learns from sizes."""
    write_image(tmp_path, [VALUES], chunks=(1, 1, 1, 8, 8))
    ds = zl.open(tmp_path)
    array = ds.image.levels[0].to_zarr()
    before = ds.requests

    stored = array.nbytes_stored()

    files = (p for p in (tmp_path / "0").rglob("*") if p.is_file())
    assert stored == sum(p.stat().st_size for p in files)
    assert ds.requests.less(before).bytes_in == 0


def test_buckets_of_one_name_on_two_servers_are_two_places() -> None:
    """Else Dask would take the chunks of one for those of the other."""

    def opened(endpoint: str) -> Opened:
        return Opened("s3://bucket/cells.zarr", 0, {"endpoint": endpoint, "anon": True})

    one, other, again = map(opened, ("http://here:1", "http://there:1", "http://here:1"))

    assert one.identity == again.identity
    assert one.identity != other.identity


def test_a_cache_holds_no_less_than_nothing(tmp_path: Path) -> None:
    """A limit below zero is a slip."""
    write_image(tmp_path, [VALUES])

    with pytest.raises(UsageError, match="-1 bytes"):
        zl.open(tmp_path, cache=-1)


def test_an_index_is_whole_numbers_of_any_kind(tmp_path: Path) -> None:
    """NumPy's too; a fraction of a chunk is none."""
    write_array(tmp_path, np.arange(16, dtype="<u2"), chunks=(4,))
    level = zl.open(tmp_path).array

    same: list[Any] = [2, np.int64(2), np.array([2]), "2", (2,)]
    wrong: list[Any] = [0.5, [1.0], None, "a"]

    assert {level.chunk(index).key for index in same} == {"2"}
    for index in wrong:
        with pytest.raises(UsageError, match="not understood"):
            level.chunk(index)


def test_a_path_means_the_same_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another current folder, and in a process that has one."""
    write_image(tmp_path / "image", [VALUES])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    ds = zl.open("image")
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert ds.url == str(tmp_path / "image")
    assert ds.info().version == "0.4"
    back = pickle.loads(pickle.dumps(ds))  # noqa: S301 - our own bytes
    assert back.image.levels[0].shape == VALUES.shape


def test_a_group_of_labels_or_metadata_looks_at_little(tmp_path: Path) -> None:
    """What it is can be shown without walking all that lies beside it."""
    write_collection(tmp_path / "many", images=6)
    write_labels(tmp_path / "many" / "0", {"cells": [label_of(VALUES)]})
    with web(tmp_path) as server:
        ds = zl.open(f"{server.url}/many")

        assert str(ds["OME"]).startswith("OME-Zarr 0.4 group, Zarr v2")
        assert str(ds["0/labels"]).startswith("OME-Zarr 0.4 labels, Zarr v2")
        assert list(ds["0/labels"].images) == ["0/labels/cells"]
        asked = {path for _, path in server.asked}

    assert not any(path.startswith("/many/1") for path in asked)


def test_every_view_has_a_page(tmp_path: Path) -> None:
    """Wells and mappings too."""
    write_plate(tmp_path, attributes={"<b>": 1})
    ds = zl.open(tmp_path)

    pages = [view._repr_html_() for view in (ds, ds.plate, ds.plate.wells, ds.plate.wells["A/1"])]

    assert [problems_of(page) for page in pages] == [[]] * 4
    assert "<li>A/2</li>" in pages[2]
    assert "well A/1, 2 fields" in pages[3]


def test_more_blocks_than_dask_lists_are_refused(tmp_path: Path) -> None:
    """In words, before memory runs out; larger blocks are taken."""
    members = {"shape": [2**40, 4]}
    entry = {"axes": axes("dim_0", "x"), "datasets": [scaled(2.0, 1e308)]}
    write_group(tmp_path, {"multiscales": [{**entry, "version": "0.4"}]})
    write_array(tmp_path / "0", sample((4, 4), "<u2"), chunks=(4, 4), members=members)
    level = zl.open(tmp_path).image.levels[0]

    with pytest.raises(UsageError, match="274,877,906,944 blocks"):
        level.to_xarray()
    with pytest.raises(UsageError, match="1,099,511,627,776 blocks"):
        level.to_dask(1)
    assert level.to_dask({"dim_0": 2**30}).numblocks == (1024, 1)
    assert level.to_dask({"dim_0": -1}).numblocks == (1, 1)
    assert level.to_xarray({"dim_0": 2**30}).coords.keys() == {"x"}


def test_an_array_that_zarr_python_does_not_open_is_told(tmp_path: Path) -> None:
    """Why, and where."""
    write_array(tmp_path, np.full((4, 4), b"a"), chunks=(4, 4), members={"fill_value": 0})

    with pytest.raises(UsageError, match="zarr-python does not open it"):
        zl.open(tmp_path).array.to_zarr()
