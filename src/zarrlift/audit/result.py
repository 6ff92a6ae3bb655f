"""What an audit found, and how much it looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.validate.beyond import told

if TYPE_CHECKING:
    from zarrlift.chunks.listing import ChunkFile
    from zarrlift.findings import Finding
    from zarrlift.grid import Index

_MOST = 1000
"""Findings of one rule in one node that are kept; the others are counted."""


class Picked(NamedTuple):
    """A chunk that the sample may hold."""

    order: int
    """Decided by seed, path and index: those with the least are taken."""
    array: int
    at: Index
    file: ChunkFile


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one task, or of all of them together."""

    objects: int = 0
    stored: int = 0
    """Bytes of the objects, as listings give them."""
    chunks: int = 0
    """Encoded chunks that are there, within the arrays."""
    missing: Counter[str] = field(default_factory=Counter)
    """Chunks that are not stored, by array."""
    indexes: int = 0
    index_bytes: int = 0
    """Bytes of shard indexes that were read."""
    unnamed: Counter[str] = field(default_factory=Counter)
    """Bytes of shards that no entry names, by array."""
    decoded: int = 0
    """Chunks that were decoded."""
    chunk_bytes: int = 0
    """Encoded bytes of chunks that were read."""
    findings: list[Finding] = field(default_factory=list)
    picked: list[Picked] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    """What could not be looked at, in words."""
    more: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By node and rule: findings, kept or not."""

    def add(self, other: Tally) -> None:
        """Take in the counts of another; what it picked is for the caller to take."""
        self.objects += other.objects
        self.stored += other.stored
        self.chunks += other.chunks
        self.missing.update(other.missing)
        self.indexes += other.indexes
        self.index_bytes += other.index_bytes
        self.unnamed.update(other.unnamed)
        self.decoded += other.decoded
        self.chunk_bytes += other.chunk_bytes
        self.unseen += other.unseen
        for finding in other.findings:
            self.keep(finding)
        for kind, count in other.more.items():
            self.more[kind] += max(0, count - _MOST)  # those that the other did not keep

    def keep(self, finding: Finding) -> None:
        """Keep a finding, unless there are very many of its kind in its node."""
        kind = (finding.path, finding.rule)
        self.more[kind] += 1
        if self.more[kind] <= _MOST:
            self.findings.append(finding)

    def find(self, rule: str, path: str, message: str, chunk: Index | None = None) -> None:
        """Note a problem."""
        self.keep(told(rule, path, message, chunk))

    def left_out(self) -> list[str]:
        """Say of which findings only the first are kept."""
        return [
            f"{count - _MOST:,} further findings of {rule} in {path or '/'}: the first "
            f"{_MOST:,} are kept"
            for (path, rule), count in self.more.items()
            if count > _MOST
        ]
