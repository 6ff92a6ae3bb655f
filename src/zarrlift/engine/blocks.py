"""Decoded chunks of a target, assembled from the source chunks that cover them.

They lie in memory one after another, each in the byte order and axis order in which it will be
stored, so that none is copied again to be encoded.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from zarrlift import grid
from zarrlift.chunks import codec, fills
from zarrlift.chunks.source import source_for
from zarrlift.errors import DamageError
from zarrlift.findings import Finding, error
from zarrlift.plan.settings import Damaged
from zarrlift.pool import StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zarrlift.chunks.codec import Array
    from zarrlift.engine.objects import ArrayWork
    from zarrlift.grid import Index
    from zarrlift.plan.plan import ArrayPlan

    Part = tuple[slice, ...]


class Decoder:
    """Decodes source chunks in one thread; keeps the last one, which several blocks may share."""

    def __init__(self, work: ArrayWork, room: Array) -> None:
        self._work, self._room = work, room
        self._reader = source_for(work.source, work.plan.path, work.plan.source)
        self._kept: tuple[Index, Array | None] | None = None
        self.found: list[Finding] = []

    def ahead(self, indices: Iterable[Index]) -> None:
        """Announce the chunks that will be asked for, in this order."""
        kept = None if self._kept is None else self._kept[0]
        self._reader.ahead(index for index in indices if index != kept)

    def chunk(self, index: Index, into: Array | None = None) -> Array | None:
        """Give a chunk, or None where it is absent or left out as damaged.

        It is decoded into `into`, if that is given and the codec can do so, else into this
        decoder's own memory or a new array.
        """
        if self._work.pool.stopping.is_set():
            raise StoppedError
        if self._kept is not None and self._kept[0] == index:
            return self._kept[1]
        self._kept = None
        made = self._read(index, self._room if into is None else into)
        if into is None:
            self._kept = (index, made)
        return made

    def _read(self, index: Index, room: Array) -> Array | None:
        try:
            data = self._reader.read(index)
        except DamageError:
            if self._work.damaged is Damaged.MISSING:
                return None  # the listing has told of its shard
            raise
        if data is None:
            return None
        try:
            return codec.decode_stored(data, self._work.plan.source, room)
        except DamageError as damage:
            if self._work.damaged is Damaged.STOP:
                damage.message = f"chunk {','.join(map(str, index))}: {damage.message}"
                damage.place = self._work.source.path(self._work.plan.path)
                damage.hint = "mend the source, or choose --damaged missing"
                raise
            message = f"{damage.message}; left out, so it reads as the fill value"
            self.found.append(error("chunk-damaged", self._work.plan.path, message, index))
            return None


class Block:
    """Chunks of a target that are next to each other, in memory that is used again and again."""

    def __init__(self, plan: ArrayPlan, room: Array) -> None:
        self._source, self._target, self._room = plan.source, plan.target, room
        self._type = codec.stored_type(plan.target)
        self._order = codec.stored_order(plan.target)
        self._fill = fills.one_filled(plan.target.fill, plan.target)
        self._in_place = codec.stored_type(plan.source) == self._type and self._type.kind != "b"
        self._views: dict[Index, tuple[Array, Array | None]] = {}
        self._first = self._count = (0,) * plan.target.ndim
        self._touched = np.zeros(self._count, bool)
        self._chunks = np.empty((0, *plan.target.chunks), self._type)

    def load(self, decoder: Decoder, first: Index, stop: Index) -> None:
        """Assemble the chunks from index `first` to before `stop`; those loaded before are lost."""
        self._first = first
        self._count = tuple(s - f for f, s in zip(first, stop, strict=True))
        self._touched = np.zeros(self._count, bool)
        if self._count not in self._views:
            self._views[self._count] = self._viewed(self._count)
        self._chunks, plain = self._views[self._count]
        sizes = zip(first, stop, self._target.chunks, self._target.shape, strict=True)
        part = tuple(slice(f * c, min(s * c, n)) for f, s, c, n in sizes)
        absent = list["Part"]()
        decoder.ahead(grid.covering(part, self._source.chunks))
        for index in grid.covering(part, self._source.chunks):
            to, of = grid.overlap(part, index, self._source.chunks)
            into = self._into(plain, to)
            chunk = decoder.chunk(index, into)
            if chunk is None:
                absent.append(to)
                continue
            self._touched[self._cells(to)] = True
            if into is None or not np.may_share_memory(chunk, into):
                self._put(chunk[of], to, plain)
        if self._touched.any():
            self._fill_rest(absent, tuple(s.stop - s.start for s in part))

    def chunk(self, index: Index) -> Array | None:
        """Give one of the chunks, or None where no source chunk has data for it."""
        local = tuple(i - f for i, f in zip(index, self._first, strict=True))
        if not self._touched[local]:
            return None
        made: Array = self._chunks[grid.ravel(local, self._count)]
        return made

    def _viewed(self, count: Index) -> tuple[Array, Array | None]:
        """View memory as so many chunks, and as one array where their elements lie so."""
        number, chunks = grid.count(count), self._target.chunks
        flat = self._room[: number * self._target.chunk_bytes].view(self._type)
        stored = flat.reshape(number, *(chunks[axis] for axis in self._order))
        made = stored.transpose(0, *(1 + np.argsort(self._order)))
        strides = made.reshape(*count, *chunks).strides
        along = []
        for n, size, far, near in zip(
            count, chunks, strides[: len(count)], strides[len(count) :], strict=True
        ):
            if n > 1 and size > 1 and far != size * near:
                return made, None
            along.append(far if size == 1 and n > 1 else near)
        shape = [n * size for n, size in zip(count, chunks, strict=True)]
        return made, np.lib.stride_tricks.as_strided(made, shape, along)

    def _into(self, plain: Array | None, to: Part) -> Array | None:
        """Give the bytes where a source chunk may be decoded in place, if they lie together."""
        if plain is None or not self._in_place:
            return None
        there = plain[to]
        stored = there.transpose(codec.stored_order(self._source))
        if there.shape != self._source.chunks or not stored.flags.c_contiguous:
            return None
        made: Array = stored.reshape(-1).view(np.uint8)
        return made

    def _put(self, piece: Array, to: Part, plain: Array | None) -> None:
        """Copy values into a part of the block; at once where it cuts no chunk in several."""
        if plain is not None:
            plain[to] = piece
            return
        cells, sizes = self._cells(to), self._target.chunks
        several = [c.stop - c.start > 1 for c in cells]
        if any(
            m and (p.start % n or p.stop % n) for m, p, n in zip(several, to, sizes, strict=True)
        ):
            for number, (here, there) in self._pieces(to):
                self._chunks[number][here] = piece[there]
            return
        inner, shape = [], []
        for many, part, cell, size in zip(several, to, cells, sizes, strict=True):
            low = 0 if many else part.start - cell.start * size
            length = size if many else part.stop - part.start
            inner.append(slice(low, low + length))
            shape += [cell.stop - cell.start, length]
        each = self._chunks.reshape(*self._count, *sizes)
        axes = range(len(shape))
        each[(*cells, *inner)] = piece.reshape(shape).transpose(*axes[::2], *axes[1::2])

    def _pieces(self, to: Part) -> Iterator[tuple[int, tuple[Part, Part]]]:
        """Cut a part of the block at chunks: a chunk's number, places in it and in the part."""
        along = []
        for part, size in zip(to, self._target.chunks, strict=True):
            cut = []
            for i in range(part.start // size, grid.ceil_div(part.stop, size)):
                low, high = max(part.start, i * size), min(part.stop, (i + 1) * size)
                here = slice(low - i * size, high - i * size)
                cut.append((i, here, slice(low - part.start, high - part.start)))
            along.append(cut)
        for cell in product(*along):
            number = grid.ravel(tuple(i for i, _, _ in cell), self._count)
            yield number, (tuple(h for _, h, _ in cell), tuple(t for _, _, t in cell))

    def _cells(self, to: Part) -> Part:
        return tuple(
            slice(p.start // c, grid.ceil_div(p.stop, c))
            for p, c in zip(to, self._target.chunks, strict=True)
        )

    def _fill_rest(self, absent: list[Part], held: Index) -> None:
        """Put the fill value where no source chunk has data, in chunks that have some.

        `held` is the size of the part within the array; what lies beyond is filled too.
        """
        for part in absent:
            if self._touched[self._cells(part)].any():
                for number, (here, _) in self._pieces(part):
                    self._chunks[number][here] = self._fill
        chunks = self._target.chunks
        for axis, (n, size, end) in enumerate(zip(self._count, chunks, held, strict=True)):
            if n * size > end:
                self._fill_beyond(axis, n - 1, end - (n - 1) * size)

    def _fill_beyond(self, axis: int, last: int, inside: int) -> None:
        """Fill the last chunks along an axis from an element on."""
        along = self._chunks.reshape(*self._count, *self._target.chunks)
        places: list[slice | int] = [slice(None)] * along.ndim
        places[axis] = last
        places[len(self._count) + axis] = slice(inside, None)
        along[tuple(places)] = self._fill
