"""Builders of damaged chunks: images in which the bytes of one chunk are wrong."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numcodecs.registry import get_codec

from tests.build import BLOSC, Json, Storage, encode_chunk, sample
from tests.build_ome import write_image

Outcome: TypeAlias = Literal["heals", "finding", "silent"]
"""`heals`: the envelope is wrong, and numcodecs decodes the chunk to its right size all the same.
`finding`: the envelope is wrong, and so is what it decodes to, if it decodes. (numcodecs reads past
the end of a blosc frame that was cut short, and may seem to decode it: it must not be asked to.)
`silent`: the envelope is right; decoding the chunk may tell, or nothing can."""

SHAPE = (20, 40)
CHUNKS = (8, 16)
DAMAGED = (1, 1)
"""The chunk that is damaged, unless the damage needs one at the edge."""
EDGE = (2, 2)
EDGE_SHAPE = (4, 8)
"""What the array has of the chunk at the edge."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A way for one chunk to be wrong."""

    id: str
    outcome: Outcome
    note: str
    spoil: Callable[[bytes], bytes]
    """Gives the damaged bytes for the sound ones."""
    compressor: Json | None = None
    dtype: str = "<u2"
    chunk: tuple[int, int] = DAMAGED

    def build(self, folder: Path) -> Path:
        """Write an image with the damaged chunk in its level `0`, and give the chunk's path."""
        storage: Storage = {"chunks": CHUNKS, "compressor": self.compressor}
        write_image(folder, [sample(SHAPE, self.dtype)], axes="yx", **storage)
        chunk = folder / "0" / str(self.chunk[0]) / str(self.chunk[1])
        chunk.write_bytes(self.spoil(chunk.read_bytes()))
        return chunk


def empty(_sound: bytes) -> bytes:
    """Give nothing, as a writer on a full disk leaves behind."""
    return b""


def cut_short(sound: bytes) -> bytes:
    """Leave out the last bytes."""
    return sound[:-9]


def cut_in_header(sound: bytes) -> bytes:
    """Leave only the first bytes of the header."""
    return sound[:7]


def followed_by_zeros(sound: bytes) -> bytes:
    """Add zeros after the frame's end."""
    return sound + bytes(16)


def followed_by_rubbish(sound: bytes) -> bytes:
    """Add bytes after the frame's end that are no frame."""
    return sound + b"more than a frame"


def flipped_in_middle(sound: bytes) -> bytes:
    """Change one bit in the middle."""
    middle = len(sound) // 2
    return sound[:middle] + bytes([sound[middle] ^ 0x10]) + sound[middle + 1 :]


def in_two_frames(compressor: Json) -> Callable[[bytes], bytes]:
    """Give a function that stores a chunk in two frames, one after another."""

    def split(sound: bytes) -> bytes:
        """Store each half as a frame."""
        codec = get_codec(dict(compressor))
        raw = bytes(codec.decode(sound))
        half = len(raw) // 2
        return bytes(codec.encode(raw[:half])) + bytes(codec.encode(raw[half:]))

    return split


def clipped_to(shape: tuple[int, int], compressor: Json | None) -> Callable[[bytes], bytes]:
    """Give a function that stores only the first rows and columns of a chunk."""

    def clip(sound: bytes) -> bytes:
        """Decode, clip, encode."""
        raw = sound if compressor is None else bytes(get_codec(dict(compressor)).decode(sound))
        values = np.frombuffer(raw, "<u2").reshape(CHUNKS)[: shape[0], : shape[1]]
        return encode_chunk(values, {"order": "C", "filters": None, "compressor": compressor})

    return clip


def with_wrong_length(sound: bytes) -> bytes:
    """Let a blosc header say one byte less of data than its frame decodes to."""
    (size,) = struct.unpack_from("<I", sound, 4)
    return sound[:4] + struct.pack("<I", size - 1) + sound[8:]


def with_byte_two(sound: bytes) -> bytes:
    """Store a bool that is neither 0 nor 1, as its last."""
    return sound[:-1] + b"\x02"


def followed_by_skippable_frame(sound: bytes) -> bytes:
    """Add a zstd frame that holds no data."""
    return sound + b"\x50\x2a\x4d\x18" + struct.pack("<I", 4) + b"note"


COMPRESSORS: dict[str, Json | None] = {
    "blosc": BLOSC,
    "gzip": {"id": "gzip", "level": 1},
    "zstd": {"id": "zstd", "level": 1},
    "uncompressed": None,
}


def _common(name: str, compressor: Json | None) -> tuple[Damage, ...]:
    """Give the damages that any compressor's chunks may have."""
    after: Outcome = "heals" if name in {"blosc", "gzip"} else "finding"
    edge = clipped_to(EDGE_SHAPE, compressor)
    part = clipped_to((CHUNKS[0] - 1, CHUNKS[1]), compressor)
    return (
        Damage(f"{name}-empty", "finding", "no byte at all", empty, compressor),
        Damage(f"{name}-cut-short", "finding", "the end is missing", cut_short, compressor),
        Damage(f"{name}-cut-in-header", "finding", "7 bytes", cut_in_header, compressor),
        Damage(f"{name}-trailing-zeros", after, "zeros after it", followed_by_zeros, compressor),
        Damage(f"{name}-row-short", "finding", "decodes to a row less", part, compressor),
        Damage(f"{name}-unpadded", "finding", "clipped to the array", edge, compressor, chunk=EDGE),
        Damage(f"{name}-flipped-bit", "silent", "one bit", flipped_in_middle, compressor),
    )


def _damages() -> Iterator[Damage]:
    """Give every damage, those of one compressor only last."""
    for name, compressor in COMPRESSORS.items():
        yield from _common(name, compressor)
    blosc, gzip, zstd = (COMPRESSORS[name] or {} for name in ("blosc", "gzip", "zstd"))
    rubbish = followed_by_rubbish
    yield Damage("blosc-trailing-bytes", "heals", "bytes after it", rubbish, blosc)
    yield Damage("gzip-trailing-bytes", "finding", "bytes after it", rubbish, gzip)
    yield Damage("zstd-trailing-bytes", "finding", "bytes after it", rubbish, zstd)
    yield Damage("blosc-wrong-length", "finding", "a wrong header", with_wrong_length, blosc)
    yield Damage("gzip-two-members", "heals", "two members", in_two_frames(gzip), gzip)
    yield Damage("zstd-two-frames", "heals", "two frames", in_two_frames(zstd), zstd)
    skippable = followed_by_skippable_frame
    yield Damage("zstd-skippable-frame", "heals", "a frame without data", skippable, zstd)
    yield Damage("bool-two", "heals", "any byte but 0 is true", with_byte_two, None, "|b1")


DAMAGES: tuple[Damage, ...] = tuple(_damages())
