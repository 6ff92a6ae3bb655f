"""Layouts: object keys, and sizes derived from shapes."""

from __future__ import annotations

import pytest

from tests.build import Index
from tests.unit.layouts import layout_of, text_layout
from zarrlift.metadata.layout import Keys


@pytest.mark.parametrize(
    ("keys", "index", "expected"),
    [
        (Keys.V2_NESTED, (1, 0, 12), "1/0/12"),
        (Keys.V2_FLAT, (1, 0, 12), "1.0.12"),
        (Keys.DEFAULT_NESTED, (1, 0, 12), "c/1/0/12"),
        (Keys.DEFAULT_FLAT, (1, 0, 12), "c.1.0.12"),
        (Keys.V2_NESTED, (), "0"),
        (Keys.V2_FLAT, (), "0"),
        (Keys.DEFAULT_NESTED, (), "c"),
        (Keys.DEFAULT_FLAT, (), "c"),
        (Keys.V2_FLAT, (7,), "7"),
        (Keys.DEFAULT_NESTED, (7,), "c/7"),
    ],
)
def test_keys_of_chunks(keys: Keys, index: Index, expected: str) -> None:
    """Each key encoding writes an index as the specifications say, without axes too."""
    assert keys.of(index) == expected


def test_sizes_of_a_sharded_layout() -> None:
    """Chunks, shards and bytes are counted from the shapes; edges count in full."""
    made = layout_of((1, 3, 100, 130), (1, 1, 32, 32), shards=(1, 1, 64, 64), dtype=">f4")

    assert made.chunk_grid == (1, 3, 4, 5)
    assert made.object_grid == (1, 3, 2, 3)
    assert made.per_object == (1, 1, 2, 2)
    assert made.chunk_bytes == 32 * 32 * 4
    assert made.raw_bytes == 3 * 100 * 130 * 4


def test_unsharded_objects_are_chunks() -> None:
    """Without shards each object holds one chunk."""
    made = layout_of((5, 5), (2, 2))

    assert made.stored == (2, 2)
    assert made.object_grid == made.chunk_grid == (3, 3)
    assert made.per_object == (1, 1)


def test_text_has_no_fixed_size() -> None:
    """Elements that differ in length have no bytes per chunk."""
    assert text_layout((4,)).chunk_bytes == 0


def test_summary_has_the_documented_names() -> None:
    """The JSON of a layout tells dtype, chunks, shards and codecs, and marks codecs of v2 alone."""
    made = layout_of((4, 4), (2, 2), compressor={"id": "zlib", "level": 1}, names=("y", None))

    assert made.summary() == {
        "shape": [4, 4],
        "dtype": "uint16",
        "chunks": [2, 2],
        "shards": None,
        "codecs": [
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "zlib", "configuration": {"level": 1}, "v2_only": True},
        ],
        "fill_value": 0,
        "keys": "v2/",
        "dimension_names": ["y", None],
    }


def test_layouts_that_differ_in_byte_order_differ() -> None:
    """Big-endian data is another layout than little-endian data."""
    assert layout_of((4,), (2,), dtype=">u2") != layout_of((4,), (2,), dtype="<u2")
