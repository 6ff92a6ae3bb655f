"""Reading encoded chunks of unsharded arrays, straight into a buffer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zarrlift.errors import StorageError, from_os_error
from zarrlift.store.folder import open_file, open_folder

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from zarrlift.chunks.listing import ChunkFile
    from zarrlift.store.target import PendingObject


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

    def read_into(self, out: PendingObject, chunk: ChunkFile, bound: int) -> memoryview:
        """Read a whole chunk into an object's buffer; gives the bytes, not yet kept there.

        `bound` is the size it is expected to have at most. Raises `StorageError`.
        """
        try:
            fd = self._open(chunk)
            try:
                view = out.room(bound)
                length = os.readv(fd, [view])
                if length == len(view):
                    size = os.fstat(fd).st_size
                    view = out.room(size + 1)
                    length = os.preadv(fd, [view], 0)
                return view[:length]
            finally:
                os.close(fd)
        except FileNotFoundError as error:
            raise StorageError(
                "was listed, but is gone: the source changes while it is lifted",
                place=os.path.join(chunk.folder, chunk.name),
                hint="stop what writes there, then run the same command again",
            ) from error
        except OSError as error:
            place = os.path.join(chunk.folder, chunk.name)
            raise from_os_error(error, doing="reading", place=place) from error

    def sizes(self, chunks: list[ChunkFile]) -> list[int]:
        """Give the stored size of each chunk, in bytes."""
        sizes = []
        place = ""
        try:
            for chunk in chunks:
                place = f"{chunk.folder}/{chunk.name}"
                sizes.append(os.stat(place).st_size)
        except OSError as error:
            raise from_os_error(error, doing="looking at", place=place) from error
        return sizes

    def read(self, chunk: ChunkFile) -> bytes:
        """Give the whole bytes of one chunk."""
        place = os.path.join(chunk.folder, chunk.name)
        try:
            with open(self._open(chunk), "rb", buffering=0) as file:
                return file.readall()
        except OSError as error:
            raise from_os_error(error, doing="reading", place=place) from error
