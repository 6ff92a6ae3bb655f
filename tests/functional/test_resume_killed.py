"""A lift that is killed at any instant: what it leaves, and that the same command ends it."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

import zarrlift as zl
from tests.functional.runs import (
    LIFTS,
    Lift,
    Word,
    lift_of,
    start,
    struck,
    tree,
    write_sample,
    zarrlift,
)
from zarrlift.store.target import CLAIM, OURS

each_lift = pytest.mark.parametrize("lift", LIFTS, ids=lambda lift: lift.id)

FEW = 4
"""Instants for each method that are always tried."""

MANY = 60
"""Instants where there is time, spread evenly."""


@pytest.fixture(scope="module", name="source")
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image that every test here lifts."""
    return write_sample(tmp_path_factory.mktemp("killed") / "image.zarr")


@dataclass(frozen=True, slots=True)
class Whole:
    """What an uninterrupted lift writes, and in how many touches of the target."""

    tree: Mapping[str, str]
    touches: int


Wholes: TypeAlias = Mapping[str, Whole]
"""By the id of the lift."""


@pytest.fixture(scope="module", name="wholes")
def make_wholes(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Wholes:
    """Each method's lift, carried out without a break."""
    made = {}
    for lift in LIFTS:
        target = tmp_path_factory.mktemp("whole") / lift.id
        ran = struck(target, 0, signal.SIGKILL, "convert", source, target, *lift.words)
        assert ran.code == 0, ran.said
        made[lift.id] = Whole(tree(target), int(ran.err.rpartition("touches ")[2]))
    return made


def assert_sound_so_far(target: Path, whole: Mapping[str, str]) -> None:
    """Assert that each file stands whole or not at all, documents after data, the root's last."""
    held = {k: v for k, v in tree(target).items() if not k.startswith(OURS)}
    files = {path for path, content in whole.items() if content != "folder"}
    documents = {path for path in files if path.rpartition("/")[2] == "zarr.json"}

    assert {k for k, v in held.items() if whole.get(k) != v} == set()
    assert held.keys().isdisjoint(documents) or held.keys() >= files - documents
    assert "zarr.json" not in held or held.keys() >= files
    assert (target / CLAIM).exists() or not held.keys() & files or held.keys() >= files


def kill_and_continue(
    source: Path, target: Path, lift: Lift, at: int, whole: Mapping[str, str]
) -> int:
    """Kill a run at a touch, look at what is left, run it again to its end; give the exit code."""
    workers = (1, 3)[at % 2]
    words: list[Word] = ["convert", source, target, *lift.words, "--workers", str(workers)]

    ran = struck(target, at, signal.SIGKILL, *words)
    assert_sound_so_far(target, whole)
    again = zl.convert(source, target, workers=workers, **lift.choices)  # type: ignore[arg-type]

    assert again.finished, f"killed at touch {at}"
    assert tree(target) == whole, f"killed at touch {at}"
    shutil.rmtree(target)
    return ran.code


@each_lift
def test_killed_anywhere_and_run_again(
    lift: Lift, source: Path, wholes: Wholes, tmp_path: Path
) -> None:
    """Kill -9 at any touch of the target, on one worker and three, is mended by running again."""
    target = tmp_path / "lifted.zarr"
    whole = wholes[lift.id]
    instants = random.Random(lift.id).sample(range(1, whole.touches - 20), FEW)

    ended = {kill_and_continue(source, target, lift, at, whole.tree) for at in instants}

    assert ended == {-signal.SIGKILL}


@pytest.mark.parametrize("before_end", [1, 3, 9])
def test_killed_near_the_end_and_run_again(
    before_end: int, source: Path, wholes: Wholes, tmp_path: Path
) -> None:
    """Kill -9 among the documents, or while the claim is given up, is mended by running again."""
    target, lift = tmp_path / "lifted.zarr", lift_of("pack")
    whole = wholes[lift.id]

    kill_and_continue(source, target, lift, whole.touches - before_end, whole.tree)


@pytest.mark.slow
@each_lift
def test_killed_at_many_touches_and_run_again(
    lift: Lift, source: Path, wholes: Wholes, tmp_path: Path
) -> None:
    """Kill -9 at touches from the first to the last is mended by running again."""
    whole = wholes[lift.id]

    for at in range(1, whole.touches, max(1, whole.touches // MANY)):
        kill_and_continue(source, tmp_path / "lifted.zarr", lift, at, whole.tree)


@pytest.mark.parametrize("seed", range(2))
def test_killed_from_outside_again_and_again(
    seed: int, source: Path, wholes: Wholes, tmp_path: Path
) -> None:
    """A command killed after any time, many times over, comes to its end all the same."""
    target, rng = tmp_path / "lifted.zarr", random.Random(seed)
    lift = LIFTS[seed % len(LIFTS)]
    words: list[Word] = ["convert", source, target, *lift.words, "--quiet"]

    for _ in range(3):
        process = start(*words)
        time.sleep(rng.uniform(0.05, 0.4))
        process.kill()
        process.communicate()
        assert_sound_so_far(target, wholes[lift.id].tree)

    assert zarrlift(*words).code == 0
    assert tree(target) == wholes[lift.id].tree


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8, 0.97])
def test_killed_while_it_replaces_a_target_and_run_again(
    part: float, source: Path, wholes: Wholes, tmp_path: Path
) -> None:
    """Kill -9 while `--overwrite` removes the old target is mended by running again."""
    target, lift = tmp_path / "lifted.zarr", lift_of("pack")
    zl.convert(source, target, shards="none")
    entries = list(wholes["copy"].tree.values())
    listings, removals = entries.count("folder"), int(part * len(entries))
    words: list[Word] = ["convert", source, target, *lift.words, "--overwrite", "--yes"]

    ran = struck(target, listings + removals, signal.SIGKILL, *words)
    left = sorted(path.name for path in target.iterdir())
    again = zarrlift(*words)

    assert ran.code == -signal.SIGKILL
    assert again.code == 0, f"left {left}: {again.said}"
    assert tree(target) == wholes["pack"].tree
