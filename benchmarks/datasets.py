"""The datasets that are converted, written without a Zarr library: `python -m benchmarks.datasets`.

It runs as a process of its own, since the peak memory that the system reports for a measured
command is never below that of the process that started it.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

from benchmarks.documents import (
    GROUP,
    Document,
    array_document,
    image_attributes,
    plate_attributes,
    well_attributes,
)
from benchmarks.pixels import Camera, make_camera

ROWS = "ABCDEFGH"
COLUMNS = 12
FIELDS = 2
SMALL_FIELDS = 4

Shape = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What an image looks like on disk, before its pixels."""

    shape: Shape
    levels: int
    chunk: int
    """Side of a chunk in pixels, clipped to the level; a chunk holds one plane."""

    def level(self, number: int) -> tuple[Shape, int]:
        """Shape and chunk side of a level."""
        t, c, z, y, x = self.shape
        height, width = y >> number, x >> number
        return (t, c, z, height, width), min(self.chunk, height, width)


LARGE = Image(shape=(1, 3, 16, 4096, 4096), levels=3, chunk=1024)
FIELD = Image(shape=(1, 3, 1, 768, 768), levels=3, chunk=1024)
SMALL_FIELD = Image(shape=(1, 1, 1, 32, 32), levels=3, chunk=1024)
MANY_CHUNKS = Image(shape=(1, 1, 4, 12800, 12800), levels=1, chunk=128)
TEN_THOUSAND = Image(shape=(1, 1, 1, 28800, 28800), levels=1, chunk=288)
ABSENT_SHAPE = (1, 1, 1_000_000, 32_000, 32_000)
ABSENT_CHUNKS = (1, 1, 1000, 32, 32)


def write_large(folder: Path) -> None:
    """One image of 1.3 GB stored in 1,008 chunks."""
    _write_image(folder, LARGE, make_camera(noise=40))


def write_plate(folder: Path) -> None:
    """96 wells of 2 fields in 2,890 files."""
    camera = make_camera(noise=40)
    attributes = plate_attributes("bench", rows=ROWS, columns=COLUMNS, fields=FIELDS)
    _write_group(folder, attributes)
    for row in ROWS:
        _write_group(folder / row)
    for row, column in product(ROWS, range(COLUMNS)):
        _write_well(folder / row / str(column + 1), camera)


def write_plate_documents(folder: Path, fields: int = SMALL_FIELDS) -> None:
    """384 wells of so many fields, for 4 of them 6,545 nodes; one small chunk in each array."""
    rows, columns = ROWS + "IJKLMNOP", 2 * COLUMNS
    camera = make_camera(noise=4)
    attributes = plate_attributes("bench", rows=rows, columns=columns, fields=fields)
    _write_group(folder, attributes)
    for row in rows:
        _write_group(folder / row)
    for row, column in product(rows, range(columns)):
        well = folder / row / str(column + 1)
        _write_group(well, well_attributes(fields))
        for field in range(fields):
            _write_image(well / str(field), SMALL_FIELD, camera)


def write_many_chunks(folder: Path) -> None:
    """One image of 40,000 chunks, 16 KB stored each."""
    _write_image(folder, MANY_CHUNKS, make_camera(noise=4))


def write_ten_thousand(folder: Path) -> None:
    """One image of 10,000 chunks, 100 KB stored each."""
    _write_image(folder, TEN_THOUSAND, make_camera(noise=40))


def write_absent(folder: Path) -> None:
    """One image of 10^9 chunks of which none is there."""
    _write_group(folder, image_attributes("absent", channels=1, levels=1))
    _write_json(folder / "0" / ".zarray", array_document(ABSENT_SHAPE, ABSENT_CHUNKS))


WRITERS: dict[str, Callable[[Path], None]] = {
    "A": write_large,
    "P": write_plate,
    "S": write_many_chunks,
    "U": write_plate_documents,
    "U2": partial(write_plate_documents, fields=2),
    "T": write_ten_thousand,
    "absent": write_absent,
}


def _write_well(folder: Path, camera: Camera) -> None:
    _write_group(folder, well_attributes(FIELDS))
    for field in range(FIELDS):
        _write_image(folder / str(field), FIELD, camera)


def _write_image(folder: Path, image: Image, camera: Camera) -> None:
    attributes = image_attributes(folder.stem, channels=image.shape[1], levels=image.levels)
    _write_group(folder, attributes)
    for number in range(image.levels):
        shape, side = image.level(number)
        array = folder / str(number)
        _write_json(array / ".zarray", array_document(shape, (1, 1, 1, side, side)))
        for plane in product(*map(range, shape[:3])):
            _write_plane(array.joinpath(*map(str, plane)), image, number, camera)


def _write_plane(folder: Path, image: Image, number: int, camera: Camera) -> None:
    (*_, height, width), side = image.level(number)
    phase = float(camera.places.uniform(0, 6))
    for row in range(height // side):
        (folder / str(row)).mkdir(parents=True)
        for column in range(width // side):
            origin = (row * side, column * side)
            chunk = camera.encoded(origin=origin, size=side, scale=1 << number, phase=phase)
            (folder / str(row) / str(column)).write_bytes(chunk)


def _write_group(folder: Path, attributes: Document | None = None) -> None:
    _write_json(folder / ".zgroup", GROUP)
    if attributes is not None:
        _write_json(folder / ".zattrs", attributes)


def _write_json(path: Path, document: Document) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2))


def main() -> None:
    """Write the dataset named first into the folder named second, which appears when whole."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    part = folder.with_suffix(".part")
    WRITERS[name](part)
    part.rename(folder)


if __name__ == "__main__":
    main()
