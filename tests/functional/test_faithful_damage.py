"""Damaged chunks: what stops a lift, what is healed, and what the report says of the others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import zarrlift as zl
from tests.build import BLOSC, sample, write_array, write_group
from tests.build_ome import write_image
from tests.damage import CHUNKS, DAMAGES, SHAPE, Damage
from tests.frames import blosc_snappy
from tests.oracles import (
    Values,
    assert_same_voxels,
    first_difference,
    tensorstore_values,
    zarr_values,
)
from zarrlift.errors import DamageError
from zarrlift.report.documents import report_to_json

LOST = [damage for damage in DAMAGES if damage.outcome == "finding"]
each_lost = pytest.mark.parametrize("damage", LOST, ids=[damage.id for damage in LOST])
HEALED = [damage for damage in DAMAGES if damage.outcome == "heals"]
each_healed = pytest.mark.parametrize("damage", HEALED, ids=[damage.id for damage in HEALED])
SILENT = [damage for damage in DAMAGES if damage.outcome == "silent"]
each_silent = pytest.mark.parametrize("damage", SILENT, ids=[damage.id for damage in SILENT])
each_way = pytest.mark.parametrize("shards", ["auto", "none"])


def values_without(damage: Damage) -> Values:
    """Give the values of a damage's array, the damaged chunk being fill."""
    values = sample(SHAPE, damage.dtype)
    row, column = damage.chunk
    height, width = CHUNKS
    values[row * height : (row + 1) * height, column * width : (column + 1) * width] = 0
    return values


def damage_findings(report: zl.Report) -> list[tuple[str, str, tuple[int, ...] | None]]:
    """Give severity, path and chunk of the report's findings of damage."""
    found = [f for f in report.findings if f.rule == "chunk-damaged"]
    return [(str(f.severity), f.path, f.chunk) for f in found]


@each_lost
@each_way
def test_damaged_chunk_stops_the_lift(damage: Damage, shards: str, tmp_path: Path) -> None:
    """A chunk that is not whole stops the lift, naming chunk, file, next step; no target opens."""
    chunk = damage.build(tmp_path / "old.zarr")
    with pytest.raises(DamageError) as caught:
        zl.convert(tmp_path / "old.zarr", tmp_path / "new.zarr", shards=shards)
    error = caught.value
    assert error.exit_code == 3
    assert error.place == str(chunk)
    assert f"chunk {','.join(map(str, damage.chunk))}:" in error.message
    assert "--damaged" in str(error.hint)
    assert list((tmp_path / "new.zarr").rglob("zarr.json")) == []


@each_lost
@each_way
def test_damaged_chunk_is_left_out_when_asked(damage: Damage, shards: str, tmp_path: Path) -> None:
    """With `missing` the chunk reads as fill, all others are whole, and the report counts one."""
    damage.build(tmp_path / "old.zarr")
    report = zl.convert(
        tmp_path / "old.zarr", tmp_path / "new.zarr", shards=shards, damaged="missing"
    )
    assert report.finished
    assert report.damaged == 1
    assert damage_findings(report) == [("error", "0", damage.chunk)]
    for read in (zarr_values, tensorstore_values):
        found = read(tmp_path / "new.zarr" / "0")
        assert first_difference(values_without(damage), found) is None


@each_lost
@each_way
def test_damaged_chunk_is_copied_when_asked(damage: Damage, shards: str, tmp_path: Path) -> None:
    """With `copy` the chunk's bytes arrive as they are, and the report counts one."""
    chunk = damage.build(tmp_path / "old.zarr")
    report = zl.convert(tmp_path / "old.zarr", tmp_path / "new.zarr", shards=shards, damaged="copy")
    assert report.finished
    assert report.damaged == 1
    assert damage_findings(report) == [("error", "0", damage.chunk)]
    stored = tmp_path / "new.zarr" / "0" / "c"
    if shards == "none":
        assert (stored / "/".join(map(str, damage.chunk))).read_bytes() == chunk.read_bytes()
        return
    shard = (stored / "0" / "0").read_bytes()
    index = np.frombuffer(shard[-(16 * 9 + 4) : -4], "<u8").reshape(3, 3, 2)
    offset, length = (int(n) for n in index[damage.chunk])
    assert shard[offset : offset + length] == chunk.read_bytes()


@each_healed
@pytest.mark.parametrize(
    ("wish", "shards"),
    [("stop", "auto"), ("stop", "none"), ("copy", "auto"), ("missing", "auto")],
)
def test_chunk_that_decodes_is_healed(
    damage: Damage, wish: str, shards: str, tmp_path: Path
) -> None:
    """A chunk that decodes in spite of its envelope is encoded anew, no value lost, and noted."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    damage.build(source)
    report = zl.convert(source, target, shards=shards, damaged=wish, verify="decode")
    assert report.finished
    assert report.damaged == 0
    notes = [f for f in report.findings if f.rule == "chunk-reencoded"]
    assert [(f.severity, f.path, f.chunk) for f in notes] == [("note", "0", damage.chunk)]
    assert_same_voxels(source / "0", target / "0")


@each_silent
def test_damage_behind_a_whole_envelope_passes_as_it_is(damage: Damage, tmp_path: Path) -> None:
    """A flipped bit that no envelope shows arrives unchanged, and its bytes are found equal."""
    damage.build(tmp_path / "old.zarr")
    report = zl.convert(tmp_path / "old.zarr", tmp_path / "new.zarr", verify="full")
    assert report.finished
    assert report.findings == ()


def test_decoding_proof_names_a_chunk_that_does_not_decode(tmp_path: Path) -> None:
    """Verification at level decode finds the flipped bit that gzip's own checksum tells."""
    damage = next(d for d in DAMAGES if d.id == "gzip-flipped-bit")
    damage.build(tmp_path / "old.zarr")
    zl.convert(tmp_path / "old.zarr", tmp_path / "new.zarr")
    proof = zl.verify(tmp_path / "old.zarr", tmp_path / "new.zarr", level="decode")
    assert not proof.equal
    assert [(f.rule, f.path, f.chunk) for f in proof.findings] == [
        ("chunk-undecodable", "0", damage.chunk)
    ]


@pytest.mark.parametrize("wish", ["copy", "missing"])
def test_report_counts_every_damaged_chunk(wish: str, tmp_path: Path) -> None:
    """The report names each damaged chunk of each array, and its JSON lists them too."""
    source = write_image(
        tmp_path / "old.zarr", [sample((20, 40), "<u2")], axes="yx", chunks=(8, 16)
    )
    write_array(write_group(source / "more") / "raw", sample((6,), "|u1"), chunks=(2,))
    for key in ("0/0/0", "0/1/2", "0/2/1", "more/raw/1"):
        (source / key).write_bytes(b"")
    report = zl.convert(source, tmp_path / "new.zarr", damaged=wish)
    expected = [("0", [0, 0]), ("0", [1, 2]), ("0", [2, 1]), ("more/raw", [1])]
    document = json.loads(json.dumps(report_to_json(report)))
    listed = [(f["path"], f["chunk"]) for f in document["findings"]]
    assert report.damaged == 4
    assert sorted(listed) == expected


@pytest.mark.parametrize(
    "storage",
    [
        pytest.param({"compressor": {"id": "zlib", "level": 1}}, id="zlib"),
        pytest.param({"compressor": {"id": "lz4", "acceleration": 1}}, id="lz4"),
        pytest.param({"filters": [{"id": "crc32"}]}, id="crc32"),
    ],
)
@pytest.mark.parametrize("wish", ["copy", "missing"])
def test_damaged_chunk_of_a_recoded_array_is_left_out(
    storage: dict[str, object], wish: str, tmp_path: Path
) -> None:
    """Where a chunk must be decoded and does not, it is left out even where copying was asked."""
    source = tmp_path / "old.zarr"
    values = sample(SHAPE, "<u2")
    write_image(source, [values], axes="yx", chunks=CHUNKS, **storage)  # type: ignore[arg-type]
    chunk = source / "0" / "1" / "1"
    chunk.write_bytes(chunk.read_bytes()[:-9])
    report = zl.convert(source, tmp_path / "new.zarr", damaged=wish)
    assert damage_findings(report) == [("error", "0", (1, 1))]
    values[8:16, 16:32] = 0
    assert first_difference(values, zarr_values(tmp_path / "new.zarr" / "0")) is None


def rechunked(wish: str, folder: Path) -> zl.Report:
    """Lift an image with a damaged chunk into other chunks, four of whose shards touch it."""
    damage = next(d for d in DAMAGES if d.id == "blosc-cut-short")
    damage.build(folder / "old.zarr")
    layout = {"chunks": (5, 10), "shards": (10, 20)}
    return zl.convert(folder / "old.zarr", folder / "new.zarr", damaged=wish, **layout)  # type: ignore[arg-type]


def test_damaged_chunk_stops_rechunking(tmp_path: Path) -> None:
    """A chunk that does not decode stops rechunking, with its index and its array."""
    with pytest.raises(DamageError, match="chunk 1,1") as caught:
        rechunked("stop", tmp_path)
    assert str(tmp_path / "old.zarr" / "0") in str(caught.value.place)


@pytest.mark.parametrize("wish", ["copy", "missing"])
def test_damaged_chunk_is_left_out_of_all_new_ones(wish: str, tmp_path: Path) -> None:
    """Where chunks are made anew a damaged one reads as fill, and all pixels around it are kept."""
    report = rechunked(wish, tmp_path)
    assert report.finished
    assert set(damage_findings(report)) == {("error", "0", (1, 1))}
    expected = values_without(next(d for d in DAMAGES if d.id == "blosc-cut-short"))
    assert first_difference(expected, zarr_values(tmp_path / "new.zarr" / "0")) is None


def test_damaged_chunk_is_counted_once_when_rechunking(tmp_path: Path) -> None:
    """A damaged chunk that four new shards would have needed is one damaged chunk, of nine."""
    report = rechunked("missing", tmp_path)
    assert (report.damaged, report.chunks) == (1, 9)


def test_lift_goes_on_once_the_chunk_is_mended(tmp_path: Path) -> None:
    """After a stop, the same call with the chunk mended takes up the work and ends it."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    sound = sample(SHAPE, "<u2")
    write_image(source, [sound], axes="yx", chunks=CHUNKS)
    chunk = source / "0" / "2" / "2"
    whole = chunk.read_bytes()
    chunk.write_bytes(whole[:20])
    with pytest.raises(DamageError):
        zl.convert(source, target, shards="none")
    chunk.write_bytes(whole)
    report = zl.convert(source, target, shards="none")
    assert report.finished
    assert report.resumed
    assert first_difference(sound, zarr_values(target / "0")) is None


def test_snappy_chunk_is_no_reason_to_lose_the_others(tmp_path: Path) -> None:
    """Of chunks that only snappy's own library decodes, each is left out and named when asked."""
    snappy = {**BLOSC, "cname": "snappy"}
    source = tmp_path / "old.zarr"
    write_image(
        source,
        [sample(SHAPE, "<u2")],
        axes="yx",
        chunks=CHUNKS,
        compressor=snappy,
        encode=blosc_snappy,
    )
    report = zl.convert(source, tmp_path / "new.zarr", damaged="missing")
    assert report.damaged == 9
    assert not (tmp_path / "new.zarr" / "0" / "c").exists()
