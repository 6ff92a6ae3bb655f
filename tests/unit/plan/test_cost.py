"""What a plan takes: figures, how they came about, and memory."""

from __future__ import annotations

from dataclasses import replace

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
from zarrlift.plan import cost
from zarrlift.plan.cost import Basis, Counted, Figure, Sample
from zarrlift.plan.methods import Method
from zarrlift.plan.plan import Plan, make_plan
from zarrlift.plan.settings import Settings, parse_wish

MIB = 2**20
COUNTED = Counted(objects=10, bytes=5000, units=4)
SAMPLE = Sample(
    stored_ratio=0.5, seconds_per_byte=1e-9, seconds_per_object=1e-4, encode_seconds_per_byte=1e-8
)


def plan_of(layout: ArrayLayout, **wishes: str) -> Plan:
    """Give the plan of one plain array."""
    found = survey_of(array("0", layout), version=None)
    return make_plan(found, "/t", Settings(plain_zarr=True, wish=parse_wish(**wishes)))


def plan() -> Plan:
    """Give the plan of an image with labels."""
    return make_plan(cells(), "/t", Settings())


def test_figures_are_bounds_without_listing() -> None:
    """From shapes alone, objects and bytes are the most there can be."""
    first = cost.array_cost(plan().arrays[0], None, None)

    assert first.objects_in == Figure(value=3 * 16 * 4 * 4, basis=Basis.BOUND)
    assert first.objects_out == Figure(value=3 * 8, basis=Basis.BOUND)
    assert first.bytes_in == Figure(value=3 * 16 * 4096 * 4096 * 2, basis=Basis.BOUND)


def test_bytes_are_estimated_from_a_sample() -> None:
    """A sample makes bytes an estimate, and leaves the objects bounds."""
    first = cost.array_cost(plan().arrays[0], None, SAMPLE)

    assert first.bytes_in == Figure(value=3 * 16 * 4096 * 4096, basis=Basis.ESTIMATED)
    assert first.objects_in.basis is Basis.BOUND


def test_figures_are_counted_from_a_listing() -> None:
    """A listing makes every figure exact, whatever a sample said."""
    first = cost.array_cost(plan().arrays[0], COUNTED, SAMPLE)

    assert (first.objects_in, first.objects_out, first.bytes_in) == (
        Figure(value=10, basis=Basis.COUNTED),
        Figure(value=4, basis=Basis.COUNTED),
        Figure(value=5000, basis=Basis.COUNTED),
    )


@pytest.mark.parametrize(
    ("bases", "expected"),
    [
        ([], Basis.COUNTED),
        ([Basis.COUNTED, Basis.COUNTED], Basis.COUNTED),
        ([Basis.COUNTED, Basis.BOUND], Basis.BOUND),
        ([Basis.ESTIMATED, Basis.BOUND, Basis.COUNTED], Basis.ESTIMATED),
    ],
)
def test_sums_are_as_certain_as_their_least_part(bases: list[Basis], expected: Basis) -> None:
    """A sum with one estimate in it is an estimate."""
    found = cost.added(Figure(value=3, basis=b) for b in bases)

    assert found == Figure(value=3 * len(bases), basis=expected)


def test_seconds_are_known_with_a_sample_only() -> None:
    """Time is expected where something was measured: objects, bytes both ways, and encoding."""
    packed = plan()
    recoded = plan_of(layout_of((1024, 1024), (512, 512), compressor=LZ4))

    assert cost.costs(packed, {}, {}).seconds is None
    assert cost.costs(recoded, {}, {"": SAMPLE}).seconds == pytest.approx(
        4 * 1e-4 + 2 * MIB * 1e-9 + 2 * MIB * 1e-8
    )
    assert cost.costs(packed, {"": COUNTED}, {"": SAMPLE}).seconds is not None


def test_an_arrays_own_sample_comes_first() -> None:
    """Bytes are estimated from the array's own sample where there is one."""
    own = replace(SAMPLE, stored_ratio=0.25)

    found = cost.costs(plan(), {"1": COUNTED}, {"": SAMPLE, "0": own}).arrays

    assert found[0].bytes_in.value == plan().arrays[0].source.raw_bytes // 4
    assert found[1].bytes_in.basis is Basis.COUNTED
    assert found[2].bytes_in.value == plan().arrays[2].source.raw_bytes // 2


def test_totals_add_up() -> None:
    """The total of a member is the sum over arrays, and memory the largest need."""
    found = cost.costs(plan(), {}, {})

    assert found.total("objects_in").value == sum(a.objects_in.value for a in found.arrays)
    assert found.memory == max(a.memory for a in found.arrays)
    assert cost.costs(make_plan(survey_of(), "/t", Settings()), {}, {}).memory > 0


@bounded
@given(st.sampled_from([None, BLOSC, ZSTD, GZIP, LZ4]), st.integers(1, 5000), st.integers(0, 9))
def test_chunk_bound_holds_for_noise(
    compressor: dict[str, object] | None, size: int, seed: int
) -> None:
    """No codec makes a chunk larger than the bound, not even of noise."""
    noise = np.random.default_rng(seed).integers(0, 2**16, size).astype("u2")
    layout = layout_of((size,), (size,), compressor=compressor)

    assert len(codec.encode(noise, layout)) <= cost.chunk_bound(layout)


def test_memory_grows_from_packing_to_rechunking() -> None:
    """Packing needs a chunk and an index, recoding decoded chunks too, rechunking both kinds."""
    layout = layout_of((8192, 8192), (2048, 2048))
    packed, recoded, rechunked = (
        plan_of(layout),
        plan_of(layout, codec="zstd"),
        plan_of(layout, chunks="4096,4096"),
    )

    needs = [cost.worker_bytes(p.arrays[0]) for p in (packed, recoded, rechunked)]

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

    assert cost.worker_bytes(found) > 16 * 2**20


@pytest.mark.parametrize(
    ("memory", "workers", "expected"),
    [(2**40, 3, 3), (2**40, 1, 1), ("twice", 8, 2), ("once", 8, 1)],
)
def test_workers_fit_into_memory(memory: int | str, workers: int, expected: int) -> None:
    """As many workers as asked for, or as fit."""
    need = max(cost.worker_bytes(a) for a in plan().arrays)
    allowed = {"once": need, "twice": 2 * need + 1}.get(str(memory), 2**40)

    assert cost.workers_within(plan(), workers, allowed) == expected


def test_too_little_memory_names_the_array_and_what_would_do() -> None:
    """Where one object does not fit, the error names the array, the need, and the option."""
    found = plan()
    need = max(cost.worker_bytes(a) for a in found.arrays)

    with pytest.raises(UsageError, match=r"--memory allows 1 MiB") as caught:
        cost.workers_within(found, 4, MIB)

    assert caught.value.place == "0"
    assert f"--memory {need // MIB + 1}MiB" in str(caught.value.hint)
    assert cost.workers_within(found, 4, (need // MIB + 1) * MIB) == 1


def test_fewer_workers_hold_larger_blocks() -> None:
    """Where memory is short, two workers that decode twice are quicker than four that do more."""
    layout = layout_of((16, 4096, 4096), (1, 1024, 1024))
    found = plan_of(layout, chunks="16,128,128", shards="16,1024,1024")
    (array,) = found.arrays

    workers = cost.workers_within(found, 4, 64 * MIB)

    assert workers == 2
    assert cost.walk_of(array, 64 * MIB, 1).amplification == 1
    assert cost.walk_of(array, 32 * MIB, 2).amplification == 2
    assert cost.walk_of(array, 16 * MIB, 4).amplification > 8
    assert cost.workers_within(found, 4, 512 * MIB) == 4


def test_a_plan_without_arrays_needs_little() -> None:
    """A hierarchy of groups alone can be lifted by any number of workers."""
    assert cost.workers_within(make_plan(survey_of(), "/t", Settings()), 4, 2**30) == 4
