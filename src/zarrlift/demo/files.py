"""Writing groups and arrays of Zarr v2 as plain files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from zarrlift import grid
from zarrlift.chunks import codec
from zarrlift.demo import documents
from zarrlift.errors import translated
from zarrlift.metadata import json_text, v2

if TYPE_CHECKING:
    from pathlib import Path

    from zarrlift.demo.documents import Json
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout

Values: TypeAlias = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayFolder:
    """An array whose document is written, to be filled."""

    folder: Path
    layout: ArrayLayout

    def write(self, values: Values, first: Index = ()) -> None:
        """Write the chunks of `values`, which stand at index `first` of the leading axes.

        Edge chunks are filled up; one that holds nothing but zeros, the fill value, is left out.
        """
        chunks = self.layout.chunks[len(first) :]
        for index in np.ndindex(grid.grid_shape(values.shape, chunks)):
            part = values[grid.region(index, chunks, values.shape)]
            if part.any():
                chunk = np.zeros(chunks, values.dtype)
                chunk[tuple(slice(0, n) for n in part.shape)] = part
                data = codec.encode(chunk.reshape(self.layout.chunks), self.layout)
                put(self.folder / self.layout.keys.of((*first, *index)), data)


def put(path: Path, data: bytes) -> None:
    """Write one file and the folders above it; raise `StorageError` where that fails."""
    with translated("writing", str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def put_group(folder: Path, attributes: Json | None = None) -> None:
    """Write the documents of a group."""
    put(folder / ".zgroup", json_text.write(documents.GROUP))
    if attributes is not None:
        put(folder / ".zattrs", json_text.write(attributes))


def put_array(folder: Path, document: Json, attributes: Json | None = None) -> ArrayFolder:
    """Write the documents of an array."""
    data = json_text.write(document)
    put(folder / ".zarray", data)
    if attributes is not None:
        put(folder / ".zattrs", json_text.write(attributes))
    return ArrayFolder(folder=folder, layout=v2.read_array(data, str(folder)).layout)
