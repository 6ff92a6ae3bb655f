"""Memory that workers need, and how many of them fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import BLOSC
from tests.unit.layouts import GZIP, LZ4, ZSTD, bounded, layout_of
from tests.unit.surveys import array, cells, survey_of
from zarrlift.chunks import codec
from zarrlift.errors import UsageError
from zarrlift.metadata.layout import ArrayLayout
from zarrlift.plan import memory
from zarrlift.plan.methods import Method
from zarrlift.plan.plan import Plan, make_plan
from zarrlift.plan.settings import Settings, parse_wish

MIB = 2**20


def plan_of(layout: ArrayLayout, **wishes: str) -> Plan:
    """Give the plan of one plain array."""
    found = survey_of(array("0", layout), version=None)
    return make_plan(found, "/t", Settings(plain_zarr=True, wish=parse_wish(**wishes)))


def plan() -> Plan:
    """Give the plan of an image with labels."""
    return make_plan(cells(), "/t", Settings())


@bounded
@given(st.sampled_from([None, BLOSC, ZSTD, GZIP, LZ4]), st.integers(1, 5000), st.integers(0, 9))
def test_chunk_bound_holds_for_noise(
    compressor: dict[str, object] | None, size: int, seed: int
) -> None:
    """No codec makes a chunk larger than the bound, not even of noise."""
    noise = np.random.default_rng(seed).integers(0, 2**16, size).astype("u2")
    layout = layout_of((size,), (size,), compressor=compressor)

    assert len(codec.encode(noise, layout)) <= memory.chunk_bound(layout)


def test_memory_grows_from_packing_to_rechunking() -> None:
    """Packing needs a chunk and an index, recoding decoded chunks too, rechunking both kinds."""
    layout = layout_of((8192, 8192), (2048, 2048))
    packed, recoded, rechunked = (
        plan_of(layout),
        plan_of(layout, codec="zstd"),
        plan_of(layout, chunks="4096,4096"),
    )

    needs = [memory.worker_bytes(p.arrays[0]) for p in (packed, recoded, rechunked)]

    assert [p.arrays[0].method for p in (packed, recoded, rechunked)] == [
        Method.PACK,
        Method.RECODE,
        Method.RECHUNK,
    ]
    assert needs == sorted(needs)
    assert needs[0] < 2 * layout.chunk_bytes < needs[1]
    assert needs[2] > 32 * MIB


def test_memory_grows_with_the_index() -> None:
    """A shard of a million chunks needs room for their entries."""
    layout = layout_of((2**20,), (1,))
    found = plan_of(layout, shards=str(2**20)).arrays[0]

    assert memory.worker_bytes(found) > 16 * 2**20


@pytest.mark.parametrize(
    ("budget", "workers", "expected"),
    [(2**40, 3, 3), (2**40, 1, 1), ("twice", 8, 2), ("once", 8, 1)],
)
def test_workers_fit_into_memory(budget: int | str, workers: int, expected: int) -> None:
    """As many workers as asked for, or as fit."""
    need = max(memory.worker_bytes(a) for a in plan().arrays)
    allowed = {"once": need, "twice": 2 * need + 1}.get(str(budget), 2**40)

    assert memory.workers_within(plan(), workers, allowed) == expected


def test_too_little_memory_names_the_array_and_what_would_do() -> None:
    """Where one object does not fit, the error names the array, the need, and the option."""
    found = plan()
    need = max(memory.worker_bytes(a) for a in found.arrays)

    with pytest.raises(UsageError, match=r"--memory allows 1 MiB") as caught:
        memory.workers_within(found, 4, MIB)

    assert caught.value.place == "0"
    assert f"--memory {need // MIB + 1}MiB" in str(caught.value.hint)
    assert memory.workers_within(found, 4, (need // MIB + 1) * MIB) == 1


def test_fewer_workers_hold_larger_blocks() -> None:
    """Where memory is short, two workers that decode twice are quicker than four that do more."""
    layout = layout_of((16, 4096, 4096), (1, 1024, 1024))
    found = plan_of(layout, chunks="16,128,128", shards="16,1024,1024")
    (array,) = found.arrays

    workers = memory.workers_within(found, 4, 64 * MIB)

    assert workers == 2
    assert memory.walk_of(array, 64 * MIB, 1).amplification == 1
    assert memory.walk_of(array, 32 * MIB, 2).amplification == 2
    assert memory.walk_of(array, 16 * MIB, 4).amplification > 8
    assert memory.workers_within(found, 4, 512 * MIB) == 4


def test_a_plan_without_arrays_needs_little() -> None:
    """A hierarchy of groups alone can be lifted by any number of workers."""
    assert memory.workers_within(make_plan(survey_of(), "/t", Settings()), 4, 2**30) == 4
