"""What other writers leave, judged: each finding was looked up in the specification by hand."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import ngff_zarr
import numpy as np
import pytest
import zarr
from ome_zarr import format as forms

from tests.functional.test_validate_known import judged

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of itself, on import
    from ome_zarr import writer

pytestmark = pytest.mark.filterwarnings("ignore")

PIXELS = np.arange(2 * 64 * 64, dtype="uint16").reshape(2, 64, 64)
FORMS: dict[str, Any] = {"0.4": forms.FormatV04(), "0.5": forms.FormatV05()}


def rules(folder: Path) -> set[str]:
    """Give the rules that a hierarchy breaks."""
    return {finding.rule for finding in judged(folder)}


def group(folder: Path, version: str) -> zarr.Group:
    """Make the root of a hierarchy."""
    return zarr.open_group(str(folder), mode="w", zarr_format=2 if version == "0.4" else 3)


def write_labelled(folder: Path, version: str) -> Path:
    """Write an image with labels by ome-zarr-py."""
    root = group(folder, version)
    writer.write_image(PIXELS, root, axes="cyx", fmt=FORMS[version])
    cells = (PIXELS > 99).astype("uint8")
    writer.write_labels(cells, root, name="cells", axes="cyx", fmt=FORMS[version])
    return folder


@pytest.mark.parametrize("version", FORMS)
def test_labels_of_ome_zarr_py(version: str, tmp_path: Path) -> None:
    """It states no colours, and in 0.5 no version in the group of labels."""
    due = {"label-colors-stated"} | ({"ome-version"} if version == "0.5" else set())
    assert rules(write_labelled(tmp_path / "a.zarr", version)) == due


@pytest.mark.parametrize("version", FORMS)
def test_consolidated_metadata_of_zarr_python(version: str, tmp_path: Path) -> None:
    """It agrees with the documents, until something is added."""
    folder = write_labelled(tmp_path / "a.zarr", version)
    before = rules(folder)
    zarr.consolidate_metadata(str(folder), zarr_format=2 if version == "0.4" else 3)
    assert rules(folder) == before
    zarr.open_group(str(folder), mode="r+", use_consolidated=False).create_group("more")
    assert rules(folder) - before == {"consolidated-incomplete"}


@pytest.mark.parametrize("version", FORMS)
def test_a_plate_of_ome_zarr_py(version: str, tmp_path: Path) -> None:
    """It leaves out the name, and from 0.5 on a number of fields that is due."""
    root = group(tmp_path / "a.zarr", version)
    form = FORMS[version]
    writer.write_plate_metadata(root, ["A", "B"], ["1", "2"], ["A/1", "B/2"], fmt=form)
    for row, column in ("A1", "B2"):
        well = root.require_group(row).require_group(column)
        writer.write_well_metadata(well, ["0"], fmt=form)
        writer.write_image(PIXELS, well.require_group("0"), axes="cyx", fmt=form)
    due = {"plate-name-stated"} | ({"plate-field-count-stated"} if version == "0.5" else set())
    assert rules(tmp_path / "a.zarr") == due


@pytest.mark.parametrize("version", ["0.4", "0.5", "0.6"])
def test_an_image_of_ngff_zarr(version: str, tmp_path: Path) -> None:
    """Nothing but its own metadata is to be judged, and nothing is wrong with the arrays."""
    image = ngff_zarr.to_ngff_image(PIXELS, dims=("c", "y", "x"), scale={"y": 0.5, "x": 0.5})
    levels = ngff_zarr.to_multiscales(image, scale_factors=[2])
    ngff_zarr.to_ngff_zarr(str(tmp_path / "a.zarr"), levels, version=version)
    assert rules(tmp_path / "a.zarr") == set()
