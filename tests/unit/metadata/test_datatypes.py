"""Data types and fill values from v2's spelling to v3's exact one."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.layouts import FILLS, bounded
from zarrlift.errors import DocumentError
from zarrlift.metadata import datatypes
from zarrlift.metadata.datatypes import DataType

NAT = -(2**63)


def type_of(code: str) -> DataType:
    """Give the type that a v2 `dtype` means."""
    return datatypes.from_v2(code)[1]


def fill_json(value: object, code: str) -> object:
    """Give the v3 JSON of a v2 fill value."""
    data_type = type_of(code)
    return datatypes.fill_to_json(datatypes.fill_from_v2(value, data_type), data_type)


def named(name: str, **settings: object) -> dict[str, object]:
    """Give the v3 form of a type with settings."""
    return {"name": name, "configuration": settings}


TYPES: list[tuple[str, object]] = [
    ("|b1", "bool"),
    ("|i1", "int8"),
    ("<i2", "int16"),
    (">i4", "int32"),
    ("<i8", "int64"),
    ("|u1", "uint8"),
    (">u2", "uint16"),
    ("<u4", "uint32"),
    (">u8", "uint64"),
    ("<f2", "float16"),
    (">f4", "float32"),
    ("<f8", "float64"),
    (">c8", "complex64"),
    ("<c16", "complex128"),
    ("<M8[ns]", named("numpy.datetime64", unit="ns", scale_factor=1)),
    (">M8[D]", named("numpy.datetime64", unit="D", scale_factor=1)),
    ("<m8[10s]", named("numpy.timedelta64", unit="s", scale_factor=10)),
    ("|S5", named("null_terminated_bytes", length_bytes=5)),
    ("<U7", named("fixed_length_utf32", length_bytes=28)),
]


@pytest.mark.parametrize(("code", "expected"), TYPES)
def test_v2_type_becomes_v3(code: str, expected: object) -> None:
    """Every v2 type that v3 has is written under v3's name."""
    order, made = datatypes.from_v2(code)

    assert made.to_json() == expected
    assert order == code[0]
    assert datatypes.from_v3(expected) == made


@pytest.mark.parametrize("code", [code for code, _ in TYPES])
def test_numpy_code_and_size_are_numpys(code: str) -> None:
    """The NumPy code means the same type as the v2 one, and elements have its size."""
    made = type_of(code)

    assert np.dtype(code[0] + made.numpy) == np.dtype(code)
    assert made.itemsize == np.dtype(code).itemsize
    assert not made.variable


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("|b1", False),
        ("|u1", False),
        ("|S5", False),
        ("<u2", True),
        ("<U1", True),
        ("<M8[s]", True),
    ],
)
def test_byte_order_matters_for_larger_elements(code: str, expected: bool) -> None:
    """Bytes, bools and byte strings have no byte order; all else does."""
    assert type_of(code).swappable is expected


def test_native_order_is_little() -> None:
    """`=` is the order of the machines that wrote such files."""
    assert datatypes.from_v2("=u2")[0] == "<"


@pytest.mark.parametrize(
    "code",
    [
        *("|O", "|V6", "<f16", "<c32", "<u3", "u2", "", "|S0", "<M8[ns/2]", "<M8", "uint16"),
        *("xu2", "xM8[s]", "xU7", "?S3"),
        *(None, 2, [["a", "<u2"]], {"name": "uint16"}),
    ],
    ids=str,
)
def test_types_without_a_v3_form_are_refused(code: object) -> None:
    """Structured, raw, object and unknown types are refused, and so is an unknown byte order."""
    with pytest.raises(DocumentError, match="has no Zarr v3 form") as caught:
        datatypes.from_v2(code)

    assert repr(code) in caught.value.message


@pytest.mark.parametrize(
    "document",
    [
        "uint3",
        "r48",
        None,
        {},
        {"name": "uint16"},
        named("struct", fields=[]),
        named("numpy.datetime64"),
    ],
    ids=str,
)
def test_v3_types_that_are_not_known_are_refused(document: object) -> None:
    """A v3 type that this program never writes is not read as another."""
    with pytest.raises(DocumentError):
        datatypes.from_v3(document)


@pytest.mark.parametrize(
    ("code", "filters", "expected"),
    [
        ("|O", ("vlen-utf8",), "string"),
        ("|O", ("vlen-bytes",), "bytes"),
        ("|O", (), None),
        ("|O", ("pickle",), None),
        ("|O", ("vlen-utf8", "delta"), None),
        ("<u2", ("vlen-utf8",), None),
    ],
)
def test_object_arrays_need_their_one_filter(
    code: str, filters: tuple[str, ...], expected: str | None
) -> None:
    """`|O` means text or bytes where its one filter says so, and nothing otherwise."""
    made = datatypes.variable_from_v2(code, filters)

    assert (made.name if made else None) == expected
    assert made is None or (made.variable and datatypes.from_v3(expected) == made)


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("|b1", False, False),
        ("|b1", 1, True),
        ("|b1", 0.0, False),
        ("|u1", 255, 255),
        ("<u2", 7.0, 7),
        ("<u2", True, 1),
        ("<i8", -(2**63), -(2**63)),
        ("<u8", 2**64 - 1, 2**64 - 1),
        ("<f4", 0, 0.0),
        ("<f4", 0.1, 0.1),
        ("<f4", 3.4028234663852886e38, 3.4028234663852886e38),
        ("<f2", 65504, 65504.0),
        ("<f8", "NaN", "NaN"),
        ("<f8", math.nan, "NaN"),
        ("<f8", "Infinity", "Infinity"),
        ("<f8", -math.inf, "-Infinity"),
        ("<c8", [1, "NaN"], [1.0, "NaN"]),
        ("<c16", 2.5, [2.5, 0.0]),
        ("<c16", ["-Infinity", -1e300], ["-Infinity", -1e300]),
        ("<M8[ns]", "NaT", NAT),
        ("<M8[ns]", 5, 5),
        ("<m8[s]", -5, -5),
        ("|S3", "YWI=", "YWI="),
        ("|S3", 0, ""),
        ("<U3", "µm", "µm"),
        ("<U3", 0, ""),
    ],
)
def test_fill_value_has_the_types_exact_form(code: str, value: object, expected: object) -> None:
    """A fill value is written as v3 wants it: integers, bools, named floats, pairs."""
    made = fill_json(value, code)

    assert json.dumps(made) == json.dumps(expected)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("|b1", False),
        ("<u2", 0),
        ("<i8", 0),
        ("<f4", 0.0),
        ("<c8", [0.0, 0.0]),
        ("|S3", ""),
        ("<U3", ""),
        ("<M8[s]", NAT),
    ],
)
def test_null_becomes_the_types_zero(code: str, expected: object) -> None:
    """An undefined fill value is zero, false, empty, or no time, in the type's own form."""
    assert json.dumps(fill_json(None, code)) == json.dumps(expected)


@pytest.mark.parametrize("code", ["<f4", "<f8", "<c8"])
def test_minus_zero_keeps_its_sign(code: str) -> None:
    """-0.0 is written as -0.0, and is another fill value than 0.0."""
    made = fill_json(-0.0, code)

    assert json.dumps(made) in {"-0.0", "[-0.0, 0.0]"}
    data_type = type_of(code)
    assert datatypes.fill_from_v2(-0.0, data_type) != datatypes.fill_from_v2(0.0, data_type)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("|u1", 256),
        ("|u1", -1),
        ("|i1", 128),
        ("|i1", -129),
        ("<u2", 1.5),
        ("<u2", 65536.0),
        ("<u2", "0"),
        ("<u2", [0]),
        ("<u2", math.nan),
        ("<i8", math.inf),
        ("<u8", 2**64),
        ("<i8", 2.0**63),
        ("|b1", 2),
        ("|b1", "true"),
        ("|b1", []),
        ("<f2", 65536),
        ("<f4", 3.5e38),
        ("<f4", -3.5e38),
        pytest.param("<f8", 10**400, id="f8-huge"),
        ("<f8", "nan"),
        ("<f8", [0.0]),
        ("<f8", {}),
        ("<c8", [0, 0, 0]),
        ("<c8", [0, 3.5e38]),
        ("<c8", [0, None]),
        pytest.param("<c16", [10**400, 0], id="c16-huge"),
        ("<M8[s]", "2020-01-01"),
        ("<M8[s]", 2**63),
        ("|S3", 5),
        ("|S3", "no base64"),
        ("<U3", [""]),
    ],
)
def test_fill_values_that_do_not_fit_are_refused(code: str, value: object) -> None:
    """A fill value out of range or of another kind is refused, never rounded or wrapped."""
    with pytest.raises(DocumentError, match="does not fit data type"):
        datatypes.fill_from_v2(value, type_of(code))


@bounded
@given(st.sampled_from(["|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8"]), st.data())
def test_integers_in_range_are_exact(code: str, data: st.DataObject) -> None:
    """Every integer that the type holds passes unchanged, and its neighbours beyond do not."""
    limits = np.iinfo(code)
    low, high = int(limits.min), int(limits.max)
    value = data.draw(st.integers(low, high))

    assert fill_json(value, code) == value
    for beyond in (low - 1, high + 1):
        with pytest.raises(DocumentError):
            fill_json(beyond, code)


@bounded
@given(st.floats())
def test_doubles_pass_bit_for_bit(value: float) -> None:
    """A double's JSON form gives the same double back, through text."""
    made = json.loads(json.dumps(fill_json(value, "<f8"), allow_nan=False))
    back = float(made.replace("Infinity", "inf")) if isinstance(made, str) else made

    assert isinstance(made, str) is not math.isfinite(value)
    assert np.array_equal(np.float64(back), np.float64(value), equal_nan=True)
    assert math.isnan(value) or math.copysign(1, back) == math.copysign(1, value)


@pytest.mark.parametrize(("code", "value"), [(c, v) for c, values in FILLS.items() for v in values])
def test_fill_value_read_back_is_the_same(code: str, value: object) -> None:
    """A fill value survives the v3 document, through JSON text."""
    data_type = type_of(code)
    made = datatypes.fill_from_v2(value, data_type)

    text = json.dumps(datatypes.fill_to_json(made, data_type), allow_nan=False)

    assert datatypes.fill_from_v3(json.loads(text), data_type) == made


def test_hexadecimal_floats_are_kept() -> None:
    """A NaN with a payload, which only hexadecimal digits can tell, stays as it is written."""
    assert datatypes.fill_from_v3("0x7fc00001", type_of("<f4")) == "0x7fc00001"


@pytest.mark.parametrize(
    ("code", "value"),
    [("<u2", None), ("<u2", -1), ("<u2", "0x10"), ("<f4", "0xzz"), ("<c8", ["a", 0])],
)
def test_v3_fill_values_that_do_not_fit_are_refused(code: str, value: object) -> None:
    """A v3 document is read as strictly as a v2 one; null is no fill value there."""
    with pytest.raises(DocumentError, match="does not fit data type"):
        datatypes.fill_from_v3(value, type_of(code))


@pytest.mark.parametrize(
    "code",
    ["<U²", "<U0", "<S-1", f"<U{'9' * 5000}", f"<M8[{'9' * 99}ns]", "<m8[0s]", "<M8[ns]\n"],
)
def test_lengths_that_no_type_has(code: str) -> None:
    """Digits that are no number, or one that NumPy does not take, are told as any odd type is."""
    with pytest.raises(DocumentError, match="no Zarr v3 form"):
        datatypes.from_v2(code)
