"""Asking every rule about every subject."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from zarrlift.findings import Finding
from zarrlift.validate.subject import subjects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.survey.found import Hierarchy
    from zarrlift.validate.rule import About, Rule
    from zarrlift.validate.subject import Subject

_MODULES: tuple[str, ...] = (
    # one name a line, from the outside in
)
"""Modules of this room that hold rules, in the order in which they are told."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Give every rule; no two share an id."""
    found: list[Rule] = []
    for name in _MODULES:
        found += import_module(f"zarrlift.validate.{name}").RULES.all
    return tuple(found)


def check(
    tree: Hierarchy,
    version: str | None = None,
    *,
    alone: bool = False,
    texts: Mapping[str, bytes] | None = None,
) -> list[Finding]:
    """Judge a hierarchy; gives every finding, node by node.

    `alone` leaves out rules that look at other nodes: a single document is judged. `texts` are
    files that rules read: OME-XML and crate, by path.
    """
    by_about = _by_about()
    found = list(tree.findings)
    for subject in subjects(tree, version, alone=alone, texts=texts):
        for rule in by_about.get(subject.about, ()):
            if subject.version in rule.versions and not (alone and rule.looks_around):
                found += breaches(rule, subject)
    return found


def breaches(rule: Rule, subject: Subject) -> Iterator[Finding]:
    """Ask one rule about one subject."""
    for problem in rule.check(subject):
        yield Finding(
            rule=rule.id,
            severity=rule.severity(subject.version),
            path=subject.node.path,
            message=problem.message,
            pointer=subject.pointer + problem.pointer,
        )


@cache
def _by_about() -> dict[About, list[Rule]]:
    made: dict[About, list[Rule]] = defaultdict(list)
    for rule in all_rules():
        made[rule.about].append(rule)
    return dict(made)
