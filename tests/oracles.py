"""Independent readers: what a v2 array held, what other libraries see in the v3 one.

`source_values` decodes v2 arrays by numpy and numcodecs alone; zarr-python and tensorstore read
the v3 ones. None of them shares code with the converter.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import tensorstore
import zarr
from numcodecs.compat import ensure_ndarray_like
from numcodecs.registry import get_codec

Json: TypeAlias = Mapping[str, object]
Values: TypeAlias = npt.NDArray[Any]
Index: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """A library that reads v3 arrays, and the data types in sound documents that it can't open."""

    name: str
    read: Callable[[Path], Values]
    cannot: frozenset[str]


def source_values(folder: Path) -> Values:
    """Decode a v2 array; a missing chunk is the fill value, and a null fill value is zero."""
    document = cast("Json", json.loads((folder / ".zarray").read_text(encoding="utf-8")))
    dtype = _dtype(document["dtype"])
    shape = tuple(cast("Sequence[int]", document["shape"]))
    chunks = tuple(cast("Sequence[int]", document["chunks"]))
    values = np.full(shape, _fill(document, dtype), dtype)
    separator = _separator(folder, document)
    for index in np.ndindex(*(-(-n // c) for n, c in zip(shape, chunks, strict=True))):
        path = folder / (separator.join(map(str, index)) or "0")
        if path.is_file():
            flat = _decode(path.read_bytes(), document, dtype)
            chunk = flat.reshape(chunks, order=cast("Any", document["order"]))
            region = tuple(slice(i * c, (i + 1) * c) for i, c in zip(index, chunks, strict=True))
            inside = values[region].shape
            values[region] = chunk[tuple(slice(0, n) for n in inside)]
    return values


def zarr_values(path: Path) -> Values:
    """Read a v3 array by zarr-python; text and bytes of any length come as objects."""
    array = zarr.open_array(store=str(path), mode="r", zarr_format=3)
    values = np.asarray(array[...])
    return values.astype(object) if values.dtype.kind == "T" else values


def tensorstore_values(path: Path) -> Values:
    """Read a v3 array by tensorstore's own driver."""
    kvstore = {"driver": "file", "path": f"{path}/"}
    opened = tensorstore.open({"driver": "zarr3", "kvstore": kvstore}, open=True, read=True)
    return np.asarray(opened.result().read().result())


TENSORSTORE_CANNOT = frozenset(
    {
        "bytes",
        "fixed_length_utf32",
        "null_terminated_bytes",
        "numpy.datetime64",
        "numpy.timedelta64",
        "raw_bytes",
        "string",
        "struct",
        "structured",
        "variable_length_bytes",
    }
)
"""Text, bytes and times it does not know; fields it opens singly, raw bytes as another axis."""

ZARR_PYTHON_CANNOT = frozenset({"struct"})
"""Its releases for Python 3.11 know fields only under an older name."""

READERS: tuple[Reader, ...] = (
    Reader("zarr-python", zarr_values, ZARR_PYTHON_CANNOT),
    Reader("tensorstore", tensorstore_values, TENSORSTORE_CANNOT),
)


def v3_data_type(path: Path) -> str:
    """Give the name of a v3 array's data type."""
    declared = json.loads((path / "zarr.json").read_text(encoding="utf-8"))["data_type"]
    return str(declared["name"] if isinstance(declared, dict) else declared)


def assert_same_voxels(source: Path, target: Path) -> None:
    """Assert that every reader sees in a v3 array what the v2 one held, bit for bit."""
    expected = source_values(source)
    readers = [r for r in READERS if v3_data_type(target) not in r.cannot]
    for reader in readers:
        difference = first_difference(expected, reader.read(target))
        assert difference is None, f"{target}: {reader.name}: {difference}"


def first_difference(expected: Values, found: Values) -> str | None:
    """Say where two arrays differ: shape, kind or size of the type, or the bits of a value.

    Byte order is no difference; the payload of a NaN and the sign of a zero are.
    """
    if expected.shape != found.shape:
        return f"shape {found.shape}, not {expected.shape}"
    if (expected.dtype.kind, expected.dtype.itemsize) != (found.dtype.kind, found.dtype.itemsize):
        return f"data type {found.dtype}, not {expected.dtype}"
    compare = np.not_equal if expected.dtype.hasobject else _bits_differ
    differs = compare(expected.reshape(-1), found.reshape(-1))
    if not differs.any():
        return None
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(differs)), expected.shape))
    return f"{found[index]!r} at {index}, not {expected[index]!r}"


def every_array(root: Path) -> Iterator[str]:
    """Give the path of each array below a folder, of either format, in order."""
    documents = sorted([*root.rglob(".zarray"), *root.rglob("zarr.json")])
    for document in documents:
        if document.name == ".zarray" or _node_type(document) == "array":
            yield document.parent.relative_to(root).as_posix()


def every_group(root: Path) -> Iterator[str]:
    """Give the path of each group at or below a folder, of either format, in order."""
    documents = sorted([*root.rglob(".zgroup"), *root.rglob("zarr.json")])
    for document in documents:
        if document.name == ".zgroup" or _node_type(document) == "group":
            yield document.parent.relative_to(root).as_posix()


def _node_type(document: Path) -> str:
    """Give what a v3 document describes."""
    return str(json.loads(document.read_text(encoding="utf-8"))["node_type"])


def _dtype(declared: object) -> np.dtype[Any]:
    """Give the data type that a `.zarray` declares, fields as lists included."""
    if isinstance(declared, str):
        return np.dtype(declared)
    return np.dtype([tuple(field) for field in cast("Sequence[Sequence[Any]]", declared)])


def _fill(document: Json, dtype: np.dtype[Any]) -> object:
    """Give what missing chunks hold."""
    value = cast("Any", document["fill_value"])
    if dtype.kind == "O":
        return _empty_object(document) if value in {0, None} else value
    if value is None:
        return np.zeros((), dtype)[()]
    if dtype.kind in "SV":
        raw = base64.b64decode(value)
        return np.frombuffer(raw.ljust(dtype.itemsize, b"\0"), dtype)[0]
    if dtype.kind == "c" and isinstance(value, list):
        return dtype.type(complex(float(value[0]), float(value[1])))
    return np.array(float(value) if dtype.kind == "f" else value).astype(dtype)[()]


def _empty_object(document: Json) -> str | bytes:
    """Give the empty value of variable-length text or bytes."""
    filters = cast("Sequence[Json]", document["filters"])
    return b"" if filters[-1]["id"] == "vlen-bytes" else ""


def _separator(folder: Path, document: Json) -> str:
    """Give the separator that the keys prove, or else the declared one."""
    axes = len(cast("Sequence[int]", document["shape"]))
    if axes < 2:
        return "."
    declared = str(document.get("dimension_separator", "."))
    flat = any(_is_index(path.name.split("."), axes) for path in folder.iterdir())
    nested = any(
        _is_index(path.relative_to(folder).parts, axes)
        for path in folder.glob("/".join("*" * axes))
    )
    return declared if flat == nested else "." if flat else "/"


def _is_index(parts: Sequence[str], axes: int) -> bool:
    """Tell whether the parts of a key are an index of that many axes."""
    return len(parts) == axes and all(part.isdecimal() for part in parts)


def _decode(raw: bytes, document: Json, dtype: np.dtype[Any]) -> Values:
    """Decode a chunk to its values in storage order."""
    decoded: object = raw
    compressor = cast("Json | None", document["compressor"])
    if compressor is not None:
        if compressor["id"] == "blosc" and _is_cut_short(raw):
            raise ValueError("the blosc frame is cut short; numcodecs would read past its end")
        decoded = get_codec(dict(compressor)).decode(raw)
    for config in reversed(cast("Sequence[Json]", document["filters"] or ())):
        decoded = get_codec(dict(config)).decode(decoded)
    flat = cast("Values", ensure_ndarray_like(decoded)).reshape(-1, order="A")
    if dtype.kind == "O":
        return flat
    if dtype.kind == "b":
        return np.frombuffer(flat.tobytes(), "u1").astype(bool)
    return np.frombuffer(flat.tobytes(), dtype)


def _is_cut_short(frame: bytes) -> bool:
    """Tell whether a blosc frame lacks part of its header, or of what the header announces."""
    announced: int = struct.unpack_from("<I", frame, 12)[0] if len(frame) >= 16 else 16
    return len(frame) < announced


def _bits_differ(expected: Values, found: Values) -> npt.NDArray[np.bool_]:
    """Tell which values differ in any bit, once both are little-endian."""
    rows = [
        np.frombuffer(values.astype(values.dtype.newbyteorder("<")).tobytes(), "u1")
        for values in (expected, found)
    ]
    differ = (rows[0] != rows[1]).reshape(expected.size, expected.dtype.itemsize)
    return cast("npt.NDArray[np.bool_]", differ.any(axis=1))
