"""Rules of Zarr v2's `.zarray`: its members, shape, type, fill value, codecs and separator.

Source: Zarr storage specification version 2, "Arrays: Metadata"; numcodecs for what a codec's
settings may be.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import DocumentError
from zarrlift.metadata import datatypes
from zarrlift.metadata.codecs import DECODABLE_V2, SHARED_BLOSC
from zarrlift.validate.nodes import ZARR_V2
from zarrlift.validate.rule import About, Force, Problem, Rules
from zarrlift.validate.values import entries, escaped, items, lengths, said, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.validate.subject import Subject

RULES = Rules(About.ZARR_V2, f"{ZARR_V2}#metadata")

_DUE = ("shape", "chunks", "dtype", "compressor", "fill_value", "order", "filters")
_MEMBERS = frozenset({*_DUE, "zarr_format", "dimension_separator"})
_TIME = r"[mM]8\[\d*(?:Y|M|W|D|h|m|s|ms|us|μs|ns|ps|fs|as|generic)\]"
_TYPE = re.compile(
    rf"(?:[<>|](?:b1|[iu]1|[SV]\d+)|[<>](?:[iu][248]|f(?:2|4|8|12|16)|c(?:8|16|24|32)|{_TIME})|"
    rf"[<>|]U\d+|\|O)"
)
_OBJECT_CODECS = frozenset(
    {"vlen-utf8", "vlen-bytes", "vlen-array", "json2", "msgpack2", "pickle", "categorize"}
)
_NUMCODECS = DECODABLE_V2 | _OBJECT_CODECS | {"blosc", "zstd", "gzip", "pcodec", "zfpy"}
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_MOST_FIELDS = 10_000
_FILTER_TYPES = ("dtype", "astype", "encode_dtype", "decode_dtype")
_LOOSE_TYPE = re.compile(r"[<>|=]?[A-Za-z]+\d*")
"""What a filter takes for a type is what NumPy takes."""


class _Setting(NamedTuple):
    """A setting of a codec, and the whole numbers that it may be."""

    name: str
    allowed: range


_SETTINGS = {
    "blosc": (
        _Setting("clevel", range(10)),
        _Setting("shuffle", range(-1, 3)),
        _Setting("blocksize", range(2**31)),
    ),
    "zstd": (_Setting("level", range(-131072, 23)),),
    "gzip": (_Setting("level", range(-1, 10)),),
    "zlib": (_Setting("level", range(-1, 10)),),
    "bz2": (_Setting("level", range(1, 10)),),
}


@RULES.rule(
    "zarr2-members",
    Force.MUST,
    clause="A .zarray holds zarr_format, shape, chunks, dtype, compressor, fill_value, order and "
    "filters, where null means none.",
    repair="add the member; null where there is no compressor, filter or fill value",
)
def _members(subject: Subject) -> Iterator[Problem]:
    for name in _DUE if subject.members else ():
        if name not in subject.members:
            yield Problem("", f"{name} is missing")


@RULES.rule(
    "zarr2-unknown-member",
    Force.SHOULD,
    clause="A .zarray holds no members but those that are specified.",
    repair="move the member into .zattrs",
)
def _unknown(subject: Subject) -> Iterator[Problem]:
    for name in subject.members:
        if name not in _MEMBERS:
            yield Problem(f"/{escaped(name)}", f"member {said(name)} is not specified")


@RULES.rule(
    "zarr2-shape",
    Force.MUST,
    clause="The shape is a list of whole numbers, none below zero.",
    repair="write the length of each axis",
)
def _shape(subject: Subject) -> Iterator[Problem]:
    document = subject.members
    if "shape" in document and lengths(document["shape"]) is None:
        yield Problem("/shape", f"shape is {said(document['shape'])}, no list of lengths")


@RULES.rule(
    "zarr2-chunks",
    Force.MUST,
    clause="Chunks have one length for each axis of the shape, and hold at least one element.",
    repair="write the chunk's length along each axis, as the stored chunks have it",
    anchor=f"{ZARR_V2}#chunks",
)
def _chunks(subject: Subject) -> Iterator[Problem]:
    document = subject.members
    if "chunks" not in document:
        return
    chunks, shape = lengths(document["chunks"]), lengths(document.get("shape"))
    if chunks is None:
        yield Problem("/chunks", f"chunks is {said(document['chunks'])}, no list of lengths")
    elif shape is not None and len(chunks) != len(shape):
        yield Problem("/chunks", f"{len(chunks)} lengths of chunks for {len(shape)} axes")
    elif shape is not None and any(c == 0 < n for c, n in zip(chunks, shape, strict=True)):
        yield Problem("/chunks", f"chunks {said(document['chunks'])} have no extent on some axis")


@RULES.rule(
    "zarr2-dtype",
    Force.MUST,
    clause="The data type is a NumPy type string with its byte order, or a list of named fields; "
    "objects need a filter that writes them.",
    repair='write the type as the chunks hold it, such as "<u2" or "|u1"',
    anchor=f"{ZARR_V2}#data-type-encoding",
)
def _dtype(subject: Subject) -> Iterator[Problem]:
    document = subject.members
    if "dtype" not in document:
        return
    code = document["dtype"]
    if not _is_type(code):
        yield Problem("/dtype", f"{said(code)} is no data type of Zarr v2")
    elif code == "|O" and not _OBJECT_CODECS & {text(f) for f in _ids(document)}:
        yield Problem("/dtype", "objects, and no filter that writes them, such as vlen-utf8")


@RULES.rule(
    "zarr2-fill-value",
    Force.MUST,
    clause="The fill value is null or a value of the data type: NaN and infinities as texts, "
    "bytes and fields in base64.",
    repair="write the value that missing chunks stand for, mostly 0",
    anchor=f"{ZARR_V2}#fill-value-encoding",
)
def _fill(subject: Subject) -> Iterator[Problem]:
    document = subject.members
    value, code = document.get("fill_value"), document.get("dtype")
    if value is not None and _is_type(code) and not _fits(value, code):
        told = f"fill_value {said(value)} is no value of {said(code)}"
        yield Problem("/fill_value", told)


@RULES.rule(
    "zarr2-order",
    Force.MUST,
    clause="The order of elements in a chunk is C or F.",
    repair='write "C" where the last axis varies fastest, else "F"',
)
def _order(subject: Subject) -> Iterator[Problem]:
    document = subject.members
    if "order" in document and document["order"] not in ("C", "F"):
        yield Problem("/order", f'order is {said(document["order"])}, neither "C" nor "F"')


@RULES.rule(
    "zarr2-codecs",
    Force.MUST,
    clause="The compressor is null or an object with the id of a codec, filters are null or a "
    "list of such objects.",
    repair="write null where there is none, else the codec's id and settings",
)
def _codecs(subject: Subject) -> Iterator[Problem]:
    document = subject.members
    compressor, filters = document.get("compressor"), document.get("filters")
    if compressor is not None and not _has_id(compressor):
        yield Problem("/compressor", f"compressor is {said(compressor)}, no object with an id")
    if filters is not None and not isinstance(filters, list):
        yield Problem("/filters", f"filters is {said(filters)}, neither null nor a list")
    for number, found in enumerate(items(filters)):
        if not _has_id(found):
            yield Problem(f"/filters/{number}", f"filter is {said(found)}, no object with an id")


@RULES.rule(
    "zarr2-codec-known",
    Force.OURS,
    clause="Codecs are ones that readers in general have, and that run no code from the file.",
    repair="write the array anew with blosc, zstd or gzip (zarrlift convert does it for those it "
    "can decode)",
    anchor="https://numcodecs.readthedocs.io/en/stable/",
)
def _known(subject: Subject) -> Iterator[Problem]:
    for pointer, name, config in _configs(subject):
        if name == "pickle":
            yield Problem(pointer, "pickle runs code from the file, and few readers allow that")
        elif name == "blosc" and config.get("cname") == "snappy":
            yield Problem(pointer, "blosc with snappy, which common builds of blosc leave out")
        elif name.startswith("imagecodecs_"):
            yield Problem(pointer, f"only readers with the imagecodecs package know {said(name)}")
        elif name not in _NUMCODECS:
            yield Problem(pointer, f"no reader is known to have the codec {said(name)}")


@RULES.rule(
    "zarr2-codec-settings",
    Force.OURS,
    clause="Settings of a codec are within what the codec allows.",
    repair="write settings that the codec takes; chunks need no change",
    anchor="https://numcodecs.readthedocs.io/en/stable/",
)
def _settings(subject: Subject) -> Iterator[Problem]:
    for pointer, name, config in _configs(subject):
        for setting in _SETTINGS.get(name, ()):
            value = config.get(setting.name, setting.allowed[0])
            if type(value) is not int or value not in setting.allowed:
                told = f"{setting.name} of {name} is {said(value)}"
                yield Problem(f"{pointer}/{setting.name}", told)
        for member in _FILTER_TYPES if name != "blosc" else ():
            stated = config.get(member, "u1")
            if not isinstance(stated, str) or not _LOOSE_TYPE.fullmatch(stated):
                yield Problem(f"{pointer}/{member}", f"{member} of {name} is {said(stated)}")
        if name == "delta" and "dtype" not in config:
            yield Problem(pointer, "delta states no dtype")
        cname = config.get("cname", "lz4")
        if name == "blosc" and cname not in (*SHARED_BLOSC, "snappy"):
            yield Problem(f"{pointer}/cname", f"blosc has no compressor {said(cname)}")


@RULES.rule(
    "zarr2-separator",
    Force.MUST,
    clause="The separator of chunk keys, where stated, is a dot or a slash.",
    repair='write "/" for nested keys such as 0/0, "." for flat ones such as 0.0',
)
def _separator(subject: Subject) -> Iterator[Problem]:
    document = subject.members
    if document.get("dimension_separator", ".") not in (".", "/"):
        stated = said(document["dimension_separator"])
        yield Problem("/dimension_separator", f'dimension_separator is {stated}, not "." or "/"')


def _is_type(code: object) -> bool:
    """Say whether a data type is well formed; fields may be nested, so there is no recursion."""
    ahead, seen = [code], 0
    while ahead:
        found = ahead.pop()
        seen += 1
        if isinstance(found, str):
            if not _TYPE.fullmatch(found):
                return False
        elif isinstance(found, list) and found and all(_is_field(f) for f in found):
            ahead += [f[1] for f in found]
        else:
            return False
        if seen > _MOST_FIELDS:
            return False
    return True


def _is_field(field: object) -> bool:
    if not isinstance(field, list) or len(field) not in (2, 3) or not isinstance(field[0], str):
        return False
    return len(field) == 2 or lengths(field[2]) is not None  # noqa: PLR2004 - name and type


def _fits(value: object, code: object) -> bool:
    if isinstance(value, bool) and code != "|O" and (not isinstance(code, str) or code[1] != "b"):
        return False
    if not isinstance(code, str) or code[1] == "V":
        return isinstance(value, str) and _BASE64.fullmatch(value) is not None
    if code == "|O":
        return True
    try:
        datatypes.fill_from_v2(value, datatypes.from_v2(code)[1])
    except DocumentError as error:
        return not error.message.startswith("fill_value")
    return True


def _has_id(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("id"), str)


def _ids(document: Mapping[str, object]) -> list[object]:
    return [entry.value.get("id") for entry in entries(document, "filters")]


def _configs(subject: Subject) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """Walk the codecs that have an id: where, which, and their settings."""
    document = subject.members
    for entry in entries(document, "filters"):
        name = text(entry.value.get("id"))
        if name is not None:
            yield entry.pointer, name, entry.value
    compressor = document.get("compressor")
    if isinstance(compressor, dict) and isinstance(compressor.get("id"), str):
        yield "/compressor", compressor["id"], compressor
