"""Data types and fill values, from Zarr v2's spelling to Zarr v3's.

Sources: Zarr v3 core specification, "Data types"; the zarr-extensions registry for
`string`, `bytes`, `fixed_length_utf32` and `numpy.datetime64`.
"""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass

from zarrlift.errors import DocumentError

_PLAIN = {
    "b1": ("bool", 1),
    **{f"i{n}": (f"int{8 * n}", n) for n in (1, 2, 4, 8)},
    **{f"u{n}": (f"uint{8 * n}", n) for n in (1, 2, 4, 8)},
    **{f"f{n}": (f"float{8 * n}", n) for n in (2, 4, 8)},
    **{f"c{n}": (f"complex{8 * n}", n) for n in (8, 16)},
}
_VARIABLE = {"vlen-utf8": "string", "vlen-bytes": "bytes"}
_FLOAT_MAX = {"float16": 65504.0, "float32": 3.4028234663852886e38, "float64": math.inf}
_COMPLEX_PART = {"complex64": "float32", "complex128": "float64"}
_TIME = re.compile(r"[mM]8\[((?:[1-9][0-9]{0,8})?)(generic|Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\]")
_TEXT = re.compile(r"[US][1-9][0-9]{0,8}")
"""Text of a fixed length, as long as NumPy takes it."""
_MINUS_ZERO = "-0.0"
"""Stands for the number: as one it would equal 0.0, and so would the layouts that hold it."""
_NOT_A_TIME = -(2**63)

Fill = bool | int | float | str | tuple[float | str, float | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataType:
    """A data type without its byte order."""

    name: str
    """Name in Zarr v3, such as `uint16`."""
    numpy: str
    """NumPy's code without byte order, such as `u2`."""
    itemsize: int
    """Bytes of one element; 0 where elements differ in length."""
    configuration: tuple[tuple[str, int | str], ...] = ()

    @property
    def variable(self) -> bool:
        """Say whether elements differ in length."""
        return self.itemsize == 0

    @property
    def swappable(self) -> bool:
        """Say whether the byte order of an element matters."""
        return self.itemsize > 1 and self.name != "null_terminated_bytes"

    def to_json(self) -> object:
        """Return `data_type` as Zarr v3 writes it."""
        if not self.configuration:
            return self.name
        return {"name": self.name, "configuration": dict(self.configuration)}


def from_v2(code: object) -> tuple[str, DataType]:
    """Read a v2 `dtype`; give its byte order (`<`, `>` or `|`) and type.

    Raises `DocumentError` for a type that no Zarr v3 reader shares.
    """
    if not isinstance(code, str) or len(code) < 3:  # noqa: PLR2004 - shortest is "|b1"
        raise DocumentError(f"data type {code!r} has no Zarr v3 form that readers share")
    order, body = code[0], code[1:]
    if order not in "<>|=":
        raise DocumentError(f"data type {code!r} has no Zarr v3 form that readers share")
    order = "<" if order == "=" else order
    if body in _PLAIN:
        name, size = _PLAIN[body]
        return order, DataType(name=name, numpy=body, itemsize=size)
    return order, _extended(code, body)


def _extended(code: str, body: str) -> DataType:
    time = _TIME.fullmatch(body)
    if time:
        name = "numpy.datetime64" if body[0] == "M" else "numpy.timedelta64"
        settings = (("unit", time[2]), ("scale_factor", int(time[1] or 1)))
        return DataType(name=name, numpy=body, itemsize=8, configuration=settings)
    if _TEXT.fullmatch(body):
        size = int(body[1:]) * (4 if body[0] == "U" else 1)
        name = "fixed_length_utf32" if body[0] == "U" else "null_terminated_bytes"
        return DataType(
            name=name, numpy=body, itemsize=size, configuration=(("length_bytes", size),)
        )
    raise DocumentError(f"data type {code!r} has no Zarr v3 form that readers share")


def variable_from_v2(code: object, filters: tuple[str, ...]) -> DataType | None:
    """Give the variable-length type that `|O` and its one filter stand for, if they do."""
    if code == "|O" and len(filters) == 1 and filters[0] in _VARIABLE:
        return DataType(name=_VARIABLE[filters[0]], numpy="O", itemsize=0)
    return None


def from_v3(data_type: object) -> DataType:
    """Read a v3 `data_type`; raise `DocumentError` for one this program does not know."""
    if isinstance(data_type, str):
        for code, (name, size) in _PLAIN.items():
            if name == data_type:
                return DataType(name=name, numpy=code, itemsize=size)
        if data_type in _VARIABLE.values():
            return DataType(name=data_type, numpy="O", itemsize=0)
    if isinstance(data_type, dict) and isinstance(data_type.get("configuration"), dict):
        named = _from_named(str(data_type.get("name")), data_type["configuration"])
        if named:
            return named
    raise DocumentError(f"data type {data_type!r} is not one this version reads")


def _from_named(name: str, settings: dict[str, object]) -> DataType | None:
    if name in ("numpy.datetime64", "numpy.timedelta64"):
        letter = "M" if name == "numpy.datetime64" else "m"
        factor = settings.get("scale_factor", 1)
        code = f"{letter}8[{factor if factor != 1 else ''}{settings.get('unit')}]"
        return _extended(code, code)
    length = settings.get("length_bytes")
    if isinstance(length, int) and name == "fixed_length_utf32":
        return _extended(name, f"U{length // 4}")
    if isinstance(length, int) and name == "null_terminated_bytes":
        return _extended(name, f"S{length}")
    return None


def zero(data_type: DataType) -> Fill:
    """Give the fill value that stands for v2's undefined (`null`) one."""
    kind = data_type.name
    if kind == "bool":
        return False
    if kind.startswith("complex"):
        return (0.0, 0.0)
    if kind.startswith("float"):
        return 0.0
    if kind in ("numpy.datetime64", "numpy.timedelta64"):
        return _NOT_A_TIME
    if kind.startswith(("int", "uint")):
        return 0
    return ""


def fill_from_v2(value: object, data_type: DataType) -> Fill:
    """Give a v2 `fill_value` in the exact form v3 wants for the data type.

    Raises `DocumentError` where the value does not fit the type.
    """
    if value is None:
        return zero(data_type)
    made = _fill(value, data_type)
    if made is None:
        raise DocumentError(f"fill_value {value!r} does not fit data type {data_type.name}")
    return made


def _fill(value: object, data_type: DataType) -> Fill | None:
    kind = data_type.name
    if kind == "bool":
        return bool(value) if value in (0, 1) else None
    if kind in ("numpy.datetime64", "numpy.timedelta64"):
        return _NOT_A_TIME if value == "NaT" else _integer(value, "int64")
    if kind.startswith(("int", "uint")):
        return _integer(value, kind)
    if kind.startswith("float"):
        return _float(value, kind)
    if kind.startswith("complex"):
        return _complex(value, _COMPLEX_PART[kind])
    if isinstance(value, str):
        return value if kind != "null_terminated_bytes" or _is_base64(value) else None
    return "" if value in (0, False) else None


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _integer(value: object, kind: str) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return int(value) if isinstance(value, bool) else None
    if isinstance(value, float) and not value.is_integer():
        return None
    bits = int(kind.lstrip("uint"))
    low, high = (0, 2**bits) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    return int(value) if low <= value < high else None


def _float(value: object, kind: str) -> float | str | None:
    if isinstance(value, str):
        return value if value in ("NaN", "Infinity", "-Infinity") else None
    if not isinstance(value, int | float):
        return None
    if value != value:  # noqa: PLR0124 - NaN; math.isnan fails on huge integers
        return "NaN"
    if value in (math.inf, -math.inf):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 and math.copysign(1, value) < 0:
        return _MINUS_ZERO
    try:
        return float(value) if abs(value) <= _FLOAT_MAX[kind] else None
    except OverflowError:
        return None


def _complex(value: object, part: str) -> tuple[float | str, float | str] | None:
    pair = value if isinstance(value, list | tuple) else [value, 0.0]
    if len(pair) != 2:  # noqa: PLR2004 - real and imaginary part
        return None
    real, imaginary = _float(pair[0], part), _float(pair[1], part)
    return None if real is None or imaginary is None else (real, imaginary)


def fill_from_v3(value: object, data_type: DataType) -> Fill:
    """Read a v3 `fill_value`; hexadecimal floats are kept as they are written."""
    digits = 2 * data_type.itemsize
    if isinstance(value, str) and data_type.name.startswith("float") and _is_hex(value, digits):
        return value
    made = _fill(value, data_type) if value is not None else None
    if made is None:
        raise DocumentError(f"fill_value {value!r} does not fit data type {data_type.name}")
    return made


def _is_hex(text: str, digits: int) -> bool:
    return re.fullmatch(f"0x[0-9a-fA-F]{{{digits}}}", text) is not None


def fill_to_json(value: Fill, data_type: DataType) -> object:
    """Return a fill value as JSON writes it."""
    if isinstance(value, tuple):
        return [fill_to_json(part, data_type) for part in value]
    number = data_type.name.startswith(("float", "complex"))
    return -0.0 if number and value == _MINUS_ZERO else value
