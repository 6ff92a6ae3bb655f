"""The method of an array is a pure function of its source and target layout."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from zarrlift.metadata import codecs
from zarrlift.metadata.layout import OWN_FORM, Keys

if TYPE_CHECKING:
    from zarrlift.metadata.codecs import Chain, Codec
    from zarrlift.metadata.layout import ArrayLayout


class Method(StrEnum):
    """What happens to an array's bytes."""

    KEEP = "keep"
    """In place: no chunk is touched, only documents are written."""
    COPY = "copy"
    PACK = "pack"
    RECODE = "recode"
    RECHUNK = "rechunk"

    @property
    def undecoded(self) -> bool:
        """Say whether encoded chunks pass as they are."""
        return self in (Method.KEEP, Method.COPY, Method.PACK)


def choose(source: ArrayLayout, target: ArrayLayout) -> Method:
    """Choose the method that changes the least."""
    if source.chunks != target.chunks:
        return Method.RECHUNK
    if source.codecs != target.codecs:
        return Method.RECODE
    return Method.COPY if source.shards is None and target.shards is None else Method.PACK


def is_rewrap(source: ArrayLayout, target: ArrayLayout) -> bool:
    """Say whether recoding only moves zlib's deflate stream into gzip's envelope."""
    return (
        source.chunks == target.chunks
        and source.codecs[:-1] == target.codecs[:-1]
        and source.codecs[-1].name == "zlib"
        and target.codecs[-1].name == "gzip"
        and _zlib_level(source.codecs[-1]) == target.codecs[-1]
    )


def _zlib_level(codec: Codec) -> Codec:
    level = codec.get("level")
    return codecs.gzip(level if isinstance(level, int) else 1)


def target_codecs(source: ArrayLayout, wish: str) -> Chain:
    """Give the codec chain to write for a wish; `keep` changes only what v3 readers lack."""
    before = ("transpose", "bytes", "vlen-utf8", "vlen-bytes")
    kept = tuple(c for c in source.codecs if c.name in before)
    if wish != "keep":
        codec = codecs.parse(wish, source.data_type.itemsize)
        return kept if codec is None else (*kept, codec)
    if all(c.writable for c in source.codecs):
        return source.codecs
    last = source.codecs[-1]
    if last.name == "zlib" and len(source.codecs) == len(kept) + 1:
        return (*kept, _zlib_level(last))
    itemsize = source.data_type.itemsize
    return (*kept, codecs.blosc("zstd", 5, codecs.auto_shuffle(itemsize), itemsize))


def reason(source: ArrayLayout, target: ArrayLayout) -> str:
    """Say in words why the array gets its method."""
    method = choose(source, target)
    if method is Method.RECHUNK:
        return f"chunks asked for: {_shape(source.chunks)} to {_shape(target.chunks)}"
    if method is Method.PACK:
        return f"same chunks and codec; encoded chunks are {_moved(source, target)}"
    if method is Method.COPY:
        return "same chunks and codec; each object is copied as it is"
    if is_rewrap(source, target):
        return "zlib is not shared by v3 readers; its deflate stream is put into gzip's envelope"
    names = ", ".join(unshared(source.codecs))
    if names:
        return f"{names} not shared by v3 readers; written as {codecs.describe(target.codecs)}"
    return f"codec asked for: {codecs.describe(source.codecs)} to {codecs.describe(target.codecs)}"


def unshared(chain: Chain) -> list[str]:
    """Name the codecs of a chain that v3 readers do not share."""
    return [str(c).split(":")[0] if c.v2_only else str(c) for c in chain if not c.writable]


def _moved(source: ArrayLayout, target: ArrayLayout) -> str:
    if source.shards is None:
        return "gathered into shards"
    return "taken out of their shards" if target.shards is None else "moved into other shards"


def _shape(shape: tuple[int, ...]) -> str:
    return ",".join(map(str, shape))


def base_target(source: ArrayLayout, names: tuple[str | None, ...] | None) -> ArrayLayout:
    """Give the source's layout under v3's own keys and with dimension names."""
    return replace(source, keys=Keys.DEFAULT_NESTED, dimension_names=names, form=OWN_FORM)
