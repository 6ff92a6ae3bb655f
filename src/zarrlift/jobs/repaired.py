"""What came of a repair in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zarrlift.findings import has_errors
from zarrlift.jobs.stores import Stores

if TYPE_CHECKING:
    from zarrlift.findings import Finding
    from zarrlift.repair.edit import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairOptions:
    """What a repair is asked to do."""

    only: tuple[str, ...] = ()
    """Ids of repairs, or of rules that they answer; all where none is given."""
    exclude: tuple[str, ...] = ()
    """Patterns of paths whose documents stay as they are."""
    dry_run: bool = False
    fsync: bool = False
    stores: Stores = field(default_factory=Stores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """The outcome of a repair in place, or of asking what it would do."""

    source: str
    version: str | None
    """OME-Zarr version that the dataset has now; with `dry_run`, that it would have."""
    changes: tuple[Change, ...]
    """Documents that were written, by key; with `dry_run`, that would be."""
    completed: bool
    """An earlier repair was cut off, and was completed; its documents are among the changes.

    With `dry_run`, it would be.
    """
    findings: tuple[Finding, ...]
    """What was found wrong and could be meant in more than one way."""
    remaining: tuple[Finding, ...]
    """Errors of validation that stay."""
    recorded: bool
    """There is an undo record of a repair."""
    dry_run: bool
    seconds: float

    @property
    def already(self) -> bool:
        """Say whether there was nothing to do."""
        return not self.changes

    @property
    def new(self) -> int:
        """Count the documents that were not there before."""
        return sum(change.new for change in self.changes)

    @property
    def valid(self) -> bool:
        """Say whether no error of validation stays."""
        return not has_errors(self.remaining)

    def __repr__(self) -> str:
        """Give the outcome in one line."""
        verb = "would be written" if self.dry_run else "written"
        return (
            f"Repaired({self.source!r}: {len(self.changes)} documents {verb}, "
            f"{len(self.remaining)} errors stay)"
        )
