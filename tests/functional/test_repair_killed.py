"""A repair or undo that is killed at any instant: what it leaves, the way on and the way back."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import zarrlift as zl
from tests.breaks import named, stating, write_base
from tests.functional.runs import struck, tree
from zarrlift.errors import TargetError
from zarrlift.store.target import OURS, UNDO

FEW = 2
"""Instants of each way that are always tried."""


@dataclass(frozen=True, slots=True)
class Whole:
    """What a repair makes, and in how many touches it is made and taken back."""

    tree: Mapping[str, str]
    touches: int
    back: int


@pytest.fixture(scope="module", name="source")
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The broken plate that every test here repairs a copy of: documents change, and are new."""
    root = write_base("plate", "0.5", tmp_path_factory.mktemp("killed"))
    named(None)(root)
    stating(0.5)(root)
    (root / "A" / "zarr.json").unlink()
    return root


@pytest.fixture(scope="module", name="whole")
def make_whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Carried out and taken back without a break."""
    root = tmp_path_factory.mktemp("whole") / "a.zarr"
    shutil.copytree(source, root)
    there = struck(root, 0, signal.SIGKILL, "repair", root)
    held = tree(root)
    back = struck(root, 0, signal.SIGKILL, "undo", root)
    assert (there.code, back.code) == (0, 0), there.said + back.said
    assert tree(root) == tree(source)
    return Whole(held, _touches(there.err), _touches(back.err))


def _touches(said: str) -> int:
    """Read how often a run touched the dataset."""
    return int(said.rpartition("touches ")[2])


def instants(seed: str, first: int, last: int) -> list[int]:
    """Give some instants of a run, its last ones among them."""
    return sorted({*random.Random(seed).sample(range(first, last), FEW), last - 1, last})


def assert_sound(root: Path, source: Path, whole: Whole) -> None:
    """Assert that each document is as it was or as it is to be, and all else as it was."""
    before, held = tree(source), tree(root)
    for key in before.keys() | held.keys():
        if not key.startswith(OURS):
            assert held.get(key) in (before.get(key), whole.tree.get(key)), key


def undo_if_begun(root: Path, source: Path, when: str) -> None:
    """Take back what has begun; where nothing has, there is nothing to undo."""
    if (root / UNDO).exists():
        zl.undo(root)
    else:
        with pytest.raises(TargetError, match="there is nothing to undo"):
            zl.undo(root)
    assert tree(root) == tree(source), when


def test_killed_repair_is_completed_or_taken_back(
    source: Path, whole: Whole, tmp_path: Path
) -> None:
    """Kill -9 at any touch: the same command completes it, and undo takes it back whole."""
    for at in instants("there", whole.touches // 2, whole.touches):
        root, other = tmp_path / f"{at}.zarr", tmp_path / f"{at}-back.zarr"
        shutil.copytree(source, root)
        assert struck(root, at, signal.SIGKILL, "repair", root).code == -signal.SIGKILL
        assert_sound(root, source, whole)
        shutil.copytree(root, other)

        zl.repair(root)
        assert tree(root) == whole.tree, f"killed at touch {at}"
        assert zl.repair(root).already
        undo_if_begun(root, source, f"completed after touch {at}")
        undo_if_begun(other, source, f"killed at touch {at}")


def test_killed_undo_is_completed(source: Path, whole: Whole, tmp_path: Path) -> None:
    """Kill -9 while it is taken back: undo again ends it, and a repair goes forward again."""
    for at in instants("back", 2, whole.back):
        root, other = tmp_path / f"{at}.zarr", tmp_path / f"{at}-forth.zarr"
        shutil.copytree(source, root)
        zl.repair(root)
        assert struck(root, at, signal.SIGKILL, "undo", root).code == -signal.SIGKILL
        assert_sound(root, source, whole)
        shutil.copytree(root, other)

        zl.repair(other)
        assert tree(other) == whole.tree, f"killed at touch {at}"
        undo_if_begun(root, source, f"killed at touch {at}")


@pytest.mark.slow
def test_killed_at_every_touch(source: Path, whole: Whole, tmp_path: Path) -> None:
    """Kill -9 at each touch of a repair, and of undoing what it left, comes to the same."""
    for at in range(1, whole.touches + 1):
        root = tmp_path / f"{at}.zarr"
        shutil.copytree(source, root)
        struck(root, at, signal.SIGKILL, "repair", root)
        assert_sound(root, source, whole)
        struck(root, 1 + at % whole.back, signal.SIGKILL, "undo", root)
        undo_if_begun(root, source, f"killed at touch {at}")
        shutil.rmtree(root)


def test_stopped_repair_says_how_to_go_on(source: Path, whole: Whole, tmp_path: Path) -> None:
    """SIGTERM while documents are written ends it in words, with the command that continues."""
    root = tmp_path / "a.zarr"
    shutil.copytree(source, root)

    ran = struck(root, whole.touches * 3 // 4, signal.SIGTERM, "repair", root)

    assert ran.code == 128 + signal.SIGTERM, ran.said
    assert f"zarrlift repair {root}" in ran.err
    made = zl.repair(root)
    assert made.completed
    assert tree(root) == whole.tree
