"""Where chunks are gathered: shards as chosen, as asked for, or as few as files are allowed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarrlift as zl
from tests.build import read_json, sample, write_array, write_group, write_json
from tests.build_ome import label_of, multiscale_of, pyramid, write_image, write_labels, write_plate
from tests.oracles import assert_same_voxels, every_array
from zarrlift.errors import UsageError

Index: TypeAlias = tuple[int, ...]

MIB = 2**20

AUTO: Mapping[str, tuple[str, Index, Index, str, Index]] = {
    "plane-then-z": (
        "tczyx",
        (1, 3, 16, 4096, 4096),
        (1, 1, 1, 1024, 1024),
        "<u2",
        (1, 1, 2, 4096, 4096),
    ),
    "second-level": (
        "tczyx",
        (1, 3, 16, 2048, 2048),
        (1, 1, 1, 1024, 1024),
        "<u2",
        (1, 1, 8, 2048, 2048),
    ),
    "all-of-z-before-channels": (
        "tczyx",
        (1, 3, 16, 1024, 1024),
        (1, 1, 1, 1024, 1024),
        "<u2",
        (1, 2, 16, 1024, 1024),
    ),
    "small-image-whole": (
        "tczyx",
        (2, 3, 4, 512, 512),
        (1, 1, 1, 256, 256),
        "<u2",
        (2, 3, 4, 512, 512),
    ),
    "clipped-to-the-level": ("yx", (300, 500), (128, 128), "|u1", (384, 512)),
    "no-more-than-1024-chunks": ("yx", (2048, 2048), (16, 16), "|u1", (512, 512)),
    "volume-chunks": ("zyx", (512, 512, 512), (64, 64, 64), "<u2", (128, 512, 512)),
    "channel-last-in-order": (
        "zcyx",
        (8, 2, 2048, 2048),
        (1, 1, 1024, 1024),
        "<u2",
        (8, 1, 2048, 2048),
    ),
}
"""Axes, shape, chunks, data type, and the shard that about 64 MiB make."""

ALONE: Mapping[str, tuple[str, Index, Index, str]] = {
    "one-chunk": ("yx", (300, 500), (1024, 1024), "|u1"),
    "chunk-larger-than-a-shard": ("zyx", (4, 8192, 8192), (1, 8192, 8192), "<u2"),
    "only-one-fits": ("zyx", (4, 8192, 4096), (1, 8192, 4096), "<u2"),
}
"""The same, where no two chunks fit into a shard."""


def plan_of(
    folder: Path, axes: str, shape: Index, chunks: Index, dtype: str, **options: Any
) -> zl.Plan:
    """Plan an image whose one level has no chunks, so that it may have any size."""
    level = np.broadcast_to(np.zeros((), dtype), shape)
    write_group(folder / "old.zarr", {"multiscales": [multiscale_of([level], axes=axes)]})
    write_array(folder / "old.zarr" / "0", level, chunks=chunks, missing="all")
    return zl.plan(folder / "old.zarr", folder / "new.zarr", **options)


def shards_of(plan: zl.Plan) -> dict[str, Index | None]:
    """Give the shards of each array of a plan."""
    return {array.path: array.target.shards for array in plan.arrays}


def write_five_axes(folder: Path) -> Path:
    """Write an image of five axes and two levels, with a label of three axes."""
    image = sample((2, 2, 3, 32, 32), "<u2")
    write_image(folder, pyramid(image), chunks=(1, 1, 1, 8, 8))
    label = pyramid(label_of(image[0, 0]))
    write_labels(folder, {"cells": label}, axes="zyx", chunks=(1, 8, 8))
    return folder


def files_of(root: Path) -> int:
    """Count the files below a folder."""
    return sum(1 for path in root.rglob("*") if path.is_file())


def assert_same(source: Path, target: Path) -> None:
    """Assert that every array of the source reads the same in the target."""
    for path in every_array(source):
        assert_same_voxels(source / path, target / path)


@pytest.mark.parametrize("case", AUTO)
def test_shards_grow_from_the_plane_outward(case: str, tmp_path: Path) -> None:
    """A shard takes the plane, then z, then channels and times, up to 64 MiB or 1,024 chunks."""
    axes, shape, chunks, dtype, expected = AUTO[case]
    plan = plan_of(tmp_path, axes, shape, chunks, dtype)
    assert shards_of(plan) == {"0": expected}


@pytest.mark.parametrize("case", ALONE)
def test_no_shard_for_one_chunk(case: str, tmp_path: Path) -> None:
    """Where only one chunk would fit there is no shard, and chunks are copied."""
    plan = plan_of(tmp_path, *ALONE[case])
    assert [(a.target.shards, a.method) for a in plan.arrays] == [(None, "copy")]


def test_plane_too_large_is_parted_into_squares(tmp_path: Path) -> None:
    """A plane of 8 GiB is covered by shards of about 64 MiB that are near to square."""
    plan = plan_of(tmp_path, "yx", (65_536, 65_536), (1024, 1024), "<u2")
    assert shards_of(plan)["0"] in {(4096, 8192), (8192, 4096)}


@settings(max_examples=60, deadline=None)
@given(
    chunks=st.tuples(*[st.integers(1, 600)] * 3),
    grid=st.tuples(*[st.integers(1, 40)] * 3),
    size=st.sampled_from(["1MiB", "64MiB", "512MiB"]),
)
def test_automatic_shards_are_whole_chunks_within_bounds(
    chunks: Index, grid: Index, size: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A shard is whole chunks, within the level and the size asked for, with z after the plane."""
    shape = tuple(max(1, c * g - 1) for c, g in zip(chunks, grid, strict=True))
    plan = plan_of(tmp_path_factory.mktemp("auto"), "zyx", shape, chunks, "<u2", shard_size=size)
    (array,) = plan.arrays
    shards, cells = array.target.shards, array.source.chunk_grid
    if shards is None:
        return
    per = [s // c for s, c in zip(shards, chunks, strict=True)]
    assert [p * c for p, c in zip(per, chunks, strict=True)] == list(shards)
    assert all(p <= n for p, n in zip(per, cells, strict=True))
    assert 1 < math.prod(per) <= 1024 * max(1, int(size[:-3]) // 64)
    assert math.prod(shards) * 2 <= int(size[:-3]) * MIB
    assert per[0] == 1 or (per[1], per[2]) == cells[1:]


@pytest.mark.parametrize("shards", ["auto", "none"])
def test_whole_hierarchy_lifts_with_or_without_shards(shards: str, tmp_path: Path) -> None:
    """Chunks are packed where there are shards and copied where there are none, values equal."""
    source, target = write_five_axes(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    report = zl.convert(source, target, shards=shards, verify="decode")
    assert {str(a.method) for a in report.plan.arrays} == {"pack" if shards == "auto" else "copy"}
    assert report.objects == (4 if shards == "auto" else report.chunks)
    assert_same(source, target)


@pytest.mark.parametrize(
    "shards",
    [
        "1,1,3,16,16",
        (1, 1, 3, 16, 16),
        [1, 1, 3, 16, 16],
        "z=3,y=16,x=16",
        {"z": 3, "y": 16, "x": 16},
    ],
)
def test_shape_of_five_axes_fits_levels_and_labels(shards: Any, tmp_path: Path) -> None:
    """Sizes for the image hold by axis for lower levels and for labels that have fewer axes."""
    source, target = write_five_axes(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    report = zl.convert(source, target, shards=shards, verify="decode")
    assert shards_of(report.plan) == {
        "0": (1, 1, 3, 16, 16),
        "1": (1, 1, 3, 16, 16),
        "labels/cells/0": (3, 16, 16),
        "labels/cells/1": (3, 16, 16),
    }
    assert_same(source, target)


def test_shape_is_clipped_to_each_level(tmp_path: Path) -> None:
    """Sizes beyond a level end where its chunks end; those between chunks are rounded up."""
    source, target = write_five_axes(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    report = zl.convert(source, target, shards="9,1,2,20,32", verify="decode")
    assert shards_of(report.plan) == {
        "0": (2, 1, 2, 24, 32),
        "1": (2, 1, 2, 16, 16),
        "labels/cells/0": (2, 24, 32),
        "labels/cells/1": (2, 16, 16),
    }
    assert_same(source, target)


def test_axes_not_named_keep_their_chunk(tmp_path: Path) -> None:
    """By axis, what is not named stays one chunk deep."""
    source = write_five_axes(tmp_path / "old.zarr")
    plan = zl.plan(source, tmp_path / "new.zarr", shards={"x": 32})
    assert shards_of(plan)["0"] == (1, 1, 1, 8, 32)
    assert shards_of(plan)["labels/cells/1"] == (1, 8, 16)


@pytest.mark.parametrize("shards", ["0,1,1,8,8", "y=0", "y=x", "large", "1;1", ""])
def test_shapes_that_mean_nothing_are_refused(shards: str, tmp_path: Path) -> None:
    """A shape that cannot be read is a usage error that shows how to write one."""
    source = write_five_axes(tmp_path / "old.zarr")
    with pytest.raises(UsageError, match="not understood") as caught:
        zl.plan(source, tmp_path / "new.zarr", shards=shards)
    assert caught.value.hint


def test_shard_size_is_aimed_at(tmp_path: Path) -> None:
    """A smaller `shard_size` gives smaller shards, and none holds more than it."""
    source = write_five_axes(tmp_path / "old.zarr")
    plan = zl.plan(source, tmp_path / "new.zarr", shard_size="2KiB")
    assert shards_of(plan)["0"] == (1, 1, 1, 32, 32)
    assert shards_of(plan)["labels/cells/1"] == (2, 16, 16)


@pytest.mark.parametrize("most", [60, 30, 20, 12])
def test_no_more_files_than_asked_for(most: int, tmp_path: Path) -> None:
    """With `max_files` the target has no more files, documents and all, than were asked for."""
    source, target = write_five_axes(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    report = zl.convert(source, target, shard_size="1KiB", max_files=most, verify="decode")
    assert files_of(target) <= most
    assert report.finished
    assert_same(source, target)


def test_too_few_files_are_refused(tmp_path: Path) -> None:
    """Fewer files than documents and one object an array are impossible, and the least is said."""
    source = write_five_axes(tmp_path / "old.zarr")
    with pytest.raises(UsageError, match="the least is 11"):
        zl.plan(source, tmp_path / "new.zarr", max_files=10)
    least = zl.plan(source, tmp_path / "new.zarr", max_files=11)
    assert [array.objects_out for array in least.arrays] == [1, 1, 1, 1]


def test_plate_keeps_within_its_files(tmp_path: Path) -> None:
    """A plate of small fields fits into a document and an object for each array, and its groups."""
    source, target = write_plate(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    zl.convert(source, target, max_files=36)
    assert files_of(target) <= 36
    assert_same(source, target)


def test_index_of_more_than_a_million_chunks_is_refused(tmp_path: Path) -> None:
    """More than 2^20 chunks in a shard need a flag; the error names the array and the flag."""
    case = ("yx", (4096, 4097), (2, 4), "|u1")
    with pytest.raises(UsageError, match="2,099,200 chunks") as caught:
        plan_of(tmp_path, *case, shards=(4096, 4100))
    assert caught.value.place == "0"
    assert "--large-index" in str(caught.value.hint)
    allowed = plan_of(tmp_path, *case, shards=(4096, 4100), large_index=True)
    assert shards_of(allowed) == {"0": (4096, 4100)}


def test_layout_rules_hold_for_the_paths_they_match(tmp_path: Path) -> None:
    """The first rule that matches an array's path decides; what it leaves open is as elsewhere."""
    source, target = write_five_axes(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    rules = {
        "labels/cells/0": {"shards": "none", "codec": "zstd:1"},
        "labels/*": {"chunks": [1, 4, 4]},
        "1": {"shards": "y=16,x=16", "codec": "none"},
    }
    file = write_json(tmp_path / "layout.json", rules)
    report = zl.convert(source, target, layout=file, shards="y=32,x=32", verify="decode")
    arrays = {a.path: (str(a.method), a.target.chunks, a.target.shards) for a in report.plan.arrays}
    assert arrays == {
        "0": ("pack", (1, 1, 1, 8, 8), (1, 1, 1, 32, 32)),
        "1": ("recode", (1, 1, 1, 8, 8), (1, 1, 1, 16, 16)),
        "labels/cells/0": ("recode", (1, 8, 8), None),
        "labels/cells/1": ("rechunk", (1, 4, 4), (1, 16, 16)),
    }
    assert_same(source, target)
    again = zl.plan(source, tmp_path / "other.zarr", layout=rules, shards="y=32,x=32")
    assert again.arrays == report.plan.arrays


@pytest.mark.parametrize(
    "rules",
    [{"0": {"shard": "none"}}, {"0": "none"}, {"0": {"codec": "lz5"}}, {"0": {"chunks": "a"}}],
)
def test_layout_rules_that_mean_nothing_are_refused(
    rules: dict[str, object], tmp_path: Path
) -> None:
    """A rule with an unknown member, codec or shape is a usage error."""
    source = write_five_axes(tmp_path / "old.zarr")
    with pytest.raises(UsageError, match="not understood"):
        zl.plan(source, tmp_path / "new.zarr", layout=rules)


def test_layout_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """A layout file that cannot be read is a usage error that names it."""
    source, file = write_five_axes(tmp_path / "old.zarr"), tmp_path / "layout.json"
    with pytest.raises(UsageError) as absent:
        zl.plan(source, tmp_path / "new.zarr", layout=file)
    file.write_text('{"0": ', encoding="utf-8")
    with pytest.raises(UsageError) as broken:
        zl.plan(source, tmp_path / "new.zarr", layout=file)
    assert absent.value.place == broken.value.place == str(file)


@pytest.mark.parametrize(
    ("patterns", "gone"),
    [
        (["labels"], {"labels"}),
        (["labels/cells"], {"labels/cells"}),
        (["1", "notes.txt"], {"1", "notes.txt"}),
        (["*.txt"], {"notes.txt"}),
        (["tables/*"], {"tables/areas"}),
    ],
)
def test_what_is_excluded_is_absent_and_reported(
    patterns: list[str], gone: set[str], tmp_path: Path
) -> None:
    """An excluded group, array or file is not in the target, the report names it, the rest is."""
    source, target = write_five_axes(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    write_array(write_group(source / "tables") / "areas", sample((6,), "<f4"), chunks=(4,))
    (source / "notes.txt").write_text("by hand", encoding="utf-8")
    report = zl.convert(source, target, exclude=patterns, verify="decode")
    assert {f.path for f in report.findings if f.rule == "excluded"} == gone
    assert report.finished
    everything = {"1", "labels", "labels/cells", "notes.txt", "tables/areas"}
    absent = {path for path in everything if not (target / path).exists()}
    assert absent == {p for p in everything if any(p == g or p.startswith(f"{g}/") for g in gone)}
    for path in every_array(target):
        assert_same_voxels(source / path, target / path)
    assert zl.verify(source, target, level="full", exclude=patterns).equal
    assert not zl.verify(source, target, exclude=["nothing"]).equal


def test_excluded_images_stay_listed(tmp_path: Path) -> None:
    """Metadata that names an excluded level is left as it was, and the report warns of it."""
    source, target = write_five_axes(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    report = zl.convert(source, target, exclude=["1"])
    document = cast("dict[str, Any]", read_json(target / "zarr.json"))
    datasets = document["attributes"]["ome"]["multiscales"][0]["datasets"]
    assert [dataset["path"] for dataset in datasets] == ["0", "1"]
    assert "array-missing" in {f.rule for f in report.findings}
