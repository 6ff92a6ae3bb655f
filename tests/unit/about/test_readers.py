"""Which programs open a dataset."""

from __future__ import annotations

import re

import pytest

from tests.build import BLOSC, Json
from tests.unit.layouts import ZLIB, layout_of
from zarrlift.about.readers import KNOWN_ON, READERS, Opening, needs_of, openings


def answers(
    version: str | None, zarr_format: int, compressor: Json | None = BLOSC, *, many: bool = False
) -> dict[str, Opening]:
    """What is known of a dataset whose arrays have one compressor."""
    needs = needs_of(
        version, [zarr_format], [layout_of((8, 8), (4, 4), compressor=compressor)], many_images=many
    )
    return {opening.name: opening for opening in openings(needs)}


def test_table_is_whole() -> None:
    """Each row names its source; the table has a date."""
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", KNOWN_ON)
    assert all(reader.source and reader.reads for reader in READERS)
    assert len({reader.name for reader in READERS}) == len(READERS)


@pytest.mark.parametrize(
    ("version", "zarr_format", "name", "opens", "since"),
    [
        ("0.4", 2, "zarr-python 2", True, ""),
        ("0.5", 3, "zarr-python 2", False, ""),
        ("0.5", 3, "zarr-python", True, "3.1"),
        ("0.4", 2, "itk-vtk-viewer", True, ""),
        ("0.5", 3, "itk-vtk-viewer", False, ""),
        ("0.5", 3, "Fiji (MoBIE)", False, ""),
        ("0.5", 3, "Fiji (n5-ij)", None, ""),
        ("0.5", 3, "ome-zarr-py", True, "0.12"),
        ("0.6", 3, "ome-zarr-py", True, "0.21"),
        ("0.6", 3, "neuroglancer", None, ""),
        ("0.9", 3, "napari-ome-zarr", None, ""),
        (None, 2, "napari-ome-zarr", None, ""),
        (None, 3, "tensorstore", True, "0.1.75"),
    ],
)
def test_answers(
    version: str | None, zarr_format: int, name: str, opens: bool | None, since: str
) -> None:
    """What is known is said with its release; what is not, is not claimed."""
    found = answers(version, zarr_format)[name]

    assert (found.opens, found.since) == (opens, since)
    assert opens is not False or found.why


def test_codecs_decide_too() -> None:
    """A program that lacks a codec does not open what has it, and it is named."""
    v2, v3 = answers("0.4", 2, ZLIB), answers("0.5", 3, ZLIB)

    assert v2["ngff-zarr"].opens is False
    assert v2["tensorstore"].opens is True
    assert v3["tensorstore"].opens is False
    assert v3["tensorstore"].why == "does not decode zlib"
    assert v3["vizarr"].opens is True


def test_plates_open_image_by_image() -> None:
    """Programs that know images only are said to."""
    assert answers("0.5", 3, many=True)["neuroglancer"].why == "image by image"
    assert answers("0.5", 3, many=True)["napari-ome-zarr"].why == ""


def test_side_by_side_is_read_as_v3() -> None:
    """Where documents of both formats stand, those of v3 count."""
    found = openings(needs_of("0.5", [2, 3], [layout_of((8, 8), (4, 4))]))

    assert {o.name: o.opens for o in found}["zarr-python 2"] is False
