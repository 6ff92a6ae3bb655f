"""Which nodes the documents of one node name: pure, and generous.

What is named and not there does no harm: it is asked for, and found absent. Sources:
OME-Zarr specification 0.1-0.6; consolidated metadata of zarr-python.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import DocumentError
from zarrlift.metadata import json_text, ome
from zarrlift.survey.look import too_long

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST = 255
"""Bytes of a name beyond which file systems give up."""


class Named(NamedTuple):
    """A node that metadata names."""

    path: str
    """In the dataset."""
    counted: bool = False
    """The path is that of a collection, whose series are called 0, 1, 2 and so on."""


def named_nodes(path: str, documents: Mapping[str, bytes]) -> Iterator[Named]:
    """Walk the nodes within the dataset that the documents of the node at `path` name.

    `documents` are by name, such as `.zattrs`; those that cannot be read name nothing.
    """
    if ".zarray" in documents:
        return
    document = _object(documents, "zarr.json")
    if document.get("node_type") == "array":
        return
    yield from _consolidated(path, document, documents)
    for named in _of_members(path, members_of(path, documents)):
        if named.counted or (named.path != path and can_be(named.path)):
            yield named


def can_be(path: str) -> bool:
    """Say whether a path, as metadata names it, is one that something here could lie at."""
    if path.startswith(("/", "../")) or path in (".", "..") or "\0" in path:
        return False
    try:
        parts = os.fsencode(path).split(b"/")
    except UnicodeEncodeError:  # a lone surrogate, of which no name is made
        return False
    return not too_long(path) and max(map(len, parts)) <= _LONGEST


def members_of(path: str, documents: Mapping[str, bytes]) -> Mapping[str, object]:
    """Give the OME-Zarr members of a group, none where its documents cannot be read."""
    document = _object(documents, "zarr.json")
    attributes = document.get("attributes") if document else _object(documents, ".zattrs")
    attributes = attributes if isinstance(attributes, dict) else {}
    if document:
        return ome.v3_members(attributes) or {}
    return ome.members(attributes, path.rpartition("/")[2])


def _of_members(path: str, members: Mapping[str, object]) -> Iterator[Named]:
    for named in _paths(members):
        yield Named(ome.resolve(path, named))
    for label in _texts(members.get("labels")):
        yield Named(ome.resolve(path, label))
    for series in _texts(members.get("series")):
        yield Named(ome.resolve(path.rpartition("/")[0], series))
    if "multiscales" in members:
        yield Named(ome.resolve(path, "labels"))
    if "bioformats2raw.layout" in members:
        yield Named(ome.resolve(path, "OME"))
        yield Named(path, counted=True)


def _paths(value: object) -> Iterator[str]:
    """Walk every text that is called `path`, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "path" and isinstance(inner, str):
                yield inner
            else:
                yield from _paths(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner)


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _consolidated(
    path: str, document: Mapping[str, object], documents: Mapping[str, bytes]
) -> Iterator[Named]:
    """Walk the nodes whose documents are gathered in that of the node itself."""
    held = document.get("consolidated_metadata")
    inner = held.get("metadata") if isinstance(held, dict) else None
    for name in inner if isinstance(inner, dict) else ():
        yield from _within(path, name)
    inner = _object(documents, ".zmetadata").get("metadata")
    for key in inner if isinstance(inner, dict) else ():
        yield from _within(path, key.rpartition("/")[0])


def _within(path: str, name: str) -> Iterator[Named]:
    made = ome.resolve(path, name)
    if name and can_be(made):
        yield Named(made)


def _object(documents: Mapping[str, bytes], name: str) -> Mapping[str, object]:
    data = documents.get(name, b"").strip()
    try:
        return json_text.read_object(data, "") if data else {}
    except DocumentError:
        return {}
