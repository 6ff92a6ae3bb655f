"""The Zarr v2 and OME-Zarr 0.4 documents of the datasets, in the form bioformats2raw gives them."""

from collections.abc import Mapping, Sequence

Document = Mapping[str, object]

GROUP: Document = {"zarr_format": 2}
AXES = (
    {"name": "t", "type": "time"},
    {"name": "c", "type": "channel"},
    {"name": "z", "type": "space", "unit": "micrometer"},
    {"name": "y", "type": "space", "unit": "micrometer"},
    {"name": "x", "type": "space", "unit": "micrometer"},
)
COLOURS = ("0000FF", "00FF00", "FF0000")


def array_document(shape: Sequence[int], chunks: Sequence[int]) -> Document:
    """The `.zarray` of a uint16 level in blosc-lz4 chunks under nested keys."""
    return {
        "chunks": list(chunks),
        "compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0},
        "dimension_separator": "/",
        "dtype": "<u2",
        "fill_value": 0,
        "filters": None,
        "order": "C",
        "shape": list(shape),
        "zarr_format": 2,
    }


def image_attributes(name: str, *, channels: int, levels: int) -> Document:
    """The `.zattrs` of an image whose levels halve y and x."""
    datasets = [_dataset(level) for level in range(levels)]
    multiscale = {"version": "0.4", "name": name, "axes": AXES, "datasets": datasets}
    return {"multiscales": [multiscale], "omero": _omero(channels)}


def plate_attributes(name: str, *, rows: str, columns: int, fields: int) -> Document:
    """The `.zattrs` of a plate in which every well holds the same number of fields."""
    wells = [
        {"path": f"{row}/{column + 1}", "rowIndex": rows.index(row), "columnIndex": column}
        for row in rows
        for column in range(columns)
    ]
    plate = {
        "version": "0.4",
        "name": name,
        "acquisitions": [{"id": 0}],
        "rows": [{"name": row} for row in rows],
        "columns": [{"name": str(column + 1)} for column in range(columns)],
        "field_count": fields,
        "wells": wells,
    }
    return {"plate": plate}


def well_attributes(fields: int) -> Document:
    """The `.zattrs` of a well with its fields in one acquisition."""
    images = [{"path": str(field), "acquisition": 0} for field in range(fields)]
    return {"well": {"version": "0.4", "images": images}}


def _dataset(level: int) -> Document:
    scale = [1.0, 1.0, 1.0, 0.5 * 2**level, 0.5 * 2**level]
    return {
        "path": str(level),
        "coordinateTransformations": [{"type": "scale", "scale": scale}],
    }


def _omero(channels: int) -> Document:
    return {
        "channels": [_channel(index) for index in range(channels)],
        "rdefs": {"defaultT": 0, "defaultZ": 0, "model": "color"},
    }


def _channel(index: int) -> Document:
    return {
        "active": True,
        "coefficient": 1,
        "color": COLOURS[index % len(COLOURS)],
        "family": "linear",
        "inverted": False,
        "label": f"Channel {index}",
        "window": {"min": 0.0, "max": 65535.0, "start": 700.0, "end": 1700.0},
    }
