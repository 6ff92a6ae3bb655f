"""Damage done to a finished target's data: every kind is found, and named."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import google_crc32c
import numpy as np
import pytest

import zarrlift as zl
from tests.build import sample, write_array, write_file, write_group
from tests.build_ome import label_of, write_image, write_labels

SHARD = "0/c/0/0/0/0/1"
"""A shard of sixteen chunks of 32 bytes, none compressed."""
SLOTS = 16
INDEX = 16 * SLOTS + 4
RECODED = "labels/cells/0/c/0/0/0/0/0"
COPIED = "table/c/1/2"


@pytest.fixture(scope="module", name="lifted")
def make_lifted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source and its whole target."""
    folder = tmp_path_factory.mktemp("damage")
    source = folder / "source.zarr"
    values = sample((1, 1, 1, 32, 32), "<u2")
    values[..., 16:, 16:] = 0
    write_image(source, [values], compressor=None, missing="empty")
    zlib = {"id": "zlib", "level": 1}
    write_labels(source, {"cells": [label_of(values + 1)]}, compressor=zlib)
    write_array(source / "table", sample((12, 12), "<f4"), chunks=(4, 4), compressor=None)
    write_group(source / "vendor", {"made": "2021-03-04"})
    write_file(source / "notes" / "README.md", b"# the experiment\n")
    assert zl.convert(source, folder / "target.zarr", shards="y=16,x=16", verify="full").finished
    return folder


def index_of(shard: bytes) -> list[tuple[int, int]]:
    """Give offset and length of each chunk."""
    numbers = struct.unpack(f"<{2 * SLOTS}Q", shard[-INDEX:-4])
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def with_index(path: Path, entries: list[tuple[int, int]]) -> None:
    """Give a shard another index, with its right checksum."""
    packed = struct.pack(f"<{2 * SLOTS}Q", *(n for entry in entries for n in entry))
    checksum = struct.pack("<I", google_crc32c.value(packed))
    path.write_bytes(path.read_bytes()[:-INDEX] + packed + checksum)


def flip(path: Path, at: int) -> None:
    """Change one bit."""
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def swap_entries(target: Path) -> None:
    """Let two chunks of one shard take each other's place."""
    entries = index_of((target / SHARD).read_bytes())
    entries[2], entries[9] = entries[9], entries[2]
    with_index(target / SHARD, entries)


def lose_entry(target: Path) -> None:
    """Let a shard say that it has no such chunk."""
    entries = index_of((target / SHARD).read_bytes())
    entries[5] = (2**64 - 1, 2**64 - 1)
    with_index(target / SHARD, entries)


def shorten_entry(target: Path) -> None:
    """Let a shard say that a chunk is shorter than it is."""
    entries = index_of((target / SHARD).read_bytes())
    entries[5] = (entries[5][0], entries[5][1] - 2)
    with_index(target / SHARD, entries)


def overlap_entries(target: Path) -> None:
    """Let two chunks of a shard share their bytes."""
    entries = index_of((target / SHARD).read_bytes())
    entries[5] = entries[6]
    with_index(target / SHARD, entries)


def point_outside(target: Path) -> None:
    """Let a chunk lie beyond the end of its shard."""
    entries = index_of((target / SHARD).read_bytes())
    entries[5] = (10**6, 32)
    with_index(target / SHARD, entries)


def swap_objects(target: Path) -> None:
    """Let two unsharded chunks take each other's place."""
    one, other = target / COPIED, target / "table/c/0/0"
    held = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(held)


def copy_to(key: str) -> Callable[[Path], object]:
    """Give what puts a copy of the shard under another key."""
    return lambda target: write_file(target / key, (target / SHARD).read_bytes())


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A way for a target to be damaged, and what is said of it."""

    id: str
    spoil: Callable[[Path], object]
    rule: str
    path: str
    says: tuple[str, ...]
    """What the finding's message names."""
    chunk: tuple[int, ...] | None = None
    level: str = "quick"
    """The first level at which it must be found."""


DAMAGES = (
    Damage(
        id="shard-cut-short",
        spoil=lambda t: os.truncate(t / SHARD, (t / SHARD).stat().st_size - 1),
        rule="shard-index",
        path="0",
        says=(SHARD, f"{32 * SLOTS + INDEX - 1} bytes"),
    ),
    Damage(
        id="shard-empty",
        spoil=lambda t: os.truncate(t / SHARD, 0),
        rule="shard-index",
        path="0",
        says=(SHARD, "0 bytes"),
    ),
    Damage(
        id="shard-cut-in-half",
        spoil=lambda t: os.truncate(t / SHARD, 300),
        rule="shard-index",
        path="0",
        says=(SHARD, "300 bytes"),
    ),
    Damage(
        id="shard-lengthened",
        spoil=lambda t: write_file(t / SHARD, (t / SHARD).read_bytes() + bytes(8)),
        rule="shard-index",
        path="0",
        says=(SHARD,),
    ),
    Damage(
        id="byte-in-index",
        spoil=lambda t: flip(t / SHARD, -20),
        rule="shard-index",
        path="0",
        says=(SHARD, "checksum"),
    ),
    Damage(
        id="byte-in-checksum",
        spoil=lambda t: flip(t / SHARD, -1),
        rule="shard-index",
        path="0",
        says=(SHARD, "checksum"),
    ),
    Damage(
        id="byte-in-chunk",
        spoil=lambda t: flip(t / SHARD, 5 * 32 + 7),
        rule="chunk-differs",
        path="0",
        says=(SHARD, "offset 160", "byte 7"),
        chunk=(0, 0, 0, 1, 5),
        level="full",
    ),
    Damage(
        id="chunks-swapped",
        spoil=swap_entries,
        rule="chunk-differs",
        path="0",
        says=(SHARD, "offset 288"),
        chunk=(0, 0, 0, 0, 6),
        level="full",
    ),
    Damage(
        id="chunk-lost",
        spoil=lose_entry,
        rule="chunk-missing",
        path="0",
        says=(SHARD,),
        chunk=(0, 0, 0, 1, 5),
    ),
    Damage(
        id="chunk-shortened",
        spoil=shorten_entry,
        rule="chunk-length",
        path="0",
        says=(SHARD, "offset 160", "30 bytes", "32"),
        chunk=(0, 0, 0, 1, 5),
    ),
    Damage(
        id="chunks-overlap",
        spoil=overlap_entries,
        rule="shard-index",
        path="0",
        says=(SHARD, "overlap"),
    ),
    Damage(
        id="chunk-beyond-the-end",
        spoil=point_outside,
        rule="shard-index",
        path="0",
        says=(SHARD,),
    ),
    Damage(
        id="shard-deleted",
        spoil=lambda t: (t / SHARD).unlink(),
        rule="object-missing",
        path="0",
        says=(SHARD, "16 chunks"),
        chunk=(0, 0, 0, 0, 4),
    ),
    Damage(
        id="shard-where-source-has-none",
        spoil=copy_to("0/c/0/0/0/1/1"),
        rule="object-stray",
        path="0",
        says=("0/c/0/0/0/1/1",),
    ),
    Damage(
        id="shard-outside-the-shape",
        spoil=copy_to("0/c/0/0/0/2/0"),
        rule="object-stray",
        path="0",
        says=("0/c/0/0/0/2/0",),
    ),
    Damage(
        id="file-within-an-array",
        spoil=copy_to("0/left-behind.bin"),
        rule="object-stray",
        path="0",
        says=("0/left-behind.bin",),
    ),
    Damage(
        id="file-among-the-objects",
        spoil=copy_to("0/c/0/0/left-behind.bin"),
        rule="object-stray",
        path="0",
        says=("0/c/0/0/left-behind.bin",),
    ),
    Damage(
        id="object-cut-short",
        spoil=lambda t: os.truncate(t / COPIED, 63),
        rule="chunk-length",
        path="table",
        says=(COPIED, "63 bytes", "64"),
        chunk=(1, 2),
    ),
    Damage(
        id="object-deleted",
        spoil=lambda t: (t / COPIED).unlink(),
        rule="object-missing",
        path="table",
        says=(COPIED,),
        chunk=(1, 2),
    ),
    Damage(
        id="objects-swapped",
        spoil=swap_objects,
        rule="chunk-differs",
        path="table",
        says=(COPIED,),
        chunk=(1, 2),
        level="full",
    ),
    Damage(
        id="recoded-shard-cut-short",
        spoil=lambda t: os.truncate(t / RECODED, (t / RECODED).stat().st_size - 1),
        rule="shard-index",
        path="labels/cells/0",
        says=(RECODED,),
    ),
    Damage(
        id="recoded-byte-in-chunk",
        spoil=lambda t: flip(t / RECODED, 20),
        rule="chunk-undecodable",
        path="labels/cells/0",
        says=(RECODED, "in the target"),
        chunk=(0, 0, 0, 0, 0),
        level="full",
    ),
    Damage(
        id="recoded-shard-deleted",
        spoil=lambda t: (t / RECODED).unlink(),
        rule="chunk-missing",
        path="labels/cells/0",
        says=(RECODED,),
        chunk=(0, 0, 0, 0, 0),
    ),
)


@pytest.mark.parametrize("level", ["quick", "full", "decode"])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.id)
def test_damage_is_found_and_named(
    damage: Damage, level: str, lifted: Path, tmp_path: Path
) -> None:
    """Each damage is found from its level on, with array, chunk, shard and offset where it lies."""
    target = shutil.copytree(lifted / "target.zarr", tmp_path / "target.zarr")
    damage.spoil(target)

    proof = zl.verify(lifted / "source.zarr", target, level=level)

    if level == "quick" != damage.level:
        assert proof.equal or {f.path for f in proof.findings} == {damage.path}
        return
    assert not proof.equal
    (found, *_) = [f for f in proof.findings if (f.rule, f.chunk) == (damage.rule, damage.chunk)]
    assert found.severity == "error"
    assert {f.path for f in proof.findings} == {damage.path}
    assert [part for part in damage.says if part not in found.message] == []


def test_every_flipped_byte_of_a_shard_is_found(lifted: Path, tmp_path: Path) -> None:
    """No byte of a shard, in chunks, index or checksum, can change without being found."""
    target = shutil.copytree(lifted / "target.zarr", tmp_path / "target.zarr")
    size = (target / SHARD).stat().st_size

    for at in np.random.default_rng(0).choice(size, 40, replace=False):
        flip(target / SHARD, int(at))
        assert not zl.verify(lifted / "source.zarr", target, level="full").equal, at
        flip(target / SHARD, int(at))
    assert zl.verify(lifted / "source.zarr", target, level="full").equal


def test_damage_that_is_the_source_own_is_found_by_decoding(tmp_path: Path) -> None:
    """A chunk that came damaged equals its source byte for byte; decoding it tells."""
    source, target = tmp_path / "source.zarr", tmp_path / "target.zarr"
    storage = {"id": "gzip", "level": 1}
    write_image(source, [sample((1, 1, 1, 8, 8), "<u2")], compressor=storage)
    flip(source / "0/0/0/0/1/0", 25)
    zl.convert(source, target)

    assert zl.verify(source, target, level="full").equal
    proof = zl.verify(source, target, level="decode")

    (found,) = proof.findings
    assert (found.rule, found.path, found.chunk) == ("chunk-undecodable", "0", (0, 0, 0, 1, 0))
    assert not proof.equal
