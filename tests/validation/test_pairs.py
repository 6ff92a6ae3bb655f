"""Each rule has a hierarchy that breaks it alone, and a valid twin."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from tests.validation.pairs import Pair
from tests.validation.trees import judged
from zarrlift.validate.run import all_rules

MODULES = sorted(p.stem for p in Path(__file__).parent.glob("pairs_*.py"))
PAIRS: list[Pair] = [
    pair for name in MODULES for pair in import_module(f"tests.validation.{name}").PAIRS
]


def test_every_rule_has_a_pair() -> None:
    """No rule is without its cases, and no case is of a rule that is gone."""
    assert {pair.rule for pair in PAIRS} == {rule.id for rule in all_rules()}


def test_no_two_rules_share_an_id() -> None:
    """Reports and the rule page go by the id alone."""
    ids = [rule.id for rule in all_rules()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.id)
def test_the_broken_one_gives_that_rule_and_the_twin_none(pair: Pair) -> None:
    """What differs between the two is what the rule says, and nothing else is said of it."""
    twin = {finding.rule for finding in judged(pair.valid, pair.by)}
    broken = {finding.rule for finding in judged(pair.broken, pair.by)}
    assert twin == pair.allowed
    assert broken - pair.allowed - pair.also == {pair.rule}
    assert pair.also <= broken
