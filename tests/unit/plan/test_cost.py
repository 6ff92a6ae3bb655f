"""What a plan takes: figures, and how they came about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.layouts import LZ4, layout_of
from tests.unit.surveys import array, cells, survey_of
from zarrlift.metadata.layout import ArrayLayout
from zarrlift.plan import cost
from zarrlift.plan.cost import Basis, Counted, Figure, Sample
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
    """Time is expected where something was measured: objects, files, bytes, and encoding."""
    packed = plan()
    recoded = plan_of(layout_of((1024, 1024), (512, 512), compressor=LZ4))

    assert cost.costs(packed, {}, {}).seconds is None
    assert cost.costs(recoded, {}, {"": SAMPLE}).seconds == pytest.approx(
        4 * 1e-4 + 2 * 3e-4 + 2 * MIB * 1e-9 + 2 * MIB * 1e-8
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
