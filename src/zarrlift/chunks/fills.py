"""Chunks of nothing but the fill value: made, and recognised."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

from zarrlift.chunks import codec

if TYPE_CHECKING:
    from zarrlift.metadata.datatypes import Fill
    from zarrlift.metadata.layout import ArrayLayout

_NUMBERS = frozenset({1, 2, 4, 8})
_PIECE = 2**15
"""Elements that are compared at a time."""


def filled(fill: Fill, layout: ArrayLayout) -> codec.Array:
    """Give a chunk that holds nothing but the fill value."""
    made: codec.Array = np.full(
        layout.chunks, scalar(fill, layout), dtype=codec.native_type(layout)
    )
    return made


def one_filled(fill: Fill, layout: ArrayLayout) -> codec.Array:
    """Give the fill value as an array of one element, in the byte order in which it is stored."""
    made: codec.Array = np.full(1, scalar(fill, layout), codec.native_type(layout))
    return made.astype(codec.stored_type(layout))


def scalar(fill: Fill, layout: ArrayLayout) -> object:
    """Give a fill value as NumPy takes it."""
    if isinstance(fill, tuple):
        return complex(float(fill[0]), float(fill[1]))
    name = layout.data_type.name
    if isinstance(fill, str) and name.startswith("float"):
        if fill.startswith("0x"):
            raw = bytes.fromhex(fill[2:])
            return np.frombuffer(raw, codec.native_type(layout).newbyteorder(">"))[0]
        return float(fill.replace("Infinity", "inf"))
    if name == "null_terminated_bytes" and isinstance(fill, str):
        return base64.b64decode(fill)
    if name == "bytes" and isinstance(fill, str):
        return fill.encode()
    if name.startswith("numpy."):
        unit = codec.native_type(layout)
        return np.array([fill], "i8").view(unit)[0]
    return fill


class Blank:
    """Recognises chunks of one layout that hold nothing but its fill value, bit for bit."""

    def __init__(self, layout: ArrayLayout) -> None:
        self._layout = layout
        self._ones: dict[np.dtype[np.generic], tuple[bytes, codec.Array]] = {}

    def holds(self, chunk: codec.Array) -> bool:
        """Say whether a chunk does, in whichever byte order and axis order it lies.

        The first and last element decide in most cases; the rest is looked at a piece at a time.
        """
        if chunk.dtype.hasobject:
            return bool((chunk == filled(self._layout.fill, self._layout)).all())
        if not chunk.size:
            return True
        raw, blank = self._ones.get(chunk.dtype) or self._one(chunk.dtype)
        ends = ((0,) * chunk.ndim, (-1,) * chunk.ndim)
        if any(codec.part_of(chunk, end).tobytes() != raw for end in ends):
            return False
        flat = _bits(chunk.ravel(order="K"))
        pieces = range(0, len(flat), _PIECE)
        return not any((flat[at : at + _PIECE] != blank).any() for at in pieces)

    def _one(self, dtype: np.dtype[np.generic]) -> tuple[bytes, codec.Array]:
        """Give one element's bytes in a byte order, and its bits."""
        one = one_filled(self._layout.fill, self._layout).astype(dtype, copy=False)
        return self._ones.setdefault(dtype, (one.tobytes(), _bits(one)))


def _bits(flat: codec.Array) -> codec.Array:
    """Give the bits of elements in one axis: as whole numbers, or as rows of bytes."""
    size = flat.dtype.itemsize
    if size in _NUMBERS:
        return flat.view(f"u{size}")
    return flat.view(np.uint8).reshape(len(flat), size)
