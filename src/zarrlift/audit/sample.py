"""Which chunks are decoded: all, or a sample that a seed decides, whatever order they come in."""

from __future__ import annotations

import heapq
import re
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import UsageError
from zarrlift.plan.settings import parse_size

if TYPE_CHECKING:
    from zarrlift.audit.result import Picked
    from zarrlift.grid import Index

_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_ALL = 2**64
_DIGITS = 19


class Sample(NamedTuple):
    """How much is decoded; just one of these is stated."""

    chunks: int | None = None
    bytes: int | None = None
    """Decoded."""
    share: float | None = None
    """Of all chunks, up to 1."""

    def __str__(self) -> str:
        """Give it as users write it."""
        if self.share is not None:
            return f"{self.share * 100:g}%"
        return str(self.chunks) if self.chunks is not None else f"{self.bytes} bytes"


def parse_sample(text: str) -> Sample:
    """Read a sample: a number of chunks, a size such as `64MiB`, or a share such as `5%`."""
    text = text.strip()
    if match := _SHARE.fullmatch(text):
        share = float(match[1]) / 100
        if 0 < share <= 1:
            return Sample(share=share)
    elif text.isdecimal():
        if len(text) < _DIGITS and int(text):
            return Sample(chunks=int(text))
    elif parse_size(text):
        return Sample(bytes=parse_size(text))
    raise UsageError(
        f"a sample of {text!r} is not understood",
        hint="write a number of chunks (100), decoded bytes (64MiB) or a share (5%)",
    )


def order_of(seed: int, path: str, at: Index) -> int:
    """Give a chunk's place among all chunks, by chance that a seed decides: 0 to 2^64 - 1."""
    text = f"{seed}/{path}/{at}".encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(text, digest_size=8).digest())


class Choice:
    """Takes the chunks of a sample out of all that it is shown."""

    def __init__(self, sample: Sample, seed: int) -> None:
        self.seed = seed
        self._sample = sample
        self._limit = _ALL if sample.share is None else int(sample.share * _ALL)
        self._most = sample.chunks if sample.chunks is not None else sample.bytes
        self._kept: list[tuple[int, int, Picked]] = []
        self._held = 0

    @property
    def final(self) -> bool:
        """Say whether a chunk that is taken stays so, whatever others there are."""
        return self._most is None

    def takes(self, order: int) -> bool:
        """Say whether a chunk may belong to the sample; asked from any thread."""
        return order < self._limit

    def show(self, picked: Picked, decoded: int) -> None:
        """Take a chunk, and leave out those that there is no room for any more.

        What is held are the first chunks of all by their order, up to the one that fills the room.
        """
        weight = decoded if self._sample.bytes is not None else 1
        heapq.heappush(self._kept, (-picked.order, weight, picked))
        self._held += weight
        if self._most is None:
            return
        while self._held - self._kept[0][1] >= self._most:
            self._held -= heapq.heappop(self._kept)[1]
        if self._held >= self._most:
            self._limit = min(self._limit, -self._kept[0][0])

    def taken(self) -> list[Picked]:
        """Give the chunks of the sample, those of one object together."""
        if self._most is not None and self._held > self._most and len(self._kept) > 1:
            self._held -= heapq.heappop(self._kept)[1]
        found = [picked for _, _, picked in self._kept]
        return sorted(found, key=lambda p: (p.array, p.file.folder, p.file.name, p.file.offset))
