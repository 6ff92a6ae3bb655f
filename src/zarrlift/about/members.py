"""What the members of metadata documents mean, each in one line.

Sources: Zarr storage specification version 2; Zarr v3 core specification; OME-Zarr 0.1-0.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEEPEST = 12

_V2 = {
    "zarr_format": "version of Zarr: 2",
    "shape": "elements along each axis",
    "chunks": "elements of one chunk along each axis",
    "dtype": "type of an element: byte order (<, >, | for none), kind, bytes",
    "compressor": "codec that packs each chunk; null: none",
    "compressor.id": "name of the codec",
    "compressor.cname": "compressor within blosc",
    "compressor.clevel": "how hard it tries, 0 to 9",
    "compressor.level": "how hard it tries",
    "compressor.shuffle": "bytes (1) or bits (2) of like weight are put together first; 0: not",
    "compressor.blocksize": "bytes that blosc packs at a time; 0: it chooses",
    "fill_value": "what a missing chunk holds; null: undefined",
    "order": "C: the last axis runs fastest; F: the first does",
    "filters": "codecs before the compressor; null: none",
    "dimension_separator": "character between indices in a chunk's key; '.' where not stated",
    "zarr_consolidated_format": "version of this gathering of documents",
    "metadata": "documents of all nodes below, by key: a copy that readers may take instead",
}
_ZATTRS = {"_ARRAY_DIMENSIONS": "names of the axes, as xarray writes them"}
_V3 = {
    "zarr_format": "version of Zarr: 3",
    "node_type": "group or array",
    "attributes": "what users say of the node; OME-Zarr's part is 'ome'",
    "shape": "elements along each axis",
    "data_type": "type of an element",
    "chunk_grid": "how the array is cut into stored objects",
    "chunk_grid.configuration.chunk_shape": "elements of one stored object: a chunk, or a shard",
    "chunk_key_encoding": "how indices become keys: default (c/0/0) or v2 (0/0)",
    "fill_value": "what a missing chunk holds",
    "codecs": "how a chunk becomes bytes, in order",
    "codecs[].name": "name of the codec; sharding_indexed: many chunks in one object",
    "codecs[].configuration": "its settings",
    "codecs[].configuration.chunk_shape": "elements of one chunk within a shard",
    "codecs[].configuration.codecs": "how each chunk within a shard becomes bytes",
    "codecs[].configuration.index_codecs": "how the shard's index becomes bytes",
    "codecs[].configuration.index_location": "where the index lies in the shard: start or end",
    "dimension_names": "names of the axes",
    "storage_transformers": "none are defined",
    "consolidated_metadata": "documents of all nodes below: a copy that readers may take instead",
}
_OME = {
    "ome": "all that OME-Zarr 0.5 and later say of the node",
    "version": "version of OME-Zarr",
    "_creator": "program that wrote it",
    "multiscales": "images: each one is the same picture in several resolutions",
    "multiscales[].name": "name of the image",
    "multiscales[].version": "version of OME-Zarr",
    "multiscales[].type": "how smaller levels were made",
    "multiscales[].metadata": "more on how they were made",
    "multiscales[].axes": "the arrays' axes, in order",
    "multiscales[].axes[].name": "name of the axis",
    "multiscales[].axes[].type": "space, time or channel",
    "multiscales[].axes[].unit": "unit of its coordinates",
    "multiscales[].datasets": "the levels, largest first",
    "multiscales[].datasets[].path": "array of the level, relative to this group",
    "multiscales[].datasets[].coordinateTransformations": "from pixels to coordinates",
    "multiscales[].datasets[].coordinateTransformations[].type": "scale, translation, …",
    "multiscales[].datasets[].coordinateTransformations[].scale": "size of a pixel on each axis",
    "multiscales[].datasets[].coordinateTransformations[].translation": "where the first one lies",
    "multiscales[].coordinateTransformations": "after those of the levels (0.4, 0.5)",
    "multiscales[].coordinateSystems": "named axes that transformations lead to (0.6)",
    "omero": "how to show the image",
    "omero.channels": "for each channel: name, colour, window",
    "omero.channels[].label": "name of the channel",
    "omero.channels[].color": "colour, red green blue, in hexadecimal digits",
    "omero.channels[].window": "values shown black (start) and full (end), of all (min, max)",
    "omero.channels[].active": "shown at first",
    "omero.rdefs": "which plane is shown at first, in colour or grey",
    "labels": "names of the label images in this group",
    "image-label": "this image holds a label, a whole number, in each pixel",
    "image-label.colors": "colours of labels",
    "image-label.properties": "what is known of each label",
    "image-label.source": "image that the labels belong to",
    "plate": "a multi-well plate",
    "plate.name": "name of the plate",
    "plate.rows": "rows, in order",
    "plate.columns": "columns, in order",
    "plate.wells": "wells that were imaged",
    "plate.wells[].path": "group of the well: row/column",
    "plate.wells[].rowIndex": "number of its row, from 0",
    "plate.wells[].columnIndex": "number of its column, from 0",
    "plate.acquisitions": "runs of the microscope over the plate",
    "plate.field_count": "most fields of a well",
    "well": "one well of a plate",
    "well.images": "its fields of view",
    "well.images[].path": "image of the field, relative to this group",
    "well.images[].acquisition": "run that it was imaged in",
    "bioformats2raw.layout": "the series of one file, each an image in a folder of its own",
    "series": "paths of these images, in order",
    "scene": "how images lie to one another (0.6)",
}


def explained(name: str, value: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Explain the members of a document called `name`, such as `.zattrs`, in their order.

    Members that only a dataset's makers know are left out. Items of lists count as one, written
    with `[]`.
    """
    known = {"zarr.json": _V3, ".zattrs": _ZATTRS}.get(name, _V2)
    lines: dict[str, str] = {}
    for path in _paths(value, "", 0):
        inner = path.removeprefix("attributes.").removeprefix("ome.")
        words = known.get(path) if path in known else _OME.get(inner)
        if words is not None:
            lines.setdefault(path, words)
    return tuple(lines.items())


def _paths(value: object, path: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}.{name}" if path else str(name)
            yield here
            if here not in ("metadata", "consolidated_metadata"):
                yield from _paths(inner, here, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict):
                yield from _paths(inner, f"{path}[]", depth + 1)
