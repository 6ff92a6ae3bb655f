"""Decoding chunks where they lie, and judging what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from zarrlift.audit.result import Tally
from zarrlift.chunks.bounded import stored_most
from zarrlift.errors import DamageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.chunks.envelope import Bytes, Check
    from zarrlift.chunks.listing import ChunkFile
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

_TIMES = 5
"""Memory that decoding a chunk takes, as many times the chunk's own size at the most."""
_BESIDE = 2**22
_AHEAD = 2**22
"""Bytes that one worker has under way from an object store."""


@dataclass(frozen=True, kw_only=True)
class Decoder:
    """Decodes the chunks of one array."""

    folder: Folder
    path: str
    layout: ArrayLayout
    memory: int
    """Bytes that one chunk may take, all told."""

    @cached_property
    def check(self) -> Check:
        """Return the envelope check of the array's chunks."""
        from zarrlift.chunks.envelope import check_for  # noqa: PLC0415 - level data only

        return check_for(self.layout)

    @property
    def fits(self) -> bool:
        """Say whether a chunk can be decoded in the memory that is allowed."""
        return need(self.layout) <= self.memory

    def run(self, chunks: Sequence[tuple[Index, ChunkFile]]) -> Tally:
        """Decode chunks one after another; raises `StorageError` where one cannot be read."""
        from zarrlift.chunks.units import files_for  # noqa: PLC0415 - level data only

        found = Tally()
        most = min(stored_most(self.layout, self.memory // 4), self.memory // 2)
        wanted = [(at, file) for at, file in chunks if file.size <= most]
        for at, file in chunks:
            if file.size > most:
                message = f"holds {file.size:,} bytes, too many to be decoded"
                found.find("chunk-undecodable", self.path, message, at)
        with files_for(self.folder, self.layout, within=_AHEAD) as files:
            files.ahead([file for _, file in wanted])
            for at, file in wanted:
                data = files.read(file)
                found.chunk_bytes += len(data)
                found.decoded += 1
                self._judge(at, data, found)
        return found

    def _judge(self, at: Index, data: Bytes, found: Tally) -> None:
        from zarrlift.chunks import bounded  # noqa: PLC0415 - NumPy is slow to load

        if not len(data):
            return  # said of its size already
        envelope = self.check(data) if self.layout.codecs[-1].shared else None
        try:
            made = bounded.decode(data, self.layout, self.memory // 4)
        except DamageError as error:
            found.find("chunk-undecodable", self.path, error.message, at)
            return
        if self.layout.data_type.name == "bool" and bounded.odd_bools(made):
            found.find("chunk-bools", self.path, "holds bools other than 0 and 1", at)
        elif envelope is not None:
            found.find("chunk-envelope", self.path, f"decodes, but {envelope}", at)


def need(layout: ArrayLayout) -> int:
    """Give the memory that decoding one chunk takes; little is known where elements differ."""
    return _TIMES * layout.chunk_bytes + _BESIDE
