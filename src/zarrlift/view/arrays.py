"""Levels as values of zarr-python, Dask, xarray and TensorStore, each loaded only here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

from zarrlift.errors import UsageError
from zarrlift.view.libraries import too_old, wanted

if TYPE_CHECKING:
    import dask.array
    import tensorstore
    import xarray
    import zarr
    from zarr.abc.store import Store

    from zarrlift.view.level import Level
    from zarrlift.view.opened import Opened

Size = int | str | None | Sequence[int]
Blocks = str | int | Sequence[Size] | Mapping[str, Size]
"""What one task of Dask reads: `chunks`, `shards`, or sizes as Dask takes them."""
_V2 = 2
_MOST_BLOCKS, _MOST_PLACES = 2**24, 2**28
"""Along one axis: blocks that Dask is asked to list, and coordinates that are made."""


def zarr_store(
    opened: Opened, documents: Mapping[str, bytes] | None = None, call: str = "zarr_store()"
) -> Store:
    """Give an opened place as a store of zarr-python."""
    wanted("zarr.abc.store", call)
    from zarrlift.view.zarr_store import OpenedStore

    return OpenedStore(opened, documents)


def zarr_array(level: Level, call: str = "to_zarr()") -> zarr.Array[Any]:
    """Open a level in zarr-python, by the document that counts.

    Where the keys of its chunks are not as its document says, it is read as they are.
    """
    zarr = wanted("zarr", call)
    store = zarr_store(level.opened, _mended(level), call)
    try:
        return zarr.open_array(  # type: ignore[no-any-return]
            store=store, path=level.path, mode="r", zarr_format=level.zarr_format
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"zarr-python does not open it: {str(error) or type(error).__name__}",
            place=level.path or "/",
            hint="zarrlift validate says what is wrong with it",
        ) from error


def zarr_group(opened: Opened, path: str) -> zarr.Group:
    """Open a group in zarr-python, by the document that counts."""
    zarr = wanted("zarr", "to_zarr()")
    found = opened.nodes.node(path)
    number = found.zarr_format if found is not None else None
    return zarr.open_group(  # type: ignore[no-any-return]
        store=zarr_store(opened, call="to_zarr()"), path=path, mode="r", zarr_format=number
    )


def _mended(level: Level) -> dict[str, bytes]:
    """Give the array's document with the separator of its keys, where it states another."""
    proved = level.proved_layout().keys
    if level.zarr_format != _V2 or proved is level.layout.keys:
        return {}
    found = level.opened.nodes.node(level.path)
    stated = found.documents[".zarray"].value if found is not None else None
    document = {**(stated or {}), "dimension_separator": proved.separator}
    return {f"{level.path}/.zarray".lstrip("/"): json.dumps(document).encode()}


def dask_array(level: Level, blocks: Blocks, call: str = "to_dask()") -> dask.array.Array:
    """Give a level as a Dask array; two calls for the same blocks give arrays of one name."""
    wanted("zarr", call)
    da = wanted("dask.array", call)
    tokenize = wanted("dask.base", call).tokenize
    shape = _block_shape(level, blocks)
    _refuse_many(level, shape)
    source = zarr_array(level, call)
    token = tokenize(level.opened.identity, level.path, level.layout.fingerprint(), shape)
    return da.from_array(source, chunks=shape, name=f"zarrlift-{token}", fancy=False)  # type: ignore[no-any-return]


def _block_shape(level: Level, blocks: Blocks) -> Any:  # noqa: ANN401 - what Dask takes
    if blocks == "chunks":
        return level.chunks
    if blocks == "shards":
        return level.shards or level.chunks
    if isinstance(blocks, Mapping):
        unknown = sorted(set(blocks) - set(level.dims))
        if unknown:
            raise UsageError(
                f"there is no axis {unknown[0]!r}", hint=f"the axes are {', '.join(level.dims)}"
            )
        sizes = zip(level.dims, level.chunks, strict=True)
        return tuple(blocks.get(name, size) for name, size in sizes)
    return blocks if isinstance(blocks, str | int) else tuple(blocks)


def _refuse_many(level: Level, blocks: object) -> None:
    """Raise `UsageError` for more blocks along an axis than Dask has room to list."""
    sizes = blocks if isinstance(blocks, tuple) else (blocks,) * len(level.shape)
    pairs = zip(level.shape, sizes, strict=False)
    told = [(n, int(b)) for n, b in pairs if isinstance(b, Integral)]
    most = max((n // b for n, b in told if b > 0), default=0)
    if most > _MOST_BLOCKS:
        raise UsageError(
            f"{most:,} blocks along an axis are more than Dask lists",
            place=level.path or "/",
            hint="say larger blocks, such as to_dask({'x': 65536})",
        )


def data_array(level: Level, blocks: Blocks, call: str = "to_xarray()") -> xarray.DataArray:
    """Give a level as a DataArray: names of axes, physical coordinates, names of channels."""
    xr = wanted("xarray", call)
    names = _distinct(level.dims)
    data = dask_array(level, blocks, call)
    coordinates = {
        name: found
        for place, name in enumerate(names)
        if (found := _coordinate(level, name, place)) is not None
    }
    attributes = {"path": level.path, **_stated(level)}
    return xr.DataArray(  # type: ignore[no-any-return]
        data, dims=names, coords=coordinates, name=level.path or "array", attrs=attributes
    )


def _stated(level: Level) -> dict[str, Any]:
    return {"units": level.units} if level.units else {}


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Give names that are all different: a document may name two axes alike."""
    made: list[str] = []
    for place, stated in enumerate(names):
        name = stated
        while name in made:
            name += f"_{place}"
        made.append(name)
    return tuple(made)


def _coordinate(level: Level, name: str, place: int) -> tuple[str, Any, dict[str, str]] | None:
    """Give the coordinates along an axis; None where the documents tell none."""
    import numpy as np

    axis, length = level.axes[place], level.shape[place]
    if axis.type == "channel":
        labels = [channel.label for channel in level.channels]
        told = len(labels) == length and all(labels) and len(set(labels)) == length
        return (name, labels, {}) if told else None
    scale, first = level.facts.scale, level.facts.translation
    if scale is None or first is None or length > _MOST_PLACES:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        places = first[place] + scale[place] * np.arange(length, dtype=np.float64)
    return name, places, {"units": axis.unit} if axis.unit else {}


def data_tree(levels: Sequence[Level], name: str) -> xarray.DataTree:
    """Give levels as a tree, those that cannot be read left out."""
    call = "to_xarray()"
    xr = wanted("xarray", call)
    if not hasattr(xr, "DataTree"):
        raise too_old("xarray", call)
    held = {
        f"scale{number}": xr.Dataset({"image": data_array(level, "chunks", call)})
        for number, level in enumerate(levels)
        if not level.problem
    }
    # ome-zarr-py names the image of a root "/", which is no name of a tree.
    return xr.DataTree.from_dict(held, name=name.strip("/").rpartition("/")[2] or None)  # type: ignore[no-any-return]


def tensor_store(level: Level) -> tensorstore.TensorStore:
    """Open a level in TensorStore, to read."""
    ts = wanted("tensorstore", "to_tensorstore()")
    try:
        return ts.open(level.tensorstore_spec(), read=True).result()  # type: ignore[no-any-return]
    except ValueError as error:
        raise UsageError(
            f"TensorStore does not open it: {str(error).partition(' [')[0]}",
            place=level.path or "/",
            hint="use to_zarr() or to_dask()",
        ) from error
