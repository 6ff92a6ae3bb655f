"""A picture of an image's planes: channels in their colours, in one, and as a PNG file.

PNG is written here: true colour of eight bits without filters is three chunks around one stream
of zlib's. See docs/design/022-pictures.md. Sources: PNG specification, third edition; for
windows and colours OME-Zarr ("omero"), for labels ("image-label": `colors`).
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from zarrlift.survey.images import Channel, Window

    Plane = NDArray[np.generic]
    Picture = NDArray[np.uint8]
    Color = tuple[int, int, int]

_LOWEST, _HIGHEST = 0.1, 99.9
"""Percentiles that are shown black and full, where no window is stated."""
_COLORS: tuple[Color, ...] = (
    (255, 0, 255),
    (0, 255, 0),
    (0, 128, 255),
    (255, 255, 0),
    (255, 64, 64),
    (0, 255, 255),
)
"""Of channels whose colour is not stated, where there are several."""
_WHITE: Color = (255, 255, 255)
_GOLDEN = 0.618033988749895


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One channel of a picture."""

    plane: Plane
    """Two-dimensional: y, x."""
    color: Color
    window: Window | None = None
    """Values shown black and full; None: from the plane's own values."""
    inverted: bool = False


def color_of(channel: Channel | None, number: int, channels: int) -> Color:
    """Give a channel's colour: as stated, white for the only one, else one by its number."""
    if channel is not None and channel.color:
        red, green, blue = (int(channel.color[at : at + 2], 16) for at in (0, 2, 4))
        return red, green, blue
    return _WHITE if channels == 1 else _COLORS[number % len(_COLORS)]


def composed(channels: Sequence[Shown]) -> Picture:
    """Put channels of one shape into one picture of y, x and red, green, blue, by adding them."""
    shape = channels[0].plane.shape
    total = np.zeros((*shape, 3), np.float32)
    for channel in channels:
        light = _light(channel)
        total += light[:, :, np.newaxis] * np.asarray(channel.color, np.float32)
    return np.clip(total + 0.5, 0, 255).astype(np.uint8)


def _light(channel: Shown) -> NDArray[np.float32]:
    # Of halves even the difference between the least and the largest is a number.
    halves = channel.plane.astype(np.float64) / 2
    there = np.isfinite(halves)
    low, high = _ends(halves[there], channel.window)
    shown = np.clip(np.where(there, halves, low), low, high)
    light = ((shown - low) / (high - low)).astype(np.float32)
    light = 1 - light if channel.inverted else light
    light[~there] = 0
    return light


def _ends(halves: NDArray[np.float64], window: Window | None) -> tuple[float, float]:
    """Give the halves that are shown black and full; of one value alone nothing is full."""
    if window is not None and window.end / 2 > window.start / 2:
        return window.start / 2, window.end / 2
    if not halves.size:
        return 0.0, math.inf
    low, high = (float(p) for p in np.percentile(halves, (_LOWEST, _HIGHEST)))
    if high <= low:
        low, high = float(halves.min()), float(halves.max())
    return low, high if high > low else math.inf


def of_labels(plane: Plane, colors: Mapping[int, Color] | None = None) -> Picture:
    """Colour a plane of labels; 0 stays black, a label without a stated colour gets its own."""
    values, places = np.unique(plane, return_inverse=True)
    table = np.array([_label_color(v, colors or {}) for v in values.tolist()], np.uint8)
    made: Picture = table.reshape(-1, 3)[places.reshape(plane.shape)]
    return made


def _label_color(label: float, colors: Mapping[int, Color]) -> Color:
    value = int(label) if math.isfinite(label) else 0
    if value in colors:
        return colors[value]
    if value == 0:
        return 0, 0, 0
    turn = (value * _GOLDEN) % 1.0 * 6.0
    step, rest = int(turn), turn - int(turn)
    up, down = round(80 + 175 * rest), round(255 - 175 * rest)
    ring = (
        (255, up, 80),
        (down, 255, 80),
        (80, 255, up),
        (80, down, 255),
        (up, 80, 255),
        (255, 80, down),
    )
    return ring[step % 6]


def fitted(plane: Plane, most: int, *, mean: bool = True) -> Plane:
    """Make a plane smaller by a whole factor, until no side is longer than `most`.

    With `mean`, each pixel is that of those it stands for; else, for labels, the first of them.
    """
    factor = max(1, -(-max(plane.shape) // most))
    if factor == 1:
        return plane
    if not mean:
        return plane[::factor, ::factor]
    starts = np.arange(0, plane.shape[1], factor)
    counts = np.minimum(factor, plane.shape[1] - starts)
    made = np.empty((-(-plane.shape[0] // factor), len(starts)))
    with np.errstate(over="ignore", invalid="ignore"):  # what is no number stays none
        for row, top in enumerate(range(0, plane.shape[0], factor)):
            strip = plane[top : top + factor].mean(axis=0, dtype=np.float64)
            made[row] = np.add.reduceat(strip, starts) / counts
    return made


def png(picture: Picture) -> bytes:
    """Write a picture of y, x and red, green, blue as a PNG file."""
    height, width, _ = picture.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = picture.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", head),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
