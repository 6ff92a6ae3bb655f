"""The envelope check: whether an encoded chunk is whole, judged without decoding it.

Inside a shard, some readers return wrong pixels without an error for chunks that are empty,
have trailing bytes, hold several gzip members or zstd frames, or decode to another size. So
each chunk that passes undecoded is looked at. Sources: Blosc 1 header (README_CHUNK_FORMAT);
RFC 1952 (gzip); RFC 8878 (zstd).
"""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarrlift.metadata.codecs import Codec
    from zarrlift.metadata.layout import ArrayLayout

    Bytes = bytes | bytearray | memoryview
    Check = Callable[[Bytes], str | None]
    HeadCheck = Callable[[Bytes, int], str | None]

HEAD = 16
"""The first bytes of a chunk that a `HeadCheck` wants."""

_BLOSC = struct.Struct("<BBBBIII")
_BLOSC_FORMAT = 2
_BLOSC_SNAPPY = 2
_GZIP_TAIL = struct.Struct("<II")
_GZIP_SMALLEST = 18
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SIZE_BYTES = (0, 2, 4, 8)
_ZSTD_DICTIONARY_BYTES = (0, 1, 2, 4)
_ZSTD_LONGEST = 18
"""Bytes of the longest frame header."""


def check_for(layout: ArrayLayout) -> Check:
    """Give the check for a layout's chunks: it returns the problem in words, or None."""
    outer, known = layout.codecs[-1], len(_packed(layout)) <= 1 and not layout.data_type.variable
    size = layout.chunk_bytes if known else None
    if outer.v2_only:
        return _not_empty
    if outer.name == "blosc":
        return partial(blosc_problem, size=size)
    if outer.name == "gzip":
        return lambda data: gzip_problem(data, size)
    if outer.name == "zstd":
        return lambda data: zstd_problem(data, size)
    if size is None or _packed(layout):
        return _not_empty
    if layout.data_type.name == "bool":
        return lambda data: size_problem(len(data), size) or bool_problem(data)
    return lambda data: size_problem(len(data), size)


def head_check_for(layout: ArrayLayout) -> HeadCheck | None:
    """Give the same check where a chunk's first `HEAD` bytes and its stored length suffice."""
    size, packed = layout.chunk_bytes, _packed(layout)
    if len(packed) > 1 or layout.data_type.variable:
        return None
    if packed and packed[0].name == "blosc":
        return lambda head, stored: blosc_problem(head, size, stored)
    if packed or layout.data_type.name == "bool":
        return None
    return lambda _, stored: size_problem(stored, size)


class Glimpse(NamedTuple):
    """What is looked at of a chunk that stays in its store: a few bytes of one end of it."""

    length: int
    """Bytes at most; 0 where the stored length says all."""
    check: HeadCheck
    """Called with these bytes and the stored length."""
    at_end: bool = False

    def span(self, stored: int) -> tuple[int, int]:
        """Give the offset and the length of these bytes in a chunk of so many."""
        length = min(self.length, stored)
        return (stored - length if self.at_end else 0), length


def glimpse_for(layout: ArrayLayout) -> Glimpse | None:
    """Give what tells most of a chunk by one small request, None where all bytes are needed.

    A zstd frame states its decoded size at its beginning, a gzip stream at its end; whether what
    lies between is whole is not seen. Of the others all is seen that `check_for` sees.
    """
    size, packed = layout.chunk_bytes, _packed(layout)
    if len(packed) == 1 and not layout.data_type.variable:
        if packed[0].name == "zstd":
            return Glimpse(length=_ZSTD_LONGEST, check=partial(_zstd_begins, size))
        if packed[0].name == "gzip":
            return Glimpse(length=_GZIP_TAIL.size, check=partial(_gzip_ends, size), at_end=True)
    check = head_check_for(layout)
    return check and Glimpse(length=HEAD if packed else 0, check=check)


def _packed(layout: ArrayLayout) -> list[Codec]:
    return [c for c in layout.codecs if c.name not in ("transpose", "bytes")]


def _not_empty(data: Bytes) -> str | None:
    return None if len(data) else "holds no bytes"


def size_problem(stored: int, size: int) -> str | None:
    """Check an uncompressed chunk: just its size."""
    return None if stored == size else f"holds {stored} bytes where {size} are due"


def bool_problem(data: Bytes) -> str | None:
    """Check that each byte of an uncompressed bool chunk is 0 or 1."""
    return None if not bytes(data).strip(b"\x00\x01") else "holds bools other than 0 and 1"


def blosc_problem(data: Bytes, size: int | None, held: int | None = None) -> str | None:
    """Check a blosc buffer: format, stored length, and the decoded size it states.

    `held` is the length of the object where `data` is only its beginning.
    """
    held = len(data) if held is None else held
    if len(data) < _BLOSC.size:
        return f"holds {len(data)} bytes, fewer than a blosc header"
    version, _, flags, _, decoded, _, stored = _BLOSC.unpack_from(data)
    if version != _BLOSC_FORMAT:
        return f"blosc format {version} is not the known one"
    if stored != held:
        return f"blosc header states {stored} bytes, the object holds {held}"
    if size is not None and decoded != size:
        return f"decodes to {decoded} bytes where {size} are due"
    if flags >> 5 == _BLOSC_SNAPPY:
        return "compressed with snappy, which v3 readers do not share"
    return None


def gzip_problem(data: Bytes, size: int | None) -> str | None:
    """Check a gzip object: magic, method, and the decoded size in its tail."""
    if len(data) < _GZIP_SMALLEST or bytes(data[:3]) != b"\x1f\x8b\x08":
        return "is no gzip stream"
    return None if size is None else _gzip_ends(size, data[-_GZIP_TAIL.size :], len(data))


def _gzip_ends(size: int, tail: Bytes, stored: int) -> str | None:
    """Check the last bytes of a gzip object: the decoded size that they state."""
    if stored < _GZIP_SMALLEST or len(tail) < _GZIP_TAIL.size:
        return "is no gzip stream"
    _, decoded = _GZIP_TAIL.unpack(tail)
    if decoded != size & 0xFFFFFFFF:
        return f"gzip tail states {decoded} bytes where {size} are due"
    return None


def _zstd_begins(size: int, head: Bytes, stored: int) -> str | None:
    """Check the first bytes of a zstd object: a frame that states the decoded size."""
    if len(head) < min(stored, _ZSTD_LONGEST) or bytes(head[:4]) != _ZSTD_MAGIC:
        return "is no zstd frame"
    head = bytes(head).ljust(_ZSTD_LONGEST, b"\0")
    _, stated, _ = _zstd_header(head)
    return None if stated == size else f"zstd frame states {stated} bytes where {size} are due"


def zstd_problem(data: Bytes, size: int | None) -> str | None:
    """Check a zstd object: one frame, ending where the object ends, of the stated size."""
    if len(data) < 9 or bytes(data[:4]) != _ZSTD_MAGIC:  # noqa: PLR2004 - smallest frame
        return "is no zstd frame"
    start, stated, checksum = _zstd_header(data)
    if size is not None and stated is not None and stated != size:
        return f"decodes to {stated} bytes where {size} are due"
    end = _zstd_blocks_end(data, start)
    if end is None:
        return "zstd frame is cut short"
    end += 4 if checksum else 0
    return None if end == len(data) else f"zstd frame ends at {end}, the object at {len(data)}"


def _zstd_header(data: Bytes) -> tuple[int, int | None, bool]:
    """Give where blocks start, the stated decoded size, and whether a checksum follows."""
    flags = data[4]
    single = bool(flags & 0x20)
    at = 5 + (0 if single else 1) + _ZSTD_DICTIONARY_BYTES[flags & 3]
    width = _ZSTD_SIZE_BYTES[flags >> 6] or (1 if single else 0)
    stated = int.from_bytes(data[at : at + width], "little") if width else None
    if stated is not None and width == 2:  # noqa: PLR2004 - RFC 8878, 3.1.1.1.4
        stated += 256
    return at + width, stated, bool(flags & 4)


def _zstd_blocks_end(data: Bytes, at: int) -> int | None:
    """Walk block headers; give where the last block ends, None where one is missing."""
    while at + 3 <= len(data):
        header = int.from_bytes(data[at : at + 3], "little")
        kind, length = header >> 1 & 3, header >> 3
        at += 3 + (1 if kind == 1 else length)
        if header & 1:
            return at
    return None


_ZSTD_BLOCK = 2**17
_ZSTD_RLE = 1
_ZSTD_SKIPPED = range(0x184D2A50, 0x184D2A60)
_ENOUGH = 2**40


def zstd_most(data: Bytes) -> tuple[int, int]:
    """Give the bytes that the frames of a zstd object state, and the most that the others hold.

    Of what a frame without a statement holds, each block says how large it is, or has 128 KiB at
    the most. Frames are looked at up to where they are no longer whole.
    """
    at = said = most = 0
    while at + 8 <= len(data) and most < _ENOUGH:
        if int.from_bytes(data[at : at + 4], "little") in _ZSTD_SKIPPED:
            at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
            continue
        if bytes(data[at : at + 4]) != _ZSTD_MAGIC:
            break
        start, stated, checksum = _zstd_header(data[at:])
        end, held = _zstd_blocks(data, at + start)
        most += held if stated is None else 0
        said += stated or 0
        at = end + (4 if checksum else 0)
    return said, most


def _zstd_blocks(data: Bytes, at: int) -> tuple[int, int]:
    """Walk the blocks of a frame; gives where they end, and the most bytes that they hold."""
    held, last = 0, False
    while at + 3 <= len(data) and not last and held < _ENOUGH:
        header = int.from_bytes(data[at : at + 3], "little")
        kind, length, last = header >> 1 & 3, header >> 3, bool(header & 1)
        held += _ZSTD_BLOCK if kind > _ZSTD_RLE else length
        at += 3 + (1 if kind == _ZSTD_RLE else length)
    return at if last else len(data), held
