"""Any small array in any layout, lifted to any other: equal values, and the same bytes always."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import zarrlift as zl
from tests.build import BLOSC, Storage, sample, write_array, write_group
from tests.oracles import assert_same_voxels
from tests.traps import Trap, traps_of

Index: TypeAlias = tuple[int, ...]

FILLS: Mapping[str, Sequence[object]] = {
    "|b1": (None, False, True),
    "|u1": (0, 255),
    ">u2": (0, None, 258),
    "<i4": (0, -7),
    "<u8": (0, 2**64 - 1),
    "<f2": (0.0, float("inf")),
    ">f4": (0.0, float("nan")),
    "<c8": (0j, 1.5 - 2j),
}
"""Data types, and fill values for each."""

COMPRESSORS: Sequence[Mapping[str, object] | None] = (
    BLOSC,
    {**BLOSC, "cname": "zstd", "shuffle": -1},
    {"id": "zstd", "level": 1},
    {"id": "gzip", "level": -1},
    {"id": "zlib", "level": 1},
    {"id": "lz4", "acceleration": 1},
    None,
)
CODECS = ("keep", "keep", "none", "zstd:1", "gzip:1", "blosc:lz4:1")


@dataclass(frozen=True, slots=True)
class Case:
    """An array as it is stored, and what is wished for it."""

    shape: Index
    dtype: str
    storage: Storage
    wish: Mapping[str, Any]

    def write(self, folder: Path) -> Path:
        """Write a group that holds the array."""
        write_array(write_group(folder) / "values", sample(self.shape, self.dtype), **self.storage)
        return folder


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw an array of up to four axes in any storage, with any wish."""
    axes = draw(st.integers(1, 4))
    sizes = st.tuples(*[st.integers(1, 7)] * axes)
    shape = draw(st.tuples(*[st.integers(0, 9)] * axes))
    chunks, dtype = draw(sizes), draw(st.sampled_from(sorted(FILLS)))
    grid = [math.ceil(n / c) for n, c in zip(shape, chunks, strict=True)]
    every = list(np.ndindex(*grid))
    storage: Storage = {
        "chunks": chunks,
        "order": draw(st.sampled_from(["C", "F"])),
        "compressor": draw(st.sampled_from(COMPRESSORS)),
        "fill_value": draw(st.sampled_from(FILLS[dtype])),
        "separator": draw(st.sampled_from(["/", "."])),
        "missing": draw(st.sets(st.sampled_from(every))) if every else set(),
    }
    wish = {
        "chunks": draw(st.one_of(st.just("keep"), sizes)),
        "shards": draw(st.one_of(st.sampled_from(["auto", "none"]), sizes, sizes)),
        "codec": draw(st.sampled_from(CODECS)),
    }
    return Case(shape, dtype, storage, wish)


def contents(root: Path) -> dict[str, bytes]:
    """Give every file's bytes by its path."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def check(case: Case) -> None:
    """Lift twice, and compare values with the source's and the two targets with each other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, alone, shared = (
            case.write(folder / "old.zarr"),
            folder / "a.zarr",
            folder / "b.zarr",
        )
        report = zl.convert(source, alone, plain_zarr=True, workers=1, verify="decode", **case.wish)
        assert report.finished
        assert report.verification is not None
        assert report.verification.findings == ()
        zl.convert(source, shared, plain_zarr=True, workers=3, memory="16MiB", **case.wish)
        assert contents(shared) == contents(alone)
        assert_same_voxels(source / "values", alone / "values")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_any_layout_to_any_other(case: Case) -> None:
    """Values are the source's in every reader, and one worker writes the bytes that three do."""
    check(case)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_a_great_many_layouts_to_others(case: Case) -> None:
    """The same holds for far more of them."""
    check(case)


WHOLE = traps_of("labels", "plate", "collection", "foreign")


@pytest.mark.parametrize("trap", WHOLE, ids=[trap.id for trap in WHOLE])
@pytest.mark.parametrize(
    "wish",
    [
        {},
        pytest.param({"codec": "gzip", "shards": "none"}, marks=pytest.mark.slow),
        pytest.param({"chunks": "y=3,x=5", "shards": "y=6,x=10"}, marks=pytest.mark.slow),
    ],
    ids=["as-it-is", "recoded", "rechunked"],
)
def test_whole_hierarchy_is_the_same_bytes_each_time(
    trap: Trap, wish: dict[str, str], tmp_path: Path
) -> None:
    """However many workers lift a hierarchy, and whatever they verify, its bytes are the same."""
    trap.build(tmp_path / "old.zarr")
    lifted = []
    for workers, level in ((1, "decode"), (3, "none"), (2, "full")):
        target = tmp_path / f"{workers}.zarr"
        zl.convert(tmp_path / "old.zarr", target, workers=workers, verify=level, **wish)  # type: ignore[arg-type]
        lifted.append(contents(target))
    assert lifted[0] == lifted[1] == lifted[2]


def test_source_in_other_keys_gives_the_same_bytes(tmp_path: Path) -> None:
    """Keys with dots and keys in folders are the same data: the target's bytes do not differ."""
    lifted = []
    for number, separator in enumerate("/."):
        source, target = tmp_path / f"{number}.old", tmp_path / f"{number}.new"
        write_array(
            write_group(source) / "values",
            sample((20, 40), "<u2"),
            chunks=(8, 16),
            separator=separator,
            missing={(1, 1)},
        )
        zl.convert(source, target, plain_zarr=True, shards=(16, 32))
        lifted.append(contents(target))
    assert lifted[0] == lifted[1]


@pytest.mark.parametrize("compressor", [{"id": "zlib", "level": 1}, {"id": "lz4"}, None])
@pytest.mark.parametrize("codec", ["keep", "zstd"])
def test_array_without_axes_may_be_recoded(
    compressor: dict[str, object] | None, codec: str, tmp_path: Path
) -> None:
    """A single number, in whatever codec it is, lifts and is proved."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    number = np.array(42.5)
    write_array(write_group(source) / "number", number, chunks=(), compressor=compressor)
    report = zl.convert(source, target, plain_zarr=True, codec=codec, verify="decode")
    assert report.finished
    assert_same_voxels(source / "number", target / "number")
