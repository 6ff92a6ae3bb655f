"""Reading single nodes of a hierarchy when they are asked for, by name and without listing.

`look` reads a whole hierarchy. A view of a plate of thousands of nodes wants a few of them: those
that metadata names on the way to what somebody looks at.
"""

from __future__ import annotations

import errno
import threading
from typing import TYPE_CHECKING, TypeVar

from zarrlift import grid
from zarrlift.errors import AccessError, StorageError
from zarrlift.metadata import ome
from zarrlift.metadata.layout import Keys
from zarrlift.store.folder import Kind, kind_of
from zarrlift.survey.found import V3_DOCUMENT, Hierarchy
from zarrlift.survey.look import found_of, version_of
from zarrlift.survey.names import can_be

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder
    from zarrlift.survey.found import Found

A = TypeVar("A")
B = TypeVar("B")
_V2 = (".zarray", ".zgroup", ".zattrs")
_COUNTED_AT_ONCE = 8
"""Series that are asked for at a time, where none tells how many there are."""
_PLACES = 8
"""Chunks that are asked for to prove the form of an array's keys."""
_NO_PLACE = (errno.ENOTDIR, errno.ENAMETOOLONG)
"""What a disk says of a key below a file, and of one that is too long: nothing can lie there."""


class OnDemand:
    """The nodes below one place; each is read once, from any thread.

    A path that leads out of the place, as a document may name one, leads to no node.
    Raises `StorageError` where a document cannot be read; one that is wrong is kept as such.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._known: dict[str, Found | None] = {}
        self._proved: dict[str, Keys | None] = {}
        self._lock = threading.RLock()
        self._first: tuple[str, ...] = ()
        """Documents that are asked for first: those of the format that the root has."""

    def node(self, path: str) -> Found | None:
        """Give the node at a path; None where no document lies there."""
        return self.nodes([path])[0]

    def nodes(self, paths: Sequence[str]) -> list[Found | None]:
        """Give several nodes, asked for side by side."""
        with self._lock:
            if not self._first:
                self._root()
            wanted = [path for path in dict.fromkeys(paths) if path not in self._known]
            self._known.update(dict.fromkeys(path for path in wanted if not can_be(path)))
            wanted = [path for path in wanted if can_be(path)]
            if wanted:
                self._read(wanted)
            return [self._known[path] for path in paths]

    def tree(self, paths: Iterable[str]) -> Hierarchy:
        """Give a hierarchy of some nodes, those that are there."""
        found = {n.path: n for n in self.nodes(list(paths)) if n is not None}
        return Hierarchy(
            root=self._folder.root, nodes=found, version=version_of(found), listed=False
        )

    def image_tree(self, path: str) -> Hierarchy:
        """Give a hierarchy of an image's group and the arrays of its levels."""
        group = self.node(path)
        named = [] if group is None else [p for p, _, _ in ome.named_arrays(path, group.ome)]
        return self.tree([path, *named])

    def series(self, path: str) -> list[str]:
        """Name the groups of a collection that is counted from 0: as many as follow one another."""
        names: list[str] = []
        while len(names) % _COUNTED_AT_ONCE == 0:
            first = len(names)
            more = [str(n) for n in range(first, first + _COUNTED_AT_ONCE)]
            found = self.nodes([_join(path, name) for name in more])
            there = next((n for n, node in enumerate(found) if not _is_there(node)), len(more))
            names += more[:there]
            if not there:
                break
        return names

    def folders(self, path: str) -> list[str]:
        """List the folders in one; none where nothing is listed."""
        if self._folder.unlisted:
            return []
        return sorted(e.name for e in self._folder.entries(path) if kind_of(e) is Kind.FOLDER)

    def proved(self, path: str, layout: ArrayLayout) -> ArrayLayout:
        """Give an array's layout with the form of keys that its objects prove.

        In v2 the stated separator may be wrong; a few chunks are asked for under either.
        """
        if layout.keys not in _OTHER or layout.ndim < 2:  # noqa: PLR2004 - one index has one form
            return layout
        if path not in self._proved:
            self._proved[path] = self._prove(path, layout)
        keys = self._proved[path]
        return layout if keys is None else layout.with_keys(keys)

    def _root(self) -> None:
        """Read the root's documents of either format, and go by its own from now on."""
        self._first = (V3_DOCUMENT, *_V2)
        try:
            self._read([""])
        except AccessError:
            # Where listing is forbidden, what is absent is refused as well.
            if not self._folder.remote or self._folder.packed or self._folder.lists():  # type: ignore[attr-defined]
                raise
            self._folder.ask_by_key()  # type: ignore[attr-defined]
            self._read([""])
        root = self._known[""]
        v2 = root is not None and V3_DOCUMENT not in root.documents
        self._first = _V2 if v2 else (V3_DOCUMENT,)

    def _read(self, paths: Sequence[str]) -> None:
        """Read nodes by the documents that the root has, else by those of the other format."""
        found = self._documents(paths, self._first)
        rest = [path for path in paths if not found[path]]
        other = tuple(n for n in (V3_DOCUMENT, *_V2) if n not in self._first)
        if rest and other:
            found |= self._documents(rest, other)
        for path in paths:
            documents = found[path]
            self._known[path] = found_of(path, documents) if documents else None

    def _documents(self, paths: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, bytes]]:
        keys = [(path, name) for path in paths for name in names]
        found: dict[str, dict[str, bytes]] = {path: {} for path in paths}
        answers = self._each(self._document, [_join(path, name) for path, name in keys])
        for (path, name), data in zip(keys, answers, strict=True):
            if data is not None:
                found[path][name] = data
        return found

    def _document(self, key: str) -> bytes | None:
        """Read a document; a key that no file can have has none."""
        try:
            return self._folder.read(key)
        except StorageError as error:
            if getattr(error.__cause__, "errno", None) in _NO_PLACE:
                return None
            raise

    def _prove(self, path: str, layout: ArrayLayout) -> Keys | None:
        """Give the form of the first chunk that is found; None where none is."""
        total = grid.count(layout.chunk_grid)
        numbers = sorted({n * total // _PLACES for n in range(_PLACES)}) if total else []
        forms = (layout.keys, _OTHER[layout.keys])
        tries = [(f, grid.unravel(n, layout.chunk_grid)) for n in numbers for f in forms]
        node = (path,) if self._folder.unlisted else ()

        def there(one: tuple[Keys, grid.Index]) -> bool:
            form, index = one
            return self._folder.size(_join(path, form.of(index)), *node) is not None

        if tries and there(tries[0]):
            return tries[0][0]
        answers = self._each(there, tries[1:])
        return next((f for (f, _), yes in zip(tries[1:], answers, strict=True) if yes), None)

    def _each(self, ask: Callable[[A], B], values: Sequence[A]) -> list[B]:
        """Ask for several things, side by side where each is a request."""
        if self._folder.remote and len(values) > 1:
            return list(self._folder.fetcher.map(ask, values))  # type: ignore[attr-defined]
        return [ask(value) for value in values]


_OTHER = {Keys.V2_FLAT: Keys.V2_NESTED, Keys.V2_NESTED: Keys.V2_FLAT}


def _is_there(node: Found | None) -> bool:
    """Say whether a document can be read: some servers answer for any key, with a page."""
    held = node.documents.values() if node is not None else ()
    return any(document.value is not None for document in held)


def _join(path: str, name: str) -> str:
    return f"{path}/{name}".lstrip("/")
