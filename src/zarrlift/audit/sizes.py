"""What the stored size of a chunk tells, without reading it: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.chunks.bounded import stored_most

if TYPE_CHECKING:
    from zarrlift.metadata.layout import ArrayLayout

_PLAIN = ("transpose", "bytes")
_CHECKSUM = 4
_SMALLEST = {"blosc": 16, "gzip": 18, "zstd": 9}
"""Bytes of the smallest frame."""
_ANY = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The sizes that an array's encoded chunks may have."""

    due: int | None
    """The one size of chunks that are not compressed, else None."""
    least: int
    most: int
    frame: str
    """Name of the outermost codec."""

    def problem(self, size: int) -> tuple[str, str] | None:
        """Judge a stored size; gives rule and message, or None."""
        if size == 0:
            return "chunk-empty", "holds no bytes"
        if self.due is not None:
            if size == self.due:
                return None
            return "chunk-size", f"holds {size:,} bytes where {self.due:,} are due, uncompressed"
        if size < self.least:
            return "chunk-size", f"holds {size:,} bytes, fewer than the smallest {self.frame} frame"
        if size > self.most:
            return "chunk-long", f"holds {size:,} bytes where {self.most:,} are the most to expect"
        return None


def sizes_of(layout: ArrayLayout) -> Sizes:
    """Give the sizes that the chunks of a layout may have."""
    packed = [c for c in layout.codecs if c.name not in _PLAIN]
    checksums = [c for c in packed if c.name == "crc32c" and not c.v2_only]
    frame = packed[-1].name if packed else ""
    due = None
    if len(packed) == len(checksums) and not layout.data_type.variable:
        due = layout.chunk_bytes + _CHECKSUM * len(checksums)
    most = stored_most(layout, _ANY)
    return Sizes(due=due, least=_SMALLEST.get(frame, 1), most=most, frame=frame)
