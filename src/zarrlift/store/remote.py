"""Reading a bucket by keys, as a folder is read.

Every request is synchronous; threads of the job make them run side by side. Absence is what the
store says it is: an answer of "not found", or a listing. A refusal or a failure is an error.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from zarrlift.errors import AccessError, StorageError
from zarrlift.store import buckets
from zarrlift.store.address import WEB
from zarrlift.store.asking import PAGE, Asking
from zarrlift.store.folder import Folder, Kind
from zarrlift.store.patience import again
from zarrlift.store.unlisted import (
    Answer,
    Refusals,
    forget,
    impossible_key,
    is_absence,
    remember,
    remembered,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from obstore import Bytes, ListResult, ObjectMeta
    from obstore.store import ObjectStore

    from zarrlift.store.address import Address, StoreOptions
    from zarrlift.store.asking import Requests

R = TypeVar("R")
_CUT_AT_MOST = 2**24
"""Bytes of an object that is fetched whole where a part is wanted, and none is sent."""
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


class RemoteFolder(Folder):
    """The objects below a prefix of a bucket, read only."""

    remote = True
    piece = 2**23
    written = False
    """Listings are of what this job writes, and need no proof of their end."""

    def __init__(
        self,
        address: Address,
        options: StoreOptions,
        fetcher: Executor,
        asking: Asking | None = None,
    ) -> None:
        self.fetcher = fetcher
        """The job's threads for requests."""
        self.asking = asking or Asking()
        """Counts what is asked, of all that a job opens on this side."""
        self.root = address.url
        self.whole_bucket = not address.key
        self._prefix = f"{self.root}/"
        self._address, self._options = address, options
        self._lines = buckets.Lines(address, options)
        self._listed: dict[str, list[RemoteEntry]] = {}
        self._below: dict[str, list[RemoteEntry]] = {}
        self._read: dict[str, bytes | None] = {}
        self._refusals: Refusals | None = None
        if address.scheme in WEB or remembered(address, options):
            self.ask_by_key()

    @property
    def _store(self) -> ObjectStore:
        return self._lines.reading()

    def _again(self, ask: Callable[[], R]) -> R:
        return again(ask, buckets.lost, self._lines.patience)

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

    @property
    def where(self) -> tuple[Address, StoreOptions]:
        """Return the address, and how its store is reached."""
        return self._address, self._options

    def key_in_bucket(self, path: str) -> str:
        """Give the whole key of a path as `path` gives it."""
        return self._key(self._key_at(path))

    def keep(
        self, key: str, entries: list[RemoteEntry], documents: Mapping[str, bytes | None]
    ) -> None:
        """Answer from memory what was asked already: one listing, and some objects."""
        self._listed[key] = entries
        self._read.update(documents)

    def _key(self, key: str) -> str:
        return f"{self._address.key}/{key}".strip("/")

    def _key_at(self, path: str) -> str:
        """Give the key, below the root, of a path as `path` gives it."""
        return path.rstrip("/")[len(self._prefix) :]

    def _failed(self, error: Exception, doing: str, key: str) -> StorageError:
        place = self.path(key)
        return buckets.from_store_error(
            error,
            doing=doing,
            place=place,
            options=self._options,
            scheme=self._address.scheme,
        )

    def _means_absence(self, error: Exception, key: str, node: str | None = None) -> bool:
        """Say whether a refusal proves that a key is absent; only where nothing is listed."""
        from obstore.exceptions import PermissionDeniedError  # noqa: PLC0415 - slow to load

        refused = self._refusals is not None and isinstance(error, PermissionDeniedError)
        return refused and self._refusals.mean_absence(key, node)  # type: ignore[union-attr]

    def answer(self, key: str) -> Answer:
        """Ask for a key now, whatever is known of it."""
        import obstore  # noqa: PLC0415 - slow to load

        try:
            self.asking.head(self._store, self._key(key))
        except FileNotFoundError as error:
            if not is_absence(error):
                raise self._failed(error, "looking at it", key) from error
            return Answer.ABSENT
        except obstore.exceptions.PermissionDeniedError:
            return Answer.REFUSED
        except obstore.exceptions.BaseError as error:
            raise self._failed(error, "looking at it", key) from error
        return Answer.THERE

    def mark(self, key: str) -> tuple[object, ...] | None:
        """Give what tells this very object from any other; None where it is absent."""
        import obstore  # noqa: PLC0415 - slow to load

        try:
            facts = self.asking.head(self._store, self._key(key))
        except FileNotFoundError:
            return None
        except obstore.exceptions.BaseError as error:
            raise self._failed(error, "looking at it", key) from error
        return facts["e_tag"], facts["last_modified"], facts["size"]

    def read(self, key: str, node: str | None = None) -> bytes | None:
        """Give an object's bytes, or None where the store says that it is absent.

        `node` is the array that it is a chunk of, where it is one and nothing is listed.
        """
        if key in self._read:
            return self._read[key]
        data = self._got(key, node)
        return None if data is None else bytes(data)

    def _got(self, key: str, node: str | None = None) -> Bytes | None:
        import obstore  # noqa: PLC0415 - slow to load

        try:
            data = self._again(lambda: self.asking.get(self._store, self._key(key)).bytes())
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error) or not is_absence(error):
                raise self._failed(error, "reading", key) from error
            data = None
        except obstore.exceptions.BaseError as error:
            if self._means_absence(error, key, node):
                return None
            raise self._failed(error, "reading", key) from error
        self._lines.met()
        return data

    def read_tail(self, key: str, length: int) -> tuple[bytes, int] | None:
        """Give up to `length` last bytes of an object and its size, or None where it is absent."""
        import obstore  # noqa: PLC0415 - slow to load

        if self._address.scheme == "az":  # where no range is counted from the end
            return self._last(key, length)
        try:
            wanted = {"range": {"suffix": max(1, length)}}
            answer = self.asking.get(self._store, self._key(key), options=wanted)
            size = answer.meta["size"]
            return bytes(answer.bytes())[-length:] if length else b"", size
        except FileNotFoundError as error:
            if not is_absence(error):
                raise self._failed(error, "reading", key) from error
            return None
        except obstore.exceptions.BaseError as error:
            # No range fits an object without bytes, and some servers send no ranges.
            if isinstance(error, obstore.exceptions.NotSupportedError) or self.size(key) == 0:
                return self._last(key, length)
            raise self._failed(error, "reading", key) from error

    def _last(self, key: str, length: int) -> tuple[bytes, int] | None:
        size = self.size(key)
        if size is None:
            return None
        return self.read_range(key, max(0, size - length), min(length, size)), size

    def size(self, key: str, node: str | None = None) -> int | None:
        """Give the size of an object in bytes, or None where it is absent.

        `node` is as for `read`.
        """
        import obstore  # noqa: PLC0415 - slow to load

        try:
            found = self.asking.head(self._store, self._key(key))["size"]
        except FileNotFoundError as error:
            if not is_absence(error):
                raise self._failed(error, "looking at it", key) from error
            found = None
        except obstore.exceptions.BaseError as error:
            if self._means_absence(error, key, node):
                return None
            raise self._failed(self._reason(error, key), "looking at it", key) from error
        self._lines.met()
        return found

    def _reason(self, error: Exception, key: str) -> Exception:
        """Give why an object's size was refused: answers to HEAD hold no words, those to GET do."""
        import obstore  # noqa: PLC0415 - slow to load

        try:
            self.asking.get_range(self._store, self._key(key), start=0, length=1)
        except obstore.exceptions.BaseError as told:
            return told
        except FileNotFoundError:
            return error
        return error

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """Give bytes of an object; fewer where it ends before."""
        import obstore  # noqa: PLC0415 - slow to load

        if not length:
            return b""
        try:
            return bytes(
                self.asking.get_range(self._store, self._key(key), start=offset, length=length)
            )
        except obstore.exceptions.NotSupportedError as error:
            return self._cut_out(key, offset, length, error)
        except (FileNotFoundError, obstore.exceptions.BaseError) as error:
            if (size := self.size(key)) is not None and offset >= size:
                return b""
            raise self._failed(error, "reading", key) from error

    def _cut_out(self, key: str, offset: int, length: int, error: Exception) -> bytes:
        """Give bytes of an object that the server only sends as a whole, where it is small."""
        size = self.size(key) or 0
        if size > _CUT_AT_MOST:
            raise StorageError(
                f"the server sends no parts of objects, and this one has {size:,} bytes",
                place=self.path(key),
                hint="copy the dataset to a folder, and lift that",
            ) from error
        return (self.read(key) or b"")[offset : offset + length]

    def read_whole(self, path: str) -> Bytes | None:
        """Give the object at a path as `path` gives it, not copied, or None where it is absent."""
        return self._got(self._key_at(path))

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        """Give bytes of the object at a path as `path` gives it."""
        return self.read_range(self._key_at(path), offset, length)

    def pieces_at(self, path: str, offset: int, length: int, piece: int) -> Iterator[bytes]:
        """Give bytes of the object at a path, each piece by a request of its own."""
        for at in range(0, length, piece):
            yield self.read_at(path, offset + at, min(piece, length - at))

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

    def asked(self) -> Requests:
        """Count what was asked of this side."""
        return self.asking.so_far

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

        It was asked for twice. Now an object is asked for that is not there: the answer must say
        so.
        """
        if not self._doubts(number):
            return
        try:
            said = self.answer(impossible_key(key))
        except StorageError as error:
            error.place = self.path(key)
            raise
        if said is not Answer.ABSENT:
            raise StorageError(
                "listing failed: what answers there is no object store",
                place=self.path(key),
                hint="check --endpoint and the network; the same command continues",
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
