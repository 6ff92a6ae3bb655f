"""Reading encoded chunks of unsharded arrays, straight into a buffer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zarrlift.chunks.envelope import HEAD
from zarrlift.errors import StorageError, ZarrliftError, from_os_error
from zarrlift.store.folder import open_file, open_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from zarrlift.chunks.envelope import Check, HeadCheck
    from zarrlift.chunks.listing import ChunkFile
    from zarrlift.store.target import PendingObject

COPIED = 2**16
"""Bytes from which a chunk is better copied by the kernel than read and written."""


class ChunkFiles:
    """Opens chunks relative to their folder, once a second chunk in a row lies in it."""

    def __init__(self) -> None:
        self._last: str | None = None
        self._folder: str | None = None
        self._fd = -1

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the folder."""
        self._enter(None)

    def _enter(self, folder: str | None) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if folder is not None:
            self._fd = open_folder(folder)
        self._folder = folder

    def _open(self, chunk: ChunkFile) -> int:
        if chunk.folder == self._folder:
            return open_file(chunk.name, self._fd)
        if chunk.folder != self._last:
            self._last = chunk.folder
            return open_file(f"{chunk.folder}/{chunk.name}")
        self._enter(chunk.folder)
        return open_file(chunk.name, self._fd)

    def ahead(self, chunks: Sequence[ChunkFile]) -> None:
        """Hear which chunks will be asked for; files are opened when they are."""

    def gather(
        self, out: PendingObject, chunks: list[ChunkFile], bound: int, check: Check
    ) -> list[int]:
        """Read whole chunks into an object's buffer and keep them, while there is room.

        Gives their lengths; the first chunk that does not pass `check` ends it. `bound` as for
        `read_into`. Raises `StorageError`.
        """
        lengths: list[int] = []
        view = out.room(bound)
        try:
            for chunk in chunks:
                fd = self._open(chunk)
                try:
                    length = os.readv(fd, (view,))
                finally:
                    os.close(fd)
                if length == len(view) or check(view[:length]) is not None:
                    break
                lengths.append(length)
                view = view[length:]
                if len(view) < bound:
                    break
        except OSError as error:
            raise reading_failed(chunks[len(lengths)], error) from error
        out.advance(sum(lengths))
        return lengths

    def read_into(
        self, out: PendingObject, chunk: ChunkFile, bound: int, check: HeadCheck | None = None
    ) -> memoryview | int:
        """Read a whole chunk into an object's buffer; gives the bytes, not yet kept there.

        `bound` is the size it is expected to have at most. A large chunk that passes `check` is
        copied by the kernel instead, and kept: that gives its length. Raises `StorageError`.
        """
        try:
            fd = self._open(chunk)
            try:
                size = os.fstat(fd).st_size if bound >= COPIED else 0
                if size < COPIED:
                    return _read(fd, out, bound)
                passes = check is not None and check(os.pread(fd, HEAD, 0), size) is None
                taken = out.take(fd, size) if passes else 0
                if 0 < taken < size:
                    raise changed(chunk, "became shorter while it was copied")
                return taken or _read_large(fd, out, size)
            finally:
                os.close(fd)
        except OSError as error:
            raise reading_failed(chunk, error) from error

    def read(self, chunk: ChunkFile) -> bytes:
        """Give the whole bytes of one chunk."""
        place = os.path.join(chunk.folder, chunk.name)
        try:
            with open(self._open(chunk), "rb", buffering=0) as file:
                return file.readall()
        except OSError as error:
            raise from_os_error(error, doing="reading", place=place) from error

    def read_head(self, chunk: ChunkFile) -> bytes:
        """Give the first `HEAD` bytes of one chunk."""
        try:
            fd = self._open(chunk)
            try:
                return os.pread(fd, HEAD, 0)
            finally:
                os.close(fd)
        except OSError as error:
            raise reading_failed(chunk, error) from error


def reading_failed(chunk: ChunkFile, error: OSError) -> ZarrliftError:
    """Put into words why a listed chunk could not be read."""
    if isinstance(error, FileNotFoundError):
        return changed(chunk, "was listed, but is gone")
    place = os.path.join(chunk.folder, chunk.name)
    return from_os_error(error, doing="reading", place=place)


def changed(chunk: ChunkFile, what: str) -> StorageError:
    """Say that a source is not what it was when it was listed."""
    return StorageError(
        f"{what}: the source changes while it is lifted",
        place=os.path.join(chunk.folder, chunk.name),
        hint="stop what writes there, then run the same command again",
    )


def _read(fd: int, out: PendingObject, bound: int) -> memoryview:
    view = out.room(bound)
    length = os.readv(fd, [view])
    if length < len(view):
        return view[:length]
    return _read_large(fd, out, os.fstat(fd).st_size)


def _read_large(fd: int, out: PendingObject, size: int) -> memoryview:
    """Read in as many calls as it takes, up to one byte more than is due: nothing may follow."""
    view = out.room(size + 1)
    with out.aside(size):
        at = 0
        while at < len(view) and (length := os.preadv(fd, [view[at:]], at)):
            at += length
    return view[:at]
