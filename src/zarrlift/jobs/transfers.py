"""Counting, from a listing, the requests that move one array's chunks and prove them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks import shard
from zarrlift.chunks.envelope import glimpse_for
from zarrlift.chunks.fetch import runs
from zarrlift.chunks.listing import ChunkFile
from zarrlift.plan.cost import Transfers
from zarrlift.plan.memory import chunk_bound
from zarrlift.store.remote import RemoteFolder
from zarrlift.store.upload import PART, WHOLE
from zarrlift.verify.pair import ArrayPair, Pair

if TYPE_CHECKING:
    from zarrlift.chunks.listing import Unit
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.plan import ArrayPlan
    from zarrlift.store.folder import Folder
    from zarrlift.verify.level import Level

PIECE = RemoteFolder.piece
"""Bytes above which a chunk is compared piece by piece."""


def index_bytes(layout: ArrayLayout) -> int:
    """Give the bytes of the index of each of an array's objects; 0 where these are no shards."""
    return shard.index_bytes(grid.count(layout.per_object)) if layout.shards else 0


class Transferring:
    """Adds up over an array's objects what they ask for."""

    def __init__(self, plan: ArrayPlan, source: Folder, level: Level, *, first: bool) -> None:
        self._pair = ArrayPair(
            path=plan.path,
            source=source,
            target=source,
            old=plan.source,
            new=plan.target,
            level=level,
            first_of_kind=first,
        )
        self._bound = chunk_bound(plan.source)
        self._index = index_bytes(plan.target)
        self._gets = self._in_parts = self._parts = self._bytes = self._heads = 0
        self._ours = self._theirs = 0
        self._glimpse = glimpse_for(plan.source)
        self._certain = True

    def add(self, unit: Unit) -> None:
        """Add one object, whose chunks come with their sizes."""
        self._gets += sum(1 for _ in runs(unit.chunks))
        size = sum(chunk.size for chunk in unit.chunks) + self._index
        if size + self._bound > WHOLE:
            self._in_parts += 1
            self._parts += -(-size // PART)
            self._certain = self._certain and size > WHOLE
        if self._glimpse is not None:
            self._heads += sum(self._glimpse.span(chunk.size)[1] for chunk in unit.chunks)
        self._prove(unit)

    def _prove(self, unit: Unit) -> None:
        """Add the chunks of an object that are compared; small neighbours come together."""
        chosen = self._pair.sample(Pair(unit.at, unit.chunks, in_target=True))
        ours, theirs, at = list[ChunkFile](), list[ChunkFile](), 0
        for chunk in unit.chunks:
            if chunk.number in chosen:
                self._bytes += chunk.size
                if chunk.size > PIECE:
                    self._ours += -(-chunk.size // PIECE)
                    self._theirs += -(-chunk.size // PIECE)
                else:
                    ours.append(chunk)
                    theirs.append(chunk._replace(folder="", name="", offset=at))
            at += chunk.size
        self._ours += sum(1 for _ in runs(ours))
        self._theirs += sum(1 for _ in runs(theirs))

    def counted(self) -> Transfers:
        """Give the sums."""
        return Transfers(
            gets=self._gets,
            in_parts=self._in_parts,
            parts=self._parts,
            certain=self._certain,
            compared=(self._ours, self._theirs),
            compared_bytes=self._bytes,
            heads=self._heads,
        )
