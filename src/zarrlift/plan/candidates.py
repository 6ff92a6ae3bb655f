"""Codecs to measure, what came of them, and which to choose: pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from zarrlift.errors import UsageError
from zarrlift.metadata import codecs
from zarrlift.plan import methods

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zarrlift.metadata.codecs import Chain
    from zarrlift.metadata.layout import ArrayLayout

FETCH_RATE = 250e6
"""Stored bytes a second at which chunks are taken to arrive: a good disk, a quick network."""
BALANCED_READ = 1.25
"""How much longer than the quickest a balanced codec may take to be fetched and decoded."""
BALANCED_ENCODE = 0.1
"""How fast a balanced codec has to encode, of the quickest that compresses."""
_LEVELS = {"lz4": (5, 9), "zstd": (1, 3, 5, 7)}
_ZLIB_LEVELS = range(10)
_BLOSC_MOST = 2**31 - 17
"""Bytes that blosc takes at once: 2 GiB, less its header."""


class Readers(StrEnum):
    """Who can read what a codec writes."""

    CORE = "core"
    """Every reader: Zarr v2, and the codecs of Zarr v3's core."""
    REGISTERED = "registered"
    """Readers that know Zarr v3's registered extensions; so do all that are in common use."""
    FEW = "few"
    """Readers of Zarr v2, or of an extension; v3 has no name for it that readers share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to encode the chunks."""

    name: str
    """As `--codec` takes it; `zlib:6` and unshared chains are only shown."""
    chain: Chain
    now: bool = False
    """Whether the data has this codec today."""

    @property
    def readers(self) -> Readers:
        """Say who can read it."""
        if not codecs.all_shared(self.chain):
            return Readers.FEW
        named = {c.name for c in self.chain}
        return Readers.REGISTERED if "zstd" in named else Readers.CORE


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecResult:
    """What came of one candidate."""

    candidate: Candidate
    raw_bytes: int
    """Decoded bytes of the chunks that were encoded, padding at the edges included."""
    stored_bytes: int
    """What they take encoded; for today's codec, what they take today."""
    encode_rate: float | None
    """Decoded bytes a second on one core, from the array to the object's bytes; None where the
    codec can only be decoded here."""
    decode_rate: float
    """Decoded bytes a second on one core, from the object's bytes into an array."""
    projected_bytes: int
    """What all levels would take, if they compressed as the sample did."""

    @property
    def name(self) -> str:
        """Return the candidate's name."""
        return self.candidate.name

    @property
    def ratio(self) -> float:
        """Return raw bytes over stored bytes: more is smaller."""
        return self.raw_bytes / self.stored_bytes

    @property
    def share(self) -> float:
        """Return stored bytes over raw bytes: less is smaller."""
        return self.stored_bytes / self.raw_bytes

    @property
    def read_time(self) -> float:
        """Return the seconds to fetch and decode one decoded byte, at `FETCH_RATE`."""
        return self.share / FETCH_RATE + 1 / self.decode_rate

    def __repr__(self) -> str:
        """Say in one line what it is worth."""
        encodes = f"encodes {self.encode_rate / 1e6:.0f} MB/s, " if self.encode_rate else ""
        return (
            f"CodecResult({self.name!r}: {self.ratio:.2f} to 1, {encodes}"
            f"decodes {self.decode_rate / 1e6:.0f} MB/s)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The candidates to choose, by what matters most; names as in `CodecResult`."""

    smallest: str
    """The fewest stored bytes."""
    fastest: str
    """The least time to fetch, at `FETCH_RATE`, and to decode."""
    balanced: str
    """The smallest of those that take at most a quarter longer than the fastest to read, and
    encode at least a tenth as fast as the quickest encoder that compresses."""
    front: tuple[str, ...]
    """Those that no other beats in both ratio and decode speed, the best ratio first."""


def default_names(itemsize: int) -> list[str]:
    """Give the codecs that are tried where none are named.

    Elements of one byte have no bytes to shuffle: they go without, or by bits.
    """
    shuffles = ("noshuffle", "bitshuffle") if itemsize <= 1 else ("shuffle", "bitshuffle")
    blosc = [
        f"blosc:{cname}:{level}:{shuffle}"
        for cname, levels in _LEVELS.items()
        for level in levels
        for shuffle in shuffles
    ]
    return ["none", *blosc, "zstd:1", "zstd:3", "zstd:9", "gzip:1", "gzip:6", "zlib:6"]


def candidates(layout: ArrayLayout, names: Iterable[str] = ()) -> tuple[Candidate, ...]:
    """Give today's codec and those named, or the usual ones; each chain once.

    Raises `UsageError` for a name that is not understood.
    """
    itemsize = layout.data_type.itemsize
    kept = Candidate(name=_name_of(layout), chain=layout.codecs, now=True)
    made = {kept.chain: kept}
    for name in list(names) or default_names(itemsize):
        if name == "keep":
            continue
        chain = _chain(layout, name)
        if layout.chunk_bytes > _BLOSC_MOST and chain[-1].name == "blosc":
            continue
        if chain == kept.chain:
            made[chain] = replace(kept, name=_in_full(name, chain))
        made.setdefault(chain, Candidate(name=_in_full(name, chain), chain=chain))
    return tuple(made.values())


def _chain(layout: ArrayLayout, name: str) -> Chain:
    word, _, level = name.partition(":")
    if word != "zlib":
        try:
            return methods.target_codecs(layout, name)
        except UsageError as error:
            error.hint = (
                f"{error.hint}; --codecs takes zlib[:level] too, and words with commas between"
            )
            raise
    if level and not (level.isdigit() and int(level) in _ZLIB_LEVELS):
        raise UsageError(f"codec {name!r} is not understood", hint="levels of zlib are 0 to 9")
    settings = {"id": "zlib", "level": int(level or 6)}
    before = methods.target_codecs(layout, "none")
    return (*before, codecs.from_v2(settings, layout.data_type.itemsize))


def _in_full(name: str, chain: Chain) -> str:
    """Name a codec with the settings that a short word leaves open."""
    return "none" if name == "none" else str(chain[-1])


def _name_of(layout: ArrayLayout) -> str:
    """Name today's codec as `--codec` would take it, else in words."""
    plain = methods.target_codecs(layout, "none")
    if layout.codecs == plain:
        return "none"
    if layout.codecs[:-1] == plain:
        return str(layout.codecs[-1])
    return codecs.describe(layout.codecs)


def pareto(results: Iterable[CodecResult]) -> tuple[CodecResult, ...]:
    """Give those that none beats in both ratio and decode speed, the best ratio first."""
    front: list[CodecResult] = []
    for one in sorted(results, key=lambda r: (r.share, -r.decode_rate)):
        if not front or one.decode_rate > front[-1].decode_rate:
            front.append(one)
    return tuple(front)


def advise(results: Iterable[CodecResult]) -> Advice | None:
    """Choose among the candidates that v3 readers share; None where there is none."""
    shared = [r for r in results if r.candidate.readers is not Readers.FEW]
    if not shared:
        return None
    smallest = min(shared, key=lambda r: (r.share, -r.decode_rate))
    fastest = min(shared, key=lambda r: r.read_time)
    quickest = max((r.encode_rate or 0.0 for r in shared if r.share < 1), default=0.0)
    near = [
        r
        for r in shared
        if r.read_time <= BALANCED_READ * fastest.read_time
        and (r.encode_rate or 0.0) >= BALANCED_ENCODE * quickest
    ] or [fastest]
    balanced = min(near, key=lambda r: (r.share, -r.decode_rate))
    return Advice(
        smallest=smallest.name,
        fastest=fastest.name,
        balanced=balanced.name,
        front=tuple(r.name for r in pareto(shared)),
    )
