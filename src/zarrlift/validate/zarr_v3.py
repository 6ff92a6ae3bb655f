"""Rules of a Zarr v3 array's document but for its codecs: members, shape, type, grid, keys.

Source: Zarr v3 core specification, "Array metadata"; the registry zarr-extensions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import DocumentError
from zarrlift.metadata import datatypes
from zarrlift.validate.nodes import ZARR_V3
from zarrlift.validate.rule import About, Force, Problem, Rules
from zarrlift.validate.values import items, lengths, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.validate.subject import Subject

EXTENSIONS = "https://github.com/zarr-developers/zarr-extensions"
RULES = Rules(About.ZARR_V3, f"{ZARR_V3}#array-metadata")

_DUE = ("shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs")
_POINTS = ("data_type", "chunk_grid", "chunk_key_encoding")
"""Where the document may be extended, and a reader must understand how."""
_CORE = re.compile(
    r"bool|u?int(?:8|16|32|64)|float(?:16|32|64)|complex(?:64|128)|r(?:8|16|24|[1-9]\d{0,9})"
)
_REGISTERED = re.compile(
    r"bfloat16|complex_\w+|float[468]_\w+|u?int[24]|bytes|string|struct|structured|"
    r"fixed_length_utf32|numpy\.(?:datetime64|timedelta64)"
)
_ZARR_PYTHON = frozenset(
    {"null_terminated_bytes", "raw_bytes", "variable_length_bytes", "variable_length_utf8"}
)
_BYTE = 8


class Extension(NamedTuple):
    """A data type, grid, key encoding, codec or transformer as a document names it."""

    name: str
    configuration: Mapping[str, object]
    short: bool
    """Only the name was written."""


def extension(value: object) -> Extension | None:
    """Read what an extension point holds; None where it has no form that is specified."""
    if isinstance(value, str):
        return Extension(value, {}, short=True)
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return None
    configuration = value.get("configuration", {})
    if not isinstance(configuration, dict):
        return None
    return Extension(value["name"], configuration, short=False)


@RULES.rule(
    "zarr3-members",
    Force.MUST,
    clause="An array's zarr.json holds shape, data_type, chunk_grid, chunk_key_encoding, "
    "fill_value and codecs.",
    repair="add the member as the stored chunks need it",
)
def _members(subject: Subject) -> Iterator[Problem]:
    held = subject.members
    for name in _DUE if held else ():
        if name not in held:
            yield Problem("", f"{name} is missing")


@RULES.rule(
    "zarr3-extension-form",
    Force.MUST,
    clause="Data type, chunk grid, key encoding and each storage transformer are an object with a "
    "name and, if any, a configuration that is an object, or the name alone.",
    repair='write {"name": ..., "configuration": {...}}',
    anchor=f"{ZARR_V3}#extension-definition",
)
def _form(subject: Subject) -> Iterator[Problem]:
    held = subject.members
    for name in _POINTS:
        value = held.get(name)
        if name in held and extension(value) is None:
            yield Problem(f"/{name}", f"{name} is {said(value)}, no name with a configuration")
        elif isinstance(value, dict) and value.get("must_understand") is False:
            yield Problem(f"/{name}/must_understand", f"no reader can do without the {name}")
    for name in ("codecs", "storage_transformers"):
        if not isinstance(held.get(name, []), list):
            yield Problem(f"/{name}", f"{name} is {said(held[name])}, no list")
    for number, value in enumerate(items(held.get("storage_transformers"))):
        if extension(value) is None:
            pointer = f"/storage_transformers/{number}"
            yield Problem(pointer, f"{said(value)} is no name with a configuration")


@RULES.rule(
    "zarr3-shape",
    Force.MUST,
    clause="The shape is a list of whole numbers, none below zero.",
    repair="write the length of each axis",
    anchor=f"{ZARR_V3}#array-metadata-shape",
)
def _shape(subject: Subject) -> Iterator[Problem]:
    held = subject.members
    if "shape" in held and lengths(held["shape"]) is None:
        yield Problem("/shape", f"shape is {said(held['shape'])}, no list of lengths")


@RULES.rule(
    "zarr3-data-type",
    Force.OURS,
    clause="The data type is one of the core's, or at least one that is registered.",
    repair="write the array anew in a core type",
    anchor=f"{EXTENSIONS}/tree/main/data-types",
)
def _data_type(subject: Subject) -> Iterator[Problem]:
    found = extension(subject.members.get("data_type"))
    if found is None or is_core(found) or _REGISTERED.fullmatch(found.name):
        return
    who = "only zarr-python reads it" if found.name in _ZARR_PYTHON else "no reader is known for it"
    yield Problem("/data_type", f"data type {said(found.name)} is not registered: {who}")


def is_core(found: Extension) -> bool:
    """Say whether a data type is one that the core specification defines."""
    if not _CORE.fullmatch(found.name):
        return False
    return not found.name.startswith("r") or int(found.name[1:]) % _BYTE == 0


@RULES.rule(
    "zarr3-chunk-grid",
    Force.MUST,
    clause="A regular grid states one chunk length of at least 1 for each axis.",
    repair="write chunk_shape as the stored chunks (of shards: the shards) have it",
    anchor=f"{ZARR_V3}#array-metadata-chunk-grid",
)
def _grid(subject: Subject) -> Iterator[Problem]:
    held = subject.members
    found = extension(held.get("chunk_grid"))
    if found is None or found.name != "regular":
        return
    pointer = "/chunk_grid/configuration/chunk_shape"
    stated = found.configuration.get("chunk_shape")
    chunks, shape = lengths(stated, 1), lengths(held.get("shape"))
    if chunks is None:
        yield Problem(pointer, f"chunk_shape is {said(stated)}, no list of lengths from 1 on")
    elif shape is not None and len(chunks) != len(shape):
        yield Problem(pointer, f"{len(chunks)} lengths of chunks for {len(shape)} axes")


@RULES.rule(
    "zarr3-chunk-grid-known",
    Force.OURS,
    clause="The chunk grid is regular, the only one that readers in general know.",
    repair="write the array anew with regular chunks",
    anchor=f"{EXTENSIONS}/tree/main/chunk-grids",
)
def _grid_known(subject: Subject) -> Iterator[Problem]:
    found = extension(subject.members.get("chunk_grid"))
    if found is not None and found.name != "regular":
        few = "few readers have it" if found.name == "rectilinear" else "no reader is known for it"
        yield Problem("/chunk_grid", f"chunk grid {said(found.name)}: {few}")


@RULES.rule(
    "zarr3-chunk-keys",
    Force.MUST,
    clause="Chunk keys are made as `default` or `v2` says, their parts joined by a slash or a dot.",
    repair="write the encoding and separator that the stored keys have",
    anchor=f"{ZARR_V3}#chunk-key-encoding",
)
def _keys(subject: Subject) -> Iterator[Problem]:
    found = extension(subject.members.get("chunk_key_encoding"))
    if found is None:
        return
    if found.name not in ("default", "v2"):
        told = f"chunk keys are made by {said(found.name)}, which readers in general do not know"
        yield Problem("/chunk_key_encoding", told)
    elif found.configuration.get("separator", "/") not in ("/", "."):
        pointer = "/chunk_key_encoding/configuration/separator"
        stated = said(found.configuration["separator"])
        yield Problem(pointer, f'separator is {stated}, neither "/" nor "."')


@RULES.rule(
    "zarr3-fill-value",
    Force.MUST,
    clause="The fill value is a value of the data type, and never null: whole numbers without a "
    "fraction, true or false, odd floats as texts.",
    repair="write the value that missing chunks stand for, mostly 0",
    anchor=f"{ZARR_V3}#fill-value-list",
)
def _fill(subject: Subject) -> Iterator[Problem]:
    held = subject.members
    found = extension(held.get("data_type"))
    if found is None or "fill_value" not in held:
        return
    value = held["fill_value"]
    if is_core(found) and not _fits(value, found.name):
        yield Problem("/fill_value", f"fill_value {said(value)} is no value of {found.name}")


def _fits(value: object, name: str) -> bool:
    if name.startswith("r"):
        return isinstance(value, list)
    if name == "bool":
        return isinstance(value, bool)
    if name.startswith(("int", "uint")):
        return type(value) is int and _reads(value, name)
    if name.startswith("float"):
        return not isinstance(value, bool) and _reads(value, name)
    part = "float32" if name == "complex64" else "float64"
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - real and imaginary part
        return False
    return all(not isinstance(v, bool) and _reads(v, part) for v in value)


def _reads(value: object, name: str) -> bool:
    try:
        datatypes.fill_from_v3(value, datatypes.from_v3(name))
    except DocumentError:
        return False
    return True


@RULES.rule(
    "zarr3-dimension-names",
    Force.MUST,
    clause="Dimension names, where stated, are a list with a text or null for each axis.",
    repair="write one name for each axis, the names of the image's axes where it is a level",
    anchor=f"{ZARR_V3}#array-metadata-dimension-names",
)
def _names(subject: Subject) -> Iterator[Problem]:
    held = subject.members
    if "dimension_names" not in held:
        return
    names, shape = held["dimension_names"], lengths(held.get("shape"))
    if not isinstance(names, list) or not all(n is None or isinstance(n, str) for n in names):
        yield Problem("/dimension_names", f"dimension_names is {said(names)}, no list of names")
    elif shape is not None and len(names) != len(shape):
        yield Problem("/dimension_names", f"{len(names)} dimension names for {len(shape)} axes")


@RULES.rule(
    "zarr3-storage-transformers",
    Force.OURS,
    clause="There are no storage transformers: none is registered, and readers know none.",
    repair="write the array anew without storage transformers",
    anchor=f"{ZARR_V3}#array-metadata-storage-transformers",
)
def _transformers(subject: Subject) -> Iterator[Problem]:
    for number, value in enumerate(items(subject.members.get("storage_transformers"))):
        found = extension(value)
        if found is not None:
            told = f"no reader is known for the storage transformer {said(found.name)}"
            yield Problem(f"/storage_transformers/{number}", told)
