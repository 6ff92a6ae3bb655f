"""The form of a rule's cases: a hierarchy that breaks one rule, and its valid twin.

Each module `pairs_*.py` beside this one holds a tuple `PAIRS`; `test_pairs.py` asks them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.validation.trees import Tree, changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One rule, one version, and two trees that differ in what the rule asks."""

    rule: str
    version: str
    valid: Tree
    """Gives no finding at all."""
    broken: Tree
    """Gives findings of `rule`, and of no other but those in `also`."""
    also: frozenset[str] = frozenset()
    """Rules that cannot but be broken with it: each with its reason where the pair is made."""
    allowed: frozenset[str] = frozenset()
    """Notes and warnings that both twins give, since the kind of hierarchy is noted as such."""
    by: str | None = None
    """A version to judge both by; None for the one that they state."""

    @property
    def id(self) -> str:
        """Return what the case is called."""
        return f"{self.rule}-{self.version}"


def breaking(
    rule: str,
    version: str,
    valid: Tree,
    change: Callable[[Tree], object],
    *,
    also: set[str] | None = None,
    allowed: set[str] | None = None,
    by: str | None = None,
) -> Pair:
    """Make a pair from a valid tree and the change, in place, that breaks it."""
    return Pair(
        rule=rule,
        version=version,
        valid=valid,
        broken=changed(valid, change),
        also=frozenset(also or ()),
        allowed=frozenset(allowed or ()),
        by=by,
    )
