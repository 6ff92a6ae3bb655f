"""Reading a bucket as a folder is read: listings, and the objects that they name.

Absence is what the store says it is: an answer of "not found", or a listing. A refusal or a
failure is an error.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import AccessError, StorageError
from zarrlift.store.address import WEB
from zarrlift.store.asking import PAGE, Asking
from zarrlift.store.facts import ObjectFacts
from zarrlift.store.folder import Kind
from zarrlift.store.remote_objects import RemoteObjects
from zarrlift.store.unlisted import (
    Answer,
    Refusals,
    forget,
    impossible_key,
    remember,
    remembered,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from obstore import ListResult, ObjectMeta

    from zarrlift.store.address import Address, StoreOptions
    from zarrlift.store.requesters import Requesters

_DOCUMENTS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")


class RemoteEntry(NamedTuple):
    """What a listing gives, with the answers that `os.DirEntry` has."""

    name: str
    path: str
    size: int | None
    """None for a prefix, the store's kind of folder."""

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Say whether it is a prefix."""
        del follow_symlinks
        return self.size is None

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Say whether it is an object."""
        del follow_symlinks
        return self.size is not None

    def is_symlink(self) -> bool:
        """Say that it is no link: object stores have none."""
        return False

    def stat(self) -> os.stat_result:
        """Give its size, as the only thing known."""
        return os.stat_result((0, 0, 0, 0, 0, 0, self.size or 0, 0, 0, 0))


class RemoteFolder(RemoteObjects):
    """The objects below a prefix of a bucket, read only."""

    written = False
    """Listings are of what this job writes, and need no proof of their end."""

    def __init__(
        self,
        address: Address,
        options: StoreOptions,
        fetcher: Requesters,
        asking: Asking | None = None,
    ) -> None:
        super().__init__(address, options, fetcher, asking)
        self._listed: dict[str, list[RemoteEntry]] = {}
        self._below: dict[str, list[RemoteEntry]] = {}
        if address.scheme in WEB or remembered(address, options):
            self.ask_by_key()

    def ask_by_key(self) -> None:
        """List nothing from now on: keys are there, absent or refused by their own answers."""
        self.unlisted = True
        self._refusals = Refusals(self)
        remember(self._address, self._options)

    def lists(self) -> bool:
        """Ask for the listing of the root, and keep it; say False where that is refused.

        Nothing is asked of places on the web, which are opened as buckets where they list.
        """
        if self._address.scheme in WEB:
            return False
        try:
            self.keep("", self.entries(""), {})
        except AccessError:
            if not self._has_document():
                raise
            return False
        self.unlisted, self._refusals = False, None
        forget(self._address, self._options)
        return True

    def keep(
        self, key: str, entries: list[RemoteEntry], documents: Mapping[str, bytes | None]
    ) -> None:
        """Answer from memory what was asked already: one listing, and some objects."""
        self._listed[key] = entries
        self._read.update(documents)

    def entries(self, key: str) -> list[RemoteEntry]:  # type: ignore[override]
        """List one level below a key."""
        return self.scan(self.path(key))

    def entries_each(self, keys: Iterable[str]) -> Iterator[list[RemoteEntry]]:  # type: ignore[override]
        """List several prefixes, many requests at a time, in the order of their keys."""
        return self.fetcher.map(self.entries, keys)

    def scan(self, path: str) -> list[RemoteEntry]:  # type: ignore[override]
        """List one level below a path; a prefix without any object is an empty one."""
        return self._scan(path, proved=True)

    def _scan(self, path: str, *, proved: bool) -> list[RemoteEntry]:
        import obstore  # noqa: PLC0415 - slow to load

        key = self._key_at(path)
        if key in self._listed:
            return self._listed[key]
        if (held := self._below.pop(key, None)) is not None:
            return held
        full = self._key(key)
        cut = len(full) + 1 if full else 0
        try:
            found = self._level(full, proved=proved)
        except obstore.exceptions.BaseError as error:
            raise self._failed(error, "listing", key) from error
        if proved:
            self._prove_end(_count(found), key)
        self._lines.met()
        base = self.path(key).rstrip("/")
        made = [
            RemoteEntry(prefix[cut:], f"{base}/{prefix[cut:]}", None)
            for prefix in found["common_prefixes"]
        ]
        taken = {entry.name for entry in made}
        for facts in found["objects"]:
            name = facts["path"][cut:]
            if name and not (name in taken and not facts["size"]):
                made.append(RemoteEntry(name, f"{base}/{name}", facts["size"]))
        return made

    def _level(self, full: str, *, proved: bool) -> ListResult[Sequence[ObjectMeta]]:
        """List one level below a whole key, and once more where the last page may be lacking."""

        def ask() -> ListResult[Sequence[ObjectMeta]]:
            return self.asking.list_with_delimiter(self._store, full or None)

        found = self._again(ask)
        doubtful = proved and self._doubts(_count(found))
        return max(found, self._again(ask), key=_count) if doubtful else found

    def level(self, key: str) -> tuple[list[ObjectFacts], list[str]]:
        """List one level below a key: objects with what the listing says of them, and prefixes."""
        import obstore  # noqa: PLC0415 - slow to load

        full = self._key(key)
        cut = len(full) + 1 if full else 0
        try:
            found = self._level(full, proved=True)
        except obstore.exceptions.BaseError as error:
            raise self._failed(error, "listing", key) from error
        objects = [
            ObjectFacts(m["path"][cut:], m["size"], m["last_modified"], m["e_tag"] or "")
            for m in found["objects"]
            if m["path"][cut:]
        ]
        return objects, [p[cut:] for p in found["common_prefixes"]]

    def list_below(self, path: str) -> None:
        """List all levels below a path with a request for each thousand objects.

        Each level is then listed from memory, once. Levels that are held already are not asked for.
        """
        key = self._key_at(path)
        if key in self._below or key in self._listed:
            return
        full = self._key(key)
        cut = len(full) + 1 if full else 0
        levels: dict[str, list[RemoteEntry]] = {key: []}
        for page in self._pages(key):
            for facts in page:
                self._enter(levels, key, facts["path"][cut:], facts["size"])
        self._below |= levels

    def subtree(self, key: str) -> dict[str, list[RemoteEntry]] | None:
        """List all levels below a key by one request; None where one does not reach them all.

        None too where a prefix has an object of its own: a listing by levels knows how to take it.
        """
        page = next(self._pages(key, PAGE), ())
        full = self._key(key)
        cut = len(full) + 1 if full else 0
        if not page or len(page) >= PAGE or any(f["path"].endswith("/") for f in page):
            return None
        levels: dict[str, list[RemoteEntry]] = {key: []}
        for facts in page:
            self._enter(levels, key, facts["path"][cut:], facts["size"])
        names = (f"{key}/{f['path'][cut:]}".lstrip("/") for f in page)
        return None if any(name in levels for name in names) else levels

    def hold_array(self, key: str, zarr_format: int) -> None:
        """Keep an array's documents as its listing, without listing all of its chunks.

        Of v2, with the first of them: they show the form of the keys. A folder that turns out to be
        none is left to be listed.
        """
        if zarr_format == 3:  # noqa: PLR2004 - the format's number
            name = f"{key}/zarr.json".lstrip("/")
            data = self.read(name)
            if data is not None:
                entry = RemoteEntry("zarr.json", self.path(name), len(data))
                self.keep(key, [entry], {name: data})
            return
        full = self._key(key)
        levels: dict[str, list[RemoteEntry]] = {key: []}
        for facts in next(self._pages(key), ()):
            self._enter(levels, key, facts["path"][len(full) + 1 :], facts["size"])
        if levels[key]:
            self.keep(key, levels[key], {})

    def _pages(self, key: str, size: int = PAGE) -> Iterator[Sequence[ObjectMeta]]:
        """List all objects below a key, some at a time."""
        import obstore  # noqa: PLC0415 - slow to load

        full, last, number = self._key(key) or None, None, 0
        stream: Iterator[Sequence[ObjectMeta]] | None = None

        def ask() -> Sequence[ObjectMeta] | None:
            """Give the next page; after a failure, what comes after the last one."""
            nonlocal stream
            try:
                if stream is None:
                    stream = self.asking.list(self._store, full, offset=last, chunk_size=size)
                return next(stream, None)
            except obstore.exceptions.BaseError:
                stream = None
                raise

        doubted = -1
        try:
            while (page := self._again(ask)) or self._doubts(number, doubted):
                if page:
                    self._lines.met()
                    yield page
                    number += len(page)
                    last = page[-1]["path"]
                else:
                    stream, doubted = None, number
        except obstore.exceptions.BaseError as error:
            raise self._failed(error, "listing", key) from error
        self._prove_end(number, key)

    def _doubts(self, number: int, doubted: int = -1) -> bool:
        """Say whether the last page may be lacking after so many entries, not `doubted` before.

        The library reads a page of HTML, of a gateway or a login, as an empty one.
        """
        return not (number % PAGE or self.written) and number != doubted

    def _prove_end(self, number: int, key: str) -> None:
        """Raise `StorageError` where a listing of so many entries may have ended too early.

        It was asked for twice; now the store has to show that it is one.
        """
        if self._doubts(number):
            self.refuse_impostor(key)

    def refuse_impostor(self, key: str = "") -> None:
        """Raise `StorageError` where a page of a gateway's answers in the store's place.

        An object is asked for that is not there: the answer must say so.
        """
        try:
            said = self.answer(impossible_key(key))
        except StorageError as error:
            error.place = self.path(key)
            raise
        if said is Answer.REFUSED:
            raise AccessError(
                "looking at single objects was refused, without which no listing is proved whole",
                place=self.path(key),
                hint="it takes the right to read objects (GetObject), not only to list them",
            )
        if said is Answer.THERE:
            raise StorageError(
                "listing failed: what answers there is no object store",
                place=self.path(key),
                hint="check --endpoint and the network; the same command continues",
            )

    def refuse_hidden(self, key: str) -> None:
        """Raise `StorageError` where an object that a listing lacks is there, or may be."""
        if self.answer(key) is Answer.ABSENT:
            return
        self.refuse_impostor(key.rpartition("/")[0])
        raise StorageError(
            "listing failed: an object that is there was not listed",
            place=self.path(key),
            hint="run the same command again; if this comes back, see what answers for the store",
        )

    def _enter(
        self, levels: dict[str, list[RemoteEntry]], top: str, name: str, size: int | None
    ) -> None:
        """Put an object or a prefix, and the prefixes above it, into the levels they lie in."""
        above, _, own = name.rpartition("/")
        folder = f"{top}/{above}".strip("/")
        if folder not in levels:
            levels[folder] = []
            self._enter(levels, top, above, None)
        levels[folder].append(RemoteEntry(own, self.path(f"{folder}/{own}".lstrip("/")), size))

    def has_folder(self, key: str) -> bool:
        """Say whether any object lies below a key."""
        if (held := self._below.get(key)) is not None:
            return bool(held)
        return next(self._pages(key, 2), None) is not None

    def below(self, keys: Iterable[str]) -> Iterator[tuple[str, Kind]]:
        """Walk what lies at or below some keys, but for prefixes."""
        for key in keys:
            inner = self._scan(self.path(key), proved=False)  # most are files
            if inner:
                yield from self.below([f"{key}/{e.name}" for e in inner if e.is_dir()])
                yield from ((f"{key}/{e.name}", Kind.FILE) for e in inner if e.is_file())
            else:
                yield key, Kind.FILE

    def exists(self) -> bool:
        """Say whether there is any object below the root."""
        if self.unlisted:
            return bool(self._listed.get("")) or self._has_document()
        return bool(self._listed.get("")) or self.has_folder("")

    def _has_document(self) -> bool:
        return any(self.answer(name) is Answer.THERE for name in _DOCUMENTS)

    def leaves(self, key: str) -> bool:
        """Say that nothing leads out of a bucket."""
        del key
        return False


def _count(found: ListResult[Sequence[ObjectMeta]]) -> int:
    return len(found["common_prefixes"]) + len(found["objects"])
