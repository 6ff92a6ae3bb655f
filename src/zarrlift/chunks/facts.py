"""All that there is to be known of one chunk: where it lies, how it is encoded, what it holds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks import envelope
from zarrlift.chunks.headers import header_of
from zarrlift.chunks.source import ChunkSource
from zarrlift.errors import DamageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.chunks.codec import Array
    from zarrlift.chunks.headers import Header
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

    Number = int | float

_MOST = 2**31
"""Bytes, decoded or not, above which a chunk is not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkFacts:
    """One chunk of an array."""

    path: str
    """Of the array, in the dataset."""
    index: Index
    key: str
    """Of the object that holds it, or would, in the dataset: itself, or its shard."""
    region: tuple[tuple[int, int], ...]
    """First element and the one after the last, along each axis; clipped to the array."""
    shard: Index | None = None
    """Index of the shard, where there are shards."""
    present: bool
    """It is stored; else it reads as the fill value."""
    offset: int = 0
    """Where it begins in its object."""
    stored_bytes: int = 0
    object_bytes: int = 0
    """Of the object that holds it."""
    decoded_bytes: int
    """What it is due to give, padding at the edge included; 0 where elements differ in length."""
    header: Header = field(default_factory=dict)
    """What its outermost codec's header states."""
    envelope: str = ""
    """What is wrong with its envelope; it may decode all the same."""
    problem: str = ""
    """Why it does not decode, or where it lies is not known."""
    minimum: Number | None = None
    """Of the finite elements within the array; None where there are none, or no real numbers."""
    maximum: Number | None = None
    mean: float | None = None
    fill: object = None
    """The array's fill value."""

    @property
    def ratio(self) -> float | None:
        """Return decoded bytes for each stored one; None where there are none of either."""
        there = self.stored_bytes and self.decoded_bytes
        return self.decoded_bytes / self.stored_bytes if there else None

    @property
    def sound(self) -> bool:
        """Say whether nothing is wrong with it; an absent chunk is as sound as any."""
        return not (self.envelope or self.problem)

    def __repr__(self) -> str:
        """Give place and size in one line."""
        there = f"{self.stored_bytes:,} bytes" if self.present else "absent"
        return f"ChunkFacts({self.key!r}: {there}{', ' + self.problem if self.problem else ''})"


def chunk_facts(folder: Folder, path: str, layout: ArrayLayout, index: Index) -> ChunkFacts:
    """Look at one chunk, reading it; its keys must be in the form that the array's objects have.

    What is wrong with it is said in the value. Raises `UsageError` for an index that is none of
    the array's, `StorageError` where reading fails.
    """
    check_index(layout, index, place=path or "/")
    source = ChunkSource(folder, path, layout)
    outer = tuple(i // p for i, p in zip(index, layout.per_object, strict=True))
    slices = grid.region(index, layout.chunks, layout.shape)
    known = {
        "path": path,
        "index": index,
        "key": source.key(outer),
        "region": tuple((s.start, s.stop) for s in slices),
        "shard": outer if layout.shards else None,
        "decoded_bytes": layout.chunk_bytes,
        "fill": layout.summary()["fill_value"],
    }
    try:
        lies = source.lies(index)
    except DamageError as error:
        return ChunkFacts(**known, present=False, problem=error.message)  # type: ignore[arg-type]
    if lies is None:
        return ChunkFacts(**known, present=False)  # type: ignore[arg-type]
    if lies.length > _most_stored(layout):
        problem = f"of {lies.length:,} bytes, more than it may have: too large to be looked at"
        return ChunkFacts(**known, present=True, stored_bytes=lies.length, problem=problem)  # type: ignore[arg-type]
    data = source.read(index) or b""
    return ChunkFacts(
        **known,  # type: ignore[arg-type]
        present=True,
        offset=lies.offset,
        stored_bytes=len(data),
        object_bytes=lies.object_bytes,
        header=header_of(data, layout),
        envelope=envelope.check_for(layout)(data) or "",
        **_held(data, layout, slices),  # type: ignore[arg-type]
    )


def _most_stored(layout: ArrayLayout) -> int:
    from zarrlift.chunks.bounded import stored_most  # noqa: PLC0415 - as below

    return min(_MOST, stored_most(layout, _MOST))


def check_index(
    layout: ArrayLayout, index: Index, *, place: str, names: Sequence[str | None] = ()
) -> None:
    """Raise `UsageError` for an index that is none of an array's chunks, naming the axis."""
    last = ",".join(str(n - 1) for n in layout.chunk_grid)
    if len(index) != layout.ndim:
        raise UsageError(
            f"chunk {','.join(map(str, index))} has {len(index)} numbers, the array has "
            f"{layout.ndim} axes",
            place=place,
            hint=f"the last chunk is {last}",
        )
    names = names or layout.dimension_names or ()
    for axis, (number, limit) in enumerate(zip(index, layout.chunk_grid, strict=True)):
        if not 0 <= number < limit:
            name = (names[axis] if axis < len(names) else None) or f"number {axis}"
            raise UsageError(
                f"axis {name}: chunk {number} is out of range, there are {limit}",
                place=place,
                hint=f"the last chunk is {last}",
            )


def _held(data: bytes, layout: ArrayLayout, region: tuple[slice, ...]) -> dict[str, object]:
    """Decode a chunk and look at its values within the array."""
    from zarrlift.chunks import bounded, codec  # noqa: PLC0415 - numcodecs is slow to load

    if layout.chunk_bytes > _MOST:
        return {"problem": f"of {layout.chunk_bytes:,} bytes decoded: too large to be looked at"}
    try:
        values = bounded.values(data, layout, _MOST)
    except DamageError as error:
        return {"problem": error.message}
    within = tuple(slice(0, s.stop - s.start) for s in region)
    return _statistics(codec.part_of(values, within))


def _statistics(values: Array) -> dict[str, object]:
    import numpy as np  # noqa: PLC0415 - slow to load

    if values.dtype.kind not in "biuf" or not values.size:
        return {}
    if values.dtype.kind == "b":
        values = values.view(np.uint8)
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
        if not values.size:
            return {}
    with np.errstate(over="ignore"):
        mean = float(values.mean(dtype=np.float64))
    found = {"minimum": values.min().item(), "maximum": values.max().item()}
    return {**found, "mean": mean if math.isfinite(mean) else None}
