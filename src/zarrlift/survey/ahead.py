"""Asking an object store for all that a walk will want, many requests at a time.

A walk goes from folder to folder, one answer after another; over a network that takes a round
trip for each. This goes ahead of it, breadth first, and leaves the answers with the folder.
"""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import DocumentError
from zarrlift.metadata import json_text
from zarrlift.store.target import OURS

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from zarrlift.store.remote import RemoteEntry, RemoteFolder

_DOCUMENTS = frozenset({".zarray", ".zgroup", ".zattrs", "zarr.json"})
_LARGEST = 2**24
"""Bytes of a document that is fetched ahead."""


class _Seen(NamedTuple):
    key: str
    entries: list[RemoteEntry]
    documents: dict[str, bytes | None]


def look_ahead(folder: RemoteFolder, skipped: Callable[[str], bool]) -> None:
    """List every group below a folder and read every document; arrays are not entered.

    What `skipped` says of a path is left out. Takes one listing for each node, and one request for
    each document. Raises `StorageError`.
    """
    running: set[Future[_Seen]] = set()
    # Waiting for the first of thousands would look at each of them every time.
    ended: SimpleQueue[Future[_Seen]] = SimpleQueue()

    def ask(key: str) -> None:
        future = folder.fetcher.submit(_look, folder, key)
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
                inner = (f"{seen.key}/{e.name}".lstrip("/") for e in seen.entries if e.is_dir())
                for key in inner:
                    if not (key == OURS or skipped(key)):
                        ask(key)
    finally:
        for future in running:
            future.cancel()


def _look(folder: RemoteFolder, key: str) -> _Seen:
    entries = folder.entries(key)
    wanted = [
        f"{key}/{e.name}".lstrip("/")
        for e in entries
        if e.name in _DOCUMENTS and e.size is not None and e.size <= _LARGEST
    ]
    return _Seen(key, entries, {name: folder.read(name) for name in wanted})


def _is_array(seen: _Seen) -> bool:
    key = f"{seen.key}/.zarray".lstrip("/")
    if key in seen.documents:
        return True
    data = seen.documents.get(f"{seen.key}/zarr.json".lstrip("/"))
    try:
        return data is not None and json_text.read_object(data, "").get("node_type") == "array"
    except DocumentError:
        return False
