"""`write_demo`, and what it gives. Drawing is loaded when it is needed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from zarrlift.errors import StorageError, TargetError, UsageError, translated

SMALLEST = 256 * 2**10
"""Bytes below which no image would hold a few cells."""
_MOST_WORKERS = 4


class Kind(StrEnum):
    """What a sample dataset is."""

    IMAGE = "image"
    """Cells in three stains and a few planes."""
    LABELS = "labels"
    """The same, with its nuclei labelled and measured."""
    PLATE = "plate"
    """Wells of a plate, two fields each."""
    COLLECTION = "collection"
    """A stack, a time-lapse and an overview, as bioformats2raw lays them out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A sample dataset that was written."""

    path: str
    kind: Kind
    arrays: int
    files: int
    """Files of any sort: documents, chunks, OME-XML."""
    raw_bytes: int
    """Bytes of all arrays, pyramids and labels included, decoded."""
    stored_bytes: int
    """Bytes of all files."""

    def __repr__(self) -> str:
        """Say in one line what was written."""
        return (
            f"Demo({self.path!r}: {self.kind}, {self.arrays} arrays, {self.files} files, "
            f"{self.stored_bytes / 2**20:.1f} MiB for {self.raw_bytes / 2**20:.1f} MiB decoded)"
        )


def write_demo(
    folder: str, *, kind: Kind = Kind.IMAGE, size: int = 64 * 2**20, seed: int = 0
) -> Demo:
    """Draw and write a realistic OME-Zarr 0.4 dataset; `size` are its full-resolution bytes.

    The same arguments give the same bytes, as long as NumPy and the codec libraries stay the
    same. Raises `TargetError` where `folder` holds something, `UsageError` for a size or seed
    that nothing can be drawn from.
    """
    _refuse_arguments(size, seed)
    root = Path(folder)
    with translated("making the folder", folder):
        _make_vacant(root)
    try:
        _write(root, kind, size, seed)
    except StorageError as error:
        error.hint = f"cure the cause, remove {folder}, and run the same command again"
        raise
    with translated("counting what was written", folder):
        return _counted(root, kind)


def _write(root: Path, kind: Kind, size: int, seed: int) -> None:
    from zarrlift.demo import datasets  # noqa: PLC0415 - NumPy and numcodecs are slow to load
    from zarrlift.pool import Pool  # noqa: PLC0415 - so are threads

    writers = {
        Kind.IMAGE: datasets.write_image,
        Kind.LABELS: datasets.write_labels,
        Kind.PLATE: datasets.write_plate,
        Kind.COLLECTION: datasets.write_collection,
    }
    with Pool(min(_MOST_WORKERS, os.cpu_count() or 1)) as pool:
        writers[kind](root, size, seed, pool)


def _refuse_arguments(size: int, seed: int) -> None:
    if size < SMALLEST:
        raise UsageError(
            f"{size} bytes are too few to draw cells in",
            hint=f"ask for {SMALLEST // 2**10}KiB or more",
        )
    if seed < 0:
        raise UsageError(f"seed {seed} is negative", hint="give 0 or any larger whole number")


def _make_vacant(root: Path) -> None:
    """Make the folder; an empty one that is there will do."""
    if root.exists() and not (root.is_dir() and next(root.iterdir(), None) is None):
        what = "is a folder that holds something" if root.is_dir() else "is a file"
        raise TargetError(
            f"{what}; nothing was written",
            place=str(root),
            hint="name a folder that does not exist yet, or an empty one",
        )
    root.mkdir(parents=True, exist_ok=True)


def _counted(root: Path, kind: Kind) -> Demo:
    from zarrlift.metadata import v2  # noqa: PLC0415 - drawing has loaded it

    files = [path for path in root.rglob("*") if path.is_file()]
    arrays = [v2.read_array(p.read_bytes(), str(p)) for p in files if p.name == ".zarray"]
    return Demo(
        path=str(root),
        kind=kind,
        arrays=len(arrays),
        files=len(files),
        raw_bytes=sum(array.layout.raw_bytes for array in arrays),
        stored_bytes=sum(path.stat().st_size for path in files),
    )
