"""Codecs from Zarr v2's spelling to v3's, and from what users write."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numcodecs.registry import codec_registry, get_codec

from tests.build import BLOSC, Json
from tests.unit.layouts import NOT_SHARED, SHARED, bounded, layout_of
from zarrlift.errors import DocumentError, UsageError
from zarrlift.metadata import codecs, datatypes
from zarrlift.metadata.codecs import Codec


@dataclass(frozen=True)
class Spelling:
    """A v2 codec, the size of the elements that reach it, and its v3 form."""

    id: str
    v2: Json
    itemsize: int
    v3: Json


def blosc(typesize: int, **changed: object) -> Json:
    """Give blosc's v3 form with its defaults."""
    settings = {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "blocksize": 0}
    return {"name": "blosc", "configuration": {"typesize": typesize, **settings, **changed}}


def zstd(level: int, *, checksum: bool = False) -> Json:
    """Give zstd's v3 form."""
    return {"name": "zstd", "configuration": {"level": level, "checksum": checksum}}


def gzip(level: int) -> Json:
    """Give gzip's v3 form."""
    return {"name": "gzip", "configuration": {"level": level}}


SPELLINGS = [
    Spelling("blosc", BLOSC, 2, blosc(2)),
    Spelling("blosc-bare", {"id": "blosc"}, 4, blosc(4)),
    Spelling("blosc-shuffle-0", {**BLOSC, "shuffle": 0}, 2, blosc(2, shuffle="noshuffle")),
    Spelling("blosc-shuffle-2", {**BLOSC, "shuffle": 2}, 8, blosc(8, shuffle="bitshuffle")),
    Spelling("blosc-auto-1", {**BLOSC, "shuffle": -1}, 1, blosc(1, shuffle="bitshuffle")),
    Spelling("blosc-auto-2", {**BLOSC, "shuffle": -1}, 2, blosc(2, shuffle="shuffle")),
    Spelling("blosc-auto-16", {**BLOSC, "shuffle": -1}, 16, blosc(16, shuffle="shuffle")),
    Spelling("blosc-large-elements", BLOSC, 256, blosc(1)),
    Spelling("blosc-largest-typesize", BLOSC, 255, blosc(255)),
    Spelling(
        "blosc-zstd", {**BLOSC, "cname": "zstd", "clevel": 9}, 2, blosc(2, cname="zstd", clevel=9)
    ),
    Spelling("blosc-blocksize", {**BLOSC, "blocksize": 4096}, 2, blosc(2, blocksize=4096)),
    Spelling("blosc-snappy", {**BLOSC, "cname": "snappy"}, 2, blosc(2, cname="snappy")),
    Spelling("zstd", {"id": "zstd", "level": 5}, 2, zstd(5)),
    Spelling("zstd-bare", {"id": "zstd"}, 2, zstd(0)),
    Spelling(
        "zstd-checksum", {"id": "zstd", "level": 1, "checksum": True}, 2, zstd(1, checksum=True)
    ),
    Spelling("zstd-level-too-high", {"id": "zstd", "level": 99}, 2, zstd(22)),
    Spelling("zstd-level-too-low", {"id": "zstd", "level": -999999}, 2, zstd(-131072)),
    Spelling("gzip", {"id": "gzip", "level": 9}, 2, gzip(9)),
    Spelling("gzip-bare", {"id": "gzip"}, 2, gzip(1)),
    Spelling("gzip-minus-one", {"id": "gzip", "level": -1}, 2, gzip(6)),
    Spelling("gzip-zero", {"id": "gzip", "level": 0}, 2, gzip(0)),
    Spelling("gzip-too-high", {"id": "gzip", "level": 12}, 2, gzip(9)),
    Spelling("text", {"id": "vlen-utf8"}, 1, {"name": "vlen-utf8"}),
    Spelling("bytes", {"id": "vlen-bytes"}, 1, {"name": "vlen-bytes"}),
]


@pytest.mark.parametrize("case", SPELLINGS, ids=lambda case: case.id)
def test_v2_spelling_becomes_v3(case: Spelling) -> None:
    """Each v2 codec that v3 has is written in v3's exact terms, `typesize` always stated."""
    made = codecs.from_v2(case.v2, case.itemsize)

    assert made.to_json() == case.v3
    assert not made.v2_only


def test_spelling_ids_are_unique() -> None:
    """No two cases share an id."""
    assert len(SPELLINGS) == len({case.id for case in SPELLINGS})


@pytest.mark.parametrize("code", ["|u1", "|b1", "<u2", "<f8"])
@pytest.mark.parametrize("cname", ["lz4", "zstd"])
def test_automatic_shuffle_is_resolved_as_numcodecs_does(code: str, cname: str) -> None:
    """Encoding with the shuffle stated gives the bytes that the automatic one gives."""
    values = np.zeros(4096, code)
    values[::3] = 1
    automatic = {**BLOSC, "cname": cname, "shuffle": -1}
    resolved = codecs.from_v2(automatic, values.itemsize).get("shuffle")
    stated = {**automatic, "shuffle": codecs.SHUFFLES.index(str(resolved))}

    assert get_codec(stated).encode(values) == get_codec(automatic).encode(values)


@pytest.mark.parametrize("name", sorted(codecs.DECODABLE_V2))
def test_what_v3_lacks_is_never_shared(name: str) -> None:
    """A v2 codec without a v3 form is known, marked, and not written."""
    made = codecs.from_v2({"id": name, "level": 3}, 2)

    assert made == Codec(name=name, configuration=(("level", 3),), v2_only=True)
    assert not made.shared


def test_every_decodable_codec_is_one_of_numcodecs() -> None:
    """What the table says can be decoded has a decoder."""
    assert codecs.DECODABLE_V2 - codec_registry.keys() <= {"crc32c"}
    assert not codecs.DECODABLE_V2 & {"pickle", "json2", "msgpack2"}


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"id": "jpegxl"}, id="unknown"),
        pytest.param({"id": "pickle"}, id="runs-code"),
        pytest.param({"id": "numcodecs.lz4"}, id="v3-name"),
        pytest.param({"id": None}, id="null"),
        pytest.param({"id": ["lz4"]}, id="list"),
        pytest.param({}, id="none"),
        pytest.param({"id": "gzip", "level": "high"}, id="level-text"),
        pytest.param({"id": "zstd", "level": 1.5}, id="level-fraction"),
        pytest.param({"id": "blosc", "cname": "lz5"}, id="blosc-cname"),
        pytest.param({"id": "blosc", "shuffle": 3}, id="blosc-shuffle"),
        pytest.param({"id": "blosc", "clevel": "5"}, id="blosc-clevel"),
        pytest.param({"id": "blosc", "blocksize": None}, id="blosc-blocksize"),
    ],
)
def test_unknown_codecs_are_document_errors(config: Json) -> None:
    """A codec that is unknown, unsafe or badly configured is refused, never guessed."""
    with pytest.raises(DocumentError):
        codecs.from_v2(config, 2)


@pytest.mark.parametrize("config", [c for c in SHARED if c], ids=str)
def test_shared_codecs_survive_the_document(config: Json) -> None:
    """A shared codec read back from its v3 form is the same codec."""
    made = codecs.from_v2(config, 2)

    assert made.shared
    assert codecs.from_v3(made.to_json()) == made


@pytest.mark.parametrize("config", NOT_SHARED, ids=str)
def test_codecs_that_some_readers_lack_are_not_shared(config: Json) -> None:
    """Snappy, zlib, lz4, bz2 and lzma are never taken for codecs of v3."""
    assert not codecs.all_shared((codecs.from_v2(config, 2),))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("bytes", Codec(name="bytes")),
        ({"name": "bytes"}, Codec(name="bytes")),
        ({"name": "crc32c", "configuration": {}}, Codec(name="crc32c")),
        (
            {"name": "transpose", "configuration": {"order": [1, 0]}},
            Codec(name="transpose", configuration=(("order", (1, 0)),)),
        ),
    ],
)
def test_short_hand_and_full_forms_are_read(document: object, expected: Codec) -> None:
    """A v3 codec may be a name alone, or a name with settings."""
    assert codecs.from_v3(document) == expected


@pytest.mark.parametrize(
    "settings", [{"a": {"b": [1]}}, {"a": [[1], {}]}, {"level": {}}, {"a": None}], ids=str
)
def test_codecs_of_any_settings_can_be_compared(settings: Json) -> None:
    """A codec with settings that nobody knows is a value like any other, and keeps them."""
    made = codecs.from_v3({"name": "gzip", "configuration": settings})

    assert hash(made) == hash(codecs.from_v3({"name": "gzip", "configuration": settings}))
    assert made.to_json() == {"name": "gzip", "configuration": settings}


def test_v2_settings_of_any_kind_are_kept() -> None:
    """Lists and objects in a v2 codec's settings reach the decoder as they are."""
    filters = [{"id": 33, "preset": 1}]

    made = codecs.from_v2({"id": "lzma", "format": 3, "filters": filters}, 2)

    assert hash(made)
    assert made.thawed() == {"format": 3, "filters": filters}


def test_order_of_members_does_not_matter() -> None:
    """Blosc settings written in any order are the same codec."""
    made = codecs.from_v2(BLOSC, 2)
    settings = dict(made.configuration)

    shuffled = {"name": "blosc", "configuration": dict(reversed(settings.items()))}

    assert codecs.from_v3(shuffled) == made


@pytest.mark.parametrize("document", [None, 3, {}, {"name": 3}, ["gzip"]], ids=str)
def test_v3_codec_without_a_name_is_refused(document: object) -> None:
    """What has no name is no codec."""
    with pytest.raises(DocumentError):
        codecs.from_v3(document)


@pytest.mark.parametrize(
    ("text", "itemsize", "expected"),
    [
        ("zstd", 2, zstd(3)),
        ("zstd:19", 2, zstd(19)),
        ("zstd:-5", 2, zstd(-5)),
        ("gzip", 2, gzip(5)),
        ("gzip:1", 2, gzip(1)),
        ("blosc:zstd", 1, blosc(1, cname="zstd", shuffle="bitshuffle")),
        ("blosc:zstd", 2, blosc(2, cname="zstd", shuffle="shuffle")),
        ("blosc:lz4:9", 4, blosc(4, clevel=9)),
        ("blosc:lz4:0:noshuffle", 4, blosc(4, clevel=0, shuffle="noshuffle")),
        ("blosc:zstd:3:bitshuffle", 300, blosc(1, cname="zstd", clevel=3, shuffle="bitshuffle")),
    ],
)
def test_parse_reads_what_users_write(text: str, itemsize: int, expected: Json) -> None:
    """A codec in words has the defaults that the help names."""
    made = codecs.parse(text, itemsize)

    assert made is not None
    assert made.to_json() == expected


def test_parse_none_means_uncompressed() -> None:
    """`none` is no codec at all."""
    assert codecs.parse("none", 2) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "keep", "lz4", "zlib:3", "none:1", "zstd:", "zstd:fast", "zstd:1:2", "gzip:1:2"),
        *("blosc", "blosc:", "blosc:snappy", "blosc:zstd:10", "blosc:zstd:-1", "blosc:zstd:x"),
        *("blosc:zstd:5:autoshuffle", "blosc:zstd:5:shuffle:0", "numcodecs.lz4", "ZSTD"),
    ],
)
def test_parse_refuses_with_the_forms_it_knows(text: str) -> None:
    """A codec that is not understood is named, with the forms that are."""
    with pytest.raises(UsageError, match="is not understood") as caught:
        codecs.parse(text, 2)

    assert repr(text) in caught.value.message
    assert "blosc:zstd" in str(caught.value.hint)


@bounded
@given(
    st.sampled_from(sorted(codecs.SHARED_BLOSC)),
    st.integers(0, 9),
    st.sampled_from(codecs.SHUFFLES),
)
def test_words_of_a_codec_parse_back(cname: str, level: int, shuffle: str) -> None:
    """What a plan shows of a blosc codec is what `--codec` takes."""
    made = codecs.blosc(cname, level, shuffle, 2)

    assert codecs.parse(str(made), 2) == made


@pytest.mark.parametrize(
    ("code", "order", "expected"),
    [
        ("<u2", "<", {"name": "bytes", "configuration": {"endian": "little"}}),
        (">u2", ">", {"name": "bytes", "configuration": {"endian": "big"}}),
        ("|u1", "|", {"name": "bytes"}),
        ("|b1", "|", {"name": "bytes"}),
        ("|S5", "|", {"name": "bytes"}),
        (">U5", ">", {"name": "bytes", "configuration": {"endian": "big"}}),
        (">M8[s]", ">", {"name": "bytes", "configuration": {"endian": "big"}}),
    ],
)
def test_serializer_states_the_byte_order_where_there_is_one(
    code: str, order: str, expected: Json
) -> None:
    """Big-endian data stays big-endian; elements of one byte have no order."""
    assert codecs.serializer(datatypes.from_v2(code)[1], order).to_json() == expected


def test_transpose_reverses_the_axes() -> None:
    """Order F of a 3-D array is the axes from last to first."""
    expected = {"name": "transpose", "configuration": {"order": [2, 1, 0]}}

    assert codecs.transpose((2, 1, 0)).to_json() == expected


@pytest.mark.parametrize(
    ("dtype", "compressor", "order", "expected"),
    [
        ("<u2", BLOSC, "C", "blosc:lz4:5:shuffle"),
        (">u2", BLOSC, "C", "big-endian, blosc:lz4:5:shuffle"),
        ("<u2", None, "C", "uncompressed"),
        ("|u1", None, "F", "order F, uncompressed"),
        ("<u2", {"id": "zlib", "level": 1}, "F", "order F, zlib:1"),
    ],
)
def test_describe_names_what_a_person_would(
    dtype: str, compressor: Json | None, order: str, expected: str
) -> None:
    """A chain in words has its compressor, and byte order and F order where unusual."""
    made = layout_of(
        (4, 4), (2, 2), dtype=dtype, compressor=compressor, order="F" if order == "F" else "C"
    )

    assert codecs.describe(made.codecs) == expected
