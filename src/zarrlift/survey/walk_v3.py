"""The walk over a Zarr v3 hierarchy: `zarr.json` in every node, arrays are not entered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.errors import DocumentError
from zarrlift.findings import note, warning
from zarrlift.metadata import json_text, ome, v3
from zarrlift.survey.facts import Node, NodeKind
from zarrlift.survey.walk import V2_DOCUMENTS, Walk

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

_DOCUMENT = "zarr.json"
_GROUP = frozenset({"zarr_format", "node_type", "attributes", "consolidated_metadata"})


class WalkV3(Walk):
    """Walks what `Walk` walks, with v3's documents."""

    def _version(self) -> str | None:
        stated = (ome.v3_version(n.attributes) for n in self._nodes if n.layout is None)
        return next((version for version in stated if version), None) or super()._version()

    def _folder(self, path: str) -> None:
        entries = {e.name: e for e in self._source.entries(path)}
        self._left_v2(path, entries)
        if _DOCUMENT not in entries:
            self._implicit(path, entries)
            return
        key = f"{path}/{_DOCUMENT}".lstrip("/")
        place = self._source.path(key)
        document = json_text.read_object(self._document(key), place)
        if document.get("zarr_format") != 3:  # noqa: PLR2004 - the format's number
            raise DocumentError(
                f"zarr_format is {document.get('zarr_format')!r}", place=place, hint=json_text.MEND
            )
        if document.get("node_type") == "array":
            self._array_v3(path, document, place)
            return
        if document.get("node_type") != "group":
            kind = document.get("node_type")
            raise DocumentError(
                f"node_type {kind!r} is neither array nor group", place=place, hint=json_text.MEND
            )
        if document.get("consolidated_metadata") is not None:
            message = "consolidated metadata is not carried over: it repeats the documents below"
            self._found.append(note("consolidated-dropped", path, message))
        self._node(path, NodeKind.GROUP, document, place, _GROUP)
        self._inside(path, entries)

    def _implicit(self, path: str, entries: Mapping[str, os.DirEntry[str]]) -> None:
        """Walk a folder without a document: it becomes a group where nodes lie in it."""
        number = len(self._nodes)
        self._inside(path, entries)
        if len(self._nodes) > number:
            node = Node(path=path, kind=NodeKind.IMPLICIT, attributes={})
            self._nodes.insert(number, node)

    def _inside(self, path: str, entries: Mapping[str, os.DirEntry[str]]) -> None:
        for name in sorted(entries.keys() - V2_DOCUMENTS - {_DOCUMENT}):
            self._entry(f"{path}/{name}".lstrip("/"), entries[name])

    def _left_v2(self, path: str, entries: Mapping[str, os.DirEntry[str]]) -> None:
        known = any(f.rule == "both-formats" for f in self._found)
        if entries.keys() & V2_DOCUMENTS and not known:
            message = "v2 metadata stands beside v3's, from here on; the v3 documents are taken"
            self._found.append(warning("both-formats", path, message))

    def _array_v3(self, path: str, document: Mapping[str, object], place: str) -> None:
        try:
            layout = v3.read_array(document, place)
        except DocumentError as error:
            error.hint = error.hint or "leave the array out with --exclude"
            raise
        if document.get("storage_transformers"):
            raise DocumentError(
                "storage transformers are not read",
                place=place,
                hint="leave the array out with --exclude",
            )
        self._node(path, NodeKind.ARRAY, document, place, v3.ARRAY_MEMBERS)
        self._nodes[-1] = self._nodes[-1].with_layout(layout)

    def _node(
        self,
        path: str,
        kind: NodeKind,
        document: Mapping[str, object],
        place: str,
        known: frozenset[str],
    ) -> None:
        attributes = document.get("attributes", {})
        if not isinstance(attributes, dict):
            raise DocumentError("attributes is no object", place=place, hint=json_text.MEND)
        extra = {k: v for k, v in document.items() if k not in known}
        for member, value in extra.items():
            if not (isinstance(value, dict) and value.get("must_understand") is False):
                raise DocumentError(
                    f"member {member!r} must be understood, and is not known",
                    place=place,
                    hint="leave the node out with --exclude",
                )
        self._nodes.append(Node(path=path, kind=kind, attributes=attributes, extra=extra))
