"""What cannot be written: an error with its place, and work that can be continued."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import zarrlift as zl
from tests.functional.runs import (
    LIFTS,
    Lift,
    Ran,
    Word,
    assert_refused,
    lift_of,
    run,
    tree,
    write_sample,
    zarrlift,
)
from zarrlift.store.target import OURS

FULL = Path("/dev/full")


@pytest.fixture(scope="module", name="source")
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image that is lifted."""
    return write_sample(tmp_path_factory.mktemp("writing") / "image.zarr")


@pytest.fixture(name="small_disk")
def make_small_disk(tmp_path: Path) -> Iterator[list[str]]:
    """Words that run a shell script in `disk/`, a file system of 1 MiB that only it sees."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=1m,nr_inodes=350 tmpfs {disk} && cd {disk}"
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c", f'{mount} && eval "$0"']
    if shutil.which("unshare") is None:
        pytest.skip("has no unshare")
    if subprocess.run([*words, "true"], check=False, capture_output=True).returncode:
        pytest.skip("may not mount a file system of its own")
    yield words
    assert list(disk.iterdir()) == []


def limited(blocks: int, *words: Word) -> Ran:
    """Run the command so that no file may become longer than some blocks of 512 bytes."""
    script = f'ulimit -f {blocks} && exec "$0" "$@"'
    return zarrlift(*words, before=["sh", "-c", script])


@pytest.mark.parametrize("lift", LIFTS[::2], ids=lambda lift: lift.id)
def test_write_that_fails_is_told_and_continued(lift: Lift, source: Path, tmp_path: Path) -> None:
    """A write that the system refuses ends the run in words; later the same command goes on."""
    target, alone = tmp_path / "lifted.zarr", tmp_path / "alone.zarr"
    zl.convert(source, alone, **lift.choices)  # type: ignore[arg-type]
    words: list[Word] = ["convert", source, target, *lift.words]

    ran = limited(7, *words)

    assert_refused(ran, str(target), "File too large", "the same command continues")
    assert list(target.rglob("zarr.json")) == []
    temporary = target / OURS / "tmp"
    assert not temporary.exists() or list(temporary.iterdir()) == []
    assert zarrlift(*words).code == 0
    assert tree(target) == tree(alone)


SCRIPT = """
mkdir ballast && {fill}
{zarrlift} convert {source} lifted.zarr --shards y=8,x=8 --workers 2; echo "first $?"
find lifted.zarr -name zarr.json | wc -l
rm -r ballast
{zarrlift} convert {source} lifted.zarr --shards y=8,x=8 --quiet; echo "second $?"
cp -r lifted.zarr {kept}
"""

FILLS = {
    "bytes": "head -c 960000 /dev/zero > ballast/zeros",
    "inodes": "for n in $(seq 300); do : > ballast/$n; done",
}


@pytest.mark.parametrize("fill", FILLS)
def test_full_disk_is_told_and_continued(
    fill: str, source: Path, small_disk: list[str], tmp_path: Path
) -> None:
    """When bytes or inodes run out the run says so; with room made the same command ends it."""
    alone, kept = tmp_path / "alone.zarr", tmp_path / "kept.zarr"
    zl.convert(source, alone, **lift_of("pack").choices)  # type: ignore[arg-type]
    command = f"{sys.executable} -m zarrlift"
    script = SCRIPT.format(fill=FILLS[fill], zarrlift=command, source=source, kept=kept)

    ran = run([*small_disk, script])

    assert ran.out.splitlines() == ["first 3", "0", "second 0"], ran.said
    assert_refused(
        Ran(code=3, out="", err=ran.err),
        "No space left on device",
        "free some space, then run the same command again: it continues",
    )
    assert tree(kept) == tree(alone)


@pytest.mark.parametrize("fill", FILLS)
def test_plan_says_that_the_disk_is_too_small(
    fill: str, source: Path, small_disk: list[str]
) -> None:
    """A plan compares what it needs with the free bytes and inodes at the target."""
    command = f"{sys.executable} -m zarrlift"
    full = "cat /dev/zero > ballast/zeros 2>/dev/null" if fill == "bytes" else FILLS[fill]
    script = f"mkdir ballast; {full}; {command} plan {source} new.zarr --shards none"

    ran = run([*small_disk, script])

    assert ran.code == 0, ran.said
    assert "may NOT be enough" in ran.out


def test_claim_that_cannot_be_written_is_told(source: Path, tmp_path: Path) -> None:
    """Where not even the claim fits, the run says so and leaves nothing that blocks the next."""
    target = tmp_path / "lifted.zarr"

    ran = limited(1, "convert", source, target)

    assert_refused(ran, str(target), "File too large")
    assert zarrlift("convert", source, target).code == 0


@pytest.mark.parametrize("option", ["--report", "--log"])
def test_file_that_cannot_be_written_is_told(option: str, source: Path, tmp_path: Path) -> None:
    """A report or log that cannot be written is named before hours of work, not after."""
    target, place = tmp_path / "lifted.zarr", tmp_path / "absent" / "file.txt"

    ran = zarrlift("convert", source, target, option, place)

    assert_refused(ran, str(place), "No such file or directory")
    assert not target.exists()


def test_saved_plan_that_cannot_be_written_is_told(source: Path, tmp_path: Path) -> None:
    """A plan that cannot be saved is an error with the file's name."""
    place = tmp_path / "absent" / "plan.json"

    ran = zarrlift("plan", source, tmp_path / "lifted.zarr", "--output", place)

    assert_refused(ran, str(place), "No such file or directory")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_told(source: Path, tmp_path: Path) -> None:
    """A full disk behind stdout gives an exit code that says so, and no traceback."""
    script = f"{sys.executable} -m zarrlift plan {source} new.zarr > {FULL}"

    ran = run(["sh", "-c", script], cwd=tmp_path)

    assert_refused(ran, "No space left on device")
