"""Indexes of shards: sound ones, and each way to be wrong."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import google_crc32c
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build_v3 import ABSENT, LITTLE, Form, write_v3_array
from zarrlift.audit import shards
from zarrlift.audit.result import Tally
from zarrlift.audit.sizes import sizes_of
from zarrlift.chunks.listing import ChunkFile
from zarrlift.metadata.layout import ArrayLayout
from zarrlift.metadata.v3 import read_array
from zarrlift.store.folder import Folder

SLOTS = 4
CHUNK = 8
INDEX = 16 * SLOTS + 4
VALUES = np.arange(1, 17, dtype="<u2").reshape(4, 4)
FORM = Form(chunks=(2, 2), shards=(4, 4), codecs=(LITTLE,))


def indexed(*entries: tuple[int, int]) -> bytes:
    """The index of a shard."""
    body = struct.pack(f"<{2 * SLOTS}Q", *[n for entry in entries for n in entry])
    return body + struct.pack("<I", int(google_crc32c.value(body)))


GOOD = ((0, CHUNK), (CHUNK, CHUNK), (2 * CHUNK, CHUNK), (3 * CHUNK, CHUNK))
NONE = (ABSENT, ABSENT)
DATA = bytes(range(4 * CHUNK))


def layout_at(folder: Path) -> ArrayLayout:
    """The layout of an array with one shard of 2 x 2 chunks."""
    write_v3_array(folder, VALUES, FORM)
    return read_array(json.loads((folder / "zarr.json").read_text()), "")


def looked(folder: Path, shard: bytes) -> tuple[Tally, list[tuple[int, ...]]]:
    """Look at a shard of such an array; gives what is found, and the chunks that can be."""
    layout = layout_at(folder)
    (folder / "c/0/0").write_bytes(shard)
    file = ChunkFile(0, str(folder / "c/0"), "0", len(shard))
    one = shards.Shard("a", layout, sizes_of(layout), (0, 0), file)
    found, judged = shards.look(Folder(folder), one)
    return found, [held.at for held in judged.held()] if judged else []


@pytest.mark.parametrize(
    ("shard", "rules", "chunks"),
    [
        (DATA + indexed(*GOOD), [], 4),
        (DATA[:CHUNK] + indexed(GOOD[0], NONE, NONE, NONE), [], 1),
        (b"", ["shard-index"], 0),
        (DATA, ["shard-index"], 0),
        ((DATA + indexed(*GOOD))[:-1], ["shard-index"], 0),
        (DATA + indexed(*GOOD)[:-1] + b"x", ["shard-index"], 0),
        (DATA + indexed(*GOOD[:3], (3 * CHUNK, CHUNK + 1)), ["shard-bounds"], 3),
        (DATA + indexed(*GOOD[:3], (2**63, CHUNK)), ["shard-bounds"], 3),
        (DATA + indexed(*GOOD[:3], (24, 2**63)), ["shard-bounds"], 3),
        (DATA + indexed(*GOOD[:3], (20, CHUNK)), ["shard-overlap"], 4),
        (DATA + indexed(*GOOD[:3], GOOD[0]), ["shard-shared"], 4),
        (DATA + indexed(*GOOD[:3], (ABSENT, CHUNK)), ["shard-entry"], 3),
        (DATA + indexed(*GOOD[:3], (24, 0)), ["chunk-empty"], 3),
        (DATA + indexed(*GOOD[:3], (24, 7)), ["chunk-size"], 3),
    ],
)
def test_shard_is_judged(tmp_path: Path, shard: bytes, rules: list[str], chunks: int) -> None:
    """Each fault has its rule, and what is sound beside it is found."""
    found, held = looked(tmp_path / "a", shard)

    assert [f.rule for f in found.findings] == rules
    assert len(held) == chunks
    assert found.index_bytes <= INDEX


def test_counts_of_a_shard(tmp_path: Path) -> None:
    """What is missing, and bytes that nothing names, are counted."""
    found, _ = looked(tmp_path / "a", b"rubbish!" + DATA[:8] + indexed((8, 8), NONE, NONE, NONE))

    assert (found.chunks, found.missing["a"], found.unnamed["a"]) == (1, 3, 8)


@given(
    entries=st.lists(
        st.tuples(
            st.one_of(st.integers(0, 40), st.sampled_from([ABSENT, 2**63, ABSENT - 1])),
            st.one_of(st.integers(0, 12), st.sampled_from([ABSENT, 2**63, ABSENT - 1])),
        ),
        min_size=SLOTS,
        max_size=SLOTS,
    ),
    checked=st.booleans(),
    cut=st.integers(0, 20),
)
@settings(max_examples=80, deadline=None)
def test_any_index_is_judged(
    tmp_path_factory: pytest.TempPathFactory,
    entries: list[tuple[int, int]],
    checked: bool,
    cut: int,
) -> None:
    """Whatever an index says, chunks that can be found lie within the shard's data."""
    index = indexed(*entries)
    shard = DATA + (index if checked else index[:-4] + bytes(4))
    folder = tmp_path_factory.mktemp("any")
    layout = layout_at(folder)
    shard = shard[: len(shard) - cut]
    (folder / "c/0/0").write_bytes(shard)
    file = ChunkFile(0, str(folder / "c/0"), "0", len(shard))
    one = shards.Shard("a", layout, sizes_of(layout), (0, 0), file)

    found, judged = shards.look(Folder(folder), one)

    for held in judged.held() if judged else ():
        assert held.file.offset >= 0
        assert held.file.offset + held.file.size <= len(shard) - INDEX
    assert found.index_bytes <= INDEX
