"""The walk: every folder of the tree is listed once, arrays are not entered."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from zarrlift.errors import DocumentError, SourceError
from zarrlift.findings import Finding, note, warning
from zarrlift.metadata import json_text, ome, v2
from zarrlift.metadata.json_depth import MOST
from zarrlift.store.folder import Kind, kind_of, size_of
from zarrlift.store.target import OURS
from zarrlift.survey.entries import left_behind, left_out, proved_keys
from zarrlift.survey.facts import Node, NodeKind, PlainFile, Survey
from zarrlift.survey.refusals import refuse_no_hierarchy

if TYPE_CHECKING:
    import os

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

V2_DOCUMENTS = frozenset({".zarray", ".zgroup", ".zattrs", ".zmetadata"})
_ALL_DOCUMENTS = V2_DOCUMENTS | {"zarr.json"}


def survey(source: Folder, exclude: tuple[str, ...] = (), *, by_v2: bool = False) -> Survey:
    """Walk a Zarr hierarchy, v2 or v3; `exclude` holds patterns of paths to leave out.

    A root that has documents of both is walked by v3's, or with `by_v2` by v2's.
    Raises `SourceError` where there is no such hierarchy, `DocumentError` for a document that
    cannot be read.
    """
    seen: tuple[Finding, ...] = ()
    if source.remote and not source.packed:
        from zarrlift.survey.by_names import look  # noqa: PLC0415 - for buckets only

        seen = look(source, lambda path: left_out(path, exclude), one=True)  # type: ignore[arg-type]
    if not source.exists():
        refuse_no_hierarchy(source)
    names = {e.name for e in source.entries("")}
    if "zarr.json" in names and not (by_v2 and names & V2_DOCUMENTS):
        from zarrlift.survey.walk_v3 import WalkV3  # noqa: PLC0415 - most sources are v2

        return _with(seen, WalkV3(source, exclude).run(3))
    if not names & {".zgroup", ".zarray", ".zattrs"}:
        refuse_no_hierarchy(source)
    return _with(seen, Walk(source, exclude).run(2))


def _with(seen: tuple[Finding, ...], made: Survey) -> Survey:
    return replace(made, findings=(*seen, *made.findings))


class Walk:
    """Walks a v2 hierarchy; what differs in v3 is in `WalkV3`."""

    def __init__(self, source: Folder, exclude: tuple[str, ...]) -> None:
        self._source, self._exclude = source, exclude
        self._unused = dict.fromkeys(exclude)
        self._nodes: list[Node] = []
        self._files: list[PlainFile] = []
        self._found: list[Finding] = []
        self._digest = hashlib.sha256()

    def run(self, zarr_format: int) -> Survey:
        """Walk the whole tree."""
        self._folder("")
        for pattern in self._unused:
            message = f"--exclude {pattern} matches no node, nor a file beside one"
            self._found.append(warning("pattern-unused", "", message))
        return Survey(
            source=self._source.root,
            version=self._version(),
            zarr_format=zarr_format,
            nodes=tuple(self._nodes),
            files=tuple(self._files),
            findings=tuple(self._found),
            digest=self._digest.hexdigest(),
        )

    def _version(self) -> str | None:
        """Give the hierarchy's version: stated by the first node that does, else by structure."""
        nodes = self._nodes
        with_ome = [n for n in nodes if n.layout is None and ome.members(n.attributes, n.name)]
        for node in with_ome:
            stated = ome.stated_version(node.attributes)
            if stated:
                return stated
        layouts = {n.path: n.layout for n in nodes if n.layout is not None}
        for node in with_ome:
            if "multiscales" in node.attributes:
                named = [p for p, _, _ in ome.named_arrays(node.path, node.attributes)]
                separators = {layouts[p].keys.separator for p in named if p in layouts}
                return ome.guessed_version(node.attributes, separators)
        return "0.4" if with_ome else None

    def _folder(self, path: str) -> None:
        entries = {e.name: e for e in self._source.entries(path)}
        if ".zarray" in entries:
            self._both_formats(path, entries)
            self._array(path, entries)
            return
        kind = NodeKind.GROUP if ".zgroup" in entries else NodeKind.IMPLICIT
        if kind is NodeKind.GROUP:
            self._group(path)
        attributes = self._attributes(path) if ".zattrs" in entries else {}
        place = len(self._nodes)
        for name in sorted(entries.keys() - _ALL_DOCUMENTS):
            self._entry(f"{path}/{name}".lstrip("/"), entries[name])
        self._consolidated(path, entries)
        if kind is NodeKind.GROUP or attributes or len(self._nodes) > place or not path:
            self._both_formats(path, entries)
            self._nodes.insert(place, Node(path=path, kind=kind, attributes=attributes))
        elif "zarr.json" in entries:
            self._entry(f"{path}/zarr.json", entries["zarr.json"])

    def _both_formats(self, path: str, entries: dict[str, os.DirEntry[str]]) -> None:
        if "zarr.json" in entries:
            message = "v3 metadata stands beside v2's; the v2 documents are taken"
            self._found.append(warning("both-formats", path, message))

    def _consolidated(self, path: str, entries: dict[str, os.DirEntry[str]]) -> None:
        if ".zmetadata" in entries:
            message = "consolidated v2 metadata is not carried over; v3 documents replace it"
            self._found.append(note("zmetadata-dropped", path, message))

    def _entry(self, path: str, entry: os.DirEntry[str]) -> None:
        if entry.name == OURS:
            return
        matched = [p for p in self._exclude if left_out(path, (p,))]
        if matched:
            for pattern in matched:
                self._unused.pop(pattern, None)
            self._found.append(note("excluded", path, "left out as asked"))
            return
        kind = kind_of(entry)
        if entry.is_symlink() and kind in (Kind.FILE, Kind.FOLDER) and self._source.leaves(path):
            message = "a link leads out of the dataset; what it points to is copied"
            self._found.append(note("link-outside", path, message))
        if kind is Kind.FOLDER:
            self._folder(path)
        elif kind is Kind.FILE:
            self._plain(path, size_of(entry))
        else:
            self._found.append(left_behind(path, kind))

    def _plain(self, path: str, size: int) -> None:
        self._files.append(PlainFile(path=path, size=size))
        self._digest.update(f"file\0{path}\0{size}\0".encode("utf-8", "surrogateescape"))

    def _document(self, key: str) -> bytes:
        data = self._source.read(key)
        if data is None:
            raise DocumentError(
                "is listed, but not there: a link that leads nowhere?",
                place=self._source.path(key),
                hint="put it back, or leave its node out with --exclude",
            )
        self._digest.update(f"document\0{key}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        self._digest.update(data)
        return data

    def _group(self, path: str) -> None:
        key = f"{path}/.zgroup".lstrip("/")
        data = self._document(key)
        unknown = _group_members(data) if data.strip() else ()
        if unknown is None:
            json_text.read_object(data, self._source.path(key))
        if unknown:
            message = f"unknown members have no place in v3: {', '.join(unknown)}"
            self._found.append(warning("group-members-dropped", path, message))

    def _attributes(self, path: str) -> dict[str, object]:
        key = f"{path}/.zattrs".lstrip("/")
        data = self._document(key)
        if not data.strip():
            return {}
        # In v3's document they lie deeper by some, and that has to be read again.
        return json_text.read_object(data, self._source.path(key), MOST)

    def _array(self, path: str, entries: dict[str, os.DirEntry[str]]) -> None:
        key = f"{path}/.zarray".lstrip("/")
        data = self._document(key)
        try:
            document = v2.read_array(data)
        except SourceError as error:
            error.place = self._source.path(key)
            error.hint = error.hint or "repair it, or leave the array out with --exclude"
            raise
        attributes = self._attributes(path) if ".zattrs" in entries else {}
        layout = self._keys_proved(path, document, entries)
        node = Node(path=path, kind=NodeKind.ARRAY, attributes=attributes, layout=layout)
        self._nodes.append(node)
        if document.fill_undefined:
            message = f"fill_value null is written as {layout.fill!r}, the type's default"
            self._found.append(note("fill-null", path, message))
        if document.unknown:
            message = f"unknown members have no place in v3: {', '.join(document.unknown)}"
            self._found.append(warning("array-members-dropped", path, message))

    def _keys_proved(
        self, path: str, document: v2.V2Array, entries: dict[str, os.DirEntry[str]]
    ) -> ArrayLayout:
        layout = document.layout
        proved = proved_keys(layout, entries)
        if proved is None or proved is layout.keys or layout.ndim < 2:  # noqa: PLR2004
            return layout
        stated = f"{layout.keys.separator!r}" if document.separator_stated else "absent"
        message = f"dimension_separator is {stated}, the keys show {proved.separator!r}"
        self._found.append(note("separator-proved", path, message))
        return layout.with_keys(proved)


@lru_cache(maxsize=64)
def _group_members(data: bytes) -> tuple[str, ...] | None:
    """Give the members of a `.zgroup` that v2 does not know, or None where it is not readable."""
    try:
        return tuple(sorted(json_text.read_object(data, "").keys() - {"zarr_format"}))
    except DocumentError:
        return None
