"""What a repair gives: documents as they should be, and what is left to a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from zarrlift.errors import SourceError
from zarrlift.findings import Finding, warning
from zarrlift.metadata import v2, v3
from zarrlift.survey.found import V3_DOCUMENT, Document, Found, FoundKind, Hierarchy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zarrlift.metadata.layout import ArrayLayout


class Edit(NamedTuple):
    """One document as it should be."""

    path: str
    """Of the node."""
    name: str
    """Of the document, such as `.zattrs`."""
    value: Mapping[str, object]
    derived: bool = False
    """It says nothing of its own, so that one which cannot be read may be replaced."""


Repaired: TypeAlias = Iterator[Edit | Finding]
Make: TypeAlias = Callable[[Hierarchy], Repaired]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A way in which hierarchies are wrong, and the pure function that puts it right."""

    id: str
    """Stable, such as `group-added`."""
    says: str
    """What it does, in a few words for a report: it follows a count of documents."""
    answers: tuple[str, ...]
    """Rules of validation that it makes hold."""
    make: Make


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One document before and after all repairs."""

    path: str
    name: str
    before: Mapping[str, object] | None
    """None where there was none, or it could not be read."""
    after: Mapping[str, object]
    repairs: tuple[str, ...]
    """Ids of those that changed it, in their order."""
    new: bool
    """There was no such document."""

    @property
    def key(self) -> str:
        """Return the document's key in the dataset."""
        return f"{self.path}/{self.name}".lstrip("/")


def undecided(path: str, message: str) -> Finding:
    """Say what was found wrong, and could be meant in more than one way."""
    return warning("repair-undecided", path, message)


def with_members(node: Found, given: Mapping[str, object]) -> Edit:
    """Set OME-Zarr members of a group, below `ome` in v3; all else keeps its place."""
    if node.zarr_format == 3:  # noqa: PLR2004 - the format's number
        own = node.attributes.get("ome")
        first = {k: v for k, v in given.items() if k == "version"}
        held = own if isinstance(own, dict) else {}
        return with_attributes(node, {**node.attributes, "ome": {**first, **held, **given}})
    return with_attributes(node, {**node.attributes, **given})


def with_attributes(node: Found, attributes: Mapping[str, object]) -> Edit:
    """Give a node other attributes."""
    if node.zarr_format == 3:  # noqa: PLR2004 - as above
        held = node.documents[V3_DOCUMENT].value or {}
        return Edit(node.path, V3_DOCUMENT, {**held, "attributes": attributes})
    return Edit(node.path, ".zattrs", attributes)


def applied(tree: Hierarchy, edits: Iterable[Edit]) -> Hierarchy:
    """Give the hierarchy with these documents in place of those that it has."""
    nodes = dict(tree.nodes)
    for edit in edits:
        found = nodes.get(edit.path)
        if found is None:
            found = Found(path=edit.path, kind=FoundKind.FOLDER, documents={})
        made = Document(name=edit.name, size=0, value=edit.value)
        documents = dict(sorted({**found.documents, edit.name: made}.items()))
        kind = FoundKind.GROUP if found.kind is FoundKind.FOLDER else found.kind
        layout = _layout(edit) if kind is FoundKind.ARRAY else None
        nodes[edit.path] = replace(
            found, documents=documents, kind=kind, layout=layout or found.layout
        )
    return replace(tree, nodes=nodes)


def _layout(edit: Edit) -> ArrayLayout | None:
    """Give the layout that an array's document states, None where it states none."""
    try:
        if edit.name == V3_DOCUMENT:
            return v3.read_array(edit.value, "")
        return v2.from_document(dict(edit.value)).layout if edit.name == ".zarray" else None
    except SourceError:
        return None
