"""Chunks that claim more than is due are refused before anything is allocated for them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from numcodecs.registry import get_codec

from tests.build import Json
from zarrlift.chunks import bounded, codec
from zarrlift.chunks.envelope import zstd_most
from zarrlift.errors import DamageError
from zarrlift.metadata.layout import ArrayLayout
from zarrlift.metadata.v2 import from_document

MIB = 2**20
MEMORY = 64 * MIB
HUGE = 32 * MIB


def layout_of(
    compressor: Json | None,
    dtype: str = "<u2",
    filters: list[Json] | None = None,
    chunks: tuple[int, int] = (8, 16),
) -> ArrayLayout:
    """The layout of a small array of v2."""
    document = {"zarr_format": 2, "shape": [20, 40], "chunks": list(chunks), "dtype": dtype}
    more = {"compressor": compressor, "filters": filters, "fill_value": 0, "order": "C"}
    return from_document({**document, **more}).layout


CODERS: dict[str, Json | None] = {
    "none": None,
    "blosc": {"id": "blosc", "cname": "zstd", "clevel": 3, "shuffle": 1},
    "zstd": {"id": "zstd", "level": 1},
    "gzip": {"id": "gzip", "level": 1},
    "zlib": {"id": "zlib", "level": 1},
    "lz4": {"id": "lz4"},
    "bz2": {"id": "bz2"},
    "lzma": {"id": "lzma"},
}
FILTERS: dict[str, list[Json] | None] = {
    "plain": None,
    "delta": [{"id": "delta", "dtype": "<u2"}],
    "shuffled": [{"id": "shuffle", "elementsize": 2}],
    "checked": [{"id": "crc32"}],
}


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("coder", CODERS)
def test_sound_chunk_decodes_to_the_same_bytes(coder: str, filters: str) -> None:
    """A sound chunk gives the bytes that decoding without bounds gives."""
    layout = layout_of(CODERS[coder], filters=FILTERS[filters])
    values = np.random.default_rng(0).integers(0, 2**16, (8, 16), np.uint16)
    data: object = values.reshape(-1)
    for config in [*(FILTERS[filters] or []), *filter(None, [CODERS[coder]])]:
        data = get_codec(dict(config)).encode(data)
    encoded = data if isinstance(data, bytes) else np.ascontiguousarray(data).tobytes()

    made = bounded.decode(encoded, layout, MEMORY)

    assert made.tobytes() == codec.decode(encoded, layout).tobytes() == values.tobytes()
    assert len(encoded) <= bounded.stored_most(layout, MEMORY)


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: gzip.compress(bytes(HUGE), 9),
    "zlib": lambda: zlib.compress(bytes(HUGE), 9),
    "bz2": lambda: bz2.compress(bytes(HUGE)),
    "lzma": lambda: lzma.compress(bytes(HUGE), preset=1),
    "zstd": lambda: bytes(get_codec({"id": "zstd", "level": 1}).encode(bytes(HUGE))),
    "lz4": lambda: struct.pack("<I", HUGE) + bytes(100),
    "blosc": lambda: bytes(get_codec({**dict(CODERS["blosc"] or {})}).encode(bytes(HUGE))),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_refused_in_little_memory(name: str) -> None:
    """What decodes to 32 MiB where 256 bytes are due is refused, and takes 4 MiB at most."""
    bomb = BOMBS[name]()
    layout = layout_of(CODERS[name])
    tracemalloc.start()
    try:
        with pytest.raises(DamageError, match="due"):
            bounded.decode(bomb, layout, MEMORY)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < len(bomb) + 4 * MIB


def rle_frame(blocks: int) -> bytes:
    """A zstd frame that states no size, in blocks of 128 KiB of one byte each."""
    body = b"".join(
        ((2**17 << 3) | (1 << 1) | (number == blocks - 1)).to_bytes(3, "little") + b"\0"
        for number in range(blocks)
    )
    return b"\x28\xb5\x2f\xfd" + b"\x00\x58" + body


def test_zstd_frame_without_a_size_is_bounded_by_its_blocks() -> None:
    """A frame that states no size is refused by what its blocks come to."""
    assert zstd_most(rle_frame(4096)) == (0, 4096 * 2**17)
    with pytest.raises(DamageError, match="claims"):
        bounded.decode(rle_frame(4096), layout_of(CODERS["zstd"]), MEMORY)


def test_zstd_frame_without_a_size_is_decoded_where_it_is_small() -> None:
    """A frame of the right size that states none decodes."""
    layout = layout_of(CODERS["zstd"], "|u1", chunks=(512, 256))

    assert bounded.decode(rle_frame(1), layout, MEMORY).size == 2**17


@pytest.mark.parametrize("name", [n for n in CODERS if n != "none"])
@pytest.mark.parametrize("cut", [0, 1, 5, 12, -1])
def test_cut_chunk_is_damage(name: str, cut: int) -> None:
    """A chunk that is cut short is damaged, and nothing else is raised."""
    config = dict(CODERS[name] or {})
    data = bytes(get_codec(config).encode(np.arange(128, dtype="<u2")))[:cut]
    with pytest.raises(DamageError):
        bounded.decode(data, layout_of(config), MEMORY)


def test_other_number_of_texts_is_refused() -> None:
    """A chunk that claims 2^32 texts is refused before room is made for them."""
    layout = layout_of(None, "|O", [{"id": "vlen-utf8"}])
    with pytest.raises(DamageError, match="4,294,967,295 elements"):
        bounded.decode(b"\xff\xff\xff\xff" + bytes(8), layout, MEMORY)


def test_odd_bools_are_seen() -> None:
    """Bytes of bools other than 0 and 1 are told."""
    layout = layout_of(None, "|b1", chunks=(2, 2))

    assert bounded.odd_bools(bounded.decode(b"\0\1\2\0", layout, MEMORY))
    assert not bounded.odd_bools(bounded.decode(b"\0\1\1\0", layout, MEMORY))


MEMBERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "lzma": lzma.compress,
}


@pytest.mark.parametrize("name", MEMBERS)
def test_streams_one_after_another_are_one_chunk(name: str) -> None:
    """Of any number and size, with zeros after the last; what follows these is damage."""
    layout = layout_of(CODERS[name], chunks=(512, 256))
    values = np.random.default_rng(0).integers(0, 2**16, (512, 256), np.uint16).tobytes()
    cuts = [0, 0, 10, 100_000, 100_000, len(values)]
    pack = MEMBERS[name]
    data = b"".join(pack(values[a:b]) for a, b in zip([0, *cuts], cuts, strict=False))

    assert bounded.decode(data, layout, MEMORY).tobytes() == values
    assert bounded.decode(data + bytes(5000), layout, MEMORY).tobytes() == values
    with pytest.raises(DamageError):
        bounded.decode(data + bytes(5000) + b"x", layout, MEMORY)


def test_thousands_of_empty_streams_take_time_in_proportion() -> None:
    """Each is given a little of what follows it, not all."""
    values = bytes(range(256))
    data = gzip.compress(b"") * 60_000 + gzip.compress(values)
    begun = time.perf_counter()

    assert bounded.decode(data, layout_of(CODERS["gzip"]), MEMORY).tobytes() == values
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize("settings", [{"format": 2}, {"format": 3, "filters": [{"id": 33}]}])
def test_zeros_are_no_millions_of_streams(settings: Json) -> None:
    """In old and in bare forms of lzma zeros make empty streams, each with all others behind it."""
    layout = layout_of({"id": "lzma", **settings})
    begun = time.perf_counter()

    with pytest.raises(DamageError):
        bounded.decode(bytes(300_000) + b"x", layout, MEMORY)
    assert time.perf_counter() - begun < 2


def test_bare_lzma_is_decoded() -> None:
    """It has no header, and is one stream."""
    coder: Json = {"id": "lzma", "format": 3, "filters": [{"id": 33, "preset": 1}]}
    values = bytes(range(256))

    assert (
        bounded.decode(get_codec(coder).encode(values), layout_of(coder), MEMORY).tobytes()
        == values
    )
