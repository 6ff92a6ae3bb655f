"""The CRC-32 of a zipped OME-Zarr: which level looks at it, on which side, and what is said."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

import zarrlift as zl
from tests.functional.runs import assert_refused, in_process, write_sample, zarrlift
from zarrlift.errors import DocumentError

LEVELS = ("quick", "full", "decode")


@pytest.fixture(name="source")
def make_source(tmp_path: Path) -> Path:
    """The image that is lifted."""
    return write_sample(tmp_path / "old.zarr")


def with_other_sum(archive: Path, key: str) -> None:
    """State another CRC-32 for an entry than its bytes have, in the archive's directory."""
    held = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        at = opened.start_dir
        for info in opened.infolist():
            if info.filename == key:
                break
            lengths = struct.unpack_from("<3H", held, at + 28)
            at += 46 + sum(lengths)
    held[at + 16] ^= 1
    archive.write_bytes(bytes(held))


def with_other_byte(archive: Path, key: str) -> None:
    """Alter the last byte of an entry."""
    with zipfile.ZipFile(archive) as opened:
        info = opened.getinfo(key)
    held = bytearray(archive.read_bytes())
    at = info.header_offset
    lengths = int.from_bytes(held[at + 26 : at + 28], "little"), held[at + 28]
    held[at + 30 + sum(lengths) + info.file_size - 1] ^= 1
    archive.write_bytes(bytes(held))


def chunk_of(archive: Path) -> str:
    """Give the key of an entry that holds chunks."""
    with zipfile.ZipFile(archive) as opened:
        return next(name for name in opened.namelist() if "/c/" in name)


def sums(proof: zl.Verification) -> list[tuple[str, str]]:
    """Give path and severity of what was found of checksums."""
    return [(f.path, str(f.severity)) for f in proof.findings if f.rule == "entry-checksum"]


@pytest.mark.parametrize("level", LEVELS)
def test_checksum_of_a_zipped_target_is_checked(level: str, source: Path, tmp_path: Path) -> None:
    """A wrong one is an error that names the entry, above the quick level."""
    target = tmp_path / "new.ozx"
    zl.convert(source, target)
    key = chunk_of(target)
    with_other_sum(target, key)

    proof = zl.verify(source, target, level=level)

    assert proof.equal is (level == "quick")
    assert sums(proof) == ([] if level == "quick" else [(key, "error")])
    if level != "quick":
        assert all(str(target) in f.message and "CRC-32" in f.message for f in proof.findings)
    with zipfile.ZipFile(target) as opened:
        assert proof.entries == len(opened.namelist())


@pytest.mark.parametrize("level", LEVELS)
def test_checksum_of_a_zipped_source_is_checked(level: str, source: Path, tmp_path: Path) -> None:
    """Bytes that were altered within the archive arrive, and are told of, by verify and convert."""
    archive, target = tmp_path / "new.ozx", tmp_path / "again.zarr"
    zl.convert(source, archive, shards="none")
    key = next(k for k in zipfile.ZipFile(archive).namelist() if k.endswith("thumbnail.png"))
    with_other_byte(archive, key)

    report = zl.convert(archive, target, verify=level, shards="none")

    expected = [] if level == "quick" else [(key, "error")]
    assert report.verification is not None
    assert sums(report.verification) == expected
    assert report.finished is (level == "quick")
    if level == "quick":
        assert zl.verify(archive, target).equal
        assert sums(zl.verify(archive, target, level="full")) == [(key, "error")]


def test_checksum_of_what_was_decided_about_is_a_warning(source: Path, tmp_path: Path) -> None:
    """Damage that was left out as asked keeps no lift from its end."""
    archive = tmp_path / "new.ozx"
    zl.convert(source, archive)
    key = chunk_of(archive)
    with_other_byte(archive, key)

    report = zl.convert(archive, tmp_path / "again", verify="full", damaged="missing")

    assert report.finished
    assert report.verification is not None
    assert sums(report.verification) == [(key, "warning")]


def test_documents_are_always_checked(source: Path, tmp_path: Path) -> None:
    """A document that was altered is refused, also where it would be read without complaint."""
    good, bad = tmp_path / "good.ozx", tmp_path / "bad.ozx"
    zl.convert(source, good)
    bad.write_bytes(good.read_bytes())
    with_other_sum(bad, "0/zarr.json")

    assert_refused(zarrlift("convert", bad, tmp_path / "x.zarr"), "0/zarr.json", "CRC-32")
    with pytest.raises(DocumentError):
        zl.survey(bad)
    proof = zl.verify(source, bad)
    assert ("document-unreadable", "0") in [(f.rule, f.path) for f in proof.findings]
    assert not proof.equal


def test_report_says_what_was_not_checked(source: Path, tmp_path: Path) -> None:
    """The quick level says so; the others say how many; a folder needs no such words."""
    zl.convert(source, tmp_path / "new.ozx")
    zl.convert(source, tmp_path / "new.zarr")
    said = {
        (name, level): in_process("verify", source, tmp_path / name, "--level", level)
        for name in ("new.ozx", "new.zarr")
        for level in LEVELS
    }
    assert {ran.code for ran in said.values()} == {0}
    for (name, level), ran in said.items():
        proof, _, unchecked = ran.out.partition("Unchecked")
        assert ("CRC-32" in unchecked) is (name == "new.ozx" and level == "quick")
        assert ("CRC-32" in proof) is (name == "new.ozx" and level != "quick")
