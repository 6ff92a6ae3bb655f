"""Zarr v3 documents: written from layouts, and read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import BLOSC, Json
from tests.unit.layouts import (
    DELTA,
    NOT_SHARED,
    SHARED,
    bounded,
    layout_of,
    sizes,
    text_layout,
    v2_documents,
)
from zarrlift.errors import DocumentError
from zarrlift.metadata import json_text, v2, v3
from zarrlift.metadata.layout import ArrayLayout, Keys
from zarrlift.plan import methods


@st.composite
def v3_layouts(draw: st.DrawFn) -> ArrayLayout:
    """Give layouts of every type that v3 readers share, sharded or not, named or not."""
    document = draw(v2_documents(SHARED))
    found = v2.read_array(json.dumps(document).encode()).layout
    per = draw(sizes(found.ndim, 1, 3))
    shards = tuple(p * c for p, c in zip(per, found.chunks, strict=True))
    names = st.tuples(*[st.none() | st.text(max_size=3)] * found.ndim)
    return replace(
        found,
        shards=draw(st.sampled_from([None, shards])),
        keys=draw(st.sampled_from(list(Keys))),
        dimension_names=draw(st.none() | names),
    )


def codec_names(value: object) -> Iterator[str]:
    """Walk the names of all codecs of a document, those within shards too."""
    if isinstance(value, list):
        for codec in value:
            yield codec["name"]
            for member in codec.get("configuration", {}).values():
                if isinstance(member, list) and member and isinstance(member[0], dict):
                    yield from codec_names(member)


def array(**changed: object) -> dict[str, object]:
    """Give a sharded array's document with some members changed."""
    made = layout_of((8, 8), (2, 2), shards=(4, 4), keys=Keys.DEFAULT_NESTED, names=("y", "x"))
    return {**v3.array_document(made, {}), **changed}


def sharding(**changed: object) -> list[dict[str, object]]:
    """Give a sharding codec with some settings changed."""
    chain: Any = array()["codecs"]
    return [{"name": "sharding_indexed", "configuration": {**chain[0]["configuration"], **changed}}]


@bounded
@given(v3_layouts())
def test_layout_survives_its_document(layout: ArrayLayout) -> None:
    """What is written for a layout, through JSON text, reads as the same layout."""
    text = json_text.write(v3.array_document(layout, {"a": 1}))

    assert v3.read_array(json_text.read_object(text, ""), "") == layout


@bounded
@given(v2_documents())
def test_documents_name_shared_codecs_only(document: dict[str, object]) -> None:
    """Whatever the source's codecs are, no `numcodecs.` or other private name is written."""
    source = v2.read_array(json.dumps(document).encode()).layout
    target = replace(source, codecs=methods.target_codecs(source, "keep"))

    made = v3.array_document(target, {})

    assert "numcodecs" not in json.dumps(made)
    assert set(codec_names(made["codecs"])) <= {"transpose", "bytes", "blosc", "zstd", "gzip"}


def test_sharded_document() -> None:
    """A sharded array's document is what the specification shows, member by member."""
    made = layout_of(
        (3, 100, 100),
        (1, 32, 32),
        dtype=">u2",
        compressor={"id": "zstd", "level": 1},
        order="F",
        fill=9,
        shards=(1, 64, 64),
        names=("c", "y", "x"),
        keys=Keys.DEFAULT_NESTED,
    )

    assert v3.array_document(made, {"note": "n"}) == {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [3, 100, 100],
        "data_type": "uint16",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 64, 64]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 9,
        "codecs": [
            {
                "name": "sharding_indexed",
                "configuration": {
                    "chunk_shape": [1, 32, 32],
                    "codecs": [
                        {"name": "transpose", "configuration": {"order": [2, 1, 0]}},
                        {"name": "bytes", "configuration": {"endian": "big"}},
                        {"name": "zstd", "configuration": {"level": 1, "checksum": False}},
                    ],
                    "index_codecs": [
                        {"name": "bytes", "configuration": {"endian": "little"}},
                        {"name": "crc32c"},
                    ],
                    "index_location": "end",
                },
            }
        ],
        "attributes": {"note": "n"},
        "dimension_names": ["c", "y", "x"],
    }


def test_names_are_left_out_where_there_are_none() -> None:
    """An array whose axes nobody names has no `dimension_names`."""
    assert "dimension_names" not in v3.array_document(layout_of((4,), (2,)), {})


def test_group_document() -> None:
    """A group has its attributes and nothing else."""
    assert v3.group_document({"ome": {}}) == {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {"ome": {}},
    }


def test_text_has_its_serializer_and_type() -> None:
    """Text of any length is `string` under `vlen-utf8`, without bytes codec."""
    made = v3.array_document(text_layout((4,)), {})

    assert made["data_type"] == "string"
    assert made["codecs"] == [{"name": "vlen-utf8"}]
    assert v3.read_array(made, "") == text_layout((4,))


@pytest.mark.parametrize("compressor", NOT_SHARED, ids=lambda c: c["id"] + c.get("cname", ""))
def test_what_readers_lack_is_never_written(compressor: Json) -> None:
    """A layout whose compressor v3 readers do not share has no document."""
    with pytest.raises(DocumentError, match="no v3 form"):
        v3.array_document(layout_of((4,), (2,), compressor=compressor), {})


def test_filters_are_never_written() -> None:
    """A layout with a v2 filter has no document, sharded or not."""
    for shards in (None, (4,)):
        made = layout_of((4,), (2,), filters=[DELTA], shards=shards)
        with pytest.raises(DocumentError, match="no v3 form"):
            v3.array_document(made, {})


BAD: list[tuple[str, Mapping[str, object]]] = [
    ("rectilinear", {"chunk_grid": {"name": "rectilinear", "configuration": {}}}),
    ("grid-name-only", {"chunk_grid": "regular"}),
    ("grid-null", {"chunk_grid": None}),
    (
        "chunk-shape-text",
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": "4"}}},
    ),
    (
        "chunk-of-zero",
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [0, 4]}}},
    ),
    ("shard-no-multiple", {"codecs": sharding(chunk_shape=[3, 2])}),
    ("inner-chunk-of-zero", {"codecs": sharding(chunk_shape=[0, 2])}),
    ("inner-axes", {"codecs": sharding(chunk_shape=[2])}),
    ("inner-codecs-null", {"codecs": sharding(codecs=None)}),
    ("index-in-the-middle", {"codecs": sharding(index_location="middle")}),
    ("index-without-checksum", {"codecs": sharding(index_codecs=[{"name": "bytes"}])}),
    ("codec-after-shard", {"codecs": [*sharding(), {"name": "gzip"}]}),
    ("codecs-null", {"codecs": None}),
    ("codecs-empty", {"codecs": []}),
    ("codec-nameless", {"codecs": [{"configuration": {}}]}),
    ("codec-settings-text", {"codecs": [{"name": "gzip", "configuration": "9"}]}),
    ("keys-unknown", {"chunk_key_encoding": {"name": "fanout"}}),
    ("keys-null", {"chunk_key_encoding": None}),
    ("separator", {"chunk_key_encoding": {"name": "v2", "configuration": {"separator": "-"}}}),
    ("shape-negative", {"shape": [-1, 8]}),
    ("shape-axes", {"shape": [8]}),
    ("names-axes", {"dimension_names": ["x"]}),
    ("type-unknown", {"data_type": "uint3"}),
    ("fill-null", {"fill_value": None}),
    ("fill-range", {"fill_value": 65536}),
]


@pytest.mark.parametrize("changed", [c for _, c in BAD], ids=[name for name, _ in BAD])
def test_bad_documents_are_refused_with_the_place(changed: Mapping[str, object]) -> None:
    """A document that is wrong, or of a kind not read, is an error that names it."""
    with pytest.raises(DocumentError) as caught:
        v3.read_array(array(**changed), "image/0/zarr.json")

    assert caught.value.place == "image/0/zarr.json"


@pytest.mark.parametrize(
    "member", ["shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs"]
)
def test_missing_members_are_refused(member: str) -> None:
    """v3 requires these members; none is made up."""
    document = {k: v for k, v in array().items() if k != member}

    with pytest.raises(DocumentError, match=member):
        v3.read_array(document, "zarr.json")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"name": "default"}, Keys.DEFAULT_NESTED),
        ({"name": "v2"}, Keys.V2_FLAT),
        ("default", Keys.DEFAULT_NESTED),
        ({"name": "v2", "configuration": {"separator": "/"}}, Keys.V2_NESTED),
        ({"name": "default", "configuration": {"separator": "."}}, Keys.DEFAULT_FLAT),
    ],
)
def test_separators_have_defaults(written: object, expected: Keys) -> None:
    """Without a separator, default keys are nested and v2 keys flat."""
    assert v3.read_array(array(chunk_key_encoding=written), "").keys is expected


def test_unsharded_array_has_its_codecs_bare() -> None:
    """Without shards the chunk grid is the chunks', and the codecs stand alone."""
    made = layout_of((8, 8), (2, 4), compressor=BLOSC)

    document: Any = v3.array_document(made, {})

    assert document["chunk_grid"]["configuration"]["chunk_shape"] == [2, 4]
    assert list(codec_names(document["codecs"])) == ["bytes", "blosc"]
