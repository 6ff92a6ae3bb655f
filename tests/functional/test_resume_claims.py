"""Who may write into a target: the same lift twice at once, another one, one that is done."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import read_json, write_file, write_json
from tests.fakes import LateTarget, Stopped, StoppingWatch
from tests.functional.runs import (
    LIFTS,
    Lift,
    assert_refused,
    end_of,
    in_process,
    lift_of,
    start,
    times,
    tree,
    write_sample,
    zarrlift,
)
from zarrlift.jobs import claim
from zarrlift.jobs.claim import State
from zarrlift.store.target import OURS, Target


@pytest.fixture(name="source")
def make_source(tmp_path: Path) -> Path:
    """The image that is lifted, which a test may change."""
    return write_sample(tmp_path / "image.zarr")


def leave_unfinished(source: Path, target: Path, **choices: str) -> None:
    """Begin a lift, and stop it when all data is there."""
    with pytest.raises(Stopped):
        zl.convert(source, target, watch=StoppingWatch("writing documents"), **choices)  # type: ignore[arg-type]


def assert_both_succeed(source: Path, target: Path, lift: Lift) -> None:
    """Start two runs at once; assert that both succeed and write what one alone does."""
    alone = target.with_name("alone.zarr")
    zl.convert(source, alone, **lift.choices)  # type: ignore[arg-type]

    runs = [start("convert", source, target, *lift.words) for _ in range(2)]
    ended = [end_of(process) for process in runs]

    assert [ran.code for ran in ended] == [0, 0], "\n".join(ran.said for ran in ended)
    assert tree(target) == tree(alone)


@pytest.mark.parametrize("lift", LIFTS, ids=lambda lift: lift.id)
def test_two_runs_at_once(lift: Lift, source: Path, tmp_path: Path) -> None:
    """The same command twice at once: both succeed, and the tree is that of one."""
    assert_both_succeed(source, tmp_path / "lifted.zarr", lift)


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(40))
def test_two_runs_at_once_many_times(turn: int, source: Path, tmp_path: Path) -> None:
    """However two runs interleave, both succeed."""
    assert_both_succeed(source, tmp_path / "lifted.zarr", LIFTS[turn % len(LIFTS)])


def test_run_that_begins_while_another_claims_joins_it(source: Path, tmp_path: Path) -> None:
    """A run that saw no claim, and then another run's first folder, joins that run."""
    target = tmp_path / "lifted.zarr"
    plan = zl.plan(source, target)

    def another_run_begins() -> None:
        other = Target(target)
        assert claim.take(plan, other).state is State.NEW
        other.make_folder("0")

    held = claim.take(plan, LateTarget(target, another_run_begins))

    assert held.state is State.STARTED


def test_other_choices_are_refused_with_what_differs(source: Path, tmp_path: Path) -> None:
    """A lift with other choices does not go on with a target that is begun, and says why."""
    target = tmp_path / "lifted.zarr"
    leave_unfinished(source, target)
    before = tree(target)

    ran = in_process("convert", source, target, "--shards", "none")

    assert_refused(ran, str(target), "shards was auto, now none", "--overwrite")
    assert tree(target) == before


def test_other_choices_replace_the_target_where_told(source: Path, tmp_path: Path) -> None:
    """With --overwrite --yes the new lift takes the place of the one begun."""
    target, alone = tmp_path / "lifted.zarr", tmp_path / "alone.zarr"
    leave_unfinished(source, target)
    zl.convert(source, alone, shards="none")

    ran = in_process("convert", source, target, "--shards", "none", "--overwrite", "--yes")

    assert ran.code == 0, ran.said
    assert tree(target) == tree(alone)


def test_replacing_asks_first(source: Path, tmp_path: Path) -> None:
    """--overwrite alone, with nobody to ask, removes nothing and states the count."""
    target = tmp_path / "lifted.zarr"
    zl.convert(source, target)
    before = tree(target)
    files = sum(content != "folder" for content in before.values())

    ran = in_process("convert", source, target, "--shards", "none", "--overwrite")

    assert_refused(ran, f"would remove {files} files", "--yes")
    assert tree(target) == before


def test_other_layout_of_a_finished_target_is_refused(source: Path, tmp_path: Path) -> None:
    """A finished target laid out otherwise is neither replaced nor called done."""
    target = tmp_path / "lifted.zarr"
    zl.convert(source, target)
    before = tree(target)

    ran = in_process("convert", source, target, "--shards", "none")

    assert_refused(ran, str(target), "finished", "--overwrite")
    assert tree(target) == before


@pytest.mark.parametrize("lift", LIFTS, ids=lambda lift: lift.id)
def test_finished_target_is_already_done(lift: Lift, source: Path, tmp_path: Path) -> None:
    """On a finished target the same command checks it, says so, and writes nothing at all."""
    target = tmp_path / "lifted.zarr"
    zl.convert(source, target, **lift.choices)  # type: ignore[arg-type]
    before = times(tmp_path)

    ran = zarrlift("convert", source, target, *lift.words)

    assert ran.code == 0, ran.said
    assert "Already done" in ran.out
    assert times(tmp_path) == before


def test_already_done_is_a_quick_check(source: Path, tmp_path: Path) -> None:
    """A finished target's chunks are all looked at, and few of them read."""
    target = tmp_path / "lifted.zarr"
    zl.convert(source, target)

    report = zl.convert(source, target)

    assert report.already
    assert report.verification is not None
    assert report.verification.compared < report.verification.chunks / 4
    assert report.bytes_out == 0


def test_finished_and_damaged_target_is_an_error(source: Path, tmp_path: Path) -> None:
    """The same command on a target damaged since finds the damage, and changes nothing."""
    target = tmp_path / "lifted.zarr"
    lift = lift_of("pack")
    zl.convert(source, target, **lift.choices)  # type: ignore[arg-type]
    shard = next(path for path in sorted((target / "0" / "c").rglob("*")) if path.is_file())
    os.truncate(shard, shard.stat().st_size - 1)
    before = tree(target)

    ran = in_process("convert", source, target, *lift.words)

    assert ran.code == 1
    assert "Already done" not in ran.out
    assert shard.relative_to(target).as_posix() in ran.out.replace("\n           ", " ")
    assert tree(target) == before


def test_leftovers_in_a_finished_target_are_cleaned_up(source: Path, tmp_path: Path) -> None:
    """What a run killed at its very end left behind is gone after the same command."""
    target = tmp_path / "lifted.zarr"
    zl.convert(source, target)
    before = tree(target)
    write_file(target / OURS / "tmp" / "dead" / "0", b"half")

    assert in_process("convert", source, target).code == 0

    assert tree(target) == before


def test_changed_document_is_refused(source: Path, tmp_path: Path) -> None:
    """A lift does not go on when a document of the source is another than when it began."""
    target = tmp_path / "lifted.zarr"
    leave_unfinished(source, target)
    write_json(source / ".zattrs", read_json(source / ".zattrs") | {"added": True})

    ran = in_process("convert", source, target)

    assert_refused(ran, "the source's documents or files have changed since", "--overwrite")


def test_changed_file_is_refused(source: Path, tmp_path: Path) -> None:
    """A lift does not go on when a plain file of the source has another size."""
    target = tmp_path / "lifted.zarr"
    leave_unfinished(source, target)
    write_file(source / "notes" / "README.md", b"shorter\n")

    ran = in_process("convert", source, target)

    assert_refused(ran, "the source's documents or files have changed since", "--overwrite")


@pytest.mark.parametrize("lift", LIFTS, ids=lambda lift: lift.id)
def test_changed_chunk_is_taken_over(lift: Lift, source: Path, tmp_path: Path) -> None:
    """A chunk that came or went since a lift began is never silently left as it was."""
    target, alone = tmp_path / "lifted.zarr", tmp_path / "alone.zarr"
    leave_unfinished(source, target, **lift.choices)
    (source / "0" / "0" / "0" / "0" / "0" / "0").unlink()
    shutil.copy(source / "0/0/0/0/0/1", source / "0/0/1/0/2/2")

    report = zl.convert(source, target, **lift.choices)  # type: ignore[arg-type]

    zl.convert(source, alone, **lift.choices)  # type: ignore[arg-type]
    assert not report.finished or tree(target) == tree(alone)


def test_saved_plan_continues_its_own_lift(source: Path, tmp_path: Path) -> None:
    """`run` goes on with what `run` began, and says what it found done."""
    target, saved = tmp_path / "lifted.zarr", tmp_path / "plan.json"
    assert zarrlift("plan", source, target, "--output", saved).code == 0
    leave_unfinished(source, target)

    ran = zarrlift("run", saved, "--json")

    assert ran.code == 0, ran.said
    result = json.loads(ran.out)["result"]
    assert result["resumed"]
    assert result["objects_already"] > 0
    assert "Already done" in zarrlift("run", saved).out
