"""An archive that grows entry by entry, and is continued wherever it was left."""

from __future__ import annotations

import errno
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.build import sample, write_file
from zarrlift.errors import StorageError
from zarrlift.store.growing import GrowingArchive, fits_zip

FILES: Mapping[str, bytes] = {
    "zarr.json": b'{"zarr_format": 3}',
    "0/c/0/0": bytes(range(256)) * 3,
    "0/c/0/1": b"",
    "größe.txt": b"PK\3\4 is no header here",
}
COMMENT = b"a comment"
LARGE = sample((9, 1024, 513), "<u2").tobytes()
"""More than is copied at a time, and no whole number of it."""


def put(
    archive: GrowingArchive, folder: Path, key: str, data: bytes, *, reread: bool = False
) -> None:
    """Write a file and add it."""
    fd = os.open(write_file(folder / key, data), os.O_RDONLY)
    try:
        assert archive.add(key, fd, reread=reread) == len(data)
    finally:
        os.close(fd)


def written(folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    """Write an archive in one go."""
    path = folder / "whole.zip"
    with GrowingArchive(path) as archive:
        for key, data in files.items():
            put(archive, folder / "parts", key, data)
        archive.finish(COMMENT)
    return path


def test_archive_is_read_by_another_program(tmp_path: Path) -> None:
    """Names, bytes, checksums, comment; nothing is compressed, sizes stand in zip64's form too."""
    path = written(tmp_path)
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == FILES
        assert opened.comment == COMMENT
        assert {m.compress_type for m in opened.infolist()} == {zipfile.ZIP_STORED}
        assert {m.date_time[0] for m in opened.infolist()} == {1980}
        for member in opened.infolist():
            local = path.read_bytes()[member.header_offset + 30 :]
            extra = local[len(member.filename.encode()) :][:4]
            assert extra == b"\1\0\x10\0"


def test_archive_cut_anywhere_is_continued(tmp_path: Path) -> None:
    """At whichever byte it ends, entries before it are known, and the end is the same archive."""
    whole = written(tmp_path).read_bytes()
    for end in range(len(whole) + 1):
        path = tmp_path / "grown.zip"
        path.write_bytes(whole[:end])
        with GrowingArchive(path) as archive:
            known = [entry.filename for entry in archive.entries]
            assert known == list(FILES)[: len(known)]
            assert all(map(archive.is_whole, archive.entries))
            archive.cut(len(known))
            for key, data in list(FILES.items())[len(known) :]:
                put(archive, tmp_path / "parts", key, data)
            archive.finish(COMMENT)
        assert path.read_bytes() == whole, end


def test_entry_without_its_header_is_none(tmp_path: Path) -> None:
    """Bytes that were copied before a kill, the header not yet written over the gap, are cut."""
    whole = written(tmp_path).read_bytes()
    with zipfile.ZipFile(tmp_path / "whole.zip") as opened:
        second = opened.getinfo("0/c/0/0")
    gap = second.header_offset
    path = tmp_path / "grown.zip"
    data = whole[gap + 30 + 7 + 20 :][: second.file_size]
    path.write_bytes(whole[:gap] + bytes(30 + 7 + 20) + data)

    with GrowingArchive(path) as archive:
        assert [entry.filename for entry in archive.entries] == ["zarr.json"]
        archive.cut(1)
    assert path.stat().st_size == gap


def test_altered_entry_is_not_whole(tmp_path: Path) -> None:
    """Its bytes are compared with its checksum; what follows can be given up."""
    whole = bytearray(written(tmp_path).read_bytes())
    with zipfile.ZipFile(tmp_path / "whole.zip") as opened:
        offset = opened.getinfo("0/c/0/0").header_offset
    whole[offset + 200] ^= 1
    path = tmp_path / "grown.zip"
    path.write_bytes(bytes(whole))

    with GrowingArchive(path) as archive:
        assert [archive.is_whole(e) for e in archive.entries] == [True, False, True, True]
        archive.cut(1)
        assert len(archive.entries) == 1
    assert path.stat().st_size == offset


def refuse(number: int) -> Callable[..., int]:
    """Give a kernel that cannot copy."""

    def copy(*_: int) -> int:
        raise OSError(number, os.strerror(number))

    return copy


def a_little(fd: int, to: int, length: int, at: int, there: int) -> int:
    """Copy less than was asked for, and then nothing more."""
    if length <= 1000:
        return 0
    data = os.pread(fd, min(length // 2, 10**6), at)
    return os.pwrite(to, data, there)


@pytest.mark.parametrize(
    "copy",
    [None, refuse(errno.EXDEV), refuse(errno.EOPNOTSUPP), a_little],
    ids=["none", "other-device", "unsupported", "short"],
)
def test_large_files_arrive_with_and_without_the_kernel(
    copy: Callable[..., int] | None, tmp_path: Path
) -> None:
    """The same archive, whoever copies."""
    path = tmp_path / "grown.zip"
    with GrowingArchive(path) as archive:
        archive.copy_range = copy
        put(archive, tmp_path / "parts", "large", LARGE, reread=True)
        archive.finish(COMMENT)

    assert path.read_bytes() == written(tmp_path, {"large": LARGE}).read_bytes()
    with zipfile.ZipFile(path) as opened:
        assert opened.read("large") == LARGE


def test_kernel_that_copies_wrongly_is_noticed_by_rereading(tmp_path: Path) -> None:
    """Nothing is entered where the archive does not hold what was read."""

    def wrong(_: int, to: int, length: int, at: int, there: int) -> int:
        del at
        return os.pwrite(to, bytes(length), there)

    with GrowingArchive(tmp_path / "grown.zip") as archive:
        archive.copy_range = wrong
        with pytest.raises(StorageError, match="other bytes"):
            put(archive, tmp_path / "parts", "large", LARGE, reread=True)
        assert archive.entries == []


def test_failing_kernel_is_an_error(tmp_path: Path) -> None:
    """A full disk is not taken for a kernel that cannot copy."""
    with GrowingArchive(tmp_path / "grown.zip") as archive:
        archive.copy_range = refuse(errno.ENOSPC)
        with pytest.raises(OSError, match="No space"):
            put(archive, tmp_path / "parts", "large", LARGE)


@pytest.mark.parametrize(
    ("key", "fits"), [("a/ö", True), ("x" * 65535, True), ("x" * 65536, False), ("\udcff", False)]
)
def test_names_that_cannot_stand_in_an_archive(key: str, fits: bool) -> None:
    """Longer than a header can say, or no text."""
    assert fits_zip(key) is fits
