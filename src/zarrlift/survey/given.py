"""A hierarchy made of documents in hand: one document to be judged, or a whole tree of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.survey.entries import proved_keys
from zarrlift.survey.found import V2_DOCUMENTS, V3_DOCUMENT, Document, Found, FoundKind, Hierarchy
from zarrlift.survey.look import kind_of_node, layout_of, parsed, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.metadata.layout import ArrayLayout, Keys

    Files = Mapping[str, Mapping[str, object] | bytes]

_NAMES = frozenset({*V2_DOCUMENTS, V3_DOCUMENT})


def hierarchy(files: Files, *, root: str = "", listed: bool = True) -> Hierarchy:
    """Give the hierarchy that `look` would find, were these files in a folder.

    `files` is by path: what is called as a metadata document is one, as an object or as bytes; any
    other is a plain file. Files in arrays are chunks and are left out, as they are by `look`.
    """
    inside = _inside(files)
    nodes: dict[str, Found] = {}
    for folder in sorted(inside, key=lambda path: path.split("/")):
        above = folder.rpartition("/")[0]
        if folder and (above not in nodes or nodes[above].kind is FoundKind.ARRAY):
            continue
        nodes[folder] = _found(folder, files, inside[folder])
    kept = {f for path, node in nodes.items() if node.documents for f in (path, *_folders(path))}
    nodes = {path: node for path, node in nodes.items() if path in kept or not path}
    return Hierarchy(root=root, nodes=nodes, version=version_of(nodes), listed=listed)


class _Entry(NamedTuple):
    """What a listing gives of a file, or of a folder."""

    folder: bool

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Say whether it is a folder."""
        del follow_symlinks
        return self.folder

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Say whether it is a file."""
        del follow_symlinks
        return not self.folder


def _inside(files: Files) -> dict[str, dict[str, _Entry]]:
    """Give what lies in each folder, by name."""
    made: dict[str, dict[str, _Entry]] = defaultdict(dict)
    made[""] = {}
    for path in files:
        above, _, name = path.rpartition("/")
        made[above][name] = _Entry(folder=False)
        for folder in _folders(path):
            above, _, name = folder.rpartition("/")
            made[above][name] = _Entry(folder=True)
    return dict(made)


def _folders(path: str) -> Iterator[str]:
    """Walk the folders that a path lies in, the root left out."""
    while path := path.rpartition("/")[0]:
        yield path


def _found(folder: str, files: Files, entries: Mapping[str, _Entry]) -> Found:
    held = {n: files[f"{folder}/{n}".lstrip("/")] for n, e in entries.items() if not e.folder}
    documents = {n: _document(n, v) for n, v in sorted(held.items()) if n in _NAMES}
    kind = kind_of_node(documents)
    if kind is FoundKind.ARRAY:
        layout, problem = layout_of(documents)
        return Found(
            path=folder,
            kind=kind,
            documents=documents,
            layout=layout,
            problem=problem,
            proved=_proved(layout, entries) if layout is not None else None,
        )
    return Found(
        path=folder,
        kind=kind,
        documents=documents,
        folders=tuple(sorted(n for n, e in entries.items() if e.folder)),
        files={n: len(v) for n, v in sorted(held.items()) if n not in _NAMES},
    )


def _proved(layout: ArrayLayout, entries: Mapping[str, _Entry]) -> Keys | None:
    return proved_keys(layout, dict(entries))  # type: ignore[arg-type]


def _document(name: str, value: Mapping[str, object] | bytes) -> Document:
    if isinstance(value, bytes):
        return parsed(name, value)
    return Document(name=name, size=0, value=value)
