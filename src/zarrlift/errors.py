"""What stops a job, grouped by what the caller does next.

    ZarrliftError
    ├── UsageError        change the call                            exit 2
    ├── SourceError       the source cannot be lifted as it is       exit 3
    │   ├── DocumentError     a metadata document is not readable
    │   └── DamageError       a chunk that cannot be passed or decoded
    ├── TargetError       the target is in the way or not ours       exit 3
    │   └── ClaimLostError    another run finished or replaced it
    ├── StorageError      reading or writing failed                  exit 3
    │   ├── AccessError       permission refused
    │   └── SpaceError        disk or quota full
    └── InterruptedJobError   a signal asked to stop                 exit 130, 143

Problems *in data* that do not stop the job are `Finding` values, never exceptions.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST, _HEAD = 600, 400
"""Characters of a message, and of its first part where the middle is left out: values of documents
that it cites may be of any length."""


class ZarrliftError(Exception):
    """The job could not be done; `place` says where, `hint` what to do next."""

    exit_code: ClassVar[int] = 3
    kind: ClassVar[str] = "error"

    def __init__(self, message: str, *, place: str | None = None, hint: str | None = None) -> None:
        whole = len(message) <= _LONGEST
        self.message = message if whole else f"{message[:_HEAD]} … {message[_HEAD - _LONGEST :]}"
        super().__init__(self.message)
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        """Cause, place and next step as one readable text."""
        where = f"{self.place}: " if self.place else ""
        step = f"\n  next: {self.hint}" if self.hint else ""
        return f"{where}{self.message}{step}"


class UsageError(ZarrliftError):
    """The call's words do not fit together."""

    exit_code = 2
    kind = "usage"


class SourceError(ZarrliftError):
    """The source cannot be lifted as it is."""

    kind = "source"


class DocumentError(SourceError):
    """A metadata document is missing a member, or is not JSON."""

    kind = "document"


class DamageError(SourceError):
    """A chunk neither passes its envelope check nor decodes to the right size."""

    kind = "damage"


class TargetError(ZarrliftError):
    """The target exists, is not ours, or overlaps the source."""

    kind = "target"


class ClaimLostError(TargetError):
    """The claim on the target vanished: another run finished or replaced it."""

    kind = "claim-lost"


class StorageError(ZarrliftError):
    """Reading or writing bytes failed."""

    kind = "storage"


class AccessError(StorageError):
    """The file system refused permission."""

    kind = "access"


class SpaceError(StorageError):
    """No space, inodes or quota left."""

    kind = "space"


class InterruptedJobError(ZarrliftError):
    """A signal asked the job to stop; what is written stays and can be continued."""

    kind = "interrupted"

    def __init__(self, signal_number: int) -> None:
        super().__init__("stopped by a signal; everything written so far is kept")
        self.signal_number = signal_number

    @property
    def exit_status(self) -> int:
        """Return 128 plus the signal's number, as shells do."""
        return 128 + self.signal_number


_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def from_os_error(error: OSError, *, doing: str, place: str) -> ZarrliftError:
    """Translate an `OSError` met while `doing` something at `place`."""
    cause = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _REFUSED:
        return AccessError(
            f"{doing} was refused ({cause})", place=place, hint="check the owner and mode"
        )
    if error.errno in _FULL:
        return SpaceError(
            f"{doing} failed: {cause}",
            place=place,
            hint="free some space, then run the same command again: it continues",
        )
    return StorageError(
        f"{doing} failed: {cause}", place=place, hint="the same command continues once it is cured"
    )


@contextmanager
def translated(doing: str, place: str) -> Iterator[None]:
    """Turn any `OSError` of the body into the matching `StorageError`."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, doing=doing, place=place) from error
