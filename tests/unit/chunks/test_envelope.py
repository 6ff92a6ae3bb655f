"""The envelope check: which encoded chunks pass undecoded."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numcodecs.registry import get_codec

from tests import frames
from tests.build import BLOSC, Json
from tests.unit.layouts import (
    DELTA,
    GZIP,
    LZ4,
    ZLIB,
    ZSTD,
    bounded,
    layout_of,
    text_layout,
)
from zarrlift.chunks import envelope
from zarrlift.metadata.layout import ArrayLayout

CHUNK = (16, 24)
RAW = np.arange(16 * 24, dtype="<u2").tobytes()
COMPRESSORS: tuple[Json, ...] = (
    BLOSC,
    {**BLOSC, "cname": "zstd", "shuffle": 2},
    {**BLOSC, "clevel": 0},
    GZIP,
    {"id": "gzip", "level": 0},
    ZSTD,
    {"id": "zstd", "level": 1, "checksum": True},
)


def plain(compressor: Json | None, dtype: str = "<u2") -> ArrayLayout:
    """Give the layout of chunks of 384 elements."""
    return layout_of((32, 48), CHUNK, dtype=dtype, compressor=compressor)


def encoded(compressor: Json, raw: bytes = RAW) -> bytes:
    """Encode bytes with numcodecs."""
    return bytes(get_codec(dict(compressor)).encode(raw))


@dataclass(frozen=True)
class Frame:
    """Bytes of a chunk, under some compressor, and what is wrong with them."""

    id: str
    compressor: Json | None
    data: bytes
    problem: str | None = None
    dtype: str = "<u2"


def changed(data: bytes, at: int, value: bytes) -> bytes:
    """Give bytes with some of them replaced."""
    return data[:at] + value + data[at + len(value) :]


LZ4_FRAME, GZIP_FRAME, ZSTD_FRAME = encoded(BLOSC), encoded(GZIP), encoded(ZSTD)
SHORT = RAW[:-48]
TWO_MEMBERS = encoded(GZIP, RAW[:100]) + encoded(GZIP, RAW[100:])
TWO_FRAMES = encoded(ZSTD, RAW[:100]) + encoded(ZSTD, RAW[100:])

FRAMES = [
    *[Frame(f"good-{c}", c, encoded(c)) for c in COMPRESSORS],
    Frame("good-raw", None, RAW),
    Frame("good-bool", None, bytes([0, 1] * 192), dtype="|b1"),
    Frame("good-gzip-with-name", GZIP, frames.gzip_with_name(RAW)),
    Frame("good-gzip-of-the-standard-library", GZIP, gzip.compress(RAW, 9, mtime=0)),
    Frame("good-zstd-without-size", ZSTD, frames.zstd_without_size(RAW)),
    Frame("good-blosc-of-bytes", BLOSC, frames.blosc_of_bytes(RAW)),
    Frame("raw-empty", None, b"", "holds 0 bytes where 768 are due"),
    Frame("raw-short", None, SHORT, "holds 720 bytes where 768 are due"),
    Frame("raw-long", None, RAW + b"\0", "holds 769 bytes where 768 are due"),
    Frame("bool-two", None, bytes([0, 1] * 191 + [0, 2]), "bools other than 0 and 1", "|b1"),
    Frame("bool-short", None, bytes([0, 2]), "holds 2 bytes where 384 are due", "|b1"),
    Frame("blosc-empty", BLOSC, b"", "fewer than a blosc header"),
    Frame("blosc-header-only", BLOSC, LZ4_FRAME[:15], "fewer than a blosc header"),
    Frame("blosc-version", BLOSC, changed(LZ4_FRAME, 0, b"\x05"), "blosc format 5"),
    Frame("blosc-short", BLOSC, LZ4_FRAME[:-1], "blosc header states"),
    Frame("blosc-trailing", BLOSC, LZ4_FRAME + b"\0", "blosc header states"),
    Frame("blosc-unpadded", BLOSC, encoded(BLOSC, SHORT), "decodes to 720 bytes"),
    Frame("blosc-snappy", BLOSC, frames.blosc_snappy(RAW), "snappy"),
    Frame("blosc-snappy-stored", BLOSC, frames.blosc_snappy_stored(RAW), "snappy"),
    Frame("blosc-of-zeros", BLOSC, bytes(64), "blosc format 0"),
    Frame("gzip-empty", GZIP, b"", "is no gzip stream"),
    Frame("gzip-magic", GZIP, changed(GZIP_FRAME, 1, b"\x8c"), "is no gzip stream"),
    Frame("gzip-method", GZIP, changed(GZIP_FRAME, 2, b"\x07"), "is no gzip stream"),
    Frame("gzip-short", GZIP, GZIP_FRAME[:-1], "gzip tail states"),
    Frame("gzip-trailing-zeros", GZIP, GZIP_FRAME + bytes(16), "gzip tail states 0 bytes"),
    Frame("gzip-members", GZIP, TWO_MEMBERS, "gzip tail states 668 bytes"),
    Frame("gzip-unpadded", GZIP, encoded(GZIP, SHORT), "gzip tail states 720 bytes"),
    Frame("gzip-is-zlib", GZIP, encoded(ZLIB), "is no gzip stream"),
    Frame("zstd-empty", ZSTD, b"", "is no zstd frame"),
    Frame("zstd-magic", ZSTD, changed(ZSTD_FRAME, 0, b"\x27"), "is no zstd frame"),
    Frame("zstd-skippable", ZSTD, b"\x50\x2a\x4d\x18" + bytes(8), "is no zstd frame"),
    Frame("zstd-short", ZSTD, ZSTD_FRAME[:-1], "zstd frame ends at"),
    Frame("zstd-no-block", ZSTD, ZSTD_FRAME[:9], "zstd frame is cut short"),
    Frame("zstd-trailing", ZSTD, ZSTD_FRAME + b"\0", "zstd frame ends at"),
    Frame("zstd-frames", ZSTD, TWO_FRAMES, "decodes to 100 bytes"),
    Frame("zstd-frames-equal", ZSTD, ZSTD_FRAME * 2, "zstd frame ends at"),
    Frame("zstd-unpadded", ZSTD, encoded(ZSTD, SHORT), "decodes to 720 bytes"),
    Frame(
        "zstd-without-size-cut",
        ZSTD,
        frames.zstd_without_size(RAW)[:-103],
        "zstd frame is cut short",
    ),
]


@pytest.mark.parametrize("case", FRAMES, ids=lambda case: case.id)
def test_frames(case: Frame) -> None:
    """What a conforming writer writes passes; each other frame is told from it, in words."""
    problem = envelope.check_for(plain(case.compressor, case.dtype))(case.data)

    assert problem is None if case.problem is None else case.problem in str(problem)


@pytest.mark.parametrize("wrap", [bytearray, memoryview, lambda b: memoryview(bytearray(b))])
def test_checks_take_any_buffer(wrap: Callable[[bytes], bytearray]) -> None:
    """A chunk in a reused buffer is judged like one in bytes of its own."""
    for case in FRAMES:
        check = envelope.check_for(plain(case.compressor, case.dtype))
        assert check(wrap(case.data)) == check(case.data)


@pytest.mark.parametrize("case", FRAMES, ids=lambda case: case.id)
def test_head_is_judged_as_the_whole(case: Frame) -> None:
    """Where a chunk's head suffices, it gives the verdict of all its bytes."""
    layout = plain(case.compressor, case.dtype)
    judge = envelope.head_check_for(layout)
    if (case.compressor or BLOSC)["id"] != "blosc" or case.dtype == "|b1":
        assert judge is None
        return

    assert judge is not None
    whole = envelope.check_for(layout)(case.data)
    assert judge(case.data[: envelope.HEAD], len(case.data)) == whole


UNSEEN = (
    *("zstd-short", "zstd-no-block", "zstd-trailing", "zstd-frames-equal"),
    *("gzip-magic", "gzip-method"),
)
"""What is wrong with these cannot be told from the few bytes of a glimpse."""


@pytest.mark.parametrize("case", FRAMES, ids=lambda case: case.id)
def test_glimpse_is_as_strict_but_for_what_it_cannot_see(case: Frame) -> None:
    """What fails as a whole fails at a glimpse; a frame that does not state its size does, too."""
    glimpse = envelope.glimpse_for(plain(case.compressor, case.dtype))
    if case.dtype == "|b1":
        assert glimpse is None
        return

    assert glimpse is not None
    offset, length = glimpse.span(len(case.data))
    problem = glimpse.check(case.data[offset : offset + length], len(case.data))
    assert length <= 18
    if case.id == "good-zstd-without-size":
        assert problem == "zstd frame states None bytes where 768 are due"
    else:
        assert (problem is None) == (case.problem is None or case.id in UNSEEN)


def test_glimpse_minds_objects_that_are_shorter_than_listed() -> None:
    """An object may change between the listing and the look."""
    for compressor in (BLOSC, GZIP, ZSTD):
        glimpse = envelope.glimpse_for(plain(compressor))
        assert glimpse is not None
        assert all(glimpse.check(bytes(n), 100) is not None for n in range(8))


def test_head_tells_nothing_of_filtered_or_variable_chunks() -> None:
    """Behind a filter sizes are not known, so the whole chunk is looked at."""
    filtered = layout_of((32, 48), CHUNK, compressor=BLOSC, filters=[DELTA])
    coded = envelope.head_check_for(filtered)

    assert coded is None
    assert envelope.head_check_for(text_layout((4,))) is None
    assert envelope.glimpse_for(filtered) is None
    assert envelope.glimpse_for(text_layout((4,))) is None


payloads = st.one_of(
    st.integers(1, 700).map(bytes),
    st.integers(1, 700).map(lambda n: np.random.default_rng(n).bytes(n)),
    st.integers(1, 300).map(lambda n: np.arange(n, dtype="<u2").tobytes()),
)


@bounded
@given(st.sampled_from(COMPRESSORS), payloads, st.data())
def test_cut_frames_never_pass(compressor: Json, raw: bytes, data: st.DataObject) -> None:
    """Whatever a frame holds, it passes whole, and none of its beginnings does."""
    frame = encoded(compressor, raw)
    layout = layout_of((len(raw),), (len(raw),), dtype="|u1", compressor=compressor)
    check = envelope.check_for(layout)
    cuts = data.draw(st.lists(st.integers(0, len(frame) - 1), min_size=1, max_size=20))

    assert check(frame) is None
    assert all(check(frame[:cut]) is not None for cut in (*cuts, 0, len(frame) - 1))


@bounded
@given(st.sampled_from(COMPRESSORS), payloads, st.binary(min_size=1, max_size=40))
def test_frames_of_another_size_never_pass(compressor: Json, raw: bytes, more: bytes) -> None:
    """A frame of more data than is due is told by its header or tail, and so are bytes after it."""
    layout = layout_of((len(raw),), (len(raw),), dtype="|u1", compressor=compressor)
    check = envelope.check_for(layout)

    assert check(encoded(compressor, raw + more)) is not None
    if compressor["id"] != "gzip":
        assert check(encoded(compressor, raw) + more) is not None


@bounded
@given(st.binary(max_size=60), st.sampled_from([None, *COMPRESSORS]))
def test_any_bytes_are_judged(data: bytes, compressor: Json | None) -> None:
    """A check answers for any bytes whatever, and never fails itself."""
    problem = envelope.check_for(plain(compressor))(data)

    assert isinstance(problem, str)


@pytest.mark.parametrize("content", [0, 255, 256, 257, 65_791, 65_792, 70_000])
def test_zstd_content_size_of_any_width(content: int) -> None:
    """A size stated in 1, 2 or 4 bytes is read exactly, and one byte more or less is refused."""
    frame = encoded(ZSTD, bytes(content))

    assert envelope.zstd_problem(frame, content) is None
    assert envelope.zstd_problem(frame, content + 1) == (
        f"decodes to {content} bytes where {content + 1} are due"
    )


@pytest.mark.parametrize("single", [True, False], ids=["single-segment", "windowed"])
@pytest.mark.parametrize("dictionary", [0, 1, 2, 3])
@pytest.mark.parametrize("checksum", [False, True])
def test_zstd_headers_of_every_form(single: bool, dictionary: int, checksum: bool) -> None:
    """Window, dictionary number, a size of eight bytes and a checksum are all stepped over."""
    flags = 3 << 6 | single << 5 | checksum << 2 | dictionary
    header = b"\x28\xb5\x2f\xfd" + bytes([flags]) + (b"" if single else b"\x50")
    header += bytes((0, 1, 2, 4)[dictionary]) + (300).to_bytes(8, "little")
    blocks = [(0, 100, bytes(100)), (1, 100, b"x"), (0, 100, bytes(100))]
    body = b"".join(
        struct.pack("<I", (n == 2) | kind << 1 | size << 3)[:3] + data
        for n, (kind, size, data) in enumerate(blocks)
    )
    frame = header + body + (b"sum!" if checksum else b"")

    assert envelope.zstd_problem(frame, 300) is None
    assert envelope.zstd_problem(frame[:-1], 300) is not None
    assert envelope.zstd_problem(frame, 301) is not None


def test_size_behind_a_filter_is_not_known() -> None:
    """What a filter made longer or shorter is judged by its own frame alone."""
    check = envelope.check_for(layout_of((32, 48), CHUNK, compressor=ZSTD, filters=[DELTA]))

    assert check(encoded(ZSTD, RAW + RAW)) is None
    assert check(encoded(ZSTD)[:-1]) is not None


@pytest.mark.parametrize(
    ("layout", "good"),
    [
        pytest.param(plain(LZ4), encoded(LZ4), id="lz4"),
        pytest.param(
            layout_of((32, 48), CHUNK, compressor=None, filters=[DELTA]), b"1", id="filter"
        ),
        pytest.param(text_layout((4,)), b"1", id="text"),
    ],
)
def test_what_is_decoded_anyway_needs_only_be_there(layout: ArrayLayout, good: bytes) -> None:
    """Where the size cannot be told without decoding, an object just has to hold something."""
    check = envelope.check_for(layout)

    assert check(b"") is not None
    assert check(good) is None


def test_size_of_text_is_not_known() -> None:
    """A frame of text of any length passes by its own length alone."""
    layout = text_layout((4,))
    packed = layout_of((4,), (4,), compressor=BLOSC).codecs[-1]
    check = envelope.check_for(replace(layout, codecs=(*layout.codecs, packed)))

    assert check(LZ4_FRAME) is None
    assert check(LZ4_FRAME[:-1]) is not None
