"""`zarrlift.open` on local datasets of every version and kind."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

import zarrlift as zl
from tests.build import read_json, sample, write_array, write_group, write_json
from tests.build_ome import (
    OMERO,
    Version,
    label_of,
    pyramid,
    write_collection,
    write_image,
    write_labels,
    write_plate,
)
from tests.build_v3 import ZSTD, Form, write_v3_array, write_v3_group
from tests.unit.report.test_html import problems_of
from zarrlift.errors import SourceError, UsageError, ZarrliftError
from zarrlift.store.asking import Requests

VALUES = sample((1, 2, 3, 16, 24), "<u2")
FORMS = ["0.4", "0.5", "0.5-shards", "0.6", "0.6.ozx"]


def made(form: str, folder: Path) -> Path:
    """Write the sample image with labels and channels, as one version or another."""
    two = {**OMERO, "channels": [{**OMERO["channels"][0], "label": n} for n in ("DNA", "GFP")]}  # type: ignore[index]
    write_image(folder / "old", pyramid(VALUES), omero=two, chunks=(1, 1, 1, 8, 8))
    write_labels(folder / "old", {"cells": pyramid(label_of(VALUES)), "by/hand": [VALUES]})
    if form == "0.4":
        return folder / "old"
    target = folder / ("new.ozx" if form.endswith(".ozx") else "new")
    shards = "y=16,x=16" if form == "0.5-shards" else "none"
    zl.convert(folder / "old", target, shards=shards, ome_version=form[:3])
    return target


@pytest.mark.parametrize("form", FORMS)
def test_an_image_reads_alike_in_every_version(form: str, tmp_path: Path) -> None:
    """Levels, scales with units, channels, labels, attributes and chunks."""
    ds = zl.open(made(form, tmp_path))

    assert (ds.kind, ds.version, ds.zarr_format) == ("image", form[:3], 2 if form == "0.4" else 3)
    image = ds.images["0"]
    assert image is ds.images[""] is ds.image
    assert image.dims == ("t", "c", "z", "y", "x")
    assert [channel.label for channel in image.channels] == ["DNA", "GFP"]
    assert [level.shape for level in image.levels] == [(1, 2, 3, 16, 24), (1, 2, 3, 8, 12)]
    level = image.levels[1]
    assert level.chunks == (1, 1, 1, 8, 8)
    assert level.shards == ((1, 1, 1, 8, 16) if form == "0.5-shards" else None)
    assert level.codec == "blosc:lz4:5:shuffle"
    assert [codec.name for codec in level.codecs] == ["bytes", "blosc"]
    assert level.dtype == np.dtype("<u2")
    assert level.nbytes == 2 * 6 * 8 * 12
    assert level.sizes == {"t": 1, "c": 2, "z": 3, "y": 8, "x": 12}
    assert level.scale == {"t": 1.0, "c": 1.0, "z": 0.5, "y": 0.5, "x": 0.5}
    assert level.scale["x"].unit == "micrometer"
    assert repr(image.scale["x"]) == "0.25 micrometer"
    assert level.units == {"t": "second", "z": "micrometer", "y": "micrometer", "x": "micrometer"}
    assert set(image.labels) == {"cells", "by/hand"}
    assert image.labels["cells"].is_label
    assert image.labels["by/hand"].levels[0].shape == (1, 2, 3, 16, 24)
    assert set(ds.labels) == set(image.labels)
    members = ds.attributes if form == "0.4" else ds.attributes["ome"]
    assert "multiscales" in members  # type: ignore[operator]


@pytest.mark.parametrize("form", FORMS)
def test_values_are_those_that_were_written(form: str, tmp_path: Path) -> None:
    """zarr-python and Dask give the image back, from files, shards and an archive."""
    level = zl.open(made(form, tmp_path)).image.levels[0]

    assert np.array_equal(level.to_zarr()[...], VALUES)
    assert np.array_equal(np.asarray(level.to_dask()), VALUES)
    assert level.to_zarr()[0, 1, 2, 3, 4] == VALUES[0, 1, 2, 3, 4]


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
def test_old_versions(version: Version, tmp_path: Path) -> None:
    """Axes are those that the version has, and no scale is made up."""
    write_image(tmp_path / "old", pyramid(VALUES), version=version)

    ds = zl.open(tmp_path / "old")

    assert ds.version == version
    assert ds.image.dims == ("t", "c", "z", "y", "x")
    assert ds.image.levels[1].scale == {}
    assert np.array_equal(ds.image.levels[0].to_zarr()[...], VALUES)
    assert "x" not in ds.image.levels[0].to_xarray().coords


def test_keys_are_read_as_they_are(tmp_path: Path) -> None:
    """Nested keys that the document does not state give values, where others read zeros."""
    write_image(tmp_path / "old", [VALUES], declare_separator=False)

    level = zl.open(tmp_path / "old").image.levels[0]

    assert not np.array_equal(zarr.open_array(str(tmp_path / "old" / "0"), mode="r")[...], VALUES)
    assert np.array_equal(level.to_zarr()[...], VALUES)
    assert level.chunk(0, 0, 0, 0, 0).key == "0/0/0/0/0/0"
    with pytest.raises(UsageError, match="keys with '/'"):
        level.to_tensorstore()


def test_a_plate_is_read_well_by_well(tmp_path: Path) -> None:
    """Opening reads the plate's documents only; a well, one more; a field, its own."""
    write_plate(tmp_path / "plate", fields=2, absent=["B/1/1"])
    ds = zl.open(tmp_path / "plate")
    assert ds.requests.get == 4

    assert list(ds.plate.wells) == ["A/1", "A/2", "B/1"]
    assert (ds.plate.rows, ds.plate.columns) == (("A", "B"), ("1", "2"))
    assert ds.version == "0.4"
    assert ds.requests.get == 4

    well = ds.plate.wells["A/2"]
    assert (well.row, well.column) == (0, 1)
    assert list(well.fields) == ["0", "1"]
    assert ds.requests.get == 4 + 3
    assert well.fields["1"].levels[0].shape == (1, 1, 1, 6, 8)
    assert ds.requests.get == 4 + 3 + 3 + 2 * 3
    assert list(ds.images)[:3] == ["A/1/0", "A/1/1", "A/2/0"]
    assert ds["A/1"].well.fields[0].path == "A/1/0"
    assert ds.images["B/1/1"].levels == ()
    assert str(ds.plate).splitlines()[-2:] == ["  A o o", "  B o ."]


def test_prefetch_reads_all_there_is_to_read(tmp_path: Path) -> None:
    """After it, looking at any image asks for nothing more."""
    write_plate(tmp_path / "plate")
    ds = zl.open(tmp_path / "plate")

    ds.prefetch()
    before = ds.requests
    shapes = [level.shape for image in ds.images.values() for level in image.levels]

    assert len(shapes) == 3 * 2 * 2
    assert ds.requests == before


@pytest.mark.parametrize("series", [True, False])
def test_a_collection_is_a_list_of_images(series: bool, tmp_path: Path) -> None:
    """By `OME/series`, or counted from 0."""
    write_collection(tmp_path / "many", images=9, series=series)

    ds = zl.open(tmp_path / "many")

    assert (ds.kind, ds.version) == ("collection", "0.4")
    assert list(ds.images) == [str(n) for n in range(9)]
    assert ds.images["3"].levels[0].shape == (1, 1, 1, 6, 8)


def test_a_place_may_hold_several_datasets(tmp_path: Path) -> None:
    """Each is one of its own; images are found in all of them."""
    write_image(tmp_path / "all" / "a.zarr", pyramid(VALUES))
    write_plate(tmp_path / "all" / "inner" / "b.zarr", wells=["A/1"], fields=1)

    ds = zl.open(tmp_path / "all")

    assert ds.kind == "folder"
    assert list(ds.datasets) == ["a.zarr", "inner/b.zarr"]
    assert ds.datasets["inner/b.zarr"].plate.wells["A/1"].fields[0].path == "inner/b.zarr/A/1/0"
    assert list(ds.images) == ["a.zarr", "inner/b.zarr/A/1/0"]
    assert ds.datasets["a.zarr"].url == str(tmp_path / "all" / "a.zarr")
    assert repr(ds).startswith("folder of 2 datasets")


def test_any_node_can_be_opened(tmp_path: Path) -> None:
    """A well, a label, a group of labels, an array, a group without OME-Zarr."""
    write_image(tmp_path / "old", pyramid(VALUES), level_attributes={"own": [1]})
    write_labels(tmp_path / "old", {"cells": [label_of(VALUES)]})
    write_plate(tmp_path / "plate", wells=["A/1"])
    write_group(tmp_path / "plain", {"a": 1})
    write_array(tmp_path / "plain" / "x", VALUES[0, 0, 0], chunks=(8, 8))

    assert list(zl.open(tmp_path / "plate" / "A/1").well.fields) == ["0", "1"]
    label = zl.open(tmp_path / "old" / "labels" / "cells")
    assert (label.kind, label.image.is_label) == ("label", True)
    assert list(zl.open(tmp_path / "old" / "labels").images) == ["cells"]
    array = zl.open(tmp_path / "old" / "0")
    assert array.kind == "array"
    assert array.array.attributes == {"own": [1]}
    assert np.array_equal(array.array.to_zarr()[...], VALUES)
    plain = zl.open(tmp_path / "plain")
    assert (plain.kind, plain.version, dict(plain.images)) == ("group", None, {})
    assert list(plain.arrays) == ["x"]
    assert plain.arrays["x"].dims == ("dim_0", "dim_1")
    assert np.array_equal(plain.arrays["x"].to_xarray().values, VALUES[0, 0, 0])


def test_arrays_of_an_image_are_its_levels(tmp_path: Path) -> None:
    """An array that an image names has the image's axes."""
    write_image(tmp_path / "old", pyramid(VALUES))

    ds = zl.open(tmp_path / "old")

    assert list(ds.arrays) == ["0", "1"]
    assert ds.arrays["1"].scale["y"] == 0.5


def test_one_chunk(tmp_path: Path) -> None:
    """Its facts agree with the file, and with what was written."""
    write_image(tmp_path / "old", [VALUES], chunks=(1, 1, 1, 8, 8), missing=[(0, 0, 0, 0, 1)])
    level = zl.open(tmp_path / "old").image.levels[0]

    facts = level.chunk(0, 1, 2, 1, 2)

    assert facts.key == "0/0/1/2/1/2"
    assert facts.stored_bytes == (tmp_path / "old" / facts.key).stat().st_size
    assert facts.decoded_bytes == 128
    assert facts.mean == pytest.approx(VALUES[0, 1, 2, 8:16, 16:24].mean())
    assert level.chunk("0,1,2,1,2") == level.chunk((0, 1, 2, 1, 2)) == facts
    assert not level.chunk(0, 0, 0, 0, 1).present
    with pytest.raises(UsageError, match="out of range"):
        level.chunk(0, 0, 0, 0, 3)
    with pytest.raises(UsageError, match="not understood"):
        level.chunk("a,b")


def test_a_level_that_is_not_there(tmp_path: Path) -> None:
    """Nothing is refused until it is asked for, and then in words."""
    write_image(tmp_path / "old", pyramid(VALUES))
    (tmp_path / "old" / "1" / ".zarray").write_text("{")

    image = zl.open(tmp_path / "old").image

    assert [level.problem == "" for level in image.levels] == [True, False]
    assert image.levels[1].problem in repr(image)
    with pytest.raises(SourceError, match="validate says"):
        _ = image.levels[1].shape
    with pytest.raises(SourceError):
        image.levels[1].to_zarr()


def test_nothing_is_there(tmp_path: Path) -> None:
    """A place that does not exist is an error, and an unknown keyword."""
    with pytest.raises(ZarrliftError, match="check the address"):
        zl.open(tmp_path / "none.zarr")
    with pytest.raises(TypeError, match="'caches'"):
        zl.open(tmp_path, caches=1)  # type: ignore[call-arg]


def test_wrong_words_are_told(tmp_path: Path) -> None:
    """What a dataset is not is said with what it is."""
    write_image(tmp_path / "old", [VALUES])
    ds = zl.open(tmp_path / "old")

    with pytest.raises(UsageError, match="of kind image"):
        _ = ds.plate
    with pytest.raises(UsageError, match="of kind image"):
        _ = ds.array
    with pytest.raises(KeyError, match="no node 'elsewhere'"):
        ds["elsewhere"]
    with pytest.raises(KeyError):
        ds["../old"]
    with pytest.raises(UsageError, match="axes are t, c, z, y, x"):
        ds.image.levels[0].to_dask({"q": 4})


@pytest.mark.parametrize(
    "wrong",
    [
        {"multiscales": "text"},
        {"multiscales": [{"datasets": [{"path": "../../0"}], "axes": [{}, 7, None]}]},
        {"multiscales": [{"datasets": [{"path": "0", "coordinateTransformations": [1]}]}]},
        {"plate": {"wells": [{"path": "../../x"}, {"path": 3}, 4], "rows": 1, "columns": [{}]}},
        {"well": {"images": {"a": 1}}},
        {"bioformats2raw.layout": "x"},
        {"multiscales": [{}], "omero": {"channels": [7, {"color": 5, "window": []}]}},
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_documents_are_shown_all_the_same(wrong: dict[str, Any], tmp_path: Path) -> None:
    """Whatever stands in a document, views and pictures of it come without an error."""
    write_group(tmp_path / "odd", wrong)
    write_array(tmp_path / "odd" / "0", VALUES, chunks=VALUES.shape)

    ds = zl.open(tmp_path / "odd")

    assert str(ds)
    assert ds._repr_html_()
    for image in ds.images.values():
        assert str(image)
        for level in image.levels:
            assert str(level)


def test_views_travel_to_other_processes(tmp_path: Path) -> None:
    """What is pickled opens the place anew: levels, stores, Dask arrays."""
    ds = zl.open(made("0.5-shards", tmp_path), cache="1MiB")
    level = ds.image.levels[0]

    for one in (ds, ds.image, level, level.to_zarr(), level.to_dask()):
        back = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own bytes
        back = back.image if isinstance(back, zl.Dataset) else back
        back = back.levels[0] if isinstance(back, zl.Image) else back
        back = back.to_zarr() if isinstance(back, zl.Level) else back
        assert np.array_equal(np.asarray(back), VALUES)


def test_the_cache_counts(tmp_path: Path) -> None:
    """The same region again reads nothing; the counts say so exactly."""
    write_image(tmp_path / "old", [VALUES], chunks=(1, 1, 1, 8, 8), missing=[(0, 0, 0, 0, 1)])
    ds = zl.open(tmp_path / "old", cache="1MiB")
    array = ds.image.levels[0].to_zarr()
    before, held = ds.requests, ds.cache
    assert held is not None

    first = array[0, 0, 0, :8, :16]
    asked = ds.requests.less(before)
    second = array[0, 0, 0, :8, :16]

    size = (tmp_path / "old" / "0/0/0/0/0/0").stat().st_size
    assert asked == Requests(get=2, bytes_in=size)
    assert ds.requests.less(before) == asked
    assert np.array_equal(first, second)
    assert ds.cache is not None
    assert ds.cache.hits - held.hits == 2
    assert ds.cache.bytes_saved - held.bytes_saved == size


def test_verbs_of_a_dataset(tmp_path: Path) -> None:
    """They are those of the front door, called with the address."""
    write_image(tmp_path / "old", [sample((1, 1, 1, 64, 64), "<u2")], chunks=(1, 1, 1, 32, 32))
    ds = zl.open(tmp_path / "old")

    assert ds.tune(codecs=["zstd:1"]).subject.level.path == "0"
    assert ds.image.levels[0].tune(codecs=["zstd:1"]).subject.level.path == "0"
    assert ds.convert(tmp_path / "new", shards="none").finished
    assert zl.open(tmp_path / "new").version == "0.5"


def odd_names(folder: Path) -> Path:
    """An image whose names would break a page that did not escape them."""
    entry = {"name": "<script>alert(1)</script>", "type": "\"'&"}
    omero = json.loads(json.dumps(OMERO).replace("GFP", "<b>&amp;</b>"))
    axes = [{"name": "<i>", "type": "space"}, {"name": "x'\"", "type": "space", "unit": "<u>"}]
    return write_image(
        folder,
        [VALUES[0, 0, 0]],
        axes=axes,
        multiscale=entry,
        omero=omero,
        attributes={"</pre>": 1},
    )


def plain_v3(folder: Path) -> Path:
    """A v3 array without axes, and one with none of its elements."""
    write_v3_group(folder)
    write_v3_array(
        folder / "one",
        np.array(7, "<u2"),
        Form(chunks=(), codecs=({"name": "bytes", "configuration": {"endian": "little"}}, ZSTD)),
    )
    write_v3_array(folder / "none", np.zeros((0, 4), "<u2"), Form(chunks=(2, 2)))
    return folder / "one"


PAGES: dict[str, Callable[[Path], Path]] = {
    "image": lambda folder: made("0.5-shards", folder),
    "odd": odd_names,
    "plate": write_plate,
    "collection": write_collection,
    "scalar": plain_v3,
}


@pytest.mark.parametrize("kind", PAGES)
def test_pages_are_sound(kind: str, tmp_path: Path) -> None:
    """HTML of every kind is well formed, has no scripts, and nothing from outside."""
    ds = zl.open(PAGES[kind](tmp_path / "x"))
    pages = [ds._repr_html_()]
    pages += [image._repr_html_() for image in ds.images.values()]
    pages += [level._repr_html_() for image in ds.images.values() for level in image.levels]
    if ds.kind == "plate":
        pages.append(ds.plate._repr_html_())

    assert [problems_of(page) for page in pages] == [[]] * len(pages)
    if kind == "image":
        assert "data:image/png;base64," in pages[0]
        assert "36 chunks in 12 shards" in pages[0]


def test_text_reads_well(tmp_path: Path) -> None:
    """A prompt shows what is there, in lines."""
    place = made("0.5-shards", tmp_path)

    said = "blosc (lz4, level 5, byte shuffle)"
    assert str(zl.open(place)).splitlines() == [
        f"OME-Zarr 0.5 image, Zarr v3  {place}",
        "  axes      t 1 s, c, z 0.5 µm, y 0.25 µm, x 0.25 µm",
        "  channels  DNA, GFP",
        f"  levels    0: 1,2,3,16,24 uint16, chunks 1,1,1,8,8, shards 1,1,1,16,16, {said}, 4.5 KiB",
        f"            1: 1,2,3,8,12 uint16, chunks 1,1,1,8,8, shards 1,1,1,8,16, {said}, 1.1 KiB",
        "  labels    cells, by/hand",
    ]


def test_both_formats_in_one_folder(tmp_path: Path) -> None:
    """After an upgrade in place v3's documents count, and all readers are told so."""
    write_image(tmp_path / "both", pyramid(VALUES))
    zl.upgrade(tmp_path / "both")

    level = zl.open(tmp_path / "both").image.levels[0]

    assert level.zarr_format == 3
    assert level.to_zarr().metadata.zarr_format == 3
    assert np.array_equal(level.to_tensorstore().read().result(), VALUES)
    assert read_json(tmp_path / "both" / "0" / ".zarray")["shape"] == list(VALUES.shape)
    write_json(tmp_path / "both" / "zarr.json", {"node_type": "neither"})
    assert zl.open(tmp_path / "both").kind == "unreadable"
