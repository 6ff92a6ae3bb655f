"""What the stored size of a chunk tells."""

from __future__ import annotations

import pytest

from tests.build import Json
from tests.build_v3 import CRC, GZIP, LITTLE, blosc
from zarrlift.audit.sizes import sizes_of
from zarrlift.metadata.layout import ArrayLayout
from zarrlift.metadata.v3 import read_array


def layout_of(*codecs: Json) -> ArrayLayout:
    """An array of uint16 in chunks of 4 x 4."""
    return read_array(
        {
            "zarr_format": 3,
            "node_type": "array",
            "shape": [10, 10],
            "data_type": "uint16",
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 4]}},
            "chunk_key_encoding": {"name": "default"},
            "fill_value": 0,
            "codecs": list(codecs),
        },
        "",
    )


@pytest.mark.parametrize(
    ("codecs", "size", "rule"),
    [
        ([LITTLE], 32, None),
        ([LITTLE], 31, "chunk-size"),
        ([LITTLE], 33, "chunk-size"),
        ([LITTLE], 0, "chunk-empty"),
        ([LITTLE, CRC], 36, None),
        ([LITTLE, CRC], 32, "chunk-size"),
        ([LITTLE, blosc(2)], 16, None),
        ([LITTLE, blosc(2)], 48, None),
        ([LITTLE, blosc(2)], 15, "chunk-size"),
        ([LITTLE, blosc(2)], 10**6, "chunk-long"),
        ([LITTLE, GZIP], 17, "chunk-size"),
        ([LITTLE, GZIP], 0, "chunk-empty"),
    ],
)
def test_size_is_judged(codecs: list[Json], size: int, rule: str | None) -> None:
    """Uncompressed chunks have one size; compressed ones have a frame, and not much more."""
    problem = sizes_of(layout_of(*codecs)).problem(size)

    assert (problem[0] if problem else None) == rule
