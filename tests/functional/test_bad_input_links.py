"""Links, pipes and folders where files are expected: followed, reported, or refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import write_file
from tests.functional.runs import (
    assert_in_words,
    assert_refused,
    in_process,
    tree,
    write_sample,
    zarrlift,
)
from tests.oracles import assert_same_voxels, every_array

CHUNK = "0/0/0/0/2/3"
ROW = "0/0/0/0/2"

ONE_CHUNK = {"shards": "none", "verify": "full"}


@pytest.fixture(name="source")
def make_source(tmp_path: Path) -> Path:
    """The image that is lifted, which a test changes."""
    return write_sample(tmp_path / "image.zarr")


def replace_by_link(path: Path, to: Path | str) -> None:
    """Put a link where a file or folder is."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to(to)


def rules_of(source: Path, target: Path) -> set[tuple[str, str, str]]:
    """Lift by the command; give rule, severity and path of what it found."""
    ran = in_process("convert", source, target, "--json")
    assert ran.code == 0, ran.said
    assert_in_words(ran)
    found = json.loads(ran.out)["findings"]
    return {(f["rule"], f["severity"], f["path"]) for f in found if f["rule"].startswith("link")}


def test_links_are_followed_as_data(source: Path, tmp_path: Path) -> None:
    """Arrays, rows, chunks, documents and files behind links are copied as what they are."""
    whole, target, elsewhere = tmp_path / "whole", tmp_path / "lifted", tmp_path / "elsewhere"
    zl.convert(source, whole, shards="none")
    elsewhere.mkdir()
    for number, key in enumerate(
        ["1", ROW, "0/0/0/0/1/1", "0/.zarray", "notes", "0/thumbnail.png"]
    ):
        shutil.move(source / key, elsewhere / str(number))
        (source / key).symlink_to(elsewhere / str(number))
    before = tree(tmp_path)

    report = zl.convert(source, target, shards="none", verify="full")

    assert report.finished
    assert tree(target) == tree(whole)
    assert {k: v for k, v in tree(tmp_path).items() if not k.startswith("lifted")} == before
    assert not any(path.is_symlink() for path in target.rglob("*"))


def test_source_may_be_a_link(source: Path, tmp_path: Path) -> None:
    """A dataset named by a link is lifted as itself."""
    (tmp_path / "link.zarr").symlink_to(source)

    ran = in_process("convert", tmp_path / "link.zarr", tmp_path / "lifted.zarr")

    assert ran.code == 0, ran.said
    assert all(not r.startswith("link") for r in ran.out.split())
    for path in every_array(source):
        assert_same_voxels(source / path, tmp_path / "lifted.zarr" / path)


def test_links_out_of_the_tree_are_told(source: Path, tmp_path: Path) -> None:
    """What lies outside of the dataset is copied, and said to."""
    write_file(tmp_path / "outside" / "a.txt", b"a")
    (source / "out").symlink_to(tmp_path / "outside")
    (source / "out.txt").symlink_to(tmp_path / "outside" / "a.txt")

    found = rules_of(source, tmp_path / "lifted")

    assert ("link-outside", "note", "out") in found
    assert ("link-outside", "note", "out.txt") in found
    assert (tmp_path / "lifted" / "out" / "a.txt").read_bytes() == b"a"
    assert (tmp_path / "lifted" / "out.txt").read_bytes() == b"a"


@pytest.mark.parametrize("to", [".", "..", "../..", "{source}", "{source}/tables/loop"])
def test_links_that_lead_back_are_told(to: str, source: Path, tmp_path: Path) -> None:
    """A link to a folder that holds it, or to itself, is left out and named; the walk ends."""
    (source / "tables" / "loop").symlink_to(to.format(source=source))

    found = rules_of(source, tmp_path / "lifted")

    assert [path for _, severity, path in found if severity == "warning"] == ["tables/loop"]
    assert not (tmp_path / "lifted" / "tables" / "loop").exists()


def test_two_links_that_lead_to_each_other_are_told(source: Path, tmp_path: Path) -> None:
    """Links in a circle lead nowhere, and are named."""
    (source / "one").symlink_to("two")
    (source / "two").symlink_to("one")

    found = rules_of(source, tmp_path / "lifted")

    assert {path for _, severity, path in found if severity == "warning"} == {"one", "two"}


def test_link_that_leads_nowhere_is_told(source: Path, tmp_path: Path) -> None:
    """A dangling link among the nodes is left out and named."""
    (source / "gone").symlink_to(tmp_path / "away")

    assert rules_of(source, tmp_path / "lifted") == {("link-dangling", "warning", "gone")}


@pytest.mark.parametrize("key", ["0/loop", "0/0/0/loop"])
def test_link_within_an_array_that_leads_back_is_not_followed(
    key: str, source: Path, tmp_path: Path
) -> None:
    """A link to a parent among chunks does not multiply the data, and is named."""
    zl.convert(source, tmp_path / "whole")
    (source / key).symlink_to(".")

    ran = in_process("convert", source, tmp_path / "lifted")

    assert_in_words(ran)
    assert tree(tmp_path / "lifted") == tree(tmp_path / "whole")
    assert key in ran.said


@pytest.mark.parametrize("key", [CHUNK, ROW, "0/0"])
@pytest.mark.parametrize("kind", ["dangling", "circle", "to-its-parent"])
def test_link_in_place_of_chunks_is_never_a_missing_chunk(
    kind: str, key: str, source: Path, tmp_path: Path
) -> None:
    """Where a link stands for chunks and leads nowhere, their absence is not proved: an error."""
    to: dict[str, Path | str] = {
        "dangling": tmp_path / "unmounted",
        "circle": Path(key).name,
        "to-its-parent": ".",
    }
    replace_by_link(source / key, to[kind])

    ran = in_process("convert", source, tmp_path / "lifted", "--shards", "none", "--verify", "full")

    assert_refused(ran, key)
    assert not (tmp_path / "lifted" / "zarr.json").exists()


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
def test_folder_in_place_of_a_chunk_is_never_a_missing_chunk(
    filled: bool, source: Path, tmp_path: Path
) -> None:
    """A folder under a chunk's name is not a proof that the chunk is absent."""
    (source / CHUNK).unlink()
    (source / CHUNK).mkdir()
    if filled:
        write_file(source / CHUNK / "part.bin", b"part")

    ran = in_process("convert", source, tmp_path / "lifted", "--shards", "none", "--verify", "full")

    assert_in_words(ran)
    assert CHUNK in ran.said
    assert "may go" not in ran.out


def test_file_in_place_of_a_row_of_chunks_is_told(source: Path, tmp_path: Path) -> None:
    """A file under the name of a folder of chunks is kept as a file, or an error, never dropped."""
    shutil.rmtree(source / ROW)
    write_file(source / ROW, b"what was this?")

    ran = in_process("convert", source, tmp_path / "lifted", "--shards", "none", "--verify", "full")

    assert_in_words(ran)
    held = tmp_path / "lifted" / ROW
    assert ran.code == 3 or held.read_bytes() == b"what was this?"


@pytest.mark.parametrize("key", ["pipe", "tables/pipe", "0/pipe", CHUNK, ".zattrs", "0/.zarray"])
def test_pipe_never_blocks(key: str, source: Path, tmp_path: Path) -> None:
    """A pipe is never opened to be read: beside the data it is told, in its place an error."""
    (source / key).unlink(missing_ok=True)
    os.mkfifo(source / key)

    ran = zarrlift("convert", source, tmp_path / "lifted", seconds=8)

    assert_in_words(ran)
    assert key in ran.said
    if key.endswith("pipe"):
        assert ran.code == 0
    else:
        assert_refused(ran, key)


def test_pipe_in_a_target_never_blocks(source: Path, tmp_path: Path) -> None:
    """A pipe under the name of an object is a difference, and is not waited for."""
    target = tmp_path / "lifted"
    zl.convert(source, target, shards="none")
    (target / "0/c/0/0/0/2/3").unlink()
    os.mkfifo(target / "0/c/0/0/0/2/3")

    ran = zarrlift("verify", source, target, "--level", "full", seconds=8)

    assert ran.code in {1, 3}
    assert "0/c/0/0/0/2/3" in ran.said


@pytest.mark.parametrize("document", [".zattrs", ".zgroup", "0/.zarray", "0/.zattrs"])
def test_folder_in_place_of_a_document_is_refused(
    document: str, source: Path, tmp_path: Path
) -> None:
    """A folder under a document's name is no absent document."""
    (source / document).unlink(missing_ok=True)
    (source / document).mkdir()

    assert_refused(in_process("convert", source, tmp_path / "lifted"), document)


@pytest.mark.parametrize("document", [".zattrs", ".zgroup", "0/.zarray", "0/.zattrs"])
def test_dangling_link_in_place_of_a_document_is_refused(
    document: str, source: Path, tmp_path: Path
) -> None:
    """A document behind a link that leads nowhere is no absent document."""
    (source / document).unlink(missing_ok=True)
    (source / document).symlink_to(tmp_path / "unmounted")

    assert_refused(in_process("convert", source, tmp_path / "lifted"), document)
