"""Problems in data, as values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zarrlift import findings
from zarrlift.findings import Finding, Severity


@pytest.mark.parametrize(
    ("make", "severity"),
    [
        (findings.error, Severity.ERROR),
        (findings.warning, Severity.WARNING),
        (findings.note, Severity.NOTE),
    ],
)
def test_makers_set_the_severity(make: Callable[..., Finding], severity: Severity) -> None:
    """Each maker gives its own severity, and a chunk only where one is named."""
    assert make("r", "p", "m") == Finding(rule="r", severity=severity, path="p", message="m")
    assert make("r", "p", "m", (1, 2)).chunk == (1, 2)


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (
            findings.error("chunk-differs", "A/1/0", "differs", (0, 12)),
            "error A/1/0 chunk 0,12: differs [chunk-differs]",
        ),
        (
            findings.note("zmetadata-dropped", "", "not carried over"),
            "note /: not carried over [zmetadata-dropped]",
        ),
        (findings.warning("r", "x", "m", ()), "warning x chunk : m [r]"),
    ],
)
def test_finding_is_one_line(finding: Finding, expected: str) -> None:
    """A finding in words has severity, place, chunk, message and rule; the root is a slash."""
    assert str(finding) == expected


def test_json_has_the_documented_names() -> None:
    """A finding's JSON has rule, severity, path, chunk and message."""
    assert findings.error("r", "p", "m", (1, 2)).to_json() == {
        "rule": "r",
        "severity": "error",
        "path": "p",
        "chunk": [1, 2],
        "message": "m",
    }
    assert findings.note("r", "p", "m").to_json()["chunk"] is None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], False),
        ([findings.note("a", "", "")], False),
        ([findings.warning("a", "", "")], False),
        ([findings.note("a", "", ""), findings.error("b", "", "")], True),
    ],
)
def test_errors_are_told_from_what_is_worth_knowing(found: list[Finding], expected: bool) -> None:
    """Only an error means that something is wrong."""
    assert findings.has_errors(found) is expected


def test_like_findings_are_counted_together() -> None:
    """Findings of one rule, severity and message are one group, named by its first."""
    found = [
        findings.note("excluded", "a", "left out"),
        findings.warning("stale", "a", "3 chunks"),
        findings.note("excluded", "b", "left out"),
        findings.warning("stale", "b", "4 chunks"),
        findings.error("excluded", "c", "left out"),
    ]

    assert findings.counted_alike(found) == [
        (found[0], 2),
        (found[1], 1),
        (found[3], 1),
        (found[4], 1),
    ]
