"""Reading encoded chunks of a bucket by index, several requests ahead of who takes them."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks import fetch, shard
from zarrlift.chunks.source import ChunkSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Executor, Future

    from zarrlift.chunks.indexes import FoundIndex
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

_REQUESTS = 128
_INDEX_BYTES = 2**20
_INDEXES = 64


class RemoteSource(ChunkSource):
    """Does for a bucket what `ChunkSource` does for files; keeps the indexes of several shards.

    The next chunks, as many as hold `fetch.AHEAD` bytes decoded, are under way or waiting.
    """

    def __init__(self, folder: Folder, path: str, layout: ArrayLayout) -> None:
        super().__init__(folder, path, layout)
        self._fetcher: Executor = folder.fetcher  # type: ignore[attr-defined]
        self._waiting: Iterator[Index] = iter(())
        self._running: deque[tuple[Index, Future[bytes | None]]] = deque()
        self._most = min(_REQUESTS, max(1, fetch.AHEAD // max(1, layout.chunk_bytes)))
        self._indexes: OrderedDict[Index, Future[FoundIndex | None]] = OrderedDict()
        held = shard.index_bytes(grid.count(layout.per_object))
        self._kept = min(_INDEXES, max(2, _INDEX_BYTES // held))

    def ahead(self, indices: Iterable[Index]) -> None:
        """Announce the chunks that will be asked for, in this order; some may be passed over."""
        for _, answer in self._running:
            answer.cancel()
        self._running.clear()
        self._waiting = iter(indices)
        self._ask()

    def _ask(self) -> None:
        while len(self._running) < self._most:
            index = next(self._waiting, None)
            if index is None:
                return
            found = self._index_of(index)
            self._running.append((index, self._fetcher.submit(self._bring, index, found)))

    def _index_of(self, index: Index) -> Future[FoundIndex | None] | None:
        """Give the answer to a request for the index of a chunk's shard, where there are any.

        It is asked for before any of the shard's chunks, so no thread waits for what none does.
        """
        if self.layout.shards is None:
            return None
        outer = self._outer(index)
        if outer in self._indexes:
            self._indexes.move_to_end(outer)
        else:
            self._indexes[outer] = self._fetcher.submit(self._read_index, outer)
            if len(self._indexes) > self._kept:
                self._indexes.popitem(last=False)
        return self._indexes[outer]

    def _bring(self, index: Index, found: Future[FoundIndex | None] | None) -> bytes | None:
        if found is None:
            return self._read_whole(index)
        return self._read_part(index, found.result())

    def read(self, index: Index) -> bytes | None:
        """Give a chunk's bytes as `ChunkSource` does, or those under way once they are here."""
        if not any(index == at for at, _ in self._running):
            return self._bring(index, self._index_of(index))
        while True:
            at, answer = self._running.popleft()
            if at == index:
                break
            answer.cancel()
        data = answer.result()
        self._ask()
        return data
