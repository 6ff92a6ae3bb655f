"""Pictures: channels in their colours, labels, and PNG files that others read."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib import image as mpl_image
from numpy.typing import NDArray
from PIL import Image

from zarrlift.about.picture import Shown, color_of, composed, fitted, of_labels, png
from zarrlift.survey.images import Channel, Window

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


def ramp() -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """A plane whose values grow from 0 to 99."""
    return np.arange(100, dtype=np.uint16).reshape(10, 10)


def test_channels_are_added_in_their_colours() -> None:
    """A value at the window's end is the full colour, one at its start is black."""
    window = Window(start=10, end=90)
    red = Shown(plane=ramp(), color=RED, window=window)
    green = Shown(plane=ramp(), color=GREEN, window=window, inverted=True)

    made = composed([red, green])

    assert made[0, 0].tolist() == [0, 255, 0]
    assert made[9, 9].tolist() == [255, 0, 0]
    assert made[5, 0].tolist() == [128, 128, 0]


def test_window_of_its_own() -> None:
    """Without a window, nearly the whole range of values is shown; one value is black."""
    made = composed([Shown(plane=ramp(), color=WHITE)])
    flat = composed([Shown(plane=np.full((2, 2), 7, np.uint8), color=WHITE)])

    assert (made[0, 0, 0], made[9, 9, 0]) == (0, 255)
    assert flat.max() == 0


def test_values_that_are_no_numbers_are_black() -> None:
    """NaN and infinities do not spoil the picture."""
    plane = np.array([[np.nan, np.inf], [0.0, 1.0]], np.float32)

    made = composed([Shown(plane=plane, color=WHITE)])

    assert made[0].max() == 0
    assert made[1, 1].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    "plane",
    [
        np.full((3, 4), 2**63, np.uint64),
        np.array([[0, 2**64 - 1]], np.uint64),
        np.full((3, 4), np.nan, np.float32),
        np.array([[np.inf, -np.inf, np.nan, 3.0]], np.float16),
        np.array([[-1.7e308, 1.7e308], [1.0, np.inf]]),
        np.full((2, 2), 1e308),
        np.array([[5e-324, 0.0]]),
        np.array([[True, False]]),
        np.full((1, 1), -7, ">i2"),
    ],
    ids=lambda plane: f"{plane.dtype.str}-{plane.flat[0]!s:.6}",
)
@pytest.mark.parametrize("window", [None, Window(start=-1.7e308, end=1.7e308)])
@pytest.mark.parametrize("inverted", [False, True])
def test_no_value_spoils_a_picture(
    plane: NDArray[np.generic], window: Window | None, inverted: bool
) -> None:
    """No warning of NumPy's, and black where there is no number, also made smaller."""
    for one in (plane, fitted(np.tile(plane, (3, 3)), 4)):
        shown = Shown(plane=one, color=WHITE, window=window, inverted=inverted)
        made = composed([shown])

        assert (made[~np.isfinite(one)] == 0).all()
        assert made.shape == (*one.shape, 3)


def test_values_that_are_no_numbers_take_no_part_in_the_window() -> None:
    """Half a plane of NaN does not darken the other half."""
    plane = np.where(np.arange(100) < 50, np.nan, 1000.0 + np.arange(100)).reshape(10, 10)

    made = composed([Shown(plane=plane, color=WHITE)])

    assert made[5, 1].max() < 10
    assert made[9, 9].min() == 255


def test_colors() -> None:
    """As stated, else white for the only channel, else one for each."""
    assert color_of(Channel(color="00FF00"), 0, 1) == GREEN
    assert color_of(None, 0, 1) == WHITE
    assert len({color_of(None, n, 6) for n in range(6)}) == 6


def test_labels_get_their_colours() -> None:
    """0 is black, stated colours are taken, others differ from one another."""
    plane = np.array([[0, 1, 2], [3, 4, 2**40]])

    made = of_labels(plane, {2: RED})

    assert made[0, 0].tolist() == [0, 0, 0]
    assert made[0, 2].tolist() == list(RED)
    assert len({tuple(c) for c in made.reshape(-1, 3).tolist()}) == 6
    odd = of_labels(np.array([[np.nan, np.inf, 2.0, 1e308]]), {2: RED})
    assert odd[0, :3].tolist() == [[0, 0, 0], [0, 0, 0], list(RED)]


def test_smaller_planes() -> None:
    """A plane is made smaller by a whole factor: by means, or for labels by taking some."""
    assert fitted(ramp(), 10).shape == (10, 10)
    assert fitted(ramp(), 5)[0, 0] == pytest.approx(5.5)
    assert fitted(ramp(), 4).shape == (4, 4)
    assert fitted(ramp(), 5, mean=False)[0].tolist() == [0, 2, 4, 6, 8]
    assert fitted(np.zeros((3, 1000)), 100).shape == (1, 100)
    assert fitted(np.arange(7.0)[np.newaxis], 3).tolist() == [[1.0, 4.0, 6.0]]


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (64, 33)])
def test_png_is_read_by_others(shape: tuple[int, int]) -> None:
    """The file holds the very pixels, as Pillow and matplotlib read it."""
    made = np.random.default_rng(5).integers(0, 256, (*shape, 3), np.uint8)
    data = png(made)

    with Image.open(io.BytesIO(data)) as opened:
        opened.verify()
    with Image.open(io.BytesIO(data)) as opened:
        assert (opened.mode, opened.size) == ("RGB", shape[::-1])
        assert np.array_equal(np.asarray(opened), made)
    seen = mpl_image.imread(io.BytesIO(data))
    assert np.array_equal(np.round(seen * 255).astype(np.uint8), made)


def test_labels_that_are_no_numbers_are_black() -> None:
    """Labels should be whole numbers; what is stored may be others."""
    made = of_labels(np.array([[np.nan, np.inf], [-np.inf, 3.0]]))

    assert made[0].tolist() == [[0, 0, 0], [0, 0, 0]]
    assert made[1, 0].tolist() == [0, 0, 0]
    assert made[1, 1].any()
