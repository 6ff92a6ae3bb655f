"""Reading encoded chunks from an object store, several requests ahead of who takes them.

Does for a store what `ChunkFiles` and `ShardFiles` do for files. Chunks that follow one another
in one shard come with one request.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.chunks.envelope import HEAD
from zarrlift.chunks.files import changed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self

    from zarrlift.chunks.envelope import Check, HeadCheck
    from zarrlift.chunks.listing import ChunkFile
    from zarrlift.store.remote import RemoteFolder
    from zarrlift.store.target import PendingObject

AHEAD = 16 * 2**20
"""Bytes of one object's chunks that may be under way, or waiting to be taken."""
_TOGETHER = 4 * 2**20
"""Bytes of neighbours in a shard that come with one request."""


class _Run(NamedTuple):
    """Chunks that one request brings."""

    chunks: tuple[ChunkFile, ...]
    size: int
    answer: Future[memoryview]


class RemoteFiles:
    """Brings chunks in the order in which they were announced."""

    def __init__(self, folder: RemoteFolder, within: int | None = None) -> None:
        self._folder = folder
        self._most = AHEAD if within is None else within
        self._held = 0
        self._waiting: Iterator[tuple[ChunkFile, ...]] = iter(())
        self._next: tuple[ChunkFile, ...] | None = None
        self._running: deque[_Run] = deque()
        self._here: dict[ChunkFile, memoryview] = {}

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give up what nobody will take."""
        for run in self._running:
            run.answer.cancel()
        self._running.clear()
        self._here.clear()
        self._held = 0

    def ahead(self, chunks: Sequence[ChunkFile]) -> None:
        """Announce the chunks that will be asked for, in this order."""
        self._waiting = runs(chunks)
        self._next = next(self._waiting, None)
        with self._folder.fetcher.turn():
            self._ask()

    def _ask(self) -> None:
        """Send requests while there is room for what they bring."""
        while self._next is not None:
            size = sum([max(0, chunk.size) for chunk in self._next])
            if self._running and self._held + size > self._most:
                return
            answer = self._folder.fetcher.submit(self._bring, self._next)
            self._running.append(_Run(self._next, size, answer))
            self._held += size
            self._next = next(self._waiting, None)

    def _bring(self, chunks: tuple[ChunkFile, ...]) -> memoryview:
        first = chunks[0]
        path = f"{first.folder}/{first.name}"
        if first.offset < 0:
            whole = self._folder.read_whole(path)
            if whole is None:
                raise changed(first, "was listed, but is gone")
            if len(whole) != first.size >= 0:
                raise changed(first, f"was listed with {first.size} bytes, but has {len(whole)}")
            return memoryview(whole)
        size = sum(chunk.size for chunk in chunks)
        data = self._folder.read_at(path, first.offset, size)
        if len(data) < size:
            raise changed(first, "became shorter than its index says")
        return memoryview(data)

    def _take(self, chunk: ChunkFile) -> memoryview:
        """Give a chunk's bytes, waiting for them; the last ones can be had again."""
        if chunk in self._here:
            return self._here[chunk]
        self._here.clear()
        if not any(chunk in run.chunks for run in self._running):
            return self._bring((chunk,))
        while True:
            run = self._running.popleft()
            self._held -= run.size
            if chunk in run.chunks:
                break
            run.answer.cancel()
        data, at = run.answer.result(), 0
        self._ask()
        for one in run.chunks:
            size = len(data) if one.offset < 0 else one.size
            self._here[one] = data[at : at + size]
            at += size
        return self._here[chunk]

    def gather(
        self, out: PendingObject, chunks: list[ChunkFile], bound: int, check: Check
    ) -> list[int]:
        """Keep chunks in an object's buffer, while there is room; gives their lengths.

        The first chunk that does not pass `check` ends it. Raises `StorageError`.
        """
        view, lengths = out.room(bound), list[int]()
        for chunk in chunks:
            data = self._take(chunk)
            if len(data) > len(view) or check(data) is not None:
                break
            view[: len(data)] = data
            view = view[len(data) :]
            lengths.append(len(data))
        out.advance(sum(lengths))
        return lengths

    def read_into(
        self, out: PendingObject, chunk: ChunkFile, bound: int, check: HeadCheck | None = None
    ) -> memoryview | int:
        """Put a chunk into an object's buffer; gives the bytes, not yet kept there."""
        del bound, check
        data = self._take(chunk)
        view = out.room(len(data))[: len(data)]
        view[:] = data
        return view

    def read(self, chunk: ChunkFile) -> bytes:
        """Give the bytes of one chunk."""
        return bytes(self._take(chunk))

    def read_head(self, chunk: ChunkFile) -> bytes:
        """Give the first `HEAD` bytes of one chunk."""
        path = f"{chunk.folder}/{chunk.name}"
        return self._folder.read_at(path, max(0, chunk.offset), HEAD)


def runs(chunks: Sequence[ChunkFile]) -> Iterator[tuple[ChunkFile, ...]]:
    """Put chunks together that one request can bring."""
    run: list[ChunkFile] = []
    size = 0
    for chunk in chunks:
        last = run[-1] if run else None
        if last is not None and (
            chunk.offset < 0
            or (chunk.folder, chunk.name) != (last.folder, last.name)
            or chunk.offset != last.offset + last.size
            or size + chunk.size > _TOGETHER
        ):
            yield tuple(run)
            run, size = [], 0
        run.append(chunk)
        size += max(0, chunk.size)
    if run:
        yield tuple(run)
