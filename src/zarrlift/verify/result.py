"""What a verification says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zarrlift.findings import Finding, has_errors

if TYPE_CHECKING:
    from zarrlift.verify.level import Level


@dataclass(slots=True, kw_only=True)
class Checked:
    """Counts of what was looked at; one thread adds to it."""

    arrays: int = 0
    documents: int = 0
    files: int = 0
    objects: int = 0
    chunks: int = 0
    """Chunks whose presence and stored length were compared."""
    compared: int = 0
    """Chunks whose bytes or values were compared."""
    decoded: int = 0
    bytes: int = 0
    """Bytes of chunks and files compared."""
    entries: int = 0
    """Entries of zipped sides; levels above quick check the CRC-32 of each."""
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Checked) -> None:
        """Add what another thread has looked at."""
        self.arrays += other.arrays
        self.documents += other.documents
        self.files += other.files
        self.objects += other.objects
        self.chunks += other.chunks
        self.compared += other.compared
        self.decoded += other.decoded
        self.bytes += other.bytes
        self.entries += other.entries
        self.findings += other.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The outcome: what was looked at, and every difference found."""

    source: str
    target: str
    level: Level
    arrays: int
    documents: int
    files: int
    objects: int
    chunks: int
    compared: int
    decoded: int
    bytes: int
    entries: int
    """Entries of zipped sides; levels above quick check the CRC-32 of each."""
    findings: tuple[Finding, ...]

    @property
    def equal(self) -> bool:
        """Say whether no difference was found."""
        return not has_errors(self.findings)

    def __repr__(self) -> str:
        """Give verdict and extent in one line."""
        verdict = "equal" if self.equal else f"{len(self.findings)} findings"
        return (
            f"Verification({verdict}, level {self.level}: {self.arrays} arrays, "
            f"{self.objects} objects, {self.compared} of {self.chunks} chunks compared)"
        )


def verification(source: str, target: str, level: Level, checked: Checked) -> Verification:
    """Freeze the counts of a finished verification."""
    return Verification(
        source=source,
        target=target,
        level=level,
        arrays=checked.arrays,
        documents=checked.documents,
        files=checked.files,
        objects=checked.objects,
        chunks=checked.chunks,
        compared=checked.compared,
        decoded=checked.decoded,
        bytes=checked.bytes,
        entries=checked.entries,
        findings=tuple(sorted(checked.findings, key=_order)),
    )


def _order(finding: Finding) -> tuple[str, tuple[int, ...], str]:
    return finding.path, finding.chunk or (), finding.rule
