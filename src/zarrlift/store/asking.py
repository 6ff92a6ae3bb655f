"""Every request to an object store goes through here, and is counted by kind.

`Asking` has the verbs of obstore, with the same words. What obstore repeats by itself, after a
timeout or a refusal, is not seen; nor are the bytes of headers and of listings.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from obstore import GetResult, ListResult, ObjectMeta
    from obstore.store import ObjectStore

PAGE = 1000
"""Objects, or prefixes, that one request lists; keys that one request deletes."""
_NO_KEY = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|(^|/)\.{0,2}(/|$)")
"""What obstore takes for no key: control characters, half characters, steps that lead nowhere."""


class Requests(NamedTuple):
    """Requests by kind, and the bytes of objects that they brought and took."""

    get: int = 0
    head: int = 0
    list: int = 0
    put: int = 0
    part: int = 0
    """Parts of objects that went in several."""
    upload: int = 0
    """Beginnings and ends of the uploads of such objects."""
    copy: int = 0
    delete: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    def plus(self, other: Requests) -> Requests:
        """Add two counts."""
        return Requests(*(a + b for a, b in zip(self, other, strict=True)))

    def less(self, other: Requests) -> Requests:
        """Give what came after another count."""
        return Requests(*(a - b for a, b in zip(self, other, strict=True)))


KINDS = Requests._fields[:-2]


class Asking:
    """Asks for one side of a job, from any thread. A request counts whether it succeeds or not.

    Raises what obstore raises, and `FileNotFoundError` for a key that it does not take.
    """

    __slots__ = ("_lock", "_so_far")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._so_far = Requests()

    @property
    def so_far(self) -> Requests:
        """Return the counts as they are now."""
        return self._so_far

    def add(self, **more: int) -> None:
        """Count requests that are sent by other means, by the names that `Requests` has."""
        with self._lock:
            self._so_far = self._so_far.plus(Requests(**more))

    def get(self, store: ObjectStore, key: str, **how: Any) -> GetResult:  # noqa: ANN401 - obstore's words
        """Ask for an object, or the part of it that `options` name."""
        import obstore  # noqa: PLC0415 - slow to load

        _refuse_no_key(key)
        self.add(get=1)
        answer = obstore.get(store, key, **how)
        start, end = answer.range
        self.add(bytes_in=end - start)
        return answer

    def get_range(self, store: ObjectStore, key: str, *, start: int, length: int) -> bytes:
        """Give bytes of an object; fewer where it ends before."""
        import obstore  # noqa: PLC0415 - slow to load

        _refuse_no_key(key)
        self.add(get=1)
        data = bytes(obstore.get_range(store, key, start=start, length=length))
        self.add(bytes_in=len(data))
        return data

    def head(self, store: ObjectStore, key: str) -> ObjectMeta:
        """Give the facts of an object."""
        import obstore  # noqa: PLC0415 - slow to load

        _refuse_no_key(key)
        self.add(head=1)
        return obstore.head(store, key)

    def described(self, store: ObjectStore, key: str) -> GetResult:
        """Give the facts and attributes of an object, without its bytes."""
        import obstore  # noqa: PLC0415 - slow to load

        _refuse_no_key(key)
        self.add(head=1)
        return obstore.get(store, key, options={"head": True})

    def list_with_delimiter(
        self, store: ObjectStore, prefix: str | None
    ) -> ListResult[Sequence[ObjectMeta]]:
        """List one level below a prefix, all pages of it."""
        import obstore  # noqa: PLC0415 - slow to load

        if _is_no_key(prefix):
            return {"common_prefixes": [], "objects": []}
        pages = 1
        try:
            found = obstore.list_with_delimiter(store, prefix)
            pages = _pages(len(found["objects"]) + len(found["common_prefixes"]))
        finally:
            self.add(list=pages)
        return found

    def list(
        self,
        store: ObjectStore,
        prefix: str | None,
        *,
        offset: str | None = None,
        chunk_size: int = PAGE,
    ) -> Iterator[Sequence[ObjectMeta]]:
        """List all levels below a prefix, some objects at a time, those after `offset`.

        Pages are asked for as needed.
        """
        import obstore  # noqa: PLC0415 - slow to load

        if _is_no_key(prefix):
            return
        self.add(list=1)
        seen, pages = 0, 1
        for found in obstore.list(store, prefix, offset=offset, chunk_size=chunk_size):
            seen += len(found)
            if (more := _pages(seen) - pages) > 0:
                self.add(list=more)
                pages += more
            yield found

    def put(
        self,
        store: ObjectStore,
        key: str,
        data: bytes | memoryview | Iterable[memoryview],
        *,
        use_multipart: bool = False,
        chunk_size: int = 2**24,
        **how: Any,  # noqa: ANN401 - as above
    ) -> None:
        """Put an object with one request, or in parts of `chunk_size` bytes as its bytes come."""
        import obstore  # noqa: PLC0415 - slow to load

        _refuse_no_key(key)
        if isinstance(data, bytes | memoryview):
            self.add(put=1, bytes_out=len(data))
            obstore.put(store, key, data, use_multipart=False, **how)
            return
        sent = _Sent(data)
        try:
            obstore.put(
                store, key, iter(sent), use_multipart=use_multipart, chunk_size=chunk_size, **how
            )
        finally:
            self.add(upload=2, part=-(-sent.bytes // chunk_size), bytes_out=sent.bytes)

    def copy(self, store: ObjectStore, source: str, target: str) -> None:
        """Have the store copy an object by itself."""
        import obstore  # noqa: PLC0415 - slow to load

        _refuse_no_key(target)
        self.add(copy=1)
        obstore.copy(store, source, target)

    def delete(self, store: ObjectStore, keys: Sequence[str]) -> None:
        """Remove objects, as many as one request can."""
        import obstore  # noqa: PLC0415 - slow to load

        self.add(delete=_pages(len(keys)))
        obstore.delete(store, keys)


def _is_no_key(key: str | None) -> bool:
    return bool(key and _NO_KEY.search(key.removesuffix("/")))


def _refuse_no_key(key: str) -> None:
    if _is_no_key(key):
        raise FileNotFoundError(f"no object can be called {key!a}")


def _pages(listed: int) -> int:
    return max(1, -(-listed // PAGE))


class _Sent:
    """Blocks on their way, with their bytes counted."""

    __slots__ = ("_blocks", "bytes")

    def __init__(self, blocks: Iterable[memoryview]) -> None:
        self._blocks = blocks
        self.bytes = 0

    def __iter__(self) -> Iterator[memoryview]:
        for block in self._blocks:
            self.bytes += len(block)
            yield block
