"""Changing documents below a prefix of a bucket: alone, many at a time, undoable by copies."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from zarrlift.errors import TargetError
from zarrlift.pool import in_order
from zarrlift.store.lease import Lease
from zarrlift.store.remote import RemoteFolder
from zarrlift.store.target import CLAIM
from zarrlift.store.upload import RemoteTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from zarrlift.store.address import Address, StoreOptions
    from zarrlift.store.lease import Version
    from zarrlift.store.requesters import Requesters

T = TypeVar("T")
R = TypeVar("R")
_ASKED_FOR = 256
"""Requests that wait for a thread, or for who takes their answers, at a time."""


class Surveyed(RemoteFolder):
    """A dataset that was walked: what its listings do not name is absent without asking."""

    def __init__(self, address: Address, options: StoreOptions, fetcher: Requesters) -> None:
        super().__init__(address, options, fetcher)
        self._objects: dict[str, frozenset[str]] = {}

    def read(self, key: str, node: str | None = None) -> bytes | None:
        """Give an object's bytes, or None where it is absent."""
        return None if self._listed_there(key) is False else super().read(key, node)

    def lists(self) -> bool:
        """List the root; where that is refused, nothing may be changed, so it is an error."""
        self.keep("", self.entries(""), {})
        return True

    def there(self, key: str) -> bool:
        """Say whether there is an object of a key."""
        listed = self._listed_there(key)
        return self.size(key) is not None if listed is None else listed

    def _listed_there(self, key: str) -> bool | None:
        """Say whether a listing names an object; None where none was asked for."""
        above, _, name = key.rpartition("/")
        if above not in self._listed:
            return None
        if above not in self._objects:
            found = self._listed[above]
            self._objects[above] = frozenset(e.name for e in found if e.is_file())
        return name in self._objects[above]

    def linked(self, path: str) -> bool:
        """Say that nothing is a link."""
        del path
        return False


class RemoteDataset(RemoteTarget):
    """Does for a prefix of a bucket what `Dataset` does for a folder.

    An object appears whole or not at all, so that nothing is temporary. A rename is a copy made
    by the store, and a removal: a kill in between leaves both, alike.
    """

    _lease: Lease | None = None

    @contextmanager
    def alone(self, told: Callable[[str], object] = str) -> Iterator[None]:
        """Keep other upgrades and undos of the same dataset out, by an object that is renewed.

        `told` hears that it takes a while to see whether another one lives. Raises `TargetError`
        where one is at work.
        """
        self._lease = Lease(self)
        try:
            with self._lease.held(self.sender, told):
                yield
        finally:
            self._lease = None

    def surveyed(self) -> Surveyed:
        """Open the dataset to be walked and read, apart from what is written."""
        return Surveyed(self._address, self._options, self.fetcher)

    def writer(self, *, fsync: bool) -> RemoteDataset:
        """Give what writes; whatever a store has answered for is durable."""
        del fsync
        return self

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Give what `work` makes of each item, in order, many requests at a time; see `in_order`.

        Nothing is written after an error was raised.
        """
        return in_order(self.fetcher, work, items, _ASKED_FOR)

    def there(self, key: str) -> bool:
        """Say whether an object, or anything below it, lies at a key."""
        return self.size(key) is not None or self.has_folder(key)

    def linked(self, path: str) -> bool:
        """Say that nothing is a link."""
        del path
        return False

    def behind(self, path: str) -> str:
        """Give where a path lies: where it says."""
        return path

    def half_moved(self, key: str, to: str) -> bool:
        """Say whether both objects are there and alike, as a kill leaves them during `move`."""
        data = self.read(key)
        return data is not None and data == self.read(to)

    def move(self, key: str, to: str) -> None:
        """Rename an object, whose bytes and attributes stay; another run may have done so.

        Azure may answer before it has copied, so there both are looked at.
        """
        import obstore  # noqa: PLC0415 - slow to load

        self._check()
        try:
            self.asking.copy(self._store, self._key(key), self._key(to))
        except FileNotFoundError:
            if self.size(to) is None:
                place, step = self.path(key), "find out what removes objects here"
                raise TargetError("is gone", place=place, hint=step) from None
            return
        except obstore.exceptions.BaseError as error:
            raise self._failed(error, "copying", key) from error
        if self._address.scheme == "az" and not self.half_moved(key, to):
            place, step = self.path(to), "wait a while, then run the same command again"
            raise TargetError("the store is still copying it", place=place, hint=step)
        self.drop(key)

    def write(self, key: str, data: bytes) -> None:
        """Write one whole object."""
        self._check()
        self.send(key, data)

    def drop(self, key: str) -> None:
        """Remove an object, where it is there."""
        self._check()
        self.remove(key)

    def forget(self, *keys: str) -> None:
        """Remove objects of ours and all below them, in this order."""
        for key in keys:
            self._check()
            self._delete(self._all(key))
            self.remove(key)

    def _check(self) -> None:
        if self._lease is not None:
            self._lease.check()

    def claim(self, document: bytes, key: str = CLAIM) -> bool:
        """Write an object; say False where there is another already.

        One that holds the same is our own: nobody else is at work, and an answer may be lost.
        """
        self._check()
        return self.put_new(key, document) or self.read(key) == document

    def put_new(self, key: str, data: bytes) -> bool:
        """Write an object; say False where there is one already."""
        return self._put_if(key, data, "create")

    def replace(self, key: str, data: bytes, version: Version) -> bool:
        """Write an object in place of a version of it; say False where it is another by now."""
        return self._put_if(key, data, {name: v for name, v in version.items() if v})

    def _put_if(self, key: str, data: bytes, mode: Any) -> bool:  # noqa: ANN401 - obstore's own
        import obstore  # noqa: PLC0415 - slow to load

        kind = {"Content-Type": "application/json"}
        try:
            self.asking.put(self._store, self._key(key), data, attributes=kind, mode=mode)
        except (obstore.exceptions.AlreadyExistsError, obstore.exceptions.PreconditionError):
            return False
        except FileNotFoundError as error:
            if mode == "create":
                raise self._failed(error, "writing", key) from error
            return False
        except obstore.exceptions.NotSupportedError:
            if mode == "create" and self.size(key) is not None:
                return False
            self.send(key, data)
        except obstore.exceptions.BaseError as error:
            raise self._failed(error, "writing", key) from error
        return True

    def read_version(self, key: str) -> tuple[bytes, Version] | None:
        """Give an object and what tells its version, None where it is absent."""
        import obstore  # noqa: PLC0415 - slow to load

        try:
            found = self.asking.get(self._store, self._key(key))
            meta = found.meta
            version = {"e_tag": meta["e_tag"], "version": meta["version"]}
            return bytes(found.bytes()), version
        except FileNotFoundError:
            return None
        except obstore.exceptions.BaseError as error:
            raise self._failed(error, "reading", key) from error

    def refuse_locked(self, folders: Iterable[str]) -> None:
        """Refuse nothing: a store tells with the first write, which is the lock's."""
        del folders

    def enter(self) -> None:
        """Make nothing: nothing is temporary."""

    def make(self, key: str) -> None:
        """Make no folder: a key needs none."""

    make_folder = make

    def tidy(self) -> None:
        """Remove nothing: nothing is temporary."""

    def settle(self) -> None:
        """Wait for nothing: what was answered for is kept."""
