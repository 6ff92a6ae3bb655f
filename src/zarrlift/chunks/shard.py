"""The shard index: 16 bytes for each inner chunk, and a CRC32C.

Source: Zarr v3 `sharding_indexed` codec 1.0, "Binary shard format", index at the end.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import google_crc32c

if TYPE_CHECKING:
    from collections.abc import Iterable

ABSENT = 2**64 - 1
_CRC_BYTES = 4
_ENTRY_BYTES = 16


def index_bytes(chunks: int, *, checksum: bool = True) -> int:
    """Give the length of the index of a shard of that many inner chunks."""
    return _ENTRY_BYTES * chunks + (_CRC_BYTES if checksum else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardIndex:
    """Where each inner chunk lies in a shard, in C order."""

    entries: array[int]
    """Offset and length of each chunk by turns; both `ABSENT` where there is none."""

    def __len__(self) -> int:
        """Return the number of inner chunks a shard may hold."""
        return len(self.entries) // 2

    def get(self, number: int) -> tuple[int, int] | None:
        """Give offset and length of a chunk, or None where it is absent."""
        offset, length = self.entries[2 * number], self.entries[2 * number + 1]
        return None if offset == ABSENT == length else (offset, length)

    def encode(self) -> bytes:
        """Return the index as it stands at the end of a shard."""
        body = _little(self.entries).tobytes()
        return body + int(google_crc32c.value(body)).to_bytes(_CRC_BYTES, "little")

    def problem(self, end: int, start: int = 0) -> str | None:
        """Check that chunks lie between `start` and `end` of their object, and do not overlap."""
        pairs = zip(self.entries[::2], self.entries[1::2], strict=True)
        present = sorted(pair for pair in pairs if pair != (ABSENT, ABSENT))
        at = start
        for offset, length in present:
            if offset < at:
                return f"entries overlap at byte {offset}"
            at = offset + length
        return None if at <= end else f"an entry ends at byte {at}, the data at {end}"

    def outside(self, end: int, start: int = 0) -> frozenset[int]:
        """Number the chunks that do not lie between `start` and `end` of their object."""
        pairs = zip(self.entries[::2], self.entries[1::2], strict=True)
        return frozenset(
            number
            for number, (offset, length) in enumerate(pairs)
            if not offset == ABSENT == length and (offset < start or offset + length > end)
        )

    def without(self, numbers: Iterable[int]) -> ShardIndex:
        """Give the index with some chunks absent."""
        entries = array("Q", self.entries)
        for number in numbers:
            entries[2 * number] = entries[2 * number + 1] = ABSENT
        return ShardIndex(entries=entries)

    @property
    def present(self) -> int:
        """Return the number of chunks that are there."""
        return sum(1 for offset in self.entries[::2] if offset != ABSENT)

    @property
    def bytes_held(self) -> int:
        """Return the summed length of the chunks that are there."""
        return sum(length for length in self.entries[1::2] if length != ABSENT)


def empty(chunks: int) -> array[int]:
    """Give the entries of an index in which no chunk is there."""
    return array("Q", [ABSENT]) * (2 * chunks)


def decode(data: bytes, chunks: int, *, checksum: bool = True) -> ShardIndex | str:
    """Read an index from the end of a shard, or its start; give the problem if it is none."""
    due = index_bytes(chunks, checksum=checksum)
    if len(data) != due:
        return f"holds {len(data)} bytes, fewer than its index of {due}"
    if not checksum:
        return ShardIndex(entries=_little(array("Q", data)))
    body = data[:-_CRC_BYTES]
    if google_crc32c.value(body) != int.from_bytes(data[-_CRC_BYTES:], "little"):
        return "its index has a wrong checksum: the shard is cut short or damaged"
    return ShardIndex(entries=_little(array("Q", body)))


def _little(entries: array[int]) -> array[int]:
    if sys.byteorder == "little":
        return entries
    swapped = array("Q", entries)
    swapped.byteswap()
    return swapped
