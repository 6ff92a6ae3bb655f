"""What the sample datasets show: same call, same picture; pyramids, labels, noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zarrlift.demo.cells import scatter
from zarrlift.demo.pictures import (
    OFFSET,
    Specimen,
    label_pyramid,
    make_stock,
    nucleus_labels,
    photograph,
    picture,
    prepare,
    pyramid,
)
from zarrlift.demo.scene import Scene, Stain
from zarrlift.demo.shapes import BODIES, NUCLEI, TURNS, body_shapes, nucleus_shapes

SCENE = Scene(name="s", seed=3, frames=2, planes=3, height=310, width=421, diameter=20)
EVERY_PLANE = list(np.ndindex(SCENE.shape[:3]))


@pytest.fixture(scope="module", name="specimen")
def make_specimen() -> Specimen:
    """Cells of a small scene, and their shapes."""
    return prepare(SCENE, make_stock(SCENE.diameter, SCENE.seed))


def test_picture_has_the_size_and_type_of_the_scene(specimen: Specimen) -> None:
    """A plane is `(height, width)` of 16-bit grey values above the camera's dark."""
    drawn = picture(specimen, 0, 0, 1)

    assert drawn.shape == (310, 421)
    assert drawn.dtype == np.uint16
    assert np.median(drawn) > OFFSET


def test_picture_is_the_same_every_time(specimen: Specimen) -> None:
    """A plane drawn again, from shapes and cells made again, is the same."""
    again = prepare(SCENE, make_stock(SCENE.diameter, SCENE.seed))

    for index in EVERY_PLANE:
        assert np.array_equal(picture(specimen, *index), picture(again, *index))


def test_every_plane_is_its_own(specimen: Specimen) -> None:
    """No two planes, channels or frames are alike, nor share their noise."""
    drawn = [picture(specimen, *index).tobytes() for index in EVERY_PLANE]

    assert len(set(drawn)) == len(EVERY_PLANE)


@pytest.mark.parametrize("other", [replace(SCENE, seed=4), replace(SCENE, number=1)])
def test_another_seed_or_number_gives_other_cells(other: Scene) -> None:
    """Scenes of another seed, or of another place in the dataset, have cells of their own."""
    first, second = scatter(SCENE), scatter(other)

    assert first.centre.shape != second.centre.shape or not np.array_equal(
        first.centre, second.centre
    )


def test_labels_lie_on_the_nuclei(specimen: Specimen) -> None:
    """Where a label is, the nuclei's channel is several times as bright as where none is."""
    drawn, labels = picture(specimen, 0, 0, 1), nucleus_labels(specimen, 0, 1)
    light = drawn.astype(float) - OFFSET

    assert labels.dtype == np.uint32
    assert labels.shape == drawn.shape
    assert light[labels > 0].mean() > 8 * light[labels == 0].mean()


def test_labels_number_the_cells(specimen: Specimen) -> None:
    """Each value is the number of a cell, and most cells in the image have one."""
    values = np.unique(nucleus_labels(specimen, 0, 1))
    _, y, x = specimen.cells.centre
    inside = (y >= 0) & (y < SCENE.height) & (x >= 0) & (x < SCENE.width)

    assert values.max() <= y.size
    assert np.isin(np.flatnonzero(inside) + 1, values).mean() > 0.9


def test_cells_move_between_frames(specimen: Specimen) -> None:
    """A later frame has the same nuclei, elsewhere."""
    first, later = nucleus_labels(specimen, 0, 1), nucleus_labels(specimen, 1, 1)
    both = np.intersect1d(first, later)

    assert not np.array_equal(first, later)
    assert both.size > 0.8 * np.unique(first).size


def test_pyramid_has_the_levels_of_the_scene(specimen: Specimen) -> None:
    """Pictures and labels halve alike, down to 256 pixels, as the scene declares."""
    declared = [shape[-2:] for shape in SCENE.levels]

    assert declared == [(310, 421), (155, 210)]
    assert [p.shape for p in pyramid(picture(specimen, 0, 0, 0))] == declared
    assert [p.shape for p in label_pyramid(nucleus_labels(specimen, 0, 0))] == declared


def test_pyramid_takes_means_and_labels_take_nearest() -> None:
    """A pixel of the next level is the rounded mean of four, a label the first of four."""
    plane = np.zeros((300, 300), np.uint16)
    plane[:2, :2] = [[65535, 65535], [65535, 65534]]
    labels = np.zeros((300, 300), np.uint32)
    labels[:2, :2] = [[7, 8], [8, 8]]

    assert list(pyramid(plane))[1][0, 0] == 65535
    assert list(label_pyramid(labels))[1][0, 0] == 7


def test_photograph_never_wraps_around() -> None:
    """Light beyond the camera's range is white, not black."""
    light = np.full((300, 40), 1e6, np.float32)

    assert photograph(light, np.random.default_rng(0)).min() == 65535


def test_photograph_has_shot_noise() -> None:
    """The variance grows with the light."""
    dim, bright = (
        photograph(np.full((64, 64), light, np.float32), np.random.default_rng(0)).std()
        for light in (50, 5000)
    )

    assert bright > 3 * dim


@pytest.mark.parametrize("diameter", [10, 21, 38])
def test_shapes_fit_their_patches(diameter: int) -> None:
    """Outlines end within the patch, so that no cell is cut off."""
    for shapes, number in (
        (nucleus_shapes(diameter, 0), NUCLEI),
        (body_shapes(diameter, 0), BODIES),
    ):
        domes = shapes.domes
        rim = np.concatenate([domes[:, [0, -1]].ravel(), domes[:, :, [0, -1]].ravel()])

        assert domes.shape == shapes.textures.shape == (number, shapes.edge, shapes.edge)
        assert domes.dtype == shapes.textures.dtype == np.float32
        assert (rim < 0).all()


def test_turns_are_all_different() -> None:
    """A shape is stamped in eight ways."""
    shapes = nucleus_shapes(20, 0)

    assert len({shapes.oriented(5, turn)[1].tobytes() for turn in range(TURNS)}) == TURNS


def test_vesicles_follow_the_response() -> None:
    """A stronger response means more vesicles in a cell."""
    weak, strong = (scatter(replace(SCENE, response=r)).vesicles.owner.size for r in (0.2, 2.0))

    assert strong > 5 * weak


def test_stains_are_told_apart() -> None:
    """Each stain has a name and a colour of its own."""
    assert len({s.label for s in Stain}) == len({s.color for s in Stain}) == len(Stain)
