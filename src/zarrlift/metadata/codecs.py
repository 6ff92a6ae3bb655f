"""Codec chains: how Zarr v2 and v3 spell them, and which of them every v3 reader shares.

A chain is the tuple of codecs of one (inner) chunk in encoding order, as Zarr v3 writes
it: `transpose` where the order is F, then `bytes` (or a `vlen-*` codec), then compressors.
Zarr v2's filters have no shared v3 name; they stand between `bytes` and the compressor with
`v2_only` set, which is also where they act: on the chunk's buffer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.errors import DocumentError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.metadata.datatypes import DataType

Value = bool | int | float | str | None | tuple[int, ...]

SHUFFLES = ("noshuffle", "shuffle", "bitshuffle")
SHARED_BLOSC = ("lz4", "lz4hc", "blosclz", "zstd", "zlib")
SHARED = ("transpose", "bytes", "vlen-utf8", "vlen-bytes", "blosc", "zstd", "gzip", "crc32c")
DECODABLE_V2 = frozenset(
    {"zlib", "lz4", "bz2", "lzma", "delta", "fixedscaleoffset", "quantize", "astype"}
    | {"bitround", "packbits", "shuffle", "crc32", "crc32c", "adler32", "fletcher32"}
    | {"base64", "jenkins_lookup3"}
)
"""v2 codecs that can be decoded safely; `pickle` and its like are never run."""
_ZLIB_DEFAULT_LEVEL = 6
_LARGEST_TYPESIZE = 255
_BLOCKS_END = 2**31


class Frozen(str):
    """A list or object in a codec's configuration, held as JSON text so that it can be hashed."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One codec and its configuration, in Zarr v3's terms unless `v2_only`."""

    name: str
    configuration: tuple[tuple[str, Value], ...] = ()
    v2_only: bool = False

    @property
    def shared(self) -> bool:
        """Say whether v3 readers in general can read what this codec writes."""
        if self.v2_only or self.name not in SHARED:
            return False
        return self.name != "blosc" or self.get("cname") in SHARED_BLOSC

    @property
    def writable(self) -> bool:
        """Say whether the codec has a v3 name, be it one that only some readers know."""
        return self.shared or not (self.v2_only or self.name in SHARED)

    def get(self, key: str) -> Value:
        """Return one member of the configuration, or None."""
        return dict(self.configuration).get(key)

    def to_json(self) -> dict[str, object]:
        """Return the codec as a Zarr v3 document writes it."""
        if not self.configuration:
            return {"name": self.name}
        return {"name": self.name, "configuration": self.thawed()}

    def thawed(self) -> dict[str, object]:
        """Return the configuration as plain JSON values."""
        return {key: _thawed(value) for key, value in self.configuration}

    def __str__(self) -> str:
        """Name and the settings a person would mention, e.g. `blosc:lz4:5:shuffle`."""
        if self.name == "transpose":
            order = self.get("order")
            return "order F" if _reversed(order) else f"order {order}"
        if self.name == "bytes":
            return {"big": "big-endian", "little": "little-endian"}.get(str(self.get("endian")), "")
        keys = ("cname", "clevel", "shuffle", "level")
        words = [str(v) for k in keys if (v := self.get(k)) is not None]
        return ":".join([self.name, *words])


def _reversed(order: object) -> bool:
    return isinstance(order, tuple) and order == tuple(reversed(range(len(order))))


def _thawed(value: Value) -> object:
    if isinstance(value, Frozen):
        return json.loads(value)
    return list(value) if isinstance(value, tuple) else value


Chain = tuple[Codec, ...]


def describe(chain: Chain) -> str:
    """Name a chain in words: byte order only where unusual, compressor or `uncompressed`."""
    words = [str(c) for c in chain if c.name != "bytes" or c.get("endian") == "big"]
    if chain and chain[-1].name in ("bytes", "transpose"):
        words.append("uncompressed")
    return ", ".join(words)


def all_shared(chain: Chain) -> bool:
    """Say whether every codec of the chain is shared by v3 readers."""
    return all(c.shared for c in chain)


def transpose(order: tuple[int, ...]) -> Codec:
    """Give the codec that puts axes into another order; v2's `order: "F"` is them reversed."""
    return Codec(name="transpose", configuration=(("order", order),))


def serializer(data_type: DataType, byte_order: str) -> Codec:
    """Give the array-to-bytes codec for a type; `byte_order` is `<`, `>` or `|`."""
    if data_type.variable:
        return Codec(name="vlen-utf8" if data_type.name == "string" else "vlen-bytes")
    if not data_type.swappable:
        return Codec(name="bytes")
    return Codec(
        name="bytes", configuration=(("endian", "big" if byte_order == ">" else "little"),)
    )


def blosc(cname: str, clevel: int, shuffle: str, itemsize: int, blocksize: int = 0) -> Codec:
    """Give a blosc codec with `typesize` stated."""
    typesize = itemsize if 0 < itemsize <= _LARGEST_TYPESIZE else 1
    return Codec(
        name="blosc",
        configuration=(
            ("typesize", typesize),
            ("cname", cname),
            ("clevel", clevel),
            ("shuffle", shuffle),
            ("blocksize", blocksize),
        ),
    )


def auto_shuffle(itemsize: int) -> str:
    """Resolve blosc's automatic shuffle as numcodecs does: by bits for one-byte elements."""
    return "bitshuffle" if itemsize <= 1 else "shuffle"


def gzip(level: int) -> Codec:
    """Give a gzip codec; -1, which v3 does not allow, becomes zlib's own default of 6."""
    level = _ZLIB_DEFAULT_LEVEL if level < 0 else min(level, 9)
    return Codec(name="gzip", configuration=(("level", level),))


def zstd(level: int, *, checksum: bool) -> Codec:
    """Give a zstd codec; levels are clamped to what the registered codec allows."""
    level = max(-131072, min(level, 22))
    return Codec(name="zstd", configuration=(("level", level), ("checksum", checksum)))


def from_v2(config: Mapping[str, object], itemsize: int) -> Codec:
    """Read one v2 compressor or filter; `itemsize` is that of what reaches it.

    Raises `DocumentError` for an id that is unknown or unsafe to run.
    """
    name = config.get("id")
    if name == "blosc":
        return _blosc_from_v2(config, itemsize)
    if name == "zstd":
        return zstd(_level(config, 0), checksum=bool(config.get("checksum", False)))
    if name == "gzip":
        return gzip(_level(config, 1))
    if name in ("vlen-utf8", "vlen-bytes"):
        return Codec(name=str(name))
    if not isinstance(name, str) or name not in DECODABLE_V2:
        raise DocumentError(
            f"codec {name!r} is unknown",
            hint="leave the array out with --exclude, or rewrite it with a known codec first",
        )
    members = tuple((key, _frozen(value)) for key, value in config.items() if key != "id")
    return Codec(name=name, configuration=members, v2_only=True)


def _frozen(value: object) -> Value:
    if isinstance(value, bool | int | float | str | None):
        return value
    if isinstance(value, list) and all(type(v) is int for v in value):
        return tuple(value)
    return Frozen(json.dumps(value))


def _level(config: Mapping[str, object], default: int) -> int:
    level = config.get("level", default)
    if not isinstance(level, int):
        raise DocumentError(f"codec {config.get('id')!r} has a level that is no integer: {level!r}")
    return level


def _blosc_from_v2(config: Mapping[str, object], itemsize: int) -> Codec:
    shuffle = config.get("shuffle", 1)
    if shuffle == -1:
        shuffle = 2 if itemsize == 1 else 1
    clevel, blocksize = config.get("clevel", 5), config.get("blocksize", 0)
    if shuffle not in (0, 1, 2) or not isinstance(clevel, int) or not isinstance(blocksize, int):
        raise DocumentError(f"blosc settings are not valid: {dict(config)!r}")
    cname = str(config.get("cname", "lz4"))
    if cname not in (*SHARED_BLOSC, "snappy"):
        raise DocumentError(f"blosc compressor {cname!r} is unknown")
    clevel, blocksize = max(0, min(clevel, 9)), blocksize if 0 <= blocksize < _BLOCKS_END else 0
    return blosc(cname, clevel, SHUFFLES[int(shuffle)], itemsize, blocksize)


def from_v3(document: object) -> Codec:
    """Read one v3 codec, in full or short-hand form."""
    if isinstance(document, str):
        return Codec(name=document)
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        raise DocumentError(f"codec {document!r} has no name")
    settings = document.get("configuration") or {}
    alias = document["name"].removeprefix("numcodecs.")
    if alias != document["name"] and alias in DECODABLE_V2:
        return from_v2({**settings, "id": alias}, 1)
    order = ("typesize", "cname", "clevel", "shuffle", "blocksize")
    keys = [k for k in order if k in settings] + [k for k in settings if k not in order]
    members = tuple((k, _frozen(settings[k])) for k in keys)
    return Codec(name=document["name"], configuration=members)


def parse(text: str, itemsize: int) -> Codec | None:
    """Read a codec as users write it, e.g. `blosc:zstd:5:shuffle`; None means uncompressed."""
    name, *words = text.split(":")
    try:
        if name == "none" and not words:
            return None
        if name == "zstd" and len(words) <= 1:
            return zstd(_within(words, 3, range(-131072, 23)), checksum=False)
        if name == "gzip" and len(words) <= 1:
            return gzip(_within(words, 5, range(10)))
        if name == "blosc" and 1 <= len(words) <= 3:  # noqa: PLR2004 - cname, level, shuffle
            return _parse_blosc(words, itemsize)
    except ValueError:
        pass
    raise UsageError(
        f"codec {text!r} is not understood",
        hint="keep, none, zstd[:level], gzip[:level] or blosc:zstd[:level[:shuffle]]; levels of "
        "gzip and blosc are 0 to 9, of zstd up to 22",
    )


def _within(words: list[str], default: int, allowed: range) -> int:
    level = int(words[0]) if words else default
    if level not in allowed:
        raise ValueError(level)
    return level


def _parse_blosc(words: list[str], itemsize: int) -> Codec:
    cname, level, shuffle = [*words, *("", "5", "")[len(words) :]]
    shuffle = shuffle or auto_shuffle(itemsize)
    if cname not in SHARED_BLOSC or shuffle not in SHUFFLES or not 0 <= int(level) <= 9:  # noqa: PLR2004
        raise ValueError(shuffle)
    return blosc(cname, int(level), shuffle, itemsize)
