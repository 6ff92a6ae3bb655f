"""From zlib's envelope to gzip's, with the deflate stream as it is."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import encode_chunk, sample
from tests.unit.layouts import ZLIB, bounded, layout_of
from zarrlift.chunks import codec
from zarrlift.errors import DamageError
from zarrlift.metadata import codecs


@bounded
@given(st.binary(min_size=1, max_size=3000), st.integers(0, 9))
def test_rewrapped_zlib_is_gzip_of_the_same_data(raw: bytes, level: int) -> None:
    """A rewrapped stream inflates as one gzip member, and holds the deflated bytes unchanged."""
    stream = zlib.compress(raw, level)

    made = codec.rewrap_zlib(stream, len(raw))

    assert gzip.decompress(made) == raw
    assert stream[2:-4] in made
    assert len(made) == len(stream) + 12
    assert codec.rewrap_zlib(memoryview(stream), len(raw)) == made


def test_rewrapped_chunk_decodes_as_the_target() -> None:
    """What is rewrapped reads as the gzip chunk that it stands for."""
    values = sample((16, 16), ">u2")
    source = layout_of((16, 16), (16, 16), dtype=">u2", compressor=ZLIB)
    target = replace(source, codecs=(*source.codecs[:-1], codecs.gzip(4)))
    data = encode_chunk(values, {"order": "C", "filters": None, "compressor": ZLIB})

    made = codec.rewrap_zlib(data, source.chunk_bytes)

    assert codec.decode(made, target).tobytes() == codec.decode(data, source).tobytes()


def test_text_is_rewrapped_whatever_its_size() -> None:
    """Where elements differ in length no size is due, and the stream must still be whole."""
    stream = zlib.compress(b"text of any length" * 100)

    assert gzip.decompress(codec.rewrap_zlib(stream, None)) == b"text of any length" * 100
    for spoilt in (stream[:-1], stream + b"\0", b""):
        with pytest.raises(DamageError):
            codec.rewrap_zlib(spoilt, None)


STREAM = zlib.compress(bytes(100))


def with_dictionary() -> bytes:
    """Deflate against a dictionary, which gzip has no place for."""
    packer = zlib.compressobj(zdict=b"0" * 32)
    return packer.compress(bytes(100)) + packer.flush()


@pytest.mark.parametrize(
    ("data", "size"),
    [
        pytest.param(b"", 100, id="empty"),
        pytest.param(STREAM[:1], 100, id="one-byte"),
        pytest.param(STREAM[:-1], 100, id="cut"),
        pytest.param(STREAM[:-4], 100, id="without-checksum"),
        pytest.param(STREAM + b"\0", 100, id="trailing"),
        pytest.param(STREAM * 2, 200, id="two"),
        pytest.param(STREAM, 99, id="too-long"),
        pytest.param(STREAM, 101, id="too-short"),
        pytest.param(STREAM[:-1] + b"\x77", 100, id="checksum"),
        pytest.param(gzip.compress(bytes(100)), 100, id="gzip"),
        pytest.param(b"\xff" * 50, 100, id="rubbish"),
        pytest.param(with_dictionary(), 100, id="dictionary"),
        pytest.param(zlib.compress(bytes(10**7)), 100, id="bomb"),
    ],
)
def test_streams_that_are_not_whole_are_not_rewrapped(data: bytes, size: int) -> None:
    """What does not inflate to just the chunk's bytes is damage."""
    with pytest.raises(DamageError):
        codec.rewrap_zlib(data, size)
