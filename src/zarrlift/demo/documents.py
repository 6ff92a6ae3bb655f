"""What the metadata documents of a sample dataset say. Values only; nothing is written.

Sources: OME-Zarr specification 0.4; Zarr storage specification version 2; the spelling and
settings of bioformats2raw before 0.12.
"""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

from zarrlift.demo.scene import FIELDS, PLANE_DISTANCE, Scene, Stain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zarrlift.grid import Index

Json = dict[str, object]

VERSION = "0.4"
GROUP: Json = {"zarr_format": 2}
BLOSC: Json = {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}
ZLIB: Json = {"id": "zlib", "level": 1}
COLUMNS = ("volume", "centre_z", "centre_y", "centre_x")
CREATOR: Json = {"name": "zarrlift demo", "version": "1"}
_LARGEST_CHUNK = 1024
_BRIGHTEST = 65535.0
_STARTED = 1_704_103_200_000
"""2024-01-01, 10:00 UTC, in milliseconds."""
_GOLDEN_RATIO = 0.618034


def array(shape: Index, dtype: str, compressor: Json, chunks: Index | None = None) -> Json:
    """Give a `.zarray`; chunks are single planes of at most 1024 x 1024 where not given."""
    plane = tuple(min(n, _LARGEST_CHUNK) for n in shape[-2:])
    return {
        "zarr_format": 2,
        "shape": list(shape),
        "chunks": list(chunks or (1,) * (len(shape) - 2) + plane),
        "dtype": dtype,
        "compressor": compressor,
        "fill_value": 0,
        "filters": None,
        "order": "C",
        "dimension_separator": "/",
    }


def image(scene: Scene) -> Json:
    """Give the attributes of an image group: `multiscales`, `omero` and the creator's own key."""
    multiscale = _multiscale(scene, scene.name, "mean", "mean of 2 x 2 pixels in y and x")
    return {"multiscales": [multiscale], "omero": _omero(scene), "_creator": CREATOR}


def label(scene: Scene, name: str, nuclei: Sequence[tuple[int, int, str]]) -> Json:
    """Give the attributes of a label image; `nuclei` are label, voxels and class."""
    multiscale = _multiscale(scene, name, "nearest", "every second pixel in y and x")
    properties = [
        {"label-value": value, "voxels": voxels, "class": kind} for value, voxels, kind in nuclei
    ]
    colors = [{"label-value": value, "rgba": _color(value)} for value, _, _ in nuclei]
    members: Json = {
        "version": VERSION,
        "colors": colors,
        "properties": properties,
        "source": {"image": "../../"},
    }
    return {"multiscales": [multiscale], "image-label": members}


def table(name: str) -> Json:
    """Give the attributes of a table about a label image; OME-Zarr 0.4 knows no tables."""
    return {"table": {"region": f"../../labels/{name}", "instance_key": "label", "version": "1"}}


def measurements() -> Json:
    """Give the attributes of a table's array of numbers."""
    units = ["micrometer^3", *["micrometer"] * 3]
    return {"columns": list(COLUMNS), "units": units, "_ARRAY_DIMENSIONS": ["nucleus", "column"]}


def plate(rows: Sequence[str], columns: Sequence[str]) -> Json:
    """Give the attributes of a plate whose every well was imaged, in one acquisition."""
    wells = [
        {"path": f"{row}/{column}", "rowIndex": r, "columnIndex": c}
        for r, row in enumerate(rows)
        for c, column in enumerate(columns)
    ]
    return {
        "plate": {
            "name": "dose series",
            "rows": [{"name": row} for row in rows],
            "columns": [{"name": column} for column in columns],
            "wells": wells,
            "field_count": FIELDS,
            "acquisitions": [_acquisition(len(wells))],
            "version": VERSION,
        },
        "_creator": CREATOR,
    }


def well() -> Json:
    """Give the attributes of a well."""
    images = [{"path": str(number), "acquisition": 0} for number in range(FIELDS)]
    return {"well": {"images": images, "version": VERSION}}


def _acquisition(wells: int) -> Json:
    seconds_per_field = 4
    return {
        "id": 0,
        "name": "day 1",
        "maximumfieldcount": FIELDS,
        "starttime": _STARTED,
        "endtime": _STARTED + 1000 * seconds_per_field * wells * FIELDS,
    }


def _multiscale(scene: Scene, name: str, kind: str, description: str) -> Json:
    datasets = [
        {
            "path": str(level),
            "coordinateTransformations": [{"type": "scale", "scale": _scale(scene, level)}],
        }
        for level in range(len(scene.levels))
    ]
    return {
        "version": VERSION,
        "name": name,
        "axes": _AXES,
        "datasets": datasets,
        "type": kind,
        "metadata": {"description": description, "method": "zarrlift.demo", "version": "1"},
    }


_AXES: list[Mapping[str, str]] = [
    {"name": "t", "type": "time", "unit": "second"},
    {"name": "c", "type": "channel"},
    {"name": "z", "type": "space", "unit": "micrometer"},
    {"name": "y", "type": "space", "unit": "micrometer"},
    {"name": "x", "type": "space", "unit": "micrometer"},
]


def _scale(scene: Scene, level: int) -> list[float]:
    *outer, y, x = scene.scale
    return [*outer, y * 2**level, x * 2**level]


def _omero(scene: Scene) -> Json:
    return {
        "id": scene.number + 1,
        "name": scene.name,
        "version": VERSION,
        "channels": [_channel(stain) for stain in scene.stains],
        "rdefs": {"defaultT": 0, "defaultZ": scene.planes // 2, "model": "color"},
    }


def _channel(stain: Stain) -> Json:
    window = {"min": 0.0, "max": _BRIGHTEST, "start": 150.0, "end": float(stain.brightest)}
    return {
        "active": True,
        "coefficient": 1,
        "color": stain.color,
        "family": "linear",
        "inverted": False,
        "label": stain.label,
        "window": window,
    }


def _color(label: int) -> list[int]:
    """Give a bright colour, far from that of the labels before."""
    hue = label * _GOLDEN_RATIO % 1
    rgb = colorsys.hsv_to_rgb(hue, 0.55 + 0.4 * (label % 3) / 2, 1.0)
    return [*(round(255 * part) for part in rgb), 255]


def voxel_volume(scene: Scene) -> float:
    """Give the volume of a voxel in cubic micrometers."""
    return PLANE_DISTANCE * scene.pixel**2
