"""Sources that cannot be lifted: each ends with one clear message, and nothing is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from tests.build import read_json, sample, write_array, write_file, write_group, write_json
from tests.build_ome import write_image
from tests.functional.runs import (
    assert_in_words,
    assert_refused,
    in_process,
    tree,
    write_sample,
    zarrlift,
)
from tests.traps import REFUSED, VERSIONS, Trap


@dataclass(frozen=True, slots=True)
class Bad:
    """A source that is none, and what is said of it."""

    id: str
    name: str
    build: Callable[[Path], object]
    says: tuple[str, ...]


def image(folder: Path) -> Path:
    """Write a small image."""
    return write_image(folder, [sample((1, 1, 1, 8, 8), "<u2")])


def changed(path: str, **members: object) -> Callable[[Path], object]:
    """Give a builder of an image in one of whose documents some members are other."""

    def build(folder: Path) -> None:
        image(folder)
        document = cast("dict[str, Any]", read_json(folder / path))
        write_json(folder / path, document | members)

    return build


def written(path: str, content: bytes) -> Callable[[Path], object]:
    """Give a builder of an image in which one file is other."""
    return lambda folder: write_file(image(folder) / path, content)


def lacking(path: str, member: str) -> Callable[[Path], object]:
    """Give a builder of an image in one of whose documents a member is absent."""

    def build(folder: Path) -> None:
        image(folder)
        document = read_json(folder / path)
        del document[member]
        write_json(folder / path, document)

    return build


def several(folder: Path) -> None:
    """Write a folder of datasets that is none itself."""
    for name in ("one.zarr", "two.zarr"):
        image(folder / name)


def plain(folder: Path) -> None:
    """Write a hierarchy without OME metadata."""
    write_group(folder, {"title": "numbers"})
    write_array(folder / "x", sample((8, 8), "<u2"), chunks=(4, 4))


def a_file(folder: Path) -> None:
    """Write a file where a folder is expected."""
    write_file(folder, b"II*\0")


def n5(folder: Path) -> None:
    """Write the start of an N5 container."""
    write_file(folder / "attributes.json", b'{"n5": "2.5.0"}')


ARRAY = "0/.zarray"
BIOFORMATS = "bioformats2raw"

NO_DATASETS = (
    Bad("absent", "nothing.zarr", lambda _folder: None, ("no such folder",)),
    Bad("empty", "empty.zarr", Path.mkdir, ("no Zarr group or array", ".zgroup")),
    Bad("several", "several", several, ("one of the datasets", "one.zarr, two.zarr")),
    Bad("plain-zarr", "plain.zarr", plain, ("without OME metadata", "--plain-zarr")),
    Bad("file", "image.zarr", a_file, ("not a Zarr folder",)),
    Bad("tif", "image.tif", a_file, (BIOFORMATS,)),
    Bad("ome-tiff", "image.OME.TIFF", a_file, (BIOFORMATS,)),
    Bad("czi", "image.czi", a_file, (BIOFORMATS,)),
    Bad("nd2", "image.nd2", a_file, (BIOFORMATS,)),
    Bad("hdf5", "image.h5", a_file, ("h5py",)),
    Bad("n5", "image.n5", n5, ("n5",)),
    Bad("n5-by-content", "image", n5, ("N5",)),
    Bad("zip", "image.zarr.zip", a_file, ("unzip",)),
)

BAD_DOCUMENTS = (
    Bad("no-json", "i", written(".zattrs", b'{\n "a": 1,\n oops'), (".zattrs", "line 3")),
    Bad("no-json-array", "i", written(ARRAY, b'{"zarr_format": 2,\n'), (ARRAY, "line 2")),
    Bad("empty-document", "i", written(ARRAY, b""), (ARRAY,)),
    Bad("no-object", "i", written(".zattrs", b"[1, 2]"), (".zattrs", "no JSON object")),
    Bad("no-text", "i", written(".zattrs", b"\xff\xfe\x00"), (".zattrs", "not readable as JSON")),
    Bad("nested", "i", written(".zattrs", b'{"a":' * 10**5), (".zattrs", "not readable")),
    Bad("no-chunks", "i", lacking(ARRAY, "chunks"), (ARRAY, "chunks")),
    Bad("no-dtype", "i", lacking(ARRAY, "dtype"), (ARRAY, "data type")),
    Bad("codec", "i", changed(ARRAY, compressor={"id": "jpegxl"}), (ARRAY, "jpegxl", "--exclude")),
    Bad("filter", "i", changed(ARRAY, filters=[{"id": "magic"}]), (ARRAY, "magic", "--exclude")),
    Bad("codec-nameless", "i", changed(ARRAY, compressor={}), (ARRAY,)),
    Bad("dtype", "i", changed(ARRAY, dtype="<Q9"), (ARRAY, "<Q9")),
    Bad("dtype-raw", "i", changed(ARRAY, dtype="|V6", fill_value=None), (ARRAY, "|V6")),
    Bad("dtype-list", "i", changed(ARRAY, dtype=[["a", "<i4"]]), (ARRAY,)),
    Bad("fill-range", "i", changed(ARRAY, fill_value=70_000), (ARRAY, "70000", "uint16")),
    Bad("fill-kind", "i", changed(ARRAY, fill_value="red"), (ARRAY, "red")),
    Bad("fill-fraction", "i", changed(ARRAY, fill_value=0.5), (ARRAY, "0.5")),
    Bad("axes-differ", "i", changed(ARRAY, shape=[8, 8]), (ARRAY, "shape")),
    Bad("shape-negative", "i", changed(ARRAY, shape=[1, 1, 1, -8, 8]), (ARRAY, "shape")),
    Bad("shape-text", "i", changed(ARRAY, shape="8x8"), (ARRAY, "shape")),
    Bad("shape-true", "i", changed(ARRAY, shape=[True, 1, 1, 8, 8]), (ARRAY, "shape")),
    Bad("chunk-zero", "i", changed(ARRAY, chunks=[1, 1, 1, 0, 4]), (ARRAY, "chunks")),
    Bad("order", "i", changed(ARRAY, order="K"), (ARRAY, "order")),
    Bad("format-3", "i", changed(ARRAY, zarr_format=3), (ARRAY, "zarr_format is 3")),
    Bad("format-1", "i", changed(ARRAY, zarr_format=1), (ARRAY, "zarr_format is 1")),
    Bad("separator", "i", changed(ARRAY, dimension_separator="-"), (ARRAY, "separator")),
    Bad(
        "ome-version",
        "i",
        changed(".zattrs", multiscales=[{"version": "0.7", "datasets": [{"path": "0"}]}]),
        ("0.7",),
    ),
)


@pytest.mark.parametrize("bad", NO_DATASETS, ids=lambda bad: bad.id)
@pytest.mark.parametrize("verb", ["convert", "plan", "verify"])
def test_what_is_no_dataset_is_refused(verb: str, bad: Bad, tmp_path: Path) -> None:
    """What is no OME-Zarr is named for what it is, with the tool or option to use."""
    if (verb, bad.id) == ("verify", "plain-zarr"):
        pytest.skip("plain Zarr verifies without more words")
    source, target = tmp_path / bad.name, tmp_path / "lifted.zarr"
    bad.build(source)
    before = tree(tmp_path)

    ran = in_process(verb, source, target)

    assert_refused(ran, str(source), *bad.says)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("bad", BAD_DOCUMENTS, ids=lambda bad: bad.id)
def test_bad_document_is_refused(bad: Bad, tmp_path: Path) -> None:
    """A document that cannot be lifted is named by path, with what is wrong in it."""
    source, target = tmp_path / bad.name, tmp_path / "lifted.zarr"
    bad.build(source)
    before = tree(tmp_path)

    ran = in_process("convert", source, target)

    assert_refused(ran, str(source), *bad.says)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("trap", [*REFUSED, *VERSIONS], ids=lambda trap: trap.id)
def test_trap_never_ends_in_a_traceback(trap: Trap, tmp_path: Path) -> None:
    """An array that cannot be lifted, or a dataset that needs no lift, ends in words."""
    source, target = tmp_path / "source.zarr", tmp_path / "lifted.zarr"
    trap.build(source)
    before = tree(source)

    ran = in_process("convert", source, target)

    assert_in_words(ran)
    assert tree(source) == before
    if ran.code:
        assert_refused(ran, str(source))
        assert not (target / "zarr.json").exists()


def test_array_left_out_lets_the_rest_be_lifted(tmp_path: Path) -> None:
    """What the message advises works: without the array the rest is lifted, and that is said."""
    source, target = write_sample(tmp_path / "source.zarr"), tmp_path / "lifted.zarr"
    changed_array = read_json(source / "1" / ".zarray") | {"compressor": {"id": "jpegxl"}}
    write_json(source / "1" / ".zarray", changed_array)
    assert_refused(zarrlift("convert", source, target), "--exclude")

    ran = zarrlift("convert", source, target, "--exclude", "1")

    assert ran.code == 0, ran.said
    assert "1: left out as asked" in ran.out
    assert (target / "0" / "zarr.json").exists()
    assert not (target / "1").exists()


def test_plain_zarr_is_lifted_where_told(tmp_path: Path) -> None:
    """What the message advises works: a hierarchy without OME metadata is lifted with the flag."""
    plain(tmp_path / "plain.zarr")

    ran = in_process("convert", tmp_path / "plain.zarr", tmp_path / "lifted.zarr", "--plain-zarr")

    assert ran.code == 0, ran.said
    assert (tmp_path / "lifted.zarr" / "x" / "zarr.json").exists()


def test_mended_document_lets_the_same_command_through(tmp_path: Path) -> None:
    """Once the document is mended, the same command lifts the dataset."""
    source, target = tmp_path / "source.zarr", tmp_path / "lifted.zarr"
    image(source)
    whole = shutil.copy(source / ".zattrs", tmp_path / "whole")
    write_file(source / ".zattrs", b"{")
    assert zarrlift("convert", source, target).code == 3

    shutil.copy(whole, source / ".zattrs")

    assert zarrlift("convert", source, target).code == 0
