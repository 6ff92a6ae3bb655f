"""What `zarrlift.open` gives to others: xarray, Dask, TensorStore, readers of OME-Zarr."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import dask.array as da
import ngff_zarr
import numpy as np
import pytest
import xarray as xr
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.core.buffer import default_buffer_prototype

import zarrlift as zl
from tests.build import sample
from tests.build_ome import OMERO, pyramid, write_image
from zarrlift.errors import UsageError

VALUES = sample((2, 2, 3, 16, 24), "<u2")


@pytest.fixture(name="old", scope="module")
def write_old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of 0.4 with two named channels and a translation."""
    two = {**OMERO, "channels": [{**OMERO["channels"][0], "label": n} for n in ("DNA", "GFP")]}  # type: ignore[index]
    folder = tmp_path_factory.mktemp("view") / "old.zarr"
    return write_image(folder, pyramid(VALUES), omero=two, chunks=(1, 1, 1, 8, 8))


@pytest.fixture(name="new", scope="module")
def lift(old: Path) -> Path:
    """The same as 0.5 in shards."""
    zl.convert(old, old.with_name("new.zarr"), shards="y=16,x=16")
    return old.with_name("new.zarr")


@pytest.fixture(name="place", params=["old", "new"])
def either(request: pytest.FixtureRequest) -> Path:
    """Both of them, one after the other."""
    place: Path = request.getfixturevalue(request.param)
    return place


def test_dask_blocks(new: Path, old: Path) -> None:
    """One task reads a chunk, a shard, or as much as is asked for; each way has its name."""
    level = zl.open(new).image.levels[0]

    assert level.to_dask().chunksize == (1, 1, 1, 8, 8)
    assert level.to_dask("shards").chunksize == (1, 1, 1, 16, 16)
    assert level.to_dask({"z": 3, "x": 24}).chunksize == (1, 1, 3, 8, 24)
    assert level.to_dask((2, 2, 3, 16, 24)).npartitions == 1
    assert level.to_dask((1, "auto", None, -1, (8, 16))).chunksize == (1, 2, 3, 16, 16)
    assert zl.open(old).image.levels[0].to_dask("shards").chunksize == (1, 1, 1, 8, 8)
    assert level.to_dask().name == zl.open(new).image.levels[0].to_dask().name
    assert level.to_dask().name != level.to_dask("shards").name
    shards: Any = level.to_dask("shards")
    assert np.allclose(np.asarray(shards.mean(axis=(3, 4))), VALUES.mean(axis=(3, 4)))


def test_xarray_knows_where_things_are(place: Path) -> None:
    """Names of axes, coordinates in their units, names of channels; nothing is read before."""
    ds = zl.open(place)
    before = ds.requests.bytes_in

    array = ds.image.levels[1].to_xarray()

    assert array.dims == ("t", "c", "z", "y", "x")
    assert isinstance(array.data, da.Array)
    assert array.coords["c"].values.tolist() == ["DNA", "GFP"]
    assert array.coords["x"].values.tolist() == [0.5 * n for n in range(12)]
    assert array.coords["x"].attrs == {"units": "micrometer"}
    assert array.coords["t"].attrs == {"units": "second"}
    assert ds.requests.bytes_in - before < 5_000  # documents
    picked = array.sel(c="GFP").sel(y=1.1, x=2.4, method="nearest")
    assert np.array_equal(picked.values, VALUES[:, 1, :, 4, 10])


def test_xarray_tree_of_all_levels(place: Path) -> None:
    """Each level is a node of its own."""
    tree = zl.open(place).image.to_xarray()

    assert isinstance(tree, xr.DataTree)
    assert list(tree.children) == ["scale0", "scale1"]
    assert np.array_equal(tree["scale1"].to_dataset()["image"].values, VALUES[..., ::2, ::2])


def test_translations_move_coordinates(tmp_path: Path) -> None:
    """The first element lies where the documents say."""
    entry = {
        "datasets": [
            {
                "path": "0",
                "coordinateTransformations": [
                    {"type": "scale", "scale": [2.0, 0.5]},
                    {"type": "translation", "translation": [10.0, -1.0]},
                ],
            }
        ],
        "coordinateTransformations": [{"type": "scale", "scale": [10.0, 1.0]}],
    }
    write_image(tmp_path / "moved", [VALUES[0, 0, 0]], axes="yx", multiscale=entry)

    level = zl.open(tmp_path / "moved").image.levels[0]

    assert level.scale == {"y": 20.0, "x": 0.5}
    assert level.translation == {"y": 100.0, "x": -1.0}
    assert level.to_xarray().coords["y"].values[:2].tolist() == [100.0, 120.0]


def test_tensorstore_reads_the_same(place: Path) -> None:
    """With the driver of the format said."""
    level = zl.open(place).image.levels[0]

    store = level.to_tensorstore()

    assert level.tensorstore_spec()["driver"] == ("zarr" if place.name == "old.zarr" else "zarr3")
    assert np.array_equal(store.read().result(), VALUES)
    assert not store.writable


def test_tensorstore_is_told_of_no_archive(old: Path, tmp_path: Path) -> None:
    """What it is given no way to read is said, with what to use."""
    zl.convert(old, tmp_path / "new.ozx")

    with pytest.raises(UsageError, match="zipped") as caught:
        zl.open(tmp_path / "new.ozx").image.levels[0].to_tensorstore()

    assert "to_zarr" in str(caught.value)


def test_zarr_python_sees_the_hierarchy(place: Path) -> None:
    """Groups open with their members and attributes, read only."""
    ds = zl.open(place)

    group: Any = ds.to_zarr()

    assert sorted(group.array_keys()) == ["0", "1"]
    assert dict(group.attrs) == ds.attributes
    assert np.array_equal(group["1"][...], VALUES[..., ::2, ::2])
    with pytest.raises(ValueError, match="read"):
        group["1"][...] = 0
    with pytest.raises(ValueError, match="read"):
        group.create_group("more")
    store: Any = ds.zarr_store()
    assert store == zl.open(place).zarr_store()
    assert store.read_only


async def taken(walk: AsyncIterator[str]) -> list[str]:
    """All that an asynchronous walk gives, sorted."""
    return sorted([name async for name in walk])


@pytest.mark.parametrize("zipped", [False, True])
def test_the_store_keeps_the_contract_of_stores(zipped: bool, new: Path, tmp_path: Path) -> None:
    """Listings, parts of objects, absence, and refusal to write, of files and of an archive."""
    place = new
    held = {p.relative_to(new).as_posix(): p.read_bytes() for p in new.rglob("*") if p.is_file()}
    if zipped:
        place = tmp_path / "new.ozx"
        zl.convert(new, place)
        with zipfile.ZipFile(place) as archive:
            held = {name: archive.read(name) for name in archive.namelist()}
    store: Any = zl.open(place).zarr_store()
    key, buffers = "0/c/0/0/0/0/0", default_buffer_prototype()

    def got(key: str, part: Any = None) -> bytes | None:
        found = asyncio.run(store.get(key, buffers, part))
        return None if found is None else bytes(found.to_bytes())

    assert asyncio.run(taken(store.list())) == sorted(held)
    assert asyncio.run(taken(store.list_prefix("1/c"))) == sorted(k for k in held if k[:3] == "1/c")
    assert asyncio.run(taken(store.list_dir("0"))) == ["c", "zarr.json"]
    assert asyncio.run(taken(store.list_dir("none"))) == []
    assert got(key) == held[key]
    assert got(key, RangeByteRequest(3, 9)) == held[key][3:9]
    assert got(key, OffsetByteRequest(5)) == held[key][5:]
    assert got(key, SuffixByteRequest(7)) == held[key][-7:]
    parts = (None, RangeByteRequest(0, 1), OffsetByteRequest(1), SuffixByteRequest(1))
    assert [got("0/c/9", part) for part in parts] == [None] * 4
    several = asyncio.run(store.get_partial_values(buffers, [(key, parts[1]), ("none", None)]))
    assert [x and x.to_bytes() for x in several] == [held[key][:1], None]
    assert asyncio.run(store.exists(key))
    assert not asyncio.run(store.exists("none"))
    for write in (store.set("a", None), store.delete(key), store.set_partial_values([])):
        with pytest.raises(ValueError, match="read-only"):
            asyncio.run(write)
    with pytest.raises(ValueError, match="read only"):
        store.with_read_only(read_only=False)


def test_ome_zarr_py_agrees(place: Path) -> None:
    """ome-zarr-py finds the levels and pixels that a view gives."""
    image = zl.open(place).image
    node = next(iter(Reader(parse_url(place))()))

    assert [tuple(data.shape) for data in node.data] == [level.shape for level in image.levels]
    for theirs, level in zip(node.data, image.levels, strict=True):
        assert np.array_equal(np.asarray(theirs), np.asarray(level.to_dask()))
    scales = [t[0]["scale"] for t in node.metadata["coordinateTransformations"]]
    assert scales == [list(level.scale.values()) for level in image.levels]
    assert [axis["name"] for axis in node.metadata["axes"]] == list(image.dims)


def test_ngff_zarr_agrees(place: Path) -> None:
    """ngff-zarr finds the scales, units and pixels that a view gives."""
    image = zl.open(place).image
    theirs = ngff_zarr.from_ngff_zarr(str(place))

    for one, level in zip(theirs.images, image.levels, strict=True):
        assert one.scale == level.scale
        assert {k: str(v) for k, v in (one.axes_units or {}).items() if v} == level.units
        assert np.array_equal(np.asarray(one.data), np.asarray(level.to_dask()))


BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
BLOCKED = set(sys.argv[2].split(","))
sys.meta_path.insert(0, Blocker())
import zarrlift
ds = zarrlift.open(sys.argv[1])
level = ds.image.levels[0]
assert level.chunk(0, 0, 0, 0, 0).stored_bytes
assert ds._repr_html_() and str(ds)
for name in sys.argv[3].split(","):
    try:
        getattr(level, name)()
    except zarrlift.ZarrliftError as error:
        assert isinstance(error, ImportError)
        print(name, "|", error.message, "|", error.hint)
    else:
        print(name, "| works")
"""


@pytest.mark.parametrize(
    ("blocked", "calls"),
    [
        ("zarr", {"to_zarr": "zarr", "to_dask": "dask", "to_xarray": "xarray"}),
        ("dask", {"to_dask": "dask"}),
        ("xarray,tensorstore", {"to_xarray": "xarray", "to_tensorstore": "tensorstore"}),
    ],
)
def test_missing_library_is_said(blocked: str, calls: dict[str, str], old: Path) -> None:
    """Everything else works without it, and the message says how to install it."""
    command = [sys.executable, "-c", BLOCKED, str(old), blocked, ",".join(calls)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr
    lacking = {call: extra if "," in blocked else blocked for call, extra in calls.items()}
    assert answer.stdout.splitlines() == [
        f"{call} | {call}() needs {lacking[call]}, which is not installed | "
        f"pip install 'zarrlift[{extra}]'"
        for call, extra in calls.items()
    ]


QUICK = """
import sys, zarrlift
ds = zarrlift.open(sys.argv[1])
_ = ds.image.levels[0].scale, str(ds)
print(sorted({n.partition(".")[0] for n in sys.modules} & set(sys.argv[2].split(","))))
"""


def test_looking_loads_no_library_of_arrays(old: Path) -> None:
    """Metadata is read without NumPy, numcodecs or any of those."""
    libraries = "dask,numcodecs,numpy,obstore,tensorstore,xarray,zarr"
    command = [sys.executable, "-c", QUICK, str(old), libraries]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"


def test_star_import_leaves_open_alone() -> None:
    """`from zarrlift import *` does not take the place of Python's own `open`."""
    names: dict[str, Any] = {}
    exec("from zarrlift import *", names)  # noqa: S102 - what is tested

    assert "open" not in names
    assert callable(importlib.import_module("zarrlift").open)
