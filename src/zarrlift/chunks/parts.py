"""Reading encoded chunks that are parts of shards, straight into a buffer."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import TYPE_CHECKING

from zarrlift.chunks.envelope import HEAD
from zarrlift.chunks.files import COPIED, changed, reading_failed
from zarrlift.store.folder import open_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from zarrlift.chunks.envelope import Check, HeadCheck
    from zarrlift.chunks.listing import ChunkFile
    from zarrlift.store.target import PendingObject

_OPEN = 16
"""Shards held open at a time: an object may take its chunks from several by turns."""


class ShardFiles:
    """Does for parts of shards what `ChunkFiles` does for whole files."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, int] = OrderedDict()

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every shard."""
        while self._open:
            os.close(self._open.popitem()[1])

    def _opened(self, chunk: ChunkFile) -> int:
        place = f"{chunk.folder}/{chunk.name}"
        fd = self._open.get(place)
        if fd is None:
            if len(self._open) == _OPEN:
                os.close(self._open.popitem(last=False)[1])
            fd = self._open[place] = open_file(place)
        return fd

    def ahead(self, chunks: Sequence[ChunkFile]) -> None:
        """Hear which chunks will be asked for; files are opened when they are."""

    def gather(
        self, out: PendingObject, chunks: list[ChunkFile], bound: int, check: Check
    ) -> list[int]:
        """Read chunks that follow one another in one shard, in one call, and keep them.

        Gives their lengths; the first chunk that does not pass `check` ends it. `bound` is the
        size that a chunk is expected to have at most. Raises `StorageError`.
        """
        view, run = out.room(bound), 0
        first = end = chunks[0].offset
        for chunk in chunks:
            same = chunk.name == chunks[0].name and chunk.folder == chunks[0].folder
            if not same or chunk.offset != end or end + chunk.size - first > len(view):
                break
            end, run = end + chunk.size, run + 1
        self._fill(view[: end - first], chunks[0])
        lengths: list[int] = []
        at = 0
        for chunk in chunks[:run]:
            if check(view[at : at + chunk.size]) is not None:
                break
            at += chunk.size
            lengths.append(chunk.size)
        out.advance(at)
        return lengths

    def _fill(self, view: memoryview, chunk: ChunkFile) -> None:
        at = 0
        try:
            fd = self._opened(chunk)
            while at < len(view) and (more := os.preadv(fd, [view[at:]], chunk.offset + at)):
                at += more
        except OSError as error:
            raise reading_failed(chunk, error) from error
        if at < len(view):
            raise changed(chunk, "became shorter than its index says")

    def read_into(
        self, out: PendingObject, chunk: ChunkFile, bound: int, check: HeadCheck | None = None
    ) -> memoryview | int:
        """Read a chunk into an object's buffer; gives the bytes, not yet kept there.

        A large chunk that passes `check` is copied by the kernel instead, and kept: that gives
        its length. Raises `StorageError`.
        """
        del bound
        size = chunk.size
        try:
            fd = self._opened(chunk)
            if check is not None and size >= COPIED:
                passes = check(os.pread(fd, HEAD, chunk.offset), size) is None
                taken = out.take(fd, size, chunk.offset) if passes else 0
                if 0 < taken < size:
                    raise changed(chunk, "became shorter while it was copied")
                if taken:
                    return taken
        except OSError as error:
            raise reading_failed(chunk, error) from error
        view = out.room(size)[:size]
        with out.aside(size):
            self._fill(view, chunk)
        return view

    def read(self, chunk: ChunkFile) -> bytes:
        """Give the bytes of one chunk."""
        data = bytearray(chunk.size)
        self._fill(memoryview(data), chunk)
        return bytes(data)
