"""Shards of a source whose index is not whole: what stops, what is left out, what proof says."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import google_crc32c
import pytest

import zarrlift as zl
from tests.build import Values, sample
from tests.build_v3 import Form, write_v3_array, write_v3_group
from tests.functional.runs import assert_refused, zarrlift
from tests.oracles import first_difference, tensorstore_values, zarr_values
from zarrlift.errors import DamageError

SHAPE = (5, 22, 30)
FORM = Form(chunks=(1, 4, 5), shards=(2, 8, 15))
SHARD = "0/c/1/1/0"
REGION = (slice(2, 4), slice(8, 16), slice(0, 15))
CHUNK = (2, 2, 1)
"""The second chunk of the shard."""
PART = (slice(2, 3), slice(8, 12), slice(5, 10))
SLOTS = 12
INDEX = 16 * SLOTS + 4
BYTES = 40
"""Of a chunk."""
LAYOUTS: dict[str, dict[str, Any]] = {
    "same": {"shards": "2,8,15"},
    "merged": {"shards": "4,16,30"},
    "split": {"shards": "1,4,15"},
    "askew": {"shards": "3,12,10"},
    "none": {"shards": "none"},
    "recoded": {"codec": "zstd:1", "shards": "4,16,30"},
    "rechunked": {"chunks": "2,5,7", "shards": "4,10,14"},
}
UNDECODED = ("same", "merged", "split", "askew", "none")


def flipped(held: bytes) -> bytes:
    """Flip a bit of the index."""
    return held[:-20] + bytes([held[-20] ^ 1]) + held[-19:]


def with_entry(slot: int, offset: int, length: int) -> Callable[[bytes], bytes]:
    """Give what changes one entry, the checksum being right."""

    def change(held: bytes) -> bytes:
        index = bytearray(held[-INDEX:-4])
        struct.pack_into("<2Q", index, 16 * slot, offset, length)
        crc = int(google_crc32c.value(bytes(index)))
        return held[:-INDEX] + bytes(index) + struct.pack("<I", crc)

    return change


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoilt:
    """A way for a shard to be damaged, and words of what is said of it."""

    id: str
    spoil: Callable[[bytes], bytes]
    says: str


WHOLE = (
    Spoilt(id="flipped", spoil=flipped, says="checksum"),
    Spoilt(id="cut", spoil=lambda d: d[:-9], says="checksum"),
    Spoilt(id="short", spoil=lambda d: d[:30], says="fewer than its index"),
    Spoilt(id="empty", spoil=lambda _: b"", says="holds 0 bytes"),
    Spoilt(id="front-lost", spoil=lambda d: d[50:], says="the data at"),
    Spoilt(id="overlap", spoil=with_entry(1, 5, BYTES), says="overlap"),
)
SINGLE = (
    Spoilt(id="offset", spoil=with_entry(1, 10**6, BYTES), says="beyond the data"),
    Spoilt(id="length", spoil=with_entry(1, BYTES, 10**6), says="beyond the data"),
    Spoilt(id="half-absent", spoil=with_entry(1, 2**64 - 1, BYTES), says="beyond the data"),
    Spoilt(id="within-index", spoil=with_entry(1, BYTES * SLOTS + 8, BYTES), says="beyond"),
)


def build(folder: Path, spoilt: Spoilt) -> Path:
    """Write a group that holds an array, one of whose shards is damaged; gives the shard."""
    write_v3_array(write_v3_group(folder) / "0", sample(SHAPE, "<u2"), FORM)
    shard = folder / SHARD
    shard.write_bytes(spoilt.spoil(shard.read_bytes()))
    return shard


def without(part: tuple[slice, ...]) -> Values:
    """Give the array's values, a part being fill."""
    values = sample(SHAPE, "<u2")
    values[part] = 0
    return values


def lift(folder: Path, layout: str, **wishes: Any) -> zl.Report:
    """Lift into a layout, all of it decoded by the proof unless said otherwise."""
    words = {"verify": "decode", **LAYOUTS[layout], **wishes}
    return zl.convert(folder / "old.zarr", folder / "new.zarr", plain_zarr=True, **words)


def each(spoilt: tuple[Spoilt, ...]) -> pytest.MarkDecorator:
    """Run a test for each damage."""
    return pytest.mark.parametrize("spoilt", spoilt, ids=[s.id for s in spoilt])


@each((*WHOLE, *SINGLE))
@pytest.mark.parametrize("wish", ["stop", "copy"])
@pytest.mark.parametrize("layout", ["merged", "recoded", "rechunked"])
def test_shard_that_is_not_whole_stops_the_lift(
    layout: str, wish: str, spoilt: Spoilt, tmp_path: Path
) -> None:
    """The error names array, shard and next step; what cannot be located is not copied either."""
    shard = build(tmp_path / "old.zarr", spoilt)

    with pytest.raises(DamageError) as caught:
        lift(tmp_path, layout, damaged=wish)

    assert caught.value.place == str(shard)
    assert "array 0, shard c/1/1/0" in caught.value.message
    assert spoilt.says in caught.value.message
    assert "--damaged missing" in str(caught.value.hint)
    assert not list((tmp_path / "new.zarr").rglob("zarr.json"))


@each(WHOLE)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_shard_is_left_out_when_asked(layout: str, spoilt: Spoilt, tmp_path: Path) -> None:
    """Its chunks read as fill, all others are whole; one finding; and the proof agrees."""
    build(tmp_path / "old.zarr", spoilt)

    report = lift(tmp_path, layout, damaged="missing")

    (found,) = report.findings
    assert (found.rule, found.severity, found.path) == ("shard-damaged", "error", "0")
    assert f"shard {SHARD} " in found.message
    assert spoilt.says in found.message
    assert "elements 2:4,8:16,0:15 " in found.message
    assert report.damaged == 1
    assert report.finished
    for read in (zarr_values, tensorstore_values):
        assert first_difference(without(REGION), read(tmp_path / "new.zarr" / "0")) is None
    assert_known(zl.verify(tmp_path / "old.zarr", tmp_path / "new.zarr", level="full"))
    assert report.verification is not None
    assert_known(report.verification)


def assert_known(proof: zl.Verification) -> None:
    """Assert that a proof finds nothing but the shard that is known, which it names."""
    assert proof.equal
    assert {f.severity for f in proof.findings} == {"warning"}
    assert {f.rule for f in proof.findings} <= {"shard-damaged", "chunk-damaged"}
    (shard,) = [f for f in proof.findings if f.rule == "shard-damaged"]
    assert SHARD in shard.message
    assert shard.path == "0"


@each(SINGLE)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_entry_that_lies_beyond_is_one_chunk(layout: str, spoilt: Spoilt, tmp_path: Path) -> None:
    """Where the checksum is right, only the chunk whose entry is wrong is lost."""
    build(tmp_path / "old.zarr", spoilt)

    report = lift(tmp_path, layout, damaged="missing")

    (found,) = report.findings
    assert (found.rule, found.severity, found.path) == ("chunk-damaged", "error", "0")
    assert found.chunk == CHUNK
    assert SHARD in found.message
    assert report.finished
    assert first_difference(without(PART), zarr_values(tmp_path / "new.zarr" / "0")) is None
    proof = zl.verify(tmp_path / "old.zarr", tmp_path / "new.zarr", level="full")
    assert proof.equal
    assert {(f.rule, str(f.severity)) for f in proof.findings} == {("chunk-damaged", "warning")}


def test_entry_beyond_without_a_checksum_is_the_whole_shard(tmp_path: Path) -> None:
    """An index that nothing vouches for is not trusted where one of its entries is wrong."""
    form = replace(FORM, checksum=False)
    write_v3_array(write_v3_group(tmp_path / "old.zarr") / "0", sample(SHAPE, "<u2"), form)
    shard = tmp_path / "old.zarr" / SHARD
    held = bytearray(shard.read_bytes())
    struct.pack_into("<Q", held, len(held) - 16 * SLOTS + 16, 10**6)
    shard.write_bytes(bytes(held))

    report = lift(tmp_path, "merged", damaged="missing")

    assert [f.rule for f in report.findings] == ["shard-damaged"]
    assert first_difference(without(REGION), zarr_values(tmp_path / "new.zarr" / "0")) is None


def test_end_cut_off_behind_the_index_loses_the_last_chunks(tmp_path: Path) -> None:
    """With the index at the start, chunks that are still there are taken over."""
    form = replace(FORM, at_start=True)
    write_v3_array(write_v3_group(tmp_path / "old.zarr") / "0", sample(SHAPE, "<u2"), form)
    shard = tmp_path / "old.zarr" / SHARD
    shard.write_bytes(shard.read_bytes()[: -2 * BYTES + 1])

    report = lift(tmp_path, "split", damaged="missing")

    assert [f.chunk for f in report.findings] == [(3, 3, 1), (3, 3, 2)]
    lost = (slice(3, 4), slice(12, 16), slice(5, 15))
    assert first_difference(without(lost), zarr_values(tmp_path / "new.zarr" / "0")) is None


def test_turned_shard_names_the_right_chunk(tmp_path: Path) -> None:
    """With axes transposed before the shard, the place in its index is turned back."""
    form = replace(FORM, before=(2, 0, 1))
    write_v3_array(write_v3_group(tmp_path / "old.zarr") / "0", sample(SHAPE, "<u2"), form)
    shard = tmp_path / "old.zarr" / SHARD
    shard.write_bytes(with_entry(1, 10**6, BYTES)(shard.read_bytes()))

    report = lift(tmp_path, "split", damaged="missing")

    assert [f.chunk for f in report.findings] == [(2, 3, 0)]
    lost = (slice(2, 3), slice(12, 16), slice(0, 5))
    assert first_difference(without(lost), zarr_values(tmp_path / "new.zarr" / "0")) is None


@pytest.mark.parametrize("layout", LAYOUTS)
def test_damage_after_the_lift_is_no_fault_of_the_target(layout: str, tmp_path: Path) -> None:
    """A target that was whole is not called wrong for what its source has lost since."""
    source = tmp_path / "old.zarr"
    write_v3_array(write_v3_group(source) / "0", sample(SHAPE, "<u2"), FORM)
    lift(tmp_path, layout)
    (source / SHARD).write_bytes(flipped((source / SHARD).read_bytes()))

    for level in ("quick", "full", "decode"):
        assert_known(zl.verify(source, tmp_path / "new.zarr", level=level))


@pytest.mark.parametrize(
    ("layout", "shard"),
    [("same", SHARD), ("split", "0/c/2/2/0"), ("recoded", "0/c/0/0/0"), ("rechunked", "0/c/0/0/0")],
)
def test_index_of_the_target_is_checked_all_the_same(
    layout: str, shard: str, tmp_path: Path
) -> None:
    """Where the source cannot say what belongs in a shard, the shard must still be one."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    write_v3_array(write_v3_group(source) / "0", sample(SHAPE, "<u2"), FORM)
    lift(tmp_path, layout, **({"shards": "2,8,15"} if layout == "recoded" else {}))
    for name in (SHARD, "0/c/0/0/0", "0/c/1/0/0", "0/c/0/1/0"):
        (source / name).write_bytes(flipped((source / name).read_bytes()))
    (target / shard).write_bytes(flipped((target / shard).read_bytes()))

    proof = zl.verify(source, target)

    wrong = [f for f in proof.findings if f.severity == "error"]
    assert [f.rule for f in wrong] == ["shard-index"]
    assert shard in wrong[0].message


@pytest.mark.parametrize("layout", UNDECODED)
def test_other_chunks_are_compared_all_the_same(layout: str, tmp_path: Path) -> None:
    """A damaged shard hides no difference elsewhere."""
    build(tmp_path / "old.zarr", WHOLE[0])
    lift(tmp_path, layout, damaged="missing")
    victim = min(p for p in (tmp_path / "new.zarr" / "0" / "c").rglob("*") if p.is_file())
    victim.write_bytes(bytes([victim.read_bytes()[0] ^ 1]) + victim.read_bytes()[1:])

    proof = zl.verify(tmp_path / "old.zarr", tmp_path / "new.zarr", level="full")

    assert [f.rule for f in proof.findings if f.severity == "error"] == ["chunk-differs"]


def test_shard_lost_is_told_once_by_many_processes(tmp_path: Path) -> None:
    """Each process reads the shard for its own objects; the report has it once."""
    build(tmp_path / "old.zarr", WHOLE[0])
    words = ("convert", tmp_path / "old.zarr", tmp_path / "new.zarr", "--plain-zarr")
    refused = zarrlift(*words, "--workers", "3", "--shards", "1,4,15")
    assert_refused(refused, "array 0, shard c/1/1/0", SHARD, "--damaged missing")

    ran = zarrlift(
        *words, "--workers", "3", "--shards", "1,4,15", "--damaged", "missing", "--overwrite",
        "--yes",
    )  # fmt: skip

    assert ran.code == 0, ran.said
    assert ran.out.count("shard-damaged") == 2, "once by the lift, once by its proof"
    assert "Keep the source" in ran.out


def test_lift_without_a_shard_continues(tmp_path: Path) -> None:
    """A second run of the same command finds the lift finished, and says so."""
    build(tmp_path / "old.zarr", WHOLE[0])
    lift(tmp_path, "merged", damaged="missing")

    again = lift(tmp_path, "merged", damaged="missing")

    assert again.already
    assert again.finished


@pytest.mark.parametrize("wish", ["stop", "missing"])
def test_plan_counts_without_a_shard(wish: str, tmp_path: Path) -> None:
    """Counting stops where the lift would, and passes over what the lift would leave out."""
    build(tmp_path / "old.zarr", WHOLE[0])
    ran = zarrlift(
        "plan", tmp_path / "old.zarr", tmp_path / "new.zarr", "--plain-zarr", "--count",
        "--damaged", wish,
    )  # fmt: skip

    assert ran.code == (0 if wish == "missing" else 3), ran.said
