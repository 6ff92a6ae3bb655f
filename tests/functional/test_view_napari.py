"""napari's reader plug-in and a view agree on layers, scales and pixels; installs napari, no Qt."""

from __future__ import annotations

import json
import subprocess
import venv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zarrlift as zl
from tests.build import sample
from tests.build_ome import OMERO, label_of, pyramid, write_image, write_labels, write_plate

VALUES = sample((1, 2, 3, 16, 24), "<u2")

READ = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from napari_ome_zarr._reader import napari_get_reader
layers = napari_get_reader(sys.argv[1])(sys.argv[1])
told = []
for data, metadata, kind in layers:
    levels = data if isinstance(data, (list, tuple)) else [data]
    arrays = [np.asarray(level) for level in levels]
    told.append({
        "kind": kind,
        "name": metadata.get("name"),
        "channel_axis": metadata.get("channel_axis"),
        "scale": [float(n) for n in metadata.get("scale", ())],
        "shapes": [list(a.shape) for a in arrays],
        "sums": [int(a.astype("i8").sum()) for a in arrays],
    })
print("LAYERS" + json.dumps(told))
"""


@pytest.fixture(name="python", scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python of its own with the plug-in."""
    folder = tmp_path_factory.mktemp("napari")
    venv.create(folder, with_pip=True, symlinks=True)
    python = str(folder / "bin" / "python")
    words = ["-m", "pip", "install", "--quiet", "--no-compile", "napari-ome-zarr"]
    subprocess.run([python, *words], check=True)
    return python


def layers_of(python: str, place: Path) -> list[dict[str, Any]]:
    """What the plug-in gives of a place."""
    answer = subprocess.run(
        [python, "-c", READ, str(place)], capture_output=True, text=True, check=False
    )
    assert "LAYERS" in answer.stdout, answer.stderr
    found: list[dict[str, Any]] = json.loads(answer.stdout.partition("LAYERS")[2])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_an_image_with_a_label(version: str, python: str, tmp_path: Path) -> None:
    """The layers of the image hold what the view's levels hold, and so does the label's."""
    two = {**OMERO, "channels": [{**OMERO["channels"][0], "label": n} for n in ("DNA", "GFP")]}  # type: ignore[index]
    place = write_image(tmp_path / "old.zarr", pyramid(VALUES), omero=two)
    write_labels(place, {"cells": pyramid(label_of(VALUES))})
    if version == "0.5":
        zl.convert(place, tmp_path / "new.zarr", shards="y=8,x=8")
        place = tmp_path / "new.zarr"
    image = zl.open(place).image

    layers = layers_of(python, place)

    images = [layer for layer in layers if layer["kind"] == "image"]
    assert np.sum([layer["sums"] for layer in images], axis=0).tolist() == [
        int(np.asarray(level.to_dask()).astype("i8").sum()) for level in image.levels
    ]
    axes = [a for a in image.dims if a != "c"]
    assert images[0]["scale"] == [float(image.scale[a]) for a in axes]
    labels = [layer for layer in layers if layer["kind"] == "labels"]
    assert [layer["sums"] for layer in labels] == [
        [int(np.asarray(v.to_dask()).sum()) for v in image.labels["cells"].levels]
    ]


@pytest.mark.slow
def test_a_field_of_a_plate(python: str, tmp_path: Path) -> None:
    """A field that the view names is one that the plug-in reads alike."""
    ds = zl.open(write_plate(tmp_path / "plate.zarr"))
    field = ds.plate.wells["A/2"].fields["1"]

    layers = layers_of(python, tmp_path / "plate.zarr" / field.path)

    sums = np.asarray([layer["sums"] for layer in layers]).sum(axis=0)
    assert sums.tolist() == [int(np.asarray(x.to_dask()).astype("i8").sum()) for x in field.levels]
