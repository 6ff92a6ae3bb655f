"""The four kinds of sample datasets: what lies where, drawn and written plane by plane."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from zarrlift.demo import documents, omexml, pictures, scene
from zarrlift.demo.files import ArrayFolder, put, put_array, put_group
from zarrlift.demo.shapes import DIVIDING
from zarrlift.pool import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from zarrlift.demo.cells import Integer
    from zarrlift.demo.documents import Json
    from zarrlift.demo.pictures import Specimen, Stock
    from zarrlift.demo.scene import Scene
    from zarrlift.demo.shapes import Float64
    from zarrlift.grid import Index
    from zarrlift.pool import Pool

_NUCLEI = "nuclei"


def write_image(root: Path, size: int, seed: int, pool: Pool) -> None:
    """Write one image."""
    _write_images(_prepared([(root, scene.stack(size, seed=seed))]), pool)


def write_labels(root: Path, size: int, seed: int, pool: Pool) -> None:
    """Write one image, the labels of its nuclei, and a table of what was measured in them."""
    (image,) = _prepared([(root, scene.stack(size, seed=seed))])
    _write_images([image], pool)
    specimen = image[1]
    put_group(root / "labels", {"labels": [_NUCLEI]})
    nuclei = _write_label_planes(root / "labels" / _NUCLEI, specimen, pool)
    found = np.flatnonzero(nuclei[0]).astype(np.int64)
    voxels, kinds = nuclei[0, found].astype(int), specimen.cells.nucleus[found - 1] < DIVIDING
    listed = [
        (value, count, "dividing" if divides else "interphase")
        for value, count, divides in zip(
            found.tolist(), voxels.tolist(), kinds.tolist(), strict=True
        )
    ]
    put_group(root / "labels" / _NUCLEI, documents.label(specimen.scene, _NUCLEI, listed))
    _write_table(root / "tables", specimen.scene, nuclei[:, found], found)


def write_plate(root: Path, size: int, seed: int, pool: Pool) -> None:
    """Write a plate: rows repeat, and along the columns a dose rises."""
    height, width = scene.plate_grid(size)
    rows = [chr(ord("A") + number) for number in range(height)]
    columns = [str(number + 1) for number in range(width)]
    put_group(root, documents.plate(rows, columns))
    for row in rows:
        put_group(root / row)
    for row, column in product(rows, columns):
        put_group(root / row / column, documents.well())
    share = size // (height * width * scene.FIELDS)
    fields = (
        (
            root / rows[r] / columns[c] / str(f),
            scene.field(
                share, seed=seed, number=(r * width + c) * scene.FIELDS + f, dose=c / (width - 1)
            ),
        )
        for r, c, f in product(range(height), range(width), range(scene.FIELDS))
    )
    _write_images(_prepared(fields), pool)


def write_collection(root: Path, size: int, seed: int, pool: Pool) -> None:
    """Write several images in the layout of bioformats2raw, with their OME-XML."""
    scenes = scene.collection(size, seed=seed)
    names = [str(number) for number in range(len(scenes))]
    put_group(root, {"bioformats2raw.layout": 3})
    put_group(root / "OME", {"series": names})
    put(root / "OME" / "METADATA.ome.xml", omexml.document(scenes))
    _write_images(_prepared((root / n, s) for n, s in zip(names, scenes, strict=True)), pool)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plane:
    """One plane to draw, and the arrays of all levels to put it into."""

    specimen: Specimen
    levels: tuple[ArrayFolder, ...]
    index: Index
    """Along t, c and z."""

    @property
    def weight(self) -> int:
        """Return about how many bytes it deals with."""
        return sum(level.layout.chunk_bytes for level in self.levels)


def _prepared(places: Iterable[tuple[Path, Scene]]) -> Iterator[tuple[Path, Specimen]]:
    """Lay out the cells of each scene; those of one magnification share their shapes."""
    stocks: dict[int, Stock] = {}
    for folder, shown in places:
        if shown.diameter not in stocks:
            stocks[shown.diameter] = pictures.make_stock(shown.diameter, shown.seed)
        yield folder, pictures.prepare(shown, stocks[shown.diameter])


def _write_images(images: Iterable[tuple[Path, Specimen]], pool: Pool) -> None:
    tasks = (Task(plane.weight, partial(_draw, plane)) for plane in _planes(images))
    for _ in pool.each(tasks):
        pass


def _planes(images: Iterable[tuple[Path, Specimen]]) -> Iterator[_Plane]:
    """Write the documents of each image, then walk its planes."""
    for folder, specimen in images:
        put_group(folder, documents.image(specimen.scene))
        levels = _put_levels(folder, specimen.scene.levels, "<u2", documents.BLOSC)
        for index in np.ndindex(specimen.scene.shape[:3]):
            yield _Plane(specimen=specimen, levels=levels, index=index)


def _put_levels(
    folder: Path, shapes: Iterable[Index], dtype: str, compressor: Json
) -> tuple[ArrayFolder, ...]:
    return tuple(
        put_array(folder / str(level), documents.array(shape, dtype, compressor))
        for level, shape in enumerate(shapes)
    )


def _draw(plane: _Plane) -> None:
    frame, channel, depth = plane.index
    drawn = pictures.picture(plane.specimen, frame, channel, depth)
    for level, values in zip(plane.levels, pictures.pyramid(drawn), strict=True):
        level.write(values, plane.index)


def _write_label_planes(folder: Path, specimen: Specimen, pool: Pool) -> Float64:
    """Write the label arrays; give voxels and sums of z, y, x of every label, `(4, labels)`."""
    shapes = [(shape[0], 1, *shape[2:]) for shape in specimen.scene.levels]
    levels = _put_levels(folder, shapes, "<u4", documents.ZLIB)
    planes = [
        _Plane(specimen=specimen, levels=levels, index=index) for index in np.ndindex(shapes[0][:3])
    ]
    total = np.zeros((4, specimen.cells.brightness.size + 1))
    tasks = (Task(plane.weight, partial(_draw_labels, plane)) for plane in planes)
    for sums in pool.each(tasks):
        total += sums
    return total


def _draw_labels(plane: _Plane) -> Float64:
    frame, _, depth = plane.index
    drawn = pictures.nucleus_labels(plane.specimen, frame, depth)
    for level, values in zip(plane.levels, pictures.label_pyramid(drawn), strict=True):
        level.write(values, plane.index)
    return _sums(drawn, depth, plane.specimen.cells.brightness.size + 1)


def _sums(drawn: pictures.Labels, depth: int, labels: int) -> Float64:
    """Give voxels and sums of z, y, x of each label in one plane; whole numbers, so exact."""
    y, x = np.nonzero(drawn)
    at = drawn[y, x].astype(np.int64)
    count = np.bincount(at, minlength=labels).astype(np.float64)
    rows, columns = (np.bincount(at, weights=along, minlength=labels) for along in (y, x))
    return np.stack([count, count * depth, rows, columns])


def _write_table(folder: Path, shown: Scene, sums: Float64, labels: Integer) -> None:
    """Write a table that only its own tool knows: groups, two arrays, attributes on one."""
    scale = np.array(shown.scale[2:])[:, None]
    volume = sums[:1] * documents.voxel_volume(shown)
    values = np.concatenate([volume, sums[1:] / sums[:1] * scale]).T.astype(np.float32)
    put_group(folder, {"tables": [_NUCLEI]})
    put_group(folder / _NUCLEI, documents.table(_NUCLEI))
    for name, column, attributes in (
        ("label", labels.astype(np.uint32), None),
        ("measurements", values, documents.measurements()),
    ):
        code = column.dtype.newbyteorder("<").str
        document = documents.array(column.shape, code, documents.BLOSC, column.shape)
        put_array(folder / _NUCLEI / name, document, attributes).write(column)
