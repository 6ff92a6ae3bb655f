"""Reading a folder tree by keys relative to its root, and facts about its file system.

Keys use `/`; the root's own key is empty. Links are followed as data.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zarrlift.errors import StorageError, UsageError, from_os_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
_FOLDER = _READ | getattr(os, "O_DIRECTORY", 0)


class Folder:
    """A tree of files on a local file system, read only."""

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
        try:
            with open(self.path(key), "rb", buffering=0) as file:
                return file.readall()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_os_error(error, doing="reading", place=self.path(key)) from error

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
        """List one folder; an absent folder has no entries."""
        return scan(self.path(key))

    def files_below(self, keys: Iterable[str]) -> Iterator[str]:
        """Walk the plain files at or below some keys; what is no file or folder is passed over."""
        for key in keys:
            local = self.path(key)
            if os.path.isdir(local):
                yield from self.files_below([f"{key}/{e.name}" for e in self.entries(key)])
            elif os.path.isfile(local):
                yield key

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

    def loops(self, key: str) -> bool:
        """Say whether a linked folder leads back to one that the way to it passed."""
        real = os.path.realpath(self.path(key)).rstrip("/") + "/"
        parts = key.split("/")[:-1]
        passed = (os.path.realpath(self.path("/".join(parts[:n]))) for n in range(len(parts) + 1))
        return any(f"{folder.rstrip('/')}/".startswith(real) for folder in passed)

    def leaves(self, key: str) -> bool:
        """Say whether a link leads out of the tree."""
        real = os.path.realpath(self.path(key))
        return not real.startswith(os.path.realpath(self.root).rstrip("/") + "/")


def scan(path: str) -> list[os.DirEntry[str]]:
    """List one folder by its local path; an absent folder has no entries."""
    try:
        with os.scandir(path) as listing:
            return list(listing)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise from_os_error(error, doing="listing", place=path) from error


def open_file(path: str, folder: int | None = None) -> int:
    """Open a file for reading, relative to an open folder where one is given."""
    return os.open(path, _READ, dir_fd=folder)


def open_folder(path: str) -> int:
    """Open a folder, so that files in it can be opened without walking the path again."""
    return os.open(path, _FOLDER)


def is_regular(entry: os.DirEntry[str]) -> bool:
    """Say whether an entry is a plain file, following links; a dangling link is none."""
    try:
        return entry.is_file()
    except OSError:
        return False


def is_special(entry: os.DirEntry[str]) -> bool:
    """Say whether an entry is a pipe, socket or device, which reading would block on."""
    mode = entry.stat(follow_symlinks=False).st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))


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


def local_path(url: str) -> str:
    """Give the local path that a `file://` URL or plain path names; refuse remote ones."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    if scheme == "file":
        return rest
    raise StorageError(
        f"{scheme}:// addresses are not supported yet", place=url, hint="give a local folder"
    )
