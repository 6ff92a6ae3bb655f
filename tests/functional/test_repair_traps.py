"""Repairs of every trap: what is done, and what is let be."""

from __future__ import annotations

from pathlib import Path

import pytest

import zarrlift as zl
from tests.functional.runs import tree
from tests.traps import REFUSED, TRAPS, V3, VERSIONS, Trap

EVERY = (*TRAPS, *REFUSED, *VERSIONS, *V3)
REPAIRED = {
    "keys-nested-undeclared": "separator-proved",
    "keys-nested-declared-flat": "separator-proved",
    "keys-flat-declared-nested": "separator-proved",
    "keys-flat-declared-nested-gaps": "separator-proved",
    "version-number": "version-spelled",
    "level-paths-nested": "group-added",
    "labels-nested-without-group": "group-added",
    "labels-without-list": "labels-listed",
    "plate-rows-without-group": "group-added",
    "collection-without-series": "series-listed",
    "already-0.5-dev": "version-final",
    "ome-outside-ome": "ome-moved",
}
"""The one repair that is made of a trap; none of the others."""
UNDECIDED = {"already-0.6rc0", "already-0.6.dev3"}
"""Traps that state a preview, and have another form."""


@pytest.mark.parametrize("trap", EVERY, ids=[trap.id for trap in EVERY])
def test_trap(trap: Trap, tmp_path: Path) -> None:
    """What has one meaning is put right, all else is left; undo is exact."""
    root = tmp_path / "a.zarr"
    trap.build(root)
    before = tree(root)

    made = zl.repair(root)

    due = {REPAIRED[trap.id]} if trap.id in REPAIRED else set()
    assert {r for change in made.changes for r in change.repairs} == due
    assert [f.rule for f in made.findings] == ["repair-undecided"] * (trap.id in UNDECIDED)
    after = tree(root)
    assert zl.repair(root).already
    assert tree(root) == after
    if made.changes:
        zl.undo(root)
    assert tree(root) == before
