"""Reading a zipped OME-Zarr (`.ozx`) by keys, as a folder is read.

Members must be stored, not deflated: then each is a range of bytes of the one file. Source:
RFC-9 of OME-NGFF, "Zipped OME-Zarr".
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import DocumentError, SourceError, StorageError, from_os_error
from zarrlift.store.folder import DOCUMENTS, Folder, Kind, open_file, refuse_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LOCAL = struct.Struct("<4s22xHH")
LOCAL_BYTES = 30
_STEP = 2**22
BROKEN = (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, struct.error)
"""What `zipfile` raises for an archive that it cannot read."""


class Member(NamedTuple):
    """Where a member's bytes lie in the archive."""

    offset: int
    size: int
    crc: int
    """CRC-32 that the archive states for them."""


class ArchiveEntry(NamedTuple):
    """What a listing gives, with the answers that `os.DirEntry` has."""

    name: str
    path: str
    member: Member | None
    """None for a folder."""

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Say whether it is a folder."""
        del follow_symlinks
        return self.member is None

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Say whether it is a member."""
        del follow_symlinks
        return self.member is not None

    def is_symlink(self) -> bool:
        """Say that it is no link: archives of OME-Zarr hold none."""
        return False

    def stat(self) -> os.stat_result:
        """Give its size, as the only thing known."""
        size = self.member.size if self.member else 0
        return os.stat_result((0, 0, 0, 0, 0, 0, size, 0, 0, 0))


class Archive(Folder):
    """The members of a `.ozx` file, read only."""

    packed = True

    def __init__(self, root: str | os.PathLike[str]) -> None:
        super().__init__(root)
        self._hold(_members(self.root))

    def _hold(self, members: Iterable[tuple[str, Member]]) -> None:
        self._members: dict[str, Member] = {}
        self._listed: dict[str, dict[str, Member | None]] = {"": {}}
        for key, member in members:
            self._members[key] = member
            self._enter(key, member)

    def _enter(self, key: str, member: Member | None) -> None:
        folder, _, name = key.rpartition("/")
        self._listed.setdefault(folder, {})[name] = member
        if folder and folder.rpartition("/")[2] not in self._listed.get(
            folder.rpartition("/")[0], {}
        ):
            self._enter(folder, None)

    def read(self, key: str) -> bytes | None:
        """Give a member's bytes, or None where there is none.

        Raises `DocumentError` for a document whose CRC-32 does not agree, or that is no document.
        """
        member = self._members.get(key)
        if member is None:
            return None
        refuse_large(member.size, self.path(key))
        data = self.read_range(key, 0, member.size)
        if key.rpartition("/")[2] in DOCUMENTS and zlib.crc32(data) != member.crc:
            raise DocumentError(
                f"its {_disagrees(zlib.crc32(data), member.crc)}",
                place=self.path(key),
                hint="take another copy of the archive",
            )
        return data

    def members(self) -> list[str]:
        """List all members, as they lie in the archive's directory."""
        return list(self._members)

    def unsound(self, key: str) -> str | None:
        """Compare a member's bytes with their CRC-32; gives the problem in words, or None."""
        member, crc, at = self._members[key], 0, 0
        while data := self.read_range(key, at, _STEP):
            crc = zlib.crc32(data, crc)
            at += len(data)
        if at < member.size:
            return f"the archive ends {member.size - at} bytes before the entry does"
        return None if crc == member.crc else _disagrees(crc, member.crc)

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """Give bytes of a member; fewer where it ends before."""
        member = self._members[key]
        length = max(0, min(length, member.size - offset))
        try:
            fd = open_file(self.root)
            try:
                return os.pread(fd, length, member.offset + offset)
            finally:
                os.close(fd)
        except OSError as error:
            raise from_os_error(error, doing="reading", place=self.path(key)) from error

    def read_tail(self, key: str, length: int) -> tuple[bytes, int] | None:
        """Give up to `length` last bytes of a member and its size, or None where it is absent."""
        member = self._members.get(key)
        if member is None:
            return None
        return self.read_range(key, max(0, member.size - length), length), member.size

    def size(self, key: str) -> int | None:
        """Give the size of a member in bytes, or None where it is absent."""
        member = self._members.get(key)
        return None if member is None else member.size

    def scan(self, path: str) -> list[os.DirEntry[str]]:
        """List one folder of the archive by its path as `path` gives it."""
        key = path.removeprefix(self.root).strip("/")
        if key not in self._listed:
            raise StorageError("is not in the archive", place=path, hint="check the archive")
        found = self._listed[key].items()
        return [ArchiveEntry(n, f"{path.rstrip('/')}/{n}", m) for n, m in found]  # type: ignore[misc]

    def has_folder(self, key: str) -> bool:
        """Say whether a key leads to a folder."""
        return key in self._listed

    def below(self, keys: Iterable[str]) -> Iterator[tuple[str, Kind]]:
        """Walk the members at or below some keys."""
        for key in keys:
            if key in self._members:
                yield key, Kind.FILE
            else:
                yield from self.below([f"{key}/{name}" for name in self._listed.get(key, {})])

    def lies_at(self, path: str) -> tuple[str, str, int, int]:
        """Give folder and name of the file that holds a member, where it begins and its size."""
        member = self._members[path.removeprefix(self.root).strip("/")]
        folder, _, name = self.root.rpartition("/")
        return folder, name, member.offset, member.size

    def exists(self) -> bool:
        """Say that the archive is there: it has been read."""
        return True

    def leaves(self, key: str) -> bool:
        """Say that nothing leads out of an archive."""
        del key
        return False


def _disagrees(found: int, stated: int) -> str:
    return f"CRC-32 is {found:08x}, where the archive states {stated:08x}: bytes were altered"


def _members(path: str) -> Iterator[tuple[str, Member]]:
    """Walk the members of an archive; raise `SourceError` for one that cannot be read by range."""
    try:
        with zipfile.ZipFile(path) as opened, open(path, "rb", buffering=0) as file:
            end = os.fstat(file.fileno()).st_size
            for info in opened.infolist():
                if info.is_dir():
                    continue
                refuse(info, path, end)
                header = os.pread(file.fileno(), LOCAL_BYTES, info.header_offset)
                offset = info.header_offset + header_bytes(header, info.header_offset)
                yield info.filename, Member(offset, info.file_size, info.CRC)
    except BROKEN as error:
        raise SourceError(
            f"is no readable zip archive: {error}", place=path, hint="check that it is whole"
        ) from error
    except OSError as error:
        raise from_os_error(error, doing="reading", place=path) from error


def header_bytes(data: bytes, at: int) -> int:
    """Give the length of the local header that begins with `data`, of the member `at` a place.

    It may differ from the central one. Raises `BadZipFile` where it is none.
    """
    if len(data) < LOCAL_BYTES:
        raise zipfile.BadZipFile(f"it ends before the member at {at}")
    signature, name, extra = _LOCAL.unpack(data)
    if signature != b"PK\x03\x04":
        raise zipfile.BadZipFile(f"no member at {at}")
    return LOCAL_BYTES + int(name) + int(extra)


def refuse(info: zipfile.ZipInfo, path: str, end: int) -> None:
    """Raise `SourceError` for a member that cannot be read by range, or has an unsafe name.

    Raises `BadZipFile` for one that does not lie within the archive, of `end` bytes.
    """
    parts = info.filename.split("/")
    if info.filename.startswith("/") or any(p in ("", ".", "..") for p in parts):
        raise SourceError(
            f"holds a member with an unsafe name: {info.filename!r}",
            place=path,
            hint="unzip it with care, and lift the folder",
        )
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        kind = "encrypted" if info.flag_bits & 1 else "compressed"
        raise SourceError(
            f"member {info.filename!r} is {kind}, which RFC-9 advises against",
            place=path,
            hint="unzip it, and lift the folder",
        )
    if not 0 <= info.header_offset <= end - info.file_size:
        raise zipfile.BadZipFile(f"it ends before the member at {info.header_offset} does")
