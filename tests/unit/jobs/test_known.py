"""Every rule in one form."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import zarrlift
from zarrlift.findings import Severity
from zarrlift.jobs.known import known_rules
from zarrlift.validate.beyond import TOLD, as_told, told
from zarrlift.validate.rule import VERSIONS
from zarrlift.validate.run import all_rules

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
AUDIT = Path(zarrlift.__file__).parent / "audit"


def test_rules_have_names_of_their_own() -> None:
    """No two rules share a name, and each says what it asks and what to do."""
    names = [rule.id for rule in all_rules()] + [one.id for one in TOLD]

    assert len(names) == len(set(names))
    for rule in known_rules().values():
        assert NAME.fullmatch(rule.id)
        assert rule.clause
        assert rule.repair
        assert set(rule.severities) <= set(VERSIONS)
        assert all(link.startswith("https://") for link in rule.links.values())


def test_every_rule_of_the_audit_is_in_the_table() -> None:
    """What `audit` finds has an entry, and no entry of its topics is without a finder."""
    used = set()
    for file in AUDIT.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                used.add(node.value)
    topics = {"chunks and shards", "decoded chunks", "the web"}
    listed = {one.id for one in TOLD if str(one.topic) in topics}

    assert listed - used == set()


def test_severity_is_that_of_the_table() -> None:
    """A finding that another job makes too counts here as the table says."""
    lifted = zarrlift.Finding(rule="unlisted", severity=Severity.WARNING, path="", message="x")

    assert as_told(lifted) == told("unlisted", "", "x")
    assert as_told(lifted).severity is Severity.NOTE
    other = zarrlift.Finding(rule="other", severity=Severity.WARNING, path="", message="x")
    assert as_told(other) is other
