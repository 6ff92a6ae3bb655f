"""An upgrade or undo that is killed at any instant: what it leaves, the way on and the way back."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

import zarrlift as zl
from tests.build import sample, write_file
from tests.build_ome import label_of, pyramid, write_image, write_labels
from tests.functional.runs import struck, tree
from zarrlift.errors import TargetError
from zarrlift.store.target import OURS, UNDO

FEW = 6
"""Instants of each way that are always tried."""

WAYS = {"beside": False, "dropped": True}
"""Whether v2's documents are dropped."""
each_way = pytest.mark.parametrize("way", WAYS)


@dataclass(frozen=True, slots=True)
class Whole:
    """What an upgrade of one way makes, and in how many touches it is made and taken back."""

    tree: Mapping[str, str]
    touches: int
    back: int


Wholes: TypeAlias = Mapping[str, Whole]


@pytest.fixture(scope="module", name="source")
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image that every test here upgrades a copy of."""
    values = sample((1, 1, 1, 8, 16), "<u2")
    root = write_image(tmp_path_factory.mktemp("killed") / "image.zarr", pyramid(values))
    write_labels(root, {"cells": pyramid(label_of(values))}, chunks=(1, 1, 1, 4, 8))
    return write_file(root / ".zmetadata", b"{}").parent


def words(root: Path, way: str) -> list[str]:
    """Give the command of a way."""
    return ["upgrade", str(root), *(["--drop-v2", "--yes"] if WAYS[way] else [])]


@pytest.fixture(scope="module", name="wholes")
def make_wholes(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Wholes:
    """Each way, carried out and taken back without a break."""
    made = {}
    for way in WAYS:
        root = tmp_path_factory.mktemp("whole") / "image.zarr"
        shutil.copytree(source, root)
        there = struck(root, 0, signal.SIGKILL, *words(root, way))
        held = tree(root)
        back = struck(root, 0, signal.SIGKILL, "undo", root)
        assert (there.code, back.code) == (0, 0), there.said + back.said
        assert tree(root) == tree(source)
        made[way] = Whole(held, _touches(there.err), _touches(back.err))
    return made


def _touches(said: str) -> int:
    """Read how often a run touched the dataset."""
    return int(said.rpartition("touches ")[2])


def instants(way: str, last: int) -> list[int]:
    """Give some instants of a run, its last ones among them."""
    return sorted({*random.Random(way).sample(range(1, last), FEW), last - 1, last})


def assert_sound(root: Path, source: Path, whole: Whole) -> None:
    """Assert that nothing is half written, and that one version opens whole or none does."""
    held = tree(root)
    kept = {k: v for k, v in held.items() if not k.startswith(OURS)}
    before = tree(source)
    documents = {k: v for k, v in whole.tree.items() if k.endswith("zarr.json")}
    assert {k: v for k, v in kept.items() if k not in before and documents.get(k) != v} == {}
    assert {k: v for k, v in kept.items() if k in before and before[k] != v} == {}
    v2 = {k for k in before if k.rpartition("/")[2].startswith(".z")}
    if "zarr.json" in kept:
        assert documents.keys() <= kept.keys()
    if ".zgroup" in kept and ".zattrs" in kept:
        assert v2 - {".zmetadata"} <= kept.keys()
    assert "zarr.json" in kept or {".zgroup", ".zattrs"} <= kept.keys()


@each_way
def test_killed_upgrade_is_completed_or_taken_back(
    way: str, source: Path, wholes: Wholes, tmp_path: Path
) -> None:
    """Kill -9 at any touch: the same command completes it, and undo takes it back."""
    whole = wholes[way]
    for at in instants(way, whole.touches):
        root, other = tmp_path / f"{at}.zarr", tmp_path / f"{at}-back.zarr"
        shutil.copytree(source, root)
        ran = struck(root, at, signal.SIGKILL, *words(root, way))
        assert ran.code == -signal.SIGKILL
        assert_sound(root, source, whole)
        shutil.copytree(root, other)

        zl.upgrade(root, drop_v2=WAYS[way])
        assert tree(root) == whole.tree, f"killed at touch {at}"
        undo_if_begun(other, source, f"killed at touch {at}")


def undo_if_begun(root: Path, source: Path, when: str) -> None:
    """Take back what has begun; where nothing has, there is nothing to undo."""
    if (root / UNDO).exists():
        zl.undo(root)
    else:
        with pytest.raises(TargetError, match="there is nothing to undo"):
            zl.undo(root)
    assert tree(root) == tree(source), when


@each_way
def test_killed_undo_is_completed(way: str, source: Path, wholes: Wholes, tmp_path: Path) -> None:
    """Kill -9 while it is taken back: undo again ends it, byte for byte."""
    whole = wholes[way]
    for at in instants(way, whole.back):
        root = tmp_path / f"{at}.zarr"
        shutil.copytree(source, root)
        zl.upgrade(root, drop_v2=WAYS[way])
        ran = struck(root, at, signal.SIGKILL, "undo", root)
        assert ran.code == -signal.SIGKILL
        assert_sound(root, source, whole)

        undo_if_begun(root, source, f"killed at touch {at}")


@each_way
def test_upgrade_after_a_killed_undo(
    way: str, source: Path, wholes: Wholes, tmp_path: Path
) -> None:
    """After an undo that was killed, upgrade goes forward again or says to undo first."""
    whole = wholes[way]
    for at in instants(way, whole.back)[::3]:
        root = tmp_path / f"{at}.zarr"
        shutil.copytree(source, root)
        zl.upgrade(root, drop_v2=WAYS[way])
        struck(root, at, signal.SIGKILL, "undo", root)
        try:
            zl.upgrade(root, drop_v2=WAYS[way])
        except TargetError:
            undo_if_begun(root, source, f"killed at touch {at}")
        else:
            assert tree(root) == whole.tree, f"killed at touch {at}"


@pytest.mark.slow
@each_way
def test_killed_at_every_touch(way: str, source: Path, wholes: Wholes, tmp_path: Path) -> None:
    """Kill -9 at each touch of an upgrade, and of undoing what it left, comes to the same."""
    whole = wholes[way]
    for at in range(1, whole.touches + 1):
        root = tmp_path / f"{at}.zarr"
        shutil.copytree(source, root)
        struck(root, at, signal.SIGKILL, *words(root, way))
        assert_sound(root, source, whole)
        struck(root, 1 + at % whole.back, signal.SIGKILL, "undo", root)
        undo_if_begun(root, source, f"killed at touch {at}")
        shutil.rmtree(root)


def test_stopped_upgrade_says_how_to_go_on(source: Path, tmp_path: Path) -> None:
    """SIGTERM ends it in words, with the command that continues."""
    root = tmp_path / "image.zarr"
    shutil.copytree(source, root)

    ran = struck(root, 60, signal.SIGTERM, "upgrade", root)

    assert ran.code == 128 + signal.SIGTERM
    assert f"zarrlift upgrade {root}" in ran.err
    assert zl.upgrade(root).written
