"""Stored chunks of nothing but fill: left out where chunks are encoded, kept where they pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zarrlift as zl
from tests.build import BLOSC, sample, write_array, write_group
from tests.oracles import assert_same_voxels
from zarrlift.chunks import shard

ABSENT = shard.ABSENT


def stored_chunks(array: Path, slots: int | None) -> int:
    """Count the chunks that an array holds; `slots` are those of a shard."""
    objects = [p for p in (array / "c").rglob("*") if p.is_file()]
    if slots is None:
        return len(objects)
    tails = [p.read_bytes()[-shard.index_bytes(slots) : -4] for p in objects]
    return sum(int((np.frombuffer(t, "<u8")[::2] != ABSENT).sum()) for t in tails)


@pytest.mark.parametrize("shards", ["none", "8,16"])
@pytest.mark.parametrize(
    ("wish", "held"),
    [({}, 8), ({"codec": "zstd:1"}, 3), ({"chunks": (4, 4)}, 12)],
    ids=["passed", "recoded", "rechunked"],
)
def test_chunks_of_fill(wish: dict[str, Any], held: int, shards: str, tmp_path: Path) -> None:
    """Of eight stored chunks five hold nothing but fill; an object without any is not there."""
    values = np.full((16, 32), 7, "<u2")
    values[:8, :24] = 100 + sample((8, 24), "<u2") % 50
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    write_array(write_group(source) / "0", values, chunks=(8, 8), fill_value=7, compressor=BLOSC)

    report = zl.convert(source, target, plain_zarr=True, shards=shards, verify="decode", **wish)

    slots = None if shards == "none" else 8 if "chunks" in wish else 2
    assert report.finished
    assert stored_chunks(target / "0", slots) == held
    assert_same_voxels(source / "0", target / "0")
    last = "3" if "chunks" in wish and shards == "none" else "1"
    assert (target / "0" / "c" / last).exists() is (wish == {})
