"""Fill values as chunks of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from tests.unit.layouts import FILLS, layout_of, text_layout
from zarrlift.chunks import codec, fills


@pytest.mark.parametrize(("dtype", "fill"), [(d, f) for d, values in FILLS.items() for f in values])
def test_filled_chunk_is_seen_to_be_filled(dtype: str, fill: object) -> None:
    """A chunk of the fill value is one, bit for bit, and no longer with one value changed."""
    layout = layout_of((2, 3), (2, 3), dtype=dtype, fill=fill)

    made = fills.filled(layout.fill, layout)

    assert made.shape == (2, 3)
    assert made.dtype == codec.native_type(layout)
    assert fills.Blank(layout).holds(made)
    other = made.copy()
    other.reshape(-1).view("u1")[-1] ^= 1
    assert not fills.Blank(layout).holds(other)


@pytest.mark.parametrize(
    ("dtype", "fill", "expected"),
    [
        ("<u2", 7, 7),
        ("|b1", True, True),
        ("<f4", "-Infinity", -math.inf),
        ("<c8", [1, "Infinity"], complex(1, math.inf)),
        ("|S3", "AQID", b"\x01\x02\x03"),
        ("<U2", "µm", "µm"),
        ("<M8[ns]", 5, np.datetime64(5, "ns")),
        ("<M8[ns]", "NaT", np.datetime64("NaT", "ns")),
        (">m8[10s]", 6, np.timedelta64(6, ("s", 10))),
    ],
)
def test_fill_value_as_numpy_has_it(dtype: str, fill: object, expected: object) -> None:
    """The fill value of a layout is the NumPy value that the document means."""
    layout = layout_of((1,), (1,), dtype=dtype, fill=fill)

    made = fills.filled(layout.fill, layout)

    assert made.tobytes() == np.array([expected], made.dtype).tobytes()


def test_zero_is_not_minus_zero() -> None:
    """Chunks of 0.0 and of -0.0 are told apart, so that neither is left out for the other."""
    zero, minus = (layout_of((4,), (4,), dtype="<f8", fill=f) for f in (0.0, -0.0))

    assert fills.Blank(minus).holds(np.full(4, -0.0))
    assert not fills.Blank(zero).holds(np.full(4, -0.0))
    assert not fills.Blank(minus).holds(np.full(4, 0.0))


def test_hexadecimal_fill_keeps_its_payload() -> None:
    """A NaN written in hexadecimal is filled with its own bits."""
    layout = replace(layout_of((2,), (2,), dtype="<f4"), fill="0x7fc00001")

    assert fills.filled(layout.fill, layout).view("u4").tolist() == [0x7FC00001] * 2


def test_text_is_filled_with_its_value() -> None:
    """Chunks of text are compared by value, for the empty text and any other."""
    layout = text_layout((2,))

    assert fills.Blank(layout).holds(fills.filled("", layout))
    assert not fills.Blank(layout).holds(np.array(["", "a"], object))


@pytest.mark.parametrize("dtype", ["|u1", ">u2", "<f4", "<c16", "<U2"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("place", [0, 1, 70_000, 131_070, 131_071])
def test_one_other_value_anywhere_is_seen(dtype: str, order: Literal["C", "F"], place: int) -> None:
    """A chunk of many values is no fill for one of them, in either byte order and axis order."""
    layout = layout_of((512, 256), (512, 256), dtype=dtype, fill=FILLS.get(dtype, [0])[-1])
    chunk = fills.filled(layout.fill, layout).astype(codec.stored_type(layout), order=order)
    assert fills.Blank(layout).holds(chunk)

    np.ravel(chunk, order="K").view("u1").reshape(512 * 256, -1)[place, 0] ^= 1

    assert not fills.Blank(layout).holds(chunk)
    assert not codec.same_bits(chunk, fills.filled(layout.fill, layout).astype(chunk.dtype))
