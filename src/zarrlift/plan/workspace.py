"""Memory that decoding and encoding one chunk take, as bounds measured once.

Each figure lies above what numcodecs 0.16 was seen to hold, for noise and for data that
compresses well, in chunks of 512 KiB to 256 MiB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zarrlift.metadata.codecs import Codec
    from zarrlift.metadata.layout import ArrayLayout

_MIB = 2**20
_ZSTD = ((4, 2), (7, 6), (9, 11), (11, 21), (18, 65), (19, 82), (20, 162), (21, 322), (22, 650))
"""Up to a level of zstd, MiB of its tables at the most; small chunks take less."""
_ZSTD_TIMES = 18
"""Of a chunk (up to the next power of two) are those tables at the most."""
_PIECES = ((5, 2**18), (8, 2**19), (9, 2**20))
"""Up to a level of blosc, the bytes of its blocks where they are left to it."""
_HELD_WHOLE = frozenset({"gzip", "zlib", "bz2", "lzma"})
"""Their decoders gather pieces, which they join at the end."""
_LZMA_MOST = 64 * _MIB
_SMALL = 2 * _MIB
_PLAIN = frozenset({"bytes", "transpose", "vlen-utf8", "vlen-bytes"})
_OWN = frozenset({"blosc", "zstd", "gzip", "zlib", "lz4", "bz2", "lzma"})


def chunk_bound(layout: ArrayLayout, variable: int) -> int:
    """Give the most bytes an encoded chunk takes; codecs add little to what does not compress.

    `variable` is taken for the raw size where elements differ in length.
    """
    raw = layout.chunk_bytes or variable
    return raw + raw // 128 + 1024


def decoding(layout: ArrayLayout) -> int:
    """Give the bytes that decoding one chunk takes beside the encoded chunk, result included."""
    raw = layout.chunk_bytes
    coders = [c for c in layout.codecs if c.name not in _PLAIN]
    results = 1 + (len(coders) > 1) + (layout.data_type.name == "bool")
    filters = any(c.name not in _OWN for c in coders)
    return (results + 3 * filters) * raw + max((_decoder(c, raw) for c in coders), default=0)


def encoding(layout: ArrayLayout, bound: int) -> int:
    """Give the bytes that encoding one chunk takes beside the chunk, result included.

    The chunk lies in the byte order and axis order that it is stored in.
    """
    raw = layout.chunk_bytes
    return bound + max((_encoder(c, raw, bound) for c in layout.codecs), default=0)


def _decoder(codec: Codec, raw: int) -> int:
    if codec.name == "blosc":
        return _SMALL + 3 * _piece(codec, raw)
    if codec.name in _HELD_WHOLE:
        window = min(_LZMA_MOST, _up(raw)) if codec.name == "lzma" else 0
        return _SMALL + 2 * raw + 3 * _SMALL * (codec.name == "bz2") + window
    return _SMALL


def _encoder(codec: Codec, raw: int, bound: int) -> int:
    level = _number(codec, "clevel" if codec.name == "blosc" else "level")
    if codec.name == "blosc":
        piece = _piece(codec, raw)
        tables = 0
        if codec.get("cname") == "zstd":
            tables = _zstd({9: 22, 8: 20}.get(level, 2 * level - 1), piece)
        return _SMALL + 3 * piece + tables
    if codec.name == "zstd":
        return _SMALL + _zstd(level, raw)
    return _SMALL + bound if codec.name == "gzip" else 0


def _piece(codec: Codec, raw: int) -> int:
    level, stated = _number(codec, "clevel"), _number(codec, "blocksize")
    return min(raw, stated or next(size for most, size in _PIECES if min(level, 9) <= most))


def _zstd(level: int, raw: int) -> int:
    most = next((mib for upto, mib in _ZSTD if level <= upto), _ZSTD[-1][1])
    return min(most * _MIB, _ZSTD_TIMES * _up(raw) + _MIB)


def _up(size: int) -> int:
    return 1 << max(0, size - 1).bit_length()


def _number(codec: Codec, name: str) -> int:
    value = codec.get(name)
    return value if isinstance(value, int) else 0
