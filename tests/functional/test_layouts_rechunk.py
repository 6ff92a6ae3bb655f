"""Chunks of another shape: the same bytes in any memory, and no more decoding than was said."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarrlift as zl
from tests.build import BLOSC, Storage, sample, write_array, write_group
from tests.fakes import CountingFolder
from tests.functional.test_layouts_matrix import COMPRESSORS, FILLS, Case, contents
from tests.oracles import assert_same_voxels, first_difference, zarr_values
from zarrlift.engine.run import Engine
from zarrlift.plan import walks
from zarrlift.plan.memory import walk_of, worker_bytes
from zarrlift.pool import Pool
from zarrlift.store.target import Target

Index = tuple[int, ...]
CODECS = ("keep", "keep", "none", "zstd:1", "gzip:1", "blosc:lz4:1")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw an array of up to three axes of many chunks, and other chunks, in shards or not."""
    axes = draw(st.integers(1, 3))
    sizes = st.tuples(*[st.integers(1, 8)] * axes)
    shape = draw(st.tuples(*[st.integers(1, 24)] * axes))
    chunks, wished, dtype = draw(sizes), draw(sizes), draw(st.sampled_from(sorted(FILLS)))
    times = draw(st.tuples(*[st.integers(1, 5)] * axes))
    shards = ",".join(str(w * t) for w, t in zip(wished, times, strict=True))
    every = list(np.ndindex(*(math.ceil(n / c) for n, c in zip(shape, chunks, strict=True))))
    storage: Storage = {
        "chunks": chunks,
        "order": draw(st.sampled_from(["C", "F"])),
        "compressor": draw(st.sampled_from(COMPRESSORS)),
        "fill_value": draw(st.sampled_from(FILLS[dtype])),
        "missing": draw(st.one_of(st.just(set[Index]()), st.sets(st.sampled_from(every)))),
    }
    wish = {
        "chunks": wished,
        "shards": draw(st.sampled_from(["none", shards, shards])),
        "codec": draw(st.sampled_from(CODECS)),
    }
    return Case(shape, dtype, storage, wish)


def budgets(plan: zl.Plan) -> list[int]:
    """Give the least memory that a plan can do with, and some more."""
    need = max(worker_bytes(a) for a in plan.arrays)
    chunk = plan.arrays[0].target.chunk_bytes
    return [need, need + 3 * chunk, 3 * need + 20 * chunk]


def check(case: Case) -> None:
    """Lift in different memory, by one worker and three, and compare."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = case.write(folder / "old.zarr")
        plan = zl.plan(source, folder / "plan.zarr", plain_zarr=True, **case.wish)
        lifted = []
        for number, memory in enumerate([*budgets(plan), 2**30]):
            target, level = folder / f"{number}.zarr", "none" if number else "decode"
            report = zl.convert(
                source,
                target,
                plain_zarr=True,
                memory=memory,
                workers=1 + number,
                verify=level,
                **case.wish,
            )
            assert report.finished
            lifted.append(contents(target))
        assert all(tree == lifted[0] for tree in lifted)
        assert_same_voxels(source / "values", folder / "0.zarr" / "values")


@settings(max_examples=40)
@given(cases())
def test_any_memory_gives_the_same_bytes(case: Case) -> None:
    """Values are the source's in every reader, and the bytes the same in whatever memory."""
    check(case)


@pytest.mark.slow
@settings(max_examples=1000)
@given(cases())
def test_any_memory_gives_the_same_bytes_for_many_more(case: Case) -> None:
    """The same holds for far more of them."""
    check(case)


WALKS: Mapping[str, tuple[Index, Index, str]] = {
    "smaller": ((8, 8), (4, 4), "16,16"),
    "larger": ((4, 4), (8, 8), "16,16"),
    "across": ((1, 16), (16, 1), "32,32"),
    "misfit": ((5, 7), (3, 4), "12,12"),
    "one-to-many-objects": ((16, 16), (4, 4), "none"),
    "many-objects-across": ((16, 4), (4, 16), "none"),
    "misfit-objects": ((5, 7), (3, 4), "none"),
}
"""Source chunks, target chunks and shards."""


@pytest.mark.parametrize("room", [0, 8, 2**20], ids="{} chunks more".format)
@pytest.mark.parametrize("case", WALKS)
def test_chunks_are_decoded_as_often_as_was_said(case: str, room: int, tmp_path: Path) -> None:
    """Where every chunk is there, the plan's figure bounds the reads; and all come once at best."""
    old, new, shards = WALKS[case]
    source = CountingFolder(tmp_path / "old.zarr")
    write_array(write_group(Path(source.root)) / "values", sample((32, 32), "<u2"), chunks=old)
    plan = zl.plan(source.root, tmp_path / "new.zarr", plain_zarr=True, chunks=new, shards=shards)
    (array,) = plan.arrays
    share = worker_bytes(array) + room * array.target.chunk_bytes
    target = Target(tmp_path / "new.zarr")
    target.enter()

    with Pool(1) as pool:
        engine = Engine(
            plan=plan, source=source, target=target, pool=pool, share=share, resuming=False
        )
        engine.run()

    chunks = math.prod(array.source.chunk_grid)
    said = walk_of(array, share, 1).amplification
    assert len(set(source.read_keys)) == chunks
    assert len(source.read_keys) <= round(said * chunks)
    if room == 2**20:
        assert len(source.read_keys) <= 1.02 * chunks


def test_order_in_a_shard_follows_from_the_layouts(tmp_path: Path) -> None:
    """Chunks under one source chunk lie together in the shard, so that one decoding serves them."""
    values = sample((8, 8), "<u2") | 1
    write_array(write_group(tmp_path / "old.zarr") / "values", values, chunks=(4, 4))
    report = zl.convert(
        tmp_path / "old.zarr",
        tmp_path / "new.zarr",
        plain_zarr=True,
        chunks=(2, 2),
        shards=(8, 8),
        codec="none",
    )
    (array,) = report.plan.arrays
    walk = walks.choose(array.source, array.target, 0, 1)
    data = np.frombuffer((tmp_path / "new.zarr/values/c/0/0").read_bytes()[: 8 * 8 * 2], "<u2")

    expected = [
        values[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].ravel()
        for y, x in walks.ordered(walk.nested, (0, 0), (4, 4))
    ]

    assert data.tolist() == np.concatenate(expected).tolist()
    assert list(walks.ordered(walk.nested, (0, 0), (4, 4)))[:4] == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize("wish", ["missing", "stop"])
@pytest.mark.parametrize("shards", ["none", "8,8"])
def test_damaged_chunk_under_many_objects_is_named_once(
    wish: str, shards: str, tmp_path: Path
) -> None:
    """A damaged chunk that many new chunks need is named once, and all others are kept."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    values = sample((32, 32), "<u2") | 1
    write_array(write_group(source) / "values", values, chunks=(16, 16), compressor=BLOSC)
    chunk = source / "values" / "1" / "0"
    chunk.write_bytes(chunk.read_bytes()[:30])
    options = {"plain_zarr": True, "chunks": (4, 4), "shards": shards, "damaged": wish}
    if wish == "stop":
        with pytest.raises(zl.ZarrliftError, match="chunk 1,0"):
            zl.convert(source, target, **options)  # type: ignore[arg-type]
        return

    report = zl.convert(source, target, **options)  # type: ignore[arg-type]

    damaged = [f for f in report.findings if f.rule == "chunk-damaged"]
    assert [f.chunk for f in damaged] == [(1, 0)]
    values[16:, :16] = 0
    assert first_difference(values, zarr_values(target / "values")) is None
