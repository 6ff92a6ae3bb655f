"""Stand-ins that fail, stop or count, handed in where the real thing would go."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import sys
import tempfile
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from zarrlift.errors import StorageError
from zarrlift.store.folder import Folder
from zarrlift.store.target import Target


class Stopped(Exception):  # noqa: N818 - it is no error, it stands for a job's sudden end
    """Ends a job from within its watch."""


class StoppingWatch:
    """A watch that ends the job when a phase begins, or after some steps of it."""

    def __init__(self, phase: str, *, after: int | None = None, confirms: bool = False) -> None:
        self._last, self._after, self._confirms = phase, after, confirms
        self._name = ""

    def phase(self, name: str, total: int | None) -> None:
        """End the job where it comes to the phase."""
        del total
        self._name = name
        if name == self._last and self._after is None:
            raise Stopped

    def advance(self, path: str, amount: int) -> None:
        """Count steps of the phase, and end the job after the last."""
        del path, amount
        if self._name == self._last and self._after is not None:
            self._after -= 1
            if self._after <= 0:
                raise Stopped

    def confirm(self, question: str) -> bool:
        """Answer as was said at first."""
        del question
        return self._confirms


class ActingWatch:
    """A watch that does something when a phase begins."""

    def __init__(self, phase: str, act: Callable[[], object]) -> None:
        self._phase, self._act = phase, act

    def phase(self, name: str, total: int | None) -> None:
        """Act where the job comes to the phase."""
        del total
        if name == self._phase:
            self._act()

    def advance(self, path: str, amount: int) -> None:
        """Ignore."""

    def confirm(self, question: str) -> bool:
        """Say no."""
        del question
        return False


class FailingFolder(Folder):
    """A folder in which some keys cannot be read, though they are there."""

    def __init__(self, root: str | os.PathLike[str], broken: Collection[str]) -> None:
        super().__init__(root)
        self._broken = frozenset(broken)

    def _fail(self, key: str) -> None:
        if key in self._broken:
            raise StorageError("reading failed: Input/output error", place=self.path(key))

    def read(self, key: str) -> bytes | None:
        """Read, or fail."""
        self._fail(key)
        return super().read(key)

    def read_tail(self, key: str, length: int) -> tuple[bytes, int] | None:
        """Read the end, or fail."""
        self._fail(key)
        return super().read_tail(key, length)

    def size(self, key: str) -> int | None:
        """Look, or fail."""
        self._fail(key)
        return super().size(key)

    def entries(self, key: str) -> list[os.DirEntry[str]]:
        """List, or fail."""
        self._fail(key)
        return super().entries(key)


class LateTarget(Target):
    """A target in which something happens just before its root is listed for the first time."""

    def __init__(self, root: str | os.PathLike[str], happens: Callable[[], None]) -> None:
        super().__init__(root)
        self._happens: list[Callable[[], None]] = [happens]

    def entries(self, key: str) -> list[os.DirEntry[str]]:
        """Let it happen, and list."""
        while self._happens:
            self._happens.pop()()
        return super().entries(key)


class CountingFolder(Folder):
    """A folder that notes which documents and lists were asked for."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        super().__init__(root)
        self.listed: list[str] = []
        self.read_keys: list[str] = []

    def entries(self, key: str) -> list[os.DirEntry[str]]:
        """Note a listing."""
        self.listed.append(key)
        return super().entries(key)

    def read(self, key: str) -> bytes | None:
        """Note a reading."""
        self.read_keys.append(key)
        return super().read(key)


_COUNT = struct.Struct("=Q")
_REMOVALS = frozenset({"os.remove", "os.rmdir"})
"""Done by names within an open folder, which do not say where that lies; we remove nowhere else."""


def strike(place: str, at: int, number: int) -> Callable[[], int]:
    """Send this process a signal just before its `at`-th touch of what lies below a folder.

    A touch is an opening, listing, making, linking, renaming or removing. Python reports each
    before it happens, from whichever thread, so that a run can be ended between any two of them.
    Those of processes that it forks count too. Gives a function that tells how many there were.
    """
    lock, struck = threading.Lock(), os.getpid()
    counted = mmap.mmap(-1, _COUNT.size)
    turn = tempfile.TemporaryFile()  # noqa: SIM115 - the hook holds it while the process lives
    inside = str(Path(place).absolute())

    def count() -> int:
        with lock:
            fcntl.lockf(turn, fcntl.LOCK_EX)
            (touches,) = _COUNT.unpack_from(counted)
            _COUNT.pack_into(counted, 0, touches + 1)
            fcntl.lockf(turn, fcntl.LOCK_UN)
        return int(touches) + 1

    def see(event: str, given: tuple[object, ...]) -> None:
        if event != "open" and not event.startswith("os."):
            return
        named = any(isinstance(a, str) and a.startswith(inside) for a in given)
        if not named and event not in _REMOVALS:
            return
        if count() == at:
            os.kill(struck, number)

    sys.addaudithook(see)
    return lambda: int(_COUNT.unpack_from(counted)[0])


def run_struck() -> None:
    """Run the command with the words after place, count and signal; say how many touches it took.

    For a child process: `python -c "from tests import fakes; fakes.run_struck()" PLACE AT SIGNAL
    convert SRC DST`.
    """
    place, at, number, *words = sys.argv[1:]
    sys.argv = ["zarrlift", *words]
    touches = strike(place, int(at), int(number))
    from zarrlift.cli.app import answer  # noqa: PLC0415 - after the hook, as all that it does

    status = answer()
    print(f"touches {touches()}", file=sys.stderr)  # noqa: T201 - read by the parent
    sys.exit(status)
