"""JSON as documents hold it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.layouts import bounded
from zarrlift.errors import DocumentError
from zarrlift.metadata import json_text

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@bounded
@given(st.dictionaries(st.text(), values, max_size=4))
def test_what_is_written_reads_back(document: dict[str, object]) -> None:
    """A document survives its own text, at every depth and with any text in it."""
    text = json_text.write(document)

    assert json_text.read_object(text, "zarr.json") == document
    assert json_text.write(document) == text


@bounded
@given(st.dictionaries(st.text(), values, max_size=4))
def test_order_of_members_is_kept(document: dict[str, object]) -> None:
    """Members are written in the order that they have."""
    assert list(json_text.read_object(json_text.write(document), "")) == list(document)


def test_objects_are_indented_to_the_third_level() -> None:
    """People read the first levels on lines of their own; what lies deeper stands on one."""
    ome = {"version": "0.5", "omero": {"id": 1}, "axes": [{"name": "é"}]}
    document = {"attributes": {"ome": ome, "empty": {}}, "shape": [1, 2]}

    assert json_text.write(document).decode() == (
        "{\n"
        '  "attributes": {\n'
        '    "ome": {\n'
        '      "version": "0.5",\n'
        '      "omero": {"id": 1},\n'
        '      "axes": [{"name": "é"}]\n'
        "    },\n"
        '    "empty": {}\n'
        "  },\n"
        '  "shape": [1, 2]\n'
        "}\n"
    )


@pytest.mark.parametrize(
    "number", [0.1, 1e-7, 1e300, 2**63, 2**64 - 1, -0.0, 123456789012345678901]
)
def test_numbers_are_exact(number: float) -> None:
    """Numbers come back as they were, whatever their size."""
    found = json_text.read_object(json_text.write({"n": number}), "")["n"]

    assert repr(found) == repr(number)


def test_text_without_a_utf8_form_stays_readable_by_strict_readers() -> None:
    r"""Half of a surrogate pair, legal in JSON as `\ud800`, does not make the document invalid."""
    document = json_text.read_object(rb'{"name": "\ud800"}', "")

    text = json_text.write(document).decode("utf-8")

    assert text == '{\n  "name": "\\ud800"\n}\n'
    assert json.loads(text) == document


def test_syntax_errors_name_line_and_column() -> None:
    """Where a document is no JSON, the error says where, in which file, and what to do."""
    with pytest.raises(DocumentError, match=r"line 2, column 8") as caught:
        json_text.read_object(b'{\n  "a": oops\n}', "image/.zattrs")

    assert caught.value.place == "image/.zattrs"
    assert caught.value.hint


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe\xff", id="not-utf-8"),
        pytest.param(b'{"a": 1', id="cut-short"),
        pytest.param(b'{"a": 1} {}', id="two"),
        pytest.param(b"[" * 100_000, id="too-deep"),
        pytest.param(b"[1, 2]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"a": ' + b"1" * 5000 + b"}", id="endless-number"),
    ],
)
def test_what_is_no_object_is_a_document_error(data: bytes) -> None:
    """Whatever bytes a document holds, it is read or refused with its place."""
    with pytest.raises(DocumentError) as caught:
        json_text.read_object(data, "image/.zarray")

    assert caught.value.place == "image/.zarray"


def test_byte_order_mark_is_passed_over() -> None:
    """Editors that begin a file with a mark do not make it unreadable."""
    assert json_text.read_object(b'\xef\xbb\xbf{"a": 1}', "") == {"a": 1}


def test_copies_are_of_their_own() -> None:
    """Changing a copy leaves the value that it was made from alone, at every depth."""
    document = {"a": [{"b": [1]}]}

    made: Any = json_text.copied(document)
    made["a"][0]["b"].append(2)

    assert document == {"a": [{"b": [1]}]}
    assert made == {"a": [{"b": [1, 2]}]}


def test_the_member_that_stands_twice_is_found_at_once() -> None:
    """However many others stand before it."""
    members = {f"m{number}": 0 for number in range(30_000)}
    begun = time.monotonic()

    assert "'m29999'" in json_text.loss(json.dumps(members)[:-1].encode() + b', "m29999": 1}')
    assert time.monotonic() - begun < 2
