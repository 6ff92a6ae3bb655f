"""What the first bytes of an encoded chunk say of how it was encoded, in words.

Sources: Blosc 1 header (README_CHUNK_FORMAT); RFC 1950 (zlib), RFC 1952 (gzip), RFC 8878 (zstd).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zarrlift.metadata.layout import ArrayLayout

    Header = Mapping[str, int | str | bool]

_BLOSC = struct.Struct("<BBBBIII")
_COMPRESSORS = ("blosclz", "lz4", "snappy", "zlib", "zstd")
_GZIP_SMALLEST, _ZSTD_SMALLEST = 18, 9
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SIZE_BYTES = (0, 2, 4, 8)
_ZSTD_DICTIONARY_BYTES = (0, 1, 2, 4)


def header_of(data: bytes, layout: ArrayLayout) -> Header:
    """Read the header of a chunk's outermost codec; empty where it has none, or it is not one."""
    read = _READERS.get(layout.codecs[-1].name) if layout.codecs else None
    return read(data) if read is not None else {}


def _blosc(data: bytes) -> Header:
    if len(data) < _BLOSC.size:
        return {}
    version, inner, flags, typesize, decoded, block, stored = _BLOSC.unpack_from(data)
    number = flags >> 5
    return {
        "format": version,
        "compressor": _COMPRESSORS[number] if number < len(_COMPRESSORS) else f"number {number}",
        "compressor_format": inner,
        "shuffle": "bitshuffle" if flags & 4 else "shuffle" if flags & 1 else "noshuffle",
        "copied": bool(flags & 2),
        "typesize": typesize,
        "blocksize": block,
        "decoded_bytes": decoded,
        "stored_bytes": stored,
    }


def _gzip(data: bytes) -> Header:
    if len(data) < _GZIP_SMALLEST or data[:3] != b"\x1f\x8b\x08":
        return {}
    crc, decoded = struct.unpack_from("<II", data, len(data) - 8)
    return {"seconds": int.from_bytes(data[4:8], "little"), "crc32": crc, "decoded_bytes": decoded}


def _zlib(data: bytes) -> Header:
    sound = len(data) > 1 and data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0  # noqa: PLR2004 - RFC 1950, 2.2
    return {"window": 1 << (8 + (data[0] >> 4))} if sound else {}


def _zstd(data: bytes) -> Header:
    if len(data) < _ZSTD_SMALLEST or data[:4] != _ZSTD_MAGIC:
        return {}
    flags = data[4]
    single = bool(flags & 0x20)
    at = 5 + (0 if single else 1) + _ZSTD_DICTIONARY_BYTES[flags & 3]
    width = _ZSTD_SIZE_BYTES[flags >> 6] or (1 if single else 0)
    found: dict[str, int | str | bool] = {"checksum": bool(flags & 4)}
    if width:
        size = int.from_bytes(data[at : at + width], "little")
        found["decoded_bytes"] = size + (256 if width == 2 else 0)  # noqa: PLR2004 - RFC 8878, 3.1.1.1.4
    if not single:
        exponent, mantissa = data[5] >> 3, data[5] & 7
        found["window"] = (1 << (10 + exponent)) * (8 + mantissa) // 8
    return found


def _lz4(data: bytes) -> Header:
    """Read the size that numcodecs puts before a block of lz4."""
    return {"decoded_bytes": int.from_bytes(data[:4], "little")} if len(data) >= 4 else {}  # noqa: PLR2004


_READERS: dict[str, Callable[[bytes], Header]] = {
    "blosc": _blosc,
    "gzip": _gzip,
    "zlib": _zlib,
    "zstd": _zstd,
    "lz4": _lz4,
}
