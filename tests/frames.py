"""Chunk frames that numcodecs has no encoder for, made by hand."""

from __future__ import annotations

import gzip
import io
import struct

import numcodecs.blosc

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
SNAPPY = 2
"""Snappy's number in the top three bits of a blosc frame's flags."""
STORED = 0b10
"""The flag of a blosc frame whose data is not compressed."""


def zstd_without_size(raw: bytes) -> bytes:
    """Give a zstd frame that does not state its content size, as streaming encoders write it."""
    window_of_1_mib = 0x50
    frame = ZSTD_MAGIC + bytes([0, window_of_1_mib])
    blocks = [raw[start : start + 100] for start in range(0, len(raw), 100)] or [b""]
    for number, block in enumerate(blocks):
        last = number == len(blocks) - 1
        frame += struct.pack("<I", int(last) | len(block) << 3)[:3] + block
    return frame


def gzip_with_name(raw: bytes) -> bytes:
    """Give a gzip member whose header holds a file name, so that it is longer than ten bytes."""
    out = io.BytesIO()
    with gzip.GzipFile("chunk.raw", "wb", 6, out, mtime=0) as member:
        member.write(raw)
    return out.getvalue()


def blosc_of_bytes(raw: bytes) -> bytes:
    """Give a blosc frame of bytes: its header says type size 1 whatever the array's is."""
    return bytes(numcodecs.blosc.compress(raw, b"zstd", 5, numcodecs.blosc.SHUFFLE))


def blosc_snappy_stored(raw: bytes) -> bytes:
    """Give a blosc-snappy frame of data that did not compress: any blosc library decodes it."""
    return _blosc_header(raw, SNAPPY << 5 | STORED, 16 + len(raw)) + raw


def blosc_snappy(raw: bytes) -> bytes:
    """Give a blosc-snappy frame with a snappy block: only a blosc built with snappy decodes it."""
    block = _snappy_literals(raw)
    start_of_block = struct.pack("<I", 20)
    body = start_of_block + struct.pack("<I", len(block)) + block
    unsplit = 1 << 4
    return _blosc_header(raw, SNAPPY << 5 | unsplit, 16 + len(body)) + body


def _blosc_header(raw: bytes, flags: int, length: int) -> bytes:
    """Give the 16 bytes before a blosc frame's one block of two-byte elements."""
    format_version, codec_version, typesize = 2, 1, 2
    numbers = struct.pack("<III", len(raw), len(raw), length)
    return bytes([format_version, codec_version, flags, typesize]) + numbers


def _snappy_literals(raw: bytes) -> bytes:
    """Give a snappy block made of literals only."""
    return _varint(len(raw)) + b"".join(
        bytes([(len(part) - 1) << 2]) + part
        for part in (raw[start : start + 60] for start in range(0, len(raw), 60))
    )


def _varint(number: int) -> bytes:
    """Write a number in groups of seven bits, the lowest first."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
