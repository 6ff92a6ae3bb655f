"""What the documents of a lifted array say, member by member."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pytest

import zarrlift as zl
from tests.build import Storage, sample, write_array, write_group
from tests.build_ome import write_image
from tests.oracles import assert_same_voxels
from tests.traps import find_trap

Json: TypeAlias = dict[str, Any]

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
BIG = {"name": "bytes", "configuration": {"endian": "big"}}
BYTES = {"name": "bytes"}
TRANSPOSED = {"name": "transpose", "configuration": {"order": [2, 1, 0]}}


def blosc(typesize: int = 2, **settings: object) -> Json:
    """Give a blosc codec as v3 writes it, with the settings most data has."""
    usual = {"typesize": typesize, "cname": "lz4", "clevel": 5, "shuffle": "shuffle"}
    return {"name": "blosc", "configuration": {**usual, "blocksize": 0, **settings}}


def other(name: str, **settings: object) -> Json:
    """Give another codec as v3 writes it."""
    return {"name": name, "configuration": settings}


CODECS: Mapping[str, list[Json]] = {
    "big-endian-u2-blosc": [BIG, blosc()],
    "big-endian-f4-gzip": [BIG, other("gzip", level=1)],
    "big-endian-u2-uncompressed": [BIG],
    "dtype-c16-big-endian": [BIG, blosc(16)],
    "dtype-u1": [BYTES, blosc(1)],
    "dtype-b1": [BYTES, blosc(1)],
    "dtype-i1-odd-spelling": [BYTES, blosc(1)],
    "dtype-f8": [LITTLE, blosc(8)],
    "order-f-blosc": [TRANSPOSED, LITTLE, blosc()],
    "order-f-uncompressed": [TRANSPOSED, LITTLE],
    "order-f-big-endian": [TRANSPOSED, BIG, blosc()],
    "order-f-u1": [other("transpose", order=[1, 0]), BYTES, blosc(1)],
    "blosc-lz4-auto": [LITTLE, blosc()],
    "blosc-auto-u1": [BYTES, blosc(1, shuffle="bitshuffle")],
    "blosc-zstd-bit": [LITTLE, blosc(cname="zstd", shuffle="bitshuffle")],
    "blosc-zlib-none": [LITTLE, blosc(cname="zlib", shuffle="noshuffle")],
    "blosc-blocksize": [LITTLE, blosc(blocksize=256)],
    "blosc-id-only": [LITTLE, blosc()],
    "blosc-clevel-0": [LITTLE, blosc(clevel=0)],
    "gzip-level-default": [LITTLE, other("gzip", level=6)],
    "gzip-level-9": [LITTLE, other("gzip", level=9)],
    "gzip-id-only": [LITTLE, other("gzip", level=1)],
    "zstd-level-negative": [LITTLE, other("zstd", level=-5, checksum=False)],
    "zstd-checksum": [LITTLE, other("zstd", level=3, checksum=True)],
    "zstd-id-only": [LITTLE, other("zstd", level=0, checksum=False)],
    "uncompressed": [LITTLE],
    "filters-empty-list": [LITTLE, blosc()],
    "zlib-level-9": [LITTLE, other("gzip", level=9)],
    "zlib-level-default": [LITTLE, other("gzip", level=6)],
    "zlib-order-f-big-endian": [TRANSPOSED, BIG, other("gzip", level=1)],
    "lz4": [LITTLE, blosc(cname="zstd")],
    "bz2": [LITTLE, blosc(cname="zstd")],
    "lzma": [LITTLE, blosc(cname="zstd")],
    "filter-delta-big-endian": [BIG, blosc(cname="zstd")],
    "filter-packbits": [BYTES, blosc(1, cname="zstd", shuffle="bitshuffle")],
    "filter-delta-order-f": [TRANSPOSED, LITTLE, blosc(cname="zstd")],
}
"""The chain of codecs of a chunk in level `0`."""

FILLS: Mapping[str, object] = {
    "fill-null-integer": 0,
    "fill-null-float": 0.0,
    "fill-null-bool": False,
    "fill-null-complex": [0.0, 0.0],
    "fill-nan-f4": "NaN",
    "fill-infinity": "Infinity",
    "fill-minus-infinity": "-Infinity",
    "fill-minus-zero": -0.0,
    "fill-float-without-exact-decimal": 0.1,
    "fill-float-tiny": 5e-324,
    "fill-float-as-integer": 3.0,
    "fill-bool-true": True,
    "fill-bool-as-number": True,
    "fill-integer-as-float": 7,
    "fill-complex": [1.5, -2.0],
    "fill-complex-odd": ["NaN", "-Infinity"],
    "fill-complex-as-number": [2.0, 0.0],
    "fill-u8-greatest": 2**64 - 1,
    "fill-i8-least": -(2**63),
    "fill-u2-big-endian": 258,
}
"""The fill value of level `0`, in the JSON form that the data type asks for."""

DATA_TYPES: Mapping[str, object] = {
    "dtype-b1": "bool",
    "dtype-i1-odd-spelling": "int8",
    "dtype-u4-big-endian": "uint32",
    "dtype-f2": "float16",
    "dtype-c8-big-endian": "complex64",
}

NAMES: Mapping[str, Mapping[str, list[str]]] = {
    "version-0.1": {"0": list("tczyx"), "labels/cells/1": list("tczyx")},
    "version-0.3": {"1": list("tczyx"), "labels/cells/0": list("tczyx")},
    "axes-two": {"0": ["y", "x"]},
    "axes-ctzyx": {"0": list("ctzyx")},
    "two-multiscales": {"0": list("tczyx"), "projection": ["y", "x"]},
    "level-paths-nested": {"scale0/image": list("tczyx")},
    "label-3d": {"0": list("tczyx"), "labels/cells/1": list("zyx")},
    "labels-nested": {"labels/original/0/0": list("tczyx")},
    "image-in-image": {"derived/deconvolved/0": ["y", "x"]},
    "plate": {"B/1/1/0": list("tczyx")},
    "array-attributes": {"0": ["y", "x"]},
}
"""The axes of arrays that an image names."""


def lift(trap: str, folder: Path, **options: Any) -> tuple[Path, zl.Report]:
    """Lift a trap; give the target and the report."""
    find_trap(trap).build(folder / "old.zarr")
    report = zl.convert(folder / "old.zarr", folder / "new.zarr", **options)
    return folder / "new.zarr", report


def read(folder: Path) -> Json:
    """Read a node's document."""
    return cast("Json", json.loads((folder / "zarr.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("trap", CODECS)
def test_codecs_are_stated_in_full(trap: str, tmp_path: Path) -> None:
    """Byte order, order F, blosc's shuffle and type size, and levels are said as v3 wants them."""
    target, _ = lift(trap, tmp_path, shards="none")
    assert read(target / "0")["codecs"] == CODECS[trap]


def test_shard_wraps_the_codecs_of_a_chunk(tmp_path: Path) -> None:
    """A sharded array has one outer codec: inner chunks, their codecs, an index with a checksum."""
    target, _ = lift("order-f-big-endian", tmp_path)
    document = read(target / "0")
    assert document["chunk_grid"]["configuration"]["chunk_shape"] == [4, 24, 48]
    assert document["codecs"] == [
        other(
            "sharding_indexed",
            chunk_shape=[2, 8, 16],
            codecs=[TRANSPOSED, BIG, blosc()],
            index_codecs=[LITTLE, {"name": "crc32c"}],
            index_location="end",
        )
    ]


@pytest.mark.parametrize("trap", FILLS)
def test_fill_value_has_the_form_of_its_type(trap: str, tmp_path: Path) -> None:
    """A fill value is written in the JSON form of the data type; null becomes zero."""
    target, _ = lift(trap, tmp_path)
    assert json.dumps(read(target / "0")["fill_value"]) == json.dumps(FILLS[trap])


@pytest.mark.parametrize("trap", [trap for trap in FILLS if trap.startswith("fill-null")])
def test_null_fill_value_is_reported(trap: str, tmp_path: Path) -> None:
    """The report says which array had no fill value."""
    _, report = lift(trap, tmp_path)
    assert [(f.path, f.severity) for f in report.findings if f.rule == "fill-null"] == [
        ("0", "note")
    ]


@pytest.mark.parametrize("trap", DATA_TYPES)
def test_data_type_has_its_name_in_v3(trap: str, tmp_path: Path) -> None:
    """A data type has v3's name whatever its byte order or spelling was."""
    target, _ = lift(trap, tmp_path)
    assert read(target / "0")["data_type"] == DATA_TYPES[trap]


@pytest.mark.parametrize("trap", NAMES)
def test_arrays_are_given_the_axes_of_their_image(trap: str, tmp_path: Path) -> None:
    """Every array that an image names has the image's axes as `dimension_names`."""
    target, _ = lift(trap, tmp_path)
    assert {path: read(target / path)["dimension_names"] for path in NAMES[trap]} == NAMES[trap]


def test_array_that_no_image_names_has_no_axes(tmp_path: Path) -> None:
    """An array of a foreign group gets no `dimension_names`."""
    target, _ = lift("one-d", tmp_path)
    assert "dimension_names" not in read(target / "extra" / "values")


def test_missing_chunk_is_absent_in_the_index(tmp_path: Path) -> None:
    """A chunk that was not there has 2^64-1 twice in the shard's index, and no bytes."""
    target, report = lift("missing-chunks", tmp_path)
    shard = (target / "0" / "c" / "0" / "0").read_bytes()
    entries = struct.unpack("<18Q", shard[-(9 * 16 + 4) : -4])
    absent = {number for number in range(9) if entries[2 * number] == 2**64 - 1}
    assert absent == {0, 5}
    assert all(entries[2 * number + 1] == 2**64 - 1 for number in absent)
    lengths = sum(length for length in entries[1::2] if length != 2**64 - 1)
    assert len(shard) == lengths + 9 * 16 + 4
    assert report.chunks == 7


@pytest.mark.parametrize(
    ("trap", "objects"),
    [
        ("missing-rows", {"1/0", "1/1"}),
        ("missing-columns", {"0/1", "1/1"}),
        ("missing-all", set()),
    ],
)
def test_shard_without_any_chunk_is_not_written(
    trap: str, objects: set[str], tmp_path: Path
) -> None:
    """Where all chunks of a shard were missing there is no object, and fill values are read."""
    target, report = lift(trap, tmp_path, shards=(32, 32), verify="decode")
    data = target / "0" / "c"
    found = {p.relative_to(data).as_posix() for p in data.rglob("*") if p.is_file()}
    assert found == objects
    assert report.objects == len(objects)
    assert_same_voxels(tmp_path / "old.zarr" / "0", target / "0")


@pytest.mark.parametrize(
    "trap",
    [
        "keys-flat",
        "keys-flat-undeclared",
        "keys-nested-undeclared",
        "keys-nested-declared-flat",
        "keys-flat-declared-nested",
        "keys-flat-declared-nested-gaps",
    ],
)
def test_target_has_nested_keys(trap: str, tmp_path: Path) -> None:
    """Whatever separator the source declares, its keys are found; the target's are `c/0/0`."""
    target, report = lift(trap, tmp_path, shards="none")
    assert read(target / "0")["chunk_key_encoding"] == other("default", separator="/")
    assert report.chunks == (7 if trap.endswith("gaps") else 9)
    assert (target / "0" / "c" / "2" / "2").is_file()
    wrongly_declared = trap not in {"keys-flat", "keys-flat-undeclared"}
    assert any(f.rule == "separator-proved" for f in report.findings) is wrongly_declared


def test_stale_chunks_are_reported(tmp_path: Path) -> None:
    """Chunks outside the shape stay behind, and the report names their array and one of them."""
    _, report = lift("stale-chunks-flat", tmp_path)
    (finding,) = (f for f in report.findings if f.rule == "stale-chunks")
    assert (finding.path, finding.severity) == ("0", "warning")
    assert "2 chunk objects outside the shape" in finding.message


def test_consolidated_metadata_is_reported_as_dropped(tmp_path: Path) -> None:
    """The `.zmetadata` of v2 does not arrive, and the report says so."""
    target, report = lift("consolidated", tmp_path)
    assert not (target / ".zmetadata").exists()
    assert "zmetadata-dropped" in {f.rule for f in report.findings}


@pytest.mark.parametrize("shape", [(), (0, 40), (1,), (5, 0, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_odd_shapes_are_kept(shape: tuple[int, ...], order: str, tmp_path: Path) -> None:
    """An array without axes or without elements arrives with its shape."""
    storage = cast("Storage", {"order": order, "chunks": tuple(max(n // 2, 1) for n in shape)})
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    write_array(write_group(source) / "odd", np.asarray(sample(shape, ">u2")), **storage)
    zl.convert(source, target, plain_zarr=True, verify="decode")
    assert read(target / "odd")["shape"] == list(shape)
    assert_same_voxels(source / "odd", target / "odd")


@pytest.mark.parametrize("shards", ["auto", "none"])
def test_root_may_be_an_array(shards: str, tmp_path: Path) -> None:
    """A source that is one array, with attributes and a plain file, lifts as any other."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    storage: Storage = {"chunks": (8, 16), "extra": {"README.txt": b"by hand\n"}}
    write_array(source, sample((20, 40), "<u2"), attributes={"gain": 2}, **storage)
    report = zl.convert(source, target, plain_zarr=True, shards=shards, verify="decode")
    assert report.finished
    assert read(target)["attributes"] == {"gain": 2}
    assert (target / "README.txt").read_bytes() == b"by hand\n"
    assert_same_voxels(source, target)


def test_chunk_of_zero_length_is_made_one(tmp_path: Path) -> None:
    """A v2 chunk length of 0, which v3 does not allow, becomes 1 where the axis is empty."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    empty = np.zeros((0, 4), "<u2")
    write_image(source, [empty], axes="yx", chunks=(1, 4), members={"chunks": [0, 4]})
    zl.convert(source, target)
    assert read(target / "0")["chunk_grid"]["configuration"]["chunk_shape"] == [1, 4]
