"""A lift goes into its archive file by file: space, kills at any instant, what is refused."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import zarrlift as zl
from tests.fakes import Stopped
from tests.functional.runs import assert_refused, struck, write_sample, zarrlift
from zarrlift.errors import TargetError
from zarrlift.store.target import Target

BEFORE_THE_END = (0, 1, 2, 30, 90, 100, 102, 104, 106, 108, 111, 115, 123, 140, 160, 175, 200, 220)
"""Touches of the file system that are left when a run is killed: clearing up, zipping, lifting."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A lift that nobody stopped."""

    source: Path
    data: bytes
    touches: int


@pytest.fixture(scope="module", name="whole")
def make_whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The archive that every other run must give, and how many touches it takes."""
    folder = tmp_path_factory.mktemp("whole")
    source = write_sample(folder / "old.zarr")
    touches = touches_of(folder / "made", *words(source, folder / "made" / "new.ozx"))
    return Whole(source, (folder / "made" / "new.ozx").read_bytes(), touches)


def touches_of(folder: Path, *command: str | Path) -> int:
    """Run a command to its end in a folder of its own; gives how often it touched that."""
    folder.mkdir()
    ran = struck(folder, 0, signal.SIGKILL, *command)
    assert ran.code == 0, ran.said
    return int(ran.err.rpartition("touches ")[2])


def words(source: Path, target: Path) -> tuple[str | Path, ...]:
    """Give a command that writes many objects."""
    return ("convert", source, target, "--shards", "y=8,x=8", "--workers", "1")


def growing(folder: Path) -> Path:
    """Give the archive that grows beside its parts."""
    return folder / "new.ozx.parts" / ".zarrlift-zip" / "archive.zip"


def finished(folder: Path, whole: Whole) -> bool:
    """Say whether the archive is there, all of it, and nothing beside it."""
    held = (folder / "new.ozx").read_bytes() == whole.data
    return held and [p.name for p in folder.iterdir()] == ["new.ozx"]


def half_zipped(folder: Path, whole: Whole, *, after: int = 5) -> Path:
    """Leave a lift whose files have gone into the archive in part; gives the target."""
    watch = StopsWhileZipping(after)
    with pytest.raises(Stopped):
        zl.convert(whole.source, folder / "new.ozx", shards="y=8,x=8", watch=watch)
    assert growing(folder).stat().st_size
    return folder / "new.ozx"


class StopsWhileZipping:
    """A watch that ends the job after so many files, the last of which is still there."""

    def __init__(self, after: int) -> None:
        self._left, self._zipping = after, False

    def phase(self, name: str, total: int | None) -> None:
        """Note where the job is."""
        del total
        self._zipping = name == "zipping"

    def advance(self, path: str, amount: int) -> None:
        """Count the files."""
        del path, amount
        self._left -= self._zipping
        if self._left == 0:
            raise Stopped

    def confirm(self, question: str) -> bool:
        """Say yes."""
        del question
        return True


class Weighs:
    """A watch that measures what the target takes on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._zipping = folder, False
        self.weights: list[int] = []

    def phase(self, name: str, total: int | None) -> None:
        """Note where the job is."""
        del total
        self._zipping = name == "zipping"

    def advance(self, path: str, amount: int) -> None:
        """Measure; the file just added is still there."""
        del path, amount
        if self._zipping:
            files = [p for p in self._folder.rglob("*") if p.is_file()]
            self.weights.append(sum(p.stat().st_size for p in files))

    def confirm(self, question: str) -> bool:
        """Say yes."""
        del question
        return True


def test_space_is_taken_once(tmp_path: Path) -> None:
    """Never more than the archive and one object; not twice the data."""
    zl.demo(tmp_path / "old", size="4MiB")
    (tmp_path / "made").mkdir()
    watch = Weighs(tmp_path / "made")

    zl.convert(tmp_path / "old", tmp_path / "made" / "new.ozx", shards="none", watch=watch)

    whole = (tmp_path / "made" / "new.ozx").stat().st_size
    with zipfile.ZipFile(tmp_path / "made" / "new.ozx") as opened:
        largest = max(m.file_size for m in opened.infolist())
        count = len(opened.infolist())
    assert len(watch.weights) == count
    assert largest < whole / 4
    mark = 64 * 2**10
    assert max(watch.weights) <= whole + largest + mark


@pytest.mark.parametrize("left", BEFORE_THE_END)
def test_killed_while_zipping_and_run_again(left: int, whole: Whole, tmp_path: Path) -> None:
    """Whatever was left, the same command ends with the same archive."""
    at = whole.touches - left
    ran = struck(tmp_path, at, signal.SIGKILL, *words(whole.source, tmp_path / "new.ozx"))
    assert ran.code == -signal.SIGKILL, ran.said

    again = zarrlift(*words(whole.source, tmp_path / "new.ozx"))

    assert again.code == 0, again.said
    assert finished(tmp_path, whole)


def test_killed_again_and_again(whole: Whole, tmp_path: Path) -> None:
    """Runs that each do a little come to the end."""
    target, kills = tmp_path / "new.ozx", 0
    half_zipped(tmp_path, whole, after=1)
    while not target.exists():
        size = growing(tmp_path).stat().st_size if growing(tmp_path).exists() else 0
        ran = struck(tmp_path, 60, signal.SIGKILL, *words(whole.source, target))
        kills += ran.code == -signal.SIGKILL
        assert kills < 40
        assert target.exists() or growing(tmp_path).stat().st_size >= size

    assert kills > 1
    assert zarrlift(*words(whole.source, target)).code == 0
    assert finished(tmp_path, whole)


@pytest.mark.parametrize("extra", [("--fsync",), ("--verify", "full"), ("--verify", "none")])
def test_stopped_and_continued_in_other_ways(
    extra: tuple[str, ...], whole: Whole, tmp_path: Path
) -> None:
    """Synchronizing, rereading or taking no proof, the archive is the same."""
    first, made = tmp_path / "first", tmp_path / "made"
    touches = touches_of(first, *words(whole.source, first / "new.ozx"), *extra)
    made.mkdir()
    command = (*words(whole.source, made / "new.ozx"), *extra)
    ran = struck(made, touches - 140, signal.SIGKILL, *command)
    assert ran.code == -signal.SIGKILL, ran.said
    assert growing(made).stat().st_size

    again = zarrlift(*command)

    assert again.code == 0, again.said
    assert finished(made, whole)


def test_terminated_while_zipping_tells_how_to_go_on(whole: Whole, tmp_path: Path) -> None:
    """A signal that asks to stop leaves what can be continued, too."""
    at = whole.touches - 140
    ran = struck(tmp_path, at, signal.SIGTERM, *words(whole.source, tmp_path / "new.ozx"))
    assert ran.code == 143, ran.said
    assert "convert" in ran.err

    again = zarrlift(*words(whole.source, tmp_path / "new.ozx"))

    assert again.code == 0, again.said
    assert finished(tmp_path, whole)


def test_entry_being_copied_is_copied_again(whole: Whole, tmp_path: Path) -> None:
    """What was cut within an entry whose file is still there costs nothing."""
    target = half_zipped(tmp_path, whole)
    held = growing(tmp_path)
    for lost in (1, 2, 30):
        os.truncate(held, held.stat().st_size - lost)

    report = zl.convert(whole.source, target, shards="y=8,x=8")

    assert report.finished
    assert finished(tmp_path, whole)


@pytest.mark.parametrize("loss", ["end", "byte", "all", "part"])
def test_what_is_in_neither_place_is_not_passed_over(
    loss: str, whole: Whole, tmp_path: Path
) -> None:
    """After a power cut the archive may lack what was removed: a new lift is due, and said so."""
    target = half_zipped(tmp_path, whole)
    held = growing(tmp_path)
    if loss == "end":
        with zipfile.ZipFile(whole_file(tmp_path, whole)) as opened:
            second = opened.infolist()[1].header_offset
        os.truncate(held, second + 20)
    elif loss == "byte":
        data = bytearray(held.read_bytes())
        data[100] ^= 1
        held.write_bytes(bytes(data))
    elif loss == "all":
        held.unlink()
    else:
        max(p for p in (target.parent / "new.ozx.parts" / "0").rglob("*") if p.is_file()).unlink()
    before = sorted(p for p in tmp_path.rglob("*"))

    for _ in range(2):
        ran = zarrlift(*words(whole.source, target))
        assert_refused(ran, "are due", "--overwrite", str(tmp_path / "new.ozx.parts"))
        assert not target.exists()
    after = sorted(p for p in tmp_path.rglob("*"))
    assert set(before) <= set(after)

    again = zarrlift(*words(whole.source, target), "--overwrite", "--yes")
    assert again.code == 0, again.said
    assert target.read_bytes() == whole.data


def whole_file(folder: Path, whole: Whole) -> Path:
    """Write the archive of the lift that nobody stopped."""
    folder = folder.with_name(f"{folder.name}-whole")
    folder.mkdir()
    (folder / "whole.zip").write_bytes(whole.data)
    return folder / "whole.zip"


@pytest.mark.parametrize("since", ["same-boot", "other-boot"])
def test_after_another_boot_all_is_compared(since: str, whole: Whole, tmp_path: Path) -> None:
    """Files that were not synchronized may have lost their bytes, not yet being in the archive."""
    target = half_zipped(tmp_path, whole)
    mark = tmp_path / "new.ozx.parts" / ".zarrlift-zip" / "plan.json"
    if since == "other-boot":
        held = json.loads(mark.read_text())
        mark.write_text(json.dumps({**held, "boot": "another"}))
    shard = max(p for p in (tmp_path / "new.ozx.parts" / "1" / "c").rglob("*") if p.is_file())
    data = bytearray(shard.read_bytes())
    data[20] ^= 1
    shard.write_bytes(bytes(data))

    ran = zarrlift(*words(whole.source, target))

    assert ran.code == (1 if since == "other-boot" else 0), ran.said
    assert ("chunk-differs" in ran.out) is (since == "other-boot")
    assert not zl.verify(whole.source, target, level="full").equal


def test_another_plan_is_refused(whole: Whole, tmp_path: Path) -> None:
    """What has begun to be zipped is not mixed with another lift."""
    target = half_zipped(tmp_path, whole)
    with pytest.raises(TargetError, match="another plan has been started here"):
        zl.convert(whole.source, target, codec="zstd:1")

    assert zl.convert(whole.source, target, codec="zstd:1", overwrite=True).finished
    assert [p.name for p in tmp_path.iterdir()] == ["new.ozx"]


def test_another_run_at_work_is_left_alone(whole: Whole, tmp_path: Path) -> None:
    """Two runs never write one archive at a time."""
    target = half_zipped(tmp_path, whole)
    fd = os.open(tmp_path / "new.ozx.parts", os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        assert_refused(zarrlift(*words(whole.source, target)), "another run is writing")
    finally:
        os.close(fd)
    assert zl.convert(whole.source, target, shards="y=8,x=8").finished
    assert finished(tmp_path, whole)


def test_late_run_that_ends_does_not_clear_the_archive_away(whole: Whole, tmp_path: Path) -> None:
    """A run that still confirms the folder, when another zips it, clears what is its own only."""
    target = half_zipped(tmp_path, whole)
    Target(tmp_path / "new.ozx.parts").release()

    assert zl.convert(whole.source, target, shards="y=8,x=8").finished
    assert finished(tmp_path, whole)


def test_source_with_a_folder_of_our_name_is_refused(tmp_path: Path) -> None:
    """A folder that would lie where the archive grows is named, and nothing is removed."""
    source = write_sample(tmp_path / "old.zarr")
    (source / ".zarrlift-zip").mkdir()
    (source / ".zarrlift-zip" / "note.txt").write_text("mine")

    with pytest.raises(TargetError, match=r"\.zarrlift-zip"):
        zl.convert(source, tmp_path / "new.ozx")

    assert (tmp_path / "new.ozx.parts" / ".zarrlift-zip" / "note.txt").read_text() == "mine"
    assert not (tmp_path / "new.ozx").exists()


def test_file_put_there_meanwhile_is_not_removed(whole: Whole, tmp_path: Path) -> None:
    """What is not of the lift stops it, and stays."""
    target = half_zipped(tmp_path, whole)
    mine = tmp_path / "new.ozx.parts" / "mine.txt"
    mine.write_text("mine")
    assert_refused(zarrlift(*words(whole.source, target)), "are due")
    assert mine.read_text() == "mine"
    mine.unlink()
    assert zl.convert(whole.source, target, shards="y=8,x=8").finished


def test_every_entry_has_its_sizes_before_it(whole: Whole, tmp_path: Path) -> None:
    """Local headers tell sizes and CRC-32, so that the archive can be read from its start on."""
    with zipfile.ZipFile(whole_file(tmp_path, whole)) as opened:
        for member in opened.infolist():
            head = whole.data[member.header_offset :][:30]
            flags, crc = struct.unpack_from("<6xH6xL", head)
            assert not flags & 8
            assert crc == member.CRC
