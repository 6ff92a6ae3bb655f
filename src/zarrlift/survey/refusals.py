"""What to say where there is no Zarr v2 hierarchy to walk."""

from __future__ import annotations

from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, NoReturn

from zarrlift.errors import SourceError
from zarrlift.store.folder import Kind, kind_of
from zarrlift.store.target import CLAIM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.store.folder import Folder

_ROOTS = (".zgroup", ".zarray", "zarr.json")
_LOOKED = 16
_CONVERTERS = {
    **dict.fromkeys(
        (".tif", ".tiff", ".czi", ".nd2", ".lif", ".oir", ".ims", ".vsi", ".svs", ".lsm"),
        "convert it with bioformats2raw first",
    ),
    **dict.fromkeys((".h5", ".hdf5", ".hdf"), "convert it with h5py and zarr-python first"),
    ".n5": "convert it with n5-zarr or zarr-python first",
    ".zip": "unzip it first",
}


def refuse_no_hierarchy(source: Folder) -> NoReturn:
    """Raise `SourceError` for a path that is no Zarr group or array, naming the next step."""
    path = PurePath(source.root)
    hint = _CONVERTERS.get(path.suffix.lower())
    there = source.exists()
    if not there and source.size("") is None:
        raise SourceError("there is no such folder", place=source.root, hint="check the path")
    if hint or not there:
        kind = f"a {path.suffix} file" if path.suffix else "a file"
        hint = hint or "name the folder that holds the Zarr hierarchy"
        raise SourceError(f"this is {kind}, not a Zarr folder", place=source.root, hint=hint)
    if source.size(CLAIM) is not None:
        step = "run the convert command again that writes it"
        raise SourceError("the lift that writes it is not finished", place=source.root, hint=step)
    entries = source.entries("")
    if any(e.name == "attributes.json" for e in entries):
        raise SourceError("this is N5, not Zarr", place=source.root, hint=_CONVERTERS[".n5"])
    folders = sorted(e.name for e in entries if kind_of(e) is Kind.FOLDER)
    inner = list(islice(_datasets(source, folders), 4))
    if inner:
        named = ", ".join(inner[:3]) + (" …" if len(inner) > 3 else "")  # noqa: PLR2004
        hint = f"name one of the datasets in it: {named}"
    raise SourceError(
        "this folder is no Zarr group or array (no .zgroup, .zarray or zarr.json)",
        place=source.root,
        hint=hint or "name the folder that holds one of these",
    )


def _datasets(source: Folder, names: list[str]) -> Iterator[str]:
    """Walk those of some folders that are datasets; of thousands only the first are looked at."""
    for name in names[:_LOOKED]:
        if any(source.size(f"{name}/{document}") is not None for document in _ROOTS):
            yield name
