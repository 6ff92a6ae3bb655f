"""Making one object of the target from the source's chunks, whatever the method.

An object is a sequence of encoded inner chunks, each taken over as it is, encoded anew, or
absent; a shard's index follows. Nothing is read back, nothing is written twice.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.chunks import envelope, shard
from zarrlift.chunks.files import COPIED
from zarrlift.chunks.units import files_for
from zarrlift.errors import DamageError
from zarrlift.findings import Finding, error, note, warning
from zarrlift.plan.memory import WRITE_BUFFER, chunk_bound
from zarrlift.plan.methods import Method, is_rewrap
from zarrlift.plan.settings import Damaged
from zarrlift.pool import StoppedError

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable

    from zarrlift.chunks.envelope import Bytes, Check, Glimpse, HeadCheck
    from zarrlift.chunks.listing import Broken, ChunkFile, Unit
    from zarrlift.chunks.units import Files
    from zarrlift.plan.plan import ArrayPlan
    from zarrlift.pool import Pool, Turn
    from zarrlift.store.copies import Copies
    from zarrlift.store.folder import Folder
    from zarrlift.store.target import PendingObject, Target

_AT_ONCE = 128


class UnitDone(NamedTuple):
    """What came of one object."""

    chunks: int
    bytes_in: int
    passed: int
    """Bytes of chunks that were taken over as they are."""
    bytes_out: int
    """0 where nothing was written, since no chunk was left to hold."""
    findings: tuple[Finding, ...] = ()
    already: int = 0
    """Objects that were there, whole, from an earlier run."""
    objects: int | None = None
    """Where several were made together, how many were written or found."""


@dataclass(slots=True, kw_only=True)
class ArrayWork:
    """All that the units of one array share."""

    plan: ArrayPlan
    source: Folder
    target: Target
    pool: Pool
    damaged: Damaged
    check: Check = field(init=False)
    head_check: HeadCheck | None = field(init=False, default=None)
    glimpse: Glimpse | None = field(init=False, default=None)
    """What is looked at of a chunk whose bytes stay in a store."""
    bound: int = field(init=False)
    slots: int = field(init=False)
    transform: Callable[[Bytes], bytes | None] | None = field(init=False)
    copies: Copies | None = field(init=False, default=None)
    """Has the store copy objects that pass as they are."""

    def __post_init__(self) -> None:
        """Choose the check and, where bytes cannot pass, what turns a chunk into its new form."""
        self.check = envelope.check_for(self.plan.source)
        if self.plan.method.undecoded:
            self.head_check = envelope.head_check_for(self.plan.source)
            self.glimpse = envelope.glimpse_for(self.plan.source)
        self.bound = chunk_bound(self.plan.source)
        self.slots = grid.count(self.plan.target.per_object)
        self.transform = _transform(self) if self.plan.method is Method.RECODE else None
        if self.plan.method is Method.COPY and self.glimpse is not None:
            self.copies = self.target.copies_from(self.source)

    def key(self, unit: grid.Index) -> str:
        """Give the key of a target object."""
        return f"{self.plan.path}/{self.plan.target.keys.of(unit)}".lstrip("/")

    def begin(self, at: grid.Index, turn: Turn | None = None) -> PendingObject:
        """Start an object in the calling thread's buffer; `turn` is one that the thread holds."""
        least = 0 if self.plan.method is Method.RECHUNK else self.bound
        buffer = self.pool.buffer(max(WRITE_BUFFER, least))
        return self.target.begin(buffer, turn, self.key(at))

    @property
    def turn(self) -> Turn | None:
        """Return the pool's turn where making an object is mostly system calls."""
        turn = self.pool.turn
        return turn if turn.worth and self.transform is None else None


def _transform(work: ArrayWork) -> Callable[[Bytes], bytes | None]:
    """Give the function that turns one encoded chunk into its new form, None where all fill."""
    from zarrlift.chunks import codec, fills  # noqa: PLC0415 - numcodecs is slow to load

    source, target, pool = work.plan.source, work.plan.target, work.pool
    if is_rewrap(source, target):
        return lambda data: codec.rewrap_zlib(data, source.chunk_bytes or None)

    blank = fills.Blank(target)

    def recode(data: Bytes) -> bytes | None:
        room = codec.bytes_in(pool.scratch(source.chunk_bytes), source.chunk_bytes)
        chunk = codec.decode_stored(data, source, room)
        return None if blank.holds(chunk) else codec.encode(chunk, target)

    return recode


def write_unit(work: ArrayWork, unit: Unit) -> UnitDone:
    """Make one object from whole source chunks: copied, packed or recoded one by one."""
    if work.copies is not None and (done := copied(work, work.copies, unit)) is not None:
        return done
    turn = work.turn
    with turn or nullcontext():
        out = work.begin(unit.at, turn)
        try:
            with files_for(work.source, work.plan.source) as files:
                writer = _UnitWriter(work, unit.at, files, out)
                writer.add_all(unit.chunks)
            return finish(work, unit.at, out, writer.entries, writer.done(len(unit.chunks)))
        except BaseException:
            out.abort()
            raise


def copied(work: ArrayWork, copies: Copies, unit: Unit) -> UnitDone | None:
    """Have the store copy an object, once a glimpse of it has passed the check.

    Gives None where they do not pass, or where the store does not copy: the chunk must be read.
    """
    chunk = unit.chunks[0]
    if not copies.able or work.glimpse is None:
        return None
    if work.pool.stopping.is_set():
        raise StoppedError
    path = f"{chunk.folder}/{chunk.name}"
    seen = work.source.read_at(path, *work.glimpse.span(chunk.size))
    if work.glimpse.check(seen, chunk.size) is not None:
        return None
    if not copies.copy(path, work.key(unit.at), chunk.size):
        return None
    return UnitDone(1, chunk.size, chunk.size, chunk.size)


def finish(
    work: ArrayWork, index: grid.Index, out: PendingObject, entries: array[int], done: UnitDone
) -> UnitDone:
    """Add the index where the object is a shard, and put the object in its place."""
    if out.position == 0 and all(e == shard.ABSENT for e in entries):
        out.abort()
        return done
    if work.plan.target.shards is not None:
        footer = shard.ShardIndex(entries=entries)
        out.write(footer.encode())
    out.commit(work.key(index))
    return done._replace(bytes_out=out.position)


class _UnitWriter:
    def __init__(self, work: ArrayWork, unit: grid.Index, files: Files, out: PendingObject) -> None:
        self._work, self._files, self._out = work, files, out
        self._unit_at = unit
        self.entries = shard.empty(work.slots)
        self._bytes_in = self._passed = 0
        self._found: list[Finding] = []

    def done(self, chunks: int) -> UnitDone:
        return UnitDone(chunks, self._bytes_in, self._passed, 0, tuple(self._found))

    def add_all(self, chunks: list[ChunkFile]) -> None:
        """Take over chunks, or their new forms, into the object."""
        work, at = self._work, 0
        small = work.transform is None and work.bound < COPIED
        self._files.ahead(chunks)
        while at < len(chunks):
            if work.pool.stopping.is_set():
                raise StoppedError
            kept = self._gathered(chunks[at : at + _AT_ONCE]) if small else 0
            if not kept:
                self._add(chunks[at])
            at += kept or 1

    def _gathered(self, chunks: list[ChunkFile]) -> int:
        """Take over small chunks as they are, up to one that cannot be; gives how many."""
        offset = self._out.position
        lengths = self._files.gather(self._out, chunks, self._work.bound, self._work.check)
        for chunk, length in zip(chunks, lengths, strict=False):
            self._enter(chunk.number, offset, length)
            offset += length
        self._bytes_in += sum(lengths)
        self._passed += sum(lengths)
        return len(lengths)

    def _add(self, chunk: ChunkFile) -> None:
        """Take over one chunk, or its new form, into the object."""
        work, out = self._work, self._out
        at = out.position
        data = self._files.read_into(out, chunk, work.bound, work.head_check)
        if isinstance(data, int):
            self._enter(chunk.number, at, data)
            self._bytes_in += data
            self._passed += data
            return
        self._bytes_in += len(data)
        if work.transform is None:
            problem = work.check(data)
            if problem is None:
                self._enter(chunk.number, at, len(data))
                out.advance(len(data))
                self._passed += len(data)
                return
            self._mend(chunk, bytes(data), problem)
            return
        try:
            made = work.transform(data)
        except DamageError as damage:
            self._damaged(chunk, bytes(data), damage.message)
            return
        if made is not None:
            self._put(chunk.number, made)

    def _at(self, chunk: ChunkFile) -> grid.Index:
        return grid.cell(self._unit_at, chunk.number, self._work.plan.target.per_object)

    def _enter(self, number: int, offset: int, length: int) -> None:
        self.entries[2 * number] = offset
        self.entries[2 * number + 1] = length

    def _put(self, number: int, data: bytes) -> None:
        self._enter(number, self._out.position, len(data))
        self._out.write(data)

    def _mend(self, chunk: ChunkFile, data: bytes, problem: str) -> None:
        """Decode a chunk that failed its check, and encode it anew where it is whole inside."""
        from zarrlift.chunks import codec  # noqa: PLC0415 - numcodecs is slow to load

        plan = self._work.plan
        try:
            made = codec.encode(codec.decode(data, plan.source), plan.target)
        except DamageError as damage:
            self._damaged(chunk, data, f"{problem}; {damage.message}")
            return
        self._put(chunk.number, made)
        message = f"{problem}; it decodes, and was encoded anew"
        self._found.append(note("chunk-reencoded", plan.path, message, self._at(chunk)))

    def _damaged(self, chunk: ChunkFile, data: bytes, problem: str) -> None:
        damaged, path = self._work.damaged, self._work.plan.path
        if damaged is Damaged.STOP:
            raise DamageError(
                f"chunk {','.join(map(str, self._at(chunk)))}: {problem}",
                place=f"{chunk.folder}/{chunk.name}",
                hint="mend the source, or choose --damaged copy or --damaged missing",
            )
        if damaged is Damaged.COPY and self._work.plan.method.undecoded:
            self._put(chunk.number, data)
            message = f"{problem}; copied as it is"
        else:
            message = f"{problem}; left out, so it reads as the fill value"
        self._found.append(error("chunk-damaged", path, message, self._at(chunk)))


def broken_finding(path: str, broken: Broken) -> Finding:
    """Report a shard, or one chunk of it, that was left out since it cannot be located."""
    words = f"{broken.words}; left out, so it reads as the fill value"
    if broken.chunk is not None:
        return error("chunk-damaged", path, words, broken.chunk)
    words = f"{broken.words}; elements {broken.place} are left out and read as the fill value"
    return error("shard-damaged", path, words)


def stale_finding(path: str, stale: list[str]) -> Finding:
    """Report chunk objects outside an array's shape, which no reader sees."""
    message = f"{len(stale)} chunk objects outside the shape were left out, first {stale[0]}"
    return warning("stale-chunks", path, message)
