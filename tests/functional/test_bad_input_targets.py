"""Targets that must not be written to, and what `--overwrite` never removes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import write_file, write_group
from tests.functional.runs import (
    Ran,
    assert_in_words,
    assert_refused,
    in_process,
    tree,
    write_sample,
)


@pytest.fixture(name="source")
def make_source(tmp_path: Path) -> Path:
    """The image that is lifted."""
    return write_sample(tmp_path / "data" / "image.zarr")


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two paths below a folder, one of which lies in the other however it is written."""

    id: str
    source: str
    target: str
    says: str


OVERLAPS = (
    Overlap("same", "data/image.zarr", "data/image.zarr", "the same folder"),
    Overlap("same-with-slash", "data/image.zarr", "data/image.zarr/", "the same folder"),
    Overlap("same-by-dots", "data/image.zarr", "data/x/../image.zarr", "the same folder"),
    Overlap("same-by-link", "data/image.zarr", "link.zarr", "the same folder"),
    Overlap("link-is-source", "link.zarr", "data/image.zarr", "the same folder"),
    Overlap("same-by-url", "data/image.zarr", "file://{here}/data/image.zarr", "the same folder"),
    Overlap("inside", "data/image.zarr", "data/image.zarr/lifted", "target lies inside"),
    Overlap("inside-a-level", "data/image.zarr", "data/image.zarr/0/c", "target lies inside"),
    Overlap("inside-by-link", "data/image.zarr", "link.zarr/lifted", "target lies inside"),
    Overlap("around", "data/image.zarr", "data", "source lies inside"),
    Overlap("around-it-all", "data/image.zarr", "/", "source lies inside"),
    Overlap("around-by-link", "link.zarr", "data", "source lies inside"),
)


@pytest.mark.parametrize("overlap", OVERLAPS, ids=lambda overlap: overlap.id)
@pytest.mark.parametrize("options", [[], ["--overwrite", "--yes"]], ids=["", "overwrite"])
def test_overlapping_folders_are_refused(
    options: list[str], overlap: Overlap, source: Path, tmp_path: Path
) -> None:
    """Source and target may not be one folder, nor one inside the other, however they are named."""
    (tmp_path / "link.zarr").symlink_to(source)
    before = tree(tmp_path)
    target = overlap.target.format(here=tmp_path)

    ran = in_process("convert", overlap.source, target, *options, cwd=tmp_path)

    assert_refused(ran, overlap.says, code=2)
    assert tree(tmp_path) == before


def foreign_folder(target: Path) -> None:
    """Write a folder of somebody's."""
    write_file(target / "thesis.tex", b"\\documentclass{book}")


def foreign_folder_of_datasets(target: Path) -> None:
    """Write a folder that holds datasets, and is none itself."""
    write_group(target / "one.zarr", {})
    write_group(target / "two.zarr", {})


def zarr_v2(target: Path) -> None:
    """Write another dataset."""
    write_group(target, {"precious": True})


def zarr_v3(target: Path) -> None:
    """Write another dataset of v3."""
    write_file(target / "zarr.json", b'{"zarr_format": 3, "node_type": "group"}')


def convert(source: Path, target: Path, *options: str) -> Ran:
    """Lift by the command."""
    return in_process("convert", source, target, *options)


@pytest.mark.parametrize("build", [foreign_folder, foreign_folder_of_datasets, zarr_v2, zarr_v3])
def test_target_that_is_not_empty_is_refused(
    build: Callable[[Path], None], source: Path, tmp_path: Path
) -> None:
    """A folder that holds anything else is not written to."""
    target = tmp_path / "target"
    build(target)
    before = tree(tmp_path)

    ran = convert(source, target)

    assert ran.code in {1, 3}, ran.said
    assert_in_words(ran)
    assert str(target) in ran.said
    assert tree(tmp_path) == before


@pytest.mark.parametrize("build", [foreign_folder, foreign_folder_of_datasets])
def test_overwrite_refuses_what_is_no_dataset(
    build: Callable[[Path], None], source: Path, tmp_path: Path
) -> None:
    """--overwrite --yes removes no folder that is neither a Zarr root nor ours."""
    target = tmp_path / "target"
    build(target)
    before = tree(tmp_path)

    ran = convert(source, target, "--overwrite", "--yes")

    assert_refused(ran, str(target), "Zarr root")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("build", [zarr_v2, zarr_v3])
def test_overwrite_replaces_a_dataset(
    build: Callable[[Path], None], source: Path, tmp_path: Path
) -> None:
    """--overwrite --yes replaces a Zarr root, and leaves nothing of it."""
    target, alone = tmp_path / "target", tmp_path / "alone"
    build(target)
    write_file(target / "old" / "file.txt", b"old")
    zl.convert(source, alone)

    assert convert(source, target, "--overwrite", "--yes").code == 0

    assert tree(target) == tree(alone)


def test_overwrite_follows_no_link_out_of_the_target(source: Path, tmp_path: Path) -> None:
    """What a link in the old target points to stays as it is."""
    target, precious = tmp_path / "target", tmp_path / "precious"
    zarr_v2(target)
    write_file(precious / "thesis.tex", b"\\documentclass{book}")
    (target / "link").symlink_to(precious)
    (target / "file").symlink_to(precious / "thesis.tex")
    before = tree(precious)

    assert convert(source, target, "--overwrite", "--yes").code == 0

    assert tree(precious) == before
    assert not (target / "link").is_symlink()


def test_overwrite_of_nothing_needs_no_yes(source: Path, tmp_path: Path) -> None:
    """Where there is nothing to remove, nobody is asked."""
    (tmp_path / "empty").mkdir()

    assert convert(source, tmp_path / "empty", "--overwrite").code == 0
    assert convert(source, tmp_path / "absent", "--overwrite").code == 0


@pytest.mark.parametrize("place", ["file.zarr", "file.zarr/below/it.zarr"])
@pytest.mark.parametrize("options", [[], ["--overwrite", "--yes"]], ids=["", "overwrite"])
def test_file_as_target_is_refused(
    options: list[str], place: str, source: Path, tmp_path: Path
) -> None:
    """A file where the target's folder would go is left as it is, and named."""
    write_file(tmp_path / "file.zarr", b"mine")
    before = tree(tmp_path)

    ran = convert(source, tmp_path / place, *options)

    assert_refused(ran, str(tmp_path / "file.zarr"), "another target")
    assert ".zarrlift" not in ran.err
    assert tree(tmp_path) == before


def test_dangling_link_as_target_is_refused(source: Path, tmp_path: Path) -> None:
    """A link that leads nowhere is no place for a target."""
    (tmp_path / "link.zarr").symlink_to(tmp_path / "gone" / "away")

    ran = convert(source, tmp_path / "link.zarr")

    assert_refused(ran, "link.zarr")
    assert not (tmp_path / "gone").exists()


def test_link_to_an_empty_folder_is_a_target(source: Path, tmp_path: Path) -> None:
    """A link to a folder on another disk is a usual way to name a target."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "link.zarr").symlink_to(tmp_path / "disk")

    assert convert(source, tmp_path / "link.zarr").code == 0

    assert zl.verify(source, tmp_path / "disk").equal


def test_link_within_an_unfinished_target_is_not_followed(source: Path, tmp_path: Path) -> None:
    """Chunks never go through a link that somebody laid into a target: nothing is written there."""
    target, elsewhere = tmp_path / "target.zarr", tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_file(target / ".zarrlift" / "tmp" / "dead" / "0", b"half")
    zl.convert(source, target, shards="none")
    shutil.rmtree(target)
    (target / ".zarrlift").mkdir(parents=True)
    (target / "0").symlink_to(elsewhere)

    ran = convert(source, target)

    assert_refused(ran, str(target))
    assert list(elsewhere.iterdir()) == []


def test_parents_of_a_target_are_made(source: Path, tmp_path: Path) -> None:
    """A target below folders that are not there yet is no mistake."""
    assert convert(source, tmp_path / "a" / "b" / "c.zarr").code == 0


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://"])
def test_remote_addresses_are_refused_in_words(url: str, source: Path) -> None:
    """An address that this version cannot reach is no path to be made."""
    assert_refused(in_process("convert", source, url), url, code=2)
    assert_refused(in_process("convert", url, source.with_name("x")), url, code=2)


def test_the_web_is_no_target(source: Path) -> None:
    """It is read, not written to; a host that does not exist is told in words too."""
    url = "https://host.invalid/x.zarr"

    assert_refused(in_process("convert", source, url), url, code=2)
    assert_refused(in_process("convert", url, source.with_name("x")), url)
