"""Comparing decoded values, where encoded bytes may differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks import codec, envelope, fills
from zarrlift.chunks.source import ChunkSource
from zarrlift.errors import DamageError
from zarrlift.findings import error, warning

if TYPE_CHECKING:
    from zarrlift.chunks.codec import Array
    from zarrlift.grid import Index
    from zarrlift.verify.pair import ArrayPair
    from zarrlift.verify.result import Checked


def decodes(pair: ArrayPair, index: Index, data: bytes, checked: Checked) -> None:
    """Decode a chunk that equals its source, and report it where it does not.

    It is a warning where the chunk's envelope is broken too: then it was copied as asked.
    """
    checked.decoded += 1
    try:
        codec.decode(data, pair.new)
    except DamageError as damage:
        message = f"equal to the source, but {damage.message}"
        known = envelope.check_for(pair.old)(data) is not None
        made = warning if known else error
        checked.findings.append(made("chunk-undecodable", pair.path, message, index))


def mended(pair: ArrayPair, original: bytes, data: bytes | None) -> bool | None:
    """Say whether a chunk encoded anew decodes to the same; None where the source's does not."""
    try:
        due = codec.decode(original, pair.old)
    except DamageError:
        return None
    try:
        held = (
            fills.filled(pair.new.fill, pair.new) if data is None else codec.decode(data, pair.new)
        )
    except DamageError:
        return False
    return codec.same_bits(due, held)


class Regions:
    """Reads any chunk-shaped part of an array on either side, decoded."""

    def __init__(self, pair: ArrayPair) -> None:
        self._pair = pair
        self._old = ChunkSource(pair.source, pair.path, pair.old)
        self._new = ChunkSource(pair.target, pair.path, pair.new)

    def compare(self, index: Index, checked: Checked) -> None:
        """Compare one chunk of the target with what the source has in its place."""
        pair = self._pair
        try:
            data = self._new.read(index)
            held = self._filled() if data is None else codec.decode(data, pair.new)
        except DamageError as damage:
            message = f"in the target, {self._new.holder(index)}: {damage.message}"
            checked.findings.append(error("chunk-undecodable", pair.path, message, index))
            return
        checked.compared += 1
        checked.decoded += data is not None
        checked.bytes += held.nbytes
        part = grid.region(index, pair.new.chunks, pair.new.shape)
        inner = tuple(slice(0, p.stop - p.start) for p in part)
        try:
            due = self._assembled(part)
        except DamageError as damage:
            message = f"damaged in the source, so not compared: {damage.message}"
            checked.findings.append(warning("chunk-damaged", pair.path, message, index))
            return
        if not codec.same_bits(codec.part_of(held, inner), due):
            holder = self._new.holder(index)
            rule, message = "chunk-differs", f"{holder}: decoded values differ from the source's"
            if data is None:
                rule = "chunk-missing"
                message = f"{holder} lacks it, where the source has more than fill"
            checked.findings.append(error(rule, pair.path, message, index))

    def _filled(self) -> Array:
        return fills.filled(self._pair.new.fill, self._pair.new)

    def _assembled(self, part: tuple[slice, ...]) -> Array:
        pair = self._pair
        inner = tuple(slice(0, p.stop - p.start) for p in part)
        made = codec.part_of(fills.filled(pair.old.fill, pair.new), inner)
        for cover in grid.covering(part, pair.old.chunks):
            data = self._old.read(cover)
            if data is not None:
                to, of = grid.overlap(part, cover, pair.old.chunks)
                made[to] = codec.decode(data, pair.old)[of]
        return made
