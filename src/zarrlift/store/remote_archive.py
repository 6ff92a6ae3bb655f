"""Reading a zipped OME-Zarr (`.ozx`) that lies in a bucket, by ranges of its one object.

Opening it takes a few requests, however many members there are: its end, which holds the directory,
and some local headers. Documents come many with one request, where they lie together.
"""

from __future__ import annotations

import io
import itertools
import threading
import zipfile
from collections import defaultdict
from typing import TYPE_CHECKING

from zarrlift.errors import SourceError
from zarrlift.store.archive import (
    BROKEN,
    LOCAL_BYTES,
    Archive,
    Member,
    header_bytes,
    refuse,
)
from zarrlift.store.folder import DOCUMENTS
from zarrlift.store.remote import RemoteFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.store.address import Address, StoreOptions
    from zarrlift.store.asking import Asking, Requests
    from zarrlift.store.requesters import Requesters

_END = 2**18
"""Bytes at the end of an archive that are asked for first: the directory of some 3,000 members."""
_TOGETHER = 2**22
_GAP = 2**16
"""Bytes between two documents that are rather fetched than made a reason for another request."""
_LARGEST = 2**24
"""Bytes of a document that is fetched with others."""
_KINDS = 16
"""Kinds of local headers up to which the first and the last of each are proof of the others."""
_DESCRIBED_AFTER = 8
"""Flag of a member that is followed by its sizes."""
_UTF8 = 0x800
"""Flag of a member whose name is UTF-8."""


class RemoteArchive(Archive):
    """The members of a `.ozx` object, read only."""

    remote = True
    piece = 2**23

    def __init__(
        self,
        address: Address,
        options: StoreOptions,
        fetcher: Requesters,
        apart: Requesters,
        size: int,
        asking: Asking | None = None,
    ) -> None:
        self.fetcher = fetcher
        """The job's threads for requests."""
        self.root = address.url
        self._prefix = f"{self.root}/"
        self._apart = apart
        """Threads for documents: whoever asks for one may be one of the fetcher's."""
        self._file = RemoteFolder(address, options, fetcher, asking)
        self._fetched: dict[str, bytes] | None = None
        self._fetching = threading.Lock()
        self._hold(_members(self._file, fetcher, size))

    def asked(self) -> Requests:
        """Count what was asked of this side."""
        return self._file.asked()

    def read(self, key: str) -> bytes | None:
        """Give a member's bytes, or None where there is none; see `Archive.read`."""
        if key.rpartition("/")[2] in DOCUMENTS:
            with self._fetching:
                if self._fetched is None:
                    self._fetched = dict(self._documents())
        return super().read(key)

    def _documents(self) -> Iterator[tuple[str, bytes]]:
        """Ask for all documents, those that lie together with one request."""
        found = [
            (member.offset, key, member)
            for key, member in self._members.items()
            if key.rpartition("/")[2] in DOCUMENTS and member.size <= _LARGEST
        ]
        runs = list(_runs([(key, member) for _, key, member in sorted(found)]))
        for run, data in zip(runs, self._apart.map(self._bring, runs), strict=True):
            for key, member in run:
                at = member.offset - run[0][1].offset
                yield key, data[at : at + member.size]

    def _bring(self, run: list[tuple[str, Member]]) -> bytes:
        start = run[0][1].offset
        end = max(member.offset + member.size for _, member in run)
        return self._file.read_range("", start, end - start)

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """Give bytes of a member; fewer where it ends before."""
        member = self._members[key]
        held = (self._fetched or {}).get(key)
        if held is not None:
            return held[offset : offset + length]
        length = max(0, min(length, member.size - offset))
        return self._file.read_range("", member.offset + offset, length)

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        """Give bytes of the archive itself, which is the file that all members lie in."""
        del path
        return self._file.read_range("", offset, length)

    def pieces_at(self, path: str, offset: int, length: int, piece: int) -> Iterator[bytes]:
        """Give bytes of the archive, each piece by a request of its own."""
        for at in range(0, length, piece):
            yield self.read_at(path, offset + at, min(piece, length - at))


def _runs(documents: list[tuple[str, Member]]) -> Iterator[list[tuple[str, Member]]]:
    """Put documents together that one request can bring."""
    run: list[tuple[str, Member]] = []
    for key, member in documents:
        if run:
            first, last = run[0][1], run[-1][1]
            apart = member.offset - last.offset - last.size > _GAP
            if apart or member.offset + member.size - first.offset > _TOGETHER:
                yield run
                run = []
        run.append((key, member))
    if run:
        yield run


class _End(io.RawIOBase):
    """An archive as a file of which the end is here; what lies before is asked for when read."""

    def __init__(self, file: RemoteFolder, size: int) -> None:
        self._file, self._size = file, size
        self._from = max(0, size - _END)
        self._data = file.read_range("", self._from, size - self._from)
        self._at = 0

    def seekable(self) -> bool:
        """Say that it can be read from anywhere."""
        return True

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def tell(self) -> int:
        """Give the place in the archive."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the archive."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on."""
        if self._at < self._from:
            before = self._file.read_range("", self._at, self._from - self._at)
            self._data, self._from = before + self._data, self._at
        at = self._at - self._from
        length = self._size if size is None or size < 0 else size
        data = self._data[at : at + length]
        self._at += len(data)
        return data


def _members(file: RemoteFolder, fetcher: Requesters, size: int) -> list[tuple[str, Member]]:
    """List the members of an archive; raise `SourceError` for one that cannot be read by range."""
    try:
        with zipfile.ZipFile(_End(file, size)) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir()]
            end = opened.start_dir
        for info in infos:
            refuse(info, file.root, size)
        headers = _header_sizes(file, fetcher, infos, end)
    except BROKEN as error:
        raise SourceError(
            f"is no readable zip archive: {error}", place=file.root, hint="check that it is whole"
        ) from error
    return [
        (info.filename, Member(info.header_offset + header, info.file_size, info.CRC))
        for info, header in zip(infos, headers, strict=True)
    ]


def _header_sizes(
    file: RemoteFolder, fetcher: Requesters, infos: list[zipfile.ZipInfo], end: int
) -> list[int]:
    """Give the length of each member's local header, which its directory entry does not tell.

    Between a header and the next lie the header itself and the bytes. What is left of that, beside
    fixed part and name, is the header's extra field, unless there are gaps. The first and last of
    all with as much left are asked for. If these agree, so do the others; else all are asked.
    """
    starts = sorted(info.header_offset for info in infos)
    following = dict(itertools.pairwise([*starts, end]))
    kinds: dict[int, list[zipfile.ZipInfo]] = defaultdict(list)
    for info in infos:
        room = following[info.header_offset] - info.header_offset - info.file_size
        kinds[room - LOCAL_BYTES - _name_bytes(info)].append(info)

    def ask(info: zipfile.ZipInfo) -> int:
        data = file.read_range("", info.header_offset, LOCAL_BYTES)
        return header_bytes(data, info.header_offset)

    def ask_all(some: list[zipfile.ZipInfo]) -> dict[int, int]:
        places = [info.header_offset for info in some]
        return dict(zip(places, fetcher.map(ask, some), strict=True))

    few = len(kinds) <= _KINDS
    ends = [info for same in kinds.values() for info in (same[0], same[-1])] if few else []
    found = ask_all(ends)
    rest = []
    for extra, same in kinds.items():
        agree = few and all(
            found[i.header_offset] == LOCAL_BYTES + _name_bytes(i) + extra
            for i in (same[0], same[-1])
        )
        if agree and not any(info.flag_bits & _DESCRIBED_AFTER for info in same):
            found |= {i.header_offset: LOCAL_BYTES + _name_bytes(i) + extra for i in same}
        else:
            rest += [info for info in same if info.header_offset not in found]
    found |= ask_all(rest)
    return [found[info.header_offset] for info in infos]


def _name_bytes(info: zipfile.ZipInfo) -> int:
    return len(info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437"))
