"""What codecs hold beside a chunk, as bounds."""

from __future__ import annotations

import pytest

from tests.build import BLOSC, Json
from tests.unit.layouts import DELTA, GZIP, LZ4, ZSTD, layout_of
from zarrlift.plan import workspace

MIB = 2**20

ENCODED: tuple[tuple[Json | None, float, float], ...] = (
    ({**BLOSC, "cname": "zstd", "clevel": 5}, 3.6, 12),
    ({**BLOSC, "cname": "zstd", "clevel": 7}, 8.9, 14),
    ({**BLOSC, "cname": "zstd", "clevel": 9}, 19.3, 28),
    ({**BLOSC, "cname": "zstd", "clevel": 5, "blocksize": 4 * MIB}, 14.8, 30),
    ({**BLOSC, "cname": "zstd", "clevel": 9, "blocksize": 16 * MIB}, 273.3, 380),
    (BLOSC, 0.6, 4),
    (ZSTD, 1.2, 5),
    ({"id": "zstd", "level": 12}, 40.2, 70),
    ({"id": "zstd", "level": 19}, 81.0, 90),
    ({"id": "zstd", "level": 22}, 385.0, 655),
    (None, 0, 1),
)
"""A compressor, the MiB that it was seen to hold for a chunk of 32 MiB, and a generous bound."""


@pytest.mark.parametrize(("compressor", "seen", "most"), ENCODED, ids=str)
def test_encoders_hold_no_more_than_is_counted(
    compressor: Json | None, seen: float, most: float
) -> None:
    """The bound lies above what was measured, and not beyond reason."""
    layout = layout_of((4096, 4096), (4096, 4096), compressor=compressor)

    assert seen * MIB <= workspace.encoding(layout, 0) <= most * MIB


def test_small_chunks_need_small_tables() -> None:
    """Zstd's tables shrink with the chunk, whatever the level."""
    chunk = layout_of((64, 64), (64, 64), compressor={"id": "zstd", "level": 22})

    assert workspace.encoding(chunk, 0) < 4 * MIB


def test_decoders_hold_their_results() -> None:
    """Filters, joined pieces and truth values take the chunk's size several times over."""

    def need(compressor: Json | None, dtype: str = "<u2", *filters: Json) -> float:
        layout = layout_of(
            (4096, 4096), (4096, 4096), compressor=compressor, dtype=dtype, filters=filters
        )
        return workspace.decoding(layout) / layout.chunk_bytes

    assert 1 <= need(LZ4) < 1.1
    assert 1 <= need(BLOSC) < 1.1
    assert 3 <= need(GZIP) < 3.1
    assert 2 <= need(BLOSC, "|b1") < 2.2
    assert need(BLOSC, "<u2", DELTA) >= 4
