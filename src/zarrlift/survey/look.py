"""Looking at a hierarchy as it stands: nothing is refused, what cannot be read is kept as such."""

from __future__ import annotations

import json
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import DocumentError, SourceError
from zarrlift.findings import Finding, note, warning
from zarrlift.metadata import json_text, ome, v2, v3
from zarrlift.store.folder import Kind, kind_of, size_of
from zarrlift.store.target import OURS
from zarrlift.survey.alike import Alike
from zarrlift.survey.entries import left_behind, proved_keys
from zarrlift.survey.found import (
    LARGEST_DOCUMENT,
    LINK_OUTSIDE,
    V2_DOCUMENTS,
    V3_DOCUMENT,
    Document,
    Found,
    FoundKind,
    Hierarchy,
)
from zarrlift.survey.refusals import refuse_no_hierarchy

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future

    from zarrlift.metadata.layout import ArrayLayout, Keys
    from zarrlift.store.folder import Folder
    from zarrlift.survey.limits import Limits

_ALL = frozenset({*V2_DOCUMENTS, V3_DOCUMENT})
_NO_FILES = _ALL | {OURS}
_KINDS = {"group": FoundKind.GROUP, "array": FoundKind.ARRAY}
_PLAIN_DEPTH = 4
"""Folders without documents that are entered below one another, looking for nodes."""
_PROOF = 4096
"""Entries of an array's folder that are looked at for the form of its keys."""
_DEEPEST, _LONGEST = 128, 1000
"""Folders below one another, and characters of a path, beyond which systems give up."""
_NO_FILE = {
    Kind.FOLDER: "is a folder",
    Kind.LOOP: "is a link to a folder",
    Kind.DANGLING: "is a link that leads nowhere",
    Kind.SPECIAL: "is a pipe, socket or device",
}


def look(source: Folder, *, depth: int | None = None, limits: Limits | None = None) -> Hierarchy:
    """Look at every node below a place, to a depth of so many levels (None: all).

    Arrays are not entered. `limits` leave out more, and remember what; a folder in a bucket then
    holds listings of arrays that end early, and is to be used for nothing else. Raises
    `SourceError` where there is no folder, `StorageError` where it cannot be read.
    """
    seen: tuple[Finding, ...] = ()
    if source.remote and not source.packed:
        from zarrlift.survey import by_names  # noqa: PLC0415 - for buckets only

        seen = by_names.look(source, lambda path: _too_deep(path, depth), limits)  # type: ignore[arg-type]
    if not source.exists():
        above, _, name = source.root.rpartition("/")
        if name not in _ALL and source.size("") is not None:
            refuse_no_hierarchy(source)
        hint = f"name the folder: {above}" if name in _ALL else "check the path for a typing error"
        raise SourceError("there is nothing here", place=source.root, hint=hint)
    return _Look(source, depth, limits).run(seen)


def _too_deep(path: str, depth: int | None) -> bool:
    return depth is not None and path.count("/") + 1 > depth


def too_long(path: str) -> bool:
    """Say whether a path lies deeper, or has more characters, than anybody looks."""
    return path.count("/") >= _DEEPEST or len(path) > _LONGEST


class _Place(NamedTuple):
    path: str
    plain: int
    """Folders without documents directly above it, one below another."""


class _Look:
    def __init__(self, source: Folder, depth: int | None, limits: Limits | None) -> None:
        self._source, self._depth, self._limits = source, depth, limits
        self._sizes_listed = source.remote or source.packed
        """A listing tells sizes; local files are asked for theirs when they are read."""
        self._nodes: dict[str, Found] = {}
        self._findings: list[Finding] = []
        self._linked: set[str] = set()
        """Folders that are links."""
        self._alike = Alike(parsed, layout_of)

    def run(self, seen: tuple[Finding, ...]) -> Hierarchy:
        """Walk from folder to folder, or from a bucket ask for many at a time."""
        if self._limits is not None:
            self._limits.seen = 0
        listed = self._source.remote and not (self._source.packed or self._source.unlisted)
        if self._limits is not None and listed:
            self._many_at_once(self._limits)
        else:
            self._one_by_one()
        nodes = _without_plain(self._nodes)
        return Hierarchy(
            root=self._source.root,
            nodes=nodes,
            version=version_of(nodes),
            findings=(*seen, *self._findings),
            listed=not self._source.unlisted,
            depth=self._depth,
        )

    def _one_by_one(self) -> None:
        """Walk by a stack of our own: folders may be nested more deeply than calls may."""
        ahead = [_Place("", 0)]
        while ahead:
            place = ahead.pop()
            found = self._folder(place.path)
            self._nodes[place.path] = found
            ahead += reversed(list(self._inside(found, place.plain)))

    def _many_at_once(self, limits: Limits) -> None:
        """Ask a bucket for each folder as soon as the one above it is known."""
        running: dict[Future[Found], _Place] = {}
        ended: SimpleQueue[Future[Found]] = SimpleQueue()

        def ask(place: _Place) -> None:
            future = self._source.fetcher.submit(self._bring, place.path, limits)  # type: ignore[attr-defined]
            running[future] = place
            future.add_done_callback(ended.put)

        ask(_Place("", 0))
        try:
            while running:
                future = ended.get()
                place = running.pop(future)
                self._nodes[place.path] = found = future.result()
                for inner in self._inside(found, place.plain):
                    ask(inner)
        finally:
            for future in running:
                future.cancel()
        self._nodes = dict(sorted(self._nodes.items(), key=lambda item: item[0].split("/")))

    def _bring(self, path: str, limits: Limits) -> Found:
        if path in limits.arrays:
            self._source.hold_array(path, limits.arrays[path])  # type: ignore[attr-defined]
        return self._folder(path)

    def _inside(self, found: Found, plain: int) -> Iterator[_Place]:
        """Walk the folders in a folder that are to be looked at too."""
        plain = plain + 1 if found.kind is FoundKind.FOLDER else 0
        if plain > _PLAIN_DEPTH:
            return
        limits = self._limits
        if limits is not None:
            both = V3_DOCUMENT in found.documents and len(found.documents) > 1
            known = None if both else found.zarr_format
            limits.met(found.path, found.ome, known, found.folders)
        for name in found.folders:
            path = f"{found.path}/{name}".lstrip("/")
            if not (_too_deep(path, self._depth) or (limits is not None and limits.skips(path))):
                yield _Place(path, plain)

    def _folder(self, path: str) -> Found:
        entries = {e.name: e for e in self._source.entries(path)}
        names = sorted(_ALL.intersection(entries))
        documents = {name: self._document(path, name, entries[name]) for name in names}
        kind = kind_of_node(documents)
        if kind is FoundKind.ARRAY:
            layout, problem = self._alike.layout(documents)
            proved = _proved(layout, entries) if layout is not None else None
            return Found(
                path=path,
                kind=kind,
                documents=documents,
                layout=layout,
                problem=problem,
                proved=proved,
            )
        folders, files = self._entries(path, entries)
        return Found(path=path, kind=kind, documents=documents, folders=folders, files=files)

    def _entries(
        self, path: str, entries: Mapping[str, os.DirEntry[str]]
    ) -> tuple[tuple[str, ...], dict[str, int]]:
        folders, files = list[str](), dict[str, int]()
        for name in sorted(entries.keys() - _NO_FILES):
            entry, inner = entries[name], f"{path}/{name}".lstrip("/")
            kind = kind_of(entry)
            link = kind in (Kind.FILE, Kind.FOLDER) and entry.is_symlink()
            unseen = self._not_followed(inner, kind) if link else None
            if unseen is not None:
                message = f"{unseen}; what it points to is not looked at"
                self._findings.append(note(LINK_OUTSIDE, inner, message))
            elif kind is Kind.FOLDER and too_long(inner):
                message = "lies too deep, or has too long a path, to be looked at"
                self._findings.append(warning("folders-deep", path, message))
            elif kind is Kind.FOLDER:
                folders.append(name)
                self._linked.update((inner,) if link else ())
            elif kind is Kind.FILE:
                files[name] = size_of(entry)
            else:
                self._findings.append(left_behind(inner, kind))
        return tuple(folders), files

    def _not_followed(self, path: str, kind: Kind) -> str | None:
        """Say why a link is not followed: behind others the ways to a folder have no end."""
        if self._source.leaves(path):
            return "a link leads out of the dataset"
        behind = kind is Kind.FOLDER and not self._linked.isdisjoint(_upwards(path))
        return "a link to a folder lies behind another one" if behind else None

    def _document(self, path: str, name: str, entry: os.DirEntry[str]) -> Document:
        key = f"{path}/{name}".lstrip("/")
        kind = kind_of(entry)
        if kind is not Kind.FILE:
            return Document(name=name, size=0, value=None, problem=_NO_FILE[kind])
        if self._sizes_listed and size_of(entry) > LARGEST_DOCUMENT:
            return self._too_large(key, name, size_of(entry))
        try:
            data = self._source.read(key)
        except DocumentError as error:
            size = size_of(entry)
            if size > LARGEST_DOCUMENT:
                return self._too_large(key, name, size)
            return Document(name=name, size=size, value=None, problem=error.message)
        if data is None:
            return Document(name=name, size=0, value=None, problem="is not there any more")
        return self._alike.document(name, data)

    def _too_large(self, key: str, name: str, size: int) -> Document:
        problem = f"is too large to be a document ({size:,} bytes)"
        self._findings.append(warning("document-large", key, problem))
        return Document(name=name, size=size, value=None, problem=problem)


def parsed(name: str, data: bytes) -> Document:
    """Give a document of these bytes, readable or not."""
    if not data.strip() and name == ".zattrs":
        return Document(name=name, size=len(data), value={})
    try:
        value = json_text.read_object(data, "")
    except DocumentError as error:
        return Document(name=name, size=len(data), value=None, problem=error.message)
    form = json.detect_encoding(data)
    if not form.startswith("utf-8"):  # which Python reads, and next to nobody else
        problem = f"holds {form.upper()}, where JSON has UTF-8"
        return Document(name=name, size=len(data), value=None, problem=problem)
    constants = json_text.constants(data)
    return Document(name=name, size=len(data), value=value, constants=constants)


def kind_of_node(documents: Mapping[str, Document]) -> FoundKind:
    """Say what a folder with these documents is."""
    own = documents.get(V3_DOCUMENT)
    if own is not None:
        stated = (own.value or {}).get("node_type")
        return _KINDS.get(str(stated), FoundKind.UNREADABLE)
    if ".zarray" in documents:
        return FoundKind.ARRAY
    if ".zgroup" in documents or ".zattrs" in documents:
        return FoundKind.GROUP
    return FoundKind.FOLDER


def layout_of(documents: Mapping[str, Document]) -> tuple[ArrayLayout | None, str]:
    """Give the layout of an array, or None and why there is none."""
    own = documents.get(V3_DOCUMENT) or documents[".zarray"]
    if own.value is None:
        return None, own.problem
    try:
        if own.name == V3_DOCUMENT:
            return v3.read_array(own.value, ""), ""
        return v2.from_document(dict(own.value)).layout, ""
    except SourceError as error:
        return None, error.message


def _proved(layout: ArrayLayout, entries: Mapping[str, os.DirEntry[str]]) -> Keys | None:
    some = entries if len(entries) <= _PROOF else dict(islice(entries.items(), _PROOF))
    return proved_keys(layout, some)


def _without_plain(nodes: dict[str, Found]) -> dict[str, Found]:
    """Leave out folders in which no node lies; the root stays."""
    kept: set[str] = set()
    for path, found in nodes.items():
        above = path if found.kind is not FoundKind.FOLDER else ""
        while above and above not in kept:
            kept.add(above)
            above = above.rpartition("/")[0]
    return {p: f for p, f in nodes.items() if p in kept or not p}


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def version_of(nodes: Mapping[str, Found]) -> str | None:
    """Give the version that the first OME-Zarr node states, else the one its structure shows."""
    with_ome = [n for n in nodes.values() if n.ome]
    for node in with_ome:
        if node.stated:
            return node.stated
    for node in with_ome:
        if "multiscales" in node.ome:
            named = [p for p, _, _ in ome.named_arrays(node.path, node.ome)]
            layouts = [nodes[p].layout for p in named if p in nodes]
            separators = {x.keys.separator for x in layouts if x is not None}
            return ome.guessed_version(node.ome, separators)
    if not with_ome:
        return None
    return "0.5" if with_ome[0].zarr_format == 3 else "0.4"  # noqa: PLR2004 - the format's number


def found_of(path: str, documents: Mapping[str, bytes]) -> Found:
    """Make a node of its documents alone, by name; what lies in its folder is not looked at."""
    held = {name: parsed(name, documents[name]) for name in sorted(documents)}
    kind = kind_of_node(held)
    layout, problem = layout_of(held) if kind is FoundKind.ARRAY else (None, "")
    return Found(path=path, kind=kind, documents=held, layout=layout, problem=problem)
