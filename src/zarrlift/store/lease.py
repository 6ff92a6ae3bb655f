"""Keeping other changes of a dataset in a bucket out: one object, renewed while its run lives.

Object stores have no locks. The object is made by a conditional write, so that one run alone makes
it. A run that is killed leaves it; the next one takes it over once it sees that nobody lives there.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import ClaimLostError, TargetError, ZarrliftError
from zarrlift.store.folder import boot_id
from zarrlift.store.target import OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from typing import Protocol

    Version = dict[str, str | None]

    class Place(Protocol):
        """Where the object lies."""

        def path(self, key: str) -> str:
            """Give the address of a key."""

        def put_new(self, key: str, data: bytes) -> bool:
            """Write an object; say False where there is one."""

        def replace(self, key: str, data: bytes, version: Version) -> bool:
            """Write an object in place of a version of it; say False where it is another."""

        def read_version(self, key: str) -> tuple[bytes, Version] | None:
            """Give an object and what tells its version, None where it is absent."""

        def send(self, key: str, data: bytes) -> None:
            """Write an object."""

        def remove(self, key: str) -> None:
            """Remove an object, where it is there."""


_LOG = logging.getLogger(__name__)

LOCK = f"{OURS}/lock.json"
RENEWED = 5.0
"""Seconds after which a run that lives renews its object."""
STALE = 20.0
"""Seconds without a change after which nobody lives there."""
LOOK = 0.5
"""Seconds after which the object of another run is looked at again."""


class _Run(NamedTuple):
    """Who holds the object."""

    name: str
    """By chance, so that each is another."""
    system: str | None
    """Digest of the running system, and of the process numbers that count in it."""
    process: int


class Lease:
    """The right to change a dataset, held by one run at a time."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._own = _Run(os.urandom(8).hex(), _system(), os.getpid())
        self._count = 0
        self._renewed = 0.0
        self._guard = threading.Lock()
        self._lost = False

    @contextmanager
    def held(self, threads: Executor, told: Callable[[str], object]) -> Iterator[None]:
        """Hold it, renewed by one of `threads`; raise `TargetError` where another run does.

        `told` hears that it takes a while to see whether the other one lives.
        """
        self._take(told)
        ended = threading.Event()
        renewing = threads.submit(self._keep, ended)
        try:
            yield
        finally:
            ended.set()
            renewing.result()
            self._give_back()

    def check(self) -> None:
        """Raise `ClaimLostError` where another run may have taken over."""
        if self._lost or time.monotonic() - self._renewed > STALE / 2:
            self._renew()

    def _take(self, told: Callable[[str], object]) -> None:
        first: bytes | None = None
        begun = time.monotonic()
        while not self._place.put_new(LOCK, self._document()):
            found = self._place.read_version(LOCK)
            if found is not None:
                data, version = found
                holder = _read(data)
                if holder is not None and holder.name == self._own.name:
                    break  # the answer to a first request was lost
                if first is None:
                    first, begun = data, time.monotonic()
                    told("looking whether another run is at work")
                gone = holder is None or self._is_dead(holder) or time.monotonic() - begun > STALE
                if gone and self._place.replace(LOCK, self._document(), version):
                    break
                if gone or data != first:
                    raise self._refusal()
            elif time.monotonic() - begun > 2 * STALE:
                raise self._refusal()
            time.sleep(LOOK)
        self._renewed = time.monotonic()

    def _refusal(self) -> TargetError:
        return TargetError(
            "another upgrade, repair, undo or change of the crate is at work here",
            place=self._place.path(LOCK),
            hint="wait until it has ended, then run the same command again; if none is at work "
            "anywhere, remove this object",
        )

    def _keep(self, ended: threading.Event) -> None:
        while not ended.wait(RENEWED):
            with suppress(ZarrliftError):  # `check` says what is wrong, where it matters
                self._renew()

    def _renew(self) -> None:
        with self._guard:
            if not self._lost and time.monotonic() - self._renewed < RENEWED / 2:
                return
            version = self._version()
            self._count += 1
            if not self._place.replace(LOCK, self._document(), version):
                self._version()  # some stores refuse each such write: what they hold decides
                self._place.send(LOCK, self._document())
            self._renewed = time.monotonic()

    def _version(self) -> Version:
        """Give the version of the object that is ours; raise `ClaimLostError` where it is not."""
        found = None if self._lost else self._place.read_version(LOCK)
        holder = _read(found[0]) if found else None
        if found is None or holder is None or holder.name != self._own.name:
            self._lost = True
            raise ClaimLostError(
                "another run took over, because nothing was heard of this one",
                place=self._place.path(LOCK),
                hint="wait until it has ended; then the same command continues, or undo takes back",
            )
        return found[1]

    def _give_back(self) -> None:
        try:
            self._version()
            self._place.remove(LOCK)
        except ZarrliftError as error:
            _LOG.info("%s was left: %s", LOCK, error)

    def _is_dead(self, holder: _Run) -> bool:
        """Say whether a run was one of this system's, and is gone."""
        if holder.system is None or holder.system != self._own.system or holder.process < 1:
            return False
        try:
            os.kill(holder.process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False

    def _document(self) -> bytes:
        run = self._own._asdict()
        facts = {"schema": 1, "kind": "zarrlift-lock", **run, "renewed": self._count}
        return json.dumps(facts).encode()


def _read(data: bytes) -> _Run | None:
    """Read who holds the object; None where that is not to be read."""
    try:
        facts = json.loads(data)
        return _Run(str(facts["name"]), facts["system"], int(facts["process"]))
    except (ValueError, KeyError, TypeError):
        return None


def _system() -> str | None:
    """Identify what process numbers count in: a boot, and a container in it; None if not known."""
    boot = boot_id()
    if boot is None:
        return None
    numbers = ""
    with suppress(OSError):
        numbers = os.readlink("/proc/self/ns/pid")
    return hashlib.sha256(f"{boot} {numbers}".encode()).hexdigest()[:32]
