"""Writing below a prefix of a bucket.

An object appears whole or not at all, so it needs no temporary name. One of up to 64 MiB goes with
one request; a larger one goes in equal parts while it is being made.
"""

from __future__ import annotations

import queue
import time
from contextlib import nullcontext, suppress
from itertools import islice
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from typing import TYPE_CHECKING

from zarrlift.errors import ClaimLostError
from zarrlift.pool import in_order
from zarrlift.store.copies import Copies, copies_between
from zarrlift.store.remote import RemoteFolder
from zarrlift.store.target import CLAIM, OURS, UNDO
from zarrlift.store.writing import attributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Executor, Future
    from contextlib import AbstractContextManager

    from obstore.store import ObjectStore

    from zarrlift.pool import Turn
    from zarrlift.store.address import Address, StoreOptions
    from zarrlift.store.asking import Asking
    from zarrlift.store.folder import Folder
    from zarrlift.store.remote import RemoteEntry
    from zarrlift.store.requesters import Requesters

WHOLE = 64 * 2**20
"""Bytes up to which an object goes with one request."""
PART = 16 * 2**20
_PARTS_AT_ONCE = 2
_QUICK = 2**20
"""Bytes up to which sending takes no longer than an answer."""
_BLOCK = 4 * 2**20
_BLOCKS_WAITING = 2
_LOOK = 1.0
"""Seconds after which a full queue is looked at again: the upload may have failed."""
_CLAIM_AGE = 20.0
"""Seconds after which it is looked whether the claim is still this run's."""
_NOT_DONE = "501 Not Implemented"
_WRITTEN_AHEAD = 256
"""Small objects that wait for a thread, or are on their way."""
_DELETED_IN_TURN = 1000
_DELETED_AT_ONCE = {"az": 256, "gs": 1}
"""Keys that one request removes, where that is not a thousand."""
_UPLOAD_GONE = ("NoSuchUpload", "InvalidBlockList")
_FIRST = (CLAIM, "zarr.json", ".zgroup", ".zarray", ".zattrs")


class RemoteTarget(RemoteFolder):
    """A prefix that one run writes below, beside other runs of the same plan."""

    copy_range = None
    written = True

    def __init__(
        self,
        address: Address,
        options: StoreOptions,
        fetcher: Requesters,
        sender: Executor,
        asking: Asking | None = None,
    ) -> None:
        super().__init__(address, options, fetcher, asking)
        self.sender = sender
        """The job's threads for objects that go in parts."""
        self.fsync = False
        self._claim: bytes | None = None
        self._looked = 0.0
        self._copies: tuple[Folder, Copies | None] | None = None

    def claim(self, document: bytes, key: str = CLAIM) -> bool:
        """Put the plan into the target; say False where another plan is there already."""
        import obstore  # noqa: PLC0415 - slow to load

        tries, kind = 0, attributes(key, self._options.writing)

        def ask(store: ObjectStore) -> None:
            nonlocal tries
            tries += 1
            self.asking.put(store, self._key(key), document, mode="create", attributes=kind)

        try:
            try:
                self._again(lambda: ask(self._lines.trying()))
            except obstore.exceptions.GenericError as error:
                if _NOT_DONE in str(error):
                    raise
                self._again(lambda: ask(self._store))
        except (obstore.exceptions.AlreadyExistsError, obstore.exceptions.PreconditionError):
            return self._lost_claim(key, document, tries)
        except (FileNotFoundError, obstore.exceptions.BaseError) as error:
            if _NOT_DONE not in str(error):
                raise self._failed(error, "claiming the target", key) from error
            if self.size(key) is not None:
                return False
            self.write(key, document)
            return self.read(key) == document
        return True

    def _lost_claim(self, key: str, document: bytes, tries: int) -> bool:
        """Say whether a claim that stands is ours after all."""
        held = self.read(key)
        if held == b"":  # what SeaweedFS keeps of an upload that broke off
            self.write(key, document)
            return True
        return tries > 1 and held == document  # the answer to the first was lost

    def enter(self) -> None:
        """Remember the claim, so that it is noticed when another run replaces it."""
        self._claim, self._looked = self.read(CLAIM), time.monotonic()

    def leave(self) -> None:
        """Leave nothing: objects that were being made never appeared."""

    def still_claimed(self, *, now: bool = False) -> None:
        """Raise `ClaimLostError` where another run finished or replaced the target."""
        if self._claim is None or (not now and time.monotonic() - self._looked < _CLAIM_AGE):
            return
        if self.read(CLAIM) != self._claim:
            raise ClaimLostError("another run finished or replaced this target", place=self.root)
        self._looked = time.monotonic()

    def release(self) -> None:
        """Remove the claim and all else of ours but an undo record: the target is finished."""
        self._claim = None
        self.remove(CLAIM)
        self._delete(key for key in self._all(OURS) if not key.startswith(f"{UNDO}/"))

    def begin(self, buffer: bytearray, turn: Turn | None = None, key: str = "") -> PendingUpload:
        """Start the object of a key; `buffer` is not used, since bytes are sent from their own."""
        del buffer, turn
        self.still_claimed()
        return PendingUpload(self, key)

    def write(self, key: str, data: bytes) -> None:
        """Write one whole object."""
        if key.endswith("zarr.json"):
            self.still_claimed(now="/" not in key)
        self.send(key, data)

    def write_each(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Write whole objects, many at a time, and none after an error was raised."""
        for _ in in_order(self.sender, lambda one: self.write(*one), objects, _WRITTEN_AHEAD):
            pass

    def send(self, key: str, data: bytes | memoryview | Iterator[memoryview]) -> None:
        """Put an object in its place; an iterator's bytes go in parts."""
        import obstore  # noqa: PLC0415 - slow to load

        whole = isinstance(data, bytes | memoryview)
        large = not isinstance(data, bytes | memoryview) or len(data) > _QUICK
        try:
            self.asking.put(
                self._lines.sending() if large else self._store,
                self._key(key),
                data,
                attributes=attributes(key, self._options.writing),
                use_multipart=not whole,
                chunk_size=PART,
                max_concurrency=_PARTS_AT_ONCE,
            )
        except (FileNotFoundError, obstore.exceptions.BaseError) as error:
            if any(
                sign in str(error) for sign in _UPLOAD_GONE
            ):  # by whoever finished or replaced the target
                self.still_claimed(now=True)
            raise self._failed(error, "writing", key) from error

    def copies_from(self, source: Folder) -> Copies | None:
        """Give what copies whole objects of a source within the store, None where it cannot."""
        if self._copies is None or self._copies[0] is not source:
            self._copies = source, copies_between(source, self)
        return self._copies[1]

    def remove(self, key: str) -> None:
        """Remove one object, where it is there."""
        self._delete(iter([key]))

    def clear(self) -> None:
        """Remove all that the target holds: claim and root documents first, ours last."""
        self._claim = None
        for key in _FIRST:
            self.remove(key)
        self._delete(key for key in self._all("") if not key.startswith(f"{OURS}/"))
        self._delete(self._all(OURS))

    def count(self) -> int:
        """Count all objects."""
        return sum(1 for _ in self._all(""))

    def entries(self, key: str) -> list[RemoteEntry]:  # type: ignore[override]
        """List one level below a key; at the root, prefixes without any object are none.

        Some servers keep such prefixes; elsewhere they do no harm.
        """
        listed = key in self._below  # by whole keys, which name no such prefix
        found = super().entries(key)
        if key or listed:
            return found
        return [e for e in found if e.is_file() or self.has_folder(e.name)]

    def _all(self, key: str) -> Iterator[str]:
        """Walk the keys of all objects below a key."""
        cut = len(self._address.key) + 1 if self._address.key else 0
        for page in self._pages(key):
            yield from (one["path"][cut:] for one in page)

    def _delete(self, keys: Iterator[str]) -> None:
        """Remove objects, a thousand after the other; those that are gone already do no harm."""
        size = _DELETED_AT_ONCE.get(self._address.scheme, _DELETED_IN_TURN)
        while batch := [self._key(key) for key in islice(keys, _DELETED_IN_TURN)]:
            parts = [batch[at : at + size] for at in range(0, len(batch), size)]
            each = map if len(parts) == 1 else self.sender.map
            for _ in each(self._delete_at_once, parts):
                pass

    def _delete_at_once(self, keys: Sequence[str]) -> None:
        """Remove objects with one request, which goes on where one of them is absent."""
        import obstore  # noqa: PLC0415 - slow to load

        try:
            self._again(lambda: self.asking.delete(self._store, keys))
        except FileNotFoundError:
            return
        except obstore.exceptions.BaseError as error:
            raise self._failed(error, "removing", "") from error


def sent_bytes(size: int, chunk: int) -> int:
    """Bound the memory that an object of so many bytes takes while it is made and sent.

    Up to 64 MiB it lies in memory once, and so does a single chunk, beside the parts of it that are
    sent. Of a larger one the first block is as large; others wait
    behind it, each of one chunk at the least, while parts of it are sent. What the worker itself
    holds of a chunk is not counted.
    """
    parts = (_PARTS_AT_ONCE + 1) * PART
    if size <= max(WHOLE, chunk):
        return size if size <= WHOLE else size + parts
    return WHOLE + parts + (_BLOCKS_WAITING + 1) * max(_BLOCK, chunk)


class PendingUpload:
    """An object being made, with the answers that `PendingObject` has."""

    __slots__ = ("_buffer", "_filled", "_key", "_stream", "_target", "position")

    def __init__(self, target: RemoteTarget, key: str) -> None:
        self._target, self._key = target, key
        # Memory is taken as it is filled: the size of the object is not known before.
        self._buffer = memoryview(mmap(-1, WHOLE, flags=MAP_PRIVATE | MAP_ANONYMOUS))
        self._filled = 0
        self._stream: _Stream | None = None
        self.position = 0

    def room(self, least: int) -> memoryview:
        """Give free buffer of at least `least` bytes to read into; `advance` keeps it."""
        if len(self._buffer) - self._filled < least:
            self._make_room(least)
        return self._buffer[self._filled :]

    def _make_room(self, least: int) -> None:
        self.flush()
        self._buffer = memoryview(bytearray(max(_BLOCK, least)))

    def advance(self, length: int) -> None:
        """Keep the first `length` bytes of the room last given."""
        self._filled += length
        self.position += length

    def write(self, data: bytes | memoryview) -> None:
        """Add bytes that lie elsewhere."""
        self.room(len(data))[: len(data)] = data
        self.advance(len(data))

    def take(self, fd: int, length: int, offset: int = 0) -> int:
        """Say that no kernel copies into a bucket."""
        del fd, length, offset
        return 0

    def aside(self, length: int) -> AbstractContextManager[None]:
        """Hold no turn, so give up none."""
        del length
        return nullcontext()

    def flush(self) -> None:
        """Hand what the buffer holds to the upload in parts, which begins with it."""
        if not self._filled:
            return
        if self._stream is None:
            self._stream = _Stream(self._target, self._key)
        self._stream.give(self._buffer[: self._filled])
        self._buffer, self._filled = memoryview(b""), 0

    def commit(self, key: str) -> None:
        """Finish the object under its key."""
        if self._stream is None and self._filled <= WHOLE:
            self._target.send(key, self._buffer[: self._filled])
            return
        self.flush()
        if self._stream is not None:
            self._stream.end()

    def abort(self) -> None:
        """Give the object up; parts that were sent are taken back."""
        if self._stream is not None:
            self._stream.give_up()


class _GivenUpError(Exception):
    """Ends an upload that nobody wants any more; never reaches a user."""


class _Stream:
    """Bytes on their way into one object, sent in parts by another thread as they come.

    The object appears when the last part is there.
    """

    def __init__(self, target: RemoteTarget, key: str) -> None:
        self._blocks: queue.Queue[memoryview | _GivenUpError | None] = queue.Queue(_BLOCKS_WAITING)
        self._sent: Future[None] = target.sender.submit(target.send, key, self._each())

    def _each(self) -> Iterator[memoryview]:
        while (block := self._blocks.get()) is not None:
            if isinstance(block, _GivenUpError):
                raise block
            yield block

    def give(self, block: memoryview) -> None:
        """Add a block, waiting until there is room; raise what stopped the upload."""
        self._put(block)

    def _put(self, item: memoryview | _GivenUpError | None) -> None:
        while True:
            if self._sent.done():
                self._sent.result()
            try:
                self._blocks.put(item, timeout=_LOOK)
            except queue.Full:
                continue
            return

    def end(self) -> None:
        """Wait until the object is there; raise what stopped it."""
        self._put(None)
        self._sent.result()

    def give_up(self) -> None:
        """Take back the parts that were sent."""
        with suppress(Exception):
            self._put(_GivenUpError())
            self._sent.result()
