"""One array of a dataset, most often a level of an image."""

from __future__ import annotations

import operator
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

from zarrlift.errors import SourceError, UsageError
from zarrlift.metadata import codecs
from zarrlift.survey import images
from zarrlift.view.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import dask.array
    import numpy as np
    import tensorstore
    import xarray
    import zarr

    from zarrlift.chunks.facts import ChunkFacts
    from zarrlift.grid import Index
    from zarrlift.metadata.codecs import Chain
    from zarrlift.metadata.datatypes import Fill
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.tuning import Tuning
    from zarrlift.view.arrays import Blocks
    from zarrlift.view.opened import Opened


class Level:
    """An array: its layout, its place in the world, facts of its chunks, and what reads it.

    What its document does not tell, since it is not there or cannot be read, raises `SourceError`
    when it is asked for; `problem` says it without.
    """

    __slots__ = ("_channels", "_facts", "_image_axes", "_opened")

    def __init__(
        self,
        opened: Opened,
        facts: images.Level,
        axes: tuple[images.Axis, ...],
        channels: tuple[images.Channel, ...] = (),
    ) -> None:
        if facts.layout is not None and len(axes) != facts.layout.ndim:
            # Axes of another number are not the array's; which is which is not known.
            axes = tuple(images.Axis(name=f"dim_{n}") for n in range(facts.layout.ndim))
            facts = replace(facts, scale=None, translation=None)
        self._opened, self._facts = opened, facts
        self._image_axes, self._channels = axes, channels

    @property
    def name(self) -> str:
        """Return the path of the array as its image names it."""
        return self._facts.name

    @property
    def path(self) -> str:
        """Return the path of the array in what was opened."""
        return self._facts.path

    @property
    def opened(self) -> Opened:
        """Return the place that it lies in."""
        return self._opened

    @property
    def facts(self) -> images.Level:
        """Return what the documents say of it, as one plain value."""
        return self._facts

    @property
    def problem(self) -> str:
        """Return why the array cannot be read; empty where it can."""
        return self._facts.problem

    @property
    def layout(self) -> ArrayLayout:
        """Return all that decides what the array's bytes mean, as its document states it."""
        if self._facts.layout is None:
            raise SourceError(
                self._facts.problem or "is no array that can be read",
                place=self._opened.folder.path(self.path),
                hint="zarrlift validate says what is wrong with it",
            )
        return self._facts.layout

    @property
    def shape(self) -> Index:
        """Return the number of elements along each axis."""
        return self.layout.shape

    @property
    def ndim(self) -> int:
        """Return the number of axes."""
        return self.layout.ndim

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Return the type of the elements, in the byte order in which they are stored."""
        from zarrlift.chunks.codec import stored_type

        return stored_type(self.layout)

    @property
    def nbytes(self) -> int:
        """Return the bytes of the whole array, decoded."""
        return self.layout.raw_bytes

    @property
    def chunks(self) -> Index:
        """Return the shape of a chunk: of the inner one, where there are shards."""
        return self.layout.chunks

    @property
    def shards(self) -> Index | None:
        """Return the shape of a shard, or None without shards."""
        return self.layout.shards

    @property
    def chunk_grid(self) -> Index:
        """Return the number of chunks along each axis."""
        return self.layout.chunk_grid

    @property
    def codecs(self) -> Chain:
        """Return the codecs of a chunk in the order of encoding, in Zarr v3's terms."""
        return self.layout.codecs

    @property
    def codec(self) -> str:
        """Return the codecs in words, such as `blosc:lz4:5:shuffle`."""
        return codecs.describe(self.layout.codecs)

    @property
    def fill_value(self) -> Fill:
        """Return what an absent chunk reads as."""
        return self.layout.fill

    @property
    def zarr_format(self) -> int:
        """Return the format of the document that counts, 2 or 3."""
        found = self._opened.nodes.node(self.path)
        return (found.zarr_format if found is not None else None) or 3

    @property
    def axes(self) -> tuple[images.Axis, ...]:
        """Return the axes in array order, each with `name`, `type` and `unit`.

        They are unnamed where the image has another number of them.
        """
        return self._image_axes

    @property
    def dims(self) -> tuple[str, ...]:
        """Return the names of the axes in array order."""
        return tuple(axis.name for axis in self._image_axes)

    @property
    def sizes(self) -> dict[str, int]:
        """Return the number of elements by axis."""
        return dict(zip(self.dims, self.shape, strict=False))

    @property
    def scale(self) -> dict[str, Measure]:
        """Return the size of an element by axis, each with its unit; empty where none is stated."""
        return self._measures(self._facts.scale)

    @property
    def translation(self) -> dict[str, Measure]:
        """Return the place of the first element by axis, with units; empty where none is stated."""
        return self._measures(self._facts.translation)

    def _measures(self, values: Sequence[float] | None) -> dict[str, Measure]:
        pairs = zip(self._image_axes, values or (), strict=False)
        return {axis.name: Measure(value, axis.unit) for axis, value in pairs}

    @property
    def units(self) -> dict[str, str]:
        """Return the units that are stated, by axis."""
        return {axis.name: axis.unit for axis in self._image_axes if axis.unit}

    @property
    def channels(self) -> tuple[images.Channel, ...]:
        """Return the channels of the image, as `omero` has them."""
        return self._channels

    @property
    def attributes(self) -> Mapping[str, object]:
        """Return the array's own attributes as they are."""
        found = self._opened.nodes.node(self.path)
        return found.attributes if found is not None else {}

    def chunk(self, *index: int | Sequence[int] | str) -> ChunkFacts:
        """Look at one chunk: where it lies, what it takes, what its codec says, what it holds.

        The index is in array order: `level.chunk(0, 0, 0)`, `level.chunk((0, 0, 0))`, or text
        such as `"0,0,0"`. Raises `UsageError` where there is no such chunk.
        """
        from zarrlift.chunks.facts import chunk_facts

        return chunk_facts(self._opened.folder, self.path, self.proved_layout(), _index(index))

    def proved_layout(self) -> ArrayLayout:
        """Give the layout with the form of keys that objects prove: v2 may misstate it."""
        return self._opened.nodes.proved(self.path, self.layout)

    def tune(self, **options: Any) -> Tuning:  # noqa: ANN401 - those of `zarrlift.tune`
        """Measure codecs on this level's chunks, as `zarrlift.tune` does."""
        from zarrlift import api

        return api.tune(
            self._opened.address(""),
            level=self.path or None,
            **{**self._opened.reach, **options},
        )

    def to_zarr(self) -> zarr.Array[Any]:
        """Open the array in zarr-python, read only, through this dataset's requests and cache.

        Raises `MissingLibraryError` without zarr-python 3.
        """
        from zarrlift.view import arrays

        return arrays.zarr_array(self)

    def to_dask(self, blocks: Blocks = "chunks") -> dask.array.Array:
        """Give the array as a Dask array, of which nothing is read yet.

        `blocks` says what one task reads: `chunks` (default) least for a small part, `shards` most
        at a time for all of it, or sizes as Dask takes them, also by axis name. Raises
        `MissingLibraryError` without dask.
        """
        from zarrlift.view import arrays

        return arrays.dask_array(self, blocks)

    def to_xarray(self, blocks: Blocks = "chunks") -> xarray.DataArray:
        """Give the array with names of axes, coordinates in physical units and names of channels.

        Its data is that of `to_dask`. Raises `MissingLibraryError` without xarray or dask.
        """
        from zarrlift.view import arrays

        return arrays.data_array(self, blocks)

    def to_tensorstore(self) -> tensorstore.TensorStore:
        """Open the array in TensorStore, which reads the files or the bucket by itself.

        Raises `MissingLibraryError` without tensorstore, `UsageError` for what it does not read.
        """
        from zarrlift.view import arrays

        return arrays.tensor_store(self)

    def tensorstore_spec(self) -> dict[str, Any]:
        """Give the specification with which TensorStore opens the array."""
        from zarrlift.view.specs import spec_of

        return spec_of(self)

    def __repr__(self) -> str:
        """Say in one line what it is."""
        from zarrlift.report.looks import level_line

        return f"Level({level_line(self._facts)})"

    def _repr_html_(self) -> str:
        from zarrlift.report import html

        return html.level(self._facts, self._image_axes)


def _index(words: tuple[int | Sequence[int] | str, ...]) -> Index:
    """Read an index, however it was said; raise `UsageError` where it is none."""
    one = words[0] if len(words) == 1 else words
    try:
        if isinstance(one, str):
            return tuple(int(word) for word in one.split(",")) if one else ()
        if isinstance(one, int | Integral):  # NumPy's too
            return (int(one),)
        return tuple(operator.index(number) for number in one)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"chunk {one!r} is not understood", hint="write it like 0,0,0: in array order"
        ) from error
