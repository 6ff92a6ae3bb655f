"""Chunks from a few kilobytes to more than a write buffer, with and without the kernel's copying.

How a chunk's bytes travel depends on its size: gathered with others, copied by the kernel, or
read on their own. What arrives must not.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Literal, TypedDict

import numpy as np
import pytest

import zarrlift as zl
from tests.build import BLOSC, Json, write_array, write_group
from tests.functional.runs import tree
from tests.oracles import Values, assert_same_voxels
from zarrlift.chunks.files import COPIED
from zarrlift.errors import DamageError, StorageError
from zarrlift.plan.memory import WRITE_BUFFER
from zarrlift.store.folder import open_file
from zarrlift.store.target import Target


class Kept(TypedDict, total=False):
    """How values are stored."""

    compressor: Json | None
    dtype: str
    order: Literal["C", "F"]


SIDES = (64, 250, 512, 1600)
"""Chunks of 8 KiB, 122 KiB, 512 KiB and 4.9 MiB: each side of every limit."""

GZIP: Json = {"id": "gzip", "level": 1}
ZSTD: Json = {"id": "zstd", "level": 1}
STORAGES: dict[str, Kept] = {
    "raw": {"compressor": None},
    "blosc": {"compressor": BLOSC},
    "zstd": {"compressor": ZSTD},
    "gzip": {"compressor": GZIP},
    "raw-f": {"compressor": None, "order": "F"},
    "bool": {"compressor": None, "dtype": "|b1"},
}
KERNEL = ["kernel", "reading"]


@pytest.fixture(params=KERNEL)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lift with the kernel's copying, and as where there is none."""
    if request.param == "reading":
        monkeypatch.delattr("os.copy_file_range", raising=False)
    return str(request.param)


def values(side: int, dtype: str) -> Values:
    """Give 2 x 2 chunks: noise, smooth, noise again, and one that is all fill."""
    noise = np.random.default_rng(side)
    smooth = np.add.outer(np.arange(side), np.arange(side)) // 9
    made = np.zeros((2 * side, 2 * side), dtype)
    made[:side, :side] = noise.integers(0, 2**16, (side, side))
    made[:side, side:] = smooth
    made[side:, :side] = noise.integers(0, 2**16, (side, side)) // 7
    return made


def write(root: Path, side: int, storage: Kept) -> Path:
    """Write a group with one array of chunks of `side` x `side`."""
    write_group(root, {"someone": "else"})
    data = values(side, storage.get("dtype") or "<u2")
    write_array(root / "0", data, chunks=(side, side), missing="empty", **storage)
    return root


def test_sizes_lie_on_each_side_of_every_limit() -> None:
    """Else the cases below prove less than they say."""
    sizes = [2 * side * side for side in SIDES]

    assert sizes[0] < COPIED < sizes[1] < 2**17 < sizes[2] < WRITE_BUFFER < sizes[3]


@pytest.mark.parametrize("shards", ["none", "auto"])
@pytest.mark.parametrize("storage", STORAGES.values(), ids=STORAGES)
@pytest.mark.parametrize("side", SIDES)
def test_chunks_of_any_size_arrive(
    side: int, storage: Kept, shards: str, way: str, tmp_path: Path
) -> None:
    """Chunks pass undecoded, read the same, and lie the same whichever way they took."""
    source = write(tmp_path / "old.zarr", side, storage)
    report = zl.convert(
        source, tmp_path / "new.zarr", shards=shards, plain_zarr=True, verify="decode"
    )

    assert report.finished
    assert report.undecoded_bytes == report.bytes_in > 0
    assert_same_voxels(source / "0", tmp_path / "new.zarr" / "0")
    if way == "kernel":
        with pytest.MonkeyPatch.context() as patch:
            patch.delattr("os.copy_file_range", raising=False)
            zl.convert(source, tmp_path / "read.zarr", shards=shards, plain_zarr=True)
        assert tree(tmp_path / "read.zarr") == tree(tmp_path / "new.zarr")


@pytest.mark.parametrize("compressor", [None, BLOSC, ZSTD, GZIP], ids=["raw", *("b", "z", "g")])
@pytest.mark.parametrize("side", SIDES)
def test_large_chunk_that_is_cut_short_stops_the_lift(
    side: int, compressor: Json | None, way: str, tmp_path: Path
) -> None:
    """However large, a chunk is looked at before it passes."""
    source = write(tmp_path / "old.zarr", side, {"compressor": compressor})
    chunk = source / "0" / "1" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-1])

    with pytest.raises(DamageError) as caught:
        zl.convert(source, tmp_path / "new.zarr", plain_zarr=True)

    assert caught.value.place == str(chunk), way
    assert "chunk 1,0:" in caught.value.message


@pytest.mark.skipif(not callable(Target(".").copy_range), reason="no such call here")
def test_kernel_is_asked_for_large_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way that the cases above compare with is really taken."""
    asked: list[int] = []
    copy = Target(".").copy_range

    def counting(source: int, target: int, count: int, offset: int) -> int:
        asked.append(count)
        return int(copy(source, target, count, offset))  # type: ignore[misc]

    monkeypatch.setattr("os.copy_file_range", counting)
    source = write(tmp_path / "old.zarr", SIDES[2], {"compressor": None})
    zl.convert(source, tmp_path / "new.zarr", plain_zarr=True)

    assert asked == [2 * SIDES[2] ** 2] * 3


@pytest.mark.skipif(not callable(Target(".").copy_range), reason="no such call here")
def test_kernel_that_copies_part_by_part_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call may copy less than asked for, as often as it likes."""
    copy = Target(".").copy_range

    def grudging(source: int, target: int, count: int, offset: int) -> int:
        return int(copy(source, target, min(count, 100_003), offset))  # type: ignore[misc]

    monkeypatch.setattr("os.copy_file_range", grudging)
    source = write(tmp_path / "old.zarr", SIDES[2], {"compressor": None})
    zl.convert(source, tmp_path / "new.zarr", plain_zarr=True, verify="full")

    assert_same_voxels(source / "0", tmp_path / "new.zarr" / "0")


def test_chunk_that_shrinks_while_the_kernel_copies_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that changes under the lift is named, and nothing of it passes for whole."""
    source = write(tmp_path / "old.zarr", SIDES[2], {"compressor": None})
    calls = iter([100, 0])
    monkeypatch.setattr("os.copy_file_range", lambda *_: next(calls, 0), raising=False)

    with pytest.raises(StorageError, match="shorter") as caught:
        zl.convert(source, tmp_path / "new.zarr", plain_zarr=True, workers=1)

    assert str(caught.value.place).startswith(str(source / "0"))


def test_slow_storage_is_read_by_all_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every file takes its time, threads wait for several at once, small as they are."""
    source = write_group(tmp_path / "old.zarr", {"someone": "else"})
    write_array(source / "0", values(64, "<u2"), chunks=(8, 8))
    write_array(source / "1", values(64, "<u2"), chunks=(8, 8))
    here, at_once = threading.Lock(), [0, 0]

    def slow(path: str, folder: int | None = None) -> int:
        with here:
            at_once[0] += 1
            at_once[1] = max(at_once)
        time.sleep(0.004)
        with here:
            at_once[0] -= 1
        return open_file(path, folder)

    monkeypatch.setattr("zarrlift.chunks.files.open_file", slow)
    zl.convert(
        source, tmp_path / "new.zarr", plain_zarr=True, shards="none", workers=4, verify="none"
    )

    assert at_once[1] == 4
