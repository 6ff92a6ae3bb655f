"""Every finding about a crate has an entry that says what is asked and how to mend it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests import crates
from zarrlift.crate import rules
from zarrlift.crate.check import judge
from zarrlift.crate.rules import RULES
from zarrlift.validate.run import all_rules

FOLDER = Path(rules.__file__).parent
OF_OTHERS = {"crate-missing", "crate-lost"}
"""Told of a dataset that needs no crate, and of a lift."""


def raised() -> set[str]:
    """Give the ids of findings in the room's code."""
    texts = (path.read_text() for path in FOLDER.glob("*.py") if path.name != "rules.py")
    return {found for text in texts for found in re.findall(r'"(crate-[a-z-]+)"', text)}


def test_the_table_has_every_finding_of_the_room() -> None:
    """A new finding needs its entry, and an entry its finding."""
    assert {rule.id for rule in RULES} == raised() - OF_OTHERS


def test_no_id_is_that_of_another_rule() -> None:
    """Crates and hierarchies are told of in one list."""
    assert not {rule.id for rule in RULES} & {rule.id for rule in all_rules()}


def test_severities_are_those_of_the_findings() -> None:
    """What the table says of a rule is how its findings are raised."""
    data = json.dumps(crates.of_the_challenge()).encode()
    _, found = judge(data, lambda keys: [False for _ in keys])
    by_id = {rule.id: rule for rule in RULES}
    assert found
    assert all(by_id[f.rule].severity("0.5") is f.severity for f in found)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"@graph": [1, {}, {"@id": 3}]}'])
def test_a_broken_crate_is_told_of(data: bytes) -> None:
    """Nothing that a crate may hold is an error of the program."""
    assert judge(data, lambda keys: [True for _ in keys])[1]
