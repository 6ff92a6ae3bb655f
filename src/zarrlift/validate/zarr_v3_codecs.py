"""Rules of the codecs of a Zarr v3 array: their order, their settings, and shards.

Source: Zarr v3 core specification, "Codecs"; the codecs `bytes`, `transpose`, `blosc`, `gzip`,
`zstd` and `sharding_indexed`; the registry zarr-extensions.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.metadata.codecs import SHARED_BLOSC, SHUFFLES
from zarrlift.validate.nodes import ZARR_V3
from zarrlift.validate.rule import About, Force, Problem, Rules
from zarrlift.validate.values import items, lengths, said
from zarrlift.validate.zarr_v3 import EXTENSIONS, Extension, extension

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.validate.subject import Subject

_CODECS = "https://zarr-specs.readthedocs.io/en/latest/v3/codecs"
RULES = Rules(About.ZARR_V3, f"{ZARR_V3}#codecs")

SHARDS = "sharding_indexed"


class _Kind(IntEnum):
    """What a codec takes and gives, in the order in which they follow one another."""

    ARRAY_TO_ARRAY = 0
    ARRAY_TO_BYTES = 1
    BYTES_TO_BYTES = 2


_NUMCODECS = {
    **dict.fromkeys(
        ("delta", "fixedscaleoffset", "quantize", "astype", "bitround", "packbits"),
        _Kind.ARRAY_TO_ARRAY,
    ),
    **dict.fromkeys(("zfpy", "pcodec"), _Kind.ARRAY_TO_BYTES),
    **dict.fromkeys(
        (
            *("blosc", "bz2", "crc32", "crc32c", "adler32", "fletcher32", "gzip"),
            *("jenkins_lookup3", "lz4", "lzma", "shuffle", "zlib", "zstd"),
        ),
        _Kind.BYTES_TO_BYTES,
    ),
}
_REGISTERED = {
    **dict.fromkeys(
        ("transpose", "bitround", "cast_value", "scale_offset", "reshape"), _Kind.ARRAY_TO_ARRAY
    ),
    **dict.fromkeys(
        ("bytes", SHARDS, "vlen-utf8", "vlen-bytes", "packbits", "zfp", "n5_default"),
        _Kind.ARRAY_TO_BYTES,
    ),
    **dict.fromkeys(("blosc", "gzip", "zstd", "crc32c"), _Kind.BYTES_TO_BYTES),
}
_KINDS = _REGISTERED | {f"numcodecs.{name}": kind for name, kind in _NUMCODECS.items()}
_OF_ANY_KIND = frozenset({"conditional"})
_SAME_SHAPE = frozenset({"bitround", "cast_value", "scale_offset"})
_MULTIBYTE = frozenset(
    {f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (16, 32, 64)}
    | {"complex64", "complex128"}
)
_FIXED = frozenset({"bytes", "transpose", "crc32c"})
"""Codecs whose output has a length that the input's decides, as a shard's index needs it."""
_MOST_CHAINS = 1000


class _Link(NamedTuple):
    """A codec that is named, and where."""

    pointer: str
    codec: Extension


class _Codecs(NamedTuple):
    """One list of codecs: the array's own, that of a shard's chunks, or of its index."""

    pointer: str
    links: list[_Link]
    odd: list[tuple[str, object]]
    """Entries that are not named, and where."""
    shape: tuple[int, ...] | None
    """Of what is encoded; None where that is not known."""
    data_type: str
    of_index: bool = False


@RULES.rule(
    "zarr3-codec-form",
    Force.MUST,
    clause="Each codec is an object with a name and, if any, a configuration that is an object, or "
    "the name alone.",
    repair='write {"name": ..., "configuration": {...}}',
    anchor=f"{ZARR_V3}#extension-definition",
)
def _form(subject: Subject) -> Iterator[Problem]:
    for chain in _chains(subject):
        for pointer, value in chain.odd:
            yield Problem(pointer, f"codec {said(value)} is no name with a configuration")


@RULES.rule(
    "zarr3-short-hand",
    Force.OURS,
    clause="Chunk grid, key encoding and codecs are written as objects: the short form, the name "
    "alone, is newer than most readers, and zarr-python refuses it.",
    repair='write {"name": ...} in place of the name alone',
    anchor=f"{ZARR_V3}#extension-definition",
)
def _short(subject: Subject) -> Iterator[Problem]:
    points = ((f"/{n}", subject.members.get(n)) for n in ("chunk_grid", "chunk_key_encoding"))
    named = [(pointer, value) for pointer, value in points if isinstance(value, str)]
    for chain in _chains(subject):
        named += [(place, codec.name) for place, codec in chain.links if codec.short]
    for pointer, name in named:
        yield Problem(pointer, f"{said(name)} is a short form, which zarr-python refuses")


@RULES.rule(
    "zarr3-codec-order",
    Force.MUST,
    clause="Codecs that change the array come first, then the one that turns it into bytes, then "
    "those that change bytes.",
    repair='put "bytes" (or sharding_indexed) between them, and compressors last',
)
def _order(subject: Subject) -> Iterator[Problem]:
    for chain in _chains(subject):
        kinds = [_KINDS.get(link.codec.name) for link in chain.links]
        known = [kind for kind in kinds if kind is not None]
        number = known.count(_Kind.ARRAY_TO_BYTES)
        unknown = len(kinds) > len(known) or chain.odd
        if number > 1 or (number == 0 and not unknown):
            yield Problem(chain.pointer, f"{number} codecs turn the array into bytes, not one")
        elif known != sorted(known):
            names = ", ".join(link.codec.name for link in chain.links)
            yield Problem(chain.pointer, f"codecs are in no order that can be: {names}")


@RULES.rule(
    "zarr3-codec-registered",
    Force.OURS,
    clause="Codecs are those of the core, or registered, so that readers can be expected to have "
    "them.",
    repair="write the array anew with blosc, zstd or gzip (zarrlift convert --codec)",
    anchor=f"{EXTENSIONS}/tree/main/codecs",
)
def _registered(subject: Subject) -> Iterator[Problem]:
    for chain in _chains(subject):
        for pointer, codec in chain.links:
            if codec.name in _REGISTERED or codec.name in _OF_ANY_KIND:
                continue
            who = "no reader is known for it"
            if codec.name in _KINDS:
                who = "zarr-python reads it, viewers in the browser and tensorstore do not"
            elif codec.name.startswith("imagecodecs_"):
                who = "only zarr-python with the imagecodecs package reads it"
            yield Problem(pointer, f"codec {said(codec.name)} is not registered: {who}")


@RULES.rule(
    "zarr3-endian",
    Force.MUST,
    clause="The codec bytes states the byte order of elements that have more than one byte.",
    repair='add "configuration": {"endian": "little"}, or big where the stored bytes are',
    anchor=f"{_CODECS}/bytes/index.html",
)
def _endian(subject: Subject) -> Iterator[Problem]:
    for chain in _chains(subject):
        for pointer, codec in chain.links:
            if codec.name != "bytes":
                if codec.name != "transpose":
                    break
                continue
            stated = codec.configuration.get("endian")
            if "endian" in codec.configuration and stated not in ("little", "big"):
                told = f'endian is {said(stated)}, neither "little" nor "big"'
                yield Problem(f"{pointer}/configuration/endian", told)
            elif stated is None and chain.data_type in _MULTIBYTE:
                yield Problem(pointer, f"bytes states no endian for {chain.data_type}")
            break


@RULES.rule(
    "zarr3-codec-settings",
    Force.MUST,
    clause="A codec's configuration has the members that the codec requires, within what it "
    "allows.",
    repair="write the settings as the codec's specification has them; chunks need no change",
    anchor=f"{_CODECS}/index.html",
)
def _settings(subject: Subject) -> Iterator[Problem]:
    for chain in _chains(subject):
        for pointer, codec in chain.links:
            for told in _wrong(codec, chain.shape):
                yield Problem(f"{pointer}/configuration", f"{codec.name}: {told}")


def _wrong(codec: Extension, shape: tuple[int, ...] | None) -> Iterator[str]:
    settings = codec.configuration
    if codec.name == "transpose":
        order = lengths(settings.get("order"))
        ndim = len(shape) if shape is not None else len(order or ())
        if order is None or sorted(order) != list(range(ndim)):
            yield f"order {said(settings.get('order'))} is no order of {ndim} axes"
    elif codec.name == "gzip":
        yield from _outside(settings.get("level"), "level", range(10))
    elif codec.name == "zstd":
        yield from _outside(settings.get("level"), "level", range(-131072, 23))
        if not isinstance(settings.get("checksum", False), bool):
            yield f"checksum is {said(settings['checksum'])}, neither true nor false"
    elif codec.name == "blosc":
        yield from _wrong_blosc(codec)


def _wrong_blosc(codec: Extension) -> Iterator[str]:
    settings = codec.configuration
    if settings.get("cname") not in (*SHARED_BLOSC, "snappy"):
        yield f"cname is {said(settings.get('cname'))}"
    yield from _outside(settings.get("clevel"), "clevel", range(10))
    yield from _outside(settings.get("blocksize"), "blocksize", range(2**31))
    if settings.get("shuffle") not in SHUFFLES:
        yield f"shuffle is {said(settings.get('shuffle'))}, not one of {', '.join(SHUFFLES)}"
    elif settings["shuffle"] != "noshuffle" or "typesize" in settings:
        yield from _outside(settings.get("typesize"), "typesize", range(1, 2**31))


def _outside(value: object, name: str, allowed: range) -> Iterator[str]:
    if type(value) is not int or value not in allowed:
        yield f"{name} is {said(value)}" if value is not None else f"{name} is missing"


@RULES.rule(
    "zarr3-shards",
    Force.MUST,
    clause="A shard's chunks divide it evenly along every axis; it states their codecs, those of "
    "its index, and whether the index lies at its start or end.",
    repair="write what the stored shards have; to change chunks or shards, write the array anew",
    anchor=f"{_CODECS}/sharding-indexed/index.html",
)
def _shards(subject: Subject) -> Iterator[Problem]:
    for chain in _chains(subject):
        shape = chain.shape
        for pointer, codec in chain.links:
            if codec.name == SHARDS:
                place = f"{pointer}/configuration"
                for member, told in _wrong_shards(codec, shape):
                    yield Problem(f"{place}/{member}", told)
            shape = _encoded(codec, shape)


def _wrong_shards(codec: Extension, shape: tuple[int, ...] | None) -> Iterator[tuple[str, str]]:
    settings = codec.configuration
    stated = settings.get("chunk_shape")
    inner = lengths(stated, 1)
    if inner is None:
        yield "chunk_shape", f"chunk_shape is {said(stated)}, no list of lengths from 1 on"
    elif shape is not None and len(inner) != len(shape):
        yield "chunk_shape", f"chunks of {len(inner)} axes in shards of {len(shape)}"
    elif shape is not None and any(s % c for s, c in zip(shape, inner, strict=True)):
        told = f"chunks {said(list(inner))} do not divide shards {said(list(shape))} evenly"
        yield "chunk_shape", told
    for name in ("codecs", "index_codecs"):
        if not isinstance(settings.get(name), list):
            yield name, f"{name} of shards is {said(settings.get(name))}, no list"
    if settings.get("index_location", "end") not in ("start", "end"):
        place = said(settings["index_location"])
        yield "index_location", f'index_location is {place}, neither "start" nor "end"'


@RULES.rule(
    "zarr3-shard-index",
    Force.MUST,
    clause="The index of a shard has a length that is known beforehand: it is not compressed.",
    repair="write index_codecs as bytes (little-endian) and crc32c, if the stored index is so",
    anchor=f"{_CODECS}/sharding-indexed/index.html",
)
def _index(subject: Subject) -> Iterator[Problem]:
    for chain in _chains(subject):
        for pointer, codec in chain.links if chain.of_index else ():
            if codec.name in _KINDS and codec.name not in _FIXED:
                yield Problem(pointer, f"{codec.name} in the index of shards has no fixed length")


@RULES.rule(
    "zarr3-shards-wrapped",
    Force.OURS,
    clause="No codec follows shards: it would have to undo whole shards before a chunk is read.",
    repair="move the codec into the shards' own codecs, by writing the array anew",
    anchor=f"{_CODECS}/sharding-indexed/index.html",
)
def _wrapped(subject: Subject) -> Iterator[Problem]:
    for chain in _chains(subject):
        names = [link.codec.name for link in chain.links]
        if SHARDS in names[:-1]:
            after = names[names.index(SHARDS) + 1]
            yield Problem(chain.pointer, f"{after} follows shards, which are then read whole")


def _chains(subject: Subject) -> list[_Codecs]:
    """Give the array's codecs, and those in shards of any depth."""
    return subject.once("codecs", lambda: list(_walked(subject)))


def _walked(subject: Subject) -> Iterator[_Codecs]:
    held = subject.members
    if not isinstance(held.get("codecs"), list):
        return
    grid, kind = extension(held.get("chunk_grid")), extension(held.get("data_type"))
    shape = None
    if grid is not None and grid.name == "regular":
        shape = lengths(grid.configuration.get("chunk_shape"), 1)
    ahead = [_read("/codecs", held["codecs"], shape, kind.name if kind is not None else "")]
    for _ in range(_MOST_CHAINS):
        if not ahead:
            return
        chain = ahead.pop()
        yield chain
        for pointer, codec in chain.links:
            if codec.name == SHARDS:
                ahead += _inner(f"{pointer}/configuration", codec, chain)


def _read(
    pointer: str,
    value: object,
    shape: tuple[int, ...] | None,
    data_type: str,
    *,
    of_index: bool = False,
) -> _Codecs:
    found = [(f"{pointer}/{n}", codec) for n, codec in enumerate(items(value))]
    named = [(place, extension(codec)) for place, codec in found]
    links = [_Link(place, codec) for place, codec in named if codec is not None]
    odd = [(place, codec) for place, codec in found if extension(codec) is None]
    return _Codecs(pointer, links, odd, shape, data_type, of_index)


def _inner(place: str, codec: Extension, chain: _Codecs) -> Iterator[_Codecs]:
    settings = codec.configuration
    if isinstance(settings.get("index_codecs"), list):
        yield _read(
            f"{place}/index_codecs", settings["index_codecs"], None, "uint64", of_index=True
        )
    if isinstance(settings.get("codecs"), list):
        inner = lengths(settings.get("chunk_shape"), 1)
        yield _read(f"{place}/codecs", settings["codecs"], inner, chain.data_type)


def _encoded(codec: Extension, shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Give the shape that a codec leaves; None where that is not known."""
    if codec.name in _SAME_SHAPE:
        return shape
    order = lengths(codec.configuration.get("order"))
    if codec.name != "transpose" or shape is None or order is None:
        return None
    return tuple(shape[n] for n in order) if sorted(order) == list(range(len(shape))) else None
