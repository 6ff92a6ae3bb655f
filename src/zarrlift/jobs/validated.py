"""What a validation is asked for, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from zarrlift.findings import Severity
from zarrlift.jobs.options import RunOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.audit.sample import Sample
    from zarrlift.findings import Finding
    from zarrlift.store.asking import Requests


class Depth(StrEnum):
    """How much is looked at; each holds what those before it look at."""

    METADATA = "metadata"
    """Documents and structure."""
    CHUNKS = "chunks"
    """Every object is listed, every shard's index read."""
    DATA = "data"
    """Chunks are decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateOptions:
    """What is looked at, and how it is judged."""

    level: Depth = Depth.METADATA
    sample: Sample | None = None
    """What is decoded; None for all."""
    seed: int = 0
    strict: bool = False
    """Warnings count."""
    version: str | None = None
    """The OME-Zarr version by which it is judged, whatever it states."""
    web: bool = False
    run: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One dataset below the address."""

    path: str
    """Empty where it is what the address names."""
    version: str | None
    """OME-Zarr version; None for plain Zarr."""
    zarr_format: int | None
    valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """How much was looked at."""

    groups: int = 0
    arrays: int = 0
    documents: int = 0
    document_bytes: int = 0
    files: int = 0
    """Plain files beside the nodes, which are only listed."""
    objects: int = 0
    """Objects that hold chunks or shards; from level chunks on, as what follows."""
    stored_bytes: int = 0
    """Of these objects."""
    chunks: int = 0
    """Chunks that are there, those in shards among them."""
    missing: int = 0
    indexes: int = 0
    index_bytes: int = 0
    decoded: int = 0
    chunk_bytes: int = 0
    """Encoded bytes of the chunks that were decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The verdict on an address, and all that was found."""

    source: str
    level: Depth
    strict: bool
    datasets: tuple[Judged, ...]
    findings: tuple[Finding, ...]
    """In the order of the hierarchy."""
    roles: Mapping[str, str]
    """What the nodes of findings are, such as `well`, by path."""
    documents: Mapping[str, str]
    """Keys of the documents of these nodes, by path."""
    looked: Looked
    asked: str | None = None
    """The version by which all was judged; None for that of each dataset."""
    sample: str | None
    """What of the chunks was decoded, as it was asked for; None for all, or none."""
    web: bool
    """Asked as browsers ask, too."""
    unseen: tuple[str, ...]
    """What was not looked at, and why."""
    requests: Requests | None
    """What an object store was asked for; None for a local dataset."""
    seconds: float

    @property
    def valid(self) -> bool:
        """Say whether no finding is an error, nor a warning where these count."""
        return not any(counts(f, strict=self.strict) for f in self.findings)

    @property
    def version(self) -> str | None:
        """Return the OME-Zarr version of the first dataset that has one."""
        return next((d.version for d in self.datasets if d.version), None)

    @property
    def zarr_format(self) -> int | None:
        """Return the Zarr format of the first dataset."""
        return self.datasets[0].zarr_format if self.datasets else None

    def count(self, severity: Severity) -> int:
        """Count the findings of a severity."""
        return sum(1 for f in self.findings if f.severity is severity)

    def __repr__(self) -> str:
        """Give the verdict in one line."""
        verdict = "valid" if self.valid else "NOT valid"
        numbers = ", ".join(f"{self.count(s)} {s}s" for s in Severity)
        return f"Validation({self.source!r}: {verdict} at level {self.level}, {numbers})"


def counts(finding: Finding, *, strict: bool) -> bool:
    """Say whether a finding keeps a dataset from being valid."""
    if finding.severity is Severity.ERROR:
        return True
    return strict and finding.severity is Severity.WARNING
