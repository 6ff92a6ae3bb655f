"""Asking for a dataset as browsers do: which of its objects, and by which address."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.audit import web
from zarrlift.audit.run import array_of
from zarrlift.errors import UsageError
from zarrlift.store import address
from zarrlift.store.browsing import Browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.audit.run import Array
    from zarrlift.findings import Finding
    from zarrlift.store.folder import Folder
    from zarrlift.survey.found import Found, Hierarchy

_ARRAYS, _PLACES = 4, 16
"""Arrays and chunks that are looked at for one that is there."""


def refuse_unfit(url: str) -> None:
    """Raise `UsageError` for what no browser can be given."""
    scheme = url.partition("://")[0]
    if scheme not in address.WEB:
        raise UsageError(
            "--web asks as browsers do, which need an address of the web",
            place=url,
            hint="name the https:// address at which the dataset is public",
        )


def browse(url: str, folder: Folder, tree: Hierarchy) -> tuple[list[Finding], dict[str, int]]:
    """Judge how an address answers browsers; gives findings, and counts of requests by method."""
    browser = Browser()
    top = tree.datasets[0]
    found = next(_chunks(folder, tree), None)
    sharded = any(n.layout is not None and n.layout.shards is not None for n in tree.arrays)
    objects = web.Objects(
        document=f"{top.path}/{_first(top)}".lstrip("/"),
        data=found[0] if found else None,
        size=found[1] if found else None,
        sharded=sharded,
    )
    return web.look(browser, address.parse(url).url, objects), browser.asked


def _first(node: Found) -> str:
    names = ("zarr.json", ".zattrs", ".zgroup", ".zarray")
    return next(name for name in (*names, *node.documents) if name in node.documents)


def _chunks(folder: Folder, tree: Hierarchy) -> Iterator[tuple[str, int]]:
    """Walk objects of the first arrays that are there, with their sizes; shards first."""
    arrays = [a for n in tree.arrays if (a := array_of(n)) is not None]
    arrays.sort(key=lambda a: a.layout.shards is None)
    for array in arrays[:_ARRAYS]:
        node = (array.path,) if folder.unlisted else ()
        for key in _keys(array):
            size = folder.size(key, *node)
            if size:
                yield key, size


def _keys(array: Array) -> Iterator[str]:
    """Walk keys of objects from all over an array."""
    limit = array.layout.object_grid
    total = grid.count(limit)
    numbers = dict.fromkeys(n * total // _PLACES for n in range(_PLACES)) if total else {}
    for number in islice(numbers, _PLACES):
        yield f"{array.path}/{array.layout.keys.of(grid.unravel(number, limit))}".lstrip("/")
