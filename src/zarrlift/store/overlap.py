"""Whether two addresses are the same place, or one holds the other, by whatever name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from zarrlift.errors import StorageError, UsageError
from zarrlift.store import named, web
from zarrlift.store.address import WEB, Address, StoreOptions
from zarrlift.store.buckets import endpoint_of
from zarrlift.store.clouds import azure_server

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOCUMENTS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")


class _Place(NamedTuple):
    """A place, by what tells it from others, and how it is reached."""

    scheme: str
    host: str
    """Of the endpoint; empty for AWS and Google. For Azure the account's address."""
    bucket: str
    key: str
    address: Address
    options: StoreOptions


def refuse_overlap(
    source: str,
    target: str,
    source_options: StoreOptions | None = None,
    target_options: StoreOptions | None = None,
) -> None:
    """Raise `UsageError` where two addresses are the same place or one holds the other.

    Buckets of one name on two servers are two, unless both show the same root document.
    """
    ours = list(_places(*named.resolve(source, source_options or StoreOptions())))
    for theirs in _places(*named.resolve(target, target_options or StoreOptions())):
        for mine in ours:
            if (mine.scheme, mine.bucket) != (theirs.scheme, theirs.bucket):
                continue
            a, b = f"{mine.key}/".lstrip("/"), f"{theirs.key}/".lstrip("/")
            meets = a.startswith(b) or b.startswith(a)
            if meets and (mine.host == theirs.host or _one_store(mine, theirs)):
                _refuse(a, b, target)


def _places(address: Address, options: StoreOptions) -> Iterator[_Place]:
    """Walk what an address may be: one of the web can be a bucket's in two ways."""
    if address.scheme not in WEB:
        endpoint = endpoint_of(options, address.scheme)
        host = azure_server(endpoint) if address.scheme == "az" else _host(endpoint)
        yield _Place(address.scheme, host, address.bucket, address.key, address, options)
        return
    for found, how in web.as_buckets(address):
        name, host = found.bucket, _host(how.endpoint)
        if how.bucket_host:
            name, _, host = address.bucket.partition(".")
            host = _host(f"//{host}")
        yield _Place("s3", host, name, found.key, found, how)


def _host(endpoint: str | None) -> str:
    host = urlsplit(endpoint).netloc.lower() if endpoint else ""
    return "" if host.endswith("amazonaws.com") else host


def _refuse(a: str, b: str, target: str) -> None:
    if a == b:
        raise UsageError(
            "source and target are the same place",
            place=target,
            hint="name another target; the source is never written to",
        )
    inside = "target lies inside the source" if b.startswith(a) else "source lies inside it"
    raise UsageError(f"the {inside}", place=target, hint="name a target outside of it")


def _one_store(mine: _Place, theirs: _Place) -> bool:
    """Say whether the target's server shows the very document that the source begins with."""
    from zarrlift.store.remote import RemoteFolder  # noqa: PLC0415 - loads obstore
    from zarrlift.store.requesters import Requesters  # noqa: PLC0415 - for buckets only

    there = Address(theirs.scheme, theirs.bucket, mine.key)
    with Requesters(1) as idle:
        here = RemoteFolder(mine.address, mine.options, idle)
        other = RemoteFolder(there, theirs.options, idle)
        try:
            for name in _DOCUMENTS:
                mark = here.mark(name)
                if mark is not None:
                    return mark == other.mark(name)
        except StorageError:
            return False
    return False
