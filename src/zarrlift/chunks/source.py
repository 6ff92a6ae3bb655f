"""Reading one array's encoded chunks by index, sharded or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.chunks.indexes import FoundIndex, numbering, read_index, read_last
from zarrlift.chunks.listing import ChunkFile
from zarrlift.errors import DamageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder


def source_for(folder: Folder, path: str, layout: ArrayLayout) -> ChunkSource:
    """Give what reads an array's chunks by index; from a bucket, several requests ahead."""
    if folder.remote:
        from zarrlift.chunks.fetch_source import RemoteSource  # noqa: PLC0415 - for buckets only

        return RemoteSource(folder, path, layout)
    return ChunkSource(folder, path, layout)


class Lies(NamedTuple):
    """Where a chunk lies."""

    key: str
    """Of its object, in the dataset."""
    offset: int
    length: int
    object_bytes: int
    """Of the whole object."""


class ChunkSource:
    """Encoded chunks of one array; keeps the index of the shard last read from."""

    def __init__(self, folder: Folder, path: str, layout: ArrayLayout) -> None:
        self._folder, self._path, self.layout = folder, path, layout
        self._node = (path,) if folder.unlisted else ()
        """Whose document has to be readable, for a refusal to mean that a chunk is absent."""
        self._shard: Index | None = None
        self._index: FoundIndex | None = None

    def key(self, index: Index) -> str:
        """Give the key of a stored object."""
        return f"{self._path}/{self.layout.keys.of(index)}".lstrip("/")

    def holder(self, index: Index) -> str:
        """Name the stored object that a chunk belongs in, for people."""
        outer = self._outer(index)
        return f"{'shard' if self.layout.shards else 'object'} {self.key(outer)}"

    def ahead(self, indices: Iterable[Index]) -> None:
        """Hear which chunks will be asked for, in this order; a disk gives them at once."""

    def read(self, index: Index) -> bytes | None:
        """Give a chunk's bytes, or None where it is absent.

        Raises `DamageError` where the shard that should hold it does not tell where.
        """
        if self.layout.shards is None:
            return self._read_whole(index)
        return self._read_part(index, self._shard_index(self._outer(index)))

    def lies(self, index: Index) -> Lies | None:
        """Say where a chunk lies, or None where it is absent; raises `DamageError` as `read`."""
        outer = self._outer(index)
        key = self.key(outer)
        if self.layout.shards is None:
            size = self._folder.size(key, *self._node)
            return None if size is None else Lies(key, 0, size, size)
        found = self._shard_index(outer)
        entry = self._entry(index, found)
        return None if entry is None or found is None else Lies(key, *entry, found.size)

    def _read_whole(self, index: Index) -> bytes | None:
        return self._folder.read(self.key(index), *self._node)

    def _outer(self, index: Index) -> Index:
        """Give the index of the stored object that a chunk belongs in."""
        return tuple(i // p for i, p in zip(index, self.layout.per_object, strict=True))

    def _read_part(self, index: Index, found: FoundIndex | None) -> bytes | None:
        """Give a chunk's bytes as the index of its shard tells, None where it is absent."""
        entry = self._entry(index, found)
        if entry is None:
            return None
        return self._folder.read_range(self.key(self._outer(index)), *entry)

    def _entry(self, index: Index, found: FoundIndex | None) -> tuple[int, int] | None:
        """Give offset and length of a chunk as the index of its shard tells."""
        if found is None:
            return None
        per, outer = self.layout.per_object, self._outer(index)
        local = tuple(i % p for i, p in zip(index, per, strict=True))
        number = numbering(self.layout.form.order, per)(grid.ravel(local, per))
        if found.trusted is None or number in found.outside:
            raise DamageError(
                f"shard {found.problem}",
                place=self._folder.path(self.key(outer)),
                hint="zarrlift validate --level chunks lists all that is damaged",
            )
        return found.trusted.get(number)

    def _shard_index(self, outer: Index) -> FoundIndex | None:
        """Give the index of a shard, or None where the shard is absent."""
        if outer != self._shard:
            self._index = self._read_index(outer)
            self._shard = outer
        return self._index

    def _read_index(self, outer: Index) -> FoundIndex | None:
        key = self.key(outer)
        if self._folder.remote and not (self._node or self.layout.form.index_at_start):
            return read_last(self._folder, self.layout, key)
        held = self._folder.size(key, *self._node)
        if held is None:
            return None
        folder, name, offset, _ = self._folder.lies_at(self._folder.path(key))
        return read_index(self._folder, self.layout, ChunkFile(0, folder, name, held, offset))
