"""Builders of OME-Zarr 0.1-0.4 images, labels, plates and bioformats2raw collections."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, Unpack, cast
from xml.sax.saxutils import quoteattr

import numpy as np

from tests.build import Json, Storage, Values, sample, write_array, write_file, write_group

Version: TypeAlias = Literal["0.1", "0.2", "0.3", "0.4"]

AXIS_TYPES = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
UNITS = {"t": "second", "z": "micrometer", "y": "micrometer", "x": "micrometer"}
SCALES = {"t": 1.0, "c": 1.0, "z": 0.5, "y": 0.25, "x": 0.25}

OMERO: Json = {
    "id": 1,
    "name": "cells",
    "version": "0.4",
    "channels": [
        {
            "active": True,
            "coefficient": 1,
            "color": "00FF00",
            "family": "linear",
            "inverted": False,
            "label": "GFP",
            "window": {"min": 0.0, "max": 65535.0, "start": 0.0, "end": 350.0},
        }
    ],
    "rdefs": {"defaultT": 0, "defaultZ": 0, "model": "color"},
}
"""A rendering of one channel, with the inner version that 0.4 has."""


def pyramid(base: Values, count: int = 2) -> list[Values]:
    """Give `count` levels, each with every second pixel in y and x of the one above."""
    levels = [base]
    while len(levels) < count:
        levels.append(levels[-1][..., ::2, ::2])
    return levels


def axes_of(axes: str | Sequence[object], version: Version = "0.4") -> list[object] | None:
    """Give the `axes` member of a version: none, names, or objects with type and unit."""
    if version in {"0.1", "0.2"}:
        return None
    if not isinstance(axes, str) or version == "0.3":
        return list(axes)
    return [_axis(name) for name in axes]


def multiscale_of(
    levels: Sequence[Values],
    *,
    axes: str | Sequence[object] = "tczyx",
    version: Version = "0.4",
    paths: Sequence[str] | None = None,
    name: str = "image",
) -> dict[str, object]:
    """Give one entry of `multiscales` as the version writes it."""
    datasets: list[dict[str, object]] = []
    for number, level in enumerate(levels):
        dataset: dict[str, object] = {"path": paths[number] if paths else str(number)}
        if version == "0.4":
            scale = _scale(axes, levels[0].shape, level.shape)
            dataset["coordinateTransformations"] = [{"type": "scale", "scale": scale}]
        datasets.append(dataset)
    members = {"version": version, "name": name, "axes": axes_of(axes, version)}
    kept = {key: value for key, value in members.items() if value is not None}
    return {**kept, "datasets": datasets}


def write_image(
    folder: Path,
    levels: Sequence[Values],
    *,
    axes: str | Sequence[object] = "tczyx",
    version: Version = "0.4",
    paths: Sequence[str] | None = None,
    multiscale: Json | None = None,
    omero: Json | None = None,
    attributes: Json | None = None,
    level_attributes: Json | None = None,
    labels: Mapping[str, Sequence[Values]] | None = None,
    **storage: Unpack[Storage],
) -> Path:
    """Write an image with its levels.

    `multiscale` adds members to the one entry of `multiscales`, `attributes` to the group's (and
    may replace `multiscales` whole), `level_attributes` are those of every level. `storage` goes
    to every level; where it has no `chunks` they are 4 x 4 pixels, clipped to the level.
    """
    entry = multiscale_of(levels, axes=axes, version=version, paths=paths)
    rendering = {} if omero is None else {"omero": omero}
    multiscales = [{**entry, **(multiscale or {})}]
    write_group(folder, {"multiscales": multiscales, **rendering, **(attributes or {})})
    for path, level in zip(dataset_paths(entry), levels, strict=True):
        named = {"_ARRAY_DIMENSIONS": list(axes)} if version == "0.3" else None
        options = _level_storage(level, version, storage)
        write_array(
            folder / path,
            level,
            attributes=named if level_attributes is None else level_attributes,
            **options,
        )
    if labels is not None:
        write_labels(folder, labels, axes=axes, version=version)
    return folder


def write_labels(
    image: Path,
    labels: Mapping[str, Sequence[Values]],
    *,
    axes: str | Sequence[object] = "tczyx",
    version: Version = "0.4",
    listed: Iterable[str] | None = None,
    folders_are_groups: bool = True,
    **storage: Unpack[Storage],
) -> Path:
    """Write the `labels` group of an image.

    `listed` are the names that the group lists (all where not given). Where `folders_are_groups`
    is false, folders between `labels` and a label have no `.zgroup`.
    """
    group = image / "labels"
    write_group(group, {"labels": list(labels if listed is None else listed)})
    for name, levels in labels.items():
        label = group / name
        source = "../" * (len(Path(name).parts) + 1)
        members: Json = {
            "version": version,
            "colors": [{"label-value": 1, "rgba": [255, 128, 0, 255]}],
            "properties": [{"label-value": 1, "class": "nucleus", "area": 12.5}],
            "source": {"image": source},
        }
        document: Json = {"image-label": members}
        write_image(label, levels, axes=axes, version=version, attributes=document, **storage)
        for between in list(label.relative_to(group).parents)[:-1]:
            if folders_are_groups:
                write_group(group / between)
    return group


def write_plate(
    folder: Path,
    *,
    wells: Sequence[str] = ("A/1", "A/2", "B/1"),
    fields: int = 2,
    acquisitions: int = 1,
    images_name_acquisition: bool = True,
    rows_are_groups: bool = True,
    absent: Collection[str] = (),
    axes: str = "tczyx",
    version: Version = "0.4",
    attributes: Json | None = None,
    **storage: Unpack[Storage],
) -> Path:
    """Write a plate of small seeded fields.

    `wells` may have a leading folder (`2020-10-10/A/1`), as 0.1-0.3 allowed. `absent` wells
    (`B/1`) and fields (`B/1/0`) are listed but not there. Where `rows_are_groups` is false the
    folders above the wells have no `.zgroup`.
    """
    plate = _plate_of(wells, fields, acquisitions, version)
    write_group(folder, {"plate": plate, **(attributes or {})})
    for number, well in enumerate(path for path in wells if path not in absent):
        for parent in list(Path(well).parents)[:-1]:
            if rows_are_groups:
                write_group(folder / parent)
        images = [
            {
                "path": str(f),
                **({"acquisition": f % acquisitions} if images_name_acquisition else {}),
            }
            for f in range(fields)
        ]
        write_group(folder / well, {"well": {"images": images, "version": version}})
        for f in range(fields):
            if f"{well}/{f}" not in absent:
                level = sample(_small_shape(axes), "<u2", seed=number * fields + f)
                write_image(
                    folder / well / str(f), pyramid(level), axes=axes, version=version, **storage
                )
    return folder


def write_collection(
    folder: Path,
    *,
    images: int = 2,
    plate: bool = False,
    series: bool = True,
    xml: bool = True,
    **storage: Unpack[Storage],
) -> Path:
    """Write the layout of bioformats2raw: numbered images, or a plate, with their `OME` group."""
    layout: Json = {"bioformats2raw.layout": 3}
    if plate:
        write_plate(folder, attributes=layout, **storage)
        names = [f"{well}/{f}" for well in ("A/1", "A/2", "B/1") for f in range(2)]
    else:
        write_group(folder, layout)
        names = [str(number) for number in range(images)]
        for number, name in enumerate(names):
            level = sample(_small_shape("tczyx"), "<u2", seed=number)
            write_image(folder / name, pyramid(level), omero=OMERO, **storage)
    write_group(folder / "OME", {"series": names} if series else None)
    if xml:
        write_file(folder / "OME" / "METADATA.ome.xml", ome_xml(names).encode("utf-8"))
    return folder


def ome_xml(names: Sequence[str]) -> str:
    """Give the OME-XML of the images that `write_collection` writes."""
    namespace = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    shape = zip("TCZYX", _small_shape("tczyx"), strict=True)
    sizes = " ".join(f'Size{axis}="{length}"' for axis, length in shape)
    images = "".join(
        f'<Image ID="Image:{n}" Name={quoteattr(name)}>'
        f'<Pixels DimensionOrder="XYZCT" ID="Pixels:{n}" {sizes} Type="uint16">'
        f'<Channel ID="Channel:{n}:0" SamplesPerPixel="1"/><MetadataOnly/></Pixels></Image>'
        for n, name in enumerate(names)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{namespace}">{images}</OME>'


def dataset_paths(multiscale: Json) -> list[str]:
    """Give the paths of the levels that a multiscale names."""
    return [str(d["path"]) for d in cast("Sequence[Json]", multiscale["datasets"])]


def _axis(name: str) -> dict[str, object]:
    """Give an axis object with the type and unit its name implies."""
    unit = {"unit": UNITS[name]} if name in UNITS else {}
    return {"name": name, "type": AXIS_TYPES[name], **unit}


def _scale(axes: str | Sequence[object], first: Sequence[int], shape: Sequence[int]) -> list[float]:
    """Give the pixel sizes of a level."""
    names = [a if isinstance(a, str) else str(cast("Json", a)["name"]) for a in axes]
    return [
        SCALES.get(name, 1.0) * (a / b if b else 1.0)
        for name, a, b in zip(names, first, shape, strict=True)
    ]


def _level_storage(level: Values, version: Version, storage: Storage) -> Storage:
    """Give how a version stores a level: keys with dots in 0.1, small chunks by default."""
    small = (1, 1, 1, 4, 4)[-level.ndim :]
    chunks = [max(min(c, n), 1) for c, n in zip(small, level.shape, strict=True)]
    options: Storage = {"chunks": chunks}
    if version == "0.1":
        options |= {"separator": ".", "declare_separator": False}
    return options | storage


def _plate_of(
    wells: Sequence[str], fields: int, acquisitions: int, version: Version
) -> dict[str, object]:
    """Give the `plate` member of a version; 0.4 has indices for each well."""
    rows = list(dict.fromkeys(well.split("/")[-2] for well in wells))
    columns = list(dict.fromkeys(well.split("/")[-1] for well in wells))
    return {
        "version": version,
        "name": "screen",
        "field_count": fields,
        "rows": [{"name": row} for row in rows],
        "columns": [{"name": column} for column in columns],
        "wells": [_well_of(well, rows, columns, version) for well in wells],
        "acquisitions": [
            {
                "id": n,
                "name": f"pass {n}",
                "maximumfieldcount": fields,
                "starttime": 1_600_000_000 + n,
            }
            for n in range(acquisitions)
        ],
    }


def _well_of(well: str, rows: list[str], columns: list[str], version: Version) -> Json:
    """Give a plate's entry for a well."""
    row, column = well.split("/")[-2:]
    indices = {"rowIndex": rows.index(row), "columnIndex": columns.index(column)}
    return {"path": well, **(indices if version == "0.4" else {})}


def _small_shape(axes: str) -> tuple[int, ...]:
    """Give the shape of a field: six rows of eight pixels, one of everything else."""
    return tuple({"y": 6, "x": 8}.get(axis, 1) for axis in axes)


def label_of(image: Values, dtype: str = "<i4") -> Values:
    """Give a label mask of an image: some pixels 1, some 2, the rest background."""
    cells = np.asarray(image.real.astype(np.float64) > 0).astype(dtype)
    cells[..., ::3, ::2] = 2
    return cells
