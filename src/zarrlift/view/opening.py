"""`zarrlift.open`: light, so that it stands at the front door without loading anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zarrlift.jobs.choices import byte_count, place, refuse_unknown
from zarrlift.jobs.reach import OneReach

if TYPE_CHECKING:
    from zarrlift.jobs.choices import Path
    from zarrlift.view.dataset import Dataset


def open(url: Path, *, cache: int | str = 0, **reach: Unpack[OneReach]) -> Dataset:  # noqa: A001 - as zarr and h5py call it
    """Open a dataset to look at, of any version; only its root's documents are read now.

    Parameters
    ----------
    url
        Folder, zipped file or address of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy, of a node
        in one, or of a place that holds several.
    cache
        Bytes, or a size such as `256MiB`, of what was read that are kept; what was least recently
        used goes first. 0 keeps nothing but documents.
    reach
        See `OneReach`.

    Raises
    ------
    ZarrliftError
        Where nothing is there, or it cannot be read.

    """
    from zarrlift.errors import UsageError
    from zarrlift.view.dataset import Dataset
    from zarrlift.view.opened import Opened

    refuse_unknown(reach, OneReach)
    limit = byte_count(cache)
    if limit < 0:
        raise UsageError(f"a cache of {cache} bytes holds nothing", hint="say 0 for none")
    opened = Opened(place(url), limit, dict(reach))
    opened.refuse_nothing()
    return Dataset(opened)
