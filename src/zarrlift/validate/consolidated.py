"""Rules of consolidated metadata: copies of documents, which readers take for the documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.metadata import ome
from zarrlift.survey.found import V3_DOCUMENT, FoundKind
from zarrlift.validate.around import is_absent
from zarrlift.validate.nodes import ZARR_V3
from zarrlift.validate.rule import About, Force, Problem, Rules
from zarrlift.validate.values import member, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.survey.found import Found, Hierarchy
    from zarrlift.validate.subject import Subject

_V2 = "https://zarr.readthedocs.io/en/stable/user-guide/consolidated_metadata/"
RULES = Rules(About.GROUP, f"{ZARR_V3}#consolidated-metadata")

_DOCUMENTS = frozenset({".zarray", ".zgroup", ".zattrs"})
_INLINE = "/consolidated_metadata"
_EMPTY: tuple[object, ...] = ({}, [], None)
_SHOWN = 3


class _Copies(NamedTuple):
    """What a group holds of the documents at and below it."""

    held: dict[str, object]
    """Copies by key, such as `0/.zarray` or `0/zarr.json`."""
    names: frozenset[str]
    """Names of the documents that are copied."""
    told: str
    """Where they are held."""


@RULES.rule(
    "consolidated-form",
    Force.MUST,
    clause="Consolidated metadata is an object of documents by their path, of the one kind that is "
    "defined: format 1 in .zmetadata, inline in a zarr.json, where readers may do without it.",
    repair="consolidate anew, or remove it: readers do without",
)
def _form(subject: Subject) -> Iterator[Problem]:
    document = subject.node.documents.get(".zmetadata")
    value = document.value if document is not None else None
    if value is not None:
        if value.get("zarr_consolidated_format") != 1:
            stated = said(value.get("zarr_consolidated_format"))
            yield Problem("", f"zarr_consolidated_format of .zmetadata is {stated}, not 1")
        if not isinstance(value.get("metadata"), dict):
            yield Problem("", "metadata of .zmetadata is no object")
    own = _own(subject.node)
    if "consolidated_metadata" in own:
        yield from _inline_form(own["consolidated_metadata"])


def _inline_form(value: object) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(_INLINE, f"consolidated_metadata is {said(value)}, no object")
        return
    if value.get("kind") != "inline":
        yield Problem(f"{_INLINE}/kind", f'kind is {said(value.get("kind"))}, not "inline"')
    if value.get("must_understand") is not False:
        yield Problem(f"{_INLINE}/must_understand", "must_understand is not false")
    if not isinstance(value.get("metadata"), dict):
        yield Problem(f"{_INLINE}/metadata", "metadata is no object")


def _holds_copies(tree: Hierarchy) -> bool:
    return any(next(_copies(node), None) for node in tree.nodes.values())


@RULES.rule(
    "consolidated-stale",
    Force.OURS,
    clause="Consolidated metadata says the same as the documents that it copies: readers that go "
    "by it see what it says.",
    repair="consolidate anew, or remove it (zarrlift repair does it)",
    looks_around=True,
    arises=_holds_copies,
)
def _stale(subject: Subject) -> Iterator[Problem]:
    for copies in _copies(subject.node):
        found = _documents(subject, copies)
        other = [k for k in copies.held if k in found and not _same(copies.held[k], found[k])]
        gone = [k for k, v in copies.held.items() if _is_gone(subject, k, v, found)]
        for keys, words in ((other, "another than its copy"), (gone, "not there, but copied")):
            if keys:
                yield Problem("", f"{_named(keys)} {_are(keys)} {words} in {copies.told}")


@RULES.rule(
    "consolidated-incomplete",
    Force.OURS,
    clause="Consolidated metadata holds every node below its group: readers that go by it do not "
    "see others.",
    repair="consolidate anew, or remove it (zarrlift repair does it)",
    looks_around=True,
    arises=_holds_copies,
)
def _incomplete(subject: Subject) -> Iterator[Problem]:
    for copies in _copies(subject.node):
        found = _documents(subject, copies)
        missing = [k for k, v in found.items() if k not in copies.held and not _is_empty(k, v)]
        if missing:
            yield Problem("", f"{_named(missing)} {_are(missing)} not in {copies.told}")


def _copies(node: Found) -> Iterator[_Copies]:
    document = node.documents.get(".zmetadata")
    held = member(document.value, "metadata") if document is not None else None
    if isinstance(held, dict):
        by_key = {k: v for k, v in held.items() if k.rpartition("/")[2] in _DOCUMENTS}
        yield _Copies(by_key, _DOCUMENTS, ".zmetadata")
    held = member(_own(node), "consolidated_metadata", "metadata")
    if isinstance(held, dict):
        inner = {f"{path}/{V3_DOCUMENT}": v for path, v in held.items() if path}
        yield _Copies(inner, frozenset({V3_DOCUMENT}), "consolidated_metadata")


def _documents(subject: Subject, copies: _Copies) -> dict[str, Mapping[str, object]]:
    """Give the documents at and below a group that can be read, by key relative to it."""
    found: dict[str, Mapping[str, object]] = {}
    ahead = [subject.node]
    while ahead:
        node = ahead.pop()
        below = node.path[len(subject.node.path) :].lstrip("/")
        for name in copies.names & node.documents.keys():
            value = node.documents[name].value
            if value is not None:
                found[f"{below}/{name}".lstrip("/")] = value
        if node.kind is not FoundKind.ARRAY:
            ahead += subject.tree.inside(node.path)
    found.pop(V3_DOCUMENT, None)
    return found


def _is_gone(
    subject: Subject, key: str, copy: object, found: Mapping[str, Mapping[str, object]]
) -> bool:
    """Say whether a copied document surely is not there; empty attributes need no document."""
    if key in found or _is_empty(key, copy):
        return False
    path, _, name = key.rpartition("/")
    place = ome.resolve(subject.node.path, path) if path else subject.node.path
    node = subject.tree.get(place)
    return is_absent(subject.tree, place) if node is None else name not in node.documents


def _is_empty(key: str, value: object) -> bool:
    return key.rpartition("/")[2] == ".zattrs" and value == {}


def _same(copy: object, value: Mapping[str, object]) -> bool:
    """Compare by what is written, since a NaN does not equal itself."""
    if not isinstance(copy, dict):
        return False
    try:
        return copy == value or _plain(copy) == _plain(value) or _text(copy) == _text(value)
    except RecursionError:  # nested as deeply as can be read
        return True


def _plain(document: Mapping[str, object]) -> dict[str, object]:
    """Leave out what says nothing, and copies within."""
    kept = ("attributes", "storage_transformers", "consolidated_metadata")
    inner = {k: v for k, v in document.items() if k not in kept or v not in _EMPTY}
    inner.pop("consolidated_metadata", None)
    return inner


def _text(document: Mapping[str, object]) -> str:
    return json.dumps(_plain(document), sort_keys=True)


def _named(keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(sorted(keys)[:_SHOWN]) + more


def _are(keys: list[str]) -> str:
    return "is" if len(keys) == 1 else "are"


def _own(node: Found) -> Mapping[str, object]:
    document = node.documents.get(V3_DOCUMENT)
    return (document.value or {}) if document is not None else {}
