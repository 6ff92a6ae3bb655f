"""Decoding and encoding one chunk, against NumPy, numcodecs and the standard library."""

from __future__ import annotations

import gzip
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numcodecs.registry import get_codec
from numcodecs.vlen import VLenBytes, VLenUTF8

from tests import frames
from tests.build import BLOSC, Json, Values, encode_chunk, sample
from tests.unit.layouts import (
    DELTA,
    FILLS,
    GZIP,
    LZ4,
    NOT_SHARED,
    SHARED,
    ZLIB,
    ZSTD,
    bounded,
    layout_of,
    sizes,
    text_layout,
)
from zarrlift.chunks import codec
from zarrlift.errors import DamageError
from zarrlift.metadata import json_text, v2
from zarrlift.metadata.layout import ArrayLayout

ENCODABLE = [*SHARED, *(c for c in NOT_SHARED if c.get("cname") != "snappy")]
"""Compressors of which numcodecs has the encoder; its blosc is built without snappy."""
Order = Literal["C", "F"]


def values_of(dtype: str, shape: tuple[int, ...], seed: int = 0) -> Values:
    """Give values of any type, every bit of it in use, in the type's own byte order."""
    kind = np.dtype(dtype)
    rng = np.random.default_rng(seed)
    if kind.kind in "mM":
        return (
            rng.integers(-(2**62), 2**62, shape)
            .astype("i8")
            .view(kind.newbyteorder("="))
            .astype(kind)
        )
    if kind.kind in "SU":
        return rng.integers(1, 10**kind.itemsize if kind.itemsize < 9 else 10**9, shape).astype(
            kind
        )
    return sample(shape, dtype, seed)


def native(values: Values) -> Values:
    """Give values in the machine's own byte order."""
    return values.astype(values.dtype.newbyteorder("="))


@st.composite
def chunks(draw: st.DrawFn) -> tuple[ArrayLayout, Values]:
    """Give a chunk of any type, order and compressor, and its layout."""
    dtype, shape = (
        draw(st.sampled_from(sorted(FILLS))),
        draw(st.integers(0, 3).flatmap(lambda n: sizes(n, 1, 7))),
    )
    layout = layout_of(
        shape,
        shape,
        dtype=dtype,
        compressor=draw(st.sampled_from(ENCODABLE)),
        order=draw(st.sampled_from(["C", "F"])),
        fill=None,
    )
    return layout, native(values_of(dtype, shape, draw(st.integers(0, 9))))


@bounded
@given(chunks())
def test_decoding_gives_what_was_encoded(case: tuple[ArrayLayout, Values]) -> None:
    """Whatever type, order and codec, a chunk comes back bit for bit, in native order."""
    layout, values = case

    found = codec.decode(codec.encode(values, layout), layout)

    assert found.shape == values.shape
    assert found.dtype == codec.native_type(layout) == values.dtype
    assert found.tobytes() == values.tobytes()


@bounded
@given(chunks())
def test_encoding_is_deterministic(case: tuple[ArrayLayout, Values]) -> None:
    """The same values give the same bytes, whether they lie in C or F order in memory."""
    layout, values = case

    assert codec.encode(np.array(values, order="F"), layout) == codec.encode(values.copy(), layout)


@pytest.mark.parametrize("dtype", sorted(FILLS))
@pytest.mark.parametrize("compressor", [None, BLOSC, ZSTD, GZIP, ZLIB], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_chunks_of_other_writers_decode(dtype: str, compressor: Json | None, order: Order) -> None:
    """A chunk that numcodecs alone encoded, as a `.zarray` says, has the values put in."""
    values = values_of(dtype, (5, 6))
    document = {"order": order, "filters": None, "compressor": compressor}
    layout = layout_of((5, 6), (5, 6), dtype=dtype, compressor=compressor, order=order, fill=None)

    found = codec.decode(encode_chunk(values, document), layout)

    assert found.tobytes() == native(values).tobytes()


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param([DELTA], id="delta"),
        pytest.param([{"id": "shuffle", "elementsize": 2}], id="shuffle"),
        pytest.param([DELTA, {"id": "shuffle", "elementsize": 2}], id="two"),
        pytest.param(
            [{"id": "fixedscaleoffset", "offset": 0, "scale": 1, "dtype": "<u2", "astype": "<u4"}],
            id="scale",
        ),
        pytest.param([{"id": "astype", "encode_dtype": "<u4", "decode_dtype": "<u2"}], id="astype"),
        pytest.param([{"id": "crc32"}], id="crc32"),
        pytest.param([{"id": "fletcher32"}], id="fletcher32"),
        pytest.param([{"id": "base64"}], id="base64"),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("compressor", [None, BLOSC, GZIP], ids=str)
def test_filtered_chunks_decode(filters: list[Json], order: Order, compressor: Json | None) -> None:
    """Filters are undone in reverse order, under any compressor, in C and F order."""
    values = sample((6, 4), "<u2")
    document = {"order": order, "filters": filters, "compressor": compressor}
    layout = layout_of((6, 4), (6, 4), filters=filters, compressor=compressor, order=order)

    np.testing.assert_array_equal(codec.decode(encode_chunk(values, document), layout), values)


def test_lzma_with_filters_of_its_own_decodes() -> None:
    """An lzma compressor that is configured by a list of filters is run with that list."""
    config = {
        "id": "lzma",
        "format": 3,
        "check": -1,
        "preset": None,
        "filters": [{"id": 0x21, "preset": 1}],
    }
    values = sample((6, 4), "<u2")
    document = {
        "zarr_format": 2,
        "shape": [6, 4],
        "chunks": [6, 4],
        "dtype": "<u2",
        "compressor": config,
        "fill_value": 0,
        "order": "C",
        "filters": None,
    }
    layout = v2.read_array(json_text.write(document)).layout

    np.testing.assert_array_equal(codec.decode(encode_chunk(values, document), layout), values)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("vlen-utf8", ["", "µm", "cell", "x" * 300, "é", "0"]),
        ("vlen-bytes", [b"", b"\0", b"cell", b"x" * 300, b"\xff", b"0"]),
    ],
)
def test_text_and_bytes_of_any_length(name: str, values: list[object], order: Order) -> None:
    """Text and bytes come back from what numcodecs wrote and from what was encoded here."""
    chunk = np.array(values, object).reshape(2, 3)
    layout = text_layout((2, 3), name=name, order=order)
    writer = VLenUTF8() if name == "vlen-utf8" else VLenBytes()

    written = bytes(writer.encode(chunk.reshape(-1, order=order)))

    assert codec.decode(written, layout).tolist() == chunk.tolist()
    assert codec.decode(codec.encode(chunk, layout), layout).tolist() == chunk.tolist()
    assert codec.encode(chunk, layout) == written


def test_any_byte_but_zero_is_true() -> None:
    """A bool stored as 2 reads as true and is written as 1."""
    layout = layout_of((4,), (4,), dtype="|b1", compressor=None, fill=False)

    found = codec.decode(b"\x00\x01\x02\xff", layout)

    assert found.tolist() == [False, True, True, True]
    assert codec.encode(found, layout) == b"\x00\x01\x01\x01"


@pytest.mark.parametrize("compressor", [c for c in SHARED if c and c["id"] != "gzip"], ids=str)
@pytest.mark.parametrize("dtype", ["|u1", "<u2", ">f8", "<c8"])
def test_encoded_bytes_are_those_of_numcodecs(compressor: Json, dtype: str) -> None:
    """With the settings of a v2 compressor, encoding gives the bytes that it gave."""
    values = sample((40, 50), dtype)
    document = {"order": "C", "filters": None, "compressor": compressor}
    layout = layout_of((40, 50), (40, 50), dtype=dtype, compressor=compressor)

    assert codec.encode(native(values), layout) == encode_chunk(values, document)


def test_gzip_is_what_the_standard_library_reads() -> None:
    """A gzip chunk has no time in its header, is one member, and inflates elsewhere."""
    values = sample((32, 32), "<u2")

    data = codec.encode(values, layout_of((32, 32), (32, 32), compressor=GZIP))

    assert data[4:8] == bytes(4)
    assert gzip.decompress(data) == values.tobytes()


def test_blosc_header_has_the_elements_size() -> None:
    """The frame's header says the same typesize as the document does."""
    for dtype in ("|u1", "<u2", ">f8", "<M8[s]", "<U2", "<c16"):
        layout = layout_of((64,), (64,), dtype=dtype, fill=None)
        data = codec.encode(native(values_of(dtype, (64,))), layout)
        assert data[3] == layout.codecs[-1].get("typesize")


@pytest.mark.parametrize("compressor", ENCODABLE, ids=str)
@pytest.mark.parametrize("shape", [(3, 8), (5, 8), (0, 8)])
def test_chunks_of_another_size_are_damage(compressor: Json | None, shape: tuple[int, int]) -> None:
    """What decodes to fewer or more bytes than the chunk has is damage, not cut or padded."""
    document = {"order": "C", "filters": None, "compressor": compressor}
    other = encode_chunk(sample(shape, "<u2"), document)

    with pytest.raises(DamageError):
        codec.decode(other, layout_of((4, 8), (4, 8), compressor=compressor))


@bounded
@given(st.sampled_from([c for c in ENCODABLE if c]), st.binary(max_size=80))
def test_bytes_that_are_no_frame_are_damage(compressor: Json, data: bytes) -> None:
    """Whatever bytes are decoded, what comes is a chunk or damage, never another error."""
    layout = layout_of((64, 64), (64, 64), compressor=compressor)

    with pytest.raises(DamageError):
        codec.decode(data, layout)


@pytest.mark.parametrize("compressor", [c for c in ENCODABLE if c], ids=str)
def test_frames_that_are_cut_are_damage(compressor: Json) -> None:
    """The beginning of a frame is never taken for a chunk."""
    layout = layout_of((16, 16), (16, 16), compressor=compressor)
    frame = (
        codec.encode(sample((16, 16), "<u2"), layout)
        if layout.codecs[-1].shared
        else bytes(get_codec(dict(compressor)).encode(sample((16, 16), "<u2")))
    )

    for cut in (0, 1, 7, 15, len(frame) // 2, len(frame) - 1):
        with pytest.raises(DamageError):
            codec.decode(frame[:cut], layout)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xff\xff\xff\xff", b"\x02\0\0\0\x01\0\0\0a"])
def test_text_that_is_cut_is_damage(data: bytes) -> None:
    """A chunk of text with too few elements, or none, is damage."""
    with pytest.raises(DamageError):
        codec.decode(data, text_layout((2,)))


def test_versions_name_the_libraries_that_encode() -> None:
    """The plan can record what decides the encoded bytes."""
    assert codec.versions().keys() == {"numcodecs", "blosc", "zlib"}
    assert all(codec.versions().values())


def test_frames_with_any_header_decode() -> None:
    """Frames of other writers, with names in the header or no size, are decoded all the same."""
    values = sample((16, 16), "<u2")
    layout = layout_of((16, 16), (16, 16), compressor=GZIP)
    zstd = layout_of((16, 16), (16, 16), compressor=ZSTD)
    blosc = layout_of((16, 16), (16, 16), compressor=BLOSC)

    for data, of in (
        (frames.gzip_with_name(values.tobytes()), layout),
        (frames.zstd_without_size(values.tobytes()), zstd),
        (frames.blosc_of_bytes(values.tobytes()), blosc),
    ):
        np.testing.assert_array_equal(codec.decode(data, of), values)


def test_lz4_decodes() -> None:
    """An lz4 chunk, which is only ever read, has its values."""
    values = sample((8, 8), "<u2")
    data = encode_chunk(values, {"order": "C", "filters": None, "compressor": LZ4})

    np.testing.assert_array_equal(
        codec.decode(data, layout_of((8, 8), (8, 8), compressor=LZ4)), values
    )


@pytest.mark.parametrize(
    ("compressor", "in_place"), [(BLOSC, True), (LZ4, True), (ZSTD, False), (None, False)]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_chunk_is_decoded_into_given_memory(
    compressor: Json | None, order: Order, *, in_place: bool
) -> None:
    """Where a header states the size, a chunk comes to lie where it is wanted, in stored order."""
    values = sample((6, 8), ">u2")
    layout = layout_of((6, 8), (6, 8), dtype=">u2", compressor=compressor, order=order)
    document: Json = {"order": order, "filters": None, "compressor": compressor}
    room = np.zeros(layout.chunk_bytes, np.uint8)

    made = codec.decode_stored(encode_chunk(values, document), layout, room)

    np.testing.assert_array_equal(made, values)
    assert made.dtype == np.dtype(">u2")
    assert np.shares_memory(made, room) is in_place


@pytest.mark.parametrize("compressor", [BLOSC, LZ4], ids=str)
@pytest.mark.parametrize("side", [5, 7])
def test_chunk_of_another_size_is_not_decoded_into_given_memory(
    compressor: Json, side: int
) -> None:
    """A chunk of fewer or more bytes than are due is damaged, and leaves the memory alone."""
    layout = layout_of((6, 6), (6, 6), compressor=compressor)
    document: Json = {"order": "C", "filters": None, "compressor": compressor}
    room = np.zeros(layout.chunk_bytes, np.uint8)

    with pytest.raises(DamageError, match="decodes to"):
        codec.decode_stored(encode_chunk(sample((side, side), "<u2"), document), layout, room)

    assert not room.any()
