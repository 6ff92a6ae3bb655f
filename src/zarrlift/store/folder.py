"""Reading a folder tree by keys relative to its root, and facts about its file system.

Keys use `/`; the root's own key is empty. Links are followed as data.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from zarrlift.errors import DocumentError, StorageError, UsageError, from_os_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zarrlift.store.asking import Requests

# Without O_NONBLOCK, opening a pipe would wait for a writer; plain files do not mind.
_READ = os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
_FOLDER = _READ | getattr(os, "O_DIRECTORY", 0)


DOCUMENTS = frozenset({"zarr.json", ".zattrs", ".zgroup", ".zarray", ".zmetadata"})
_LARGEST = 2**26
"""Bytes above which a document is not read: none that is one comes near."""
_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class Kind(StrEnum):
    """What lies at a path, links followed."""

    FILE = "file"
    FOLDER = "folder"
    LOOP = "loop"
    """A link to a folder that holds the link itself."""
    DANGLING = "dangling"
    """A link that leads nowhere, or in a circle."""
    SPECIAL = "special"
    """A pipe, socket or device, which reading would wait for."""


class Folder:
    """A tree of files on a local file system, read only."""

    packed = False
    """Objects are parts of one file, not files of their own."""
    remote = False
    """Objects are asked for over a network, and are no files that could be opened."""
    unlisted = False
    """No listing is answered: each key has to be asked for."""
    whole_bucket = False
    """The root is a bucket itself, not a place in one."""
    piece = 2**16
    """Bytes that are best read at a time where there are many: larger buffers are new memory."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = os.path.abspath(root)
        self._prefix = self.root.rstrip("/") + "/"

    def __repr__(self) -> str:
        """Name the class and its root."""
        return f"Folder({self.root!r})"

    def path(self, key: str) -> str:
        """Give the local path of a key."""
        return self._prefix + key if key else self.root

    def read(self, key: str) -> bytes | None:
        """Give an object's bytes, or None where the file system proves that it is absent."""
        path = self.path(key)
        try:
            fd = os.open(path, _READ)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_os_error(error, doing="reading", place=path) from error
        try:
            facts = os.fstat(fd)
            if not stat.S_ISREG(facts.st_mode):
                raise StorageError("is no plain file", place=path, hint="put the file back")
            refuse_large(facts.st_size, path)
            return _read_all(fd, facts.st_size)
        except OSError as error:
            raise from_os_error(error, doing="reading", place=path) from error
        finally:
            os.close(fd)

    def read_tail(self, key: str, length: int) -> tuple[bytes, int] | None:
        """Give up to `length` last bytes of an object and its size, or None where it is absent."""
        try:
            fd = os.open(self.path(key), _READ)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_os_error(error, doing="reading", place=self.path(key)) from error
        try:
            size = os.fstat(fd).st_size
            return os.pread(fd, length, max(0, size - length)), size
        except OSError as error:
            raise from_os_error(error, doing="reading", place=self.path(key)) from error
        finally:
            os.close(fd)

    def size(self, key: str) -> int | None:
        """Give the size of an object in bytes, or None where it is absent."""
        try:
            return os.stat(self.path(key)).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise from_os_error(error, doing="looking at", place=self.path(key)) from error

    def entries(self, key: str) -> list[os.DirEntry[str]]:
        """List one folder; an absent one is an error, never an empty one."""
        return self.scan(self.path(key))

    def entries_each(self, keys: Iterable[str]) -> Iterator[list[os.DirEntry[str]]]:
        """List several folders, each as `entries` does, in the order of their keys."""
        return map(self.entries, keys)

    def scan(self, path: str) -> list[os.DirEntry[str]]:
        """List one folder by its path as `path` gives it."""
        return scan(path)

    def refuse_impostor(self, key: str = "") -> None:
        """Raise nothing: only over a network can something else answer in the place of a store."""

    def refuse_hidden(self, key: str) -> None:
        """Raise nothing: folders are listed whole."""

    def asked(self) -> Requests | None:
        """Count what was asked of an object store; None for a disk, of which nothing is."""

    def list_below(self, path: str) -> None:
        """List all levels below a path, where that saves requests; a disk needs none."""

    def has_folder(self, key: str) -> bool:
        """Say whether a key leads to a folder."""
        return os.path.isdir(self.path(key))

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """Give bytes of an object; fewer where it ends before."""
        return self.read_at(self.path(key), offset, length)

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        """Give bytes of a file by its path as `path` gives it; fewer where it ends before."""
        try:
            fd = open_file(path)
            try:
                return os.pread(fd, length, offset)
            finally:
                os.close(fd)
        except OSError as error:
            raise from_os_error(error, doing="reading", place=path) from error

    def pieces(self, key: str, offset: int, length: int, piece: int) -> Iterator[bytes]:
        """Give bytes of an object as `pieces_at` does."""
        folder, name, first, _ = self.lies_at(self.path(key))
        return self.pieces_at(f"{folder}/{name}", max(0, first) + offset, length, piece)

    def pieces_at(self, path: str, offset: int, length: int, piece: int) -> Iterator[bytes]:
        """Give bytes of a file, `piece` of them at a time; shorter ones where it ends before."""
        try:
            fd = open_file(path)
            try:
                for at in range(0, length, piece):
                    yield os.pread(fd, min(piece, length - at), offset + at)
            finally:
                os.close(fd)
        except OSError as error:
            raise from_os_error(error, doing="reading", place=path) from error

    def lies_at(self, path: str) -> tuple[str, str, int, int]:
        """Give folder and name of the file at a path, where its bytes begin, and how many.

        Both numbers are -1 where the object is all of the file.
        """
        folder, _, name = path.rpartition("/")
        return folder, name, -1, -1

    def below(self, keys: Iterable[str]) -> Iterator[tuple[str, Kind]]:
        """Walk what lies at or below some keys, but for folders: files, and what is none."""
        for key in keys:
            kind = kind_at(self.path(key))
            if kind is Kind.FOLDER:
                yield from self.below([f"{key}/{e.name}" for e in self.entries(key)])
            else:
                yield key, kind

    @contextmanager
    def opened(self, key: str) -> Iterator[int]:
        """Hold an object open for reading; gives its descriptor."""
        fd = open_file(self.path(key))
        try:
            yield fd
        finally:
            os.close(fd)

    def exists(self) -> bool:
        """Say whether the root is a folder."""
        return os.path.isdir(self.root)

    def leaves(self, key: str) -> bool:
        """Say whether a link leads out of the tree."""
        real = os.path.realpath(self.path(key))
        return not real.startswith(os.path.realpath(self.root).rstrip("/") + "/")


def tree_at(path: str | os.PathLike[str]) -> Folder:
    """Open a folder, or a zipped OME-Zarr as if it were one; raise where that is no archive."""
    if os.fspath(path).endswith(".ozx") and os.path.isfile(path):
        from zarrlift.store.archive import Archive  # noqa: PLC0415 - zipfile is slow to load

        return Archive(path)
    return Folder(path)


def refuse_large(size: int, path: str) -> None:
    """Raise `DocumentError` where a path is a document's, and it has more bytes than any has."""
    if size > _LARGEST and path.rpartition("/")[2] in DOCUMENTS:
        raise DocumentError(
            f"is too large to be a document ({size:,} bytes)",
            place=path,
            hint="leave its node out with --exclude",
        )


def scan(path: str) -> list[os.DirEntry[str]]:
    """List one folder by its local path; an absent one is an error, never an empty one."""
    try:
        return list(os.scandir(path))
    except OSError as error:
        raise from_os_error(error, doing="listing", place=path) from error


def open_file(path: str, folder: int | None = None) -> int:
    """Open a file for reading, relative to an open folder where one is given."""
    return os.open(path, _READ, dir_fd=folder)


def open_folder(path: str) -> int:
    """Open a folder, so that files in it can be opened without walking the path again."""
    return os.open(path, _FOLDER)


def kind_of(entry: os.DirEntry[str]) -> Kind:
    """Tell what an entry is, following links."""
    if entry.is_dir(follow_symlinks=False):
        return Kind.FOLDER
    return Kind.FILE if entry.is_file(follow_symlinks=False) else kind_at(entry.path)


def size_of(entry: os.DirEntry[str]) -> int:
    """Give the size of the file that an entry is or leads to."""
    try:
        return entry.stat().st_size
    except OSError as error:
        raise from_os_error(error, doing="looking at", place=entry.path) from error


def kind_at(path: str) -> Kind:
    """Tell what lies at a path, following links."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if error.errno in _NOWHERE:
            return Kind.DANGLING
        raise from_os_error(error, doing="looking at", place=path) from error
    if stat.S_ISREG(mode):
        return Kind.FILE
    if not stat.S_ISDIR(mode):
        return Kind.SPECIAL
    return Kind.LOOP if os.path.islink(path) and _leads_back(path) else Kind.FOLDER


def _leads_back(path: str) -> bool:
    """Say whether a linked folder holds one of the folders that lead to the link."""
    real = os.path.realpath(path).rstrip("/") + "/"
    parent = os.path.dirname(path)
    while parent not in ("", "/"):
        if f"{os.path.realpath(parent)}/".startswith(real):
            return True
        parent = os.path.dirname(parent)
    return real == "/"


def _read_all(fd: int, size: int) -> bytes:
    data = os.read(fd, size + 1)
    while len(data) < size:
        more = os.read(fd, size - len(data))
        if not more:
            break
        data += more
    return data


def free_space(path: str) -> tuple[int, int | None]:
    """Give free bytes, and free inodes where they are limited, of the file system at a path.

    The nearest parent that exists is asked.
    """
    probe = Path(path).absolute()
    while not probe.exists() and probe != probe.parent:
        probe = probe.parent
    facts = os.statvfs(probe)
    return facts.f_bavail * facts.f_frsize, facts.f_favail if facts.f_files else None


def refuse_overlap(source: str, target: str) -> None:
    """Raise `UsageError` where source and target are the same folder or one holds the other."""
    a = os.path.realpath(source).rstrip("/") + "/"
    b = os.path.realpath(target).rstrip("/") + "/"
    if a == b:
        raise UsageError(
            "source and target are the same folder",
            place=target,
            hint="name another target; the source is never written to",
        )
    if a.startswith(b) or b.startswith(a):
        inner = (
            "target lies inside the source" if b.startswith(a) else "source lies inside the target"
        )
        raise UsageError(f"the {inner}", place=target, hint="name a target outside of it")


def boot_id() -> str | None:
    """Identify the running system's boot, where it tells (Linux, macOS)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        pass
    import subprocess  # noqa: PLC0415 - slow to load, and needed on macOS only

    command = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
    try:
        answer = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
