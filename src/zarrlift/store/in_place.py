"""Changing documents where a dataset lies: alone, never through a link, undoable by renames."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from typing import TYPE_CHECKING, TypeVar

from zarrlift.errors import AccessError, TargetError, from_os_error
from zarrlift.store.target import OURS, UNDO, Target, alone, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")
V2_DOCUMENTS = (".zarray", ".zgroup", ".zattrs", ".zmetadata")
_MAY_CHANGE = os.W_OK | os.X_OK


class Dataset(Target):
    """A dataset whose documents are written, set aside and put back where they are."""

    def __init__(self, root: str | os.PathLike[str], *, fsync: bool = False) -> None:
        super().__init__(root, fsync=fsync)
        self._links: dict[str, bool] = {"": False}

    @contextlib.contextmanager
    def alone(self, told: Callable[[str], object] = str) -> Iterator[None]:
        """Keep other upgrades and undos of the same folder out, where the file system has locks.

        The lock lies on the folder itself and ends with the process: nothing is left to remove.
        Raises `TargetError` where another one is at work, at once: `told` hears of nothing.
        """
        del told
        with alone(self.root, "another upgrade, repair or undo is at work here"):
            yield

    def surveyed(self) -> Dataset:
        """Open the dataset to be walked and read, apart from what is written."""
        return Dataset(self.root)

    def writer(self, *, fsync: bool) -> Dataset:
        """Open the dataset for a few objects, in a temporary folder that others do not remove."""
        return Dataset(self.root, fsync=fsync)

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Give what `work` makes of each item, in order, one after another: a disk is near."""
        return map(work, items)

    def half_moved(self, key: str, to: str) -> bool:
        """Say that a kill never leaves both of a file's names: a rename is whole."""
        del key, to
        return False

    def linked(self, path: str) -> bool:
        """Say whether a folder is a link, or is reached through one below the root."""
        if path not in self._links:
            above = self.linked(path.rpartition("/")[0])
            self._links[path] = above or os.path.islink(self.path(path))
        return self._links[path]

    def behind(self, path: str) -> str | None:
        """Give where in the dataset a linked folder really lies, or None where it lies outside."""
        real, root = os.path.realpath(self.path(path)), os.path.realpath(self.root)
        inside = real == root or real.startswith(root.rstrip("/") + "/")
        return real[len(root) :].strip("/") if inside else None

    def there(self, key: str) -> bool:
        """Say whether anything lies at a key, be it a link that leads nowhere."""
        return os.path.lexists(self.path(key))

    def refuse_locked(self, folders: Iterable[str]) -> None:
        """Raise `AccessError` for the first folder in which this process may not write."""
        for path in folders:
            place = self.path(path)
            if not os.access(place, _MAY_CHANGE):
                raise AccessError(
                    "the folder cannot be written to",
                    place=place,
                    hint="check the owner and mode; nothing has been written yet",
                )

    def place(self, temporary: str, key: str) -> None:
        """Rename a finished temporary file to its key; who may read the one before may read it."""
        with contextlib.suppress(OSError):
            held = os.stat(self.path(key), follow_symlinks=False)
            if stat.S_ISREG(held.st_mode):
                os.chmod(temporary, stat.S_IMODE(held.st_mode))
                os.chown(temporary, held.st_uid, held.st_gid)
        super().place(temporary, key)

    def make(self, key: str) -> None:
        """Make a folder of ours, and those above it, and see that they outlast a power cut."""
        try:
            os.makedirs(self.path(key), exist_ok=True)
            while key:
                key = key.rpartition("/")[0]
                sync_folder(self.path(key))
        except OSError as error:
            raise from_os_error(error, doing="writing", place=self.path(key)) from error

    def move(self, key: str, to: str) -> None:
        """Rename a file, whose bytes, mode and time stay; another run may have done so before."""
        try:
            os.rename(self.path(key), self.path(to))
        except FileNotFoundError:
            if not self.there(to):
                raise TargetError(
                    "is gone", place=self.path(key), hint="find out what removes files here"
                ) from None
        except OSError as error:
            raise from_os_error(error, doing="renaming", place=self.path(key)) from error

    def drop(self, key: str) -> None:
        """Remove a file, where it is there."""
        try:
            self.remove(key)
        except OSError as error:
            raise from_os_error(error, doing="removing", place=self.path(key)) from error

    def forget(self, *keys: str) -> None:
        """Remove files and folders of ours, in this order, and our own folder once it is empty."""
        for key in keys:
            place = self.path(key)
            try:
                if os.path.isdir(place):
                    shutil.rmtree(place)
                else:
                    self.remove(key)
            except OSError as error:
                raise from_os_error(error, doing="removing", place=place) from error
        for key in (UNDO, OURS):
            with contextlib.suppress(OSError):
                os.rmdir(self.path(key))

    def tidy(self) -> None:
        """Remove temporary files of this and of killed runs."""
        if os.path.isdir(self.path(OURS)):
            left = [e.name for e in self.entries(OURS) if e.name.startswith(("tmp", "claim-"))]
            self.forget(*(f"{OURS}/{name}" for name in left))

    def settle(self) -> None:
        """Wait until the system has put on disk all that was written so far."""
        os.sync()
