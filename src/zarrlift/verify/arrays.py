"""One array against another: presence, lengths and bytes, by listing both sides anew.

Both listings come in C order of the target's objects, so they are walked side by side and
nothing is held: an object on one side only is missing, or a stray.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from zarrlift import grid
from zarrlift.chunks import envelope, listing, shard
from zarrlift.chunks.units import block_shape, chunk_units, shard_blocks
from zarrlift.findings import error, warning
from zarrlift.verify.both import BothSides
from zarrlift.verify.level import Level
from zarrlift.verify.pair import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.chunks.listing import ChunkFile, Unit
    from zarrlift.findings import Finding
    from zarrlift.grid import Index
    from zarrlift.verify.pair import ArrayPair
    from zarrlift.verify.result import Checked

L = TypeVar("L")
R = TypeVar("R")


def pairs(
    pair: ArrayPair,
    strays: tuple[listing.Strays, listing.Strays],
    part: grid.Part | None = None,
) -> Iterator[Pair]:
    """Walk both listings side by side: all of the target's objects, or a part of them.

    They come in C order; block by block where the source has shards, of which `part` then is one.
    """
    if pair.old.shards is not None:
        yield from _pairs_in_blocks(pair, strays, part)
        return
    ours = chunk_units(
        pair.source,
        pair.path,
        pair.old,
        pair.new.stored,
        strays=strays[0],
        sizes=True,
        part=part,
    )
    theirs = target_objects(pair, strays[1], part)
    for at, unit, there in _merged(((u.at, u) for u in ours), theirs):
        held = -1 if there is None else there
        yield Pair(at, unit.chunks if unit else [], in_target=there is not None, held=held)


def _pairs_in_blocks(
    pair: ArrayPair, strays: tuple[listing.Strays, listing.Strays], part: grid.Part | None
) -> Iterator[Pair]:
    shape = block_shape(pair.old, pair.new.stored)
    per = tuple(grid.ceil_div(b, s) for b, s in zip(shape, pair.new.stored, strict=True))
    ours = shard_blocks(
        pair.source, pair.path, pair.old, pair.new.stored, strays=strays[0], part=part
    )
    theirs = listing.units(
        pair.target,
        pair.path,
        keys=pair.new.keys,
        chunk_grid=pair.new.object_grid,
        per_object=per,
        strays=strays[1],
        part=part,
    )
    for block, units, objects in _merged(ours, ((u.at, u.chunks) for u in theirs)):
        due = {unit.at: unit for unit in units or []}
        held = {grid.cell(block, o.number, per): o.size for o in objects or []}
        for at in sorted({*due, *held}):
            unit = due.get(at) or listing.Unit(at, [])
            yield Pair(at, unit.chunks, at in held, unit.lost, held.get(at, -1))


def _merged(
    left: Iterator[tuple[Index, L]], right: Iterator[tuple[Index, R]]
) -> Iterator[tuple[Index, L | None, R | None]]:
    """Walk two ordered streams side by side; gives what either has at each index."""
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a[0] < b[0]):
            yield a[0], a[1], None  # type: ignore[index]
            a = next(left, None)
        elif a is None or b[0] < a[0]:
            yield b[0], None, b[1]
            b = next(right, None)
        else:
            yield a[0], a[1], b[1]
            a, b = next(left, None), next(right, None)


def target_objects(
    pair: ArrayPair, strays: listing.Strays, part: grid.Part | None = None
) -> Iterator[tuple[Index, int]]:
    """List the objects that the target holds for an array, in C order, each with its bytes.

    These are -1 where the listing does not tell.
    """
    objects: Iterator[Unit] = listing.units(
        pair.target,
        pair.path,
        keys=pair.new.keys,
        chunk_grid=pair.new.object_grid,
        per_object=(1,) * pair.new.ndim,
        strays=strays,
        part=part,
    )
    return ((u.at, u.chunks[0].size) for u in objects)


def read_index(pair: ArrayPair, index: Index, checked: Checked) -> shard.ShardIndex | None:
    """Read a target shard's index and check its CRC, bounds and overlaps; report what is wrong."""
    slots = grid.count(pair.new.per_object)
    key = pair.key(index)
    tail = pair.target.read_tail(key, shard.index_bytes(slots))
    if tail is None:
        checked.findings.append(error("object-missing", pair.path, f"shard {key} is not there"))
        return None
    found = shard.decode(tail[0], slots)
    end = tail[1] - shard.index_bytes(slots)
    problem = found if isinstance(found, str) else found.problem(end)
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
    with BothSides(pair, pair.key(item.at)) as files:
        if pair.new.shards is None:
            _compare_object(pair, item, files, checked)
        else:
            _compare_shard(pair, item, files, checked)


def _both_there(pair: ArrayPair, item: Pair, checked: Checked) -> bool:
    key = pair.key(item.at)
    if not item.chunks and item.lost:
        if item.in_target and pair.new.shards is not None:
            read_index(pair, item.at, checked)
        return False
    if not item.in_target:
        pair.target.refuse_hidden(key)
        message = f"object {key} is missing; the source has {len(item.chunks)} chunks for it"
        if pair.level is not Level.NONE and not _lost_on_purpose(pair, item, checked):
            chunk = pair.chunk(item, item.chunks[0])
            checked.findings.append(error("object-missing", pair.path, message, chunk))
        return False
    if not item.chunks:
        message = f"object {key} is a stray: the source has no chunk for it"
        checked.findings.append(error("object-stray", pair.path, message))
        return False
    return True


def _compare_object(pair: ArrayPair, item: Pair, files: BothSides, checked: Checked) -> None:
    chunk, key = item.chunks[0], pair.key(item.at)
    sampled = pair.sample(item)
    if sampled:
        files.ahead(_small(pair, [(chunk, 0)]))
    due, held = chunk.size, pair.target.size(key) if item.held < 0 else item.held
    one = _One(pair, item, chunk, files, f"object {key}")
    if held != due:
        message = f"holds {held} bytes, the source's chunk {due}"
        one.differs("chunk-length", message, checked, pair.target.read(key))
    elif sampled:
        one.compare(key, 0, checked)


def _small(pair: ArrayPair, chunks: list[tuple[ChunkFile, int]]) -> list[tuple[ChunkFile, int]]:
    """Give the chunks that are read whole: larger ones are compared piece by piece."""
    piece = max(pair.source.piece, pair.target.piece)
    return [(chunk, offset) for chunk, offset in chunks if chunk.size <= piece]


def _compare_shard(pair: ArrayPair, item: Pair, files: BothSides, checked: Checked) -> None:
    index = read_index(pair, item.at, checked)
    if index is None:
        return
    key = pair.key(item.at)
    sample, present = pair.sample(item), index.present
    lengths = index.entries[1::2]
    odd = [c for c in item.chunks if lengths[c.number] != c.size or c.number in sample]
    if odd:
        held = [(c, index.get(c.number)) for c in odd]
        files.ahead(_small(pair, [(c, e[0]) for c, e in held if e and e[1] == c.size]))
        for chunk, entry in held:
            one = _One(pair, item, chunk, files, f"shard {key}")
            if entry is None:
                present += one.differs("chunk-missing", "does not hold it", checked)
                continue
            one = one._replace(place=f"shard {key} at offset {entry[0]}")
            if entry[1] != chunk.size:
                message = f"holds {entry[1]} bytes, the source's chunk {chunk.size}"
                data = pair.target.read_range(key, *entry)
                one.differs("chunk-length", message, checked, data)
            else:
                one.compare(key, entry[0], checked)
    present -= sum(index.get(number) is not None for number in item.lost)
    if present != len(item.chunks):
        message = f"shard {key} holds {index.present} chunks, the source {len(item.chunks)}"
        checked.findings.append(error("chunk-count", pair.path, message))


class _One(NamedTuple):
    """One chunk whose bytes are compared."""

    pair: ArrayPair
    item: Pair
    chunk: ChunkFile
    files: BothSides
    place: str

    def compare(self, key: str, offset: int, checked: Checked) -> None:
        """Compare with as many bytes of an object, and decode them where the level asks."""
        size = self.chunk.size
        checked.compared += 1
        checked.bytes += size
        if not self._equal(key, offset):
            data = self.files.target(offset, size)
            message = _difference(self.files.source(self.chunk), data)
            self.differs("chunk-differs", message, checked, data)
        elif self.pair.level is Level.DECODE:
            from zarrlift.verify import values  # noqa: PLC0415 - NumPy is slow to load

            data = self.files.target(offset, size)
            values.decodes(self.pair, self.pair.chunk(self.item, self.chunk), data, checked)

    def _equal(self, key: str, offset: int) -> bool:
        """Compare piece by piece: two large chunks may be more than memory has room for."""
        chunk, source, target = self.chunk, self.pair.source, self.pair.target
        piece = max(source.piece, target.piece)
        if chunk.size <= piece:
            return self.files.target(offset, chunk.size) == self.files.source(chunk)
        place = f"{chunk.folder}/{chunk.name}"
        ours = source.pieces_at(place, max(0, chunk.offset), chunk.size, piece)
        theirs = target.pieces(key, offset, chunk.size, piece)
        return all(a == b for a, b in zip(ours, theirs, strict=True))

    def differs(self, rule: str, message: str, checked: Checked, data: bytes | None = None) -> bool:
        """Report a difference, unless the source's own chunk is not whole.

        Such a chunk was encoded anew, which is right where both decode to the same, or was left
        out as asked. Gives true where the chunk counts as held.
        """
        original, at = self.files.source(self.chunk), self.pair.chunk(self.item, self.chunk)
        problem = envelope.check_for(self.pair.old)(original)
        if problem is None:
            message = f"{self.place}: {message}"
            checked.findings.append(error(rule, self.pair.path, message, at))
            return False
        from zarrlift.verify import values  # noqa: PLC0415 - NumPy is slow to load

        same = values.mended(self.pair, original, data)
        if same is None:
            message = f"damaged in the source ({problem}), and not taken over"
            checked.findings.append(warning("chunk-damaged", self.pair.path, message, at))
        elif not same:
            message = f"{self.place}: {message}; decoded values differ too"
            checked.findings.append(error(rule, self.pair.path, message, at))
        checked.compared += 1
        return same is not False


def _lost_on_purpose(pair: ArrayPair, item: Pair, checked: Checked) -> bool:
    """Say whether every chunk of an absent object is damaged in the source, and report each."""
    with BothSides(pair, pair.key(item.at)) as files:
        ones = [_One(pair, item, c, files, "the target") for c in item.chunks]
        check = envelope.check_for(pair.old)
        if any(check(files.source(one.chunk)) is None for one in ones):
            return False
        lost = [one.differs("object-missing", "lacks it", checked) for one in ones]
    return all(lost)


def broken_finding(path: str, broken: listing.Broken) -> Finding:
    """Report a shard of the source, or one chunk of it, with which nothing can be compared."""
    if broken.chunk is not None:
        message = f"damaged in the source ({broken.words}), so not compared"
        return warning("chunk-damaged", path, message, broken.chunk)
    message = f"damaged in the source ({broken.words}); elements {broken.place} are not compared"
    return warning("shard-damaged", path, message)


def _difference(original: bytes, data: bytes) -> str:
    for at, (a, b) in enumerate(zip(original, data, strict=False)):
        if a != b:
            return f"byte {at} of the chunk is {b:#04x}, in the source {a:#04x}"
    return f"holds {len(data)} bytes, the source {len(original)}"
