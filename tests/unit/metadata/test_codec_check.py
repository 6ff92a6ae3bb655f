"""Whether an edited chain of codecs can encode an array."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given

from tests.build import Json
from tests.unit.layouts import SHARED, bounded, layout_of, text_layout, v2_documents
from zarrlift.metadata import codec_check, codecs, v2

LITTLE: Json = {"name": "bytes", "configuration": {"endian": "little"}}
BLOSC: Json = {"typesize": 2, "cname": "zstd", "clevel": 9, "shuffle": "shuffle", "blocksize": 0}
PLANE = layout_of((8, 8), (4, 4))


def codec(name: str, **settings: object) -> Json:
    """Give a codec as a document has it."""
    return {"name": name, "configuration": settings}


def problem(chain: Sequence[Json], dtype: str = "<u2") -> str | None:
    """Check a chain for a plane of some type."""
    read = tuple(codecs.from_v3(c) for c in chain)
    return codec_check.chain_problem(read, layout_of((8, 8), (4, 4), dtype=dtype))


@bounded
@given(v2_documents(SHARED))
def test_chains_of_sources_that_are_kept_have_no_problem(document: dict[str, object]) -> None:
    """What is read from a v2 document, and written in v3's terms, passes."""
    layout = v2.read_array(json.dumps(document).encode()).layout

    assert codec_check.chain_problem(layout.codecs, layout) is None


@pytest.mark.parametrize(
    ("chain", "dtype"),
    [
        ([LITTLE], "<u2"),
        ([codec("bytes", endian="big"), codec("gzip", level=0)], "<u2"),
        ([{"name": "bytes"}, codec("gzip", level=9)], "|u1"),
        ([codec("transpose", order=[1, 0]), LITTLE], "<u2"),
        ([LITTLE, codec("zstd", level=22, checksum=True)], "<u2"),
        ([LITTLE, codec("zstd", level=-131072, checksum=False)], "<u2"),
        ([LITTLE, codec("blosc", **BLOSC)], "<u2"),
        ([LITTLE, codec("blosc", **{**BLOSC, "typesize": 255, "clevel": 0})], "<u2"),
        ([LITTLE, codec("gzip", level=1), {"name": "crc32c"}], "<u2"),
    ],
)
def test_chains_that_work(chain: Sequence[Json], dtype: str) -> None:
    """Chains at the limits of what v3 allows pass."""
    assert problem(chain, dtype) is None


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ([], "0 codecs turn the array into bytes"),
        ([codec("gzip", level=1)], "0 codecs"),
        ([LITTLE, LITTLE], "2 codecs"),
        ([LITTLE, {"name": "vlen-utf8"}], "2 codecs"),
        ([codec("gzip", level=1), LITTLE], "gzip cannot stand before"),
        ([LITTLE, codec("transpose", order=[1, 0])], "transpose cannot stand after"),
        ([codec("transpose", order=[0, 0]), LITTLE], "no order of 2 axes"),
        ([codec("transpose", order=[0, 1, 2]), LITTLE], "no order of 2 axes"),
        ([codec("transpose", order="F"), LITTLE], "no order of 2 axes"),
        ([codec("transpose", order=["y", 0]), LITTLE], "no order of 2 axes"),
        ([codec("transpose", order=[None, 1]), LITTLE], "no order of 2 axes"),
        ([codec("transpose"), LITTLE], "no order of 2 axes"),
        ([{"name": "bytes"}], "needs an endian"),
        ([codec("bytes", endian="native")], "needs an endian"),
        ([{"name": "vlen-utf8"}], "needs the codec bytes, not vlen-utf8"),
        ([LITTLE, codec("gzip", level=10)], "gzip needs a level"),
        ([LITTLE, codec("gzip", level=-1)], "gzip needs a level"),
        ([LITTLE, codec("gzip", level=True)], "gzip needs a level"),
        ([LITTLE, codec("gzip")], "gzip needs a level"),
        ([LITTLE, codec("zstd", level=23, checksum=False)], "zstd needs a level"),
        ([LITTLE, codec("zstd", level=3)], "checksum"),
        ([LITTLE, codec("zstd", level=3, checksum=0)], "checksum"),
        ([LITTLE, codec("blosc", **{**BLOSC, "cname": "snappy"})], "blosc needs"),
        ([LITTLE, codec("blosc", **{**BLOSC, "clevel": 10})], "blosc needs"),
        ([LITTLE, codec("blosc", **{**BLOSC, "shuffle": 1})], "blosc needs"),
        ([LITTLE, codec("blosc", **{**BLOSC, "shuffle": "bitshuffled"})], "blosc needs"),
        ([LITTLE, codec("blosc", **{**BLOSC, "typesize": 0})], "blosc needs"),
        ([LITTLE, codec("blosc", **{**BLOSC, "typesize": 256})], "blosc needs"),
        ([LITTLE, codec("blosc", **{**BLOSC, "blocksize": -1})], "blosc needs"),
        ([LITTLE, codec("blosc", cname="lz4")], "blosc needs"),
        ([LITTLE, codec("lz4")], "lz4 cannot stand after"),
    ],
)
def test_chains_that_cannot_work(chain: Sequence[Json], expected: str) -> None:
    """A chain that v3 does not allow is told, with what would do."""
    assert expected in str(problem(chain))


@pytest.mark.parametrize(
    ("name", "serializer", "works"),
    [
        ("vlen-utf8", "vlen-utf8", True),
        ("vlen-bytes", "vlen-bytes", True),
        ("vlen-utf8", "vlen-bytes", False),
        ("vlen-bytes", "bytes", False),
    ],
)
def test_text_needs_its_own_serializer(name: str, serializer: str, works: bool) -> None:
    """Text and bytes of any length each have their one codec."""
    chain = (codecs.from_v3({"name": serializer}),)

    assert (codec_check.chain_problem(chain, text_layout((4,), name=name)) is None) is works
