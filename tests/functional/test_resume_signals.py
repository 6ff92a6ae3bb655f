"""A lift that is asked to stop: what it says, what it leaves, and that its own advice works."""

from __future__ import annotations

import random
import shutil
import signal
import time
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import BLOSC, sample, write_array, write_group
from tests.build_ome import multiscale_of
from tests.functional.runs import (
    Ran,
    Word,
    as_printed,
    assert_in_words,
    end_of,
    lift_of,
    start,
    struck,
    tree,
    write_sample,
    zarrlift,
)
from zarrlift.store.target import CLAIM, OURS

each_signal = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])

CHOICES = lift_of("pack")


@pytest.fixture(scope="module", name="source")
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image that is lifted, in a folder whose name has a space."""
    return write_sample(tmp_path_factory.mktemp("signals") / "my image.zarr")


@pytest.fixture(scope="module", name="whole")
def make_whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What an uninterrupted lift writes."""
    target = tmp_path_factory.mktemp("whole") / "lifted.zarr"
    zl.convert(source, target, **CHOICES.choices)  # type: ignore[arg-type]
    return tree(target)


def printed_command(ran: Ran) -> str:
    """Give the command that a stopped run printed."""
    (line,) = [line.strip() for line in ran.err.splitlines() if line.startswith("  zarrlift ")]
    return line


def assert_stopped(ran: Ran, number: int, target: Path) -> None:
    """Assert that a run says that it stopped, and leaves no document nor temporary object."""
    assert ran.code == 128 + number, ran.said
    assert_in_words(ran)
    assert "Stopped." in ran.err
    assert ran.out == ""
    assert not (target / "zarr.json").exists()
    temporary = target / OURS / "tmp"
    assert not temporary.exists() or list(temporary.iterdir()) == []


@each_signal
@pytest.mark.parametrize("part", [0.25, 0.5, 0.75])
def test_stopped_anywhere_and_continued(
    part: float, number: int, source: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    """SIGINT and SIGTERM give 130 and 143, and the command then printed ends the lift."""
    target = tmp_path / "lifted image.zarr"
    least = sum(content != "folder" for content in whole.values())
    at = int(2 * least * part)

    ran = struck(target, at, number, "convert", source, target, *CHOICES.words)

    assert_stopped(ran, number, target)
    assert as_printed(printed_command(ran), tmp_path).code == 0
    assert tree(target) == whole


@pytest.mark.slow
@each_signal
def test_stopped_at_many_touches_and_continued(
    number: int, source: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    """Wherever a signal arrives, the exit code is its own and the lift can be continued."""
    target, rng = tmp_path / "lifted.zarr", random.Random(number)

    for at in sorted(rng.sample(range(1, 200), 40)):
        workers = str((1, 3)[at % 2])
        words: list[Word] = ["convert", source, target, *CHOICES.words, "--workers", workers]
        ran = struck(target, at, number, *words)
        assert ran.code in {0, 128 + number}, f"at touch {at}: {ran.said}"
        assert_in_words(ran)
        assert zl.convert(source, target, **CHOICES.choices).finished  # type: ignore[arg-type]
        assert tree(target) == whole, f"at touch {at}"
        shutil.rmtree(target)


@each_signal
def test_stopped_from_outside(number: int, tmp_path: Path) -> None:
    """A signal while chunks are encoded ends the run soon, however much is left to do."""
    source, target = write_slow(tmp_path / "slow.zarr"), tmp_path / "lifted.zarr"
    words = ["--codec", "zstd:22", "--shards", "none", "--workers", "2"]
    process = start("convert", source, target, *words)
    while not (target / "0").exists():
        assert process.poll() is None
        time.sleep(0.01)

    begun = time.monotonic()
    process.send_signal(number)
    ran = end_of(process)

    assert time.monotonic() - begun < 20
    assert_stopped(ran, number, target)
    written = [path for path in (target / "0" / "c").rglob("*") if path.is_file()]
    assert 0 < len(written) < 64
    assert (target / CLAIM).exists()


def write_slow(folder: Path) -> Path:
    """Write an image that takes many seconds to encode at the highest level."""
    level = sample((1, 1, 1, 2048, 2048), "<u2")
    write_group(folder, {"multiscales": [multiscale_of([level])]})
    write_array(folder / "0", level, chunks=(1, 1, 1, 256, 256), compressor=BLOSC)
    return folder


def test_stopped_run_shows_options_and_quotes_paths(source: Path, tmp_path: Path) -> None:
    """The printed command repeats every option, and quotes names with spaces."""
    target = tmp_path / "my lifted image.zarr"
    words = [*CHOICES.words, "--exclude", "not es*", "--workers", "1"]

    ran = struck(target, 30, signal.SIGINT, "convert", source, target, *words)

    line = printed_command(ran)
    assert f"'{source}'" in line
    assert f"'{target}'" in line
    assert line.endswith("--shards y=8,x=8 --exclude 'not es*' --workers 1")


def test_stopped_lift_is_no_dataset(source: Path, tmp_path: Path) -> None:
    """To verify a stopped lift is an error that says so, not a list of differences."""
    target = tmp_path / "lifted.zarr"
    struck(target, 60, signal.SIGTERM, "convert", source, target, *CHOICES.words)

    ran = zarrlift("verify", source, target)

    assert ran.code == 3
    assert "the lift is not finished" in ran.err
    assert "run its convert command again" in ran.err


@each_signal
def test_stopped_verification(number: int, source: Path, tmp_path: Path) -> None:
    """A verification that is stopped has the signal's exit code too, and changes nothing."""
    target = tmp_path / "lifted.zarr"
    zl.convert(source, target)
    before = tree(target)

    ran = struck(target, 10, number, "verify", source, target)

    assert ran.code == 128 + number, ran.said
    assert_in_words(ran)
    assert tree(target) == before
