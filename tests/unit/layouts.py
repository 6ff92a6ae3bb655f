"""Layouts for tests: made from Zarr v2's words, and hypothesis strategies for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st

from tests.build import BLOSC, Index, Json
from zarrlift.metadata import codecs, datatypes
from zarrlift.metadata.layout import ArrayLayout, Keys

bounded = settings(max_examples=60, deadline=None, derandomize=True)
"""How many examples a property is tried on."""

ZSTD: Json = {"id": "zstd", "level": 3}
GZIP: Json = {"id": "gzip", "level": 5}
ZLIB: Json = {"id": "zlib", "level": 4}
LZ4: Json = {"id": "lz4", "acceleration": 1}
DELTA: Json = {"id": "delta", "dtype": "<u2"}
SNAPPY: Json = {**BLOSC, "cname": "snappy"}

SHARED: tuple[Json | None, ...] = (
    None,
    BLOSC,
    {**BLOSC, "cname": "zstd", "shuffle": 2},
    {**BLOSC, "cname": "blosclz", "shuffle": 0, "clevel": 9},
    {**BLOSC, "cname": "zlib", "shuffle": -1},
    {**BLOSC, "cname": "lz4hc", "blocksize": 1024},
    ZSTD,
    {"id": "zstd", "level": -7, "checksum": True},
    GZIP,
    {"id": "gzip", "level": -1},
)
"""Compressors that v3 readers share, in v2's spelling."""

NOT_SHARED: tuple[Json, ...] = (
    SNAPPY,
    ZLIB,
    LZ4,
    {"id": "bz2", "level": 3},
    {"id": "lzma", "format": 1, "check": -1, "preset": None, "filters": None},
)

FILLS: Mapping[str, Sequence[object]] = {
    "|b1": (None, True, 0),
    "|i1": (None, -128, 127),
    "|u1": (None, 0, 255),
    "<i2": (0, -(2**15)),
    ">u2": (0, 2**16 - 1),
    "<u2": (0, 7),
    ">i4": (0, -(2**31)),
    "<u4": (0, 2**32 - 1),
    "<i8": (0, -(2**63), 2**63 - 1),
    ">u8": (0, 2**64 - 1),
    "<f2": (0.0, 65504.0, "NaN"),
    ">f4": (0.5, "Infinity", "-Infinity"),
    "<f8": (None, 1e308, -0.0, "NaN"),
    "<c8": (None, [0.5, "NaN"]),
    ">c16": ([1.0, -2.5], ["Infinity", "-Infinity"]),
    "<M8[ns]": (0, "NaT", None),
    ">m8[10s]": (-1, 60),
    "|S3": ("", "AQID"),
    "<U2": ("", "µm"),
    ">U1": ("x",),
}
"""Every kind of v2 data type, and fill values that fit it."""


def layout_of(
    shape: Index,
    chunks: Index,
    *,
    dtype: str = "<u2",
    compressor: Json | None = BLOSC,
    filters: Sequence[Json] = (),
    order: Literal["C", "F"] = "C",
    fill: object = 0,
    shards: Index | None = None,
    names: tuple[str | None, ...] | None = None,
    keys: Keys = Keys.V2_NESTED,
) -> ArrayLayout:
    """Give the layout of an array in the words of a `.zarray` document."""
    byte_order, data_type = datatypes.from_v2(dtype)
    chain = (
        [codecs.transpose(tuple(reversed(range(len(shape)))))]
        if order == "F" and len(shape) > 1
        else []
    )
    chain.append(codecs.serializer(data_type, byte_order))
    chain += [codecs.from_v2(c, data_type.itemsize) for c in filters]
    if compressor is not None:
        chain.append(codecs.from_v2(compressor, 1 if filters else data_type.itemsize))
    return ArrayLayout(
        shape=shape,
        data_type=data_type,
        chunks=chunks,
        shards=shards,
        codecs=tuple(chain),
        fill=datatypes.fill_from_v2(fill, data_type),
        keys=keys,
        dimension_names=names,
    )


def text_layout(chunks: Index, *, name: str = "vlen-utf8", order: str = "C") -> ArrayLayout:
    """Give the layout of an array of text or bytes of any length."""
    data_type = datatypes.from_v3("string" if name == "vlen-utf8" else "bytes")
    chain = (codecs.transpose(tuple(reversed(range(len(chunks))))),) if order == "F" else ()
    return ArrayLayout(
        shape=chunks,
        data_type=data_type,
        chunks=chunks,
        shards=None,
        codecs=(*chain, codecs.serializer(data_type, "|")),
        fill="",
        keys=Keys.V2_NESTED,
    )


def sizes(ndim: int, least: int, most: int) -> st.SearchStrategy[Index]:
    """Give tuples of that many whole numbers."""
    return st.tuples(*[st.integers(least, most)] * ndim)


@st.composite
def v2_documents(
    draw: st.DrawFn, compressors: Sequence[Json | None] = (*SHARED, *NOT_SHARED), most: int = 4
) -> dict[str, object]:
    """Give `.zarray` documents of every data type, in both orders, with any compressor."""
    ndim = draw(st.integers(0, 3))
    dtype = draw(st.sampled_from(sorted(FILLS)))
    return {
        "zarr_format": 2,
        "shape": list(draw(sizes(ndim, 0, 9))),
        "chunks": list(draw(sizes(ndim, 1, most))),
        "dtype": dtype,
        "compressor": draw(st.sampled_from(compressors)),
        "fill_value": draw(st.sampled_from(FILLS[dtype])),
        "order": draw(st.sampled_from("CF")),
        "filters": draw(st.sampled_from([None, []])),
        "dimension_separator": draw(st.sampled_from("./")),
    }
