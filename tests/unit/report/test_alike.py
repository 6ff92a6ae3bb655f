"""Findings gathered: what is alike is told once, and nothing is lost by it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from zarrlift.findings import Finding, Severity
from zarrlift.report.alike import gathered

ROLES = {"A/1": "well", "A/2": "well", "B/1": "well", "A": "row", "": "plate"}


def finding(path: str, message: str, rule: str = "a", severity: str = "error") -> Finding:
    """A finding."""
    return Finding(rule=rule, severity=Severity(severity), path=path, message=message)


def titles(found: list[Finding], roles: Mapping[str, str] = ROLES) -> list[str]:
    """The titles of the places that findings are told at."""
    return [place.title for place in gathered(found, roles)]


def test_wells_with_one_mistake_are_one_place() -> None:
    """The same rule, and messages that differ in numbers and names only."""
    found = [finding(path, f'field "{path}" of 3') for path in ("A/1", "A/2", "B/1")]

    (place,) = gathered(found, ROLES)

    assert place.title == "A/1 and 2 more wells"
    assert [(a.count, a.same) for a in place.found] == [(3, False)]


def test_other_kinds_and_rules_are_other_places() -> None:
    """A row is no well, and another rule is another finding."""
    found = [finding("A/1", "x"), finding("A", "x"), finding("A/2", "x", rule="b")]

    assert titles(found) == ["A/1 (well)", "A (row)", "A/2 (well)"]


def test_nodes_with_the_same_findings_share_a_title() -> None:
    """Two mistakes in the same two wells stand below one title."""
    found = [finding(p, m, rule=m) for p in ("A/1", "A/2") for m in ("x", "y")]

    (place,) = gathered(found, ROLES)

    assert [alike.first.rule for alike in place.found] == ["x", "y"]


def test_messages_of_any_length_are_told_apart_at_once() -> None:
    """They name paths as a document does, and it may name one of megabytes."""
    begun = time.monotonic()

    assert len(gathered([finding("A/1", f"{'a' * 60_000} is not there")], ROLES)) == 1
    assert time.monotonic() - begun < 2


def test_errors_come_first() -> None:
    """Then warnings, then notes."""
    kinds = ("note", "warning", "error")
    found = [finding(p, "x", rule=k, severity=k) for p, k in zip(ROLES, kinds, strict=False)]

    assert titles(found) == ["B/1 (well)", "A/2 (well)", "A/1 (well)"]


@given(
    st.lists(
        st.builds(
            finding,
            st.sampled_from([*ROLES, "elsewhere", "file.txt"]),
            st.sampled_from(["1 of 2", "3 of 4", "'a' is", "other"]),
            st.sampled_from(["a", "b"]),
            st.sampled_from(["error", "note"]),
        )
    )
)
def test_every_finding_is_counted(found: list[Finding]) -> None:
    """The counts of all places together are those of the findings, at the places they name."""
    places = gathered(found, ROLES)

    assert sum(alike.count for place in places for alike in place.found) == len(found)
    assert {p for place in places for p in place.paths} == {f.path for f in found}
