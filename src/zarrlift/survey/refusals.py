"""What to say where there is no Zarr v2 hierarchy to walk."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, NoReturn

from zarrlift.errors import SourceError
from zarrlift.store.folder import Kind, kind_of

if TYPE_CHECKING:
    from zarrlift.store.folder import Folder

_CONVERTERS = {
    **dict.fromkeys(
        (".tif", ".tiff", ".czi", ".nd2", ".lif", ".oir", ".ims", ".vsi", ".svs", ".lsm"),
        "convert it with bioformats2raw first",
    ),
    **dict.fromkeys((".h5", ".hdf5", ".hdf"), "convert it with h5py and zarr-python first"),
    ".n5": "convert it with n5-zarr or zarr-python first",
    ".zip": "unzip it first",
}
_DOCUMENTS = (".zgroup", ".zarray", "zarr.json")


def refuse_no_hierarchy(source: Folder) -> NoReturn:
    """Raise `SourceError` for a path that is no Zarr group or array, naming the next step."""
    path = PurePath(source.root)
    hint = _CONVERTERS.get(path.suffix.lower())
    if source.size("") is None:
        raise SourceError("there is no such folder", place=source.root, hint="check the path")
    if hint or not source.exists():
        kind = f"a {path.suffix} file" if path.suffix else "a file"
        hint = hint or "name the folder that holds .zgroup"
        raise SourceError(f"this is {kind}, not a Zarr folder", place=source.root, hint=hint)
    entries = source.entries("")
    if any(e.name == "attributes.json" for e in entries):
        raise SourceError("this is N5, not Zarr", place=source.root, hint=_CONVERTERS[".n5"])
    inner = sorted(
        e.name
        for e in entries
        if kind_of(e) is Kind.FOLDER
        and any(source.size(f"{e.name}/{d}") is not None for d in _DOCUMENTS)
    )
    if inner:
        named = ", ".join(inner[:3]) + (" …" if len(inner) > 3 else "")  # noqa: PLR2004
        hint = f"name one of the datasets in it: {named}"
    raise SourceError(
        "this folder is no Zarr group or array (no .zgroup, .zarray or zarr.json)",
        place=source.root,
        hint=hint or "name the folder that holds .zgroup",
    )
