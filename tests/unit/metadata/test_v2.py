"""Reading `.zarray` documents."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given

from tests.build import BLOSC, Index
from tests.unit.layouts import bounded, layout_of, v2_documents
from zarrlift.errors import DocumentError
from zarrlift.metadata import codecs, v2
from zarrlift.metadata.layout import Keys
from zarrlift.metadata.v2 import V2Array

PLAIN: Mapping[str, object] = {
    "zarr_format": 2,
    "shape": [5, 7],
    "chunks": [2, 4],
    "dtype": "<u2",
    "compressor": BLOSC,
    "fill_value": 0,
    "order": "C",
    "filters": None,
    "dimension_separator": "/",
}


def read(document: Mapping[str, object], place: str = "image/.zarray") -> V2Array:
    """Read a document from its text."""
    return v2.read_array(json.dumps(document).encode(), place)


def without(*members: str) -> dict[str, object]:
    """Give the plain document without some members."""
    return {k: v for k, v in PLAIN.items() if k not in members}


def names(array: V2Array) -> list[str]:
    """Give the names of an array's codecs."""
    return [c.name for c in array.layout.codecs]


def test_plain_document() -> None:
    """Every member of a usual document arrives in the layout."""
    found = read(PLAIN)

    assert found.layout == layout_of((5, 7), (2, 4))
    assert found.separator_stated
    assert not found.fill_undefined
    assert found.unknown == ()


@bounded
@given(v2_documents())
def test_documents_that_zarr_writes_are_read(document: dict[str, object]) -> None:
    """Whatever the type, order, compressor and fill value, shape and chunks are as stated."""
    found = read(document).layout

    assert list(found.shape) == document["shape"]
    assert list(found.chunks) == document["chunks"]
    assert found.shards is None
    assert found.dimension_names is None
    assert found.keys.separator == document["dimension_separator"]


@pytest.mark.parametrize(
    ("separator", "keys", "stated"),
    [("/", Keys.V2_NESTED, True), (".", Keys.V2_FLAT, True), (None, Keys.V2_FLAT, False)],
)
def test_separator_is_a_dot_where_not_stated(
    separator: str | None, keys: Keys, stated: bool
) -> None:
    """An absent `dimension_separator` means a dot, and is told from a stated one."""
    document = without("dimension_separator")

    found = read(document if separator is None else {**document, "dimension_separator": separator})

    assert (found.layout.keys, found.separator_stated) == (keys, stated)


@pytest.mark.parametrize(
    ("shape", "order", "expected"),
    [
        ([5, 7], "F", [(1, 0)]),
        ([5, 7, 9], "F", [(2, 1, 0)]),
        ([5], "F", []),
        ([], "F", []),
        ([5, 7], "C", []),
    ],
)
def test_order_f_becomes_transpose(shape: list[int], order: str, expected: list[Index]) -> None:
    """Order F is a transpose before everything else, and nothing where there are no two axes."""
    found = read({**PLAIN, "shape": shape, "chunks": [2] * len(shape), "order": order})

    chain = found.layout.codecs
    assert [c.get("order") for c in chain if c.name == "transpose"] == expected
    assert [c.name for c in chain][-2:] == ["bytes", "blosc"]
    assert not expected or chain[0].name == "transpose"


@pytest.mark.parametrize(("dtype", "endian"), [("<u2", "little"), (">u2", "big"), ("|u1", None)])
def test_byte_order_is_the_sources(dtype: str, endian: str | None) -> None:
    """`>u2` is `endian: big`, and one byte has no order."""
    found = read({**PLAIN, "dtype": dtype}).layout

    assert found.codecs[0].get("endian") == endian


def test_filters_stand_before_the_compressor() -> None:
    """Filters act on the chunk in their order, and blosc then sees bytes of no known size."""
    filters = [{"id": "delta", "dtype": "<u2"}, {"id": "shuffle", "elementsize": 2}]

    found = read({**PLAIN, "filters": filters})

    assert names(found) == ["bytes", "delta", "shuffle", "blosc"]
    assert [c.v2_only for c in found.layout.codecs] == [False, True, True, False]
    assert found.layout.codecs[-1].get("typesize") == 1
    assert not codecs.all_shared(found.layout.codecs)


@pytest.mark.parametrize(("name", "data_type"), [("vlen-utf8", "string"), ("vlen-bytes", "bytes")])
def test_text_and_bytes_of_any_length(name: str, data_type: str) -> None:
    """`|O` under a `vlen` filter is v3's own type, and the filter its serializer."""
    found = read({**PLAIN, "dtype": "|O", "filters": [{"id": name}], "fill_value": ""})

    assert names(found) == [name, "blosc"]
    assert found.layout.data_type.name == data_type
    assert codecs.all_shared(found.layout.codecs)


def test_null_fill_is_zero_and_told() -> None:
    """An undefined fill value becomes zero, and the document is known to have had none."""
    found = read({**PLAIN, "fill_value": None})

    assert found.layout.fill == 0
    assert found.fill_undefined


def test_unknown_members_are_named() -> None:
    """Members that v2 does not know are listed, in order."""
    assert read({**PLAIN, "vendor": 1, "a": {}}).unknown == ("a", "vendor")


@pytest.mark.parametrize("filters", [None, []], ids=str)
def test_no_filters_are_no_filters(filters: object) -> None:
    """Null and an empty list mean the same."""
    assert read({**PLAIN, "filters": filters}).layout == read(PLAIN).layout


def test_chunks_of_an_empty_axis_may_be_zero() -> None:
    """zarr-python 2 wrote chunk size 0 for an empty axis; v3 has no such size."""
    assert read({**PLAIN, "shape": [0, 7], "chunks": [0, 4]}).layout.chunks == (1, 4)


BAD: Mapping[str, list[object]] = {
    "zarr_format": [3, "2", None],
    "shape": [None, "5,7", [5, -7], [5.0, 7], [True, 7], [[5], 7], {}],
    "chunks": [None, [2], [2, 4, 1], [0, 4], [2, "4"], True],
    "dtype": [None, "|V6", [["a", "<u2"]], "<u3", "|O", 5],
    "compressor": ["zlib", [], {"id": "unknown"}, {"id": ["zlib"]}, {}, 0],
    "fill_value": [-1, "x", 1.5, [0], {}, 65536],
    "order": ["A", None, "c", 1, ["C"]],
    "filters": ["delta", [1], [{"id": "categorize"}], [None], {"id": "delta"}],
    "dimension_separator": ["-", "", "//", 1, ["/"], {}],
}


@pytest.mark.parametrize(
    ("member", "value"), [(member, value) for member, bad in BAD.items() for value in bad], ids=str
)
def test_bad_members_are_document_errors_with_the_place(member: str, value: object) -> None:
    """A member that cannot be right is refused, whatever JSON it is, and the document named."""
    with pytest.raises(DocumentError) as caught:
        read({**PLAIN, member: value})

    assert caught.value.place == "image/.zarray"


@pytest.mark.parametrize("member", ["zarr_format", "shape", "chunks", "dtype"])
def test_missing_members_are_document_errors(member: str) -> None:
    """What v3 cannot do without is not made up."""
    with pytest.raises(DocumentError):
        read(without(member))


def test_object_array_without_its_filter_is_refused() -> None:
    """Objects that pickle would have to read are never read."""
    with pytest.raises(DocumentError):
        read({**PLAIN, "dtype": "|O", "filters": [{"id": "pickle"}]})
