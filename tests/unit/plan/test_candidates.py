"""Codecs to try, and which of them to choose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import BLOSC
from tests.unit.layouts import DELTA, GZIP, LZ4, ZLIB, bounded, layout_of
from zarrlift.errors import UsageError
from zarrlift.metadata.codecs import all_shared
from zarrlift.plan.candidates import (
    Candidate,
    CodecResult,
    Readers,
    advise,
    candidates,
    default_names,
    pareto,
)

LAYOUT = layout_of((64, 64), (32, 32))


@dataclass(frozen=True)
class Made:
    """A candidate's figures: stored bytes of 1000, and rates in MB/s."""

    name: str
    stored: int
    encode: float | None
    decode: float

    @property
    def result(self) -> CodecResult:
        """Return them as they are measured."""
        (candidate,) = (c for c in candidates(LAYOUT, [self.name]) if c.name == self.name)
        return CodecResult(
            candidate=candidate,
            raw_bytes=1000,
            stored_bytes=self.stored,
            encode_rate=self.encode and self.encode * 1e6,
            decode_rate=self.decode * 1e6,
            projected_bytes=self.stored,
        )


NONE = Made("none", 1000, 9000, 9000)
LZ = Made("blosc:lz4:5:bitshuffle", 500, 1000, 3000)
ZSTD = Made("blosc:zstd:3:shuffle", 400, 300, 1200)
SLOW = Made("blosc:zstd:7:shuffle", 390, 50, 1250)
ZLIB_6 = Made("zlib:6", 100, 2000, 9000)
GZIP_6 = Made("gzip:6", 450, 20, 200)


def results_of(*made: Made) -> list[CodecResult]:
    """Give the results."""
    return [one.result for one in made]


results = st.lists(
    st.builds(
        Made,
        st.sampled_from(["none", "zstd:3", "gzip:1"]),
        st.integers(1, 20),
        st.just(1.0),
        st.integers(1, 20),
    ),
    min_size=1,
    max_size=12,
)


@given(results)
@bounded
def test_front_holds_what_none_beats(made: list[Made]) -> None:
    """Each on the front is beaten by none, each other is beaten or equalled by one on it."""
    all_of = results_of(*made)

    front = pareto(all_of)

    for one in all_of:
        beaten = any(
            r.ratio >= one.ratio
            and r.decode_rate >= one.decode_rate
            and (r.ratio > one.ratio or r.decode_rate > one.decode_rate)
            for r in all_of
        )
        assert beaten or any(
            (r.ratio, r.decode_rate) == (one.ratio, one.decode_rate) for r in front
        )
        assert not (beaten and one in front)
    assert [r.share for r in front] == sorted(r.share for r in front)


def test_advice() -> None:
    """Smallest, fastest to fetch and decode, and what is small but hardly slower to read."""
    advice = advise(results_of(NONE, LZ, ZSTD, SLOW, GZIP_6, ZLIB_6))

    assert advice is not None
    assert advice.smallest == SLOW.name
    assert advice.fastest == LZ.name
    assert advice.balanced == ZSTD.name
    assert advice.front == (SLOW.name, LZ.name, NONE.name)


def test_balanced_may_be_slow_to_encode_where_all_are() -> None:
    """How fast a balanced codec encodes is judged by the others that compress."""
    advice = advise(results_of(NONE, replace(LZ, encode=400), SLOW))

    assert advice is not None
    assert advice.balanced == SLOW.name


def test_data_that_does_not_compress_stays_as_it_is() -> None:
    """Where nothing is saved, uncompressed is best in every way."""
    advice = advise(results_of(NONE, replace(LZ, stored=1000), replace(ZSTD, stored=1001)))

    assert advice is not None
    assert {advice.smallest, advice.fastest, advice.balanced} == {"none"}


def test_nothing_to_advise_without_a_shared_codec() -> None:
    """What v3 readers do not share is never recommended."""
    assert advise(results_of(ZLIB_6)) is None


def test_usual_candidates() -> None:
    """Today's codec comes first; each chain is tried once; all but zlib can be converted to."""
    found = candidates(LAYOUT)

    assert [c.name for c in found if c.now] == ["blosc:lz4:5:shuffle"]
    assert found[0].now
    assert len({c.chain for c in found}) == len(found) == len(default_names(2))
    assert [c.name for c in found if not all_shared(c.chain)] == ["zlib:6"]
    names = {c.name for c in found}
    assert {"none", "blosc:zstd:5:bitshuffle", "blosc:lz4:9:shuffle", "zstd:3", "gzip:6"} <= names


@pytest.mark.parametrize(
    ("compressor", "name", "readers"),
    [
        (None, "none", Readers.CORE),
        (BLOSC, "blosc:lz4:5:shuffle", Readers.CORE),
        (GZIP, "gzip:5", Readers.CORE),
        ({"id": "zstd", "level": 3}, "zstd:3", Readers.REGISTERED),
        (ZLIB, "zlib:4", Readers.FEW),
        (LZ4, "lz4", Readers.FEW),
    ],
)
def test_todays_codec(compressor: dict[str, object] | None, name: str, readers: Readers) -> None:
    """Today's codec has the name that `--codec` knows it by, and it is said who reads it."""
    now = candidates(layout_of((8,), (8,), compressor=compressor), ["none"])[0]

    assert (now.name, now.readers, now.now) == (name, readers, True)


def test_order_and_byte_order_stay() -> None:
    """Each candidate is the chain that `convert` would write: filters go, order stays."""
    layout = layout_of((8, 8), (8, 8), dtype=">u2", order="F", filters=[DELTA])

    now, tried = candidates(layout, ["zstd:5"])

    assert [c.name for c in now.chain] == ["transpose", "bytes", "delta", "blosc"]
    assert now.name == "order F, big-endian, delta, blosc:lz4:5:shuffle"
    assert [str(c) for c in tried.chain] == ["order F", "big-endian", "zstd:5"]


def test_names_are_said_in_full_and_once() -> None:
    """A word that leaves settings open stands for the same as one that does not."""
    found = candidates(LAYOUT, ["blosc:zstd", "blosc:zstd:5:shuffle", "zlib", "keep"])

    assert [c.name for c in found] == ["blosc:lz4:5:shuffle", "blosc:zstd:5:shuffle", "zlib:6"]


def test_elements_of_one_byte_are_not_shuffled_by_bytes() -> None:
    """Bytes of one-byte elements have no order to change: they go as they are, or by bits."""
    shuffles = {name.rpartition(":")[2] for name in default_names(1) if "blosc" in name}

    assert shuffles == {"noshuffle", "bitshuffle"}


def test_blosc_is_left_out_where_a_chunk_is_too_large_for_it() -> None:
    """Blosc takes less than 2 GiB at once."""
    layout = layout_of((2**30,), (2**30,), compressor=GZIP)

    assert [c.name for c in candidates(layout, ["blosc:zstd", "zstd"])] == ["gzip:5", "zstd:3"]


@pytest.mark.parametrize("name", ["zlib:x", "zlib:10", "lzma", "zstd:99", "blosc"])
def test_unknown_codecs_are_refused(name: str) -> None:
    """A codec that cannot be tried is refused, with what is understood."""
    with pytest.raises(UsageError, match="not understood") as caught:
        candidates(LAYOUT, [name])

    assert caught.value.hint is not None
    assert "zlib" in caught.value.hint


def test_result_in_one_line() -> None:
    """A result prints its name and its figures, without a rate that could not be measured."""
    assert repr(ZSTD.result) == (
        "CodecResult('blosc:zstd:3:shuffle': 2.50 to 1, encodes 300 MB/s, decodes 1200 MB/s)"
    )
    assert "encodes" not in repr(replace(ZSTD.result, encode_rate=None))
    assert isinstance(ZSTD.result.candidate, Candidate)
