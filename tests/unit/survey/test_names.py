"""Which nodes documents name."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from zarrlift.survey.names import named_nodes

PLATE = {"wells": [{"path": "A/1", "rowIndex": 0}, {"path": "B/2"}, {"rowIndex": 1}]}
LEVELS = [{"datasets": [{"path": "0"}, {"path": "./s/1"}, {}]}]
SCENE = {"coordinateTransformations": [{"input": {"path": "a", "name": "x"}, "path": "shift"}]}
CASES: list[tuple[str, Mapping[str, object], list[str]]] = [
    ("", {".zattrs": {"multiscales": LEVELS}}, ["0", "s/1", "labels"]),
    ("a/b", {".zattrs": {"multiscales": LEVELS}}, ["a/b/0", "a/b/s/1", "a/b/labels"]),
    ("", {".zattrs": {"plate": PLATE}}, ["A/1", "B/2"]),
    ("A/1", {".zattrs": {"well": {"images": [{"path": "0"}]}}}, ["A/1/0"]),
    (
        "x/labels",
        {".zattrs": {"labels": ["cells", "by/hand", 3]}},
        ["x/labels/cells", "x/labels/by/hand"],
    ),
    ("OME", {".zattrs": {"series": ["0", "1"]}}, ["0", "1"]),
    ("", {".zattrs": {"bioformats2raw.layout": 3}}, ["OME", "#"]),
    ("", {".zattrs": {"other": {"path": "0"}}}, []),
    ("", {".zattrs": {"multiscales": [{"datasets": [{"path": "/etc"}, {"path": "../x"}]}]}}, []),
    ("0", {".zarray": {}, ".zattrs": {"multiscales": LEVELS}}, []),
    ("", {"zarr.json": {"node_type": "array", "attributes": {}}}, []),
    ("", {"zarr.json": {"attributes": {"ome": {"version": "0.5", "plate": PLATE}}}}, ["A/1"]),
    ("", {"zarr.json": {"attributes": {"ome": {"version": "0.6", "scene": SCENE}}}}, ["a"]),
    ("", {"zarr.json": {"consolidated_metadata": {"metadata": {"a": {}, "a/0": {}}}}}, ["a"]),
    ("", {".zmetadata": {"metadata": {".zgroup": {}, "a/.zgroup": {}, "a/0/.zarray": {}}}}, ["a"]),
    ("", {".zattrs": {"multiscales": "none"}}, []),
]


@pytest.mark.parametrize(("path", "documents", "due"), CASES)
def test_nodes_are_named(path: str, documents: Mapping[str, object], due: list[str]) -> None:
    """By members of OME-Zarr and by consolidated metadata, within the dataset alone."""
    held = {name: json.dumps(document).encode() for name, document in documents.items()}

    found = ["#" if n.counted else n.path for n in named_nodes(path, held)]

    assert [name for name in due if name not in found] == []
    assert (not due) == (not [name for name in found if name != "labels"])
    assert not any(name.startswith(("/", "..")) for name in found)


def test_broken_document_names_nothing() -> None:
    """What cannot be read is for the walk to refuse."""
    assert list(named_nodes("", {".zattrs": b"{", ".zmetadata": b"[]"})) == []


@pytest.mark.parametrize(
    "path", ["../a", "..", ".", "/a", "a\0", "\ud800", "x" * 256, "/".join("ab" * 300)]
)
def test_what_no_node_can_be_called_is_not_asked_for(path: str) -> None:
    """A server would refuse such a request, and end the whole look."""
    members = {"multiscales": [{"datasets": [{"path": path}, {"path": "0"}]}]}
    documents = {".zattrs": json.dumps(members).encode()}

    assert {n.path for n in named_nodes("", documents)} == {"0", "labels"}


def test_documents_nested_too_deeply_name_nothing() -> None:
    """As deep as JSON is read, which is deeper than anything is walked."""
    deep = b'{"multiscales": [{"a": ' + b"[" * 950 + b"]" * 950 + b'}], "path": "0"}'

    assert not list(named_nodes("", {".zattrs": deep}))
