"""How large the sample images are for a size in bytes, and what their documents say."""

from __future__ import annotations

import math
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest

from zarrlift.demo import documents, omexml, scene
from zarrlift.demo.scene import Scene, Stain
from zarrlift.demo.write import SMALLEST
from zarrlift.metadata import json_text, v2

SIZES = [SMALLEST, 2**20, 8 * 2**20, 64 * 2**20, 2**30, 20 * 2**30]
OME = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"


def bytes_of(shown: Scene) -> int:
    """Give the bytes of the full resolution."""
    return 2 * math.prod(shown.shape)


def plate_of(size: int) -> list[Scene]:
    """Give every field of a plate."""
    rows, columns = scene.plate_grid(size)
    share = size // (rows * columns * scene.FIELDS)
    return [
        scene.field(share, seed=0, number=number, dose=0.5)
        for number in range(rows * columns * scene.FIELDS)
    ]


@pytest.mark.parametrize("size", SIZES)
def test_full_resolution_is_near_the_size(size: int) -> None:
    """Image, collection and plate hold the bytes asked for, within a few percent."""
    for scenes in ([scene.stack(size, seed=0)], scene.collection(size, seed=0), plate_of(size)):
        assert sum(map(bytes_of, scenes)) == pytest.approx(size, rel=0.04)


@pytest.mark.parametrize("size", SIZES)
def test_images_are_wide_enough_for_cells(size: int) -> None:
    """Even the smallest field has room for some nuclei across."""
    for shown in (scene.stack(size, seed=0), *scene.collection(size, seed=0), *plate_of(size)):
        assert min(shown.height, shown.width) >= 5 * shown.diameter
        assert shown.height != shown.width


@pytest.mark.parametrize("size", SIZES)
def test_plates_have_rows_columns_and_letters(size: int) -> None:
    """A plate has at least 2 x 3 wells, and no more rows than letters in use."""
    rows, columns = scene.plate_grid(size)

    assert 2 <= rows <= 16
    assert 3 <= columns <= 24


def test_usual_image_has_a_pyramid_and_several_chunks() -> None:
    """At the default size there are four levels, and the first has edge chunks."""
    shown = scene.stack(64 * 2**20, seed=0)

    assert shown.shape == (1, 3, 5, 1338, 1672)
    assert [shape[-2:] for shape in shown.levels] == [
        (1338, 1672),
        (669, 836),
        (334, 418),
        (167, 209),
    ]


def test_chunks_are_planes_clipped_to_the_level() -> None:
    """Chunks are those of bioformats2raw: a plane, at most 1024 x 1024, and never larger."""
    document = documents.array((1, 3, 5, 1338, 836), "<u2", documents.BLOSC)

    layout = v2.read_array(json_text.write(document)).layout

    assert layout.chunks == (1, 1, 1, 1024, 836)
    assert [str(c) for c in layout.codecs] == ["little-endian", "blosc:lz4:5:shuffle"]


def test_scales_double_with_each_level() -> None:
    """Pixel sizes are physical, and follow the halving."""
    shown = scene.stack(64 * 2**20, seed=0)
    datasets = cast("Any", documents.image(shown))["multiscales"][0]["datasets"]
    scales = [d["coordinateTransformations"][0]["scale"] for d in datasets]

    assert scales[0] == [1.0, 1.0, 1.0, 0.3158, 0.3158]
    assert scales[2] == [1.0, 1.0, 1.0, 1.2632, 1.2632]


def test_ome_xml_has_the_sizes_of_the_arrays() -> None:
    """Each `Image` has the sizes of its array, its channels, and its pixels elsewhere."""
    scenes = scene.collection(8 * 2**20, seed=0)

    images = ET.fromstring(omexml.document(scenes))  # noqa: S314 - written a line above

    for image, shown in zip(images, scenes, strict=True):
        pixels = image.find(f"{OME}Pixels")
        assert pixels is not None
        assert tuple(int(pixels.attrib[f"Size{axis}"]) for axis in "TCZYX") == shown.shape
        assert [c.attrib["Name"] for c in pixels.iter(f"{OME}Channel")] == [
            stain.label for stain in shown.stains
        ]
        assert pixels[-1].tag == f"{OME}MetadataOnly"


def test_ome_xml_writes_colours_as_signed_numbers() -> None:
    """Opaque red is -16776961 in OME-XML, so a colour that starts high is negative."""
    text = omexml.document([scene.stack(SMALLEST, seed=0)]).decode()
    expected = [(int(stain.color, 16) << 8 | 255) for stain in Stain]

    for number in expected:
        signed = number - 2**32 if number >= 2**31 else number
        assert f'Color="{signed}"' in text
