"""Decoding a chunk that may be made to do harm: no more is taken than its layout says is due.

Decoders of numcodecs take what a header claims, or as much as comes out. A chunk of a few kilobytes
may claim, or give, as many gigabytes. Here a claim is read before it is believed, and what states
none is cut off.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from zarrlift import grid
from zarrlift.chunks import codec as codecs
from zarrlift.chunks import envelope
from zarrlift.errors import DamageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarrlift.chunks.codec import Array
    from zarrlift.chunks.envelope import Bytes
    from zarrlift.metadata.codecs import Codec
    from zarrlift.metadata.layout import ArrayLayout

T = TypeVar("T")
_WIDENED = 16
"""Times that filters may make a chunk larger: from one byte to complex128."""
_BESIDE = 2**16
"""Bytes that checksums and headers of filters may add."""
_LOOSELY, _HARMLESS = 4, 2**26
"""How far above what is due a bound may lie that only counts blocks."""
_DICTIONARY = 2**28
"""Bytes that lzma may take for itself."""
_PLAIN = ("bytes", "transpose")
_ITEM = 64
"""Bytes that an element of its own length takes at the least, as an object of Python."""


def stored_most(layout: ArrayLayout, most: int) -> int:
    """Give the most bytes that a chunk may hold encoded; `most` where elements differ in length."""
    raw = layout.chunk_bytes
    if layout.data_type.variable:
        return most
    widened = raw * _WIDENED if _filtered(layout) else raw
    return widened + widened // 64 + _BESIDE


def _filtered(layout: ArrayLayout) -> bool:
    return len([c for c in layout.codecs if c.name not in _PLAIN]) > 1


def decode(data: Bytes, layout: ArrayLayout, most: int) -> Array:
    """Decode one chunk; gives its bytes as they are stored, or its elements where they differ.

    Never takes more than a few times the chunk's own size; `most` bounds what has none. Raises
    `DamageError` where it does not decode, or not to the chunk's size.
    """
    coders = [c for c in reversed(layout.codecs) if c.name not in _PLAIN]
    variable = layout.data_type.variable
    inner = most if variable else layout.chunk_bytes
    outer = most if variable else stored_most(layout, most)
    buffer: object = data
    for number, one in enumerate(coders):
        last = number == len(coders) - 1
        if last and variable:
            _refuse_items(memoryview(buffer), layout, most)  # type: ignore[arg-type]
            return codecs.decode_stored(data, layout)
        buffer = _undone(buffer, one, inner if last else outer)
    raw = _flat(buffer)
    if raw.size != layout.chunk_bytes:
        raise DamageError(f"decodes to {raw.size:,} bytes where {layout.chunk_bytes:,} are due")
    return raw


def values(data: Bytes, layout: ArrayLayout, most: int) -> Array:
    """Decode one chunk to its elements, in native byte order; limits and errors as `decode`."""
    raw = decode(data, layout, most)
    if layout.data_type.variable:
        return raw
    plain = tuple(c for c in layout.codecs if c.name in _PLAIN)
    return codecs.decode(raw.data, replace(layout, codecs=plain))


def odd_bools(raw: Array) -> bool:
    """Say whether decoded bytes of a bool chunk hold others than 0 and 1."""
    return bool((raw.view(np.uint8) > 1).any())


def _flat(buffer: object) -> Array:
    raw = np.asarray(buffer) if isinstance(buffer, np.ndarray) else np.frombuffer(buffer, np.uint8)  # type: ignore[call-overload]
    flat: Array = raw.reshape(-1, order="A").view(np.uint8)
    return flat


def _refuse_items(data: memoryview, layout: ArrayLayout, most: int) -> None:
    """Refuse a chunk that claims other elements than are due, which would be made beforehand."""
    due = grid.count(layout.chunks)
    claimed = int.from_bytes(data[:4], "little")
    if claimed != due:
        raise DamageError(f"holds {claimed:,} elements where {due:,} are due")
    if due * _ITEM > most:
        raise DamageError(f"{due:,} elements take more memory than is allowed")


def _undone(buffer: object, one: Codec, limit: int) -> object:
    """Undo one codec, whose result has `limit` bytes at most."""
    data = memoryview(buffer).cast("B") if isinstance(buffer, bytes) else _flat(buffer).data
    claim = _claim(data, one, limit)
    if claim > limit:
        raise DamageError(f"claims to decode to {claim:,} bytes where {limit:,} are due")
    opened = _STREAMS.get(one.name)
    if opened is not None:
        return _unpacked(data, one, opened, limit)
    return codecs.undone(data if isinstance(buffer, bytes) else buffer, one)


def _claim(data: memoryview, one: Codec, limit: int) -> int:
    """Give the size that a chunk says it decodes to, or may come to where that is far too much."""
    if one.name == "blosc":
        return int.from_bytes(data[4:8], "little")
    if one.name == "lz4":
        return int.from_bytes(data[:4], "little")
    if one.name != "zstd":
        return 0
    stated, unstated = envelope.zstd_most(data)
    return stated + (unstated if unstated > max(_LOOSELY * limit, _HARMLESS) else 0)


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: memoryview, max_length: int, /) -> bytes: ...


def _lzma(one: Codec) -> _Stream:
    settings = one.thawed()
    form = settings.get("format", lzma.FORMAT_XZ)
    if form == lzma.FORMAT_RAW:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=settings.get("filters"))  # type: ignore[arg-type]
    return lzma.LZMADecompressor(int(str(form)), memlimit=_DICTIONARY)


_STREAMS: dict[str, Callable[[Codec], _Stream]] = {
    "gzip": lambda _: zlib.decompressobj(31),
    "zlib": lambda _: zlib.decompressobj(15),
    "bz2": lambda _: bz2.BZ2Decompressor(),
    "lzma": _lzma,
}
_PIECE = 2**10
"""Bytes that a stream is given first."""
_WRONG = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, TypeError, MemoryError)


def _unpacked(
    data: memoryview, one: Codec, opened: Callable[[Codec], _Stream], limit: int
) -> bytes:
    """Undo one stream after another, up to `limit` bytes; zeros may follow the last.

    A stream is fed in growing pieces: each would else be given all that follows it, and thousands
    of empty ones take hours.
    """
    made, left, at = list[bytes](), limit, 0
    end = 0 if _single(one) else len(bytes(data).rstrip(b"\0"))
    while not at or at < end:
        stream, piece = _tried(one, opened, one), _PIECE
        while not stream.eof:
            fed = data[at : at + piece]
            if not fed:
                raise DamageError(f"does not decode as {one}: the stream is cut short")
            made.append(_tried(one, stream.decompress, fed, left + 1))
            left -= len(made[-1])
            if left < 0:
                raise DamageError(f"decodes to more than the {limit:,} bytes that are due")
            at += len(fed) - len(stream.unused_data)
            piece *= 2
    return b"".join(made)


def _single(one: Codec) -> bool:
    """Say whether a chunk is one stream; of bare LZMA2 each zero would be another, empty one."""
    return one.name == "zlib" or (one.name == "lzma" and one.get("format") == lzma.FORMAT_RAW)


def _tried(one: Codec, do: Callable[..., T], *words: object) -> T:
    try:
        return do(*words)
    except _WRONG as error:
        raise DamageError(f"does not decode as {one}: {error}") from error
