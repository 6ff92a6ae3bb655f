"""Zipped OME-Zarr (`.ozx`) as target and as source."""

from __future__ import annotations

import json
import shutil
import signal
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import zarr

import zarrlift as zl
from tests.functional.runs import (
    assert_refused,
    in_process,
    struck,
    tree,
    write_sample,
    zarrlift,
)
from tests.oracles import first_difference, zarr_values
from zarrlift.demo.write import Kind
from zarrlift.errors import SourceError, TargetError


@pytest.fixture(name="source")
def make_source(tmp_path: Path) -> Path:
    """The image that is lifted."""
    return write_sample(tmp_path / "old.zarr")


def unzipped(archive: Path, folder: Path) -> Path:
    """Unzip an archive by another program's eyes."""
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        opened.extractall(folder)
    return folder


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("shards", ["auto", "none"])
def test_archive_holds_what_the_folder_would(kind: Kind, shards: str, tmp_path: Path) -> None:
    """File for file; and a folder made from the archive is the same again."""
    zl.demo(tmp_path / "old", kind=kind, size="1MiB")
    zl.convert(tmp_path / "old", tmp_path / "new", shards=shards)
    report = zl.convert(tmp_path / "old", tmp_path / "new.ozx", shards=shards)
    back = zl.convert(tmp_path / "new.ozx", tmp_path / "back", shards=shards, verify="decode")

    assert report.finished
    assert back.finished
    assert tree(unzipped(tmp_path / "new.ozx", tmp_path / "unzipped")) == tree(tmp_path / "new")
    assert tree(tmp_path / "back") == tree(tmp_path / "new")
    assert sorted(p.name for p in tmp_path.glob("new.ozx*")) == ["new.ozx"]
    assert zl.verify(tmp_path / "old", tmp_path / "new.ozx", level="decode").equal


def test_archive_keeps_the_rules(source: Path, tmp_path: Path) -> None:
    """RFC-9: stored members, the root's document first, then the others by depth; a comment."""
    zl.convert(source, tmp_path / "new.ozx", ome_version="0.6")
    with zipfile.ZipFile(tmp_path / "new.ozx") as opened:
        members = opened.infolist()
        comment = json.loads(opened.comment)
    names = [m.filename for m in members]
    documents = [n for n in names if n.endswith("zarr.json")]

    assert {m.compress_type for m in members} == {zipfile.ZIP_STORED}
    assert names[0] == "zarr.json"
    assert names[: len(documents)] == documents
    assert [n.count("/") for n in documents] == sorted(n.count("/") for n in documents)
    assert [m.header_offset for m in members] == sorted(m.header_offset for m in members)
    assert comment["ome"]["version"] == "0.6"


def test_archive_opens_in_another_reader(source: Path, tmp_path: Path) -> None:
    """zarr-python reads from the archive what it reads from the folder."""
    zl.convert(source, tmp_path / "new")
    zl.convert(source, tmp_path / "new.ozx")
    store = zarr.storage.ZipStore(tmp_path / "new.ozx", mode="r")
    values = np.asarray(zarr.open_array(store=store, path="0", mode="r")[...])

    assert first_difference(zarr_values(tmp_path / "new" / "0"), values) is None


def test_same_data_gives_the_same_archive(source: Path, tmp_path: Path) -> None:
    """No time, no order of workers in it."""
    for name, workers in (("one", "1"), ("three", "3")):
        ran = zarrlift("convert", source, tmp_path / f"{name}.ozx", "--workers", workers)
        assert ran.code == 0, ran.said

    assert (tmp_path / "one.ozx").read_bytes() == (tmp_path / "three.ozx").read_bytes()


@pytest.mark.parametrize("part", [0.3, 0.7, 0.85, 0.9, 0.95, 0.99, 0.999])
def test_killed_anywhere_and_run_again(part: float, source: Path, tmp_path: Path) -> None:
    """Until the end there is no archive under its name; then there is all of it."""
    whole, target = tmp_path / "whole.ozx", tmp_path / "new.ozx"
    ran = struck(tmp_path, 0, signal.SIGKILL, "convert", source, whole)
    touches = int(ran.err.rpartition("touches ")[2])

    ran = struck(tmp_path, int(touches * part), signal.SIGKILL, "convert", source, target)
    assert ran.code == -signal.SIGKILL, ran.said
    assert not target.exists() or target.read_bytes() == whole.read_bytes()
    again = zarrlift("convert", source, target)

    assert again.code == 0, again.said
    assert target.read_bytes() == whole.read_bytes()
    assert not (tmp_path / "new.ozx.parts").exists()


def test_folder_that_is_not_ours_is_never_removed(source: Path, tmp_path: Path) -> None:
    """A folder named as ours would be stays, whether the archive is there or not."""
    parts, target = tmp_path / "new.ozx.parts", tmp_path / "new.ozx"
    zl.convert(source, parts)
    (parts / "mine.txt").write_text("mine")
    with pytest.raises(TargetError, match=r"mine\.txt"):
        zl.convert(source, target)
    assert (parts / "mine.txt").read_text() == "mine"
    assert not target.exists()

    (parts / "mine.txt").rename(tmp_path / "mine.txt")
    zl.convert(source, target)
    parts.mkdir()
    (parts / "mine.txt").write_text("mine")
    assert zl.convert(source, target).finished
    assert (parts / "mine.txt").read_text() == "mine"


def test_archive_stays_until_the_new_one_is_whole(source: Path, tmp_path: Path) -> None:
    """A lift that fails on its way loses nothing, though it was told to replace the archive."""
    target = tmp_path / "new.ozx"
    zl.convert(source, target)
    before = target.read_bytes()
    chunk = next(p for p in (source / "0").rglob("*") if p.is_file() and p.name.isdigit())
    chunk.write_bytes(chunk.read_bytes()[:-1])

    with pytest.raises(SourceError):
        zl.convert(source, target, overwrite=True)

    assert target.read_bytes() == before


def test_finished_archive_is_confirmed(source: Path, tmp_path: Path) -> None:
    """The same command says that it is done, and exits 1 where the archive is not what it was."""
    target = tmp_path / "new.ozx"
    zl.convert(source, target)
    done = in_process("convert", source, target)
    assert done.code == 0, done.said
    assert "Already done" in done.out

    held = bytearray(target.read_bytes())
    with zipfile.ZipFile(target) as opened:
        victim = next(m for m in opened.infolist() if "/c/" in m.filename)
    held[victim.header_offset + 60 + len(victim.filename)] ^= 1
    target.write_bytes(bytes(held))
    spoilt = in_process("convert", source, target, "--verify", "full")
    assert spoilt.code == 1, spoilt.said
    again = in_process("convert", source, target, "--overwrite", "--yes")
    assert again.code == 0, again.said
    assert zl.verify(source, target, level="full").equal


def test_what_is_no_archive_of_ours_is_not_replaced(source: Path, tmp_path: Path) -> None:
    """A file of another kind stays, and so does a folder."""
    (tmp_path / "note.ozx").write_text("not a zip")
    (tmp_path / "folder.ozx").mkdir()
    for name in ("note.ozx", "folder.ozx"):
        with pytest.raises((TargetError, SourceError)):
            zl.convert(source, tmp_path / name)
        with pytest.raises(TargetError):
            zl.convert(source, tmp_path / name, overwrite=True)
    assert (tmp_path / "note.ozx").read_text() == "not a zip"


@pytest.mark.parametrize(
    "fault", ["compressed", "unsafe", "cut", "no-zip", "empty", "name", "size"]
)
def test_unreadable_archives_are_refused_in_words(fault: str, source: Path, tmp_path: Path) -> None:
    """Cause, place and next step; no traceback."""
    good, bad = tmp_path / "good.ozx", tmp_path / "bad.ozx"
    zl.convert(source, good)
    if fault == "compressed":
        with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("zarr.json", b"{" + b" " * 100 + b"}")
    elif fault == "unsafe":
        with zipfile.ZipFile(bad, "w") as made:
            made.writestr("../zarr.json", b"{}")
    elif fault == "cut":
        bad.write_bytes(good.read_bytes()[:-500])
    elif fault == "no-zip":
        bad.write_bytes(b"II*\0 a TIFF")
    elif fault in ("name", "size"):
        held = bytearray(good.read_bytes())
        entry = held.rfind(b"PK\x01\x02")
        if fault == "name":
            held[entry + 9] |= 8  # the name is UTF-8, which it then is not
            held[entry + 46] = 0xFF
        else:
            struct.pack_into("<II", held, entry + 20, 2**31, 2**31)
        bad.write_bytes(held)
    else:
        zipfile.ZipFile(bad, "w").close()

    assert_refused(zarrlift("convert", bad, tmp_path / "new.zarr"), str(bad))


def test_archive_is_lifted_to_other_layouts(source: Path, tmp_path: Path) -> None:
    """Members are read in place: merged, taken apart, encoded anew."""
    zl.convert(source, tmp_path / "new.ozx", shards="none")
    expected = zarr_values(zl_folder(source, tmp_path / "plain") / "0")
    for number, wish in enumerate(
        [{"shards": "auto"}, {"codec": "zstd:1"}, {"chunks": "y=5,x=7", "shards": "none"}]
    ):
        target = tmp_path / f"other{number}"
        report = zl.convert(tmp_path / "new.ozx", target, verify="decode", **wish)  # type: ignore[arg-type]
        assert report.finished
        assert first_difference(expected, zarr_values(target / "0")) is None
        shutil.rmtree(target)


def zl_folder(source: Path, target: Path) -> Path:
    """Lift into a folder."""
    zl.convert(source, target)
    return target
