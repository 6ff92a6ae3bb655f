"""Whether a chain of v3 codecs can encode an array at all: for chains that people have edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.metadata.codecs import SHARED_BLOSC, SHUFFLES

if TYPE_CHECKING:
    from zarrlift.metadata.codecs import Chain, Codec
    from zarrlift.metadata.layout import ArrayLayout

_TO_BYTES = ("bytes", "vlen-utf8", "vlen-bytes")
_GZIP_LEVELS, _BLOSC_LEVELS, _ZSTD_LEVELS = range(10), range(10), range(-131072, 23)


def chain_problem(chain: Chain, layout: ArrayLayout) -> str | None:
    """Give what is wrong with a chain for an array of this shape and type, or None.

    Zarr v3: array-to-array codecs, then one array-to-bytes codec, then bytes-to-bytes codecs.
    """
    places = [n for n, c in enumerate(chain) if c.name in _TO_BYTES]
    if len(places) != 1:
        return f"{len(places)} codecs turn the array into bytes; there must be one"
    before, serializer, after = chain[: places[0]], chain[places[0]], chain[places[0] + 1 :]
    problems = [_transpose_problem(c, layout.ndim) for c in before]
    problems.append(_serializer_problem(serializer, layout))
    problems += [_compressor_problem(c) for c in after]
    return next((p for p in problems if p), None)


def _transpose_problem(codec: Codec, ndim: int) -> str | None:
    order = codec.get("order")
    if codec.name != "transpose":
        return f"codec {codec.name} cannot stand before the one that gives bytes"
    if not isinstance(order, tuple) or set(order) != set(range(ndim)) or len(order) != ndim:
        return f"transpose order {order!r} is no order of {ndim} axes"
    return None


def _serializer_problem(codec: Codec, layout: ArrayLayout) -> str | None:
    kind = layout.data_type
    wanted = "bytes"
    if kind.variable:
        wanted = "vlen-utf8" if kind.name == "string" else "vlen-bytes"
    if codec.name != wanted:
        return f"data type {kind.name} needs the codec {wanted}, not {codec.name}"
    if kind.swappable and codec.get("endian") not in ("little", "big"):
        return f"data type {kind.name} needs an endian: little or big"
    return None


def _compressor_problem(codec: Codec) -> str | None:
    if codec.name == "gzip" and not _within(codec.get("level"), _GZIP_LEVELS):
        return "gzip needs a level from 0 to 9"
    if codec.name == "zstd" and not (
        _within(codec.get("level"), _ZSTD_LEVELS) and isinstance(codec.get("checksum"), bool)
    ):
        return "zstd needs a level up to 22 and a checksum of true or false"
    if codec.name == "blosc" and not _blosc_whole(codec):
        return f"blosc needs typesize, cname, clevel 0-9, blocksize and {', '.join(SHUFFLES)}"
    if codec.name not in ("gzip", "zstd", "blosc", "crc32c"):
        return f"codec {codec.name} cannot stand after the one that gives bytes"
    return None


def _blosc_whole(codec: Codec) -> bool:
    return (
        codec.get("cname") in SHARED_BLOSC
        and codec.get("shuffle") in SHUFFLES
        and _within(codec.get("clevel"), _BLOSC_LEVELS)
        and _within(codec.get("typesize"), range(1, 256))
        and _within(codec.get("blocksize"), range(2**31))
    )


def _within(value: object, allowed: range) -> bool:
    return type(value) is int and value in allowed
