"""Every rule that a finding may name, in one form: for `--explain`, lists, and reports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from zarrlift.crate.rules import RULES as OF_CRATES
from zarrlift.validate.beyond import TOLD
from zarrlift.validate.rule import VERSIONS
from zarrlift.validate.run import all_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.findings import Severity
    from zarrlift.validate.beyond import Told
    from zarrlift.validate.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRule:
    """What may be said of a rule."""

    id: str
    topic: str
    """What it is about, such as `image`."""
    force: str
    """`must`, `should`, or `ours` where no specification asks it."""
    severities: Mapping[str, Severity]
    """By OME-Zarr version, those for which it holds."""
    clause: str
    repair: str
    links: Mapping[str, str]
    """Where the specification says it, by version; empty where none does."""

    @property
    def severity(self) -> Severity:
        """Return the severity in the newest version for which it holds."""
        return list(self.severities.values())[-1]

    def link(self, version: str | None = None) -> str:
        """Return where a version says it, the newest by default; empty where none does."""
        newest = list(self.links.values())[-1] if self.links else ""
        return self.links.get(version or "", newest)


@cache
def known_rules() -> Mapping[str, KnownRule]:
    """Give every rule by its id, in the order in which they are told."""
    made = {rule.id: _of_rule(rule, str(rule.about)) for rule in all_rules()}
    made |= {rule.id: _of_rule(rule, "the RO-Crate") for rule in OF_CRATES}
    for one in TOLD:
        made.setdefault(one.id, _of_told(one))
    return made


def _of_rule(rule: Rule, topic: str) -> KnownRule:
    return KnownRule(
        id=rule.id,
        topic=topic,
        force=str(rule.force),
        severities={v: rule.severity(v) for v in rule.versions},
        clause=rule.clause,
        repair=rule.repair,
        links={v: rule.link(v) for v in rule.versions},
    )


def _of_told(one: Told) -> KnownRule:
    return KnownRule(
        id=one.id,
        topic=str(one.topic),
        force="must" if one.link and one.severity == "error" else "ours",
        severities=dict.fromkeys(VERSIONS, one.severity),
        clause=one.clause,
        repair=one.repair,
        links=dict.fromkeys(VERSIONS, one.link) if one.link else {},
    )
