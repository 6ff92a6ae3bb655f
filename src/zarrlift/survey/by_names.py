"""Finding the nodes of a hierarchy that nothing lists, by what its metadata names.

From the root's document on, a node is asked for where another names it: levels of an image, its
labels, wells and fields of a plate, series of a collection, and what consolidated metadata holds.
The answers are left with the folder, as `look_ahead` leaves listings.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, wait
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.errors import SourceError
from zarrlift.findings import Finding, error, note, warning
from zarrlift.metadata import json_text, v2, v3
from zarrlift.metadata.layout import Keys
from zarrlift.store.remote import RemoteEntry
from zarrlift.store.unlisted import Answer, impossible_key
from zarrlift.survey.ahead import look_ahead
from zarrlift.survey.facts import CRATE
from zarrlift.survey.names import members_of, named_nodes

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.remote import RemoteFolder
    from zarrlift.survey.limits import Limits

    Documents = dict[str, bytes]
    """Of one node, by name."""

_ROOT = ("zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata")
_V2 = (".zarray", ".zgroup", ".zattrs")
_V3 = ("zarr.json",)
_OME_XML = "METADATA.ome.xml"
_AT_ONCE = 8
"""Series that are asked for at a time, where none tells how many there are."""
_PLACES = 64
"""Chunks that are asked for to prove the form of an array's keys."""
_MANY, _MOST = 2**17, 2**24
"""Keys of one array: worth a warning, and too many."""
_UNSEEN = (
    "this address does not list: what metadata names is read, and nothing else is seen. Other "
    "files, nodes that no document names, and strays are left behind, if there are any"
)


def look(
    folder: RemoteFolder,
    skipped: Callable[[str], bool],
    limits: Limits | None = None,
    *,
    one: bool = False,
) -> tuple[Finding, ...]:
    """Fetch all that a walk will want, by listings, or by names where nothing is listed.

    What `skipped` says of a path is left out, and by names what `limits` say; listings that these
    bound are left to the walk. With `one`, nothing is fetched of a folder that is no dataset
    itself, since it will be refused. Gives what is to be said of a place that does not list. Raises
    `StorageError`, and `SourceError` where there is no hierarchy to be seen.
    """
    if folder.lists():
        refused = one and not any(entry.name in _ROOT for entry in folder.entries(""))
        if limits is None and not refused:
            look_ahead(folder, skipped)
        return ()
    folder.ask_by_key()
    return _Search(folder, skipped, limits).run()


class _Search:
    def __init__(
        self, folder: RemoteFolder, skipped: Callable[[str], bool], limits: Limits | None
    ) -> None:
        self._folder, self._limits = folder, limits
        self._skipped = skipped if limits is None else lambda p: skipped(p) or limits.skips(p)
        self._documents: tuple[str, ...] = _ROOT
        self._running: dict[Future[Documents], str] = {}
        self._asked: set[str] = set()
        self._there: dict[str, Documents] = {}
        self._inside: dict[str, dict[str, RemoteEntry]] = defaultdict(dict)
        """What the walk will find in a node's folder, by name."""
        self._counted: dict[str, int] = {}
        """Of a collection: the series up to which was asked."""
        self._found: list[Finding] = [warning("unlisted", "", _UNSEEN)]

    def run(self) -> tuple[Finding, ...]:
        """Find all nodes, and leave them with the folder."""
        if self._folder.answer(impossible_key("")) is Answer.THERE:
            raise SourceError(
                "this server answers for keys that cannot be there, so nothing proves absence",
                place=self._folder.root,
                hint="name the dataset by an address that lists, or copy it to a folder first",
            )
        try:
            self._search()
        finally:
            for future in self._running:
                future.cancel()
        self._files()
        self._arrays()
        for path in {*self._there, *self._inside}:
            documents = self._there.get(path, {})
            held = {_join(path, name): data for name, data in documents.items()}
            self._folder.keep(path, list(self._inside[path].values()), held)
        return tuple(self._found)

    def _search(self) -> None:
        self._ask("")
        while self._running:
            ended, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in ended:
                path = self._running.pop(future)
                documents = future.result()
                if not path:
                    self._decide(documents)
                if documents:
                    self._enter(path, documents)

    def _decide(self, documents: Documents) -> None:
        """Go by v3's documents where the root has one, as the walk does."""
        if not documents:
            raise SourceError(
                "no Zarr document answers here (.zgroup, .zarray, .zattrs, zarr.json), and "
                "nothing is listed",
                place=self._folder.root,
                hint="check the address, and name one dataset: what holds several is not seen",
            )
        self._documents = _V3 if "zarr.json" in documents else _V2

    def _ask(self, path: str) -> None:
        """Ask for a node, and for those that it lies in."""
        if path in self._asked:
            return
        self._asked.add(path)
        if path:
            self._ask(path.rpartition("/")[0])
        if path and self._skipped(path):
            self._put(path, None)
            return
        self._running[self._folder.fetcher.submit(self._read, path)] = path

    def _read(self, path: str) -> Documents:
        found = dict[str, bytes]()
        for name in self._documents:
            key = _join(path, name)
            # Beside a document of v3 those of v2 do not count; some servers refuse names with dots.
            if "zarr.json" in found and self._folder.answer(key) is not Answer.THERE:
                continue
            data = self._folder.read(key)
            if data is not None:
                found[name] = data
        return found

    def _put(self, path: str, size: int | None) -> None:
        """Let the walk find a path, and the folders that it lies in."""
        above, _, name = path.rpartition("/")
        if name not in self._inside[above]:
            self._inside[above][name] = RemoteEntry(name, self._folder.path(path), size)
            if above:
                self._put(above, None)

    def _enter(self, path: str, documents: Documents) -> None:
        self._there[path] = documents
        if self._limits is not None:
            self._limits.met(path, members_of(path, documents), None, ())
        for name, data in documents.items():
            self._put(_join(path, name), len(data))
        for named in named_nodes(path, documents):
            if named.counted:
                self._count(named.path)
            else:
                self._ask(named.path)
        above, _, name = path.rpartition("/")
        if above in self._counted and name == str(self._counted[above] - 1):
            self._count(above)

    def _count(self, path: str) -> None:
        """Ask for the next series of a collection."""
        first = self._counted.get(path, 0)
        self._counted[path] = first + _AT_ONCE
        for number in range(first, first + _AT_ONCE):
            self._ask(_join(path, str(number)))

    def _files(self) -> None:
        """Ask for the plain files that have a name of their own."""
        paths = [CRATE, *(_join(_join(path, "OME"), _OME_XML) for path in self._counted)]
        wanted = [path for path in paths if not self._skipped(path)]
        sizes = list(self._folder.fetcher.map(self._folder.size, wanted))
        for path, size in zip(wanted, sizes, strict=True):
            if size is not None:
                self._put(path, size)

    def _arrays(self) -> None:
        """Prove the form of every array's keys, and judge how many there are."""
        wanted: dict[str, _Array] = {}
        for path, documents in self._there.items():
            array = _array(documents)
            if array is not None and self._countable(path, grid.count(array.layout.object_grid)):
                wanted[path] = array
        wanted = {p: a for p, a in wanted.items() if a.v2 and a.layout.ndim > 1}
        proofs = self._folder.fetcher.map(self._proof, wanted, wanted.values())
        for (path, array), entry in zip(wanted.items(), proofs, strict=True):
            if entry is not None:
                self._inside[path][entry.name] = entry
            elif grid.count(array.layout.chunk_grid):
                self._unproved(path, array)

    def _countable(self, path: str, number: int) -> bool:
        """Say whether so many keys of an array can be asked for."""
        if self._limits is not None:  # nobody asks for all of them
            return True
        if number > _MOST:
            message = f"{number:,} keys would have to be asked for one by one, since nothing is "
            message += f"listed; {_MOST:,} is the most"
            self._found.append(error("keys-many", path, message))
        elif number > _MANY:
            message = f"{number:,} keys have to be asked for one by one, since nothing is listed"
            self._found.append(warning("keys-many", path, message))
        return number <= _MOST

    def _proof(self, path: str, array: _Array) -> RemoteEntry | None:
        """Give what the walk would find of a chunk, whose key shows the separator."""
        layout = array.layout
        forms = sorted((Keys.V2_FLAT, Keys.V2_NESTED), key=lambda form: form is not layout.keys)
        for number in _spread(grid.count(layout.chunk_grid)):
            for form in forms:
                key = form.of(grid.unravel(number, layout.chunk_grid))
                size = self._folder.size(_join(path, key), path)
                if size is not None:
                    first, separator, _ = key.partition("/")
                    place = self._folder.path(_join(path, first))
                    return RemoteEntry(first, place, None if separator else size)
        return None

    def _unproved(self, path: str, array: _Array) -> None:
        asked = len(_spread(grid.count(array.layout.chunk_grid)))
        message = f"no chunk was found in {asked} places, so the separator of keys is taken for "
        message += repr(array.layout.keys.separator)
        if array.stated:
            self._found.append(note("separator-unproved", path, message))
        else:
            message += ", though .zarray does not say so"
            self._found.append(warning("separator-unproved", path, message))


class _Array(NamedTuple):
    """What an array's document says."""

    layout: ArrayLayout
    v2: bool
    stated: bool
    """The document names the separator of its keys."""


def _array(documents: Documents) -> _Array | None:
    """Read an array's document; None for a group, and for what the walk will refuse."""
    try:
        if ".zarray" in documents:
            found = v2.read_array(documents[".zarray"])
            return _Array(found.layout, v2=True, stated=found.separator_stated)
        document = json_text.read_object(documents.get("zarr.json", b"{}"), "")
        if document.get("node_type") == "array":
            return _Array(v3.read_array(document, ""), v2=False, stated=True)
    except SourceError:
        pass
    return None


def _spread(total: int) -> list[int]:
    """Give numbers of chunks from all over an array."""
    return sorted({n * total // _PLACES for n in range(_PLACES)}) if total else []


def _join(path: str, name: str) -> str:
    return f"{path}/{name}".lstrip("/")
