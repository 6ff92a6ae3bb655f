"""Asking a bucket for objects by their keys.

Every request is synchronous; threads of the job make them run side by side. An object is absent
where the store says "not found". A refusal or a failure is an error, but where nothing is listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from zarrlift.errors import StorageError
from zarrlift.store import buckets
from zarrlift.store.asking import Asking
from zarrlift.store.clouds import names_no_bucket
from zarrlift.store.folder import Folder, refuse_large
from zarrlift.store.patience import again
from zarrlift.store.unlisted import Answer, Refusals, is_absence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from obstore import Attributes, Bytes, ObjectMeta
    from obstore.store import ObjectStore

    from zarrlift.store.address import Address, StoreOptions
    from zarrlift.store.asking import Requests
    from zarrlift.store.requesters import Requesters

R = TypeVar("R")
_CUT_AT_MOST = 2**24
"""Bytes of an object that is fetched whole where a part is wanted, and none is sent."""


class RemoteObjects(Folder):
    """Objects below a prefix of a bucket, by key; what is there, `RemoteFolder` lists."""

    remote = True
    piece = 2**23

    def __init__(
        self,
        address: Address,
        options: StoreOptions,
        fetcher: Requesters,
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
        self._read: dict[str, bytes | None] = {}
        self._refusals: Refusals | None = None

    @property
    def _store(self) -> ObjectStore:
        return self._lines.reading()

    def _again(self, ask: Callable[[], R]) -> R:
        return again(ask, buckets.lost, self._lines.patience)

    @property
    def where(self) -> tuple[Address, StoreOptions]:
        """Return the address, and how its store is reached."""
        return self._address, self._options

    def key_in_bucket(self, path: str) -> str:
        """Give the whole key of a path as `path` gives it."""
        return self._key(self._key_at(path))

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

    def asked_of(self, key: str) -> tuple[ObjectMeta, Attributes]:
        """Give what the store says of an object beside its bytes."""
        import obstore  # noqa: PLC0415 - slow to load

        try:
            answer = self.asking.described(self._store, self._key(key))
        except (FileNotFoundError, obstore.exceptions.BaseError) as error:
            raise self._failed(error, "looking at it", key) from error
        return answer.meta, answer.attributes

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

        def ask() -> Bytes:
            answer = self.asking.get(self._store, self._key(key))
            refuse_large(answer.meta["size"], self.path(key))
            return answer.bytes()

        try:
            data = self._again(ask)
        except FileNotFoundError as error:
            if names_no_bucket(error) or not is_absence(error):
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

    def asked(self) -> Requests:
        """Count what was asked of this side."""
        return self.asking.so_far
