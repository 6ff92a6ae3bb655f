"""`ArrayLayout`: everything that decides what an array's bytes mean, for v2 and v3 alike."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.errors import DocumentError
from zarrlift.metadata.datatypes import fill_to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.grid import Index
    from zarrlift.metadata.codecs import Chain
    from zarrlift.metadata.datatypes import DataType, Fill


_MOST_AXES, _MOST_ELEMENTS = 32, 2**900
"""Axes that every NumPy takes, and elements whose bytes are a number still for who divides them."""


def refuse_uncountable(lengths: Sequence[int], name: str) -> None:
    """Raise `DocumentError` for lengths along axes that no program can do anything with."""
    if len(lengths) > _MOST_AXES:
        raise DocumentError(f"{name} has {len(lengths):,} axes, {_MOST_AXES} are read at most")
    if math.prod(max(1, n) for n in lengths) > _MOST_ELEMENTS:
        raise DocumentError(f"{name} means more elements than can be counted")


class Keys(StrEnum):
    """How chunk indices become object keys below the array."""

    V2_NESTED = "v2/"
    V2_FLAT = "v2."
    DEFAULT_NESTED = "default/"
    DEFAULT_FLAT = "default."

    @property
    def separator(self) -> str:
        """Return the character between indices."""
        return self[-1]

    @property
    def prefix(self) -> str:
        """Return `c` for v3's default encoding, nothing for v2's."""
        return "c" if self.startswith("default") else ""

    def of(self, index: Index) -> str:
        """Give the key of a chunk or shard, relative to the array.

        Zarr v3 core specification, "Chunk key encoding"; an array without axes has the key
        `c` (default) or `0` (v2).
        """
        parts = self[-1].join(map(str, index))
        if self.startswith("default"):
            return f"c{self[-1]}{parts}" if index else "c"
        return parts or "0"


class ShardForm(NamedTuple):
    """How a shard keeps its index; what is written is always as here by default."""

    index_at_start: bool = False
    checksum: bool = True
    """The index ends in a CRC32C."""
    order: Index | None = None
    """Axes as a `transpose` before the shard puts them: inner chunks are numbered in that order."""


OWN_FORM = ShardForm()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayLayout:
    """Shape, type, chunking, codecs and keys of one array."""

    shape: Index
    data_type: DataType
    chunks: Index
    """Shape of the inner chunk: the unit of encoding."""
    shards: Index | None
    """Shape of the stored object where it holds several inner chunks, else None."""
    codecs: Chain
    """Codecs of one inner chunk, in encoding order."""
    fill: Fill
    keys: Keys
    dimension_names: tuple[str | None, ...] | None = None
    form: ShardForm = OWN_FORM

    @property
    def ndim(self) -> int:
        """Return the number of axes."""
        return len(self.shape)

    @property
    def stored(self) -> Index:
        """Return the shape of one stored object: the shard, or the chunk where unsharded."""
        return self.shards or self.chunks

    @property
    def chunk_grid(self) -> Index:
        """Return the number of inner chunks along each axis."""
        return grid.grid_shape(self.shape, self.chunks)

    @property
    def object_grid(self) -> Index:
        """Return the number of stored objects along each axis."""
        return grid.grid_shape(self.shape, self.stored)

    @property
    def per_object(self) -> Index:
        """Return the number of inner chunks in one stored object, along each axis."""
        return grid.chunks_per_shard(self.stored, self.chunks)

    @property
    def chunk_bytes(self) -> int:
        """Return the bytes of one decoded inner chunk; 0 where elements differ in length."""
        return math.prod(self.chunks) * self.data_type.itemsize

    @property
    def raw_bytes(self) -> int:
        """Return the bytes of the whole array, decoded."""
        return math.prod(self.shape) * self.data_type.itemsize

    def with_keys(self, keys: Keys) -> ArrayLayout:
        """Return the same layout under other object keys."""
        return replace(self, keys=keys)

    def summary(self) -> dict[str, object]:
        """Return the layout under its documented JSON names."""
        names = self.dimension_names
        return {
            "shape": list(self.shape),
            "dtype": self.data_type.name,
            "chunks": list(self.chunks),
            "shards": list(self.shards) if self.shards else None,
            "codecs": [
                {**c.to_json(), "v2_only": True} if c.v2_only else c.to_json() for c in self.codecs
            ],
            "fill_value": fill_to_json(self.fill, self.data_type),
            "keys": str(self.keys),
            "dimension_names": list(names) if names else None,
        }

    def fingerprint(self) -> str:
        """Return a text that equal layouts share and others do not."""
        return _fingerprint(self)


@lru_cache(maxsize=256)
def _fingerprint(layout: ArrayLayout) -> str:
    return json.dumps(layout.summary(), sort_keys=True)
