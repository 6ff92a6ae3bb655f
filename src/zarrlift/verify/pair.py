"""What is compared: an array on both sides, and within it one object with its chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from zarrlift import grid
from zarrlift.chunks.listed import Side
from zarrlift.verify.level import SAMPLE, Level

if TYPE_CHECKING:
    from zarrlift.chunks.listing import ChunkFile
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder


class Pair(NamedTuple):
    """One object of the target, and the source's chunks that belong in it."""

    at: Index
    """Index in its grid, in array order."""
    chunks: list[ChunkFile]
    in_target: bool
    lost: tuple[int, ...] = ()
    """Numbers of chunks that a shard of the source may hold, but does not tell where."""
    held: int = -1
    """Bytes of the target's object, where the listing told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayPair:
    """An array on both sides."""

    path: str
    source: Folder
    target: Folder
    old: ArrayLayout
    new: ArrayLayout
    level: Level
    first_of_kind: bool
    """No array with these layouts has been compared before: at least one chunk of it is."""

    @property
    def same_bytes(self) -> bool:
        """Say whether encoded chunks must be equal on both sides."""
        return self.old.chunks == self.new.chunks and self.old.codecs == self.new.codecs

    @property
    def sides(self) -> tuple[Side, Side]:
        """Return what is listed on either side."""
        return (
            Side(self.source, self.path, self.old),
            Side(self.target, self.path, self.new),
        )

    def key(self, index: Index) -> str:
        """Give the key of a target object."""
        return f"{self.path}/{self.new.keys.of(index)}".lstrip("/")

    @property
    def seed(self) -> int:
        """Return a number of the array's own, so that samples differ from array to array."""
        return crc32(self.path.encode("utf-8", "surrogateescape"))

    def sampled(self, index: Index) -> bool:
        """Say whether this level compares the bytes or values of a chunk of the target."""
        if self.level is not Level.QUICK or (self.first_of_kind and not any(index)):
            return True
        return (self.seed + crc32(repr(index).encode())) % SAMPLE == 0

    def sample(self, item: Pair) -> set[int]:
        """Give the numbers of an object's chunks whose bytes this level compares."""
        numbers = [c.number for c in item.chunks]
        if self.level is not Level.QUICK:
            return set(numbers)
        start = (self.seed + crc32(repr(item.at).encode())) % SAMPLE
        chosen = set(numbers[start::SAMPLE])
        forced = self.first_of_kind and not any(item.at)
        return {*chosen, numbers[0]} if forced else chosen

    def chunk(self, item: Pair, chunk: ChunkFile) -> Index:
        """Give a chunk's index in array order."""
        return grid.cell(item.at, chunk.number, self.new.per_object)
