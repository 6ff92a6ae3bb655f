"""Large chunks, and large source shards of many small chunks: --memory holds, or is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import zarrlift as zl
from tests.build import write_array, write_group
from tests.functional.runs import Word, peak_bytes, zarrlift
from tests.functional.test_memory import IDLE, MIB

CHUNK = 32 * MIB
SIDE, SMALL = 2048, 8
"""Of a shard that is the whole image, and of its chunks, in bytes along each axis."""


@pytest.fixture(scope="module", name="large")
def make_large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An array of two chunks of 32 MiB that do not compress."""
    values = np.random.default_rng(0).integers(0, 256, (2 * CHUNK,), np.uint8)
    folder = write_group(tmp_path_factory.mktemp("large") / "large.zarr")
    write_array(folder / "0", values.reshape(2, CHUNK), chunks=(1, CHUNK), compressor=None)
    return folder


@pytest.fixture(scope="module", name="shard")
def make_shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A v3 array in one shard of 65,536 chunks."""
    folder = tmp_path_factory.mktemp("shard")
    values = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)
    write_array(write_group(folder / "old.zarr") / "0", values, chunks=(512, 512), compressor=None)
    shape, shards = (SMALL, SMALL), (SIDE, SIDE)
    zl.convert(
        folder / "old.zarr", folder / "one.zarr", plain_zarr=True, chunks=shape, shards=shards
    )
    return folder / "one.zarr"


@pytest.mark.parametrize("shards", ["none", f"2,{CHUNK}"])
@pytest.mark.parametrize("level", ["quick", "full"])
def test_proof_of_large_chunks_keeps_to_the_budget(
    level: str, shards: str, large: Path, tmp_path: Path
) -> None:
    """What was packed chunk by chunk is compared piece by piece: two chunks would be too much."""
    words: list[Word] = ["convert", large, tmp_path / "new.zarr", "--plain-zarr", "--workers", "1"]

    ran, peak = peak_bytes(
        tmp_path / "peak", *words, "--shards", shards, "--verify", level, "--memory", "34MiB"
    )

    assert ran.code == 0, ran.said
    assert peak < 34 * MIB + IDLE


def smallest(words: list[Word]) -> int:
    """Give the MiB of the least budget that a refusal names."""
    refused = zarrlift(*words, "--memory", "1MiB")
    assert refused.code == 2, refused.said
    return int(refused.err.rpartition("--memory ")[2].partition("MiB")[0])


def assert_done_within_what_is_named(words: list[Word], folder: Path) -> int:
    """Assert that the least budget that is named will do; gives it in MiB."""
    named = smallest(words)
    ran, peak = peak_bytes(folder / "peak", *words, "--memory", f"{named}MiB")

    assert ran.code == 0, ran.said
    assert peak < named * MIB + IDLE
    return named


def test_decoding_proof_is_part_of_the_budget(large: Path, tmp_path: Path) -> None:
    """A proof that decodes takes more than packing does; the plan's refusal counts it."""
    words: list[Word] = ["convert", large, tmp_path / "new.zarr", "--plain-zarr"]
    packed = smallest(words)

    assert assert_done_within_what_is_named([*words, "--verify", "decode"], tmp_path) > packed + 30


@pytest.mark.parametrize(
    "wish",
    [
        ["--shards", "512,512"],
        ["--shards", "2048,1024"],
        ["--codec", "gzip:1", "--shards", "512,512"],
        ["--chunks", "256,256", "--shards", "512,512"],
    ],
    ids=" ".join,
)
def test_source_shard_of_many_chunks_is_counted(
    wish: list[str], shard: Path, tmp_path: Path
) -> None:
    """The list of a source shard's chunks takes memory too; it is counted before the lift."""
    words: list[Word] = ["convert", shard, tmp_path / "new.zarr", "--plain-zarr", *wish]

    assert assert_done_within_what_is_named(words, tmp_path) > 200 * (SIDE // SMALL) ** 2 // MIB
