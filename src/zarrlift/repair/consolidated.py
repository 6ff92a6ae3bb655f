"""Consolidated metadata: the documents of a hierarchy once more, in one place, gone stale.

It is made anew from the documents, not removed: over HTTP it may be the only list there is.
Sources: zarr-python's `.zmetadata`; Zarr v3, `consolidated_metadata` of kind `inline`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from zarrlift.repair.edit import Edit, undecided
from zarrlift.survey.found import V3_DOCUMENT, FoundKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.repair.edit import Repaired
    from zarrlift.survey.found import Found, Hierarchy

_V2 = ".zmetadata"
_V2_DOCUMENTS = (".zgroup", ".zarray", ".zattrs")
_INLINE = "consolidated_metadata"
_FORM_OF_V2 = {"zarr_consolidated_format": 1}
_FORM_OF_V3 = {"kind": "inline", "must_understand": False}
_SAID_BY_NONE = ("attributes", "storage_transformers")
"""Members that say the same where they are empty as where they are missing."""


def refreshed(tree: Hierarchy) -> Repaired:
    """Make consolidated metadata anew that says something else than the documents do."""
    if not tree.listed or tree.depth is not None:
        return
    for node in tree.nodes.values():
        yield from _judged(_of_v2(node, tree), _V2_DOCUMENTS, tree)
        yield from _judged(_of_v3(node, tree), (V3_DOCUMENT,), tree)


def _judged(edit: Edit | None, names: tuple[str, ...], tree: Hierarchy) -> Repaired:
    """Give what is due, unless there are documents that it could not tell of."""
    if edit is None:
        return
    node = tree.nodes[edit.path]
    odd = next((n for n in _within(node, tree) if _unreadable(n, names)), None)
    held = (node.documents[edit.name].value or {}).get(_INLINE)
    kind = held.get("kind", "inline") if isinstance(held, dict) else "inline"
    why = ""
    if tree.links:
        why = "links lead to nodes that are not seen"
    elif odd is not None:
        why = f"{odd.path or '/'} cannot be read"
    elif kind != "inline":
        why = f"it is of an unknown kind, {kind!r}"
    elif (alone := _told_by_it_alone(edit, node, tree)) is not None:
        why = f"it alone tells of {alone or '/'}, which is there"
    yield undecided(node.path, f"consolidated metadata is stale, and {why}") if why else edit


def _told_by_it_alone(edit: Edit, node: Found, tree: Hierarchy) -> str | None:
    """Give the path of what is there, and only consolidated metadata says what it is.

    Its documents were lost, or left out where it was put up for reading over HTTP.
    """
    held = _listed(node.documents[edit.name].value or {})
    for key in sorted(held.keys() - _listed(edit.value).keys()):
        inner = key.rpartition("/")[0] if edit.name == _V2 else key
        path = f"{node.path}/{inner}".strip("/")
        if held[key] and _is_there(path, tree):
            return path
    return None


def _listed(value: Mapping[str, object]) -> Mapping[str, object]:
    """Give the documents that consolidated metadata of either format lists."""
    inline = value.get(_INLINE)
    found = (inline if isinstance(inline, dict) else value).get("metadata")
    return found if isinstance(found, dict) else {}


def _is_there(path: str, tree: Hierarchy) -> bool:
    """Say whether a folder is there, be it one of chunks alone."""
    known, name = path, ""
    while known not in tree.nodes:
        known, _, name = known.rpartition("/")
    return not name or name in tree.nodes[known].folders


def _within(node: Found, tree: Hierarchy) -> Iterator[Found]:
    """Walk a node and all below it."""
    below = f"{node.path}/" if node.path else ""
    return (n for n in tree.nodes.values() if n is node or n.path.startswith(below))


def _unreadable(node: Found, names: tuple[str, ...]) -> bool:
    return any(node.documents[n].value is None for n in names if n in node.documents)


def _of_v2(node: Found, tree: Hierarchy) -> Edit | None:
    """Give the `.zmetadata` of a group as it should be, None where it is so or there is none."""
    if _V2 not in node.documents:
        return None
    held = node.documents[_V2].value
    cut = len(node.path) + 1 if node.path else 0
    due = {
        f"{inner.path[cut:]}/{name}".lstrip("/"): inner.documents[name].value or {}
        for inner in _within(node, tree)
        for name in _V2_DOCUMENTS
        if name in inner.documents
    }
    if held is not None and _has(held, _FORM_OF_V2) and _alike(held.get("metadata"), due):
        return None
    return Edit(node.path, _V2, {**(held or {}), **_FORM_OF_V2, "metadata": due}, derived=True)


def _of_v3(node: Found, tree: Hierarchy) -> Edit | None:
    """Give a group's document with what it consolidates, None where that is so or not there."""
    document = node.documents.get(V3_DOCUMENT)
    value = (document.value if document is not None else None) or {}
    if node.kind is not FoundKind.GROUP or value.get(_INLINE) is None:
        return None
    cut = len(node.path) + 1 if node.path else 0
    due = {
        inner.path[cut:]: _plain(inner.documents[V3_DOCUMENT].value or {}, ())
        for inner in _within(node, tree)
        if inner is not node and V3_DOCUMENT in inner.documents
    }
    held = value[_INLINE]
    own = held if isinstance(held, dict) else {}
    if _has(own, _FORM_OF_V3) and _alike(own.get("metadata"), due):
        return None
    return Edit(node.path, V3_DOCUMENT, {**value, _INLINE: {**own, **_FORM_OF_V3, "metadata": due}})


def _has(held: Mapping[str, object], form: Mapping[str, object]) -> bool:
    return all(held.get(k) == v and type(held.get(k)) is type(v) for k, v in form.items())


def _alike(held: object, due: Mapping[str, Mapping[str, object]]) -> bool:
    """Say whether two collections of documents say the same, though in other words.

    Writers differ in whether they state that there are no attributes.
    """
    if not isinstance(held, dict):
        return False
    names = {key for key in held.keys() | due.keys() if held.get(key) or due.get(key)}
    return all(_text(held.get(key)) == _text(due.get(key)) for key in names)


def _text(value: object) -> str:
    """Give a document as text: not a number is then equal to itself."""
    plain = _plain(value, _SAID_BY_NONE) if isinstance(value, dict) else value
    return json.dumps(plain, sort_keys=True)


def _plain(document: Mapping[str, object], optional: tuple[str, ...]) -> dict[str, object]:
    """Leave out what a document consolidates itself, and members that are empty."""
    kept = {key: value for key, value in document.items() if key != _INLINE}
    return {k: v for k, v in kept.items() if k not in optional or v not in ({}, [], None)}
