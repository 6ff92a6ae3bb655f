"""The index of a shard: written, read, and judged."""

from __future__ import annotations

import json
import struct
from array import array

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from zarr.core.buffer import default_buffer_prototype
from zarr.storage import MemoryStore

from tests.unit.layouts import bounded, layout_of
from zarrlift import grid
from zarrlift.chunks import codec, shard
from zarrlift.chunks.shard import ABSENT, ShardIndex
from zarrlift.metadata import v3
from zarrlift.metadata.layout import Keys

places = st.lists(st.none() | st.tuples(st.integers(0, 2**63), st.integers(0, 2**63)), max_size=9)


def index_of(entries: list[tuple[int, int] | None]) -> ShardIndex:
    """Give an index with an offset and a length for each chunk, or none."""
    flat = [n for entry in entries for n in (entry or (ABSENT, ABSENT))]
    return ShardIndex(entries=array("Q", flat))


@bounded
@given(places)
def test_index_read_back_is_the_same(entries: list[tuple[int, int] | None]) -> None:
    """Every entry and every absence survives the bytes, which are as long as announced."""
    made = index_of(entries)

    data = made.encode()

    assert len(data) == shard.index_bytes(len(entries)) == 16 * len(entries) + 4
    back = shard.decode(data, len(entries))
    assert isinstance(back, ShardIndex)
    assert [back.get(n) for n in range(len(back))] == entries
    assert len(back) == len(entries)
    assert back.present == sum(entry is not None for entry in entries)
    assert back.bytes_held == sum(entry[1] for entry in entries if entry)


def test_index_is_little_endian_with_crc32c() -> None:
    """The bytes are pairs of little-endian numbers, then the CRC32C of the iSCSI polynomial."""
    data = index_of([(0, 5), None]).encode()

    assert data[:-4] == struct.pack("<4Q", 0, 5, 2**64 - 1, 2**64 - 1)
    assert int.from_bytes(data[-4:], "little") == crc32c(data[:-4])


def crc32c(data: bytes) -> int:
    """Compute the checksum bit by bit, as RFC 3720 defines it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_checksum_of_the_oracle() -> None:
    """The slow checksum gives the value that is published for nine digits."""
    assert crc32c(b"123456789") == 0xE3069283


def test_empty_index_holds_nothing() -> None:
    """An index begins with no chunk in it."""
    made = ShardIndex(entries=shard.empty(3))

    assert [made.get(n) for n in range(3)] == [None] * 3
    assert (made.present, made.bytes_held) == (0, 0)
    assert made.problem(shard.index_bytes(3)) is None


@bounded
@given(st.integers(1, 5), st.data())
def test_any_flipped_bit_is_found(chunks: int, data: st.DataObject) -> None:
    """One changed bit anywhere in the index, checksum included, is told."""
    sound = index_of([(n, 1) for n in range(chunks)]).encode()
    bit = data.draw(st.integers(0, 8 * len(sound) - 1))
    spoilt = bytearray(sound)
    spoilt[bit // 8] ^= 1 << bit % 8

    assert "wrong checksum" in str(shard.decode(bytes(spoilt), chunks))


@pytest.mark.parametrize(("data", "chunks"), [(b"", 1), (bytes(19), 1), (bytes(20), 2)])
def test_index_that_is_cut_short_is_told(data: bytes, chunks: int) -> None:
    """Fewer bytes than an index takes are no index."""
    assert "fewer than its index" in str(shard.decode(data, chunks))


@pytest.mark.parametrize(
    ("entries", "data_bytes", "problem"),
    [
        pytest.param([(0, 5), (5, 5)], 10, None, id="one-after-another"),
        pytest.param([(5, 5), (0, 5)], 10, None, id="in-any-order"),
        pytest.param([(0, 5), None, (7, 3)], 10, None, id="with-a-gap"),
        pytest.param([None, None], 0, None, id="nothing"),
        pytest.param([(0, 0), (0, 10)], 10, None, id="chunk-of-no-bytes"),
        pytest.param([(0, 6), (5, 5)], 10, "overlap at byte 5", id="overlap"),
        pytest.param([(0, 5), (0, 5)], 10, "overlap at byte 0", id="twice"),
        pytest.param([(0, 5), (5, 6)], 10, "ends at byte 11, the data at 10", id="beyond"),
        pytest.param([(2**64 - 1, 5)], 10, "ends at byte", id="offset-absent-alone"),
        pytest.param([(0, 2**64 - 1)], 10, "ends at byte", id="length-absent-alone"),
        pytest.param([(2**63, 2**63)], 10, "ends at byte", id="huge"),
    ],
)
def test_entries_are_within_the_data_and_apart(
    entries: list[tuple[int, int] | None], data_bytes: int, problem: str | None
) -> None:
    """Entries that overlap, or reach into the index or beyond, are told with the byte."""
    found = index_of(entries).problem(data_bytes)
    shifted = [e and (e[0] + 36, e[1]) for e in entries]
    if "absent-alone" not in str(problem) and all(e is None or e[0] < 2**60 for e in entries):
        behind = index_of(shifted).problem(data_bytes + 36, 36)
        assert (behind is None) is (problem is None)

    assert found is None if problem is None else problem in str(found)


def test_half_absent_entry_is_not_absent() -> None:
    """An entry is absent only where offset and length both say so."""
    made = index_of([(ABSENT, 5), (5, ABSENT), None])

    assert [made.get(n) is None for n in range(3)] == [False, False, True]


def test_zarr_python_reads_a_packed_shard() -> None:
    """Encoded chunks one after another, with the index behind them, are a shard to others."""
    layout = layout_of(
        (5, 7), (2, 3), dtype=">i4", order="F", fill=9, shards=(4, 9), keys=Keys.DEFAULT_NESTED
    )
    values = np.arange(35, dtype="i4").reshape(5, 7)
    values[2:4, 3:6] = 9
    padded = np.full((8, 9), 9, "i4")
    padded[:5, :7] = values
    objects = {"zarr.json": json.dumps(v3.array_document(layout, {})).encode()}
    for unit in np.ndindex(layout.object_grid):
        entries, body = shard.empty(grid.count(layout.per_object)), b""
        for number, at in grid.cells_within(unit, layout.per_object, layout.chunk_grid):
            if at != (1, 1):
                chunk = padded[at[0] * 2 : at[0] * 2 + 2, at[1] * 3 : at[1] * 3 + 3]
                data = codec.encode(chunk, layout)
                entries[2 * number], entries[2 * number + 1] = len(body), len(data)
                body += data
        objects[layout.keys.of(unit)] = body + ShardIndex(entries=entries).encode()

    buffers = default_buffer_prototype().buffer
    store = MemoryStore({key: buffers.from_bytes(data) for key, data in objects.items()})
    np.testing.assert_array_equal(zarr.open_array(store=store, mode="r")[...], values)


def test_entries_outside_the_data_are_numbered_and_taken_out() -> None:
    """Those that end behind the data, begin before it, or are half absent; the others stay."""
    found = index_of([(4, 5), (0, 4), None, (8, 3), (2**64 - 1, 5), (9, 1)])

    assert found.outside(10, 4) == {1, 3, 4}
    sound = found.without(found.outside(10, 4))
    assert [sound.get(number) for number in range(6)] == [(4, 5), None, None, None, None, (9, 1)]
    assert sound.problem(10, 4) is None
