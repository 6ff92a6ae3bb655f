"""The method of an array, as a function of its two layouts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import BLOSC, Json
from tests.unit.layouts import (
    DELTA,
    GZIP,
    LZ4,
    NOT_SHARED,
    SHARED,
    SNAPPY,
    ZLIB,
    ZSTD,
    bounded,
    layout_of,
    v2_documents,
)
from zarrlift.metadata import codecs, v2
from zarrlift.metadata.layout import ArrayLayout, Keys
from zarrlift.plan import methods
from zarrlift.plan.methods import Method

SOURCE = layout_of((64, 64), (16, 16))


def kept(source: ArrayLayout, **changed: Any) -> ArrayLayout:
    """Give the target that keeps what it can, with some members changed."""
    coded = replace(
        methods.base_target(source, ("y", "x")), codecs=methods.target_codecs(source, "keep")
    )
    return replace(coded, **changed)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, Method.COPY, id="same"),
        pytest.param({"shards": (32, 32)}, Method.PACK, id="shards"),
        pytest.param(
            {"codecs": layout_of((64, 64), (16, 16), compressor=ZSTD).codecs},
            Method.RECODE,
            id="codec",
        ),
        pytest.param(
            {"codecs": layout_of((64, 64), (16, 16), compressor=None).codecs},
            Method.RECODE,
            id="no-codec",
        ),
        pytest.param(
            {"codecs": layout_of((64, 64), (16, 16), dtype=">u2").codecs},
            Method.RECODE,
            id="byte-order",
        ),
        pytest.param(
            {"codecs": layout_of((64, 64), (16, 16), order="F").codecs}, Method.RECODE, id="order"
        ),
        pytest.param({"chunks": (16, 8)}, Method.RECHUNK, id="chunks"),
        pytest.param(
            {"chunks": (16, 8), "shards": (32, 32)}, Method.RECHUNK, id="chunks-and-shards"
        ),
        pytest.param(
            {"dimension_names": None, "keys": Keys.V2_FLAT}, Method.COPY, id="names-and-keys"
        ),
    ],
)
def test_method_changes_the_least(changed: dict[str, object], expected: Method) -> None:
    """Chunks are compared first, then codecs, then shards; names and keys cost nothing."""
    assert methods.choose(SOURCE, kept(SOURCE, **changed)) is expected


@pytest.mark.parametrize("dtype", ["<u2", ">u2", "|b1", ">f8"])
@pytest.mark.parametrize("compressor", SHARED, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_shared_codecs_pass_undecoded(dtype: str, compressor: Json | None, order: str) -> None:
    """Any codec that v3 readers share, in any byte order and C or F order, is never decoded."""
    source = layout_of(
        (64, 64), (16, 16), dtype=dtype, compressor=compressor, order="F" if order == "F" else "C"
    )

    assert methods.choose(source, kept(source)) is Method.COPY
    assert methods.choose(source, kept(source, shards=(32, 32))) is Method.PACK
    assert Method.COPY.undecoded
    assert Method.PACK.undecoded


@pytest.mark.parametrize("compressor", NOT_SHARED, ids=str)
def test_codecs_that_readers_lack_are_recoded(compressor: Json) -> None:
    """Snappy, zlib, lz4, bz2 and lzma are recoded, and the reason names them."""
    source = layout_of((64, 64), (16, 16), compressor=compressor)
    target = kept(source, shards=(64, 64))

    assert methods.choose(source, target) is Method.RECODE
    assert not Method.RECODE.undecoded
    assert codecs.all_shared(target.codecs)
    assert str(compressor.get("cname", compressor["id"])) in methods.reason(source, target)


def test_filters_are_recoded_to_blosc_zstd() -> None:
    """A filter goes, since v3 readers lack it, and the reason names it alone."""
    source = layout_of((64, 64), (16, 16), filters=[DELTA], compressor=ZSTD)
    target = kept(source)

    assert codecs.describe(target.codecs) == "blosc:zstd:5:shuffle"
    assert methods.reason(source, target) == (
        "delta not shared by v3 readers; written as blosc:zstd:5:shuffle"
    )


@pytest.mark.parametrize(
    ("dtype", "expected"), [("|u1", "blosc:zstd:5:bitshuffle"), ("<u2", "blosc:zstd:5:shuffle")]
)
def test_recoded_arrays_get_the_shuffle_of_their_elements(dtype: str, expected: str) -> None:
    """What has to be recoded becomes blosc with zstd, shuffled by bits for single bytes."""
    source = layout_of((64, 64), (16, 16), dtype=dtype, compressor=LZ4)

    assert str(methods.target_codecs(source, "keep")[-1]) == expected
    assert methods.target_codecs(source, "keep")[-1].get("typesize") == source.data_type.itemsize


@pytest.mark.parametrize(("level", "expected"), [(4, 4), (0, 0), (9, 9), (-1, 6), (None, 1)])
def test_zlib_is_rewrapped_as_gzip_of_its_level(level: int | None, expected: int) -> None:
    """The zlib codec becomes gzip of the same level, without deflating again."""
    config = {"id": "zlib"} if level is None else {"id": "zlib", "level": level}
    source = layout_of((64, 64), (16, 16), compressor=config)
    target = kept(source)

    assert target.codecs[-1] == codecs.gzip(expected)
    assert methods.is_rewrap(source, target)
    assert methods.choose(source, target) is Method.RECODE
    assert "deflate" in methods.reason(source, target)


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        pytest.param(layout_of((64,), (16,), compressor=GZIP), {}, id="gzip-already"),
        pytest.param(
            layout_of((64,), (16,), compressor=ZLIB),
            {"codecs": layout_of((64,), (16,), compressor=ZSTD).codecs},
            id="to-zstd",
        ),
        pytest.param(
            layout_of((64,), (16,), compressor=ZLIB),
            {"codecs": layout_of((64,), (16,), compressor={"id": "gzip", "level": 9}).codecs},
            id="other-level",
        ),
        pytest.param(layout_of((64,), (16,), compressor=ZLIB), {"chunks": (8,)}, id="other-chunks"),
        pytest.param(
            layout_of((64,), (16,), compressor=ZLIB),
            {
                "codecs": layout_of(
                    (64,), (16,), dtype=">u2", compressor={"id": "gzip", "level": 4}
                ).codecs
            },
            id="other-byte-order",
        ),
        pytest.param(layout_of((64,), (16,), compressor=ZLIB, filters=[DELTA]), {}, id="filtered"),
    ],
)
def test_what_is_no_rewrap(source: ArrayLayout, changed: dict[str, object]) -> None:
    """Only zlib to gzip of the same level, chunks and values is a rewrap."""
    assert not methods.is_rewrap(source, kept(source, dimension_names=None, **changed))


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("keep", "blosc:lz4:5:shuffle"),
        ("none", "uncompressed"),
        ("zstd", "zstd:3"),
        ("gzip:9", "gzip:9"),
        ("blosc:zstd:1:noshuffle", "blosc:zstd:1:noshuffle"),
    ],
)
def test_codec_that_is_asked_for(wish: str, expected: str) -> None:
    """A codec asked for replaces the compressor, and byte order and order F stay."""
    for dtype, order, before in (("<u2", "C", ""), (">u2", "F", "order F, big-endian, ")):
        source = layout_of((64, 64), (16, 16), dtype=dtype, order="F" if order == "F" else "C")
        assert codecs.describe(methods.target_codecs(source, wish)) == before + expected


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (SOURCE, kept(SOURCE), "same chunks and codec; each object is copied as it is"),
        (
            SOURCE,
            kept(SOURCE, shards=(32, 32)),
            "same chunks and codec; encoded chunks are gathered into shards",
        ),
        (SOURCE, kept(SOURCE, chunks=(8, 64)), "chunks asked for: 16,16 to 8,64"),
        (
            SOURCE,
            kept(SOURCE, codecs=layout_of((64, 64), (16, 16), compressor=ZSTD).codecs),
            "codec asked for: blosc:lz4:5:shuffle to zstd:3",
        ),
        (
            layout_of((64, 64), (16, 16), compressor=SNAPPY),
            kept(layout_of((64, 64), (16, 16), compressor=SNAPPY)),
            "blosc:snappy:5:shuffle not shared by v3 readers; written as blosc:zstd:5:shuffle",
        ),
    ],
    ids=["copy", "pack", "rechunk", "recode-asked", "recode-needed"],
)
def test_reason_says_why(source: ArrayLayout, target: ArrayLayout, expected: str) -> None:
    """The reason is one line that says what makes the method necessary."""
    assert methods.reason(source, target) == expected


def test_base_target_has_v3_keys_and_names() -> None:
    """The target starts as the source under v3's nested keys, with its axes named."""
    made = methods.base_target(layout_of((4, 4), (2, 2), keys=Keys.V2_FLAT), ("y", None))

    assert made == layout_of((4, 4), (2, 2), keys=Keys.DEFAULT_NESTED, names=("y", None))


@bounded
@given(v2_documents(), st.sampled_from(["keep", "none", "zstd:1", "gzip", "blosc:lz4"]))
def test_target_codecs_are_always_shared(document: dict[str, object], wish: str) -> None:
    """Whatever the source and the wish, the target has codecs that v3 readers share, in order."""
    source = v2.read_array(json.dumps(document).encode()).layout

    made = methods.target_codecs(source, wish)

    assert codecs.all_shared(made)
    inner = tuple(c for c in made if c.name in {"transpose", "bytes"})
    assert made[: len(inner)] == inner == source.codecs[: len(inner)]
    assert len(made) <= len(inner) + 1


def test_blosc_as_asked_equals_the_sources_is_packed() -> None:
    """Asking for the codec that the source has already decodes nothing."""
    source = layout_of((64, 64), (16, 16), compressor={**BLOSC, "cname": "zstd"})

    target = kept(source, codecs=methods.target_codecs(source, "blosc:zstd:5:shuffle"))

    assert methods.choose(source, target) is Method.COPY
