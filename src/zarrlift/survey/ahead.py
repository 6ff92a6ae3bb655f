"""Asking an object store for all that a walk will want, many requests at a time.

A walk goes from folder to folder, one answer after another; over a network that takes a round
trip for each. This goes ahead of it, breadth first, and leaves the answers with the folder.
"""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import DocumentError
from zarrlift.metadata import json_text, ome
from zarrlift.store.target import OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from zarrlift.store.remote import RemoteEntry, RemoteFolder

_DOCUMENTS = frozenset({".zarray", ".zgroup", ".zattrs", "zarr.json"})
_LARGEST = 2**24
"""Bytes of a document that is fetched ahead."""


class _Seen(NamedTuple):
    key: str
    entries: list[RemoteEntry]
    documents: dict[str, bytes | None]
    below: dict[str, list[RemoteEntry]]
    """Levels further down that are listed already."""


def look_ahead(folder: RemoteFolder, skipped: Callable[[str], bool]) -> None:
    """List every group below a folder and read every document; arrays are not entered.

    What `skipped` says of a path is left out. Takes one listing for each level of an image, at
    most two for each other node, and one request for each document: what lies below a group is
    listed at once where one request reaches all of it. Raises `StorageError`.
    """
    running: set[Future[_Seen]] = set()
    # Waiting for the first of thousands would look at each of them every time.
    ended: SimpleQueue[Future[_Seen]] = SimpleQueue()

    def ask(key: str, above: _Seen | None = None, *, array: bool = False) -> None:
        below = above.below if above is not None else {}
        at_once = above is not None and not array
        future = folder.fetcher.submit(_look, folder, key, below, at_once=at_once)
        running.add(future)
        future.add_done_callback(ended.put)

    ask("")
    try:
        while running:
            future = ended.get()
            running.remove(future)
            seen = future.result()
            folder.keep(seen.key, seen.entries, seen.documents)
            if not _is_array(seen):
                levels = _levels(seen)
                inner = (_join(seen.key, e.name) for e in seen.entries if e.is_dir())
                for key in inner:
                    if not (key == OURS or skipped(key)):
                        ask(key, seen, array=key in levels)
    finally:
        for future in running:
            future.cancel()


def _look(
    folder: RemoteFolder, key: str, known: dict[str, list[RemoteEntry]], *, at_once: bool
) -> _Seen:
    """List one level, unless it is known, and read its documents.

    With `at_once` all levels further down are tried for first; an array has none that matter.
    """
    if key not in known and at_once:
        known = folder.subtree(key) or {}
    entries = known[key] if key in known else folder.entries(key)
    wanted = [
        _join(key, e.name)
        for e in entries
        if e.name in _DOCUMENTS and e.size is not None and e.size <= _LARGEST
    ]
    return _Seen(key, entries, {name: folder.read(name) for name in wanted}, known)


def _is_array(seen: _Seen) -> bool:
    if _join(seen.key, ".zarray") in seen.documents:
        return True
    return _object(seen, "zarr.json").get("node_type") == "array"


def _levels(seen: _Seen) -> set[str]:
    """Give the paths of the arrays that a group's images name."""
    document = _object(seen, "zarr.json")
    attributes = document.get("attributes") if document else _object(seen, ".zattrs")
    attributes = attributes if isinstance(attributes, dict) else {}
    members = ome.v3_members(attributes) if document else attributes
    return {path for path, _, _ in ome.named_arrays(seen.key, members or {})}


def _object(seen: _Seen, name: str) -> Mapping[str, object]:
    data = seen.documents.get(_join(seen.key, name))
    try:
        return json_text.read_object(data, "") if data else {}
    except DocumentError:
        return {}


def _join(key: str, name: str) -> str:
    return f"{key}/{name}".lstrip("/")
