"""OME-XML is read for what is compared, and never expanded."""

from __future__ import annotations

import pytest

from tests.validation.pairs_collections import NAMESPACE, collection, described, document
from zarrlift.survey.given import hierarchy
from zarrlift.validate.omexml import wanted_texts
from zarrlift.validate.omexml_read import read


def test_images_are_read_in_their_order() -> None:
    """With sizes, type and the size of a pixel."""
    found = read(document(described(3, SizeX=7), described(4, PhysicalSizeXUnit="nm")))
    assert [image.told for image in found.images] == ["Image:3", "Image:4"]
    assert found.images[0].sizes == {"x": 7, "y": 32, "z": 4, "c": 2, "t": 1}
    assert found.images[1].physical["x"] == (0.5, "nm")
    assert found.images[1].physical["y"] == (0.5, "µm")
    assert found.images[0].holds == {"MetadataOnly"}


def test_binary_data_of_a_region_is_not_that_of_pixels() -> None:
    """A mask lies in a region of interest, outside of the images."""
    mask = '<ROI ID="ROI:0"><Union><Mask ID="Shape:0"><BinData/></Mask></Union></ROI>'
    assert read(document(described(0), mask)).images[0].holds == {"MetadataOnly"}


@pytest.mark.parametrize(
    "entity", ['<!ENTITY a "b">', '<!ENTITY a SYSTEM "file:///etc/passwd">', '<!ENTITY % a "b">']
)
def test_a_document_type_is_refused(entity: str) -> None:
    """Nothing that it declares is expanded or fetched."""
    text = f'<!DOCTYPE OME [{entity}]><OME xmlns="{NAMESPACE}"></OME>'
    assert "DOCTYPE" in read(text.encode()).problem


@pytest.mark.parametrize("size", ["0", "-1", "1e3", "", "9" * 40, "²"])
def test_a_size_that_is_no_length_is_told(size: str) -> None:
    """And is left out of what is compared."""
    found = read(document(described(0, SizeX=size))).images[0]
    assert "x" not in found.sizes
    assert found.problems


def test_the_files_that_are_wanted_are_those_that_are_there() -> None:
    """One for each collection, wherever it lies."""
    tree = hierarchy({f"a/{path}": value for path, value in collection("0.5").items()})
    assert wanted_texts(tree) == ["a/OME/METADATA.ome.xml"]
    bare = {path: value for path, value in collection("0.5").items() if "xml" not in path}
    assert wanted_texts(hierarchy(bare)) == []
