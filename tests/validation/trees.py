"""Minimal hierarchies of every version and kind, as documents by path: valid, even strictly.

A tree is a plain dict from a file's path to its document (or to bytes): changed at will, put
together with `|` and `under`, and judged without a disk by `judged`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from zarrlift.findings import Finding
from zarrlift.survey.given import hierarchy
from zarrlift.validate.run import check

Json: TypeAlias = dict[str, object]
Tree: TypeAlias = dict[str, Json | bytes]

VERSIONS = ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6")
OLD = ("0.1", "0.2", "0.3", "0.4")
"""Versions on Zarr v2."""
NEW = ("0.5", "0.6")
KINDS = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
UNITS = {"t": "second", "z": "micrometer", "y": "micrometer", "x": "micrometer"}
SIZES = {"t": 2, "c": 2, "z": 4, "y": 32, "x": 32}
NAMED = {"name": "cells", "type": "gaussian", "metadata": {"method": "skimage"}}
"""What an image should say of itself."""


def judged(tree: Mapping[str, Json | bytes], version: str | None = None) -> list[Finding]:
    """Judge a tree as `validate` does."""
    texts = {path: data for path, data in tree.items() if isinstance(data, bytes)}
    return check(hierarchy(tree), version, texts=texts)


def changed(tree: Tree, change: Callable[[Tree], object]) -> Tree:
    """Give a copy of a tree with a change made to it in place."""
    made = copy.deepcopy(tree)
    change(made)
    return made


def under(folder: str, tree: Tree) -> Tree:
    """Give a tree as it lies in a folder."""
    return {f"{folder}/{path}": document for path, document in tree.items()}


def group(version: str, members: Json | None = None, **others: object) -> Tree:
    """Give one group: `members` are OME-Zarr's, `others` lie beside them."""
    if version in OLD:
        return {".zgroup": {"zarr_format": 2}, ".zattrs": {**(members or {}), **others}}
    ome = {} if members is None else {"ome": {"version": version, **members}}
    attributes: Json = {**ome, **others}
    return {"zarr.json": {"zarr_format": 3, "node_type": "group", "attributes": attributes}}


def ome(tree: Tree, path: str = "") -> Json:
    """Give the OME-Zarr members of a group in a tree, to be looked at or changed."""
    place = f"{path}/" if path else ""
    if f"{place}zarr.json" in tree:
        return inner(tree[f"{place}zarr.json"], "attributes", "ome")
    return inner(tree[f"{place}.zattrs"])


def inner(value: object, *way: str | int) -> Json:
    """Give the object that lies at the end of a way of names and numbers."""
    found = value
    for step in way:
        found = found[step]  # type: ignore[index]
    assert isinstance(found, dict)
    return found


def items(value: object, *way: str | int) -> list[object]:
    """Give the list that lies at the end of a way of names and numbers."""
    found = value
    for step in way:
        found = found[step]  # type: ignore[index]
    assert isinstance(found, list)
    return found


def array(
    version: str,
    shape: Sequence[int],
    *,
    dtype: str = "uint8",
    names: Sequence[str] | None = None,
    chunks: Sequence[int] | None = None,
) -> Tree:
    """Give one array without chunks; `dtype` is v3's name of a type."""
    chunks = list(chunks or [min(16, n) for n in shape])
    if version in OLD:
        bits = int(dtype.lstrip("abcdefghijklmnopqrstuvwxyz"))
        kind = f"{dtype[0]}{bits // 8}"
        document: Json = {
            "zarr_format": 2,
            "shape": list(shape),
            "chunks": chunks,
            "dtype": f"|{kind}" if bits == 8 else f"<{kind}",
            "compressor": None,
            "fill_value": 0,
            "order": "C",
            "filters": None,
            "dimension_separator": "." if version == "0.1" else "/",
        }
        named: Tree = {".zattrs": {"_ARRAY_DIMENSIONS": list(names)}} if names else {}
        return {".zarray": document} | named
    codec: Json = {"name": "bytes"} if dtype.endswith("8") else _little()
    document = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [codec],
        "attributes": {},
    }
    return {"zarr.json": document | ({"dimension_names": list(names)} if names else {})}


def _little() -> Json:
    return {"name": "bytes", "configuration": {"endian": "little"}}


def axes_of(axes: str) -> list[object]:
    """Give axes as objects with all that they should say."""
    return [
        {"name": a, "type": KINDS[a], **({"unit": UNITS[a]} if a in UNITS else {})} for a in axes
    ]


def scale_of(axes: str, level: int) -> list[object]:
    """Give the scale of a level, each half as large in y and x as the one above."""
    return [0.5 * 2**level if a in "yx" else 1.0 for a in axes]


def multiscale(version: str, axes: str = "czyx", levels: int = 2) -> Json:
    """Give one entry of `multiscales`."""
    axes = axes if version not in OLD[:3] else "tczyx"
    datasets = [_dataset(version, axes, n) for n in range(levels)]
    made: Json = {**NAMED, "datasets": datasets}
    if version in OLD:
        made = {"version": version, **made}
    if version == "0.3":
        made["axes"] = list(axes)
    elif version in {"0.4", "0.5"}:
        made["axes"] = axes_of(axes)
    elif version == "0.6":
        made["coordinateSystems"] = [{"name": "intrinsic", "axes": axes_of(axes)}]
    return made


def _dataset(version: str, axes: str, level: int) -> Json:
    made: Json = {"path": str(level)}
    if version in OLD[:3]:
        return made
    scale: Json = {"type": "scale", "scale": scale_of(axes, level)}
    if version == "0.6":
        scale |= {"input": {"path": str(level)}, "output": {"name": "intrinsic"}}
    return made | {"coordinateTransformations": [scale]}


def image(version: str, axes: str = "czyx", levels: int = 2, *, dtype: str = "uint8") -> Tree:
    """Give an image with its levels; of 0.1-0.3 always with five axes."""
    axes = axes if version not in OLD[:3] else "tczyx"
    made = group(version, {"multiscales": [multiscale(version, axes, levels)]})
    for level in range(levels):
        shape = [SIZES[a] // 2**level if a in "yx" else SIZES[a] for a in axes]
        names = axes if version in {"0.3", *NEW} else None
        made |= under(str(level), array(version, shape, dtype=dtype, names=names))
    return made


def channel(**others: object) -> Json:
    """Give a channel of `omero`."""
    window: Json = {"min": 0, "max": 255, "start": 0, "end": 200}
    return {"color": "00FF00", "window": window, "label": "GFP", "active": True, **others}


def rendered(version: str) -> Tree:
    """Give an image of two channels with `omero`."""
    made = image(version)
    ome(made)["omero"] = {"channels": [channel(), channel(color="FF0000", label="RFP")]}
    return made


def label(version: str, axes: str = "zyx") -> Tree:
    """Give a label image as it lies in `labels`."""
    made = image(version, axes, dtype="uint16")
    old: Json = {"version": version} if version in OLD else {}
    colors = [{"label-value": 1, "rgba": [255, 0, 0, 255]}]
    ome(made)["image-label"] = {"colors": colors, "source": {"image": "../../"}} | old
    return made


def labelled(version: str) -> Tree:
    """Give an image with one label image."""
    listed = group(version, {"labels": ["cells"]})
    inside = listed | under("cells", label(version, "czyx"))
    return image(version) | under("labels", inside)


def well(version: str, fields: int = 1) -> Tree:
    """Give a well with its fields."""
    old: Json = {"version": version} if version in OLD else {}
    images = [{"path": str(n)} for n in range(fields)]
    made = group(version, {"well": {"images": images} | old})
    for n in range(fields):
        made |= under(str(n), image(version))
    return made


def plate(version: str, rows: str = "AB", columns: str = "12") -> Tree:
    """Give a plate with a well of one field at every place."""
    wells: list[Json] = []
    made: Tree = {}
    for i, row in enumerate(rows):
        made |= under(row, group(version))
        for j, column in enumerate(columns):
            wells.append({"path": f"{row}/{column}"})
            if version not in OLD[:3]:
                wells[-1] |= {"rowIndex": i, "columnIndex": j}
            made |= under(f"{row}/{column}", well(version))
    document: Json = {
        "name": "screen",
        "field_count": 1,
        "rows": [{"name": name} for name in rows],
        "columns": [{"name": name} for name in columns],
        "wells": wells,
        "acquisitions": [{"id": 0, "name": "first", "maximumfieldcount": 1}],
    }
    old: Json = {"version": version} if version in OLD else {}
    return group(version, {"plate": document | old}) | made
