"""What cannot be read: an error with its place, never something that is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import sample, write_file
from tests.build_ome import write_image
from tests.fakes import ActingWatch, FailingFolder
from tests.functional.runs import (
    LIFTS,
    Lift,
    Ran,
    Word,
    assert_in_words,
    assert_refused,
    in_process,
    lift_of,
    tree,
    without_privilege,
    write_sample,
    zarrlift,
)
from zarrlift.engine.run import Engine
from zarrlift.errors import StorageError, ZarrliftError
from zarrlift.pool import Pool
from zarrlift.store.folder import Folder
from zarrlift.store.target import Target
from zarrlift.survey.walk import survey
from zarrlift.verify.level import Level
from zarrlift.verify.result import Checked
from zarrlift.verify.run import Verifier

CHUNK = "0/0/0/0/2/3"
UNREADABLE = Path("/proc/self/mem")
"""A file that opens and whose reading gives EIO, as a bad sector's does."""

needs_unreadable = pytest.mark.skipif(not UNREADABLE.exists(), reason="needs /proc")


@pytest.fixture(name="source")
def make_source(tmp_path: Path) -> Path:
    """The image that is lifted."""
    return write_sample(tmp_path / "image.zarr")


@pytest.fixture(name="locked")
def make_locked() -> Iterator[Callable[[Path], None]]:
    """Gives what takes all permissions of a path away; they are given back afterwards."""
    before: list[tuple[Path, int]] = []

    def lock(path: Path) -> None:
        before.append((path, path.stat().st_mode))
        path.chmod(0)

    yield lock
    for path, mode in reversed(before):
        path.chmod(mode)


def as_user(*words: str | Path) -> Ran:
    """Run the command as someone for whom permissions count."""
    before = without_privilege()
    if before is None:
        pytest.skip("runs as root, for whom permissions do not count")
    return zarrlift(*words, before=before)


@needs_unreadable
@pytest.mark.parametrize("lift", LIFTS, ids=lambda lift: lift.id)
def test_input_output_error_is_no_missing_chunk(lift: Lift, source: Path, tmp_path: Path) -> None:
    """EIO on a chunk stops the lift with its path, whatever the method."""
    assert_stopped_by(CHUNK, lift, source, tmp_path / "lifted.zarr")


@needs_unreadable
@pytest.mark.parametrize("key", [".zattrs", "0/.zarray", "notes/README.md", "0/thumbnail.png"])
def test_input_output_error_is_no_missing_file(key: str, source: Path, tmp_path: Path) -> None:
    """EIO on a document or plain file stops the lift with its path."""
    assert_stopped_by(key, lift_of("pack"), source, tmp_path / "lifted.zarr")


def assert_stopped_by(key: str, lift: Lift, source: Path, target: Path) -> None:
    """Let a file be unreadable; assert that the lift says so and that nothing looks finished."""
    (source / key).unlink()
    (source / key).symlink_to(UNREADABLE)

    ran = in_process("convert", source, target, *lift.words)

    assert_refused(ran, str(source / key), "Input/output error")
    assert list(target.rglob("zarr.json")) == []


@needs_unreadable
def test_lift_continues_once_the_source_can_be_read(source: Path, tmp_path: Path) -> None:
    """After the cause of an error is gone, the same command goes on and ends the lift."""
    target, alone = tmp_path / "lifted.zarr", tmp_path / "alone.zarr"
    zl.convert(source, alone, shards="y=8,x=8")
    whole = (source / CHUNK).rename(tmp_path / "whole")
    (source / CHUNK).symlink_to(UNREADABLE)
    words: list[Word] = ["convert", source, target, "--shards", "y=8,x=8"]
    assert "the same command continues" in zarrlift(*words).err

    whole.replace(source / CHUNK)

    assert zarrlift(*words).code == 0
    assert tree(target) == tree(alone)


@needs_unreadable
@pytest.mark.parametrize(
    ("shards", "key"),
    [("none", "0/c/0/0/0/0/0"), ("y=8,x=8", "0/c/0/0/0/0/0"), ("y=8,x=8", "0/zarr.json")],
)
def test_input_output_error_in_a_target_is_no_difference(
    key: str, shards: str, source: Path, tmp_path: Path
) -> None:
    """What of a target cannot be read is an error, and no finding that it were missing."""
    target = tmp_path / "lifted.zarr"
    zl.convert(source, target, shards=shards)
    (target / key).unlink()
    (target / key).symlink_to(UNREADABLE)

    for verb in (["verify"], ["verify", "--level", "full"], ["convert", "--shards", shards]):
        ran = in_process(*verb, source, target)
        assert_refused(ran, str(target / key), "Input/output error")


@pytest.mark.parametrize("broken", ["", "0", "tables", "notes", ".zattrs", "0/.zarray"])
def test_survey_passes_an_error_on(broken: str, source: Path) -> None:
    """A folder or document that cannot be read stops the survey, with its path."""
    with pytest.raises(StorageError, match="Input/output error") as caught:
        survey(FailingFolder(source, {broken}))

    assert caught.value.place == str(source / broken).rstrip("/")


@pytest.mark.parametrize("broken", ["0/zarr.json", "0/c/0/0/0/0/0", "notes/README.md", ""])
@pytest.mark.parametrize("level", [Level.QUICK, Level.FULL])
def test_verifier_passes_an_error_on(
    level: Level, broken: str, source: Path, tmp_path: Path
) -> None:
    """A document, shard, file or folder of the target that cannot be read is no finding."""
    plan = zl.plan(source, tmp_path / "lifted.zarr")
    assert zl.run(plan).finished
    target, checked = FailingFolder(tmp_path / "lifted.zarr", {broken}), Checked()

    with Pool(2) as pool:
        verifier = Verifier(plan=plan, source=Folder(source), target=target, level=level, pool=pool)
        with pytest.raises(StorageError, match="Input/output error"):
            verifier.data(verifier.documents(checked), checked)

    assert checked.findings == []


def test_engine_passes_an_error_on(source: Path, tmp_path: Path) -> None:
    """An array whose folder cannot be listed stops the engine; it is not an empty array."""
    plan, target = zl.plan(source, tmp_path / "lifted.zarr"), Target(tmp_path / "lifted.zarr")
    target.enter()
    vanished = Folder(tmp_path / "vanished.zarr")

    with Pool(2) as pool, pytest.raises(ZarrliftError):
        Engine(plan=plan, source=vanished, target=target, pool=pool, share=0, resuming=False).run()


@pytest.mark.parametrize("key", ["", "0", "0/0", "0/0/0/0/1", "labels/cells/1"])
@pytest.mark.parametrize("lift", LIFTS, ids=lambda lift: lift.id)
def test_source_that_goes_away_is_no_empty_one(
    lift: Lift, key: str, source: Path, tmp_path: Path
) -> None:
    """When a disk is unmounted after the survey, the lift fails; its arrays are not all zeros."""
    target = tmp_path / "lifted.zarr"

    def unmount() -> None:
        (source / key).rename(tmp_path / "unmounted")
        if key:
            (source / key).symlink_to(tmp_path / "nothing")

    with pytest.raises(ZarrliftError):
        zl.convert(source, target, watch=ActingWatch("lifting", unmount), **lift.choices)  # type: ignore[arg-type]

    assert not (target / "zarr.json").exists()


def test_whole_source_that_goes_away_is_no_empty_one(tmp_path: Path) -> None:
    """Where an image has no other file either, its going away is an error all the same."""
    source, target = tmp_path / "image.zarr", tmp_path / "lifted.zarr"
    write_image(source, [sample((1, 1, 1, 8, 8), "<u2")])
    unmount = ActingWatch("lifting", lambda: source.rename(tmp_path / "unmounted"))

    with pytest.raises(ZarrliftError):
        zl.convert(source, target, watch=unmount)

    assert not (target / "zarr.json").exists()


@pytest.mark.parametrize("key", ["", "0", "0/0/0", "tables", "notes"])
def test_folder_without_permission_is_refused(
    key: str, source: Path, locked: Callable[[Path], None], tmp_path: Path
) -> None:
    """A folder that may not be listed is no empty one."""
    locked(source / key)

    ran = as_user("convert", source, tmp_path / "lifted.zarr")

    assert_refused(ran, str(source / key), "Permission denied", "owner and mode")
    assert not (tmp_path / "lifted.zarr" / "zarr.json").exists()


@pytest.mark.parametrize("key", [CHUNK, ".zattrs", "0/.zarray", "notes/README.md"])
def test_file_without_permission_is_refused(
    key: str, source: Path, locked: Callable[[Path], None], tmp_path: Path
) -> None:
    """A chunk, document or file that may not be read is no missing one."""
    locked(source / key)

    ran = as_user("convert", source, tmp_path / "lifted.zarr")

    assert_refused(ran, str(source / key), "Permission denied", "owner and mode")


def test_link_without_permission_is_no_dangling_one(
    source: Path, locked: Callable[[Path], None], tmp_path: Path
) -> None:
    """A link into a folder that may not be entered does not lead nowhere: it is an error."""
    write_file(tmp_path / "private" / "a.txt", b"a")
    (source / "link.txt").symlink_to(tmp_path / "private" / "a.txt")
    locked(tmp_path / "private")

    ran = as_user("convert", source, tmp_path / "lifted.zarr")

    assert_refused(ran, "Permission denied")


def test_target_without_permission_is_refused(
    source: Path, locked: Callable[[Path], None], tmp_path: Path
) -> None:
    """A place that may not be written to is named before anything is read."""
    (tmp_path / "private").mkdir()
    locked(tmp_path / "private")

    ran = as_user("convert", source, tmp_path / "private" / "lifted.zarr")

    assert_refused(ran, str(tmp_path / "private"), "Permission denied", "owner and mode")


def test_target_that_may_not_be_read_is_no_empty_one(
    source: Path, locked: Callable[[Path], None], tmp_path: Path
) -> None:
    """A finished target whose shard may not be read is an error, and no difference."""
    target = tmp_path / "lifted.zarr"
    zl.convert(source, target)
    locked(target / "0" / "c")

    ran = as_user("verify", source, target)

    assert_refused(ran, str(target / "0" / "c"), "Permission denied")


def test_chunk_that_vanishes_is_an_error(source: Path, tmp_path: Path) -> None:
    """A chunk that was listed and is gone when it is read means that the source changes."""
    (source / CHUNK).unlink()
    (source / CHUNK).symlink_to(tmp_path / "gone")

    ran = in_process("convert", source, tmp_path / "lifted.zarr")

    assert_refused(ran, str(source / CHUNK), "the source changes")
    assert_in_words(ran)
