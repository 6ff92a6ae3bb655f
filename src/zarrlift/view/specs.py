"""How TensorStore is told to open an array: its driver, and where the bytes lie.

Source: TensorStore's documentation of the drivers `zarr` and `zarr3`, and of its key-value stores.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from zarrlift.errors import UsageError
from zarrlift.store import buckets

if TYPE_CHECKING:
    from zarrlift.store.address import Address, StoreOptions
    from zarrlift.view.level import Level
    from zarrlift.view.opened import Opened

_V3 = 3
_PRIVATE = ("profile", "requester_pays")


def spec_of(level: Level) -> dict[str, Any]:
    """Give the specification that opens a level, with the driver of its format said.

    A folder of both formats would make TensorStore's own choice fail. Raises `UsageError` where
    the array lies where TensorStore does not read.
    """
    stated, proved = level.layout, level.proved_layout()
    if stated.keys is not proved.keys:
        raise UsageError(
            f"its chunks lie under keys with {proved.keys.separator!r}, which its document does "
            "not say, and TensorStore goes by",
            place=level.path or "/",
            hint="use to_zarr() or to_dask(), or mend it with zarrlift repair",
        )
    return {
        "driver": "zarr3" if level.zarr_format == _V3 else "zarr",
        "kvstore": _kvstore(level.opened, level.path),
    }


def _kvstore(opened: Opened, path: str) -> dict[str, Any]:
    inner = opened.folder.inner
    if inner.packed:
        raise UsageError(
            "lies in a zipped file, of which TensorStore is given no part here",
            place=inner.path(path),
            hint="use to_zarr() or to_dask()",
        )
    if not inner.remote:
        return {"driver": "file", "path": posixpath.join(inner.root, path).rstrip("/") + "/"}
    address, options = inner.where  # type: ignore[attr-defined]
    return _remote(address, options, path)


def _remote(address: Address, options: StoreOptions, path: str) -> dict[str, Any]:
    key = "/".join(part for part in (address.key, path) if part) + "/"
    if address.scheme in ("http", "https"):
        base = f"{address.scheme}://{address.bucket}"
        return {"driver": "http", "base_url": base, "path": "/" + quote(key)}
    if address.scheme == "gs":
        return {"driver": "gcs", "bucket": address.bucket, "path": key}
    if address.scheme != "s3" or any(getattr(options, name) for name in _PRIVATE):
        raise UsageError(
            "lies where TensorStore is not told here how to read",
            place=address.url,
            hint="use to_zarr() or to_dask()",
        )
    if options.bucket_host:
        return {"driver": "http", "base_url": options.endpoint, "path": "/" + quote(key)}
    spec: dict[str, Any] = {"driver": "s3", "bucket": address.bucket, "path": key}
    endpoint = buckets.endpoint_of(options)
    if endpoint:
        spec["endpoint"] = endpoint
    spec["aws_region"] = buckets.region_of(address, options)
    if not buckets.signed("s3", options):
        spec["aws_credentials"] = {"type": "anonymous"}
    return spec
