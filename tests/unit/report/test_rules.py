"""Rules as they are listed and explained."""

from __future__ import annotations

import re

from zarrlift.jobs.known import known_rules
from zarrlift.report.rules import rules_page, rules_text


def test_each_topic_is_one_section() -> None:
    """Whatever the order in which rules are told, those of one topic stand together."""
    rules = known_rules().values()
    topics = {rule.topic for rule in rules}
    page, text = rules_page(rules), rules_text(rules)

    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    listed = re.findall(r"^(\S.*)$", text, re.MULTILINE)
    assert len(headings) == len(set(headings)) == len(topics)
    assert listed == headings
    assert set(re.findall(r"^### (.*)$", page, re.MULTILINE)) == set(known_rules())
