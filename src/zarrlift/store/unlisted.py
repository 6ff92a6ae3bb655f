"""Reading where nothing is listed: a key is there, absent, or refused, each by its own answer.

Many servers refuse a key that is absent (403) where they do not list, so as not to tell. That
proves absence only if a key that cannot be there is refused as well, and if a document that must
be there can still be read: else rights were withdrawn, or have expired.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.store.address import Address, StoreOptions
    from zarrlift.store.remote import RemoteFolder

_DOCUMENTS = (".zarray", "zarr.json", ".zgroup", ".zattrs")
_STATUS = re.compile(r"status code: (\d+)")
_found: set[tuple[Address, StoreOptions]] = set()


class Answer(StrEnum):
    """What a store says of one key."""

    THERE = "there"
    ABSENT = "absent"
    REFUSED = "refused"


def remember(address: Address, options: StoreOptions) -> None:
    """Keep in mind that a place does not list, for others that open it in this process."""
    _found.add((address, options))


def forget(address: Address, options: StoreOptions) -> None:
    """Say that a place lists after all."""
    _found.discard((address, options))


def remembered(address: Address, options: StoreOptions) -> bool:
    """Say whether a place was found not to list."""
    return (address, options) in _found


def impossible_key(folder: str) -> str:
    """Give a key below another that nobody has written."""
    return f"{folder}/{uuid.uuid4().hex}".lstrip("/")


def is_absence(error: FileNotFoundError) -> bool:
    """Say whether an error means that a key is absent.

    Of a server that refuses the method (405) the library beneath says that nothing is there.
    """
    status = _STATUS.search(str(error))
    return status is None or status[1] != "405"


class Refusals:
    """Tells which refusals of one place mean that a key is absent."""

    def __init__(self, folder: RemoteFolder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._proved: dict[str, float] = {}
        """When the proof by a document was begun."""

    def mean_absence(self, key: str, node: str | None) -> bool:
        """Say whether the refusal of a key, just met, proves its absence.

        `node` is the array that it belongs to, whose own document then has to be readable;
        for other keys it is that of the nearest node above.
        """
        met = time.monotonic()
        with self._lock:
            nodes = _above(key) if node is None else iter([node])
            document = self._readable(nodes, met)
            if document is None:
                return False
            if self._proved.get(document, 0.0) >= met:
                return True
            begun = time.monotonic()
            beside = impossible_key(key.rpartition("/")[0])
            holds = self._folder.answer(beside) is Answer.REFUSED and self._there(document)
            if holds:
                self._proved[document] = begun
            return holds

    def _readable(self, nodes: Iterator[str], met: float) -> str | None:
        """Give a document of the nearest node that has one; one proved since is not asked for."""
        for node in nodes:
            keys = [f"{node}/{name}".lstrip("/") for name in _DOCUMENTS]
            for key in keys:
                if self._proved.get(key, 0.0) >= met:
                    return key
            known = [key for key in keys if key in self._proved]
            for key in known or keys:
                if self._there(key):
                    return key
        return None

    def _there(self, key: str) -> bool:
        return self._folder.answer(key) is Answer.THERE


def _above(key: str) -> Iterator[str]:
    """Walk the folders above a key, the nearest first."""
    while key:
        key = key.rpartition("/")[0]
        yield key
