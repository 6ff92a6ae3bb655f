"""Zarr v3 arrays written by hand, in forms that no library of ours writes."""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import google_crc32c
import numpy as np
from numcodecs.registry import get_codec

from tests.build import Index, Json, Values, chunk_key, write_file, write_json

LITTLE: Json = {"name": "bytes", "configuration": {"endian": "little"}}
BIG: Json = {"name": "bytes", "configuration": {"endian": "big"}}
CRC: Json = {"name": "crc32c"}
ABSENT = 2**64 - 1


def blosc(typesize: int, cname: str = "lz4") -> Json:
    """Give a blosc codec in v3's words."""
    settings = {"typesize": typesize, "cname": cname, "clevel": 5, "shuffle": "shuffle"}
    return {"name": "blosc", "configuration": {**settings, "blocksize": 0}}


GZIP: Json = {"name": "gzip", "configuration": {"level": 1}}
ZSTD: Json = {"name": "zstd", "configuration": {"level": 1, "checksum": False}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a v3 array is stored."""

    chunks: Index
    """Of the inner chunk, in the order of the array's axes."""
    shards: Index | None = None
    codecs: Sequence[Json] = (LITTLE,)
    """Of the inner chunk."""
    at_start: bool = False
    checksum: bool = True
    before: Index | None = None
    """Order of axes of a transpose before the shard."""
    reverse: bool = False
    """Chunks lie in the shard last first."""
    gap: int = 0
    """Bytes of rubbish between chunks."""
    missing: Collection[Index] = ()
    """Inner chunks that are left out."""
    separator: str = "/"
    keys: str = "default"


def write_v3_group(folder: Path, attributes: Json | None = None, **members: object) -> Path:
    """Write a v3 group; `members` stand beside its attributes."""
    document = {"zarr_format": 3, "node_type": "group", "attributes": attributes or {}}
    write_json(folder / "zarr.json", {**document, **members})
    return folder


def write_v3_array(
    folder: Path, data: Values, form: Form, *, fill: object = 0, **members: object
) -> Path:
    """Write a v3 array; `members` are added to its document, or replace what it has."""
    stored = form.shards or form.chunks
    configuration = {"separator": form.separator}
    document = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(data.shape),
        "data_type": data.dtype.newbyteorder("=").name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(stored)}},
        "chunk_key_encoding": {"name": form.keys, "configuration": configuration},
        "fill_value": fill,
        "codecs": document_codecs(form),
        "attributes": {},
        **members,
    }
    write_json(folder / "zarr.json", document)
    for index in np.ndindex(*_grid(data.shape, stored)):
        made = _object(data, form, index, fill)
        if made is not None:
            write_file(folder / _key(form, index), made)
    return folder


def document_codecs(form: Form) -> list[Json]:
    """Give the codecs as the document has them."""
    if form.shards is None:
        return list(form.codecs)
    order = form.before
    inner = [form.chunks[a] for a in order] if order else list(form.chunks)
    shard: Json = {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": inner,
            "codecs": list(form.codecs),
            "index_codecs": [LITTLE, CRC] if form.checksum else [LITTLE],
            "index_location": "start" if form.at_start else "end",
        },
    }
    turned: Json = {"name": "transpose", "configuration": {"order": list(order or ())}}
    return [turned, shard] if order else [shard]


def _grid(shape: Index, chunks: Index) -> Index:
    return tuple(-(-s // c) for s, c in zip(shape, chunks, strict=True))


def _key(form: Form, index: Index) -> str:
    if form.keys == "v2":
        return chunk_key(index, form.separator)
    return form.separator.join(["c", *map(str, index)])


def _object(data: Values, form: Form, index: Index, fill: object) -> bytes | None:
    if form.shards is None:
        missing = index in form.missing
        return None if missing else encoded(_cut(data, form.chunks, index, fill), form.codecs)
    return _shard(data, form, index, fill)


def _shard(data: Values, form: Form, index: Index, fill: object) -> bytes | None:
    """Write one shard: chunks numbered in the order of axes that the shard sees."""
    shards = cast("Index", form.shards)
    order = form.before or tuple(range(data.ndim))
    per = tuple(s // c for s, c in zip(shards, form.chunks, strict=True))
    made: dict[int, bytes] = {}
    for number, turned in enumerate(np.ndindex(*[per[a] for a in order])):
        local = tuple(turned[order.index(a)] for a in range(data.ndim))
        cell = tuple(i * p + n for i, p, n in zip(index, per, local, strict=True))
        if cell in form.missing or any(
            c >= g for c, g in zip(cell, _grid(data.shape, form.chunks), strict=True)
        ):
            continue
        chunk = _cut(data, form.chunks, cell, fill)
        made[number] = encoded(np.transpose(chunk, order), form.codecs)
    return _packed(made, int(np.prod(per)), form) if made else None


def _packed(made: Mapping[int, bytes], slots: int, form: Form) -> bytes:
    index_bytes = 16 * slots + (4 if form.checksum else 0)
    at, body = (index_bytes if form.at_start else 0), b""
    entries = [ABSENT] * (2 * slots)
    for number in sorted(made, reverse=form.reverse):
        body += b"\xee" * form.gap
        entries[2 * number] = at + len(body)
        entries[2 * number + 1] = len(made[number])
        body += made[number]
    index = struct.pack(f"<{2 * slots}Q", *entries)
    index += struct.pack("<I", int(google_crc32c.value(index))) if form.checksum else b""
    return index + body if form.at_start else body + index


def _cut(data: Values, chunks: Index, index: Index, fill: object) -> Values:
    made = np.full(chunks, fill, data.dtype)
    part = data[tuple(slice(i * c, (i + 1) * c) for i, c in zip(index, chunks, strict=True))]
    made[tuple(slice(0, n) for n in part.shape)] = part
    return made


def encoded(chunk: Values, codecs: Sequence[Json | str]) -> bytes:
    """Encode a chunk by v3's codecs."""
    buffer: object = chunk
    for codec in codecs:
        name = codec if isinstance(codec, str) else str(codec["name"])
        settings = (
            {} if isinstance(codec, str) else dict(cast("Json", codec.get("configuration", {})))
        )
        if name == "transpose":
            buffer = np.transpose(cast("Values", buffer), cast("Index", settings["order"]))
        elif name == "bytes":
            array = cast("Values", buffer)
            endian: Literal["<", ">"] = ">" if settings.get("endian") == "big" else "<"
            buffer = np.ascontiguousarray(array).astype(array.dtype.newbyteorder(endian))
        elif name == "crc32c":
            data = _bytes(buffer)
            buffer = data + struct.pack("<I", int(google_crc32c.value(data)))
        elif name == "blosc":
            del settings["typesize"]
            shuffle = ("noshuffle", "shuffle", "bitshuffle").index(str(settings["shuffle"]))
            buffer = get_codec({**settings, "id": "blosc", "shuffle": shuffle}).encode(buffer)
        else:
            alias = name.removeprefix("numcodecs.")
            buffer = get_codec({**settings, "id": alias}).encode(_flat(buffer, alias))
    return _bytes(buffer)


def _flat(buffer: object, name: str) -> object:
    return np.asarray(buffer).reshape(-1) if name == "delta" else _bytes(buffer)


def _bytes(buffer: object) -> bytes:
    return buffer if isinstance(buffer, bytes) else np.ascontiguousarray(buffer).tobytes()
