"""Writing a zipped OME-Zarr entry by entry, so that a run that was killed can be continued.

An entry's bytes are written first, its local header last, over a gap left for it: an entry that
can be seen is whole, and the archive itself tells how far it has come. Sources: APPNOTE 6.3 of
the zip format, sections 4.3.7 and 4.5.3; RFC-9 of OME-NGFF, "Zipped OME-Zarr".
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from zarrlift.errors import StorageError
from zarrlift.store.target import NO_COPYING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip archive can state, so that the same data gives the same bytes."""
_HEADER = struct.Struct("<4s10xL8xHH")
_SIZES = struct.Struct("<HHQQ")
_ZIP64 = 1
_STEP = 2**22
_COPIED = 2**16
"""Bytes from which the kernel copies."""
_CREATE = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)


class GrowingArchive:
    """An archive of stored entries, not readable as one before it is finished."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._fd = os.open(path, _CREATE, 0o666)
        self._view = memoryview(bytearray(_STEP))
        self._end = 0
        self.entries: list[zipfile.ZipInfo] = []
        """Whole entries, in the order in which they lie."""
        self.copy_range = getattr(os, "copy_file_range", None)
        """The kernel's own copying between files, None where it is not to be had."""
        self._find_entries()

    def __enter__(self) -> Self:
        """Return the archive itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; it can be opened again and continued."""
        os.close(self._fd)

    def _find_entries(self) -> None:
        total = os.fstat(self._fd).st_size
        while (found := self._entry_at(self._end)) is not None:
            end = self._begin(found) + found.file_size
            if end > total:
                break
            self.entries.append(found)
            self._end = end

    def _entry_at(self, at: int) -> zipfile.ZipInfo | None:
        """Read the local header at a place; None where there is none of ours."""
        head = os.pread(self._fd, _HEADER.size, at)
        if len(head) < _HEADER.size or not head.startswith(b"PK\3\4"):
            return None
        _, crc, name_bytes, extra_bytes = _HEADER.unpack(head)
        rest = os.pread(self._fd, name_bytes + extra_bytes, at + _HEADER.size)
        if len(rest) < name_bytes + extra_bytes or extra_bytes != _SIZES.size:
            return None
        try:
            name = rest[:name_bytes].decode("utf-8")
        except UnicodeDecodeError:
            return None
        _, _, size, _ = _SIZES.unpack(rest[name_bytes:])
        return _info(name, int(size), int(crc), at)

    def _begin(self, info: zipfile.ZipInfo) -> int:
        return info.header_offset + len(info.FileHeader(zip64=True))

    def is_whole(self, info: zipfile.ZipInfo) -> bool:
        """Say whether an entry's bytes have the CRC-32 that its header states."""
        return self._checksum(self._begin(info), info.file_size) == info.CRC

    def _checksum(self, start: int, size: int) -> int:
        crc = at = 0
        while at < size:
            view = self._view[: min(_STEP, size - at)]
            length = os.preadv(self._fd, [view], start + at)
            if not length:
                break
            crc = zlib.crc32(view[:length], crc)
            at += length
        return crc

    def cut(self, entries: int) -> None:
        """Cut off what follows the first so many entries."""
        if entries < len(self.entries):
            self._end = self.entries[entries].header_offset
            del self.entries[entries:]
        os.ftruncate(self._fd, self._end)

    def add(self, key: str, fd: int, *, reread: bool) -> int:
        """Add all that an open file holds; gives its size.

        `reread` compares what the archive then holds. Raises `OSError` or `StorageError`; then
        there is no such entry.
        """
        info = _info(key, os.fstat(fd).st_size, 0, self._end)
        begin = self._begin(info)
        info.CRC = self._copy(key, fd, info.file_size, begin)
        if reread and self._checksum(begin, info.file_size) != info.CRC:
            raise self._failed(key, "the archive holds other bytes than were written")
        self._write(memoryview(info.FileHeader(zip64=True)), self._end)
        self.entries.append(info)
        self._end = begin + info.file_size
        return info.file_size

    def _copy(self, key: str, fd: int, size: int, begin: int) -> int:
        """Copy a file's bytes to a place in the archive; gives their CRC-32."""
        crc = at = 0
        while at < size:
            view = self._view[: min(_STEP, size - at)]
            length = os.preadv(fd, [view], at)
            if not length:
                raise self._failed(key, "became shorter while it was copied")
            crc = zlib.crc32(view[:length], crc)
            taken = self._take(fd, at, length, begin + at)
            self._write(view[taken:length], begin + at + taken)
            at += length
        return crc

    def _take(self, fd: int, at: int, length: int, to: int) -> int:
        """Have the kernel copy bytes of a file; gives how many, 0 if it cannot."""
        if self.copy_range is None or length < _COPIED:
            return 0
        taken = 0
        try:
            while taken < length and (
                more := self.copy_range(fd, self._fd, length - taken, at + taken, to + taken)
            ):
                taken += more
        except OSError as error:
            if error.errno not in NO_COPYING:
                raise
            self.copy_range = None
        return taken

    def _write(self, view: memoryview, to: int) -> None:
        while view:
            length = os.pwrite(self._fd, view, to)
            view, to = view[length:], to + length

    def _failed(self, key: str, what: str) -> StorageError:
        return StorageError(
            f"{key}: {what}", place=self._path, hint="run the same command again: it continues"
        )

    def finish(self, comment: bytes) -> None:
        """Write the directory that makes it an archive."""
        with open(self._fd, "r+b", closefd=False) as file:
            file.seek(self._end)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as made:
                made.filelist.extend(self.entries)
                made.comment = comment

    def sync(self) -> None:
        """See that what is written outlasts a power cut."""
        os.fsync(self._fd)


def _info(name: str, size: int, crc: int, at: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.external_attr = 0o644 << 16
    info.file_size = info.compress_size = size
    info.CRC, info.header_offset = crc, at
    return info


def fits_zip(key: str) -> bool:
    """Say whether a key can be the name of an entry."""
    try:
        return len(key.encode("utf-8")) < 2**16
    except UnicodeEncodeError:
        return False
