"""Decoding and encoding one chunk. numcodecs does the work; results are deterministic.

Chunks are NumPy arrays in native byte order with the chunk's full shape, also at the edges.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol

import numcodecs
import numcodecs.blosc
import numpy as np

from zarrlift.errors import DamageError

if TYPE_CHECKING:
    from mmap import mmap

    from zarrlift.chunks.envelope import Bytes
    from zarrlift.metadata.codecs import Codec
    from zarrlift.metadata.layout import ArrayLayout

numcodecs.blosc.use_threads = False

Array = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

_BLOSC_HEADER = 16
_Endian = Literal["<", ">"]
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_PIECE = 2**18
"""Bytes that are compared at a time."""
_SIZE_AT = {"blosc": 4, "lz4": 0}
"""Where a header states the decoded size; other codecs do not say it, or gain nothing."""
_SHUFFLES = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}


class _Coder(Protocol):
    def encode(self, buf: object) -> object: ...
    def decode(self, buf: object, out: object = None) -> object: ...


def versions() -> dict[str, str]:
    """Give the versions of the libraries that decide what encoded bytes look like."""
    blosc = ".".join(str(v) for v in [numcodecs.blosc.VERSION_STRING])
    return {"numcodecs": str(numcodecs.__version__), "blosc": blosc, "zlib": zlib.ZLIB_VERSION}


@lru_cache(maxsize=64)
def _coder(codec: Codec) -> _Coder:
    settings: dict[str, object] = codec.thawed()
    if codec.name == "blosc":
        settings.pop("typesize", None)
        settings["shuffle"] = _SHUFFLES[str(settings["shuffle"])]
    if codec.name == "crc32c" and not codec.v2_only:
        settings = {"location": "end"}
    made: _Coder = numcodecs.get_codec({"id": codec.name, **settings})
    return made


def decode(data: Bytes, layout: ArrayLayout) -> Array:
    """Decode one chunk; raise `DamageError` where it does not give the chunk's size."""
    stored = decode_stored(data, layout)
    native: Array = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    return native


def decode_stored(data: Bytes, layout: ArrayLayout, into: Array | None = None) -> Array:
    """Decode one chunk, leaving its elements in the byte order in which they are stored.

    The result lies in `into`, bytes of the chunk's size, where the codec can put it there.
    Raises `DamageError` where the data does not give the chunk's size.
    """
    buffer: object = data
    order: tuple[int, ...] | None = None
    endian: _Endian = "<"
    coders = []
    for codec in reversed(layout.codecs):
        if codec.name == "transpose":
            order = codec.get("order")  # type: ignore[assignment]
        elif codec.name == "bytes":
            endian = ">" if codec.get("endian") == "big" else "<"
        else:
            coders.append(codec)
    for codec in coders:
        buffer = undone(buffer, codec, into if len(coders) == 1 else None)
    if layout.data_type.variable:
        return _variable(buffer, layout, order)
    return _shaped(buffer, layout, endian, order)


def undone(buffer: object, codec: Codec, into: Array | None = None) -> object:
    """Undo one codec that works on bytes; raise `DamageError` where that fails."""
    if codec.name == "blosc":
        buffer = _blosc_frame(memoryview(buffer))  # type: ignore[arg-type]
    try:
        if into is not None and _stated_size(buffer, codec) == into.nbytes:
            return _coder(codec).decode(buffer, into)
        return _coder(codec).decode(buffer)
    except Exception as error:
        raise DamageError(
            f"does not decode as {codec}: {str(error) or type(error).__name__}"
        ) from error


def _stated_size(buffer: object, codec: Codec) -> int:
    """Give the decoded size that a header states, where the codec can decode into place."""
    if codec.name not in _SIZE_AT:
        return -1
    at = _SIZE_AT[codec.name]
    return int.from_bytes(memoryview(buffer)[at : at + 4], "little")  # type: ignore[arg-type]


def _blosc_frame(data: memoryview) -> memoryview:
    """Cut a buffer to the length its blosc header states: the library itself would read on."""
    stated = int.from_bytes(data[12:16], "little")
    if len(data) < max(stated, _BLOSC_HEADER):
        raise DamageError(f"holds {len(data)} bytes of a blosc frame of {stated}")
    return data[:stated]


def _variable(buffer: object, layout: ArrayLayout, order: tuple[int, ...] | None) -> Array:
    flat = np.asarray(buffer, dtype=object)
    if flat.size != int(np.prod(layout.chunks)):
        raise DamageError(f"holds {flat.size} elements where {np.prod(layout.chunks)} are due")
    return _ordered(flat, layout, order)


def _ordered(flat: Array, layout: ArrayLayout, order: tuple[int, ...] | None) -> Array:
    if not order:
        return flat.reshape(layout.chunks)
    stored = tuple(layout.chunks[axis] for axis in order)
    return flat.reshape(stored).transpose(np.argsort(order))


def _shaped(
    buffer: object, layout: ArrayLayout, endian: _Endian, order: tuple[int, ...] | None
) -> Array:
    raw = np.asarray(buffer) if isinstance(buffer, np.ndarray) else np.frombuffer(buffer, np.uint8)  # type: ignore[call-overload]
    raw = raw.reshape(-1, order="A").view(np.uint8)
    if raw.size != layout.chunk_bytes:
        raise DamageError(f"decodes to {raw.size} bytes where {layout.chunk_bytes} are due")
    if layout.data_type.name == "bool":
        raw = raw != 0
    typed = raw.view(np.dtype(layout.data_type.numpy).newbyteorder(endian))
    return _ordered(typed, layout, order)


def encode(chunk: Array, layout: ArrayLayout) -> bytes:
    """Encode one chunk of the full chunk shape; the same values give the same bytes."""
    buffer: object = chunk
    for codec in layout.codecs:
        if codec.name == "transpose":
            buffer = np.transpose(np.asarray(buffer), codec.get("order") or None)  # type: ignore[arg-type]
        elif codec.name == "bytes":
            endian: _Endian = ">" if codec.get("endian") == "big" else "<"
            typed = np.asarray(buffer)
            buffer = np.ascontiguousarray(typed, dtype=typed.dtype.newbyteorder(endian))
        elif codec.name in ("vlen-utf8", "vlen-bytes"):
            buffer = _coder(codec).encode(np.asarray(buffer).reshape(-1))
        else:
            buffer = _compressed(buffer, codec)
    return buffer if isinstance(buffer, bytes) else _bytes_of(buffer)


def _compressed(buffer: object, codec: Codec) -> object:
    if codec.name == "gzip":
        return _gzip(_raw(buffer), codec)
    if codec.name == "blosc" and isinstance(buffer, np.ndarray) and buffer.dtype.kind in "mMSU":
        buffer = (
            buffer.view(np.uint8)
            if codec.get("typesize") == 1
            else buffer.view(f"V{buffer.itemsize}")
        )
    return _coder(codec).encode(buffer)


def _bytes_of(buffer: object) -> bytes:
    return np.ascontiguousarray(buffer).tobytes()


def _raw(buffer: object) -> memoryview:
    """Give the bytes of a buffer, uncopied where they lie together."""
    return np.ascontiguousarray(buffer).reshape(-1).view(np.uint8).data


def _gzip(raw: memoryview, codec: Codec) -> bytes:
    level = codec.get("level")
    packer = zlib.compressobj(level if isinstance(level, int) else 6, zlib.DEFLATED, -15)
    return b"".join((_GZIP_HEADER, packer.compress(raw), packer.flush(), _gzip_tail(raw)))


def _gzip_tail(raw: Bytes) -> bytes:
    return struct.pack("<II", zlib.crc32(raw), len(raw) & 0xFFFFFFFF)


def rewrap_zlib(data: Bytes, size: int | None) -> bytes:
    """Put the deflate stream of a zlib object into gzip's envelope, without deflating again.

    The stream is inflated once, for the CRC32 that gzip wants. Raises `DamageError` where it
    does not inflate to `size` bytes (any number where None), or where more follows.
    Sources: RFC 1950, RFC 1952.
    """
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(data, 0 if size is None else size + 1)
    except zlib.error as error:
        raise DamageError(f"does not decode as zlib: {error}") from error
    whole = unpacker.eof and not unpacker.unused_data and not data[1] & 0x20
    if not whole or size not in (None, len(raw)):
        raise DamageError(f"does not decode as one zlib stream of {size or 'any number of'} bytes")
    return b"".join((_GZIP_HEADER, memoryview(data)[2:-4], _gzip_tail(raw)))


def bytes_in(room: Bytes | mmap, size: int) -> Array:
    """Give the first bytes of some memory as an array."""
    made: Array = np.frombuffer(room, np.uint8, size)
    return made


def part_of(chunk: Array, part: tuple[slice | int, ...]) -> Array:
    """Give part of a chunk as an array, also where it has no axes."""
    made: Array = chunk[(*part, ...)]  # type: ignore[index, arg-type, unused-ignore]
    return made


def native_type(layout: ArrayLayout) -> np.dtype[np.generic]:
    """Give the NumPy type of a layout's elements in native byte order."""
    return np.dtype(layout.data_type.numpy)


def stored_type(layout: ArrayLayout) -> np.dtype[np.generic]:
    """Give the NumPy type of a layout's elements in the byte order in which they are stored."""
    big = any(c.name == "bytes" and c.get("endian") == "big" for c in layout.codecs)
    return native_type(layout).newbyteorder(">" if big else "<")


def stored_order(layout: ArrayLayout) -> tuple[int, ...]:
    """Give the axes of a layout in the order in which a chunk's elements are stored."""
    for codec in layout.codecs:
        if codec.name == "transpose":
            return codec.get("order")  # type: ignore[return-value]
    return tuple(range(layout.ndim))


def same_bits(one: Array, other: Array) -> bool:
    """Say whether two arrays hold the same bits (NaN equals NaN, -0.0 differs from 0.0)."""
    if one.dtype.hasobject:
        return one.shape == other.shape and bool((one == other).all())
    if one.shape != other.shape:
        return False
    a = np.ascontiguousarray(one).reshape(-1).view(np.uint8)
    b = np.ascontiguousarray(other).reshape(-1).view(np.uint8)
    pieces = (slice(at, at + _PIECE) for at in range(0, len(a), _PIECE))
    return len(a) == len(b) and all(bool((a[p] == b[p]).all()) for p in pieces)
