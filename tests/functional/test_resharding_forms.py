"""Any small v3 array, in any form of shard, to any other layout: the same values, and bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarrlift as zl
from tests.build import Json, sample
from tests.build_v3 import BIG, CRC, GZIP, LITTLE, ZSTD, Form, blosc, write_v3_array, write_v3_group
from tests.functional.test_layouts_matrix import CODECS, contents
from tests.oracles import first_difference, tensorstore_values, zarr_values

Index: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lifted:
    """An array of v3 as it is stored, and what is wished for it."""

    shape: Index
    form: Form
    wish: Mapping[str, Any]


@st.composite
def lifts(draw: st.DrawFn) -> Lifted:
    """Draw an array of up to three axes in any form, with any wish."""
    axes = draw(st.integers(1, 3))
    sizes = st.tuples(*[st.integers(1, 5)] * axes)
    times = st.tuples(*[st.integers(1, 4)] * axes)
    shape, chunks = draw(st.tuples(*[st.integers(1, 14)] * axes)), draw(sizes)
    grid = [-(-n // c) for n, c in zip(shape, chunks, strict=True)]
    orders = st.permutations(range(axes))
    turned: Json = {"name": "transpose", "configuration": {"order": draw(orders)}}
    coder = draw(st.sampled_from([[], [GZIP], [ZSTD], [blosc(2)], [GZIP, CRC]]))
    within = [turned] if draw(st.booleans()) else []
    form = Form(
        chunks=chunks,
        shards=tuple(c * t for c, t in zip(chunks, draw(times), strict=True)),
        codecs=(*within, draw(st.sampled_from([LITTLE, BIG])), *coder),
        at_start=draw(st.booleans()),
        checksum=draw(st.booleans()),
        before=draw(st.one_of(st.none(), orders.map(tuple))),
        reverse=draw(st.booleans()),
        gap=draw(st.sampled_from([0, 3])),
        missing=draw(st.sets(st.sampled_from(list(np.ndindex(*grid))))),
    )
    wished = draw(st.one_of(st.none(), sizes))
    shards = tuple(c * t for c, t in zip(wished or chunks, draw(times), strict=True))
    wish = {
        "chunks": wished or "keep",
        "shards": draw(st.sampled_from(["none", "auto", shards, shards])),
        "codec": draw(st.sampled_from(CODECS)),
    }
    return Lifted(shape, form, wish)


def check(case: Lifted) -> None:
    """Lift twice, and compare with what was written, in both readers."""
    due = sample(case.shape, "<u2")
    for index in case.form.missing:
        part = tuple(
            slice(i * c, (i + 1) * c) for i, c in zip(index, case.form.chunks, strict=True)
        )
        due[part] = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_v3_group(folder / "old.zarr")
        write_v3_array(source / "0", sample(case.shape, "<u2"), case.form)
        for target, workers, memory in (("a", 1, "1GiB"), ("b", 3, "64MiB")):
            report = zl.convert(
                source,
                folder / target,
                plain_zarr=True,
                verify="decode",
                workers=workers,
                memory=memory,
                **case.wish,
            )
            assert report.finished
        assert contents(folder / "b") == contents(folder / "a")
        for read in (zarr_values, tensorstore_values):
            assert first_difference(due, read(folder / "a" / "0")) is None, read.__name__


@settings(max_examples=40)
@given(lifts())
def test_any_form_of_shard_to_any_layout(case: Lifted) -> None:
    """Values are those that were written, and one worker writes the bytes that three do."""
    check(case)


@pytest.mark.slow
@settings(max_examples=300)
@given(lifts())
def test_any_form_of_shard_to_any_layout_for_many_more(case: Lifted) -> None:
    """The same holds for far more of them."""
    check(case)
