"""Traps in how one array is stored: codecs, filters, data types, fill values, keys.

Each is an OME-Zarr 0.4 image whose level `0` is the array, so that any converter takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Unpack

import numpy as np

from tests import frames
from tests.build import BLOSC, Json, Storage, Values, sample
from tests.trap import Topic, Trap, image_trap

CUBE = (3, 20, 40)
CUBE_CHUNKS = (2, 8, 16)
PLANE = (20, 40)
PLANE_CHUNKS = (8, 16)

BLOSC_NAMES = ("lz4", "lz4hc", "blosclz", "zlib", "zstd")
BLOSC_SHUFFLES = {0: "none", 1: "byte", 2: "bit", -1: "auto"}

SHARED_COMPRESSORS: dict[str, Json | None] = {
    "blosc-clevel-0": {**BLOSC, "clevel": 0},
    "blosc-blocksize": {**BLOSC, "blocksize": 256},
    "blosc-id-only": {"id": "blosc"},
    "zstd-level-0": {"id": "zstd", "level": 0},
    "zstd-level-19": {"id": "zstd", "level": 19},
    "zstd-level-negative": {"id": "zstd", "level": -5},
    "zstd-checksum": {"id": "zstd", "level": 3, "checksum": True},
    "zstd-no-checksum": {"id": "zstd", "level": 3, "checksum": False},
    "zstd-id-only": {"id": "zstd"},
    "gzip-level-default": {"id": "gzip", "level": -1},
    "gzip-level-0": {"id": "gzip", "level": 0},
    "gzip-level-1": {"id": "gzip", "level": 1},
    "gzip-level-9": {"id": "gzip", "level": 9},
    "gzip-id-only": {"id": "gzip"},
    "uncompressed": None,
}

OTHER_COMPRESSORS: dict[str, Json] = {
    "zlib-level-default": {"id": "zlib", "level": -1},
    "zlib-level-1": {"id": "zlib", "level": 1},
    "zlib-level-9": {"id": "zlib", "level": 9},
    "lz4": {"id": "lz4", "acceleration": 1},
    "bz2": {"id": "bz2", "level": 1},
    "lzma": {"id": "lzma", "format": 1, "check": -1, "preset": None, "filters": None},
    "lzma-alone": {"id": "lzma", "format": 2, "check": -1, "preset": 1, "filters": None},
}

BYTE_FILTERS: dict[str, Json] = {
    "shuffle": {"id": "shuffle", "elementsize": 2},
    "crc32": {"id": "crc32"},
    "crc32-at-end": {"id": "crc32", "location": "end"},
    "crc32c": {"id": "crc32c"},
    "adler32": {"id": "adler32"},
    "fletcher32": {"id": "fletcher32"},
    "jenkins-lookup3": {"id": "jenkins_lookup3", "initval": 0, "prefix": None},
    "base64": {"id": "base64"},
}

INTEGERS = ("|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8")
REALS = ("<f2", "<f4", "<f8", "<c8", "<c16")
BIG = (">i2", ">u2", ">i4", ">u4", ">i8", ">u8", ">f2", ">f4", ">f8", ">c8", ">c16")
ODD_SPELLINGS = ("<u1", ">i1", "<b1")

FILLS: dict[str, tuple[str, object]] = {
    "null-integer": ("<u2", None),
    "null-float": ("<f4", None),
    "null-bool": ("|b1", None),
    "null-complex": ("<c8", None),
    "nan-f2": ("<f2", float("nan")),
    "nan-f4": ("<f4", float("nan")),
    "nan-f8": (">f8", float("nan")),
    "infinity": ("<f4", float("inf")),
    "minus-infinity": ("<f8", float("-inf")),
    "minus-zero": ("<f4", -0.0),
    "float-without-exact-decimal": ("<f4", 0.1),
    "float-tiny": ("<f8", 5e-324),
    "float-as-integer": ("<f4", 3),
    "bool-true": ("|b1", True),
    "bool-as-number": ("|b1", 1),
    "integer-as-float": ("<u2", 7.0),
    "complex": ("<c16", 1.5 - 2j),
    "complex-odd": ("<c8", complex(float("nan"), float("-inf"))),
    "complex-as-number": ("<c8", 2.0),
    "u1-greatest": ("|u1", 255),
    "i1-least": ("|i1", -128),
    "u8-greatest": ("<u8", 2**64 - 1),
    "i8-least": ("<i8", -(2**63)),
    "u2-big-endian": (">u2", 258),
}


def cube(name: str, topic: Topic, note: str, kind: str = "<u2", **storage: Unpack[Storage]) -> Trap:
    """Give a trap of a 3-D array with edge chunks on every axis."""
    options: Storage = {"chunks": CUBE_CHUNKS}
    return image_trap(name, topic, note, sample(CUBE, kind), "zyx", **(options | storage))


def plane(
    name: str, topic: Topic, note: str, kind: str = "<u2", **storage: Unpack[Storage]
) -> Trap:
    """Give a trap of a 2-D array with edge chunks on both axes."""
    options: Storage = {"chunks": PLANE_CHUNKS}
    return image_trap(name, topic, note, sample(PLANE, kind), "yx", **(options | storage))


def shared_traps() -> Iterator[Trap]:
    """Give what Zarr v3 readers share, so that no chunk needs decoding."""
    for cname in BLOSC_NAMES:
        for shuffle, word in BLOSC_SHUFFLES.items():
            config = {**BLOSC, "cname": cname, "shuffle": shuffle}
            yield plane(f"blosc-{cname}-{word}", "shared", "a setting of blosc", compressor=config)
    auto = {**BLOSC, "shuffle": -1}
    yield plane("blosc-auto-u1", "shared", "auto is bitshuffle for bytes", "|u1", compressor=auto)
    for name, compressor in SHARED_COMPRESSORS.items():
        yield plane(name, "shared", "a compressor that v3 shares", compressor=compressor)
    yield plane("filters-empty-list", "shared", "`[]` is `null`", filters=[])
    yield from _odd_frames()
    yield from _orders()


def _odd_frames() -> Iterator[Trap]:
    """Give frames that numcodecs does not write and every reader decodes."""
    odd: dict[str, tuple[Json, Callable[[bytes], bytes]]] = {
        "zstd-without-size": ({"id": "zstd", "level": 1}, frames.zstd_without_size),
        "gzip-with-name": ({"id": "gzip", "level": 6}, frames.gzip_with_name),
        "blosc-typesize-1": ({**BLOSC, "cname": "zstd"}, frames.blosc_of_bytes),
    }
    for name, (compressor, encode) in odd.items():
        yield plane(name, "shared", "an odd frame", compressor=compressor, encode=encode)


def _orders() -> Iterator[Trap]:
    """Give byte orders and memory orders with each shared compressor."""
    compressors: dict[str, Json | None] = {
        "blosc": BLOSC,
        "zstd": {"id": "zstd", "level": 1},
        "gzip": {"id": "gzip", "level": 1},
        "uncompressed": None,
    }
    for name, compressor in compressors.items():
        for dtype in (">u2", ">f4"):
            yield plane(
                f"big-endian-{dtype[1:]}-{name}",
                "shared",
                "big-endian data stays big-endian",
                dtype,
                compressor=compressor,
            )
        yield cube(
            f"order-f-{name}", "shared", "needs a transpose", order="F", compressor=compressor
        )
    yield cube("order-f-big-endian", "shared", "both at once", ">u2", order="F")
    yield plane("order-f-u1", "shared", "a transpose of bytes", "|u1", order="F")


def recoded_traps() -> Iterator[Trap]:
    """Give compressors and filters that v3 readers do not share."""
    for name, compressor in OTHER_COMPRESSORS.items():
        yield plane(name, "recoded", "v3 has no such codec", compressor=compressor)
    yield cube(
        "zlib-order-f-big-endian",
        "recoded",
        "a rewrap keeps both orders",
        ">u2",
        order="F",
        compressor={"id": "zlib", "level": 1},
    )
    yield plane(
        "blosc-snappy-stored",
        "recoded",
        "blosc-snappy that did not compress decodes anywhere",
        compressor={**BLOSC, "cname": "snappy"},
        encode=frames.blosc_snappy_stored,
    )
    for name, config in BYTE_FILTERS.items():
        yield plane(f"filter-{name}", "recoded", "a filter on bytes", filters=[config])
    yield plane(
        "filter-crc32c-uncompressed",
        "recoded",
        "the same bytes as v3's crc32c",
        filters=[{"id": "crc32c"}],
        compressor=None,
    )
    yield from _array_filters()


def _array_filters() -> Iterator[Trap]:
    """Give numcodecs filters on values, some of which lose precision when they are written."""
    delta: Json = {"id": "delta", "dtype": "<u2", "astype": "<u2"}
    wide: Json = {"id": "delta", "dtype": "<u2", "astype": "<i4"}
    big: Json = {"id": "delta", "dtype": ">u2", "astype": ">u2"}
    shuffle: Json = {"id": "shuffle", "elementsize": 2}
    scaled: Json = {"offset": -200, "scale": 100, "dtype": "<f8", "astype": "<u2"}
    rounded: Json = {"id": "quantize", "digits": 1, "dtype": "<f8", "astype": "<f4"}
    narrow: Json = {"id": "astype", "encode_dtype": "<f4", "decode_dtype": "<f8"}
    filters: dict[str, tuple[str, list[Json]]] = {
        "delta": ("<u2", [delta]),
        "delta-wide": ("<u2", [wide]),
        "delta-big-endian": (">u2", [big]),
        "delta-shuffle": ("<u2", [delta, shuffle]),
        "fixedscaleoffset": ("<f8", [{"id": "fixedscaleoffset", **scaled}]),
        "quantize": ("<f8", [rounded]),
        "astype": ("<f8", [narrow]),
        "bitround": ("<f4", [{"id": "bitround", "keepbits": 5}]),
        "packbits": ("|b1", [{"id": "packbits"}]),
    }
    for name, (dtype, configs) in filters.items():
        yield plane(f"filter-{name}", "recoded", "a filter on values", dtype, filters=configs)
    yield cube("filter-delta-order-f", "recoded", "runs along z", order="F", filters=[delta])


def dtype_traps() -> Iterator[Trap]:
    """Give every data type of numbers, in both byte orders and some odd spellings."""
    for dtype in ("|b1", *INTEGERS, *REALS, *BIG):
        name = f"dtype-{dtype[1:]}{'-big-endian' * dtype.startswith('>')}"
        zero = 0j if dtype[1] == "c" else 0
        yield plane(name, "dtype", "a data type of v3's core", dtype, fill_value=zero)
    for dtype in ODD_SPELLINGS:
        name = f"dtype-{dtype[1:]}-odd-spelling"
        yield plane(name, "dtype", f"`{dtype}`: a byte has no order", dtype, dtype=dtype)
    odd = np.array([0x7FC00001, 0xFFC00000, 0x7F800000, 0xFF800000, 0x80000000, 1, 0, 5], "<u4")
    yield image_trap(
        "dtype-f4-odd-values",
        "dtype",
        "NaN with a payload, infinities, minus zero, a denormal: every bit counts",
        np.tile(odd.view("<f4"), (8, 2)),
        "yx",
        chunks=PLANE_CHUNKS,
    )


def fill_traps() -> Iterator[Trap]:
    """Give fill values, each with chunks missing that it stands for."""
    for name, (dtype, value) in FILLS.items():
        yield plane(
            f"fill-{name}",
            "fill",
            "missing chunks read as the fill value",
            dtype,
            fill_value=value,
            missing={(0, 1), (2, 2)},
        )
    half_empty = sample(PLANE, "<u2")
    half_empty[:10, 10:] = 7
    yield image_trap(
        "fill-empty-chunks-left-out",
        "fill",
        "a writer that leaves out chunks of fill only",
        half_empty,
        "yx",
        chunks=PLANE_CHUNKS,
        fill_value=7,
        missing="empty",
    )


def refused_fill_traps() -> Iterator[Trap]:
    """Give fill values that the data type can't hold."""
    impossible: dict[str, tuple[str, object]] = {
        "u1-negative": ("|u1", -1),
        "u1-too-great": ("|u1", 256),
        "u2-fraction": ("<u2", 1.5),
        "u2-nan": ("<u2", "NaN"),
        "i8-too-great": ("<i8", 2**63),
        "f4-text": ("<f4", "empty"),
        "bool-two": ("|b1", 2),
        "complex-three-parts": ("<c8", [1.0, 2.0, 3.0]),
    }
    for name, (dtype, value) in impossible.items():
        yield plane(
            f"fill-{name}",
            "refused",
            "no value of the data type",
            dtype,
            members={"fill_value": value},
            missing={(0, 1)},
        )


def refused_codec_traps() -> Iterator[Trap]:
    """Give codecs that can't be decoded here and data types without a form in v3."""
    snappy = {**BLOSC, "cname": "snappy"}
    yield plane(
        "blosc-snappy", "refused", "no decoder", compressor=snappy, encode=frames.blosc_snappy
    )
    unknown: Json = {"id": "jpegxl_of_tomorrow", "effort": 9}
    yield plane("compressor-unknown", "refused", "no decoder", compressor=unknown, encode=bytes)
    yield plane(
        "filter-unknown",
        "refused",
        "no decoder",
        members={"filters": [{"id": "wavelet_of_tomorrow"}]},
    )
    words = np.array([["a", "bb"], ["c", "a"]], dtype=object)
    objects: dict[str, Json] = {
        "object-json2": {"id": "json2"},
        "object-pickle": {"id": "pickle"},
        "object-categorize": {"id": "categorize", "labels": ["a", "bb"], "dtype": "|O"},
    }
    for name, config in objects.items():
        yield _objects(name, words, config)
    yield plane("dtype-unknown", "refused", "no data type", members={"dtype": "<q3"})
    yield plane("order-unknown", "refused", "no memory order", members={"order": "K"})


def _objects(name: str, words: Values, config: Json) -> Trap:
    """Give a trap of Python objects, which v3 has no form for."""
    return image_trap(
        name, "refused", "no form in v3", words, "yx", chunks=(2, 2), filters=[config]
    )


ARRAY_TRAPS = (*shared_traps(), *recoded_traps(), *dtype_traps(), *fill_traps())
REFUSED_ARRAY_TRAPS = (*refused_fill_traps(), *refused_codec_traps())
