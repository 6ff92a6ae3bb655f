"""Reading one array's encoded chunks by index, sharded or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks.listing import ChunkFile
from zarrlift.chunks.units import numbering, read_index

if TYPE_CHECKING:
    from zarrlift.chunks import shard
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder


class ChunkSource:
    """Encoded chunks of one array; keeps the index of the shard last read from."""

    def __init__(self, folder: Folder, path: str, layout: ArrayLayout) -> None:
        self._folder, self._path, self.layout = folder, path, layout
        self._shard: Index | None = None
        self._index: shard.ShardIndex | None = None

    def key(self, index: Index) -> str:
        """Give the key of a stored object."""
        return f"{self._path}/{self.layout.keys.of(index)}".lstrip("/")

    def holder(self, index: Index) -> str:
        """Name the stored object that a chunk belongs in, for people."""
        outer = tuple(i // p for i, p in zip(index, self.layout.per_object, strict=True))
        return f"{'shard' if self.layout.shards else 'object'} {self.key(outer)}"

    def read(self, index: Index) -> bytes | None:
        """Give a chunk's bytes, or None where it is absent.

        Raises `DamageError` where the shard that should hold it has no readable index.
        """
        if self.layout.shards is None:
            return self._folder.read(self.key(index))
        per = self.layout.per_object
        outer = tuple(i // p for i, p in zip(index, per, strict=True))
        local = tuple(i % p for i, p in zip(index, per, strict=True))
        found = self.shard_index(outer)
        number = numbering(self.layout.form.order, per)(grid.ravel(local, per))
        entry = found.get(number) if found else None
        if entry is None:
            return None
        return self._folder.read_range(self.key(outer), *entry)

    def shard_index(self, outer: Index) -> shard.ShardIndex | None:
        """Give the index of a shard, or None where the shard is absent."""
        if outer != self._shard:
            self._index = self._read_index(outer)
            self._shard = outer
        return self._index

    def _read_index(self, outer: Index) -> shard.ShardIndex | None:
        key = self.key(outer)
        if self._folder.size(key) is None:
            return None
        folder, name, offset, size = self._folder.lies_at(self._folder.path(key))
        return read_index(self.layout, ChunkFile(0, folder, name, size, offset))
