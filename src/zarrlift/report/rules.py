"""Rules as text, as JSON, and as a page of the reference."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from zarrlift.report import words
from zarrlift.report.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zarrlift.jobs.known import KnownRule

_FORCES = {"must": "MUST", "should": "SHOULD", "ours": "ours"}
_WHY = {
    "must": "the specification demands it",
    "should": "the specification advises it",
    "ours": "no clause of the specification: people need it all the same",
}


def rules_text(rules: Iterable[KnownRule]) -> str:
    """List rules by what they are about."""
    lines: list[str] = []
    for topic, group in _by_topic(rules).items():
        lines += ["", topic[:1].upper() + topic[1:]]
        for rule in group:
            first = f"  {rule.severity!s:<8} {rule.id}"
            lines += [first, *words.wrapped(f"{_versions(rule)}. {rule.clause}", 11)]
    return "\n".join(lines[1:])


def rule_text(rule: KnownRule) -> str:
    """Explain one rule."""
    lines = [f"{rule.id} ({_severities(rule)})", ""]
    for label, text in (
        ("About", rule.topic),
        ("Versions", _versions(rule)),
        ("Asks", rule.clause),
        ("Force", f"{_FORCES[rule.force]}: {_WHY[rule.force]}"),
        ("Repair", rule.repair),
        ("See", rule.link()),
    ):
        if text:
            lines += words.wrapped(text, 10, f"{label:<10}")
    return "\n".join(lines)


def rules_to_json(rules: Iterable[KnownRule]) -> dict[str, object]:
    """Return rules under their documented names."""
    return {"schema": SCHEMA, "kind": "zarrlift-rules", "rules": [_rule(rule) for rule in rules]}


def _rule(rule: KnownRule) -> dict[str, object]:
    return {
        "rule": rule.id,
        "about": rule.topic,
        "force": rule.force,
        "severities": {version: str(s) for version, s in rule.severities.items()},
        "clause": rule.clause,
        "repair": rule.repair,
        "link": rule.link() or None,
    }


def rules_page(rules: Iterable[KnownRule]) -> str:
    """Write the sections of the reference: one for each topic, a paragraph for each rule."""
    parts: list[str] = []
    for topic, group in _by_topic(rules).items():
        parts.append(f"## {topic[:1].upper() + topic[1:]}\n")
        for rule in group:
            parts.append(f"### {rule.id}\n")
            see = f" [Specification]({rule.link()})." if rule.link() else ""
            said = f"{_severities(rule)}; OME-Zarr {_versions(rule)}; {_FORCES[rule.force]}."
            parts.append(f"{said}{see}\n")
            parts.append(f"{rule.clause}\n")
            parts.append(f"*Repair:* {rule.repair}\n")
    return "\n".join(parts)


def _by_topic(rules: Iterable[KnownRule]) -> dict[str, list[KnownRule]]:
    """Gather rules by what they are about, in the order in which that is first met."""
    made: dict[str, list[KnownRule]] = defaultdict(list)
    for rule in rules:
        made[rule.topic].append(rule)
    return made


def _versions(rule: KnownRule) -> str:
    held = list(rule.severities)
    return held[0] if len(held) == 1 else f"{held[0]}-{held[-1]}"


def _severities(rule: KnownRule) -> str:
    """Give the severity, or those of the versions where they differ."""
    kinds = dict.fromkeys(str(s) for s in rule.severities.values())
    if len(kinds) == 1:
        return next(iter(kinds))
    return ", ".join(
        f"{kind} in {', '.join(v for v, s in rule.severities.items() if str(s) == kind)}"
        for kind in kinds
    )
