"""Reading one array's encoded chunks by index, sharded or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks.indexes import FoundIndex, numbering, read_index
from zarrlift.chunks.listing import ChunkFile
from zarrlift.errors import DamageError

if TYPE_CHECKING:
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder


class ChunkSource:
    """Encoded chunks of one array; keeps the index of the shard last read from."""

    def __init__(self, folder: Folder, path: str, layout: ArrayLayout) -> None:
        self._folder, self._path, self.layout = folder, path, layout
        self._shard: Index | None = None
        self._index: FoundIndex | None = None

    def key(self, index: Index) -> str:
        """Give the key of a stored object."""
        return f"{self._path}/{self.layout.keys.of(index)}".lstrip("/")

    def holder(self, index: Index) -> str:
        """Name the stored object that a chunk belongs in, for people."""
        outer = tuple(i // p for i, p in zip(index, self.layout.per_object, strict=True))
        return f"{'shard' if self.layout.shards else 'object'} {self.key(outer)}"

    def read(self, index: Index) -> bytes | None:
        """Give a chunk's bytes, or None where it is absent.

        Raises `DamageError` where the shard that should hold it does not tell where.
        """
        if self.layout.shards is None:
            return self._folder.read(self.key(index))
        per = self.layout.per_object
        outer = tuple(i // p for i, p in zip(index, per, strict=True))
        local = tuple(i % p for i, p in zip(index, per, strict=True))
        found = self._shard_index(outer)
        if found is None:
            return None
        number = numbering(self.layout.form.order, per)(grid.ravel(local, per))
        if found.trusted is None or number in found.outside:
            raise DamageError(f"shard {found.problem}", place=self._folder.path(self.key(outer)))
        entry = found.trusted.get(number)
        if entry is None:
            return None
        return self._folder.read_range(self.key(outer), *entry)

    def _shard_index(self, outer: Index) -> FoundIndex | None:
        """Give the index of a shard, or None where the shard is absent."""
        if outer != self._shard:
            self._index = self._read_index(outer)
            self._shard = outer
        return self._index

    def _read_index(self, outer: Index) -> FoundIndex | None:
        key = self.key(outer)
        held = self._folder.size(key)
        if held is None:
            return None
        folder, name, offset, _ = self._folder.lies_at(self._folder.path(key))
        return read_index(self._folder, self.layout, ChunkFile(0, folder, name, held, offset))
