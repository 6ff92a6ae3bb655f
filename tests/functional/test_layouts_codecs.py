"""Other chunks and other codecs, as asked for: every value stays, and what can pass does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pytest

import zarrlift as zl
from tests.build import BLOSC, Storage, sample, write_array
from tests.build_ome import write_image
from tests.oracles import assert_same_voxels
from tests.traps import TRAPS, Trap, find_trap
from zarrlift.errors import UsageError
from zarrlift.plan.plan import ArrayPlan

Json: TypeAlias = dict[str, Any]

SHAPE = (3, 20, 40)
CHUNKS = (2, 8, 16)
EMPTY = [(0, 0, 1), (1, 2, 2)]

SOURCES: Mapping[str, tuple[str, Storage]] = {
    "plain": ("<u2", {}),
    "order-f": ("<u2", {"order": "F"}),
    "big-endian": (">u2", {}),
    "order-f-big-endian": (">f4", {"order": "F", "missing": EMPTY}),
    "missing": ("<u2", {"missing": EMPTY}),
    "missing-all": ("<u2", {"missing": "all", "fill_value": 3}),
    "fill-7": ("<i4", {"missing": EMPTY, "fill_value": 7}),
    "fill-null": ("<f8", {"missing": EMPTY, "fill_value": None}),
    "fill-nan": ("<f4", {"missing": EMPTY, "fill_value": float("nan")}),
    "fill-true": ("|b1", {"missing": EMPTY, "fill_value": True}),
    "fill-complex": ("<c8", {"missing": EMPTY, "fill_value": 1 - 2j}),
    "flat-keys": ("|u1", {"separator": ".", "missing": EMPTY}),
    "uncompressed": ("<i8", {"compressor": None}),
    "zlib": ("<u2", {"compressor": {"id": "zlib", "level": 1}}),
    "lz4": ("<u2", {"compressor": {"id": "lz4", "acceleration": 1}}),
    "zstd": ("<u4", {"compressor": {"id": "zstd", "level": 1}, "order": "F"}),
    "delta": ("<u2", {"filters": [{"id": "delta", "dtype": "<u2", "astype": "<u2"}]}),
    "packbits": ("|b1", {"filters": [{"id": "packbits"}]}),
    "half": ("<f2", {"compressor": {"id": "gzip", "level": 2}}),
}
"""Data type and storage of arrays of three axes with edge chunks on each."""

NEW_CHUNKS = ["1,5,10", "3,20,40", "2,7,9", "5,50,50", "z=1", "x=40", "y=3,x=11", "2,16,16"]
"""Smaller, whole, across, beyond the shape, by axis, a multiple: none divides the shape evenly."""

CODECS: Mapping[str, list[Json]] = {
    "none": [],
    "zstd": [{"name": "zstd", "configuration": {"level": 3, "checksum": False}}],
    "zstd:9": [{"name": "zstd", "configuration": {"level": 9, "checksum": False}}],
    "gzip": [{"name": "gzip", "configuration": {"level": 5}}],
    "gzip:1": [{"name": "gzip", "configuration": {"level": 1}}],
    "blosc:zstd": [
        {
            "name": "blosc",
            "configuration": {
                "typesize": 2,
                "cname": "zstd",
                "clevel": 5,
                "shuffle": "shuffle",
                "blocksize": 0,
            },
        }
    ],
    "blosc:lz4:9:bitshuffle": [
        {
            "name": "blosc",
            "configuration": {
                "typesize": 2,
                "cname": "lz4",
                "clevel": 9,
                "shuffle": "bitshuffle",
                "blocksize": 0,
            },
        }
    ],
}
"""What is written for a codec asked for, after `bytes`."""

each_source = pytest.mark.parametrize("source", SOURCES)


def build(source: str, folder: Path) -> Path:
    """Write an image of one level in an odd way."""
    dtype, storage = SOURCES[source]
    options: Storage = {"chunks": CHUNKS, **storage}
    return write_image(folder / "old.zarr", [sample(SHAPE, dtype)], axes="zyx", **options)


def lift(folder: Path, **options: Any) -> ArrayPlan:
    """Lift an image, see that every value is there, and give the plan of its level."""
    source, target = folder / "old.zarr", folder / "new.zarr"
    report = zl.convert(source, target, verify="decode", **options)
    assert report.finished
    assert_same_voxels(source / "0", target / "0")
    (array,) = report.plan.arrays
    return array


def inner_codecs(array: Path) -> list[Json]:
    """Read the codecs of an array's chunks."""
    codecs = json.loads((array / "zarr.json").read_text(encoding="utf-8"))["codecs"]
    nested = codecs[0].get("configuration", {}).get("codecs", codecs)
    return cast("list[Json]", nested)


@each_source
@pytest.mark.parametrize("chunks", NEW_CHUNKS[:3])
def test_values_stay_in_other_chunks(source: str, chunks: str, tmp_path: Path) -> None:
    """Every array has its values in other chunks: any order, type, gap, fill value or filter."""
    build(source, tmp_path)
    assert lift(tmp_path, chunks=chunks).method == "rechunk"


@pytest.mark.slow
@each_source
@pytest.mark.parametrize("chunks", NEW_CHUNKS[3:])
@pytest.mark.parametrize("shards", ["auto", "none", "2,16,32"])
@pytest.mark.parametrize("codec", ["keep", "gzip:1"])
def test_values_stay_in_any_chunks(
    source: str, chunks: str, shards: str, codec: str, tmp_path: Path
) -> None:
    """The same holds for more shapes, with and without shards, and in another codec."""
    build(source, tmp_path)
    lift(tmp_path, chunks=chunks, shards=shards, codec=codec)


@each_source
@pytest.mark.parametrize("codec", CODECS)
def test_values_stay_in_another_codec(source: str, codec: str, tmp_path: Path) -> None:
    """Every array has its values in another codec, chunks, byte order and memory order kept."""
    build(source, tmp_path)
    array = lift(tmp_path, codec=codec)
    assert array.method == ("pack" if (source, codec) == ("uncompressed", "none") else "recode")
    assert array.target.chunks == CHUNKS
    kept = [c.name for c in array.target.codecs if c.name in {"transpose", "bytes"}]
    order, endian = SOURCES[source][1].get("order"), SOURCES[source][0][0]
    assert kept == (["transpose", "bytes"] if order == "F" else ["bytes"])
    assert (array.target.codecs[len(kept) - 1].get("endian") == "big") is (endian == ">")


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("shards", ["auto", "none"])
def test_codec_is_written_as_asked_for(codec: str, shards: str, tmp_path: Path) -> None:
    """The document states the codec asked for in full, whatever the array had."""
    build("big-endian", tmp_path)
    array = lift(tmp_path, codec=codec, shards=shards)
    big = {"name": "bytes", "configuration": {"endian": "big"}}
    assert inner_codecs(tmp_path / "new.zarr" / "0") == [big, *CODECS[codec]]
    asked = "uncompressed" if codec == "none" else codec.removesuffix(":bitshuffle")
    assert asked in array.reason


@pytest.mark.parametrize(
    ("compressor", "codec"),
    [
        (BLOSC, "blosc:lz4:5:shuffle"),
        (BLOSC, "blosc:lz4"),
        ({"id": "zstd", "level": 3}, "zstd"),
        ({"id": "gzip", "level": 5}, "gzip:5"),
        (None, "none"),
    ],
)
def test_codec_that_is_there_already_passes(
    compressor: Mapping[str, object] | None, codec: str, tmp_path: Path
) -> None:
    """Asking for the codec that an array has decodes nothing."""
    write_image(
        tmp_path / "old.zarr",
        [sample(SHAPE, "<u2")],
        axes="zyx",
        chunks=CHUNKS,
        compressor=compressor,
    )
    assert lift(tmp_path, codec=codec).method == "pack"


def test_chunks_that_are_there_already_pass(tmp_path: Path) -> None:
    """Asking for the chunks that an array has decodes nothing."""
    build("plain", tmp_path)
    assert lift(tmp_path, chunks=CHUNKS).method == "pack"


def test_other_level_of_zlib_is_deflated_again(tmp_path: Path) -> None:
    """A zlib stream is rewrapped as gzip of its own level, and made anew for another level."""
    build("zlib", tmp_path)
    same = zl.plan(tmp_path / "old.zarr", tmp_path / "new.zarr", codec="gzip:1")
    assert "deflate stream" in same.arrays[0].reason
    assert "deflate stream" not in lift(tmp_path, codec="gzip:9").reason


@pytest.mark.parametrize(
    "codec", ["lz4", "zlib", "blosc", "blosc:snappy", "blosc:zstd:10", "zstd:high", "none:1", ""]
)
def test_codecs_that_readers_do_not_share_are_refused(codec: str, tmp_path: Path) -> None:
    """A codec that is not one of the known ones is a usage error that lists them."""
    build("plain", tmp_path)
    with pytest.raises(UsageError, match="not understood") as caught:
        zl.plan(tmp_path / "old.zarr", tmp_path / "new.zarr", codec=codec)
    assert "blosc:zstd" in str(caught.value.hint)


def test_chunks_of_nothing_but_fill_are_left_out(tmp_path: Path) -> None:
    """A new chunk that holds the fill value only is not written, nor a shard of such chunks."""
    values = np.full((64, 64), 9, "<u2")
    values[40:, 40:] = sample((24, 24), "<u2")
    source = write_image(tmp_path / "old.zarr", [values], axes="yx", chunks=(16, 16), fill_value=9)
    assert len(list(source.glob("0/*/*"))) == 16
    lift(tmp_path, chunks=(8, 8), shards=(32, 32))
    objects = {p.relative_to(tmp_path).as_posix() for p in tmp_path.glob("new.zarr/0/c/*/*")}
    assert objects == {"new.zarr/0/c/1/1"}


def test_minus_zero_and_odd_nan_are_no_fill(tmp_path: Path) -> None:
    """Chunks of -0.0 where the fill value is 0.0 are written, for their bits are not the same."""
    values = np.full((16, 16), -0.0, "<f4")
    write_image(tmp_path / "old.zarr", [values], axes="yx", chunks=(8, 8))
    lift(tmp_path, chunks=(4, 4), shards="none")
    assert len(list(tmp_path.glob("new.zarr/0/c/*/*"))) == 16


@pytest.mark.parametrize("wish", [{"chunks": "5,5"}, {"codec": "zstd"}])
def test_text_keeps_its_chunks_and_codec(wish: dict[str, str], tmp_path: Path) -> None:
    """Text of any length passes as it is beside an image for which other chunks are asked."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    find_trap("text-fill-empty").build(source)
    report = zl.convert(source, target, verify="decode", **wish)  # type: ignore[arg-type]
    methods = {array.path: array.method for array in report.plan.arrays}
    assert methods["extra/values"] == "copy"
    assert_same_voxels(source / "extra" / "values", target / "extra" / "values")


@pytest.mark.parametrize(
    "wish",
    [
        {"chunks": "q=8"},
        {"shards": {"q": 8}},
        {"chunks": (1, 1, 1, 1, 8, 8)},
        {"shards": (8,)},
    ],
)
def test_shape_that_fits_no_array_is_refused(wish: dict[str, Any], tmp_path: Path) -> None:
    """An axis that no array has, or more or fewer sizes than any has axes, is a usage error."""
    build("plain", tmp_path)
    with pytest.raises(UsageError):
        zl.plan(tmp_path / "old.zarr", tmp_path / "new.zarr", **wish)


@pytest.mark.slow
@pytest.mark.parametrize("trap", TRAPS, ids=[trap.id for trap in TRAPS])
@pytest.mark.parametrize(
    "wish",
    [
        {"shards": "none"},
        {"codec": "zstd:1"},
        {"codec": "none", "shards": "none"},
        {"chunks": "y=5,x=7", "shards": "y=10,x=14"},
    ],
    ids=["unsharded", "zstd", "uncompressed", "rechunked"],
)
def test_every_trap_keeps_its_values(trap: Trap, wish: dict[str, str], tmp_path: Path) -> None:
    """Whatever is asked for, every trap's values are the same, and the proof decodes them."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    trap.build(source)
    report = zl.convert(source, target, plain_zarr=True, verify="decode", **wish)  # type: ignore[arg-type]
    assert report.finished
    for array in report.plan.arrays:
        if (trap.id, array.path) != ("fill-minus-zero", "0"):
            assert_same_voxels(source / array.path, target / array.path)


def test_root_document_is_written_last(tmp_path: Path) -> None:
    """In a lift that stops at a damaged chunk nothing opens: no document has been written."""
    source = write_image(
        tmp_path / "old.zarr", [sample(SHAPE, "<u2")], axes="zyx", chunks=CHUNKS, compressor=None
    )
    write_array(source / "more", sample((4,), "<u2"), chunks=(2,), compressor=None)
    (source / "more" / "1").write_bytes(b"123")
    with pytest.raises(zl.ZarrliftError):
        zl.convert(source, tmp_path / "new.zarr", chunks="1,5,10")
    assert list((tmp_path / "new.zarr").rglob("zarr.json")) == []
