"""Problems in data, as values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem: which rule, how grave, where, and in words."""

    rule: str
    """Stable identifier, e.g. `chunk-differs`."""
    severity: Severity
    path: str
    """Node or file, relative to the dataset's root; empty for the root itself."""
    message: str
    chunk: tuple[int, ...] | None = None
    """Chunk index in array order, where the problem lies in one chunk."""
    pointer: str | None = None
    """JSON pointer (RFC 6901) into the node's document, where the problem lies in one."""

    def __str__(self) -> str:
        """`severity path [chunk]: message (rule)` on one line."""
        chunk = f" chunk {','.join(map(str, self.chunk))}" if self.chunk is not None else ""
        return f"{self.severity} {self.path or '/'}{chunk}: {self.message} [{self.rule}]"

    def to_json(self) -> dict[str, object]:
        """Return the finding under its documented JSON names."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "path": self.path,
            "chunk": list(self.chunk) if self.chunk is not None else None,
            "message": self.message,
        }


def error(rule: str, path: str, message: str, chunk: tuple[int, ...] | None = None) -> Finding:
    """Make a finding that means the data is wrong or incomplete."""
    return Finding(rule=rule, severity=Severity.ERROR, path=path, message=message, chunk=chunk)


def warning(rule: str, path: str, message: str, chunk: tuple[int, ...] | None = None) -> Finding:
    """Make a finding that a person should look at."""
    return Finding(rule=rule, severity=Severity.WARNING, path=path, message=message, chunk=chunk)


def note(rule: str, path: str, message: str, chunk: tuple[int, ...] | None = None) -> Finding:
    """Make a finding that is only worth knowing."""
    return Finding(rule=rule, severity=Severity.NOTE, path=path, message=message, chunk=chunk)


def has_errors(found: Iterable[Finding]) -> bool:
    """Say whether any finding is an error."""
    return any(f.severity is Severity.ERROR for f in found)


def counted_alike(found: Iterable[Finding]) -> list[tuple[Finding, int]]:
    """Group findings of one rule and message; give the first of each group and the count."""
    first: dict[tuple[str, str, str], Finding] = {}
    count: Counter[tuple[str, str, str]] = Counter()
    for finding in found:
        key = (finding.rule, str(finding.severity), finding.message)
        first.setdefault(key, finding)
        count[key] += 1
    return [(finding, count[key]) for key, finding in first.items()]
