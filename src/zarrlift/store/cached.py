"""A place that counts what is asked of it, and keeps what it gave, until there is too much."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from zarrlift.store.asking import Asking, Requests
from zarrlift.store.folder import Folder

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

    from zarrlift.store.folder import Kind
    from zarrlift.store.requesters import Requesters

R = TypeVar("R")
_ENTRY_BYTES = 256
"""What an entry takes beside its bytes, about; so that absent chunks take room as well."""

Ask = tuple[str, str, int, int]
"""What is asked for: the kind of question, a key, two numbers."""


class CacheFacts(NamedTuple):
    """What a cache holds and has done."""

    limit: int
    """Bytes."""
    held: int
    """Bytes that its entries take."""
    entries: int
    hits: int
    """Questions that were answered from memory."""
    misses: int
    """Questions that were asked of the store."""
    bytes_saved: int
    """Bytes of objects that did not have to be brought again."""


class ByteCache:
    """Answers by question, at most so many bytes of them; used from any thread.

    Who asks for what another thread is asking for waits for that answer: it counts as a hit.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._answers: OrderedDict[Ask, object] = OrderedDict()
        self._running: dict[Ask, Future[object]] = {}
        self._held = self._hits = self._misses = self._saved = 0

    @property
    def facts(self) -> CacheFacts:
        """Return what it holds and has done so far."""
        with self._lock:
            number = len(self._answers)
            return CacheFacts(self.limit, self._held, number, self._hits, self._misses, self._saved)

    def get(self, question: Ask, ask: Callable[[], R]) -> R:
        """Give the answer to a question, by `ask` where it is not held."""
        with self._lock:
            if question in self._answers:
                self._answers.move_to_end(question)
                return cast("R", self._hit(self._answers[question]))
            waiting = self._running.get(question)
            if waiting is None:
                self._misses += 1
                mine: Future[object] = Future()
                self._running[question] = mine
        if waiting is not None:
            answer = waiting.result()
            with self._lock:
                return cast("R", self._hit(answer))
        return self._asked(question, ask, mine)

    def part(self, whole: Ask, offset: int, length: int) -> bytes | None:
        """Cut a part out of a whole object that is held; None where it is not: then none counts."""
        with self._lock:
            held = self._answers.get(whole)
            if not isinstance(held, bytes):
                return None
            self._answers.move_to_end(whole)
            return cast("bytes", self._hit(held[offset : offset + length]))

    def _hit(self, answer: object) -> object:
        self._hits += 1
        self._saved += _bytes_of(answer)
        return answer

    def _asked(self, question: Ask, ask: Callable[[], R], mine: Future[object]) -> R:
        try:
            answer = ask()
        except BaseException as error:
            with self._lock:
                del self._running[question]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._running[question]
            self._keep(question, answer)
        mine.set_result(answer)
        return answer

    def _keep(self, question: Ask, answer: object) -> None:
        taken = _taken(answer)
        if taken > self.limit:
            return
        self._answers[question] = answer
        self._held += taken
        while self._held > self.limit:
            _, gone = self._answers.popitem(last=False)
            self._held -= _taken(gone)


def _taken(answer: object) -> int:
    """Give the memory that an answer takes, about."""
    entries = len(answer) if isinstance(answer, list) else 0
    return _bytes_of(answer) + _ENTRY_BYTES * (1 + entries)


def _bytes_of(answer: object) -> int:
    """Give the bytes of an object that an answer holds."""
    if isinstance(answer, bytes):
        return len(answer)
    if isinstance(answer, tuple) and answer and isinstance(answer[0], bytes):
        return len(answer[0])
    return 0


class CachedFolder(Folder):
    """A place as another one gives it, with what it gave kept in a cache, and counted.

    A limit of 0 keeps nothing. Requests to object stores are counted where they are sent; what a
    disk is asked for is counted here by the same names: `get` a read, `head` a look, `list` a
    listing.
    """

    def __init__(self, inner: Folder, limit: int = 0) -> None:
        self.inner = inner
        self.root = inner.root
        self.packed, self.remote = inner.packed, inner.remote
        self.whole_bucket, self.piece = inner.whole_bucket, inner.piece
        self.cache = ByteCache(limit) if limit else None
        self._disk = Asking()

    @property
    def unlisted(self) -> bool:  # type: ignore[override]
        """Say whether no listing is answered, as far as is known by now."""
        return self.inner.unlisted

    @property
    def fetcher(self) -> Requesters:
        """Return the threads that send requests; of a disk there are none."""
        return self.inner.fetcher  # type: ignore[attr-defined, no-any-return]

    def lists(self) -> bool:
        """Ask an object store whether it lists; see `RemoteFolder`."""
        return bool(self.inner.lists())  # type: ignore[attr-defined]

    def ask_by_key(self) -> None:
        """List nothing from now on; see `RemoteFolder`."""
        self.inner.ask_by_key()  # type: ignore[attr-defined]

    def asked(self) -> Requests:
        """Count what was asked so far."""
        return self.inner.asked() or self._disk.so_far

    def path(self, key: str) -> str:
        """Give the path of a key as the place itself does."""
        return self.inner.path(key)

    def read(self, key: str, *node: str) -> bytes | None:
        """Give an object's bytes, or None where it is absent."""
        return self._kept(("whole", key, 0, 0), lambda: self._read(key, *node))

    def _read(self, key: str, *node: str) -> bytes | None:
        data = self.inner.read(key, *node)
        self._count(get=1, bytes_in=len(data or b""))
        return data

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """Give bytes of an object; fewer where it ends before."""
        if self.cache is not None:
            part = self.cache.part(("whole", key, 0, 0), offset, length)
            if part is not None:
                return part
        return self._kept(
            ("range", key, offset, length), lambda: self._read_range(key, offset, length)
        )

    def _read_range(self, key: str, offset: int, length: int) -> bytes:
        data = self.inner.read_range(key, offset, length)
        self._count(get=1, bytes_in=len(data))
        return data

    def read_tail(self, key: str, length: int) -> tuple[bytes, int] | None:
        """Give up to `length` last bytes of an object and its size, or None where it is absent."""
        return self._kept(("tail", key, length, 0), lambda: self._read_tail(key, length))

    def _read_tail(self, key: str, length: int) -> tuple[bytes, int] | None:
        found = self.inner.read_tail(key, length)
        self._count(get=1, bytes_in=len(found[0]) if found else 0)
        return found

    def size(self, key: str, *node: str) -> int | None:
        """Give the size of an object in bytes, or None where it is absent."""
        return self._kept(("size", key, 0, 0), lambda: self._size(key, *node))

    def _size(self, key: str, *node: str) -> int | None:
        self._count(head=1)
        return self.inner.size(key, *node)

    def entries(self, key: str) -> list[os.DirEntry[str]]:
        """List one folder."""
        return self._kept(("list", key, 0, 0), lambda: self._entries(key))

    def _entries(self, key: str) -> list[os.DirEntry[str]]:
        self._count(list=1)
        return self.inner.entries(key)

    def entries_each(self, keys: Iterable[str]) -> Iterator[list[os.DirEntry[str]]]:
        """List several folders."""
        return map(self.entries, keys)

    def scan(self, path: str) -> list[os.DirEntry[str]]:
        """List one folder by its path as `path` gives it."""
        return self.entries(self._key_at(path))

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        """Give bytes of the file that an object at a path lies in."""
        if self.packed:
            data = self.inner.read_at(path, offset, length)
            self._count(get=1, bytes_in=len(data))
            return data
        return self.read_range(self._key_at(path), offset, length)

    def lies_at(self, path: str) -> tuple[str, str, int, int]:
        """Give where the bytes of an object lie, as the place itself does."""
        return self.inner.lies_at(path)

    def has_folder(self, key: str) -> bool:
        """Say whether a key leads to a folder."""
        return self.inner.has_folder(key)

    def below(self, keys: Iterable[str]) -> Iterator[tuple[str, Kind]]:
        """Walk what lies at or below some keys."""
        return self.inner.below(keys)

    def exists(self) -> bool:
        """Say whether the root is there."""
        return self.inner.exists()

    def leaves(self, key: str) -> bool:
        """Say whether a link leads out of the place."""
        return self.inner.leaves(key)

    def _key_at(self, path: str) -> str:
        return path[len(self.inner.path("").rstrip("/")) + 1 :]

    def _kept(self, question: Ask, ask: Callable[[], R]) -> R:
        return ask() if self.cache is None else self.cache.get(question, ask)

    def _count(self, **more: int) -> None:
        if not self.remote:
            self._disk.add(**more)
