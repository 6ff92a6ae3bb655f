"""Reading the chunks of one object on both sides, from buckets several requests ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from zarrlift.chunks.listing import ChunkFile
from zarrlift.chunks.units import files_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from zarrlift.verify.pair import ArrayPair

WITHIN = 4 * 2**20
"""Bytes asked for ahead on each side: little, since many objects are compared at a time."""


class BothSides:
    """Gives chunks of the source, and what one object of the target holds of each.

    `ahead` announces the chunks in the order in which they will be read.
    """

    def __init__(self, pair: ArrayPair, key: str) -> None:
        self._target, self._key = pair.target, key
        self._ours = files_for(pair.source, pair.old, within=WITHIN)
        self._theirs = None
        if pair.target.remote:
            self._theirs = files_for(pair.target, pair.new, within=WITHIN)

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close what is open, and give up what nobody will read."""
        self._ours.__exit__(kind, error, trace)
        if self._theirs is not None:
            self._theirs.__exit__(kind, error, trace)

    def ahead(self, chunks: Iterable[tuple[ChunkFile, int]]) -> None:
        """Announce chunks of the source, each with its offset in the object."""
        announced = list(chunks)
        self._ours.ahead([chunk for chunk, _ in announced])
        if self._theirs is not None:
            self._theirs.ahead([self._held(offset, c.size) for c, offset in announced])

    def source(self, chunk: ChunkFile) -> bytes:
        """Give the bytes of one chunk of the source."""
        return self._ours.read(chunk)

    def target(self, offset: int, length: int) -> bytes:
        """Give bytes of the object; fewer where it ends before."""
        if self._theirs is None:
            return self._target.read_range(self._key, offset, length)
        return self._theirs.read(self._held(offset, length))

    def _held(self, offset: int, length: int) -> ChunkFile:
        folder, name, first, _ = self._target.lies_at(self._target.path(self._key))
        return ChunkFile(0, folder, name, length, max(0, first) + offset)
