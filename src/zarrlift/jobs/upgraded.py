"""What came of an upgrade in place, and of taking one back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from zarrlift.findings import has_errors
from zarrlift.jobs.stores import Stores

if TYPE_CHECKING:
    from zarrlift.findings import Finding
    from zarrlift.plan.crate import CrateWords


class Depth(StrEnum):
    """How much an upgrade looks at before it writes."""

    METADATA = "metadata"
    CHUNKS = "chunks"
    """The envelope of every chunk too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeOptions:
    """What an upgrade is asked to do."""

    exclude: tuple[str, ...] = ()
    level: Depth = Depth.METADATA
    drop_v2: bool = False
    plain_zarr: bool = False
    dry_run: bool = False
    fsync: bool = False
    crate: CrateWords | None = None
    """What the crate is to say; None where there is to be none, or the one there stays."""
    stores: Stores = field(default_factory=Stores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """The outcome of an upgrade in place, or of asking what it would do."""

    source: str
    version: str | None
    """OME-Zarr version that was there; None for plain Zarr."""
    level: Depth
    keys: tuple[str, ...]
    """Every document, in the order in which they are written: the root's last."""
    arrays: int
    """Documents of arrays; the others are those of groups."""
    implicit: int
    """Groups that were folders without documents of their own."""
    bytes: int
    """Of all documents."""
    written: int
    """Documents that were not there before; with `dry_run`, that would be written."""
    removed: int
    """Documents of Zarr v2 that were set aside; with `dry_run`, that would be."""
    chunks: int
    """Chunks that were looked at."""
    seconds: float
    findings: tuple[Finding, ...]
    dry_run: bool = False
    dropped: bool = False
    """The documents of Zarr v2 are gone, now or since before."""
    recorded: bool = False
    """There is an undo record."""
    crate: bool = False
    """The crate was written; with `dry_run`, it would be."""

    @property
    def documents(self) -> int:
        """Count the documents."""
        return len(self.keys)

    @property
    def groups(self) -> int:
        """Count the documents of groups."""
        return len(self.keys) - self.arrays

    @property
    def already(self) -> bool:
        """Say whether there was nothing to do."""
        return not self.written and not self.removed and not self.crate

    @property
    def possible(self) -> bool:
        """Say whether nothing was found that keeps the upgrade from being done."""
        return not has_errors(self.findings)

    def __repr__(self) -> str:
        """Give the outcome in one line."""
        state = "already done" if self.already else "would be done" if self.dry_run else "done"
        state = state if self.possible else "NOT possible"
        return (
            f"Upgraded({self.source!r}: {state}, {self.written} of {self.documents} documents "
            f"written, {self.removed} of v2 set aside)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The outcome of taking an upgrade, a repair or a change of the crate back."""

    source: str
    upgrade: bool
    """An upgrade was taken back; else a repair, or only a change of the crate."""
    crate: str | None
    """`restored` or `removed`; None where it was left alone."""
    left: int
    """Changes that can still be taken back."""
    removed: int
    """Documents that were removed; those of Zarr v3, of an upgrade."""
    restored: int
    """Documents that were put back; those of Zarr v2, of an upgrade."""
    forced: tuple[str, ...]
    """Keys that had changed since the upgrade, and were removed or replaced all the same."""
    seconds: float
    repair: bool = False
    """A repair was taken back."""

    def __repr__(self) -> str:
        """Give the outcome in one line."""
        return (
            f"Undone({self.source!r}: {self.removed} documents removed, {self.restored} put back)"
        )
