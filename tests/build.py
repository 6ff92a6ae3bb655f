"""Builders of Zarr v2 arrays and groups, byte by byte, with numpy and numcodecs only.

No Zarr library takes part, so that files no library would write can be built as well.
`build_ome` makes OME-Zarr images, labels, plates and collections of these.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict, cast

import numcodecs.blosc
import numpy as np
import numpy.typing as npt
from numcodecs.compat import ensure_bytes
from numcodecs.registry import get_codec

Json: TypeAlias = Mapping[str, object]
Values: TypeAlias = npt.NDArray[Any]
Index: TypeAlias = tuple[int, ...]

BLOSC: Json = {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}
"""The compressor that most OME-Zarr 0.4 data has."""

GZIP_SECONDS = 1_600_000_000
"""The modification time in every gzip header, in place of the clock's."""

numcodecs.blosc.use_threads = False


class Storage(TypedDict, total=False):
    """The keywords of `write_array` that say how values are stored, for builders to pass on."""

    chunks: Sequence[int]
    dtype: str | None
    order: Literal["C", "F"]
    compressor: Json | None
    filters: Sequence[Json] | None
    fill_value: object
    separator: str
    declare_separator: bool | str
    missing: Collection[Index] | Literal["empty", "all"]
    stale: Iterable[Index]
    members: Json | None
    extra: Mapping[str, bytes] | None
    encode: Callable[[bytes], bytes] | None


def write_json(path: Path, document: Json) -> Path:
    """Write a document as zarr-python 2 lays it out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=4), encoding="utf-8")
    return path


def read_json(path: Path) -> dict[str, object]:
    """Read a document back."""
    return cast("dict[str, object]", json.loads(path.read_text(encoding="utf-8")))


def write_group(folder: Path, attributes: Json | None = None) -> Path:
    """Write a v2 group; without `attributes` it has no `.zattrs`."""
    write_json(folder / ".zgroup", {"zarr_format": 2})
    if attributes is not None:
        write_json(folder / ".zattrs", attributes)
    return folder


def write_array(
    folder: Path,
    data: Values,
    *,
    chunks: Sequence[int],
    dtype: str | None = None,
    order: Literal["C", "F"] = "C",
    compressor: Json | None = BLOSC,
    filters: Sequence[Json] | None = None,
    fill_value: object = 0,
    separator: str = "/",
    declare_separator: bool | str = True,
    missing: Collection[Index] | Literal["empty", "all"] = (),
    stale: Iterable[Index] = (),
    attributes: Json | None = None,
    members: Json | None = None,
    extra: Mapping[str, bytes] | None = None,
    encode: Callable[[bytes], bytes] | None = None,
) -> Path:
    """Write a v2 array.

    `dtype` is the document's text, the data's own where not given. `declare_separator` is what
    the document says (`True`: the truth, `False`: nothing) whatever `separator` the keys have.
    `missing` chunks are left out: the named ones, the "empty" ones (all fill) or "all".
    `stale` chunks lie outside the shape. `members` are added to the `.zarray`, or replace what
    it has. `extra` are further files by relative path. `encode` makes each chunk's bytes out of
    its raw ones where numcodecs has no encoder for them.
    """
    declared = separator if declare_separator is True else declare_separator
    document: dict[str, object] = {
        "zarr_format": 2,
        "shape": list(data.shape),
        "chunks": list(chunks),
        "dtype": dtype or (data.dtype.descr if data.dtype.names else data.dtype.str),
        "compressor": compressor,
        "fill_value": fill_json(fill_value),
        "order": order,
        "filters": None if filters is None else list(filters),
        **({"dimension_separator": declared} if declared else {}),
    }
    write_json(folder / ".zarray", {**document, **(members or {})})
    if attributes is not None:
        write_json(folder / ".zattrs", attributes)
    for index, chunk in _chunks(data, document, fill_value, missing, stale):
        write_file(folder / chunk_key(index, separator), encode_chunk(chunk, document, encode))
    for name, content in (extra or {}).items():
        write_file(folder / name, content)
    return folder


def write_file(path: Path, content: bytes) -> Path:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def chunk_key(index: Index, separator: str) -> str:
    """Name a chunk; the only chunk of an array without axes is `0`."""
    return separator.join(map(str, index)) or "0"


def encode_chunk(
    chunk: Values, document: Json, encode: Callable[[bytes], bytes] | None = None
) -> bytes:
    """Encode one chunk as a `.zarray` document says: order; `encode` or filters, compressor."""
    flat = chunk.reshape(-1, order=cast("Literal['C', 'F']", document["order"]))
    if encode is not None:
        return encode(flat.tobytes())
    encoded: object = flat
    for config in cast("Sequence[Json] | None", document["filters"]) or ():
        encoded = get_codec(dict(config)).encode(encoded)
    compressor = cast("Json | None", document["compressor"])
    if compressor is None:
        return bytes(ensure_bytes(encoded))
    compressed = bytes(ensure_bytes(get_codec(dict(compressor)).encode(encoded)))
    return _with_fixed_time(compressed) if compressor["id"] == "gzip" else compressed


def fill_json(value: object) -> object:
    """Give a fill value's JSON form in v2: names for odd floats, pairs for complex, base64."""
    if isinstance(value, complex | np.complexfloating):
        return [fill_json(value.real), fill_json(value.imag)]
    if isinstance(value, np.generic):
        return fill_json(value.item())
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def parse_dtype(declared: object) -> np.dtype[Any]:
    """Give the data type that a document's `dtype` member means."""
    if isinstance(declared, str):
        return np.dtype(declared)
    return np.dtype([tuple(field) for field in cast("Sequence[Sequence[Any]]", declared)])


def sample(shape: Index, dtype: str, seed: int = 0) -> Values:
    """Give seeded values that compress somewhat and use the whole of the type's bytes."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    ramp = np.arange(math.prod(shape)).reshape(shape)
    if kind.kind == "b":
        return (rng.random(shape) > 0.6).astype(kind)
    if kind.kind in "iu":
        step = max(int(np.iinfo(kind).max) // (8 * (ramp.size + 1)), 1)
        noisy = ramp * step + rng.integers(0, step + 1, shape)
        return np.asarray(noisy - (ramp.size // 2 * step if kind.kind == "i" else 0)).astype(kind)
    if kind.kind == "c":
        return (rng.normal(size=shape) + 1j * np.sin(ramp)).astype(kind)
    return np.round(np.sin(ramp / 7) * 100 + rng.normal(size=shape), 2).astype(kind)


def _with_fixed_time(member: bytes) -> bytes:
    """Replace the time in a gzip header, so that two runs write the same bytes."""
    return member[:4] + GZIP_SECONDS.to_bytes(4, "little") + member[8:]


def _chunks(
    data: Values,
    document: Json,
    fill_value: object,
    missing: Collection[Index] | Literal["empty", "all"],
    stale: Iterable[Index],
) -> Iterator[tuple[Index, Values]]:
    """Give the chunks to write, edge chunks padded with the fill value."""
    if missing == "all":
        return
    dtype = parse_dtype(document["dtype"])
    shape = tuple(cast("Sequence[int]", document["chunks"]))
    blank = np.full(shape, 0 if fill_value is None else fill_value).astype(dtype)
    for index in np.ndindex(*(-(-n // c) for n, c in zip(data.shape, shape, strict=True))):
        starts = tuple(i * c for i, c in zip(index, shape, strict=True))
        part = data[tuple(slice(s, s + c) for s, c in zip(starts, shape, strict=True))]
        chunk = blank.copy()
        chunk[tuple(slice(0, n) for n in part.shape)] = part
        if not _is_missing(index, chunk, blank, missing):
            yield index, chunk
    for index in stale:
        yield index, np.ones(shape, dtype)


def _is_missing(
    index: Index, chunk: Values, blank: Values, missing: Collection[Index] | str
) -> bool:
    """Tell whether a chunk is to be left out."""
    if missing == "empty":
        return chunk.tobytes() == blank.tobytes()
    return index in missing
