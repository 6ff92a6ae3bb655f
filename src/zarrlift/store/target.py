"""Writing a target folder: temporary names, renames, and the claim that holds it.

Objects are written below `.zarrlift/tmp/<run>/` and renamed into place, so that nothing half
written ever stands under its final name.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from zarrlift.errors import ClaimLostError, TargetError, from_os_error
from zarrlift.store.folder import Folder, open_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from zarrlift.pool import Turn
    from zarrlift.store.copies import Copies

OURS = ".zarrlift"
CLAIM = f"{OURS}/plan.json"
UNDO = f"{OURS}/undo"
"""What an upgrade in place keeps, so that it can be taken back."""
_LONG = 2**17
"""Bytes from which a call is so long that others should have the turn meanwhile."""
NO_COPYING = frozenset(
    {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF}
)
"""What it means that the kernel cannot copy between two files."""
_HELD = frozenset({errno.EWOULDBLOCK, errno.EAGAIN})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)


class Target(Folder):
    """A folder that one run writes into, beside other runs of the same plan."""

    def __init__(self, root: str | os.PathLike[str], *, fsync: bool = False) -> None:
        super().__init__(root)
        self.fsync = fsync
        self._own = f"{OURS}/tmp/{os.urandom(6).hex()}"
        self._numbers = itertools.count()
        self._made = {""}
        self.copy_range = getattr(os, "copy_file_range", None)
        """The kernel's own copying between files, None where it is not to be had."""

    def entries(self, key: str) -> list[os.DirEntry[str]]:
        """List one folder; one that is not made yet has no entries."""
        return super().entries(key) if os.path.isdir(self.path(key)) else []

    def claim(self, document: bytes, key: str = CLAIM) -> bool:
        """Put the plan into the target; say False where another plan is there already."""
        try:
            Path(self.path(f"{OURS}/tmp")).mkdir(parents=True, exist_ok=True)
            draft = self.path(f"{OURS}/claim-{os.urandom(6).hex()}")
            _write_new(draft, document, fsync=self.fsync)
            try:
                return _link_new(draft, self.path(key), document, fsync=self.fsync)
            finally:
                os.unlink(draft)
        except OSError as error:
            raise from_os_error(error, doing="claiming the target", place=self.root) from error

    def enter(self) -> None:
        """Make this run's own folder for temporary objects."""
        try:
            Path(self.path(self._own)).mkdir(parents=True)
        except OSError as error:
            raise from_os_error(error, doing="claiming the target", place=self.root) from error

    def leave(self) -> None:
        """Remove this run's own temporary objects."""
        shutil.rmtree(self.path(self._own), ignore_errors=True)

    def release(self) -> None:
        """Remove the claim and every temporary object: the target is finished."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(CLAIM))
        kept = os.path.isdir(self.path(UNDO))
        shutil.rmtree(self.path(f"{OURS}/tmp" if kept else OURS), ignore_errors=True)

    def begin(self, buffer: bytearray, turn: Turn | None = None, key: str = "") -> PendingObject:
        """Start an object under a temporary name, gathering its bytes in `buffer`.

        `turn` is one that the calling thread holds, given up during long calls. `key` is the one
        that the object will have; a file gets it in the end only.
        """
        del key
        temporary = self.path(f"{self._own}/{os.getpid()}-{next(self._numbers)}")
        try:
            fd = os.open(temporary, _CREATE, 0o666)
        except FileNotFoundError as error:
            raise ClaimLostError(
                "another run finished or replaced this target", place=self.root
            ) from error
        except OSError as error:
            raise from_os_error(error, doing="writing", place=self.root) from error
        return PendingObject(self, fd, temporary, buffer, turn)

    def write(self, key: str, data: bytes) -> None:
        """Write one whole object."""
        pending = self.begin(bytearray(1))
        try:
            pending.write(data)
            pending.commit(key)
        except BaseException:
            pending.abort()
            raise

    def write_each(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Write whole objects, in any order."""
        for key, data in objects:
            self.write(key, data)

    def make_folder(self, key: str) -> None:
        """Make the folder of a key once; a link in the way is never followed out of the tree."""
        if key in self._made:
            return
        self.make_folder(key.rpartition("/")[0])
        path = self.path(key)
        try:
            os.mkdir(path)
        except FileExistsError:
            if os.path.islink(path) or not os.path.isdir(path):
                raise TargetError("a file or link is in the way", place=path) from None
        if self.fsync:
            sync_folder(os.path.dirname(path))
        self._made.add(key)

    def place(self, temporary: str, key: str) -> None:
        """Rename a finished temporary file to its key."""
        final = self.path(key)
        try:
            self.make_folder(key.rpartition("/")[0])
            os.replace(temporary, final)
            if self.fsync:
                sync_folder(os.path.dirname(final))
        except FileNotFoundError as error:
            raise ClaimLostError(
                "another run finished or replaced this target", place=self.root
            ) from error
        except OSError as error:
            raise from_os_error(error, doing="writing", place=final) from error

    def count(self, key: str = "") -> int:
        """Count all files at or below a key; links are counted, not followed."""
        total = 0
        for entry in self.entries(key):
            inner = f"{key}/{entry.name}".lstrip("/")
            total += self.count(inner) if entry.is_dir(follow_symlinks=False) else 1
        return total

    def copies_from(self, source: Folder) -> Copies | None:
        """Give what copies objects within one store: nothing, a disk has ways of its own."""
        del source
        return None

    def remove(self, key: str) -> None:
        """Remove one object, where it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(key))

    def clear(self) -> None:
        """Remove all that the target holds; the caller has made sure that it may.

        Claim and root documents go first, so that no writer goes on and nothing half removed
        looks finished; our own folder goes last, so that it can be done again after a kill.
        """
        first = [CLAIM, "zarr.json", ".zgroup", ".zarray", ".zattrs"]
        try:
            Path(self.path(OURS)).mkdir(exist_ok=True)
            for key in first:
                self.remove(key)
            for entry in sorted(self.entries(""), key=lambda e: e.name == OURS):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)
        except OSError as error:
            raise from_os_error(error, doing="removing", place=self.root) from error
        self._made = {""}


@contextlib.contextmanager
def at_work(target: Target) -> Iterator[None]:
    """Hold a run's own folder for temporary objects, and remove it whatever happens.

    A signal that arrives while it is removed comes once: it is removed again.
    """
    try:
        target.enter()
        yield
    finally:
        try:
            target.leave()
        except BaseException:
            target.leave()
            raise


class PendingObject:
    """An object being written under a temporary name.

    Bytes gather in one buffer and reach the file in one write for each full buffer.
    """

    __slots__ = (
        *("_buffer", "_fd", "_filled", "_target", "_temporary", "_turn", "_view"),
        "position",
    )

    def __init__(
        self, target: Target, fd: int, temporary: str, buffer: bytearray, turn: Turn | None
    ) -> None:
        self._target, self._fd, self._temporary, self._turn = target, fd, temporary, turn
        self._buffer, self._view = buffer, memoryview(buffer)
        self._filled = 0
        self.position = 0

    def room(self, least: int) -> memoryview:
        """Give free buffer of at least `least` bytes to read into; `advance` keeps it."""
        if len(self._buffer) - self._filled < least:
            self.flush()
            if len(self._buffer) < least:
                self._buffer = bytearray(least)
                self._view = memoryview(self._buffer)
        return self._view[self._filled :]

    def advance(self, length: int) -> None:
        """Keep the first `length` bytes of the room last given."""
        self._filled += length
        self.position += length

    def write(self, data: bytes | memoryview) -> None:
        """Add bytes that lie elsewhere."""
        long = len(data) >= _LONG
        if long or len(data) > len(self._buffer) - self._filled:
            self.flush()
            if long or len(data) > len(self._buffer):
                self._write_all(memoryview(data))
                self.position += len(data)
                return
        self._view[self._filled : self._filled + len(data)] = data
        self.advance(len(data))

    def take(self, fd: int, length: int, offset: int = 0) -> int:
        """Have the kernel copy bytes of an open file; gives how many, 0 if it cannot.

        Raises `OSError` where reading fails, `TargetError` where writing does.
        """
        copy = self._target.copy_range
        if copy is None:
            return 0
        self.flush()
        at = 0
        try:
            with self.aside(length):
                while at < length and (copied := copy(fd, self._fd, length - at, offset + at)):
                    at += copied
        except OSError as error:
            if at == 0 and error.errno in NO_COPYING:
                self._target.copy_range = None
                return 0
            if error.errno in _FULL:
                raise from_os_error(error, doing="writing", place=self._target.root) from error
            raise
        self.position += at
        return at

    def aside(self, length: int) -> AbstractContextManager[None]:
        """Give up the turn during one call that deals with many bytes."""
        alone = self._turn is None or length < _LONG
        return contextlib.nullcontext() if alone else self._turn.aside()  # type: ignore[union-attr]

    def flush(self) -> None:
        """Write what the buffer holds to the file."""
        if self._filled:
            self._write_all(self._view[: self._filled])
            self._filled = 0

    def _write_all(self, view: memoryview) -> None:
        try:
            with self.aside(len(view)):
                while view:
                    view = view[os.write(self._fd, view) :]
        except OSError as error:
            raise from_os_error(error, doing="writing", place=self._target.root) from error

    def commit(self, key: str) -> None:
        """Finish the object under its key; the file must hold just what was given."""
        self.flush()
        if os.fstat(self._fd).st_size != self.position:
            raise TargetError("the file holds other bytes than were written", place=self._temporary)
        self._close(sync=self._target.fsync)
        self._target.place(self._temporary, key)

    def abort(self) -> None:
        """Give the object up and remove its temporary file."""
        if self._fd >= 0:
            self._close(sync=False)
        with contextlib.suppress(OSError):
            os.unlink(self._temporary)

    def _close(self, *, sync: bool) -> None:
        fd, self._fd = self._fd, -1
        try:
            if sync:
                os.fsync(fd)
            os.close(fd)
        except OSError as error:
            raise from_os_error(error, doing="writing", place=self._target.root) from error


def _write_new(path: str, data: bytes, *, fsync: bool) -> None:
    fd = os.open(path, _CREATE, 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        if fsync:
            os.fsync(fd)
    finally:
        os.close(fd)


def _link_new(draft: str, final: str, data: bytes, *, fsync: bool) -> bool:
    """Give the draft its final name unless that is taken; some file systems have no links."""
    try:
        os.link(draft, final)
    except FileExistsError:
        return False
    except OSError:
        try:
            _write_new(final, data, fsync=fsync)
        except FileExistsError:
            return False
    return True


def sync_folder(path: str) -> None:
    """See that the names in a folder outlast a power cut."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def alone(root: str, refusal: str) -> Iterator[None]:
    """Keep other such work on a folder out, where the file system has locks.

    The lock lies on the folder itself and ends with the process: nothing is left to remove.
    Raises `TargetError` with the words of `refusal` where another one is at work.
    """
    import fcntl  # noqa: PLC0415 - Windows has none

    try:
        fd = open_folder(root)
    except OSError as error:
        raise from_os_error(error, doing="opening", place=root) from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                raise TargetError(
                    refusal,
                    place=root,
                    hint="wait until it has ended, then run the same command again",
                ) from error
        yield
    finally:
        os.close(fd)
