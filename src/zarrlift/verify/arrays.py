"""One array against another: presence, lengths and bytes, by listing both sides anew.

Both listings come in C order of the target's objects, so they are walked side by side and
nothing is held: an object on one side only is missing, or a stray.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from zarrlift import grid
from zarrlift.chunks import envelope, listing, shard
from zarrlift.chunks.files import ChunkFiles
from zarrlift.findings import error
from zarrlift.verify.result import SAMPLE, Checked, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.chunks.listing import ChunkFile, Unit
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder


class Pair(NamedTuple):
    """One object of the target, and the source's chunks that belong in it."""

    at: Index
    """Index in its grid, in array order."""
    chunks: list[ChunkFile]
    in_target: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayPair:
    """An array on both sides."""

    path: str
    source: Folder
    target: Folder
    old: ArrayLayout
    new: ArrayLayout
    level: Level

    @property
    def same_bytes(self) -> bool:
        """Say whether encoded chunks must be equal on both sides."""
        return self.old.chunks == self.new.chunks and self.old.codecs == self.new.codecs

    def key(self, index: Index) -> str:
        """Give the key of a target object."""
        return f"{self.path}/{self.new.keys.of(index)}".lstrip("/")

    def sampled(self, index: Index) -> bool:
        """Say whether quick verification compares this chunk."""
        if self.level is not Level.QUICK:
            return True
        return crc32(f"{self.path}/{index}".encode("utf-8", "surrogateescape")) % SAMPLE == 0


def pairs(pair: ArrayPair, strays: tuple[listing.Strays, listing.Strays]) -> Iterator[Pair]:
    """Walk both listings side by side, in C order of the target's objects."""
    ours = listing.units(
        pair.source,
        pair.path,
        keys=pair.old.keys,
        chunk_grid=pair.old.chunk_grid,
        per_object=pair.new.per_object,
        strays=strays[0],
    )
    theirs = target_objects(pair, strays[1])
    left, right = next(ours, None), next(theirs, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left.at < right):
            yield Pair(left.at, left.chunks, in_target=False)  # type: ignore[union-attr]
            left = next(ours, None)
        elif left is None or right < left.at:
            yield Pair(right, [], in_target=True)
            right = next(theirs, None)
        else:
            yield Pair(right, left.chunks, in_target=True)
            left, right = next(ours, None), next(theirs, None)


def target_objects(pair: ArrayPair, strays: listing.Strays) -> Iterator[Index]:
    """List the objects that the target holds for an array, in C order."""
    objects: Iterator[Unit] = listing.units(
        pair.target,
        pair.path,
        keys=pair.new.keys,
        chunk_grid=pair.new.object_grid,
        per_object=(1,) * pair.new.ndim,
        strays=strays,
    )
    return (u.at for u in objects)


def read_index(pair: ArrayPair, index: Index, checked: Checked) -> shard.ShardIndex | None:
    """Read a target shard's index and check its CRC, bounds and overlaps; report what is wrong."""
    slots = grid.count(pair.new.per_object)
    key = pair.key(index)
    tail = pair.target.read_tail(key, shard.index_bytes(slots))
    if tail is None:
        checked.findings.append(error("object-missing", pair.path, f"shard {key} is not there"))
        return None
    found = shard.decode(tail[0], slots)
    problem = found if isinstance(found, str) else found.problem(tail[1])
    if problem:
        message = f"shard {key} of {tail[1]} bytes: {problem}"
        checked.findings.append(error("shard-index", pair.path, message))
        return None
    return found if isinstance(found, shard.ShardIndex) else None


def compare_bytes(pair: ArrayPair, item: Pair, checked: Checked) -> None:
    """Compare one object whose chunks must be the source's, byte for byte."""
    checked.objects += item.in_target
    checked.chunks += len(item.chunks)
    if not _both_there(pair, item, checked):
        return
    with ChunkFiles() as files:
        if pair.new.shards is None:
            _compare_object(pair, item, files, checked)
        else:
            _compare_shard(pair, item, files, checked)


def _both_there(pair: ArrayPair, item: Pair, checked: Checked) -> bool:
    key = pair.key(item.at)
    if not item.in_target:
        message = f"object {key} is missing; the source has {len(item.chunks)} chunks for it"
        chunk = item.chunks[0].at
        checked.findings.append(error("object-missing", pair.path, message, chunk))
        return False
    if not item.chunks:
        message = f"object {key} is a stray: the source has no chunk for it"
        checked.findings.append(error("object-stray", pair.path, message))
        return False
    return True


def _compare_object(pair: ArrayPair, item: Pair, files: ChunkFiles, checked: Checked) -> None:
    chunk, key = item.chunks[0], pair.key(item.at)
    due, held = files.sizes([chunk])[0], pair.target.size(key)
    if held != due:
        message = f"object {key} holds {held} bytes, the source's chunk {due}"
        checked.findings.append(error("chunk-length", pair.path, message, chunk.at))
    elif pair.sampled(chunk.at) or _first(chunk):
        data = pair.target.read(key) or b""
        _compare_chunk(pair, chunk, files, data, f"object {key}", checked)


def _compare_shard(pair: ArrayPair, item: Pair, files: ChunkFiles, checked: Checked) -> None:
    index = read_index(pair, item.at, checked)
    if index is None:
        return
    key = pair.key(item.at)
    sizes = files.sizes(item.chunks)
    with pair.target.opened(key) as fd:
        for chunk, due in zip(item.chunks, sizes, strict=True):
            entry = index.get(chunk.number)
            if entry is None or entry[1] != due:
                held = "is absent" if entry is None else f"holds {entry[1]} bytes"
                message = f"in shard {key} it {held}, in the source {due} bytes"
                checked.findings.append(error("chunk-length", pair.path, message, chunk.at))
            elif pair.sampled(chunk.at) or _first(chunk):
                data = os.pread(fd, entry[1], entry[0])
                place = f"shard {key} at offset {entry[0]}"
                _compare_chunk(pair, chunk, files, data, place, checked)
    if index.present != len(item.chunks):
        message = f"shard {key} holds {index.present} chunks, the source {len(item.chunks)}"
        checked.findings.append(error("chunk-count", pair.path, message))


def _first(chunk: ChunkFile) -> bool:
    return not any(chunk.at)


def _compare_chunk(
    pair: ArrayPair,
    chunk: ChunkFile,
    files: ChunkFiles,
    data: bytes,
    place: str,
    checked: Checked,
) -> None:
    original = files.read(chunk)
    checked.compared += 1
    checked.bytes += len(data)
    if data != original:
        message = f"{place}: {_difference(original, data)}"
        if envelope.check_for(pair.old)(original):
            from zarrlift.verify import values  # noqa: PLC0415 - NumPy is slow to load

            if values.equal_values(pair, original, data):
                return
        checked.findings.append(error("chunk-differs", pair.path, message, chunk.at))
    elif pair.level is Level.DECODE:
        from zarrlift.verify import values  # noqa: PLC0415 - NumPy is slow to load

        values.decodes(pair, chunk.at, data, checked)


def _difference(original: bytes, data: bytes) -> str:
    for at, (a, b) in enumerate(zip(original, data, strict=False)):
        if a != b:
            return f"byte {at} of the chunk is {b:#04x}, in the source {a:#04x}"
    return f"holds {len(data)} bytes, the source {len(original)}"
